/* SPDX-License-Identifier: ISC */
#include "gateway/failures.h"

#include <stdbool.h>
#include <string.h>

#include "common/mem.h"

struct failures {
	size_t count;
	/* Places in kept, the newest first. */
	uint8_t order[FAILURES_MAX];
	struct failure kept[FAILURES_MAX];
};

_Static_assert(FAILURES_MAX <= UINT8_MAX, "a place fits a byte");

struct failures *
failures_new(void)
{
	return mem_new(1, sizeof(struct failures));
}

void
failures_free(struct failures *failures)
{
	mem_free(failures);
}

static bool
is_same(const struct failure *a, const struct failure *b)
{
	return a->dialect == b->dialect && a->code == b->code &&
	       strcmp(a->target, b->target) == 0;
}

/* Return the rank of one like failure, or else of the one to give up. */
static size_t
rank_of(struct failures *failures, const struct failure *failure)
{
	size_t rank = 0;

	while (rank < failures->count &&
	       !is_same(failures_at(failures, rank), failure)) {
		rank++;
	}
	if (rank < failures->count) {
		return rank;
	}
	if (failures->count < FAILURES_MAX) {
		failures->order[rank] = (uint8_t)rank;
		failures->kept[rank].times = 0;
		failures->count++;
		return rank;
	}
	failures->kept[failures->order[FAILURES_MAX - 1]].times = 0;
	return FAILURES_MAX - 1;
}

void
failures_add(struct failures *failures, const struct failure *failure)
{
	size_t rank = rank_of(failures, failure);
	uint8_t place = failures->order[rank];
	struct failure *kept = &failures->kept[place];
	uint64_t times = kept->times + 1;

	*kept = *failure;
	kept->times = times;
	memmove(failures->order + 1, failures->order, rank);
	failures->order[0] = place;
}

size_t
failures_count(const struct failures *failures)
{
	return failures->count;
}

const struct failure *
failures_at(const struct failures *failures, size_t i)
{
	return &failures->kept[failures->order[i]];
}
