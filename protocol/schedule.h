/* SPDX-License-Identifier: ISC */
/*
 * schedule: who sends next, by deficit round robin on two levels.
 *
 * Flows (channels of a link, streams of a session) belong to groups (the
 * accounts that they serve).  Groups share the bandwidth equally whatever the
 * number of their flows; inside a group the flows do.  The caller asks who is
 * next, lets it send one unit and charges what that unit cost.  A flow that
 * has nothing left is removed by the caller and added again when it has.
 *
 * In each round everyone may send one share, SCHEDULE_SHARE bytes.  Who comes
 * back with some of its share of the current round left goes first: a
 * keystroke does not wait for a round of bulk senders, and nobody gets more
 * than by waiting in line, as what was sent stays charged.
 *
 * Everything is embedded in the caller's objects: no allocation, O(1) for
 * every call.  (Shreedhar and Varghese, "Efficient fair queueing using deficit
 * round robin", 1995; going first is as in RFC 8290 section 3.)
 */
#ifndef INROAD_PROTOCOL_SCHEDULE_H
#define INROAD_PROTOCOL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule_group;

/*
 * What everyone may send in a round: one whole frame with its header.  The
 * least that keeps every call O(1), and the best for whoever waits.
 */
#define SCHEDULE_SHARE 16432

/* A place in a ring.  Fields belong to this module. */
struct schedule_turn {
	struct schedule_turn *next; /* NULL when not waiting */
	struct schedule_turn *prev;
	int64_t deficit; /* left of the share of .round; above 0 */
	uint64_t round;
};

/* Those who wait, in turn.  Fields belong to this module. */
struct schedule_ring {
	struct schedule_turn *head; /* whose turn it is, or NULL */
	uint64_t round;
};

/* One sender.  Fields belong to this module. */
struct schedule_flow {
	struct schedule_turn turn;
	struct schedule_group *group;
};

/* Flows that share as one.  Fields belong to this module. */
struct schedule_group {
	struct schedule_turn turn;
	struct schedule_ring flows;
};

/* A set of groups.  Fields belong to this module. */
struct schedule {
	struct schedule_ring groups;
};

/* Set up an empty schedule. */
void schedule_init(struct schedule *schedule);

/* Set up an empty group. */
void schedule_group_init(struct schedule_group *group);

/* Set up flow as a member of group, which must outlive it. */
void schedule_flow_init(
    struct schedule_flow *flow, struct schedule_group *group);

/* Let flow wait for its turn; nothing changes when it does already. */
void schedule_add(struct schedule *schedule, struct schedule_flow *flow);

/* Take flow out; nothing changes when it is not waiting. */
void schedule_remove(struct schedule *schedule, struct schedule_flow *flow);

/* Return true when flow is waiting. */
bool schedule_has(const struct schedule_flow *flow);

/* Return the flow whose turn it is, or NULL when nobody waits. */
struct schedule_flow *schedule_next(struct schedule *schedule);

/*
 * State that flow, which schedule_next() returned, sent cost bytes, at most
 * SCHEDULE_SHARE.  When its share is used up the turn passes on.  It may have
 * been removed meanwhile.
 */
void schedule_charge(
    struct schedule *schedule, struct schedule_flow *flow, size_t cost);

#endif
