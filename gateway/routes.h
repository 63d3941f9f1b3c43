/* SPDX-License-Identifier: ISC */
/*
 * routes: which way names and addresses go that are no hosts of ours.
 *
 * A rule is a pattern and a way.  The patterns:
 *
 *	www.example.com     that name
 *	*.corp.example      the names under corp.example
 *	.corp.example       those, and corp.example itself
 *	10.0.0.0/8          a range of addresses, or one: 10.0.0.5, fd00::/8
 *	*                   everything
 *
 * The ways: direct, from this machine; via a host, whose agent is asked for
 * what was asked of us; and refused.  Rules are looked at in their order and
 * the first that fits decides; where none does, the way of the others.
 *
 * "*" and wide ranges never send this machine's own loopback to another one:
 * "localhost" at a host is a different thing, so for that it must be named.
 *
 * Names are not resolved to be compared with ranges: where a name leads is
 * known only once it is looked up, and that itself is a way to go.  Whoever
 * went direct asks again with the address found (routes_choose()).  Pure.
 */
#ifndef INROAD_GATEWAY_ROUTES_H
#define INROAD_GATEWAY_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/proxytarget.h"
#include "protocol/name.h"

struct addr;
struct routes;

/* Most rules; far more than a person writes. */
#define ROUTES_MAX 4096

enum routes_way {
	ROUTES_DIRECT,
	ROUTES_REFUSE,
	ROUTES_VIA,
};

/* What was decided; a value.  Its texts live as long as the routes. */
struct routes_choice {
	enum routes_way way;
	const char *host;    /* ROUTES_VIA: the host, in lower case */
	size_t number;       /* of the rule, from 1; 0 when none fitted */
	const char *pattern; /* of the rule, as it was written; "*" for 0 */
	const char *place;   /* where it was said; "" if that is not known */
	bool by_name;        /* the rule says the name or its domain, not "*" */
};

/* Return routes without rules, where all go the way of the others; or NULL. */
struct routes *routes_new(void);

/* Free routes; NULL is allowed. */
void routes_free(struct routes *routes);

/* Say where goes what no rule fits: direct (as at first) or refused. */
void routes_set_others(struct routes *routes, enum routes_way way);

/*
 * Add the rule that what fits pattern goes that way, via the host of that name
 * if it is ROUTES_VIA.  Returns 0, or -1 and in *flaw a clause for people about
 * what is wrong with it, "is no address, range or name".
 */
int routes_add(struct routes *routes, const char *pattern, enum routes_way way,
    const char *host, const char **flaw);

/*
 * Note that the last rule was said at place, "gateway.conf:3".  Returns 0, or
 * -1 when memory is short.
 */
int routes_set_place(struct routes *routes, const char *place);

/* Return how many rules there are. */
size_t routes_count(const struct routes *routes);

/*
 * Decide where target goes.  addr is NULL, or the address that the name in
 * target turned out to have: then a rule fits if it fits either.
 */
void routes_choose(const struct routes *routes,
    const struct proxy_target *target, const struct addr *addr,
    struct routes_choice *out);

/* Return true when target is a name that always means this machine. */
bool routes_is_localhost(const struct proxy_target *target);

#endif
