/* SPDX-License-Identifier: ISC */
/*
 * way: which way a target goes that a client asked for.
 *
 *	asked --ours?--> WAY_HOST
 *	      --routes-> WAY_HOST (via) | WAY_DIRECT | WAY_NONE (refused)
 *	                 WAY_LOOKUP --addresses--> one of the above
 *
 * Names of our hosts come first (protocol/target.h), then the routes
 * (routes.h).  A name that no route takes elsewhere is looked up, and its
 * first address asks the routes again: what leads into a range that goes via a
 * host goes there, by that address, and never directly.  Only addresses that
 * go the same way as the first are kept.
 *
 * No way leads to the gateway's own ports, nor from another machine to this
 * one's loopback.  As long as the relay has not told which hosts are ours, no
 * name that could be one of them is looked up.
 *
 * Nothing here waits, and nothing is allocated.
 */
#ifndef INROAD_GATEWAY_WAY_H
#define INROAD_GATEWAY_WAY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"
#include "common/resolver.h"
#include "gateway/proxytarget.h"
#include "protocol/codes.h"
#include "protocol/name.h"
#include "protocol/stream.h"

struct hosts;
struct routes;

/* What decides; all of it outlives whoever asks. */
struct way_map {
	const char *suffix; /* of our names, "internal" */
	struct hosts *hosts;
	const struct routes *routes; /* NULL: to our hosts and nowhere else */
	/* Does a connection to addr come in at this gateway?  May be NULL. */
	bool (*is_own)(const struct addr *addr, void *arg);
	void *arg;
	bool outside; /* for other machines: not to this one, nor to "relay" */
};

enum way_kind {
	WAY_NONE,    /* .code and .text say why */
	WAY_UNKNOWN, /* not before the relay has told which hosts are ours */
	WAY_HOST,    /* to .target at .host */
	WAY_LOOKUP,  /* look the name up and ask again, way_resume() */
	WAY_DIRECT,  /* to one of .addrs */
};

/* What was decided; a value. */
struct way {
	enum way_kind kind;
	enum code code;             /* WAY_NONE */
	char text[LIMITS_TEXT_LEN]; /* WAY_NONE */
	bool routed;                /* a route decided: .rule, .pattern */
	size_t rule;                /* its number, 0: that of the others */
	char pattern[LIMITS_NAME_LEN];
	char place[LIMITS_NAME_LEN];           /* where the route was said */
	char host[NAME_HOST_MAX + 1];          /* WAY_HOST */
	struct stream_target target;           /* WAY_HOST */
	struct addr addrs[RESOLVER_ADDRS_MAX]; /* WAY_DIRECT, best first */
	size_t addr_count;
};

/* Decide where asked goes. */
void way_find(struct way *out, const struct way_map *map,
    const struct proxy_target *asked);

/*
 * After WAY_LOOKUP: decide where asked goes, whose name has the count addresses
 * at addrs, at least one.  The answer is none of WAY_UNKNOWN, WAY_LOOKUP.
 */
void way_resume(struct way *out, const struct way_map *map,
    const struct proxy_target *asked, const struct addr *addrs, size_t count);

/*
 * The name asked, WAY_LOOKUP, exists nowhere: return true if that makes it an
 * unknown host, as it lies under our suffix; *out is then WAY_NONE.
 */
bool way_is_missing(struct way *out, const struct way_map *map,
    const struct proxy_target *asked);

#endif
