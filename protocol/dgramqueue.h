/* SPDX-License-Identifier: ISC */
/*
 * dgramqueue: the datagrams of one association that wait to be sealed
 * (PROTOCOL.md section 8).
 *
 * What a network does that is short of room: no more than LIMITS_DGRAM_QUEUE
 * datagrams and LIMITS_DGRAM_QUEUE_BYTES wait, the oldest give way, and none
 * is handed out that waited longer than LIMITS_DGRAM_AGE.  So whoever sends
 * too much loses what is of least use, and a path that stood still does not
 * begin with what nobody waits for any more.
 *
 * Each is kept as the payload that it will have.  What is lost is counted.
 * Time is monotonic nanoseconds by argument.
 */
#ifndef INROAD_PROTOCOL_DGRAMQUEUE_H
#define INROAD_PROTOCOL_DGRAMQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"

struct dgram_address;

/* Fields belong to this module. */
struct dgramqueue {
	struct list items;
	size_t count;
	size_t bytes;
	uint64_t *total;   /* bytes of all queues that share it */
	uint64_t *dropped; /* datagrams, likewise */
};

/*
 * Set up an empty queue, which counts its bytes in *total and what it loses
 * in *dropped, too; both outlive it.
 */
void dgramqueue_init(
    struct dgramqueue *queue, uint64_t *total, uint64_t *dropped);

/*
 * Queue the len bytes at data for address.  Returns 0, or -1 when it is lost
 * instead: too long, no memory, or LIMITS_DGRAM_SESSION_BYTES in *total.
 */
int dgramqueue_push(struct dgramqueue *queue,
    const struct dgram_address *address, const uint8_t *data, size_t len,
    uint64_t now_ns);

/*
 * Return the payload of the oldest one that is not too old, and its length in
 * *len; NULL when there is none.  It stays in the queue.
 */
const uint8_t *dgramqueue_first(
    struct dgramqueue *queue, uint64_t now_ns, size_t *len);

/* Take out the oldest one: it was sealed. */
void dgramqueue_pop(struct dgramqueue *queue);

/* Lose everything. */
void dgramqueue_clear(struct dgramqueue *queue);

/* Return true when nothing waits. */
bool dgramqueue_is_empty(const struct dgramqueue *queue);

#endif
