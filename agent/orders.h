/* SPDX-License-Identifier: ISC */
/*
 * orders: what the owner's gateway tells this agent itself, over streams to
 * the reserved target "@agent" (protocol/agentorder.h).
 *
 *	stream --order--> executed --answer--> stream, one by one
 *
 * Whether a caller may give orders was judged before (callers.c).  A stream
 * that sends what is no order is reset; one that sends another order before it
 * has taken the answer waits in the 256 bytes of its buffer, and is reset
 * beyond that.
 */
#ifndef INROAD_AGENT_ORDERS_H
#define INROAD_AGENT_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agentorder;
struct agentorder_answer;
struct loop;
struct orders;
struct stream;

/* Streams at a time: a gateway has one, and takes it for a moment. */
#define ORDERS_STREAMS_MAX 16

/* Executes order and fills *answer. */
typedef void orders_execute(const struct agentorder *order,
    struct agentorder_answer *answer, void *arg);

/* Return orders without a stream, or NULL. */
struct orders *orders_new(
    struct loop *loop, orders_execute *execute, void *arg);

/* Reset all streams and free; NULL is allowed. */
void orders_free(struct orders *orders);

/*
 * Take orders from stream, which wants to be opened; it is answered here, in
 * any case.
 */
void orders_serve(struct orders *orders, struct stream *stream);

#endif
