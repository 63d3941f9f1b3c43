/* SPDX-License-Identifier: ISC */
#include "relay/switch.h"

#include <string.h>

#include "common/blob.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/limits.h"
#include "protocol/link.h"

/* What may be promised: most circuits never use what they could. */
#define PROMISE_FACTOR 4

/* A body that waits for the other link. */
struct body {
	struct blob *blob;
	struct body *next;
};

/* One direction: what came from one side and goes to the other. */
struct lane {
	struct switch_circuit *circuit;
	struct channel *from; /* NULL once gone */
	struct channel *to;   /* likewise */
	enum code lost; /* what `to` is told when the link of `from` is gone */
	const char *lost_text;
	struct credit credit;
	struct body *first;
	struct body **last;
};

enum lane_name {
	LANE_UP,   /* gateway to agent */
	LANE_DOWN, /* agent to gateway */
	LANES,
};

struct switch_circuit {
	struct switch_board *board;
	struct lane lanes[LANES];
	switch_ended *ended; /* NULL once over */
	void *arg;
	struct list all; /* in board->circuits */
};

struct switch_board {
	struct loop *loop;
	struct credit_pool pool;
	uint64_t budget;
	uint64_t queued;
	uint64_t copied;
	uint32_t count;
	struct list circuits;
};

struct switch_board *
switch_new(struct loop *loop, uint64_t budget)
{
	struct switch_board *board = mem_new(1, sizeof(*board));

	if (board != NULL) {
		board->loop = loop;
		board->budget = budget;
		board->pool.max = PROMISE_FACTOR * budget;
		list_init(&board->circuits);
	}
	return board;
}

void
switch_free(struct switch_board *board)
{
	mem_free(board);
}

struct credit_pool *
switch_pool(struct switch_board *board)
{
	return &board->pool;
}

/* --- lanes ----------------------------------------------------------- */

static uint64_t
wire_len(size_t body)
{
	return LIMITS_FRAME_HEAD_LEN + body;
}

static int
lane_push(struct lane *lane, const uint8_t *data, size_t len)
{
	struct body *body = mem_new(1, sizeof(*body));

	if (body == NULL) {
		return -1;
	}
	body->blob = blob_new(len);
	if (body->blob == NULL) {
		mem_free(body);
		return -1;
	}
	memcpy(blob_data(body->blob), data, len);
	blob_set_len(body->blob, len);
	*lane->last = body;
	lane->last = &body->next;
	lane->circuit->board->queued += wire_len(len);
	return 0;
}

/* Take the oldest body out, or return NULL. */
static struct blob *
lane_pop(struct lane *lane)
{
	struct body *body = lane->first;
	struct blob *blob;

	if (body == NULL) {
		return NULL;
	}
	lane->first = body->next;
	if (lane->first == NULL) {
		lane->last = &lane->first;
	}
	blob = body->blob;
	mem_free(body);
	lane->circuit->board->queued -= wire_len(blob_len(blob));
	return blob;
}

static void
lane_end(struct lane *lane)
{
	struct blob *blob = lane_pop(lane);

	while (blob != NULL) {
		blob_unref(blob);
		blob = lane_pop(lane);
	}
	credit_end(&lane->credit);
}

/* --- circuits -------------------------------------------------------- */

static void
destroy(void *object)
{
	mem_free(object);
}

/* The one teardown; the channels that are still there are told. */
static void
end(struct switch_circuit *circuit, enum code code, const char *text)
{
	struct channel *gateway = circuit->lanes[LANE_UP].from;
	struct channel *agent = circuit->lanes[LANE_UP].to;

	circuit->lanes[LANE_UP].from = NULL;
	circuit->lanes[LANE_UP].to = NULL;
	circuit->lanes[LANE_DOWN].from = NULL;
	circuit->lanes[LANE_DOWN].to = NULL;
	if (gateway != NULL) {
		channel_detach(gateway, code, text);
	}
	if (agent != NULL) {
		channel_detach(agent, code, text);
	}
	for (int i = 0; i < LANES; i++) {
		lane_end(&circuit->lanes[i]);
	}
	list_remove(&circuit->all);
	circuit->board->count--;
	loop_reap(circuit->board->loop, circuit, destroy);
}

static void
end_and_tell(struct switch_circuit *circuit, enum code code, const char *text)
{
	switch_ended *ended = circuit->ended;

	if (ended == NULL) {
		return;
	}
	circuit->ended = NULL;
	end(circuit, code, text);
	ended(circuit, circuit->arg);
}

void
switch_end(struct switch_circuit *circuit, enum code code, const char *text)
{
	if (circuit->ended != NULL) {
		circuit->ended = NULL;
		end(circuit, code, text);
	}
}

static uint64_t
circuit_queued(const struct switch_circuit *circuit)
{
	return credit_queued(&circuit->lanes[LANE_UP].credit) +
	       credit_queued(&circuit->lanes[LANE_DOWN].credit);
}

