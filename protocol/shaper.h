/* SPDX-License-Identifier: ISC */
/*
 * shaper: one rate for many senders.
 *
 * A shaper is a token bucket and the line of those who wait for it.  A flow
 * counts its bytes by absolute offsets, as CREDIT does: it says which one it
 * would like to reach, and the shaper pays for the way there piece by piece, no
 * faster than its rate, to the flows in turn.  What is paid for a flow may use
 * at any time; whoever asks for no more than it is about to use keeps nothing
 * from others.
 *
 * Turns are those of schedule.h: flows get equal shares, however much they ask
 * for, and one that asks for little now and then goes first.  It waits for the
 * piece under way and for nobody's line.
 *
 * A piece is what 16 ms bring, from 2 KiB to one record: small enough that a
 * slow rate is even, and no more of them than records where it is fast.
 *
 *	shaper_reach()		how far a flow would like to get
 *	shaper_next()		whose way is paid further, until nobody's is
 *	shaper_wait()		when to come back for the next one
 *
 * There is no timer and no clock: time is an argument, in nanoseconds of a
 * monotonic clock, and one wake-up serves all flows.  Pure; no allocation,
 * O(1) for every call.
 */
#ifndef INROAD_PROTOCOL_SHAPER_H
#define INROAD_PROTOCOL_SHAPER_H

#include <stdint.h>

#include "common/ratelimit.h"
#include "protocol/schedule.h"

/* What shaper_wait() answers when nobody waits, or nothing flows in. */
#define SHAPER_NEVER UINT64_MAX

/* Those who share a rate.  Fields belong to this module. */
struct shaper {
	struct ratelimit bucket; /* a token is a byte */
	uint64_t piece;
	struct schedule schedule;
	struct schedule_group group;
};

/* One of them.  Fields belong to this module. */
struct shaper_flow {
	struct schedule_flow flow; /* the first member */
	struct shaper *shaper;
	uint64_t paid;
	uint64_t reach;
};

/*
 * Set shaper up for rate bytes a second, of which burst can be had at once
 * after a pause (one piece at least); it starts with those.
 */
void shaper_init(
    struct shaper *shaper, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* Change rate and burst from now on; who waits goes on waiting. */
void shaper_set(
    struct shaper *shaper, uint64_t rate, uint64_t burst, uint64_t now_ns);

/*
 * Return the burst for a rate where nobody says another one: a quarter of a
 * second, and one record at least.  A page comes at once with it, and over
 * five seconds nobody is more than a twentieth above the rate.
 */
uint64_t shaper_burst(uint64_t rate);

/*
 * Set flow up as one of shaper's, which outlives it.  All below offset is paid
 * for, and flow would like nothing more yet.
 */
void shaper_join(
    struct shaper *shaper, struct shaper_flow *flow, uint64_t offset);

/* Take flow out: it waits for nothing any more. */
void shaper_leave(struct shaper_flow *flow);

/* Flow would like to reach offset from now on, whatever it was before. */
void shaper_reach(struct shaper_flow *flow, uint64_t offset);

/* Return the offset below which all is paid for. */
uint64_t shaper_paid(const struct shaper_flow *flow);

/*
 * Pay for the next piece.  Returns whose it is, or NULL: nobody waits, or the
 * bucket is empty.
 */
struct shaper_flow *shaper_next(struct shaper *shaper, uint64_t now_ns);

/*
 * Return in how many nanoseconds shaper_next() will return somebody, or
 * SHAPER_NEVER.
 */
uint64_t shaper_wait(struct shaper *shaper, uint64_t now_ns);

#endif
