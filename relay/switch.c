/* SPDX-License-Identifier: ISC */
#include "relay/switch.h"

#include <inttypes.h>
#include <string.h>

#include "common/blob.h"
#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "relay/toll.h"

/* What may be promised: most circuits never use what they could. */
#define PROMISE_FACTOR 4

/* A shortage of memory is logged at most so often. */
#define COMPLAIN_INTERVAL (60 * LIMITS_SEC)

/* A body that waits for the other link. */
struct body {
	struct blob *blob;
	struct body *next;
};

/* It and the head of its blob, each rounded up by an allocator that adds 16. */
_Static_assert(sizeof(struct body) + 16 + 12 + 16 + 15 <=
		   LIMITS_QUEUE_OVERHEAD + LIMITS_FRAME_HEAD_LEN,
    "a queued record costs more than it is charged");

/* One direction: what came from one side and goes to the other. */
struct lane {
	struct switch_circuit *circuit;
	struct channel *from; /* NULL once gone */
	enum code lost;       /* what is told when the link of `from` is gone */
	const char *lost_text;
	enum linkhello_role role; /* of who is at `from` */
	struct credit credit;
	struct toll_gate gates[SWITCH_TOLLS];
	uint64_t copied; /* bytes handed on */
	struct body *first;
	struct body **last;
};

/* What one side is told when it has all that the other had sent. */
struct farewell {
	enum code code;
	bool passed_on; /* said by the other side, not by us */
	char *text;     /* NULL: what code means */
};

struct switch_circuit {
	struct switch_board *board;
	struct lane lanes[SWITCH_ENDS]; /* from that end to the other */
	struct farewell farewell;       /* once one is gone */
	switch_left *left;
	void *arg;
	struct list all; /* in board->circuits */
};

