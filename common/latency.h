/* SPDX-License-Identifier: ISC */
/*
 * latency: how long something took, each time ever, as a histogram.
 *
 * Ten classes a decade from 100 us to 100 s, of equal distance on a scale of
 * logarithms as far as round numbers allow; a quantile is therefore told to
 * within a tenth.  Counts only grow: what happened in a time is the difference
 * of two copies.  A value, all zeroes at first.  Pure.
 */
#ifndef INROAD_COMMON_LATENCY_H
#define INROAD_COMMON_LATENCY_H

#include <stddef.h>
#include <stdint.h>

/* Classes with an upper bound; one more has what took longer. */
#define LATENCY_BOUNDS 61

struct latency {
	uint64_t counts[LATENCY_BOUNDS + 1];
	uint64_t count;
	uint64_t sum_ns;
};

/* Count something that took so many nanoseconds. */
void latency_add(struct latency *latency, uint64_t ns);

/*
 * Return the upper bound of class i, which is less than LATENCY_BOUNDS, in
 * nanoseconds; what took exactly so long is in that class.
 */
uint64_t latency_bound(size_t i);

/*
 * Return within how many nanoseconds the fastest permille of those lie that
 * were counted since the copy before was taken (NULL: ever); 0 when there are
 * none.  What took longer than the last bound counts as that.
 */
uint64_t latency_quantile(const struct latency *latency,
    const struct latency *before, unsigned permille);

#endif
