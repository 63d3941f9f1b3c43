/* SPDX-License-Identifier: ISC */
/*
 * session: what a gateway and an agent share, end to end (PROTOCOL.md
 * section 7).
 *
 * A session turns streams into one strict sequence of sealed records per
 * direction and back.  It does no I/O and knows no link: whoever carries it
 * pulls the next record when it can be sent and hands in each record that
 * arrives.  Records are sealed when they are pulled, so the choice of what
 * goes next is made as late as possible, and are kept until the peer has
 * acknowledged them, so that a lost link loses nothing.
 *
 * When the way of the records is lost, session_pause() stops them; once both
 * sides have told each other their session_point() over a new way,
 * session_resume() sends again what the peer lacks, byte for byte as it was
 * sealed, and goes on.  Streams notice nothing but a pause; datagrams are lost
 * in it, as they are in any network: what waits, and what comes again.
 *
 * The opener (gateway) opens streams, the acceptor (agent) answers.  Time
 * comes in as monotonic nanoseconds.  Callbacks run inside session_receive(),
 * session_close(), session_fail() and session_tick(); `ready` may also run
 * inside every call that gives the session something to send.  A callback may
 * call anything here except session_free().
 */
#ifndef INROAD_PROTOCOL_SESSION_H
#define INROAD_PROTOCOL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/stream.h"

struct blob;
struct resume_point;
struct seal;
struct session;

enum session_role {
	SESSION_OPENER,
	SESSION_ACCEPTOR,
};

/* What a session tells its owner.  Any of them may be NULL. */
struct session_ops {
	/* session_pull() would now yield something. */
	void (*ready)(void *arg);
	/* Acceptor: a stream wants to be opened; stream_answer() it. */
	void (*open)(
	    void *arg, struct stream *stream, const struct stream_target *to);
	/* The peer proved that it has the keys: by its first record. */
	void (*confirmed)(void *arg);
	/*
	 * What was sent has not been acknowledged for LIMITS_STALL: the way is
	 * blocked.  Runs inside session_tick(), again after as long.
	 */
	void (*stalled)(void *arg);
	/* A session_ping() was answered after rtt_ns. */
	void (*pong)(void *arg, uint64_t rtt_ns);
	/*
	 * A text came, UTF-8 of len bytes without a terminator, which lives
	 * until this returns.  session_answer_text() says what became of it,
	 * now or later.  NULL: every text is answered by CODE_DENIED.
	 */
	void (*text)(void *arg, uint32_t number, const char *text, size_t len);
	/*
	 * What became of a text that was sent; its number is done with.  Those
	 * that have no answer when the session is over get none.
	 */
	void (*receipt)(
	    void *arg, uint32_t number, enum code code, const char *text);
	/* The session is over; its streams were told before this. */
	void (*closed)(void *arg, enum code code);
};

/* A budget that several sessions share. */
struct session_budget {
	uint64_t used;
	uint64_t max;
};

struct session_config {
	enum session_role role;
	const struct seal *tx; /* fresh from the handshake; copied */
	const struct seal *rx; /* likewise */
	uint64_t retain_max;   /* LIMITS_RETAIN_MAX */
	/* Of what all sessions retain; used until it is over; NULL: none. */
	struct session_budget *retain;
	uint64_t window_max;  /* LIMITS_WINDOW_MAX */
	uint32_t streams_max; /* LIMITS_STREAMS_MAX */
	struct session_budget
	    *receive; /* of all windows; used until it is over */
	const struct session_ops *ops;
	void *arg;
};

/*
 * Return a session that starts at now_ns, or NULL.  The caller wipes its own
 * copies of the seals.
 */
struct session *session_new(
    const struct session_config *config, uint64_t now_ns);

/*
 * Wipe and free session and its streams without a word, except streams that
 * are over and not let go of yet; NULL is allowed.
 */
void session_free(struct session *session);

/*
 * Take one sealed record of len bytes, opened in place.  Returns CODE_OK;
 * CODE_LINK_LOST when it is not the genuine next record, which changes nothing:
 * the way that it came is of no use any more; or another code when the peer
 * breaks the protocol.
 */
enum code session_receive(
    struct session *session, uint8_t *box, size_t len, uint64_t now_ns);

/*
 * Return the next sealed record to send, with one reference for the caller, or
 * NULL when there is nothing, the retained records are at their limit, or
 * memory is short (then a later tick makes it ready again).
 */
struct blob *session_pull(struct session *session, uint64_t now_ns);

/* There is no way for records any more: nothing is pulled until a resume. */
void session_pause(struct session *session);

/* Fill *out with where this side is, which holds while nothing is received. */
void session_point(const struct session *session, struct resume_point *out);

/*
 * Go on over a new way: the peer is at *peer, and was told where this side is
 * since it last received something.  What it lacks is pulled again first.
 * Returns 0, or -1 when that cannot be, which ends no session by itself.
 * `confirmed` may run inside: the peer proved its keys.
 */
int session_resume(
    struct session *session, const struct resume_point *peer, uint64_t now_ns);

/* Return true when session_pull() would be worth a try. */
bool session_is_ready(const struct session *session);

/* Do what is due at now_ns. */
void session_tick(struct session *session, uint64_t now_ns);

/* Return when session_tick() is due next, UINT64_MAX for never. */
uint64_t session_deadline(const struct session *session);

/* Ask the peer for a sign of life; `pong` follows. */
void session_ping(struct session *session, uint64_t now_ns);

/*
 * Send a message to the peer, 1 to LIMITS_MESSAGE_MAX bytes of UTF-8 without
 * NUL, copied; it goes beside the data of streams.  Returns its number, for
 * `receipt`, or 0 when it is none, LIMITS_MESSAGES_OPEN others have no receipt
 * yet, memory is short or the session over.
 */
uint32_t session_send_text(
    struct session *session, const char *text, size_t len, uint64_t now_ns);

/*
 * Nobody waits for that text any more.  Returns true when nothing of it was
 * sent, and nothing will be; else `receipt` may still come.
 */
bool session_forget_text(struct session *session, uint32_t number);

/*
 * Say what became of a text that came: CODE_OK when it was taken; text is for
 * people and may be empty.
 */
void session_answer_text(
    struct session *session, uint32_t number, enum code code, const char *text);

/*
 * End the session: streams are reset with code, the peer is told by one last
 * record if it can still be carried, `closed` runs.  Nothing is received any
 * more; session_pull() yields that last record and then nothing.
 */
void session_close(struct session *session, enum code code, uint64_t now_ns);

/* End the session as session_close() does, without telling the peer. */
void session_fail(struct session *session, enum code code);

/* Return true when the session is over. */
bool session_is_closed(const struct session *session);

/* Return the smallest round trip seen, 0 when none was. */
uint64_t session_rtt(const struct session *session);

/* Numbers for people. */
struct session_stats {
	uint32_t streams; /* open now */
	uint64_t streams_ever;
	uint64_t sent; /* payload bytes of streams */
	uint64_t received;
	uint64_t retained; /* bytes of records not acknowledged */
	uint64_t rekeys;
	uint64_t resumes;
	uint64_t resent; /* records sent again */
	uint64_t dgrams_sent;
	uint64_t dgrams_received;
	uint64_t dgrams_dropped; /* not sealed: too many, too old, no way */
	uint64_t dgrams_late;    /* received in a replay, and discarded */
};

/* Fill *out. */
void session_get_stats(
    const struct session *session, struct session_stats *out);

#endif
