/* SPDX-License-Identifier: ISC */
/*
 * reach: from what a client asked for to a session that leads there.
 *
 * Decides whose a name is (protocol/target.h), and waits for the session of its
 * host.  The result is a session and the target to open on it, or a code and a
 * sentence for people.  Opening it is the caller's, who owns what flows.
 */
#ifndef INROAD_GATEWAY_REACH_H
#define INROAD_GATEWAY_REACH_H

#include <stdbool.h>

#include "gateway/proxytarget.h"
#include "protocol/codes.h"
#include "protocol/name.h"
#include "protocol/session.h"

struct conduit;
struct endpoint;
struct hosts;
struct peers;
struct reach;

/* Where names lead; all of it outlives every reach. */
struct reach_space {
	struct endpoint *endpoint;
	struct hosts *hosts;
	struct peers *peers;
	const char *suffix; /* of our names, "internal" */
	bool outside;       /* for other machines: not to "relay" */
};

/* What came of it. */
struct reach_result {
	enum code code;
	char text[LIMITS_TEXT_LEN]; /* unless CODE_OK */
	struct session *session;    /* if CODE_OK */
	struct stream_target target;
	char host[NAME_HOST_MAX + 1];
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

/* Forget reach; NULL is allowed. */
void reach_cancel(struct reach *reach);

/*
 * Say why there is no link, in words; returns its code.  text is
 * LIMITS_TEXT_LEN bytes.
 */
enum code reach_no_link(struct endpoint *endpoint, char *text);

#endif
