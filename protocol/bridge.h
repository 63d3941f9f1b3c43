/* SPDX-License-Identifier: ISC */
/*
 * bridge: ties a conduit, mostly a stream, to a local socket.
 *
 *   socket --read when the conduit may send--> conduit
 *   socket <--write at once, else queue------- conduit
 *
 * Back-pressure: the socket is read only when the conduit pulls; what the
 * socket does not take is queued, no more than the conduit's window, and the
 * window opens when it is written.  Half-close passes in both directions: the
 * socket's end becomes FIN, FIN becomes shutdown(SHUT_WR) after the queue.  A
 * reset of the conduit becomes a reset of the socket after what was received
 * before it is delivered (LIMITS_LINGER at most); a broken socket becomes a
 * reset of the conduit.
 *
 * A bridge owns its io and its conduit from bridge_new() until `done` runs.
 */
#ifndef INROAD_PROTOCOL_BRIDGE_H
#define INROAD_PROTOCOL_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct bridge;
struct buf;
struct conduit;
struct io;
struct loop;
struct meter;

/* How a bridge ended. */
struct bridge_outcome {
	enum code code;    /* CODE_OK: both halves ended cleanly */
	int error;         /* errno, 0 if none */
	uint64_t sent;     /* bytes from the socket to the conduit */
	uint64_t received; /* and back */
};

/* The bridge is over; io and conduit are gone, and it with this call. */
typedef void bridge_done(const struct bridge_outcome *outcome, void *arg);

/*
 * Join io and conduit.  head, which may be NULL, holds bytes that were read
 * from io before and go first; the bridge frees it.  Returns NULL when memory
 * is short: io, conduit and head are then still the caller's.
 */
struct bridge *bridge_new(struct loop *loop, struct io *io,
    struct conduit *conduit, struct buf *head, bridge_done *done, void *arg);

/* Count what passes on meter, too, which outlives bridge and may be NULL. */
void bridge_set_meter(struct bridge *bridge, struct meter *meter);

/*
 * End now: the conduit is reset with code, the socket too; `done` does not run.
 * NULL is allowed.
 */
void bridge_abort(struct bridge *bridge, enum code code);

#endif
