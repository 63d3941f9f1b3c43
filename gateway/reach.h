/* SPDX-License-Identifier: ISC */
/*
 * reach: from what a client asked for to what leads there.
 *
 *	target --way.h--> lookup --> way.h --> session of a host, or addresses
 *
 * An address that stands for a name (virtuals.h) is that name.  Then this
 * follows the way of the target: looks its name up if it goes directly, waits
 * for the session of the host if it goes to one.  The result is what
 * reach_open() needs, or a code and a sentence for people.  Opening it is the
 * caller's, who owns what flows.
 */
#ifndef INROAD_GATEWAY_REACH_H
#define INROAD_GATEWAY_REACH_H

#include <stdbool.h>

#include "gateway/proxytarget.h"
#include "gateway/way.h"
#include "protocol/codes.h"
#include "protocol/session.h"

struct conduit;
struct direct;
struct endpoint;
struct peers;
struct reach;
struct resolver;
struct virtuals;

/*
 * Where names lead.  Outlives every reach, and may be changed meanwhile: what
 * is under way goes on by what it says then.
 */
struct reach_space {
	struct endpoint *endpoint;
	struct peers *peers;
	struct direct *direct;
	struct resolver *resolver;
	struct virtuals *virtuals; /* addresses that stand for names; or NULL */
	struct way_map map;
};

/* How far it came. */
enum reach_step {
	REACH_NAME,    /* what was asked for has no way */
	REACH_LOOKUP,  /* its name could not be looked up */
	REACH_LINK,    /* there is no link to the relay */
	REACH_SESSION, /* the host was asked for a session */
	REACH_READY,   /* reach_open() may be called */
};

/* What came of it. */
struct reach_result {
	enum code code;
	char text[LIMITS_TEXT_LEN]; /* unless CODE_OK */
	enum reach_step step;
	struct way way;
	struct direct *direct;
	struct session *session; /* if CODE_OK; NULL when it goes directly */
	struct proxy_target asked;
};

/* Called once with the result, which lives while it runs. */
typedef void reach_done(const struct reach_result *result, void *arg);

/*
 * Look for the way to target.  If that is decided at once, done runs inside
 * and NULL is returned; otherwise it runs later unless reach_cancel().
 */
struct reach *reach_start(const struct reach_space *space,
    const struct proxy_target *target, reach_done *done, void *arg);

/*
 * Open a conduit to where result leads, for the owner that ops and arg are; as
 * stream_open() does.  Returns NULL when there are too many or memory is short.
 */
struct conduit *reach_open(const struct reach_result *result, bool early,
    const struct stream_ops *ops, void *arg);

/*
 * Say in words what keeps reach, which is under way; CODE_OK when nothing is
 * known to be wrong.
 */
enum code reach_why(const struct reach *reach, char text[LIMITS_TEXT_LEN]);

/* Forget reach; NULL is allowed. */
void reach_cancel(struct reach *reach);

#endif
