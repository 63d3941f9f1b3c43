/* SPDX-License-Identifier: ISC */
#include "common/ratelimit.h"

/*
 * One token a second is one unit a nanosecond: the inflow is the product of
 * elapsed time and rate, without a division and so without a rest to carry.
 */
#define RATELIMIT_UNIT INT64_C(1000000000)

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The level of a full bucket. */
static int64_t
full(const struct ratelimit *limit)
{
	return (int64_t)limit->burst * RATELIMIT_UNIT;
}

/* Let in what the time since the last call brought. */
static void
refill(struct ratelimit *limit, uint64_t now_ns)
{
	uint64_t missing = (uint64_t)(full(limit) - limit->level);
	uint64_t elapsed;

	if (now_ns <= limit->then_ns) {
		return;
	}
	elapsed = now_ns - limit->then_ns;
	limit->then_ns = now_ns;
	if (limit->rate == 0) {
		return;
	}
	/* The product is formed only where it is known to fit. */
	if (elapsed > missing / limit->rate) {
		limit->level = full(limit);
	} else {
		limit->level += (int64_t)(elapsed * limit->rate);
	}
}

void
ratelimit_init(
    struct ratelimit *limit, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	limit->rate = rate;
	limit->burst = min_u64(burst, RATELIMIT_BURST_MAX);
	limit->level = full(limit);
	limit->then_ns = now_ns;
}

void
ratelimit_set(
    struct ratelimit *limit, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	refill(limit, now_ns);
	limit->rate = rate;
	limit->burst = min_u64(burst, RATELIMIT_BURST_MAX);
	if (limit->level > full(limit)) {
		limit->level = full(limit);
	}
}

bool
ratelimit_take(struct ratelimit *limit, uint64_t n, uint64_t now_ns)
{
	refill(limit, now_ns);
	if (n > limit->burst || limit->level < (int64_t)n * RATELIMIT_UNIT) {
		return false;
	}
	limit->level -= (int64_t)n * RATELIMIT_UNIT;
	return true;
}

void
ratelimit_charge(struct ratelimit *limit, uint64_t n, uint64_t now_ns)
{
	int64_t lowest = -(int64_t)RATELIMIT_BURST_MAX * RATELIMIT_UNIT;
	int64_t cost;

	refill(limit, now_ns);
	cost = (int64_t)min_u64(n, RATELIMIT_BURST_MAX) * RATELIMIT_UNIT;
	/* Compared as a difference: the level itself could go too low. */
	if (limit->level < lowest + cost) {
		limit->level = lowest;
	} else {
		limit->level -= cost;
	}
}

uint64_t
ratelimit_available(struct ratelimit *limit, uint64_t now_ns)
{
	refill(limit, now_ns);
	return limit->level < 0 ? 0 : (uint64_t)(limit->level / RATELIMIT_UNIT);
}

uint64_t
ratelimit_wait(struct ratelimit *limit, uint64_t n, uint64_t now_ns)
{
	uint64_t missing;
	int64_t level;

	if (n > limit->burst) {
		return RATELIMIT_NEVER;
	}
	refill(limit, now_ns);
	level = (int64_t)n * RATELIMIT_UNIT;
	if (limit->level >= level) {
		return 0;
	}
	if (limit->rate == 0) {
		return RATELIMIT_NEVER;
	}
	missing = (uint64_t)(level - limit->level);
	return missing / limit->rate + (missing % limit->rate != 0);
}
