/* SPDX-License-Identifier: ISC */
/*
 * bridge: ties a stream to a local socket.
 *
 *   socket --read when the session may send--> stream
 *   socket <--write at once, else queue------- stream
 *
 * Back-pressure: the socket is read only when the session pulls; what the
 * socket does not take is queued, no more than the stream's window, and the
 * window opens when it is written.  Half-close passes in both directions: the
 * socket's end becomes FIN, FIN becomes shutdown(SHUT_WR) after the queue.  A
 * reset of the stream becomes a reset of the socket after what was received
 * before it is delivered (LIMITS_LINGER at most); a broken socket becomes a
 * reset of the stream.
 *
 * A bridge owns its io and its stream from bridge_new() until `done` runs.
 */
#ifndef INROAD_PROTOCOL_BRIDGE_H
#define INROAD_PROTOCOL_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct bridge;
struct buf;
struct io;
struct loop;
struct meter;
struct stream;

/* How a bridge ended. */
struct bridge_outcome {
	enum code code;    /* CODE_OK: both halves ended cleanly */
	int error;         /* errno, 0 if none */
	uint64_t sent;     /* bytes from the socket to the stream */
	uint64_t received; /* and back */
};

/* The bridge is over; io and stream are gone, and it with this call. */
typedef void bridge_done(const struct bridge_outcome *outcome, void *arg);

/*
 * Join io and stream.  head, which may be NULL, holds bytes that were read
 * from io before and go first; the bridge frees it.  Returns NULL when memory
 * is short: io, stream and head are then still the caller's.
 */
struct bridge *bridge_new(struct loop *loop, struct io *io,
    struct stream *stream, struct buf *head, bridge_done *done, void *arg);

/* Count what passes on meter, too, which outlives bridge and may be NULL. */
void bridge_set_meter(struct bridge *bridge, struct meter *meter);

/*
 * End now: the stream is reset with code, the socket too; `done` does not run.
 * NULL is allowed.
 */
void bridge_abort(struct bridge *bridge, enum code code);

#endif