/* End the circuit that holds most. */
static void
shed(struct switch_board *board)
{
	struct switch_circuit *fullest = NULL;
	struct list *node = list_first(&board->circuits);

	for (; node != NULL; node = list_after(&board->circuits, node)) {
		struct switch_circuit *circuit =
		    list_entry(node, struct switch_circuit, all);

		if (fullest == NULL ||
		    circuit_queued(circuit) > circuit_queued(fullest)) {
			fullest = circuit;
		}
	}
	if (fullest != NULL) {
		end_and_tell(
		    fullest, CODE_OVERLOADED, "the relay is short of memory");
	}
}

/* --- what the channels say ------------------------------------------- */

/*
 * Each channel is the source of one lane and the sink of the other; its
 * callbacks get the lane whose source it is.
 */
static struct lane *
opposite(struct lane *lane)
{
	struct lane *lanes = lane->circuit->lanes;

	return lane == &lanes[LANE_UP] ? &lanes[LANE_DOWN] : &lanes[LANE_UP];
}

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	struct lane *lane = arg;
	struct switch_board *board = lane->circuit->board;

	if (lane->to == NULL) {
		return;
	}
	if (credit_received(&lane->credit, wire_len(len)) != 0) {
		end_and_tell(lane->circuit, CODE_PROTOCOL_ERROR,
		    "more was sent than the credit allowed");
		return;
	}
	if (lane_push(lane, body, len) != 0) {
		end_and_tell(lane->circuit, CODE_OVERLOADED,
		    "the relay is out of memory");
		return;
	}
	channel_ready(lane->to);
	if (board->queued > board->budget / 10 * 9) {
		shed(board);
	}
}

static struct blob *
on_pull(void *arg)
{
	struct lane *lane = opposite(arg);
	struct blob *blob = lane_pop(lane);
	struct loop *loop = lane->circuit->board->loop;

	if (blob == NULL) {
		return NULL;
	}
	lane->circuit->board->copied += wire_len(blob_len(blob));
	if (credit_drained(&lane->credit, wire_len(blob_len(blob)),
		lane->first == NULL, link_rtt(channel_link(lane->from)),
		loop_now(loop))) {
		channel_credit(lane->from, credit_granted(&lane->credit));
	}
	if (lane->first != NULL) {
		channel_ready(lane->to);
	}
	return blob;
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct lane *lane = arg;
	struct lane *back = opposite(lane);
	const struct link *link = channel_link(lane->from);

	if (link_is_up(link)) {
		channel_detach_by(lane->to, link_role(link), code, text);
	} else {
		/* How the link ended is between its ends. */
		channel_detach(lane->to, lane->lost, lane->lost_text);
	}
	lane->from = NULL;
	lane->to = NULL;
	back->from = NULL;
	back->to = NULL;
	end_and_tell(lane->circuit, code, text);
}

static const struct channel_ops callbacks = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

/* --- tying ----------------------------------------------------------- */

/* Let lane begin: from side to channel `to`. */
static int
lane_init(struct lane *lane, struct switch_circuit *circuit,
    const struct switch_side *side)
{
	lane->circuit = circuit;
	lane->last = &lane->first;
	lane->lost = side->lost;
	lane->lost_text = side->lost_text;
	lane->from = channel_new(
	    side->link, side->channel, side->group, &callbacks, lane);
	if (lane->from == NULL) {
		return -1;
	}
	return credit_init(&lane->credit, side->pool, LIMITS_CREDIT_START,
	    loop_now(circuit->board->loop));
}

enum code
switch_tie(struct switch_board *board, const struct switch_side *gateway,
    const struct switch_side *agent, switch_ended *ended, void *arg,
    struct switch_circuit **out)
{
	struct switch_circuit *circuit = NULL;
	struct lane *up;
	struct lane *down;

	if (board->queued <= board->budget / 4 * 3) {
		circuit = mem_new(1, sizeof(*circuit));
	}
	if (circuit == NULL) {
		return CODE_OVERLOADED;
	}
	circuit->board = board;
	up = &circuit->lanes[LANE_UP];
	down = &circuit->lanes[LANE_DOWN];
	if (lane_init(up, circuit, gateway) != 0 ||
	    lane_init(down, circuit, agent) != 0) {
		goto fail;
	}
	up->to = down->from;
	down->to = up->from;
	circuit->ended = ended;
	circuit->arg = arg;
	list_push_back(&board->circuits, &circuit->all);
	board->count++;
	*out = circuit;
	return CODE_OK;

fail:
	credit_end(&up->credit);
	credit_end(&down->credit);
	channel_free(up->from);
	channel_free(down->from);
	mem_free(circuit);
	return CODE_OVERLOADED;
}

struct channel *
switch_gateway_channel(const struct switch_circuit *circuit)
{
	return circuit->lanes[LANE_UP].from;
}

void
switch_get_stats(const struct switch_board *board, struct switch_stats *out)
{
	out->circuits = board->count;
	out->queued = board->queued;
	out->promised = board->pool.promised;
	out->copied = board->copied;
}
