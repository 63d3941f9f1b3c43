/* SPDX-License-Identifier: ISC */
/*
 * stream: one proxied connection inside a session (PROTOCOL.md section 8).
 *
 * A stream is two half-streams.  The sending half pulls bytes from its owner
 * when the session may send, never before, so nothing is queued in between.
 * The receiving half hands bytes to its owner as they arrive; the owner says
 * when they are consumed, and that opens the window.
 *
 *   sending half      OPEN --fin pulled--> ENDED
 *   receiving half    OPEN --FIN came----> ENDED
 *   both              any  --RESET-------> ENDED, with a code
 *
 * A stream to a UDP target is an association: no bytes but datagrams, no
 * windows, no halves; see association.h.
 *
 * A stream belongs to its session; its owner holds a pointer from stream_open()
 * or session_ops.open until it calls stream_release() or stream_reset(), which
 * are the only two ways to let go.  After either, no callback runs any more.
 * A stream that is over outlives its session until then.
 * Callbacks may call any function here, both of those included.
 */
#ifndef INROAD_PROTOCOL_STREAM_H
#define INROAD_PROTOCOL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"

struct conduit;
struct dgram_address;
struct session;
struct stream;

enum stream_protocol {
	STREAM_TCP = 1,
	STREAM_UDP = 2,
};

/* Where a stream leads, as the acceptor shall understand it. */
struct stream_target {
	enum stream_protocol protocol;
	char name[LIMITS_NAME_LEN]; /* DNS name, address text or service */
	uint16_t port;
};

/* How opening went. */
struct stream_opened {
	enum code code;
	int error;           /* errno of the acceptor, 0 if none */
	uint8_t address[16]; /* the address that was dialled */
	uint8_t address_len; /* 0, 4 or 16 */
	uint16_t port;
	char text[LIMITS_TEXT_LEN]; /* what to tell the user; may be empty */
};

/* What a stream tells its owner.  Any of them may be NULL. */
struct stream_ops {
	/*
	 * Put up to max bytes to out and return how many.  0 without *fin says
	 * "nothing now": call stream_ready() when there is.  *fin says that
	 * nothing follows the returned bytes, ever.
	 */
	size_t (*pull)(void *arg, uint8_t *out, size_t max, bool *fin);
	/* Opener only: the outcome.  Unless CODE_OK, the stream is over. */
	void (*opened)(void *arg, const struct stream_opened *opened);
	/* len bytes arrived; call stream_consumed() when they are used. */
	void (*data)(void *arg, const uint8_t *data, size_t len);
	/* An association: a datagram to or from address (association.h). */
	void (*datagram)(void *arg, const struct dgram_address *address,
	    const uint8_t *data, size_t len);
	/* The peer's half ended cleanly: nothing follows. */
	void (*fin)(void *arg);
	/* Both halves ended, with a code and perhaps an errno. */
	void (*reset)(void *arg, enum code code, int error);
};

/*
 * Open a stream of session to target.  With early, pull() may be called before
 * the outcome is known, for up to LIMITS_EARLY_MAX bytes.  Returns NULL when
 * the session is over, its streams are used up, or memory is short.
 */
struct stream *stream_open(struct session *session,
    const struct stream_target *target, bool early,
    const struct stream_ops *ops, void *arg);

/* Hand stream to another owner. */
void stream_set_owner(
    struct stream *stream, const struct stream_ops *ops, void *arg);

/*
 * Acceptor: answer an OPEN.  With CODE_OK both halves are open, or reset() runs
 * because memory is short; otherwise the stream is over and released by this
 * call.
 */
void stream_answer(struct stream *stream, const struct stream_opened *opened);

/* Acceptor: answer an OPEN with code, not CODE_OK, and a sentence why. */
void stream_refuse(struct stream *stream, enum code code, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* State that pull() would now yield something. */
void stream_ready(struct stream *stream);

/* State that n more of the bytes given to data() are used, at now_ns. */
void stream_consumed(struct stream *stream, size_t n, uint64_t now_ns);

/* End both halves with code and errno error, and let go of stream. */
void stream_reset(struct stream *stream, enum code code, int error);

/*
 * Let go of stream.  Right after both halves ended; before that it is the same
 * as stream_reset() with CODE_CANCELLED.
 */
void stream_release(struct stream *stream);

/* Return true when stream is an association. */
bool stream_is_association(const struct stream *stream);

/* Return true when both halves ended and all was handed over. */
bool stream_is_over(const struct stream *stream);

/* Return true when the peer's half ended. */
bool stream_has_fin(const struct stream *stream);

/* Return stream as a conduit, for those who do not ask what it is. */
struct conduit *stream_conduit(struct stream *stream);

/* Return the number of stream in its session, for logs. */
uint32_t stream_number(const struct stream *stream);

/* Return the session of stream, NULL when that was freed. */
struct session *stream_session(const struct stream *stream);

/* Return bytes sent and received so far. */
uint64_t stream_sent(const struct stream *stream);
/* As stream_sent, the other direction. */
uint64_t stream_received(const struct stream *stream);

#endif
