/* SPDX-License-Identifier: ISC */
#include "gateway/routes.h"

#include <string.h>

#include "common/addr.h"
#include "common/mem.h"

enum rule_kind {
	RULE_ANY,    /* "*" */
	RULE_NAME,   /* .name */
	RULE_UNDER,  /* the names under .name */
	RULE_DOMAIN, /* those and .name */
	RULE_RANGE,  /* .range */
};

struct rule {
	enum rule_kind kind;
	enum routes_way way;
	char host[NAME_HOST_MAX + 1]; /* ROUTES_VIA */
	struct addr_prefix range;
	char *name;    /* inside .pattern, or its own */
	char *pattern; /* as it was written */
	char *place;   /* where it was said, or NULL */
};

struct routes {
	enum routes_way others;
	struct rule *rules;
	size_t count;
};

struct routes *
routes_new(void)
{
	return mem_new(1, sizeof(struct routes));
}

/* Free what rule holds. */
static void
clear_rule(struct rule *rule)
{
	mem_free(rule->name);
	mem_free(rule->pattern);
	mem_free(rule->place);
}

void
routes_free(struct routes *routes)
{
	if (routes == NULL) {
		return;
	}
	for (size_t i = 0; i < routes->count; i++) {
		clear_rule(&routes->rules[i]);
	}
	mem_free(routes->rules);
	mem_free(routes);
}

void
routes_set_others(struct routes *routes, enum routes_way way)
{
	routes->others = way;
}

size_t
routes_count(const struct routes *routes)
{
	return routes->count;
}

/* --- reading a rule -------------------------------------------------- */

/* Make rule one for the names that text says; 0, or -1 and *flaw. */
static int
read_name(
    struct rule *rule, enum rule_kind kind, const char *text, const char **flaw)
{
	struct proxy_target target;

	if (proxytarget_set_host(&target, text, strlen(text), 0) != 0 ||
	    target.kind != PROXY_TARGET_NAME) {
		*flaw = "is no address, range or name";
		return -1;
	}
	if (kind == RULE_NAME && strchr(target.name, '.') == NULL &&
	    strcmp(target.name, "localhost") != 0) {
		*flaw = "is a name of one label: those are hosts, and go "
			"nowhere else";
		return -1;
	}
	rule->kind = kind;
	rule->name = mem_strdup(target.name);
	if (rule->name == NULL) {
		*flaw = "does not fit into memory";
		return -1;
	}
	return 0;
}

/* Make rule one for pattern; 0, or -1 and *flaw. */
static int
read_pattern(struct rule *rule, const char *pattern, const char **flaw)
{
	if (strcmp(pattern, "*") == 0) {
		rule->kind = RULE_ANY;
		return 0;
	}
	if (strncmp(pattern, "*.", 2) == 0) {
		return read_name(rule, RULE_UNDER, pattern + 2, flaw);
	}
	if (pattern[0] == '.') {
		return read_name(rule, RULE_DOMAIN, pattern + 1, flaw);
	}
	if (addr_prefix_parse(&rule->range, pattern) == 0) {
		rule->kind = RULE_RANGE;
		return 0;
	}
	if (strpbrk(pattern, "/:") != NULL) {
		*flaw = "is no range of addresses (the bits behind the prefix "
			"must be zero)";
		return -1;
	}
	return read_name(rule, RULE_NAME, pattern, flaw);
}

/* Let rule go that way, via host; 0, or -1 and *flaw. */
static int
read_way(
    struct rule *rule, enum routes_way way, const char *host, const char **flaw)
{
	rule->way = way;
	if (way != ROUTES_VIA) {
		return 0;
	}
	if (host == NULL || name_check_host(host) != NAME_OK ||
	    name_fold(host, rule->host, sizeof(rule->host)) != 0) {
		*flaw = "leads via what is no name of a host";
		return -1;
	}
	return 0;
}

/* Append rule, which is moved, to routes; 0, or -1 and *flaw. */
static int
append(struct routes *routes, const struct rule *rule, const char **flaw)
{
	struct rule *grown;

	if (routes->count == ROUTES_MAX) {
		*flaw = "is one too many";
		return -1;
	}
	grown = mem_grow(routes->rules, routes->count + 1, sizeof(*grown));
	if (grown == NULL) {
		*flaw = "does not fit into memory";
		return -1;
	}
	routes->rules = grown;
	routes->rules[routes->count++] = *rule;
	return 0;
}

