/* SPDX-License-Identifier: ISC */
#include "common/backoff.h"

/* Beyond 2^32 seconds no cap is of any use. */
#define BACKOFF_DOUBLINGS_MAX 32

void
backoff_init(struct backoff *backoff)
{
	backoff->base_ns = BACKOFF_BASE_NS;
	backoff->cap_ns = BACKOFF_CAP_NS;
	backoff->retries = 0;
}

void
backoff_set_range(struct backoff *backoff, uint64_t base_ns, uint64_t cap_ns)
{
	backoff->base_ns = base_ns;
	backoff->cap_ns = cap_ns;
}

/* base * 2^doublings, or the cap where that is less. */
static uint64_t
range(const struct backoff *backoff, unsigned doublings)
{
	if (backoff->base_ns > backoff->cap_ns >> doublings) {
		return backoff->cap_ns;
	}
	return backoff->base_ns << doublings;
}

uint64_t
backoff_next(struct backoff *backoff, uint64_t random)
{
	unsigned retries = backoff->retries;

	if (retries <= BACKOFF_DOUBLINGS_MAX) {
		backoff->retries++;
	}
	if (retries == 0) {
		return 0;
	}
	/* The bias of the remainder is below one in a hundred million. */
	return random % (range(backoff, retries - 1) + 1);
}

void
backoff_reset(struct backoff *backoff)
{
	backoff->retries = 0;
}
