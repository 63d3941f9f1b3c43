/* SPDX-License-Identifier: ISC */
#include "common/latency.h"

/* The least bound, in nanoseconds. */
#define LEAST UINT64_C(100000)

/* Bounds of a decade, in tenths of its least. */
static const unsigned steps[] = { 10, 12, 15, 20, 25, 30, 40, 50, 60, 80 };

#define STEPS (sizeof(steps) / sizeof(steps[0]))

uint64_t
latency_bound(size_t i)
{
	uint64_t decade = LEAST;

	for (; i >= STEPS; i -= STEPS) {
		decade *= 10;
	}
	return decade / 10 * steps[i];
}

void
latency_add(struct latency *latency, uint64_t ns)
{
	size_t low = 0;
	size_t high = LATENCY_BOUNDS;

	/* The first class whose bound is not below ns lies in [low, high]. */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (latency_bound(middle) < ns) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	latency->counts[low]++;
	latency->count++;
	latency->sum_ns += ns;
}

uint64_t
latency_quantile(const struct latency *latency, const struct latency *before,
    unsigned permille)
{
	static const struct latency none;
	uint64_t lower = 0;
	uint64_t passed = 0;
	double wanted;

	before = before != NULL ? before : &none;
	wanted = (double)(latency->count - before->count) * permille / 1000;
	if (latency->count == before->count) {
		return 0;
	}
	for (size_t i = 0; i < LATENCY_BOUNDS; i++) {
		uint64_t here = latency->counts[i] - before->counts[i];
		uint64_t upper = latency_bound(i);

		if (here > 0 && (double)(passed + here) >= wanted) {
			/* As if those of a class lay evenly in it. */
			double share = (wanted - (double)passed) / (double)here;

			return lower +
			       (uint64_t)(share * (double)(upper - lower));
		}
		passed += here;
		lower = upper;
	}
	return lower;
}
