/* SPDX-License-Identifier: ISC */
#include "protocol/schedule.h"

#include <assert.h>

#include "protocol/limits.h"

/*
 * A ring is in order: from the head on come those with a share left in the
 * ring's round, then those who used it up and wait for the next one.
 */

_Static_assert(SCHEDULE_SHARE >= LIMITS_FRAME_HEAD_LEN + LIMITS_FRAME_BODY_MAX,
    "one share covers the debt of one frame");

static struct schedule_flow *
flow_of(struct schedule_turn *turn)
{
	/* The turn is the first member. */
	return (struct schedule_flow *)turn;
}

static struct schedule_group *
group_of(struct schedule_turn *turn)
{
	return (struct schedule_group *)turn;
}

static void
turn_init(struct schedule_turn *turn, uint64_t round)
{
	turn->next = NULL;
	turn->prev = NULL;
	turn->deficit = SCHEDULE_SHARE;
	turn->round = round;
}

/* Put turn into ring in front of the head, which is the last place. */
static void
link_last(struct schedule_ring *ring, struct schedule_turn *turn)
{
	struct schedule_turn *head = ring->head;

	if (head == NULL) {
		turn->next = turn;
		turn->prev = turn;
		ring->head = turn;
		return;
	}
	turn->next = head;
	turn->prev = head->prev;
	head->prev->next = turn;
	head->prev = turn;
}

static void
unlink_turn(struct schedule_ring *ring, struct schedule_turn *turn)
{
	if (turn->next == turn) {
		ring->head = NULL;
	} else {
		turn->prev->next = turn->next;
		turn->next->prev = turn->prev;
		if (ring->head == turn) {
			ring->head = turn->next;
		}
	}
	turn->next = NULL;
	turn->prev = NULL;
}

/* When everyone left waits for the next round, that one begins. */
static void
begin_round(struct schedule_ring *ring)
{
	if (ring->head != NULL && ring->head->round > ring->round) {
		ring->round = ring->head->round;
	}
}

static void
ring_add(struct schedule_ring *ring, struct schedule_turn *turn)
{
	if (turn->round < ring->round) {
		turn->round = ring->round;
		turn->deficit = SCHEDULE_SHARE;
	}
	link_last(ring, turn);
	if (turn->round == ring->round) {
		ring->head = turn;
	}
	begin_round(ring);
}

static void
ring_remove(struct schedule_ring *ring, struct schedule_turn *turn)
{
	unlink_turn(ring, turn);
	begin_round(ring);
}

static void
ring_charge(struct schedule_ring *ring, struct schedule_turn *turn, size_t cost)
{
	turn->deficit -= (int64_t)cost;
	if (turn->deficit > 0) {
		return;
	}
	turn->deficit += SCHEDULE_SHARE;
	if (turn->deficit <= 0) {
		turn->deficit = 1;
	}
	turn->round = ring->round + 1;
	if (turn->next != NULL) {
		unlink_turn(ring, turn);
		link_last(ring, turn);
		begin_round(ring);
	}
}

void
schedule_init(struct schedule *schedule)
{
	schedule->groups.head = NULL;
	schedule->groups.round = 0;
}

void
schedule_group_init(struct schedule_group *group)
{
	turn_init(&group->turn, 0);
	group->flows.head = NULL;
	group->flows.round = 0;
}

void
schedule_flow_init(struct schedule_flow *flow, struct schedule_group *group)
{
	turn_init(&flow->turn, group->flows.round);
	flow->group = group;
}

void
schedule_add(struct schedule *schedule, struct schedule_flow *flow)
{
	struct schedule_group *group = flow->group;

	if (schedule_has(flow)) {
		return;
	}
	ring_add(&group->flows, &flow->turn);
	if (group->turn.next == NULL) {
		ring_add(&schedule->groups, &group->turn);
	}
}

void
schedule_remove(struct schedule *schedule, struct schedule_flow *flow)
{
	struct schedule_group *group = flow->group;

	if (!schedule_has(flow)) {
		return;
	}
	ring_remove(&group->flows, &flow->turn);
	if (group->flows.head == NULL) {
		ring_remove(&schedule->groups, &group->turn);
	}
}

bool
schedule_has(const struct schedule_flow *flow)
{
	return flow->turn.next != NULL;
}

struct schedule_flow *
schedule_next(struct schedule *schedule)
{
	if (schedule->groups.head == NULL) {
		return NULL;
	}
	return flow_of(group_of(schedule->groups.head)->flows.head);
}

void
schedule_charge(
    struct schedule *schedule, struct schedule_flow *flow, size_t cost)
{
	assert(cost <= SCHEDULE_SHARE);
	ring_charge(&flow->group->flows, &flow->turn, cost);
	ring_charge(&schedule->groups, &flow->group->turn, cost);
}
