/* SPDX-License-Identifier: ISC */
/*
 * ratelimit: a token bucket.
 *
 * Tokens flow in at a rate, up to a burst; taking what is not there is
 * refused, or, for work whose size is known only afterwards, charged as a debt
 * that has to be paid off first.  Exact: nothing is lost or gained by asking
 * often, whatever the rate, so a token may be a request, a login or a byte.
 *
 * Pure: the time now_ns is an argument, in nanoseconds of a monotonic clock.
 * A time before the one given last counts as that one.
 */
#ifndef INROAD_COMMON_RATELIMIT_H
#define INROAD_COMMON_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* The largest burst and the largest debt: what fits in units of 1e-9 token. */
#define RATELIMIT_BURST_MAX UINT64_C(4000000000)

/* What ratelimit_wait() answers when waiting does not help. */
#define RATELIMIT_NEVER UINT64_MAX

/* A value in its owner.  Fields belong to this module. */
struct ratelimit {
	uint64_t rate;
	uint64_t burst;
	int64_t level; /* in units of 1e-9 token; negative: debt */
	uint64_t then_ns;
};

/*
 * Let rate tokens a second flow in and hold up to burst (cut at
 * RATELIMIT_BURST_MAX) of them; the bucket starts full.  At rate 0 nothing
 * flows in.
 */
void ratelimit_init(
    struct ratelimit *limit, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* Change rate and burst from now on; what is in the bucket stays, cut there. */
void ratelimit_set(
    struct ratelimit *limit, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* Take n tokens if they are there; false, and nothing taken, if not. */
bool ratelimit_take(struct ratelimit *limit, uint64_t n, uint64_t now_ns);

/* Take n tokens in any case; what is missing is a debt. */
void ratelimit_charge(struct ratelimit *limit, uint64_t n, uint64_t now_ns);

/* Return how many whole tokens are there. */
uint64_t ratelimit_available(struct ratelimit *limit, uint64_t now_ns);

/*
 * Return in how many nanoseconds n tokens will be there: 0 when they are
 * already, RATELIMIT_NEVER when they never will.
 */
uint64_t ratelimit_wait(struct ratelimit *limit, uint64_t n, uint64_t now_ns);

#endif
