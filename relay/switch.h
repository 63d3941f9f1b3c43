/* SPDX-License-Identifier: ISC */
/*
 * switch: ties channels of two links and copies what they carry (PROTOCOL.md
 * sections 5 and 6).
 *
 *   gateway's channel --queue, credit--> agent's channel
 *   gateway's channel <--queue, credit-- agent's channel
 *
 * A circuit is such a pair.  Bodies are queued as they come and handed on when
 * the other link asks; what may come is bounded by the credit that the switch
 * grants as the queue drains.
 *
 * What a side sends can count for tolls (toll.h), its account's and another
 * one.  Where those have a rate, credit is granted as it is paid for, and what
 * comes before that (on the first credit, or the rest of a frame) waits.
 *
 * When one side's channel ends, what it had sent is still handed on; then the
 * other side is told the code and text that ended it, or those for a link that
 * is gone.  So nobody who says something and goes is cut short.  What waits for
 * the side that is gone is dropped at once, and so is what comes for it.  How
 * long the other side takes is between it and its link, which ends one that
 * does not read.
 *
 * The switch counts what all circuits hold, with LIMITS_QUEUE_OVERHEAD for each
 * record.  Above three quarters of its budget it takes no new circuit, above
 * nine tenths it ends the fullest until it is below three quarters again:
 * sessions outlive that, a process that is out of memory does not.
 */
#ifndef INROAD_RELAY_SWITCH_H
#define INROAD_RELAY_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/credit.h"

struct channel;
struct link;
struct loop;
struct toll;
struct schedule_group;
struct switch_board;
struct switch_circuit;

/* The two sides of a circuit. */
enum switch_end {
	SWITCH_GATEWAY,
	SWITCH_AGENT,
	SWITCH_ENDS,
};

/* Tolls that one direction of a circuit may count for. */
#define SWITCH_TOLLS 2

/* One side of a circuit that is to be. */
struct switch_side {
	struct link *link;
	uint32_t channel;
	struct schedule_group *group; /* as in channel_new() */
	/* Charged for what this side may send; outlives the circuit. */
	struct credit_pool *pool;
	/* That what this side sends counts for; outlive the circuit, or NULL.
	 */
	struct toll *tolls[SWITCH_TOLLS];
	/* What the other side is told when this one's link is gone. */
	enum code lost;
	const char *lost_text; /* outlives the circuit */
};

/*
 * The channel at that end of circuit is gone, for whatever reason.  Runs once
 * for each end, and the circuit is forgotten with the second.  Must not call
 * the switch.
 */
typedef void switch_left(
    struct switch_circuit *circuit, enum switch_end end, void *arg);

/* Return a board that may hold budget bytes, or NULL. */
struct switch_board *switch_new(struct loop *loop, uint64_t budget);

/* Free board, which has no circuits any more; NULL is allowed. */
void switch_free(struct switch_board *board);

/* Return the pool of the whole board: parent of the pools of accounts. */
struct credit_pool *switch_pool(struct switch_board *board);

/*
 * Tie a gateway's channel to an agent's.  Puts the circuit to *out and returns
 * CODE_OK, or CODE_OVERLOADED.  `left` tells of the end.
 */
enum code switch_tie(struct switch_board *board,
    const struct switch_side *gateway, const struct switch_side *agent,
    switch_left *left, void *arg, struct switch_circuit **out);

/* Take the channel at that end of circuit for lost, as if its link were. */
void switch_lose(struct switch_circuit *circuit, enum switch_end end);

/* End circuit at once; whoever is there is told code and text. */
void switch_end(
    struct switch_circuit *circuit, enum code code, const char *text);

/* Return how many bytes of circuit were handed on that came from that end. */
uint64_t switch_copied(
    const struct switch_circuit *circuit, enum switch_end from);

/* Numbers for people. */
struct switch_stats {
	uint32_t circuits; /* with one side or two */
	uint64_t queued;   /* bytes of memory held now */
	uint64_t promised; /* and those that credit allows to come */
	/* Bytes handed on, ever, by the end that they came from. */
	uint64_t copied[SWITCH_ENDS];
	uint64_t shed; /* circuits ended for want of memory, ever */
};

/* Fill *out. */
void switch_get_stats(
    const struct switch_board *board, struct switch_stats *out);

#endif