int
routes_add(struct routes *routes, const char *pattern, enum routes_way way,
    const char *host, const char **flaw)
{
	struct rule rule = { .kind = RULE_ANY };

	if (read_way(&rule, way, host, flaw) != 0 ||
	    read_pattern(&rule, pattern, flaw) != 0) {
		goto fail;
	}
	rule.pattern = mem_strdup(pattern);
	if (rule.pattern == NULL) {
		*flaw = "does not fit into memory";
		goto fail;
	}
	if (append(routes, &rule, flaw) == 0) {
		return 0;
	}
fail:
	clear_rule(&rule);
	return -1;
}

int
routes_set_place(struct routes *routes, const char *place)
{
	struct rule *rule = &routes->rules[routes->count - 1];

	mem_free(rule->place);
	rule->place = mem_strdup(place);
	return rule->place != NULL ? 0 : -1;
}

/* --- choosing -------------------------------------------------------- */

/* Return true when name ends in "." and domain. */
static bool
lies_under(const char *name, const char *domain)
{
	size_t len = strlen(name);
	size_t end = strlen(domain);

	return len > end + 1 && name[len - end - 1] == '.' &&
	       strcmp(name + len - end, domain) == 0;
}

bool
routes_is_localhost(const struct proxy_target *target)
{
	return target->kind == PROXY_TARGET_NAME &&
	       (strcmp(target->name, "localhost") == 0 ||
		   lies_under(target->name, "localhost"));
}

/* Return true when rule says name, or its domain. */
static bool
fits_name(const struct rule *rule, const char *name)
{
	switch (rule->kind) {
	case RULE_NAME:
		return strcmp(name, rule->name) == 0;
	case RULE_UNDER:
		return lies_under(name, rule->name);
	case RULE_DOMAIN:
		return strcmp(name, rule->name) == 0 ||
		       lies_under(name, rule->name);
	case RULE_ANY:
	case RULE_RANGE:
		break;
	}
	return false;
}

/* What is compared with rules. */
struct question {
	const char *name;        /* NULL: an address was asked for */
	const struct addr *addr; /* asked for, or found; NULL: not known */
	bool is_here;            /* this machine's loopback */
};

/* Return true when rule would send our loopback away without naming it. */
static bool
takes_loopback(const struct rule *rule)
{
	const struct addr *base = &rule->range.base;
	unsigned all = addr_family(base) == AF_INET ? 32 : 128;

	if (rule->way != ROUTES_VIA || rule->kind == RULE_ANY) {
		return rule->way == ROUTES_VIA;
	}
	/* The base of 0.0.0.0/0 is this host, but not all of that range. */
	return rule->kind == RULE_RANGE && !addr_is_loopback(base) &&
	       !(addr_is_this_host(base) && rule->range.bits == all);
}

static bool
fits(const struct rule *rule, const struct question *asked, bool *by_name)
{
	*by_name = asked->name != NULL && fits_name(rule, asked->name);
	if (*by_name) {
		return true;
	}
	if (asked->is_here && takes_loopback(rule)) {
		return false;
	}
	return rule->kind == RULE_ANY ||
	       (rule->kind == RULE_RANGE && asked->addr != NULL &&
		   addr_prefix_has(&rule->range, asked->addr));
}

/* Take target and the address found for it, or NULL, apart. */
static void
set_question(struct question *asked, const struct proxy_target *target,
    const struct addr *found, struct addr *literal)
{
	asked->name = target->kind == PROXY_TARGET_NAME ? target->name : NULL;
	asked->addr = found;
	if (proxytarget_addr(target, literal) == 0) {
		asked->addr = literal;
	}
	asked->is_here =
	    routes_is_localhost(target) ||
	    (asked->addr != NULL && addr_is_this_host(asked->addr));
}

void
routes_choose(const struct routes *routes, const struct proxy_target *target,
    const struct addr *addr, struct routes_choice *out)
{
	struct question asked;
	struct addr literal;

	*out = (struct routes_choice){
		.way = routes->others,
		.pattern = "*",
		.place = "",
	};
	set_question(&asked, target, addr, &literal);
	for (size_t i = 0; i < routes->count; i++) {
		const struct rule *rule = &routes->rules[i];

		if (fits(rule, &asked, &out->by_name)) {
			out->way = rule->way;
			out->host = rule->host;
			out->number = i + 1;
			out->pattern = rule->pattern;
			out->place = rule->place != NULL ? rule->place : "";
			return;
		}
	}
}
