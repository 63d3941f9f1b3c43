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
 * Everything is embedded in the caller's objects: no allocation, O(1) for
 * every call.  (Shreedhar and Varghese, "Efficient fair queueing using deficit
 * round robin", 1995.)
 */
#ifndef INROAD_PROTOCOL_SCHEDULE_H
#define INROAD_PROTOCOL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule_group;

/* One sender.  Fields belong to this module. */
struct schedule_flow {
	struct schedule_group *group;
	struct schedule_flow *next; /* NULL when not waiting */
	struct schedule_flow *prev;
	int64_t deficit;
};

/* Flows that share as one.  Fields belong to this module. */
struct schedule_group {
	struct schedule_group *next; /* NULL when no flow waits */
	struct schedule_group *prev;
	struct schedule_flow *flows; /* whose turn it is, of a ring */
	int64_t deficit;
};

/* A set of groups.  Fields belong to this module. */
struct schedule {
	struct schedule_group *groups; /* whose turn it is, of a ring */
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
 * State that flow, which schedule_next() returned, sent cost bytes.  When its
 * share is used up the turn passes on.
 */
void schedule_charge(
    struct schedule *schedule, struct schedule_flow *flow, size_t cost);

#endif
