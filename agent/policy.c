/* SPDX-License-Identifier: ISC */
#include "agent/policy.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/mem.h"

/* Longest host part of a rule: a DNS name behind "*.". */
#define HOST_LEN ADDR_HOST_LEN

/* Most ranges of ports in one rule. */
#define RANGES_MAX 64

/*
 * No guarded range is wider than 224.0.0.0/4 and ff00::/8.  A range with both
 * ends guarded that is no wider than these has nothing but guarded addresses;
 * without the bounds 0.0.0.0/0 would pass, from "any" to broadcast.
 */
#define GUARDED_BITS_INET 4
#define GUARDED_BITS_INET6 8

enum rule_kind {
	RULE_ANY,      /* "*" */
	RULE_PREFIX,   /* an address or a range */
	RULE_LOOPBACK, /* "localhost": 127.0.0.0/8 and ::1 */
	RULE_NAME,     /* one name */
	RULE_SUFFIX,   /* names under .name */
};

struct range {
	uint16_t first;
	uint16_t last;
};

struct rule {
	enum rule_kind kind;
	struct addr_prefix prefix; /* RULE_PREFIX */
	bool names_guarded;        /* RULE_PREFIX of guarded addresses only */
	bool names_loopback;       /* likewise of loopback */
	char *name;                /* RULE_NAME, RULE_SUFFIX; else NULL */
	struct range *ranges;      /* of ports */
	size_t count;
};

struct policy {
	struct rule *rules;
	size_t count;
	bool loopback; /* open as long as no rule names it */
	bool named;    /* one does */
};

struct policy *
policy_new(void)
{
	struct policy *policy = mem_new(1, sizeof(*policy));

	if (policy != NULL) {
		policy->loopback = true;
	}
	return policy;
}

/* Free what rule holds. */
static void
clear_rule(struct rule *rule)
{
	mem_free(rule->name);
	mem_free(rule->ranges);
}

void
policy_free(struct policy *policy)
{
	if (policy == NULL) {
		return;
	}
	for (size_t i = 0; i < policy->count; i++) {
		clear_rule(&policy->rules[i]);
	}
	mem_free(policy->rules);
	mem_free(policy);
}

void
policy_set_loopback(struct policy *policy, bool allowed)
{
	policy->loopback = allowed;
}

/* --- reading a rule ------------------------------------------------------ */

/* The two halves of a rule's text. */
struct halves {
	char host[HOST_LEN];
	bool bracketed;
	const char *ports; /* NULL: none given */
};

/*
 * Set *end behind the host part of rule and *start to its beginning, without
 * brackets.  Returns 0, or -1 and *flaw.
 */
static int
find_host(const char *rule, const char **start, const char **end,
    struct halves *out, const char **flaw)
{
	const char *colon = strchr(rule, ':');

	out->bracketed = rule[0] == '[';
	out->ports = NULL;
	*start = rule + (out->bracketed ? 1 : 0);
	if (out->bracketed) {
		*end = strchr(rule, ']');
		if (*end == NULL || ((*end)[1] != '\0' && (*end)[1] != ':')) {
			*flaw = "has no matching bracket";
			return -1;
		}
		out->ports = (*end)[1] == ':' ? *end + 2 : NULL;
	} else if (colon == NULL || strchr(colon + 1, ':') != NULL) {
		/* Nothing, or a bare IPv6 address, which cannot have ports. */
		*end = rule + strlen(rule);
	} else {
		*end = colon;
		out->ports = colon + 1;
	}
	return 0;
}

/* Take rule apart; 0, or -1 and *flaw. */
static int
split_rule(const char *rule, struct halves *out, const char **flaw)
{
	const char *start;
	const char *end;
	size_t len;

	if (find_host(rule, &start, &end, out, flaw) != 0) {
		return -1;
	}
	len = (size_t)(end - start);
	if (len == 0 || len >= sizeof(out->host)) {
		*flaw = len == 0 ? "has no address or name" : "is too long";
		return -1;
	}
	memcpy(out->host, start, len);
	out->host[len] = '\0';
	if (out->ports != NULL && out->ports[0] == '\0') {
		*flaw = "has no port after the colon";
		return -1;
	}
	return 0;
}

/* Read a port from *text and move *text behind it; 0, or -1. */
static int
read_port(const char **text, uint16_t *port)
{
	unsigned value = 0;
	size_t digits = strspn(*text, "0123456789");

	if (digits == 0 || digits > 5) {
		return -1;
	}
	for (size_t i = 0; i < digits; i++) {
		value = value * 10 + (unsigned)((*text)[i] - '0');
	}
	if (value == 0 || value > UINT16_MAX) {
		return -1;
	}
	*text += digits;
	*port = (uint16_t)value;
	return 0;
}

