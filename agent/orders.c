/* SPDX-License-Identifier: ISC */
#include "agent/orders.h"

#include <stdio.h>
#include <string.h>

#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/agentorder.h"
#include "protocol/stream.h"

struct orders {
	struct loop *loop;
	orders_execute *execute;
	void *arg;
	struct list desks;
	size_t count;
};

/* A stream that brings orders. */
struct desk {
	struct list node;
	struct orders *orders;
	struct stream *stream;
	uint8_t in[AGENTORDER_MAX];
	size_t in_len;
	uint8_t out[AGENTORDER_ANSWER_MAX]; /* the answer under way */
	size_t out_len;
	size_t out_sent;
	bool ended;            /* our half; the peer's ended before */
	struct loop_task rest; /* what must not be done inside pull() */
};

/* --- the end ------------------------------------------------------------- */

/* Let go of desk, whose stream is let go of. */
static void
close_desk(struct desk *desk)
{
	struct orders *orders = desk->orders;

	loop_task_cancel(orders->loop, &desk->rest);
	list_remove(&desk->node);
	orders->count--;
	loop_reap(orders->loop, desk, mem_free);
}

static void
reset_desk(struct desk *desk, enum code code)
{
	stream_reset(desk->stream, code, 0);
	close_desk(desk);
}

/* --- orders -------------------------------------------------------------- */

/* Execute the order at the beginning of the buffer; false: it is not whole. */
static bool
execute_one(struct desk *desk, enum wire_result *result)
{
	struct agentorder_answer answer = { .code = CODE_OK };
	struct agentorder order;
	size_t used = 0;

	*result = agentorder_decode(&order, desk->in, desk->in_len, &used);
	if (*result != WIRE_OK) {
		return false;
	}
	desk->in_len -= used;
	memmove(desk->in, desk->in + used, desk->in_len);
	stream_consumed(desk->stream, used, loop_now(desk->orders->loop));
	if (order.verb == AGENTORDER_UNKNOWN) {
		answer.code = CODE_VERSION;
		(void)snprintf(answer.text, sizeof(answer.text),
		    "This agent does not know that order; update it.");
	} else {
		desk->orders->execute(&order, &answer, desk->orders->arg);
	}
	desk->out_len = agentorder_encode_answer(&answer, desk->out);
	desk->out_sent = 0;
	return true;
}

/* Go on with the next order once the last is answered. */
static void
advance(struct desk *desk)
{
	enum wire_result result = WIRE_OK;

	if (desk->out_sent < desk->out_len) {
		return;
	}
	if (!execute_one(desk, &result)) {
		if (result == WIRE_BAD ||
		    (stream_has_fin(desk->stream) && desk->in_len > 0)) {
			reset_desk(desk, CODE_PROTOCOL_ERROR);
			return;
		}
		if (!stream_has_fin(desk->stream)) {
			return;
		}
	}
	/* There is an answer to say, or nothing more. */
	stream_ready(desk->stream);
}

static void
on_rest(void *arg)
{
	struct desk *desk = arg;

	if (desk->ended) {
		stream_release(desk->stream);
		close_desk(desk);
	} else {
		advance(desk);
	}
}

/* --- the stream ---------------------------------------------------------- */

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct desk *desk = arg;
	size_t n = desk->out_len - desk->out_sent;

	n = n < max ? n : max;
	if (n > 0) {
		memcpy(out, desk->out + desk->out_sent, n);
		desk->out_sent += n;
	} else if (stream_has_fin(desk->stream) && desk->in_len == 0) {
		*fin = true;
		desk->ended = true;
	}
	if (desk->ended || (n > 0 && desk->out_sent == desk->out_len)) {
		loop_defer(desk->orders->loop, &desk->rest);
	}
	return n;
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct desk *desk = arg;

	if (len > sizeof(desk->in) - desk->in_len) {
		reset_desk(desk, CODE_PROTOCOL_ERROR);
		return;
	}
	memcpy(desk->in + desk->in_len, data, len);
	desk->in_len += len;
	advance(desk);
}

static void
on_fin(void *arg)
{
	advance(arg);
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct desk *desk = arg;

	(void)code;
	(void)error;
	stream_release(desk->stream);
	close_desk(desk);
}

static const struct stream_ops desk_ops = {
	.pull = on_pull,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

/* --- life ---------------------------------------------------------------- */

struct orders *
orders_new(struct loop *loop, orders_execute *execute, void *arg)
{
	struct orders *orders = mem_new(1, sizeof(*orders));

	if (orders != NULL) {
		orders->loop = loop;
		orders->execute = execute;
		orders->arg = arg;
		list_init(&orders->desks);
	}
	return orders;
}

void
orders_free(struct orders *orders)
{
	if (orders == NULL) {
		return;
	}
	while (!list_empty(&orders->desks)) {
		reset_desk(
		    list_entry(list_first(&orders->desks), struct desk, node),
		    CODE_GOING_DOWN);
	}
	mem_free(orders);
}

void
orders_serve(struct orders *orders, struct stream *stream)
{
	struct stream_opened opened = { .code = CODE_OVERLOADED };
	struct desk *desk = NULL;

	if (orders->count < ORDERS_STREAMS_MAX) {
		desk = mem_new(1, sizeof(*desk));
	}
	if (desk == NULL) {
		(void)snprintf(opened.text, sizeof(opened.text),
		    "The agent has no room for another order.");
		stream_answer(stream, &opened);
		return;
	}
	desk->orders = orders;
	desk->stream = stream;
	loop_task_init(&desk->rest, on_rest, desk);
	list_push_back(&orders->desks, &desk->node);
	orders->count++;
	stream_set_owner(stream, &desk_ops, desk);
	opened.code = CODE_OK;
	stream_answer(stream, &opened);
}
