/* SPDX-License-Identifier: ISC */
/*
 * acceptor: the gateways that have sessions with this host.
 *
 * A host is an agent, a relay as the reserved host "relay", or a gateway that
 * takes messages of others; what they lead streams to is their own affair
 * (struct acceptor_ops).  A caller is one device
 * of a gateway, known by its key.  Its sessions begin with an ATTACH that the
 * owner accepts and are carried by carrier.h:
 *
 *   ATTACH --accepted--> PENDING --first record opens--> CONFIRMED --> over
 *                           \____ ten seconds, or a newer ATTACH ____/
 *
 *   CONFIRMED --channel lost--> LOST --ATTACH with a request--> CONFIRMED
 *                                  \____ grace time over ____/
 *
 * A session that lost its channel keeps its streams until the gateway comes
 * back for it or the grace time is over (PROTOCOL.md section 7.3).  There are
 * no more than config.sessions_max: the one that has been lost longest goes
 * when another one is confirmed.
 *
 * Before the first record opens, an ATTACH may be a replay, so it has no
 * effect: one pending session a caller, config.pending_max in all, beside
 * those that are confirmed.  Once confirmed, it ends the caller's older
 * sessions with another boot id: that gateway was started anew and knows
 * nothing of them.  One that may call only until a time (struct keys_caller)
 * ends then, with CODE_DENIED.
 */
#ifndef INROAD_PROTOCOL_ACCEPTOR_H
#define INROAD_PROTOCOL_ACCEPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/linkhello.h"
#include "protocol/sessionanswer.h"

struct acceptor;
struct link;
struct linkmsg_attach;
struct loop;
struct session;
struct session_budget;
struct stream;
struct stream_target;

/* A text as it came; it lives until the callback returns. */
struct acceptor_letter {
	struct session *session;
	uint32_t number;
	const char *user; /* who sent it */
	const char *device;
	const char *text; /* not terminated */
	size_t len;
};

/* What an acceptor asks of its owner. */
struct acceptor_ops {
	/*
	 * Judge attach, which begins a session or asks about one; a question is
	 * answered by known.  Returns CODE_OK and fills *out; or why not with a
	 * sentence for the user of the gateway in text.
	 */
	enum code (*judge)(const struct linkmsg_attach *attach,
	    const struct sessionanswer_known *known, struct sessionanswer *out,
	    char text[LIMITS_TEXT_LEN], void *arg);
	/*
	 * A caller is here for the first time, as answer says: return what is
	 * kept for it, or NULL when memory is short.
	 */
	void *(*enter)(const struct sessionanswer *answer, void *arg);
	/* It has no session any more: end what is kept. */
	void (*leave)(void *kept);
	/*
	 * A stream of it wants to be opened, by the right that by says, which
	 * lives while this runs: answer it now or later.
	 */
	void (*open)(void *kept, const struct keys_caller *by,
	    struct stream *stream, const struct stream_target *target);
	/*
	 * A text came in session, to be answered (session.h); NULL: nobody
	 * takes any.  What is beyond LIMITS_MESSAGE_RATE of a caller is refused
	 * before.
	 */
	void (*text)(void *kept, const struct keys_caller *by,
	    const struct acceptor_letter *letter);
	/* What became of a text that was sent in session; may be NULL. */
	void (*receipt)(void *kept, const struct session *session,
	    uint32_t number, enum code code, const char *text);
	/*
	 * Session is over: none of its texts will be answered any more, in
	 * either direction.  May be NULL; nothing may be done in it.
	 */
	void (*over)(void *kept, const struct session *session);
};

/* What an acceptor needs; what it points to outlives it. */
struct acceptor_config {
	const struct acceptor_ops *ops;
	void *arg;
	struct session_budget *receive; /* of all windows */
	uint32_t streams_max;           /* of one session */
	uint64_t retain_max;            /* likewise */
	struct session_budget *retain;  /* of all sessions */
	uint32_t sessions_max;          /* in all; 0: LIMITS_SESSIONS_MAX */
	uint32_t caller_max;            /* of one; 0: LIMITS_CALLER_SESSIONS */
	uint32_t pending_max;           /* in all; 0: LIMITS_PENDING_SESSIONS */
	uint64_t window_max;            /* of one stream */
	double confirm_time; /* seconds for the first record; 0: ten */
	/*
	 * This is a relay: it gives credit for what it takes, and speaks for
	 * itself.  Sessions without streams give way to others, as a gateway
	 * begins another when it needs one.
	 */
	bool is_relay;
};

/* Return an acceptor without callers, or NULL. */
struct acceptor *acceptor_new(
    struct loop *loop, const struct acceptor_config *config);

/* End all sessions with CODE_GOING_DOWN and free; NULL is allowed. */
void acceptor_free(struct acceptor *acceptor);

/*
 * Answer attach, for the channel number channel, that came over link, with
 * ATTACHED or DETACH.
 */
void acceptor_attach(struct acceptor *acceptor, struct link *link,
    uint32_t channel, const struct linkmsg_attach *attach);

/*
 * Answer the payload of an ATTACH that a relay has passed on, len bytes, as
 * acceptor_attach() does, also when it cannot be read.
 */
void acceptor_take(struct acceptor *acceptor, struct link *link,
    uint32_t channel, const uint8_t *payload, size_t len);

/* Refuse new sessions from now on; the others go on. */
void acceptor_finish(struct acceptor *acceptor);

/* Return true after acceptor_finish(). */
bool acceptor_is_finishing(const struct acceptor *acceptor);

/* End all sessions with code. */
void acceptor_close(struct acceptor *acceptor, enum code code);

/* End all sessions of the device with key, with code. */
void acceptor_expel(
    struct acceptor *acceptor, const uint8_t key[KEYS_LEN], enum code code);

/* Return what is kept for the device with key, NULL when it has no session. */
void *acceptor_kept(struct acceptor *acceptor, const uint8_t key[KEYS_LEN]);

/* End all sessions that use that share, which is not 0, with code. */
void acceptor_end_share(
    struct acceptor *acceptor, uint64_t share, enum code code);

/* What people want to know of a caller; strings live until it changes. */
struct acceptor_info {
	const char *user;
	const char *device;
	void *kept; /* what `enter` returned */
	size_t sessions;
	size_t lost; /* of those, without a link at present */
	uint32_t streams;
	uint64_t rtt_ns; /* of the newest session, 0 when unknown */
	uint64_t sent;   /* payload bytes of the sessions that live */
	uint64_t received;
	uint64_t last_gap_ns; /* how long the last loss took, 0: none */
};

/* Call each(info, arg) for every caller with a confirmed session. */
void acceptor_each(const struct acceptor *acceptor,
    void (*each)(const struct acceptor_info *info, void *arg), void *arg);

/*
 * Call each(user, device, session, arg) for the newest session of every caller
 * that is confirmed and has a link.
 */
void acceptor_each_session(const struct acceptor *acceptor,
    void (*each)(const char *user, const char *device, struct session *session,
	void *arg),
    void *arg);

/* Return how many sessions wait for their gateway to come back. */
size_t acceptor_lost(const struct acceptor *acceptor);

/* Return how many sessions there are. */
size_t acceptor_sessions(const struct acceptor *acceptor);

#endif