/* Read "22" or "8000-8100" from *text and move *text behind it; 0 or -1. */
static int
read_range(const char **text, struct range *range)
{
	if (read_port(text, &range->first) != 0) {
		return -1;
	}
	range->last = range->first;
	if (**text != '-') {
		return 0;
	}
	(*text)++;
	if (read_port(text, &range->last) != 0) {
		return -1;
	}
	return range->first <= range->last ? 0 : -1;
}

/* Read the list of ports text, NULL for all; 0, or -1 and *flaw. */
static int
read_ports(struct rule *rule, const char *text, const char **flaw)
{
	struct range ranges[RANGES_MAX] = { { .first = 0,
	    .last = UINT16_MAX } };
	size_t count = 0;
	bool more = text != NULL && strcmp(text, "*") != 0;

	if (!more) {
		count = 1;
	}
	while (more) {
		if (count == RANGES_MAX ||
		    read_range(&text, &ranges[count]) != 0 ||
		    (*text != ',' && *text != '\0')) {
			*flaw =
			    "has ports that are not like 22 or 80,8000-8100";
			return -1;
		}
		count++;
		more = *text++ == ',';
	}
	rule->ranges = mem_new(count, sizeof(*ranges));
	if (rule->ranges == NULL) {
		*flaw = "does not fit into memory";
		return -1;
	}
	memcpy(rule->ranges, ranges, count * sizeof(*ranges));
	rule->count = count;
	return 0;
}

/* Put the last address of prefix into *out. */
static void
last_of_prefix(const struct addr_prefix *prefix, struct addr *out)
{
	uint8_t bytes[16];
	size_t len = addr_to_bytes(&prefix->base, bytes);

	for (size_t i = prefix->bits; i < len * 8; i++) {
		bytes[i / 8] |= (uint8_t)(0x80u >> i % 8);
	}
	(void)addr_from_bytes(out, bytes, len, 0);
}

/* Say in rule which special addresses, and no others, its prefix names. */
static void
classify_prefix(struct rule *rule)
{
	struct addr last;
	unsigned least = addr_family(&rule->prefix.base) == AF_INET
			     ? GUARDED_BITS_INET
			     : GUARDED_BITS_INET6;

	last_of_prefix(&rule->prefix, &last);
	rule->names_loopback =
	    addr_is_loopback(&rule->prefix.base) && addr_is_loopback(&last);
	rule->names_guarded = rule->prefix.bits >= least &&
			      addr_is_guarded(&rule->prefix.base) &&
			      addr_is_guarded(&last);
}

/* Return true when text is a DNS name, underscores allowed. */
static bool
is_name(const char *text)
{
	size_t label = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0) {
				return false;
			}
			label = 0;
		} else if (isalnum((unsigned char)*p) || *p == '-' ||
			   *p == '_') {
			label++;
		} else {
			return false;
		}
		if (label > 63) {
			return false;
		}
	}
	return label > 0;
}

/* Return true when the last label of text is a number: a bad address. */
static bool
ends_in_number(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *label = dot == NULL ? text : dot + 1;

	return label[strspn(label, "0123456789")] == '\0';
}

/* Make rule one for the name host, which may begin with "*."; 0 or -1. */
static int
read_name(struct rule *rule, char *host, const char **flaw)
{
	size_t len = strlen(host);
	bool under = strncmp(host, "*.", 2) == 0;
	const char *name = under ? host + 2 : host;

	if (host[len - 1] == '.') {
		host[len - 1] = '\0';
	}
	if (!is_name(name) || ends_in_number(name)) {
		*flaw = "is no address, range or name";
		return -1;
	}
	if (!under && strcasecmp(name, "localhost") == 0) {
		rule->kind = RULE_LOOPBACK;
		rule->names_loopback = true;
		return 0;
	}
	rule->kind = under ? RULE_SUFFIX : RULE_NAME;
	rule->name = mem_strdup(name);
	if (rule->name == NULL) {
		*flaw = "does not fit into memory";
		return -1;
	}
	return 0;
}

/* Make rule one for the host part of its text; 0, or -1 and *flaw. */
static int
read_host(struct rule *rule, struct halves *halves, const char **flaw)
{
	if (!halves->bracketed && strcmp(halves->host, "*") == 0) {
		rule->kind = RULE_ANY;
		return 0;
	}
	if (addr_prefix_parse(&rule->prefix, halves->host) == 0) {
		rule->kind = RULE_PREFIX;
		classify_prefix(rule);
		return 0;
	}
	if (halves->bracketed || strpbrk(halves->host, "/:") != NULL) {
		*flaw = "is no range of addresses (the bits behind the prefix "
			"must be zero)";
		return -1;
	}
	return read_name(rule, halves->host, flaw);
}

