/* SPDX-License-Identifier: ISC */
/*
 * backoff: how long to wait before the next attempt.
 *
 * Exponential with full jitter: the first retry comes at once, because most
 * failures are over by then; retry n after that waits a random time between
 * nothing and base * 2^n, never longer than the cap.  Spreading over the whole
 * range is what keeps a hundred thousand clients of a restarted server from
 * returning in step.
 *
 * Pure: randomness comes in as an argument, time goes out as nanoseconds.
 */
#ifndef INROAD_COMMON_BACKOFF_H
#define INROAD_COMMON_BACKOFF_H

#include <stdint.h>

/* The first range to choose from, and the largest. */
#define BACKOFF_BASE_NS UINT64_C(1000000000)
#define BACKOFF_CAP_NS UINT64_C(60000000000)

/* A value in its owner.  Fields belong to this module. */
struct backoff {
	uint64_t base_ns;
	uint64_t cap_ns;
	unsigned retries; /* since the last success */
};

/* Start afresh with the default base and cap. */
void backoff_init(struct backoff *backoff);

/* Choose from a range of base_ns first, of cap_ns at most, both over zero. */
void backoff_set_range(
    struct backoff *backoff, uint64_t base_ns, uint64_t cap_ns);

/*
 * Return how many nanoseconds to wait before the next attempt and count it.
 * random is any number, evenly distributed over its whole range.
 */
uint64_t backoff_next(struct backoff *backoff, uint64_t random);

/* Note a success: the next retry comes at once again. */
void backoff_reset(struct backoff *backoff);

#endif
