/* SPDX-License-Identifier: ISC */
/*
 * carrier: carries a session over a channel of a link.
 *
 *   session --pull--> channel --> link --> socket
 *   session <-receive-- channel <-- link <-- socket
 *
 * The carrier owns the session, its timer and the channel, so that gateway and
 * agent only see streams.  A record that cannot be part of the session, and a
 * channel that ends, end the session: its streams are reset and `down` runs.
 *
 * carrier_close() is the one teardown.  Callbacks may call anything here;
 * memory is freed by the loop.
 */
#ifndef INROAD_PROTOCOL_CARRIER_H
#define INROAD_PROTOCOL_CARRIER_H

#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/session.h"

struct carrier;
struct channel;
struct loop;

/* What a carrier tells its owner.  Any of them may be NULL. */
struct carrier_ops {
	/* Acceptor: a stream wants to be opened; stream_answer() it. */
	void (*open)(
	    void *arg, struct stream *stream, const struct stream_target *to);
	/* The first record of the peer opened: the keys are confirmed. */
	void (*confirmed)(void *arg);
	/* A session_ping() was answered after rtt_ns. */
	void (*pong)(void *arg, uint64_t rtt_ns);
	/*
	 * The session is over and so is the carrier: do not use it any more.
	 * Does not run for carrier_close().
	 */
	void (*down)(void *arg, enum code code, const char *text);
};

/*
 * Start a session as config says, whose ops and arg are ignored, over channel,
 * which the carrier takes over.  Returns NULL when memory is short: channel is
 * then still the caller's.
 */
struct carrier *carrier_new(struct loop *loop, struct channel *channel,
    const struct session_config *config, const struct carrier_ops *ops,
    void *arg);

/* Return the session, for streams and numbers. */
struct session *carrier_session(struct carrier *carrier);

/*
 * End the session with code: streams are reset, the peer is told if the link
 * still lives, everything is freed.  NULL is allowed.
 */
void carrier_close(struct carrier *carrier, enum code code);

#endif
