/* SPDX-License-Identifier: ISC */
/*
 * Rules of a gateway, one a line: "direct PATTERN", "refuse PATTERN" or "HOST
 * PATTERN".  Whatever they say, an address has one way in all its spellings,
 * and this machine's loopback goes elsewhere only where it is named.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "gateway/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Add the rule in line; the pattern if it was taken, else NULL. */
static const char *
add(struct routes *routes, char *line)
{
	char *pattern = strchr(line, ' ');
	const char *flaw = NULL;
	enum routes_way way = ROUTES_VIA;

	if (pattern == NULL) {
		return NULL;
	}
	*pattern++ = '\0';
	if (strcmp(line, "direct") == 0) {
		way = ROUTES_DIRECT;
	} else if (strcmp(line, "refuse") == 0) {
		way = ROUTES_REFUSE;
	}
	if (routes_add(routes, pattern, way, line, &flaw) == 0) {
		return pattern;
	}
	if (flaw == NULL) {
		abort();
	}
	return NULL;
}

static void
choose(const struct routes *routes, const char *host, struct routes_choice *out)
{
	struct proxy_target target;

	if (proxytarget_set_host(&target, host, strlen(host), 80) != 0) {
		abort();
	}
	routes_choose(routes, &target, NULL, out);
	if ((out->way == ROUTES_VIA) !=
		(out->host != NULL && out->host[0] != '\0') ||
	    (out->way == ROUTES_VIA && name_check_host(out->host) != NAME_OK) ||
	    out->number > routes_count(routes)) {
		abort();
	}
}

/* Both spellings of an address go the same way. */
static void
ask_twice(const struct routes *routes, const char *host, const char *mapped)
{
	struct routes_choice one;
	struct routes_choice other;

	choose(routes, host, &one);
	choose(routes, mapped, &other);
	if (one.number != other.number) {
		abort();
	}
}

/* No rule took loopback away unless some pattern began to name it. */
static void
ask_loopback(const struct routes *routes, bool named)
{
	static const char *const hosts[] = { "localhost", "x.localhost",
		"127.0.0.1", "::1", "0.0.0.0", "::" };
	struct routes_choice choice;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		choose(routes, hosts[i], &choice);
		if (choice.way == ROUTES_VIA && !named) {
			abort();
		}
	}
}

/* Return true when pattern may name what is loopback. */
static bool
may_name_loopback(const char *pattern)
{
	struct addr_prefix prefix;

	if (addr_prefix_parse(&prefix, pattern) == 0) {
		return addr_is_loopback(&prefix.base) ||
		       (prefix.bits > 0 && addr_is_this_host(&prefix.base));
	}
	return strcasestr(pattern, "localhost") != NULL;
}

/* With "*" behind it no rule is missing, but for loopback that must be named.
 */
static void
ask_others(struct routes *routes)
{
	const char *flaw = NULL;
	struct routes_choice choice;

	if (routes_add(routes, "*", ROUTES_REFUSE, NULL, &flaw) == 0) {
		choose(routes, "www.example.com", &choice);
		if (choice.number == 0) {
			abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct routes *routes = routes_new();
	char *text = malloc(len + 1);
	char *rest = text;
	bool named = false;

	if (routes == NULL || text == NULL) {
		abort();
	}
	memcpy(text, data, len);
	text[len] = '\0';
	while (rest != NULL) {
		const char *pattern = add(routes, strsep(&rest, "\n"));

		named =
		    named || (pattern != NULL && may_name_loopback(pattern));
	}
	ask_twice(routes, "10.0.0.5", "::ffff:10.0.0.5");
	ask_twice(routes, "127.0.0.1", "64:ff9b::7f00:1");
	ask_twice(routes, "www.example.com", "WWW.Example.COM.");
	ask_loopback(routes, named);
	ask_others(routes);
	routes_free(routes);
	free(text);
	return 0;
}
