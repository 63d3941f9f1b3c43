/* SPDX-License-Identifier: ISC */
#include "gateway/way.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/hosts.h"
#include "gateway/routes.h"
#include "protocol/target.h"

/* There is no way, for the reason that code and the sentence say. */
static void __attribute__((format(printf, 3, 4)))
refuse(struct way *out, enum code code, const char *format, ...)
{
	va_list args;

	out->kind = WAY_NONE;
	out->code = code;
	va_start(args, format);
	(void)vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
}

/* --- hosts of ours --------------------------------------------------- */

static bool
is_host(void *arg, const char *label)
{
	return hosts_find(arg, label) != NULL;
}

/* To what is called name at host. */
static void
lead_to_host(struct way *out, const struct way_map *map, const char *host,
    const char *name, uint16_t port)
{
	if (map->outside && strcmp(host, TARGET_RELAY) == 0) {
		refuse(out, CODE_DENIED,
		    "The relay is reached from the gateway's own machine "
		    "only.");
		return;
	}
	out->kind = WAY_HOST;
	out->target.protocol = STREAM_TCP;
	out->target.port = port;
	(void)snprintf(out->target.name, sizeof(out->target.name), "%.*s",
	    LIMITS_NAME_LEN - 1, name);
	(void)snprintf(out->host, sizeof(out->host), "%s", host);
}

static void
refuse_unknown(struct way *out, const struct way_map *map, const char *name)
{
	const char *nearest = hosts_nearest(map->hosts, name);

	if (nearest != NULL) {
		refuse(out, CODE_HOST_UNKNOWN,
		    "No host \"%s\". Did you mean \"%s\"? \"inroad hosts\" "
		    "lists yours.",
		    name, nearest);
	} else {
		refuse(out, CODE_HOST_UNKNOWN,
		    "No host \"%s\". \"inroad hosts\" lists yours.", name);
	}
}

/* Return true when a host may exist by the name that would be ours. */
static bool
could_be_ours(const struct target *target)
{
	const char *label = strrchr(target->name, '.');

	if (target->is_address || strcmp(target->name, "localhost") == 0) {
		return false;
	}
	if (target->host[0] != '\0') {
		return true; /* one label, or under our suffix */
	}
	return name_check_new_host(label + 1) == NAME_OK;
}

/* --- others ---------------------------------------------------------- */

/* Return CODE_OK when we may connect to addr, else why not. */
static enum code
judge(const struct way_map *map, const struct addr *addr)
{
	if (map->outside &&
	    (addr_is_this_host(addr) || addr_is_guarded(addr))) {
		return CODE_DENIED;
	}
	if (map->is_own != NULL && map->is_own(addr, map->arg)) {
		return CODE_LOOP;
	}
	return CODE_OK;
}

static void
refuse_address(struct way *out, enum code code, const struct addr *addr)
{
	char text[ADDR_TEXT_LEN];

	addr_format(addr, text);
	if (code == CODE_LOOP) {
		refuse(out, code,
		    "%s is this gateway itself: it would ask itself for ever.",
		    text);
	} else {
		refuse(out, code,
		    "%s is reached from the gateway's own machine only.", text);
	}
}

/* Keep addr among those to connect to, unless we may not. */
static void
keep_address(
    struct way *out, const struct way_map *map, const struct addr *addr)
{
	enum code code = judge(map, addr);

	if (code == CODE_OK) {
		out->kind = WAY_DIRECT;
		out->addrs[out->addr_count++] = *addr;
	} else if (out->addr_count == 0) {
		refuse_address(out, code, addr);
	}
}

static void
refuse_by_route(struct way *out, const struct proxy_target *asked)
{
	char text[PROXYTARGET_TEXT_LEN];

	proxytarget_host(asked, text);
	if (out->rule == 0) {
		refuse(out, CODE_DENIED,
		    "%.100s is not one of your hosts, and this gateway goes "
		    "nowhere else (others = refuse).",
		    text);
	} else {
		refuse(out, CODE_DENIED,
		    "Route %zu of this gateway, \"%.60s\", refuses %.100s.",
		    out->rule, out->pattern, text);
	}
}

