/* SPDX-License-Identifier: ISC */
#include "protocol/window.h"

#include "protocol/limits.h"
#include "protocol/session.h"

/*
 * Streams that a tight budget should still serve: a new window takes at most
 * this share of what is left.
 */
#define SHARES 8

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
budget_left(const struct session_budget *budget)
{
	if (budget == NULL) {
		return UINT64_MAX;
	}
	return budget->max > budget->used ? budget->max - budget->used : 0;
}

/* Charge what may sit in memory at worst: the target, or what was granted. */
static void
recharge(struct window *window)
{
	uint64_t promise =
	    max_u64(window->target, window->limit - window->consumed);

	if (window->budget != NULL) {
		window->budget->used += promise - window->charged;
	}
	window->charged = promise;
}

uint64_t
window_first(const struct session_budget *budget, uint64_t max)
{
	uint64_t start = min_u64(LIMITS_WINDOW_START, max);

	start = min_u64(start, budget_left(budget) / SHARES);
	return max_u64(start, LIMITS_WINDOW_MIN);
}

void
window_init(struct window *window, struct session_budget *budget,
    uint64_t start, uint64_t max, uint64_t now_ns)
{
	*window = (struct window){
		.budget = budget,
		.limit = start,
		.target = start,
		.floor = start,
		.max = max_u64(max, start),
		.mark_time = now_ns,
	};
	recharge(window);
}

void
window_end(struct window *window)
{
	if (window->budget != NULL) {
		window->budget->used -= window->charged;
	}
	window->charged = 0;
	window->budget = NULL;
}

int
window_received(struct window *window, size_t n)
{
	if (n > window->limit - window->received) {
		return -1;
	}
	window->received += n;
	return 0;
}

/* Set the target by what was consumed in the interval that ends now. */
static void
retarget(struct window *window)
{
	uint64_t c = window->consumed - window->mark_consumed;
	uint64_t backlog = window->received - window->consumed;
	uint64_t want = min_u64(3 * c + 65536, window->max);

	want = max_u64(want, window->floor);
	if (want > window->target && backlog <= window->target / 2) {
		uint64_t room = budget_left(window->budget);

		window->target += min_u64(want - window->target, room);
	} else if (want < window->target && backlog > window->target / 2) {
		window->target = want;
	}
}

bool
window_consumed(
    struct window *window, size_t n, uint64_t rtt_ns, uint64_t now_ns)
{
	uint64_t interval = max_u64(rtt_ns, LIMITS_WINDOW_INTERVAL);
	uint64_t allowed;

	window->consumed += n;
	if (now_ns - window->mark_time >= interval) {
		retarget(window);
		window->mark_time = now_ns;
		window->mark_consumed = window->consumed;
	}
	recharge(window);
	allowed = window->consumed + window->target;
	return allowed > window->limit &&
	       allowed - window->limit >= window->target / 4;
}

uint64_t
window_announce(struct window *window)
{
	window->limit =
	    max_u64(window->limit, window->consumed + window->target);
	recharge(window);
	return window->limit;
}
