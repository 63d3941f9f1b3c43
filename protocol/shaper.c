/* SPDX-License-Identifier: ISC */
#include "protocol/shaper.h"

#include "protocol/limits.h"

/* Pieces a second, between the two bounds. */
#define SHAPER_PIECES 64
#define SHAPER_PIECE_MIN 2048
#define SHAPER_PIECE_MAX LIMITS_RECORD_PAYLOAD_MAX

/* Bursts a second where nobody says how long one is. */
#define SHAPER_BURSTS 4

_Static_assert(SHAPER_PIECE_MAX <= SCHEDULE_SHARE, "a piece fits into a turn");

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
piece_of(uint64_t rate)
{
	return min_u64(
	    max_u64(rate / SHAPER_PIECES, SHAPER_PIECE_MIN), SHAPER_PIECE_MAX);
}

void
shaper_init(
    struct shaper *shaper, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	shaper->piece = piece_of(rate);
	ratelimit_init(
	    &shaper->bucket, rate, max_u64(burst, shaper->piece), now_ns);
	schedule_init(&shaper->schedule);
	schedule_group_init(&shaper->group);
}

void
shaper_set(
    struct shaper *shaper, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	shaper->piece = piece_of(rate);
	ratelimit_set(
	    &shaper->bucket, rate, max_u64(burst, shaper->piece), now_ns);
}

uint64_t
shaper_burst(uint64_t rate)
{
	return max_u64(rate / SHAPER_BURSTS, SHAPER_PIECE_MAX);
}

void
shaper_join(struct shaper *shaper, struct shaper_flow *flow, uint64_t offset)
{
	schedule_flow_init(&flow->flow, &shaper->group);
	flow->shaper = shaper;
	flow->paid = offset;
	flow->reach = offset;
}

void
shaper_leave(struct shaper_flow *flow)
{
	shaper_reach(flow, flow->paid);
}

void
shaper_reach(struct shaper_flow *flow, uint64_t offset)
{
	flow->reach = offset;
	if (offset > flow->paid) {
		schedule_add(&flow->shaper->schedule, &flow->flow);
	} else {
		schedule_remove(&flow->shaper->schedule, &flow->flow);
	}
}

uint64_t
shaper_paid(const struct shaper_flow *flow)
{
	return flow->paid;
}

/* Return whose turn it is, with what the next piece is, or NULL. */
static struct shaper_flow *
whose_turn(struct shaper *shaper, uint64_t *piece)
{
	struct shaper_flow *flow =
	    (struct shaper_flow *)schedule_next(&shaper->schedule);

	if (flow != NULL) {
		*piece = min_u64(flow->reach - flow->paid, shaper->piece);
	}
	return flow;
}

struct shaper_flow *
shaper_next(struct shaper *shaper, uint64_t now_ns)
{
	uint64_t piece;
	struct shaper_flow *flow = whose_turn(shaper, &piece);

	if (flow == NULL || !ratelimit_take(&shaper->bucket, piece, now_ns)) {
		return NULL;
	}
	flow->paid += piece;
	if (flow->paid == flow->reach) {
		schedule_remove(&shaper->schedule, &flow->flow);
	}
	schedule_charge(&shaper->schedule, &flow->flow, piece);
	return flow;
}

uint64_t
shaper_wait(struct shaper *shaper, uint64_t now_ns)
{
	uint64_t piece;

	if (whose_turn(shaper, &piece) == NULL) {
		return SHAPER_NEVER;
	}
	return ratelimit_wait(&shaper->bucket, piece, now_ns);
}