/* Via host, whom we may not know; addr is where the name leads, or NULL. */
static void
lead_via(struct way *out, const struct way_map *map, const char *host,
    const struct proxy_target *asked, const struct addr *addr)
{
	char name[PROXYTARGET_TEXT_LEN];

	if (hosts_find(map->hosts, host) == NULL) {
		if (!hosts_is_complete(map->hosts)) {
			out->kind = WAY_UNKNOWN;
			return;
		}
		refuse(out, CODE_HOST_UNKNOWN,
		    "Route %zu of this gateway, \"%.60s\", leads via \"%s\", "
		    "which is no host of yours.",
		    out->rule, out->pattern, host);
		return;
	}
	if (addr != NULL) {
		addr_format_ip(addr, name);
	} else {
		proxytarget_host(asked, name);
	}
	lead_to_host(out, map, host, name, asked->port);
}

/*
 * Ask the routes about asked, whose name has the address addr (NULL: not known,
 * or asked is one).
 */
static enum routes_way
choose(struct way *out, const struct way_map *map,
    const struct proxy_target *asked, const struct addr *addr)
{
	struct routes_choice choice;

	routes_choose(map->routes, asked, addr, &choice);
	out->routed = true;
	out->rule = choice.number;
	(void)snprintf(
	    out->pattern, sizeof(out->pattern), "%s", choice.pattern);
	(void)snprintf(out->place, sizeof(out->place), "%s", choice.place);
	if (choice.way == ROUTES_REFUSE) {
		refuse_by_route(out, asked);
	} else if (choice.way == ROUTES_VIA) {
		/* A name that a route says is the host's to look up. */
		lead_via(out, map, choice.host, asked, addr);
	}
	return choice.way;
}

/* By the routes; nothing is known of the name but itself. */
static void
follow_routes(struct way *out, const struct way_map *map,
    const struct proxy_target *asked)
{
	struct addr literal;

	if (map->routes == NULL) {
		char text[PROXYTARGET_TEXT_LEN];

		refuse(out, CODE_HOST_UNKNOWN,
		    "%.100s is not one of your hosts; \"inroad hosts\" lists "
		    "them.",
		    proxytarget_host(asked, text));
		return;
	}
	if (choose(out, map, asked, NULL) != ROUTES_DIRECT) {
		return;
	}
	if (proxytarget_addr(asked, &literal) == 0) {
		keep_address(out, map, &literal);
	} else {
		out->kind = WAY_LOOKUP;
	}
}

/* Take asked apart into *target; its text goes to text. */
static void
take_apart(const struct way_map *map, const struct proxy_target *asked,
    char text[PROXYTARGET_TEXT_LEN], struct target *target)
{
	const struct target_space names = {
		.suffix = map->suffix,
		.is_host = is_host,
		.arg = map->hosts,
	};

	proxytarget_host(asked, text);
	(void)target_from_name(target, &names, text, strlen(text), asked->port);
}

void
way_find(struct way *out, const struct way_map *map,
    const struct proxy_target *asked)
{
	char text[PROXYTARGET_TEXT_LEN];
	struct target target;

	memset(out, 0, sizeof(*out));
	take_apart(map, asked, text, &target);
	if (target.kind == TARGET_OURS) {
		lead_to_host(out, map, target.host, target.rest, target.port);
	} else if (target.kind == TARGET_INVALID) {
		refuse(out, CODE_BAD_REQUEST, "\"%.100s\" is no name.", text);
	} else if (!hosts_is_complete(map->hosts) && could_be_ours(&target)) {
		out->kind = WAY_UNKNOWN;
	} else if (target.kind == TARGET_UNKNOWN) {
		refuse_unknown(out, map, target.host);
	} else {
		follow_routes(out, map, asked);
	}
}

void
way_resume(struct way *out, const struct way_map *map,
    const struct proxy_target *asked, const struct addr *addrs, size_t count)
{
	memset(out, 0, sizeof(*out));
	if (choose(out, map, asked, &addrs[0]) != ROUTES_DIRECT) {
		return;
	}
	keep_address(out, map, &addrs[0]);
	for (size_t i = 1; i < count && i < RESOLVER_ADDRS_MAX; i++) {
		struct routes_choice choice;

		routes_choose(map->routes, asked, &addrs[i], &choice);
		if (choice.way == ROUTES_DIRECT) {
			keep_address(out, map, &addrs[i]);
		}
	}
}

bool
way_is_missing(struct way *out, const struct way_map *map,
    const struct proxy_target *asked)
{
	char text[PROXYTARGET_TEXT_LEN];
	struct target target;

	take_apart(map, asked, text, &target);
	if (target.kind != TARGET_FOREIGN || target.host[0] == '\0') {
		return false;
	}
	refuse_unknown(out, map, target.host);
	return true;
}
