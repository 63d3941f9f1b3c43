/* SPDX-License-Identifier: ISC */
/*
 * conduit: what carries the bytes of one connection to its target and back.
 *
 * A stream of a session is a conduit (stream_conduit()); so is a socket that
 * a gateway dials itself.  Whoever works on its near end, a bridge or an HTTP
 * exchange, does not know which of them it has.
 *
 * An owner is told what struct stream_ops says, and all that stream.h says of
 * owners and of letting go holds for every conduit: bytes are pulled when they
 * can go on and not before, bytes that came are paid for by conduit_consumed(),
 * each half ends by itself, and after conduit_reset() no callback runs.
 */
#ifndef INROAD_PROTOCOL_CONDUIT_H
#define INROAD_PROTOCOL_CONDUIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/stream.h"

struct conduit;

/* What a kind of conduit does; each as the function below with its name. */
struct conduit_type {
	void (*set_owner)(
	    struct conduit *conduit, const struct stream_ops *ops, void *arg);
	void (*ready)(struct conduit *conduit);
	void (*consumed)(struct conduit *conduit, size_t n, uint64_t now_ns);
	bool (*has_fin)(const struct conduit *conduit);
	void (*reset)(struct conduit *conduit, enum code code, int error);
};

/* A part of whatever is one. */
struct conduit {
	const struct conduit_type *type;
};

/* Hand conduit to another owner. */
static inline void
conduit_set_owner(
    struct conduit *conduit, const struct stream_ops *ops, void *arg)
{
	conduit->type->set_owner(conduit, ops, arg);
}

/* State that pull() would now yield something. */
static inline void
conduit_ready(struct conduit *conduit)
{
	conduit->type->ready(conduit);
}

/* State that n more of the bytes given to data() are used, at now_ns. */
static inline void
conduit_consumed(struct conduit *conduit, size_t n, uint64_t now_ns)
{
	conduit->type->consumed(conduit, n, now_ns);
}

/* Return true when the far half ended. */
static inline bool
conduit_has_fin(const struct conduit *conduit)
{
	return conduit->type->has_fin(conduit);
}

/* End both halves with code and errno error, and let go of conduit. */
static inline void
conduit_reset(struct conduit *conduit, enum code code, int error)
{
	conduit->type->reset(conduit, code, error);
}

/*
 * Let go of conduit.  Right after both halves ended; before that it is the same
 * as conduit_reset() with CODE_CANCELLED.
 */
static inline void
conduit_release(struct conduit *conduit)
{
	conduit_reset(conduit, CODE_CANCELLED, 0);
}

#endif