struct switch_board {
	struct loop *loop;
	struct credit_pool pool;
	uint64_t budget;
	uint64_t queued;
	uint64_t copied[SWITCH_ENDS]; /* by where they came from */
	uint64_t shed;
	uint64_t shed_logged; /* when last, 0: never */
	uint64_t full_logged; /* likewise */
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

/* What a body of len bytes costs while it waits. */
static uint64_t
cost(size_t len)
{
	return wire_len(len) + LIMITS_QUEUE_OVERHEAD;
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
	lane->circuit->board->queued += cost(len);
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
	lane->circuit->board->queued -= cost(blob_len(blob));
	return blob;
}

/* Nobody is there to get it any more. */
static void
lane_drop(struct lane *lane)
{
	struct blob *blob = lane_pop(lane);

	while (blob != NULL) {
		blob_unref(blob);
		blob = lane_pop(lane);
	}
	for (int i = 0; i < SWITCH_TOLLS; i++) {
		toll_leave(&lane->gates[i]);
	}
	credit_end(&lane->credit);
}

static enum switch_end
lane_end(const struct lane *lane)
{
	return lane == &lane->circuit->lanes[SWITCH_AGENT] ? SWITCH_AGENT
							   : SWITCH_GATEWAY;
}

/*
 * Each channel is the source of one lane and the sink of the other; its
 * callbacks get the lane whose source it is.
 */
static struct lane *
opposite(const struct lane *lane)
{
	return &lane->circuit->lanes[SWITCH_ENDS - 1 - lane_end(lane)];
}

/* Return the channel that gets what lane holds, or NULL. */
static struct channel *
lane_to(const struct lane *lane)
{
	return opposite(lane)->from;
}

/* Return up to where lane is paid for. */
static uint64_t
lane_paid(const struct lane *lane)
{
	uint64_t paid = TOLL_PAID_ALL;

	for (int i = 0; i < SWITCH_TOLLS; i++) {
		uint64_t here = toll_paid(&lane->gates[i]);

		paid = here < paid ? here : paid;
	}
	return paid;
}

/* Have the tolls of lane, if they have a rate, pay for what it could use. */
static void
lane_ask(struct lane *lane)
{
	for (int i = 0; i < SWITCH_TOLLS; i++) {
		if (toll_is_limited(&lane->gates[i])) {
			(void)toll_reach(
			    &lane->gates[i], credit_reach(&lane->credit));
		}
	}
}

/* Grant what may be granted now, and ask for what may not. */
static void
lane_grant(struct lane *lane)
{
	if (lane->from != NULL &&
	    credit_raise(&lane->credit, lane_paid(lane))) {
		channel_credit(lane->from, credit_granted(&lane->credit));
	}
	lane_ask(lane);
}

/* --- circuits -------------------------------------------------------- */

static void
destroy(void *object)
{
	struct switch_circuit *circuit = object;

	mem_free(circuit->farewell.text);
	mem_free(circuit);
}

/* The source of lane is gone; with the second one circuit is, too. */
static void
leave(struct lane *lane)
{
	struct switch_circuit *circuit = lane->circuit;
	struct lane *back = opposite(lane);

	lane->from = NULL;
	credit_close(&lane->credit);
	lane_ask(lane); /* for no more than what came */
	lane_drop(back);
	if (back->from == NULL) {
		list_remove(&circuit->all);
		circuit->board->count--;
		loop_reap(circuit->board->loop, circuit, destroy);
	}
	circuit->left(circuit, lane_end(lane), circuit->arg);
}

/* Lane is empty, its source is gone: tell who got it all. */
static void
say_farewell(struct lane *lane, const struct farewell *farewell)
{
	struct channel *to = lane_to(lane);

	if (farewell->passed_on) {
		channel_detach_by(
		    to, lane->role, farewell->code, farewell->text);
	} else {
		channel_detach(to, farewell->code, farewell->text);
	}
	leave(opposite(lane));
}

/* The source of lane is gone; farewell is for the other side. */
static void
part(struct lane *lane, bool passed_on, enum code code, const char *text)
{
	struct farewell *farewell = &lane->circuit->farewell;

	leave(lane);
	if (lane_to(lane) == NULL) {
		return;
	}
	farewell->code = code;
	farewell->passed_on = passed_on;
	/* Without memory the code has to do. */
	farewell->text = mem_strdup(text);
	if (lane->first == NULL) {
		say_farewell(lane, farewell);
	}
}

void
switch_lose(struct switch_circuit *circuit, enum switch_end end)
{
	struct lane *lane = &circuit->lanes[end];

	if (lane->from != NULL) {
		channel_free(lane->from);
		part(lane, false, lane->lost, lane->lost_text);
	}
}

void
switch_end(struct switch_circuit *circuit, enum code code, const char *text)
{
	for (int i = 0; i < SWITCH_ENDS; i++) {
		struct lane *lane = &circuit->lanes[i];

		if (lane->from != NULL) {
			channel_detach(lane->from, code, text);
			leave(lane);
		}
	}
}

static uint64_t
circuit_held(const struct switch_circuit *circuit)
{
	return credit_held(&circuit->lanes[SWITCH_GATEWAY].credit) +
	       credit_held(&circuit->lanes[SWITCH_AGENT].credit);
}

/* Return true when there is no room for another circuit. */
static bool
is_full(const struct switch_board *board)
{
	return board->queued > board->budget / 4 * 3;
}

/* Say that memory is short and what comes of it, unless *last was lately. */
static void
complain(struct switch_board *board, uint64_t *last, const char *what)
{
	uint64_t now = loop_now(board->loop);

	if (*last != 0 && now - *last < COMPLAIN_INTERVAL) {
		return;
	}
	*last = now;
	log_write(LOG_LEVEL_WARN, "relay", 0,
	    "short of memory, with %" PRIu64 " of %" PRIu64 " bytes queued: %s",
	    board->queued, board->budget, what);
}

/* Return how much the circuit holds that holds most. */
static uint64_t
most_held(const struct switch_board *board)
{
	struct list *node = list_first(&board->circuits);
	uint64_t most = 0;

	for (; node != NULL; node = list_after(&board->circuits, node)) {
		uint64_t held =
		    circuit_held(list_entry(node, struct switch_circuit, all));

		most = held > most ? held : most;
	}
	return most;
}

/* End circuits that hold more than bar until there is room for new ones. */
static void
shed_above(struct switch_board *board, uint64_t bar)
{
	struct list *node = list_first(&board->circuits);
	struct list *next;

	for (; node != NULL && is_full(board); node = next) {
		struct switch_circuit *circuit =
		    list_entry(node, struct switch_circuit, all);

		next = list_after(&board->circuits, node);
		if (circuit_held(circuit) > bar) {
			board->shed++;
			switch_end(circuit, CODE_OVERLOADED,
			    "the relay is short of memory");
		}
	}
}

/*
 * End the fullest circuits.  Halving the bar looks at all of them a few times
 * for an eighth of the budget, and not once for each body that is too much.
 */
static void
shed(struct switch_board *board)
{
	uint64_t most = most_held(board);

	complain(board, &board->shed_logged, "the fullest channels are ended");
	for (; most > 0 && is_full(board); most = most_held(board)) {
		shed_above(board, most / 2);
	}
}

/* --- what the channels say ------------------------------------------- */

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	struct lane *lane = arg;
	struct switch_board *board = lane->circuit->board;

	if (lane_to(lane) == NULL) {
		return;
	}
	if (credit_received(&lane->credit, wire_len(len)) != 0) {
		switch_end(lane->circuit, CODE_PROTOCOL_ERROR,
		    "more was sent than the credit allowed");
		return;
	}
	if (lane_push(lane, body, len) != 0) {
		switch_end(lane->circuit, CODE_OVERLOADED,
		    "the relay is out of memory");
		return;
	}
	lane_ask(lane);
	channel_ready(lane_to(lane));
	if (board->queued > board->budget / 10 * 9) {
		shed(board);
	}
}

