/* SPDX-License-Identifier: ISC */
/*
 * credit: how much a relay lets one channel send (PROTOCOL.md section 6).
 *
 * A relay bounds what it queues for a channel by telling the sender up to
 * which byte offset it may send.  The offset follows what was drained into the
 * other link by
 *
 *     A = f * r * (RTT + 30 ms),   16 KiB <= A <= 16 MiB
 *
 * with r the drain rate over the last max(RTT, 20 ms), RTT the minimum round
 * trip of the incoming link, and f = 2 if the queue ran empty in that time
 * while it could have been drained, else 1.  Simpler rules were modelled and
 * lost a factor of ten, either of throughput on long fat paths or of delay in
 * front of slow receivers.  A pause in which nothing was queued is no drain
 * rate: measuring starts anew behind it.
 *
 * What is promised (granted and not drained) is charged to a pool and its
 * parents, and for each frame that waits LIMITS_QUEUE_OVERHEAD on top: how many
 * there will be is not known before they come.  When the pools have no room a
 * grant rises no further than LIMITS_CREDIT_MIN above what was drained.
 *
 * A channel that shares a rate (shaper.h) is also granted no more than is paid,
 * and what came on the credit that every channel starts with waits until it
 * is.  So the rate holds from the first byte on, the queue holds no more than
 * that start, and what a sender waits for it chooses as late as it can.
 *
 * When its sender is gone a credit is closed: it grants nothing more, and only
 * what is queued stays charged, until it is drained.
 *
 * Pure: a value in the caller's structure; time comes in as nanoseconds.
 */
#ifndef INROAD_PROTOCOL_CREDIT_H
#define INROAD_PROTOCOL_CREDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all channels of a process or account are charged together. */
struct credit_pool {
	uint64_t promised;
	uint64_t max;
	struct credit_pool *parent; /* also charged; may be NULL */
};

/* One direction of one channel at a relay.  Fields belong to this module. */
struct credit {
	struct credit_pool *pool;
	uint64_t granted;   /* the sender may begin a frame below this offset */
	uint64_t received;  /* bytes of frames that came in */
	uint64_t drained;   /* bytes of frames that went out */
	uint64_t frames;    /* that came in and did not go out */
	uint64_t allowance; /* A, as last computed */
	uint64_t mark_time; /* start of the current measuring interval */
	uint64_t mark_drained;
	bool ran_empty; /* in the current interval */
	bool idle;      /* nothing was queued after the last drain */
	bool closed;    /* the sender is gone */
	bool shaped;    /* shares a rate */
};

/*
 * Start at now_ns with start bytes granted (PROTOCOL.md section 6), charged to
 * pool, which may be NULL and must otherwise outlive credit.  Returns -1 when
 * the pool has no room; credit then grants nothing and may still be ended.
 */
int credit_init(struct credit *credit, struct credit_pool *pool, uint64_t start,
    uint64_t now_ns);

/*
 * The sender is gone: give back to the pool what was promised and did not
 * come.  What is queued is given back as it is drained.
 */
void credit_close(struct credit *credit);

/* Give back to the pool all that is charged: what is queued is dropped. */
void credit_end(struct credit *credit);

/*
 * A frame of n wire bytes came in.  Returns -1 when the sender had no credit
 * for its first byte: it broke the protocol.
 */
int credit_received(struct credit *credit, size_t n);

/*
 * A frame of n wire bytes went out at now_ns; empty says that the queue is now
 * empty.  rtt_ns is the minimum round trip of the incoming link.  The grant may
 * rise by that: see credit_raise().
 */
void credit_drained(struct credit *credit, size_t n, bool empty,
    uint64_t rtt_ns, uint64_t now_ns);

/*
 * Return the offset that should be paid for: what the grant should rise to,
 * when it can rise enough to be worth telling (by A/8), else what has come in.
 */
uint64_t credit_reach(const struct credit *credit);

/*
 * Raise the grant as it should be, but no further than what is paid for
 * (UINT64_MAX where nothing has to be).  Returns true when it rose enough to
 * tell the sender: credit_granted().  Once closed it does not rise.
 */
bool credit_raise(struct credit *credit, uint64_t paid);

/* Return whether the next frame may go out when so much is paid for. */
bool credit_is_paid(const struct credit *credit, uint64_t paid);

/*
 * The channel begins to share a rate, or does so no more.  When it begins, the
 * least allowance holds until there is another measure.  While it does, f is 8
 * and not 2 where the queue ran empty: the rate keeps it empty, and what is
 * granted ahead is for a sender that is slow to use it.  A rise by A/32 is
 * worth telling then.
 */
void credit_shape(struct credit *credit, bool shaped);

/* Return the offset to announce. */
uint64_t credit_granted(const struct credit *credit);

/* Return what the frames cost that came in and did not go out, in bytes. */
uint64_t credit_held(const struct credit *credit);

#endif