/* Add rule, which is moved, to policy; 0, or -1 and *flaw. */
static int
append(struct policy *policy, const struct rule *rule, const char **flaw)
{
	struct rule *grown;

	if (policy->count == POLICY_RULES_MAX) {
		*flaw = "is one too many";
		return -1;
	}
	grown = mem_grow(policy->rules, policy->count + 1, sizeof(*grown));
	if (grown == NULL) {
		*flaw = "does not fit into memory";
		return -1;
	}
	policy->rules = grown;
	policy->rules[policy->count++] = *rule;
	return 0;
}

int
policy_allow(struct policy *policy, const char *text, const char **flaw)
{
	struct rule rule = { .kind = RULE_ANY };
	struct halves halves;

	if (split_rule(text, &halves, flaw) != 0 ||
	    read_host(&rule, &halves, flaw) != 0 ||
	    read_ports(&rule, halves.ports, flaw) != 0 ||
	    append(policy, &rule, flaw) != 0) {
		clear_rule(&rule);
		return -1;
	}
	policy->named = policy->named || rule.names_loopback;
	return 0;
}

int
policy_permit(
    struct policy *policy, const char *host, uint16_t port, const char **flaw)
{
	struct rule rule = { .kind = RULE_ANY };
	struct halves halves = { .bracketed = strchr(host, ':') != NULL };
	char number[6];
	size_t len = strlen(host);

	if (len == 0 || len >= sizeof(halves.host) || port == 0 ||
	    strpbrk(host, "*/") != NULL) {
		*flaw = "is no address or name with a port";
		return -1;
	}
	memcpy(halves.host, host, len + 1);
	(void)snprintf(number, sizeof(number), "%u", (unsigned)port);
	if (read_host(&rule, &halves, flaw) != 0 ||
	    read_ports(&rule, number, flaw) != 0 ||
	    append(policy, &rule, flaw) != 0) {
		clear_rule(&rule);
		return -1;
	}
	return 0;
}

/* --- judging ------------------------------------------------------------- */

/* Return true when rule holds for port. */
static bool
has_port(const struct rule *rule, uint16_t port)
{
	for (size_t i = 0; i < rule->count; i++) {
		if (port >= rule->ranges[i].first &&
		    port <= rule->ranges[i].last) {
			return true;
		}
	}
	return false;
}

/* Return the length of name without a trailing dot. */
static size_t
name_len(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

/* Return true when rule is one for names and holds for name. */
static bool
has_name(const struct rule *rule, const char *name)
{
	size_t len = name_len(name);
	size_t own;

	if (rule->name == NULL) {
		return false;
	}
	own = strlen(rule->name);
	switch (rule->kind) {
	case RULE_NAME:
		return len == own && strncasecmp(name, rule->name, own) == 0;
	case RULE_SUFFIX:
		return len > own + 1 && name[len - own - 1] == '.' &&
		       strncasecmp(name + len - own, rule->name, own) == 0;
	case RULE_ANY:
	case RULE_PREFIX:
	case RULE_LOOPBACK:
		return false;
	}
	return false;
}

/* Return true when rule holds for the unmapped address addr or for name. */
static bool
has_target(const struct rule *rule, const char *name, const struct addr *addr)
{
	if (addr_is_guarded(addr)) {
		return rule->names_guarded &&
		       addr_prefix_has(&rule->prefix, addr);
	}
	if (addr_is_loopback(addr)) {
		return rule->kind == RULE_LOOPBACK ||
		       (rule->names_loopback &&
			   addr_prefix_has(&rule->prefix, addr));
	}
	switch (rule->kind) {
	case RULE_ANY:
		return true;
	case RULE_PREFIX:
		return addr_prefix_has(&rule->prefix, addr);
	case RULE_NAME:
	case RULE_SUFFIX:
		return name != NULL && has_name(rule, name);
	case RULE_LOOPBACK:
		break;
	}
	return false;
}

bool
policy_may_resolve(const struct policy *policy, const char *name, uint16_t port)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		bool wide =
		    rule->kind == RULE_ANY ||
		    (rule->kind == RULE_PREFIX && !rule->names_loopback);

		if ((wide || has_name(rule, name)) && has_port(rule, port)) {
			return true;
		}
	}
	return false;
}

bool
policy_allows(
    const struct policy *policy, const char *name, const struct addr *addr)
{
	struct addr plain;

	addr_unmap(addr, &plain);
	if (addr_family(&plain) != AF_INET && addr_family(&plain) != AF_INET6) {
		return false;
	}
	if (policy->loopback && !policy->named && addr_is_loopback(&plain)) {
		return true;
	}
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (has_port(rule, addr_port(&plain)) &&
		    has_target(rule, name, &plain)) {
			return true;
		}
	}
	return false;
}

bool
policy_must_name(const struct addr *addr)
{
	return addr_is_guarded(addr) || addr_is_loopback(addr);
}
