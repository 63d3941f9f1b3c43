/* SPDX-License-Identifier: ISC */
#include "protocol/rights.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/name.h"

static const char ports_key[] = "ports=";
static const char services_key[] = "services=";

/* Called with an item of a list; false ends the walk, as something is wrong. */
typedef bool visit_item(const char *item, size_t len, void *arg);

/* --- walking ------------------------------------------------------------- */

/*
 * Call visit for each item of the list "a,b,c" of len characters, none of which
 * may be empty.
 */
static bool
each_item(const char *list, size_t len, visit_item *visit, void *arg)
{
	const char *end = list + len;

	for (;;) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *stop = comma != NULL ? comma : end;

		if (stop == list || !visit(list, (size_t)(stop - list), arg)) {
			return false;
		}
		if (comma == NULL) {
			return true;
		}
		list = comma + 1;
	}
}

/* The two lists of rights; NULL where there is none. */
struct clauses {
	const char *ports;
	size_t ports_len;
	const char *services;
	size_t services_len;
};

/* Take the clause of len characters at text; false when it is none. */
static bool
take_clause(struct clauses *out, const char *text, size_t len)
{
	const size_t ports = sizeof(ports_key) - 1;
	const size_t services = sizeof(services_key) - 1;

	if (len > ports && strncmp(text, ports_key, ports) == 0 &&
	    out->ports == NULL) {
		out->ports = text + ports;
		out->ports_len = len - ports;
		return true;
	}
	if (len > services && strncmp(text, services_key, services) == 0 &&
	    out->services == NULL) {
		out->services = text + services;
		out->services_len = len - services;
		return true;
	}
	return false;
}

/* Take text, which is not empty, apart. */
static bool
split(struct clauses *out, const char *text)
{
	memset(out, 0, sizeof(*out));
	for (;;) {
		size_t len = strcspn(text, ";");

		/* Ports come first: there is one way to say it. */
		if (out->services != NULL || !take_clause(out, text, len)) {
			return false;
		}
		if (text[len] == '\0') {
			return true;
		}
		text += len + 1;
	}
}

/* --- items --------------------------------------------------------------- */

struct range {
	uint16_t first;
	uint16_t last;
};

/* Read a port from *at, and move *at behind it. */
static bool
read_port(const char **at, const char *end, uint16_t *out)
{
	unsigned value = 0;

	if (*at == end || **at == '0') {
		return false;
	}
	while (*at < end && **at >= '0' && **at <= '9') {
		value = value * 10 + (unsigned)(**at - '0');
		if (value > UINT16_MAX) {
			return false;
		}
		(*at)++;
	}
	*out = (uint16_t)value;
	return value > 0;
}

static bool
read_range(const char *item, size_t len, struct range *out)
{
	const char *end = item + len;

	if (!read_port(&item, end, &out->first)) {
		return false;
	}
	out->last = out->first;
	if (item == end) {
		return true;
	}
	if (*item != '-') {
		return false;
	}
	item++;
	return read_port(&item, end, &out->last) && item == end &&
	       out->first <= out->last;
}

static bool
check_port(const char *item, size_t len, void *arg)
{
	struct range range;

	(void)arg;
	return read_range(item, len, &range);
}

static bool
check_service(const char *item, size_t len, void *arg)
{
	char name[NAME_HOST_MAX + 1];
	char folded[NAME_HOST_MAX + 1];

	(void)arg;
	if (len >= sizeof(name)) {
		return false;
	}
	memcpy(name, item, len);
	name[len] = '\0';
	return name_check_host(name) == NAME_OK &&
	       name_fold(name, folded, sizeof(folded)) == 0 &&
	       strcmp(name, folded) == 0;
}

bool
rights_are_valid(const char *text)
{
	struct clauses clauses;

	if (text[0] == '\0') {
		return true;
	}
	return strlen(text) <= KEYS_RIGHTS_MAX && split(&clauses, text) &&
	       (clauses.ports == NULL ||
		   each_item(
		       clauses.ports, clauses.ports_len, check_port, NULL)) &&
	       (clauses.services == NULL ||
		   each_item(clauses.services, clauses.services_len,
		       check_service, NULL));
}

/* --- judging ------------------------------------------------------------- */

bool
rights_are_all(const char *text)
{
	return text[0] == '\0';
}

/* What is looked for, and whether it was found. */
struct search {
	uint16_t port;
	const char *name;
	bool found;
};

static bool
match_port(const char *item, size_t len, void *arg)
{
	struct search *search = arg;
	struct range range;

	if (!read_range(item, len, &range)) {
		return false;
	}
	search->found = search->found || (range.first <= search->port &&
					     search->port <= range.last);
	return true;
}

static bool
match_service(const char *item, size_t len, void *arg)
{
	struct search *search = arg;

	search->found =
	    search->found || (strlen(search->name) == len &&
				 strncasecmp(search->name, item, len) == 0);
	return true;
}

bool
rights_have_port(const char *text, uint16_t port)
{
	struct search search = { .port = port };
	struct clauses clauses;

	if (rights_are_all(text)) {
		return true;
	}
	return split(&clauses, text) && clauses.ports != NULL &&
	       each_item(
		   clauses.ports, clauses.ports_len, match_port, &search) &&
	       search.found;
}

bool
rights_have_service(const char *text, const char *name)
{
	struct search search = { .name = name };
	struct clauses clauses;

	if (rights_are_all(text)) {
		return true;
	}
	return split(&clauses, text) && clauses.services != NULL &&
	       each_item(clauses.services, clauses.services_len, match_service,
		   &search) &&
	       search.found;
}

/* --- writing ------------------------------------------------------------- */

int
rights_format(const char *ports, const char *services, char out[RIGHTS_LEN],
    const char **flaw)
{
	bool has_ports = ports != NULL && ports[0] != '\0';
	bool has_services = services != NULL && services[0] != '\0';
	char folded[RIGHTS_LEN] = "";
	char text[RIGHTS_LEN];
	int len;

	if (has_ports && !each_item(ports, strlen(ports), check_port, NULL)) {
		*flaw = "has ports that are not like 22 or 80,8000-8100";
		return -1;
	}
	if (has_services &&
	    (name_fold(services, folded, sizeof(folded)) != 0 ||
		!each_item(folded, strlen(folded), check_service, NULL))) {
		*flaw = "has services that are not like web,ssh";
		return -1;
	}
	len = snprintf(text, sizeof(text), "%s%s%s%s%s",
	    has_ports ? ports_key : "", has_ports ? ports : "",
	    has_ports && has_services ? ";" : "",
	    has_services ? services_key : "", folded);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		*flaw = "has too many ports and services";
		return -1;
	}
	memcpy(out, text, (size_t)len + 1);
	return 0;
}
