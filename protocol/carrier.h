/* SPDX-License-Identifier: ISC */
/*
 * carrier: carries a session over a channel of a link.
 *
 *   session --pull--> channel --> link --> socket
 *   session <-receive-- channel <-- link <-- socket
 *
 * The carrier owns the session, its timer and the channel, so that gateway and
 * agent only see streams.
 *
 *	CARRIED --channel ended, damaged, blocked--> LOST --resumed--> CARRIED
 *	    \_______ CLOSE, misuse, carrier_close() ___/ --> over
 *
 * A session with attach tokens (resume.h) outlives its channel.  Once it is
 * lost, its owner finds another channel to the same peer and passes the tokens
 * on: the opener sends carrier_ask() and gives the answer to carrier_hear(),
 * the acceptor gives a request to carrier_answer().  Each of these first lets
 * go of the old channel, so nothing that still arrives there counts (the fence
 * of PROTOCOL.md section 7.3).  How long to wait is the owner's to say.
 *
 * A session without tokens ends with its channel.  A peer that breaks the
 * protocol ends it in any case, and is told.
 *
 * carrier_close() is the one teardown.  Callbacks may call anything here;
 * memory is freed by the loop.
 */
#ifndef INROAD_PROTOCOL_CARRIER_H
#define INROAD_PROTOCOL_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/resume.h"
#include "protocol/session.h"

struct carrier;
struct channel;
struct loop;

/* What a carrier tells its owner.  Any of them may be NULL. */
struct carrier_ops {
	/* Acceptor: a stream wants to be opened; stream_answer() it. */
	void (*open)(
	    void *arg, struct stream *stream, const struct stream_target *to);
	/* The peer proved that it has the keys. */
	void (*confirmed)(void *arg);
	/* The channel is gone, for this reason; the session waits. */
	void (*lost)(void *arg, enum code code, const char *text);
	/* A session_ping() was answered after rtt_ns. */
	void (*pong)(void *arg, uint64_t rtt_ns);
	/* A text came, or an answer to one; as in struct session_ops. */
	void (*text)(void *arg, uint32_t number, const char *text, size_t len);
	/* Likewise. */
	void (*receipt)(
	    void *arg, uint32_t number, enum code code, const char *text);
	/*
	 * The session is over, whoever ended it: no text will be answered any
	 * more.  Comes before `down`, and nothing may be done in it.
	 */
	void (*over)(void *arg, const struct session *session);
	/*
	 * The session is over and so is the carrier: do not use it any more.
	 * Does not run for carrier_close().
	 */
	void (*down)(void *arg, enum code code, const char *text);
};

/*
 * Start a session as config says, whose ops and arg are ignored, over channel,
 * which the carrier takes over.  resume has its attach tokens and is copied,
 * NULL: the session ends with channel.  Returns NULL when memory is short:
 * channel is then still the caller's.
 */
struct carrier *carrier_new(struct loop *loop, struct channel *channel,
    const struct session_config *config, const struct resume *resume,
    const struct carrier_ops *ops, void *arg);

/*
 * At a relay: give the peer credit for what it sends, over this channel and all
 * later ones (PROTOCOL.md section 6).  The session takes each record at once
 * and bounds by its windows what waits, so credit only follows the rate.
 */
void carrier_give_credit(struct carrier *carrier);

/* Return the session, for streams and numbers. */
struct session *carrier_session(struct carrier *carrier);

/* Return true while there is no channel. */
bool carrier_is_lost(const struct carrier *carrier);

/* Return true when resume names the session of carrier: SESSIONHELLO_ID_LEN
 * bytes. */
bool carrier_has_id(const struct carrier *carrier, const uint8_t *id);

/* Let go of the channel with code and text, if there is one; `lost` runs. */
void carrier_lose(struct carrier *carrier, enum code code, const char *text);

/*
 * Opener: let go of the channel without a callback and write a request to go
 * on, for one attempt, to out.  0, or -1 when there are no tokens (any more).
 */
int carrier_ask(struct carrier *carrier, uint8_t out[RESUME_REQUEST_LEN]);

/*
 * Opener: go on over channel if the len bytes at body answer the last request.
 * Returns 0, and channel is taken over, or -1: it is still the caller's, and a
 * peer that answered what cannot be has ended the session (`down` ran).
 */
int carrier_hear(struct carrier *carrier, struct channel *channel,
    const uint8_t *body, size_t len);

/*
 * Acceptor: go on over channel if the len bytes at body are a request that is
 * newer than all before, and write the answer to it to out; otherwise nothing
 * changes.  Returns as carrier_hear().  `confirmed` may run inside, and may
 * close the carrier, which is -1, too.
 */
int carrier_answer(struct carrier *carrier, struct channel *channel,
    const uint8_t *body, size_t len, uint8_t out[RESUME_ANSWER_LEN]);

/*
 * End the session with code: streams are reset, the peer is told if the link
 * still lives, everything is freed.  NULL is allowed.
 */
void carrier_close(struct carrier *carrier, enum code code);

#endif