/* A body of n wire bytes was handed on. */
static void
drained(struct lane *lane, size_t n)
{
	struct switch_board *board = lane->circuit->board;
	uint64_t rtt = 0;

	board->copied[lane_end(lane)] += n;
	lane->copied += n;
	if (lane->from != NULL) {
		rtt = link_rtt(channel_link(lane->from));
	}
	for (int i = 0; i < SWITCH_TOLLS; i++) {
		toll_count(&lane->gates[i], n);
	}
	credit_drained(
	    &lane->credit, n, lane->first == NULL, rtt, loop_now(board->loop));
	lane_grant(lane);
}

static struct blob *
on_pull(void *arg)
{
	struct lane *lane = opposite(arg);
	struct blob *blob;

	if (lane->first != NULL &&
	    !credit_is_paid(&lane->credit, lane_paid(lane))) {
		return NULL; /* on_paid() says when */
	}
	blob = lane_pop(lane);
	if (blob != NULL) {
		drained(lane, wire_len(blob_len(blob)));
	} else if (lane->from == NULL) {
		say_farewell(lane, &lane->circuit->farewell);
	}
	return blob;
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct lane *lane = arg;

	if (link_is_up(channel_link(lane->from))) {
		part(lane, true, code, text);
	} else {
		/* How the link ended is between its ends. */
		part(lane, false, lane->lost, lane->lost_text);
	}
}

static const struct channel_ops callbacks = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

/* --- what the tolls say ---------------------------------------------- */

/* A rate begins to hold: what was granted was granted. */
static uint64_t
on_promised(void *arg)
{
	struct lane *lane = arg;

	credit_shape(&lane->credit, true);
	return credit_granted(&lane->credit);
}

static void
on_paid(void *arg)
{
	struct lane *lane = arg;

	if (lane_paid(lane) == TOLL_PAID_ALL) {
		credit_shape(&lane->credit, false);
	}
	lane_grant(lane);
	if (lane->first != NULL) {
		channel_ready(lane_to(lane));
	}
}

static const struct toll_ops tolling = {
	.promised = on_promised,
	.paid = on_paid,
};

/* --- tying ----------------------------------------------------------- */

/* Let lane begin at side. */
static int
lane_init(struct lane *lane, struct switch_circuit *circuit,
    const struct switch_side *side)
{
	lane->circuit = circuit;
	lane->last = &lane->first;
	lane->lost = side->lost;
	lane->lost_text = side->lost_text;
	lane->role = link_role(side->link);
	lane->from = channel_new(
	    side->link, side->channel, side->group, &callbacks, lane);
	if (lane->from == NULL) {
		return -1;
	}
	return credit_init(&lane->credit, side->pool, LIMITS_CREDIT_START,
	    loop_now(circuit->board->loop));
}

/* What comes from side counts for its tolls. */
static void
lane_toll(struct lane *lane, const struct switch_side *side)
{
	for (int i = 0; i < SWITCH_TOLLS; i++) {
		toll_enter(side->tolls[i], &lane->gates[i], &tolling, lane);
		if (toll_is_limited(&lane->gates[i])) {
			credit_shape(&lane->credit, true);
		}
	}
}

enum code
switch_tie(struct switch_board *board, const struct switch_side *gateway,
    const struct switch_side *agent, switch_left *left, void *arg,
    struct switch_circuit **out)
{
	struct switch_circuit *circuit = NULL;
	struct lane *up;
	struct lane *down;

	if (is_full(board)) {
		complain(
		    board, &board->full_logged, "no new channels are taken");
	} else {
		circuit = mem_new(1, sizeof(*circuit));
	}
	if (circuit == NULL) {
		return CODE_OVERLOADED;
	}
	circuit->board = board;
	up = &circuit->lanes[SWITCH_GATEWAY];
	down = &circuit->lanes[SWITCH_AGENT];
	if (lane_init(up, circuit, gateway) != 0 ||
	    lane_init(down, circuit, agent) != 0) {
		goto fail;
	}
	lane_toll(up, gateway);
	lane_toll(down, agent);
	circuit->left = left;
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

uint64_t
switch_copied(const struct switch_circuit *circuit, enum switch_end from)
{
	return circuit->lanes[from].copied;
}

void
switch_get_stats(const struct switch_board *board, struct switch_stats *out)
{
	out->circuits = board->count;
	out->queued = board->queued;
	out->promised = board->pool.promised;
	memcpy(out->copied, board->copied, sizeof(out->copied));
	out->shed = board->shed;
}
