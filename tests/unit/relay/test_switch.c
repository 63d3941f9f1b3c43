/* SPDX-License-Identifier: ISC */
/*
 * Circuits: what comes in goes out, within what was promised, and how they end
 * (PROTOCOL.md sections 5 and 6).
 *
 * Both sides are real links.  Their far ends are real too, or raw ones, which
 * say anything and read when the test does.
 */
#include "relay/switch.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "protocol/link.h"
#include "relay/toll.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/linkpair.h"
#include "tests/support/rawlink.h"
#include "tests/support/unit.h"

/* A body as long as the shortest record, and the longest. */
#define SHORT (LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN)
#define LONG LIMITS_FRAME_BODY_MAX

#define WIRE(body) ((uint64_t)LIMITS_FRAME_HEAD_LEN + (body))

#define BUDGET (UINT64_C(16) << 20)

/* One side of the circuit, and its far end. */
struct side {
	struct linkpair pair;
	struct linkpair_peer peer; /* of a real far end */
	struct rawlink raw;        /* another one */
	bool is_raw;
	uint32_t channel;
	int left; /* how often we were told so */
};

static struct side sides[SWITCH_ENDS];
static struct side *const gateway = &sides[SWITCH_GATEWAY];
static struct side *const agent = &sides[SWITCH_AGENT];
static struct loop *loop;
static struct switch_board *board;
static struct credit_pool pool;
static struct switch_circuit *circuit;
/* Of what either side sends; NULL but for the tests of rates. */
static struct toll *tolls[SWITCH_ENDS][SWITCH_TOLLS];

/* --- the rig ------------------------------------------------------------- */

static void
setup(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	memset(sides, 0, sizeof(sides));
	gateway->raw.fd = -1;
	agent->raw.fd = -1;
	gateway->channel = 7;
	agent->channel = 3;
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	board = switch_new(loop, BUDGET);
	ck_assert_ptr_nonnull(board);
	pool = (struct credit_pool){
		.max = BUDGET,
		.parent = switch_pool(board),
	};
}

static struct switch_stats
stats(void)
{
	struct switch_stats stats;

	switch_get_stats(board, &stats);
	return stats;
}

static void
teardown(void)
{
	for (int i = 0; i < SWITCH_ENDS; i++) {
		linkpair_close(&sides[i].pair);
		rawlink_close(&sides[i].raw);
	}
	/* Nothing outlives the links. */
	ck_assert_uint_eq(stats().circuits, 0);
	ck_assert_uint_eq(stats().queued, 0);
	ck_assert_uint_eq(stats().promised, 0);
	ck_assert_uint_eq(pool.promised, 0);
	for (int i = 0; i < SWITCH_ENDS; i++) {
		for (int j = 0; j < SWITCH_TOLLS; j++) {
			toll_free(tolls[i][j]);
			tolls[i][j] = NULL;
		}
	}
	switch_free(board);
	loop_free(loop);
}

static void
settle(void)
{
	for (int i = 0; i < 50; i++) {
		loop_poll(loop);
	}
}

static enum linkhello_role
role_of(const struct side *side)
{
	return side == agent ? LINKHELLO_AGENT : LINKHELLO_GATEWAY;
}

/*
 * Read the next frame that side is sent, but what only keeps it going; its
 * type, 0 when there is none.
 */
static unsigned
raw_next(struct side *side, uint8_t *payload, size_t *len)
{
	enum frame_sender sender = side == agent ? FRAME_FROM_RELAY_TO_AGENT
						 : FRAME_FROM_RELAY_TO_GATEWAY;
	struct frame_head head;

	do {
		if (!rawlink_recv(&side->raw, sender, &head, payload, len)) {
			return 0;
		}
	} while (head.type == FRAME_PING || head.type == FRAME_CREDIT);
	return head.type;
}

static void
greet_raw(struct side *side)
{
	const struct linkhello_login login = { .user = "alice",
		.device = "office" };
	const struct linkhello_config config = {
		.static_secret = side->pair.device_secret,
		.static_public = side->pair.device_public,
		.version = LIMITS_PROTOCOL_VERSION,
		.role = role_of(side),
		.relay_public = side->pair.relay_public,
		.login = &login,
	};
	struct linkhello *hello = linkhello_new_initiator(&config);
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	size_t len;

	rawlink_init(&side->raw, loop, side->pair.fd);
	ck_assert_ptr_nonnull(hello);
	ck_assert(rawlink_greet(&side->raw, hello));
	linkhello_free(hello);
	ck_assert(raw_next(side, payload, &len) == FRAME_RESULT);
}

static void
open_side(struct side *side, bool raw)
{
	const struct linkpair_config config = {
		.agent = side == agent,
		.loop = loop,
		.no_endpoint = raw,
	};

	side->is_raw = raw;
	ck_assert_int_eq(linkpair_open(&side->pair, &config), 0);
	if (raw) {
		greet_raw(side);
		return;
	}
	ck_assert(linkpair_await_up(&side->pair));
	ck_assert_int_eq(linkpair_channel(&side->peer, &side->pair.endpoint,
			     side->channel, NULL),
	    0);
	/* Both understand the same pattern. */
	side->peer.tx_seed = 1;
	side->peer.rx_seed = 1;
}

static void
on_left(struct switch_circuit *of, enum switch_end end, void *arg)
{
	ck_assert_ptr_eq(arg, sides);
	ck_assert_ptr_eq(of, circuit);
	sides[end].left++;
}

static enum code
tie(void)
{
	struct switch_side side[SWITCH_ENDS];

	for (int i = 0; i < SWITCH_ENDS; i++) {
		side[i] = (struct switch_side){
			.link = sides[i].pair.relay.link,
			.channel = sides[i].channel,
			.pool = &pool,
			.lost = i == SWITCH_AGENT ? CODE_HOST_OFFLINE
						  : CODE_LINK_LOST,
			.lost_text = "lost",
			.tolls = { tolls[i][0], tolls[i][1] },
		};
		sides[i].left = 0;
	}
	return switch_tie(board, &side[SWITCH_GATEWAY], &side[SWITCH_AGENT],
	    on_left, sides, &circuit);
}

static void
start(bool raw_gateway, bool raw_agent)
{
	open_side(gateway, raw_gateway);
	open_side(agent, raw_agent);
	ck_assert(tie() == CODE_OK);
	ck_assert_uint_eq(stats().circuits, 1);
}

/* Both sides are gone, each was told so once, and nothing is left. */
static void
assert_over(void)
{
	ck_assert_int_eq(gateway->left, 1);
	ck_assert_int_eq(agent->left, 1);
	ck_assert_uint_eq(stats().circuits, 0);
	ck_assert_uint_eq(stats().queued, 0);
	ck_assert_uint_eq(stats().promised, 0);
}

static bool
is_detached(void *arg)
{
	const struct side *side = arg;

	return side->peer.detached > 0;
}

static void
await_detached(struct side *side, enum code code)
{
	ck_assert(await(loop, is_detached, side));
	ck_assert_int_eq(side->peer.detached, 1);
	ck_assert_msg(side->peer.code == code, "%s", side->peer.text);
}

/* Read what a raw side is sent, until DETACH; returns how many bodies. */
static int
raw_detached(struct side *side, struct linkmsg_detach *detach)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	size_t len = 0;
	enum frame_type type = raw_next(side, payload, &len);
	int bodies = 0;

	for (; type == FRAME_CARRY; bodies++) {
		type = raw_next(side, payload, &len);
	}
	ck_assert_int_eq((int)type, (int)FRAME_DETACH);
	ck_assert_int_eq(linkmsg_detach_decode(detach, payload, len), 0);
	return bodies;
}

/*
 * Let a raw side say n short records, the pattern of a peer that sends zeroes,
 * and then a frame, all at once: the relay reads them in one go.
 */
static void
raw_burst(struct side *side, int n, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	static uint8_t wire[64 * RAWLINK_FRAME_MAX];
	const uint8_t body[SHORT] = { 0 };
	size_t used = 0;

	for (int i = 0; i < n; i++) {
		used += rawlink_seal(&side->raw, FRAME_CARRY, side->channel,
		    body, sizeof(body), wire + used);
	}
	used +=
	    rawlink_seal(&side->raw, type, channel, payload, len, wire + used);
	ck_assert(rawlink_write(&side->raw, wire, used));
}

/* Likewise; the frame is a DETACH. */
static void
raw_say_and_go(struct side *side, int n, enum code code, const char *text)
{
	struct linkmsg_detach detach = { .code = code, .by = 0 };
	uint8_t payload[LIMITS_TEXT_LEN + 16];
	size_t len;

	(void)snprintf(detach.text, sizeof(detach.text), "%s", text);
	len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	raw_burst(side, n, FRAME_DETACH, side->channel, payload, len);
}

struct waiting {
	uint64_t queued;
	int polls;
};

/* The queue has not changed for a while, and is not empty. */
static bool
is_stalled(void *arg)
{
	struct waiting *waiting = arg;

	if (stats().queued != waiting->queued) {
		waiting->queued = stats().queued;
		waiting->polls = 0;
	}
	return waiting->queued > 0 && ++waiting->polls > 20;
}

/* Let side send until the relay holds what the other one does not read. */
static void
stall(struct side *side)
{
	struct waiting waiting = { .queued = 0 };
	struct side *other = side == agent ? gateway : agent;

	ck_assert(other->is_raw);
	linkpair_send(&side->peer, 1000000, LONG);
	ck_assert(await(loop, is_stalled, &waiting));
	ck_assert_uint_gt(stats().queued, LIMITS_CREDIT_MIN / 2);
}

/* --- copying ------------------------------------------------------------- */

START_TEST(what_comes_in_goes_out)
{
	start(false, false);
	linkpair_send(&gateway->peer, 300, LONG);
	linkpair_send(&agent->peer, 500, SHORT);
	ck_assert(linkpair_await_arrived(&agent->pair, &agent->peer, 300));
	ck_assert(linkpair_await_arrived(&gateway->pair, &gateway->peer, 500));
	ck_assert(agent->peer.good);
	ck_assert(gateway->peer.good);
	ck_assert_uint_eq(stats().queued, 0);
	ck_assert_uint_eq(stats().copied[SWITCH_GATEWAY], 300 * WIRE(LONG));
	ck_assert_uint_eq(stats().copied[SWITCH_AGENT], 500 * WIRE(SHORT));
}
END_TEST

START_TEST(more_than_the_credit_ends_it)
{
	struct linkmsg_detach detach;
	static uint8_t wire[8 * RAWLINK_FRAME_MAX];
	static const uint8_t body[LONG];
	size_t used = 0;

	start(true, true);
	for (int i = 0; i < 6; i++) {
		used += rawlink_seal(&gateway->raw, FRAME_CARRY,
		    gateway->channel, body, LONG, wire + used);
	}
	ck_assert(rawlink_write(&gateway->raw, wire, used));
	(void)raw_detached(gateway, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_PROTOCOL_ERROR);
	ck_assert_uint_eq(detach.by, 0);
	(void)raw_detached(agent, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_PROTOCOL_ERROR);
	ck_assert_uint_eq(detach.by, 0);
	assert_over();
}
END_TEST

/* --- rates --------------------------------------------------------------- */

static void
on_moved(void *arg, uint64_t n)
{
	uint64_t *moved = arg;

	*moved += n;
}

START_TEST(what_passes_is_counted)
{
	uint64_t up = 0;
	uint64_t down = 0;

	tolls[SWITCH_GATEWAY][0] = toll_new(loop, on_moved, &up);
	tolls[SWITCH_AGENT][1] = toll_new(loop, on_moved, &down);
	start(false, false);
	linkpair_send(&gateway->peer, 30, LONG);
	linkpair_send(&agent->peer, 50, SHORT);
	ck_assert(linkpair_await_arrived(&agent->pair, &agent->peer, 30));
	ck_assert(linkpair_await_arrived(&gateway->pair, &gateway->peer, 50));
	ck_assert_uint_eq(up, 30 * WIRE(LONG));
	ck_assert_uint_eq(down, 50 * WIRE(SHORT));
}
END_TEST

/* All of it arrives, at a rate, and nothing piles up at the relay. */
START_TEST(a_rate_loses_nothing)
{
	const uint64_t rate = 20000000;

	tolls[SWITCH_GATEWAY][0] = toll_new(loop, NULL, NULL);
	tolls[SWITCH_GATEWAY][1] = toll_new(loop, NULL, NULL);
	toll_set(tolls[SWITCH_GATEWAY][0], rate, 20000);
	toll_set(tolls[SWITCH_GATEWAY][1], rate / 2, 20000);
	start(false, false);
	linkpair_send(&gateway->peer, 200, LONG);
	linkpair_send(&agent->peer, 500, SHORT);
	ck_assert(linkpair_await_arrived(&agent->pair, &agent->peer, 200));
	ck_assert(linkpair_await_arrived(&gateway->pair, &gateway->peer, 500));
	ck_assert(agent->peer.good);
	ck_assert(gateway->peer.good);
}
END_TEST

/* Return how many bodies have arrived at the far end of side. */
static uint64_t
arrived(const struct side *side)
{
	return side->peer.arrived;
}

/* No more is granted than is paid for, from the first byte on. */
START_TEST(without_pay_nothing_goes_on)
{
	/* All that the first credit allows. */
	const uint64_t burst = 4 * WIRE(LONG);

	for (int i = 0; i < SWITCH_TOLLS; i++) {
		tolls[SWITCH_GATEWAY][i] = toll_new(loop, NULL, NULL);
	}
	toll_set(tolls[SWITCH_GATEWAY][1], 1, burst);
	start(false, false);
	linkpair_send(&gateway->peer, 100, LONG);
	ck_assert(linkpair_await_arrived(&agent->pair, &agent->peer, 4));
	settle();
	ck_assert_uint_eq(arrived(agent), 4);
	/* More is not granted, though all was handed on. */
	ck_assert_uint_eq(gateway->peer.pulled, 4);
	/* The other direction is free. */
	linkpair_send(&agent->peer, 300, LONG);
	ck_assert(linkpair_await_arrived(&gateway->pair, &gateway->peer, 300));
	/* Two tolls: the slower counts. */
	toll_set(tolls[SWITCH_GATEWAY][0], 1, burst);
	toll_set(tolls[SWITCH_GATEWAY][1], TOLL_OPEN, 0);
	settle();
	ck_assert_uint_lt(arrived(agent), 20);
	toll_set(tolls[SWITCH_GATEWAY][0], TOLL_OPEN, 0);
	ck_assert(linkpair_await_arrived(&agent->pair, &agent->peer, 100));
	ck_assert(agent->peer.good);
}
END_TEST

/* A rate that is set counts for what is granted from then on. */
START_TEST(a_rate_holds_for_who_is_there)
{
	uint64_t before;

	tolls[SWITCH_GATEWAY][0] = toll_new(loop, NULL, NULL);
	start(false, false);
	linkpair_send(&gateway->peer, 10000000, LONG);
	ck_assert(linkpair_await_arrived(&agent->pair, &agent->peer, 300));
	toll_set(tolls[SWITCH_GATEWAY][0], 1, 0);
	for (int i = 0; i < 20; i++) {
		settle();
	}
	before = arrived(agent);
	settle();
	ck_assert_uint_eq(arrived(agent), before);
	toll_set(tolls[SWITCH_GATEWAY][0], TOLL_OPEN, 0);
	ck_assert(
	    linkpair_await_arrived(&agent->pair, &agent->peer, before + 300));
}
END_TEST

/* What came before the end is paid for and handed on before it, too. */
START_TEST(the_end_waits_for_its_turn)
{
	struct linkmsg_detach detach;

	tolls[SWITCH_AGENT][0] = toll_new(loop, NULL, NULL);
	toll_set(tolls[SWITCH_AGENT][0], 1000000, 0);
	start(true, true);
	raw_say_and_go(agent, 60, CODE_DENIED, "not you");
	ck_assert_int_eq(raw_detached(gateway, &detach), 60);
	ck_assert_str_eq(detach.text, "not you");
	assert_over();
}
END_TEST

/* --- the end ------------------------------------------------------------- */

/* Nobody who says something and goes is cut short. */
START_TEST(what_was_said_comes_before_the_end)
{
	struct linkmsg_detach detach;

	start(true, true);
	raw_say_and_go(gateway, 3, CODE_GOING_DOWN, "enough");
	ck_assert_int_eq(raw_detached(agent, &detach), 3);
	ck_assert_int_eq((int)detach.code, (int)CODE_GOING_DOWN);
	ck_assert_str_eq(detach.text, "enough");
	ck_assert_uint_eq(detach.by, LINKHELLO_GATEWAY);
	assert_over();

	ck_assert(tie() == CODE_OK);
	raw_say_and_go(agent, 60, CODE_DENIED, "not you");
	ck_assert_int_eq(raw_detached(gateway, &detach), 60);
	ck_assert_int_eq((int)detach.code, (int)CODE_DENIED);
	ck_assert_str_eq(detach.text, "not you");
	ck_assert_uint_eq(detach.by, LINKHELLO_AGENT);
	assert_over();

	/* Nothing was said. */
	ck_assert(tie() == CODE_OK);
	raw_say_and_go(agent, 0, CODE_DENIED, "");
	ck_assert_int_eq(raw_detached(gateway, &detach), 0);
	ck_assert_int_eq((int)detach.code, (int)CODE_DENIED);
	assert_over();
}
END_TEST

/* A link that goes takes nothing along. */
START_TEST(what_was_said_comes_before_a_loss)
{
	const struct linkmsg_goaway goaway = { .code = CODE_GOING_DOWN };
	struct linkmsg_detach detach;
	uint8_t payload[64];
	size_t len = linkmsg_goaway_encode(&goaway, payload, sizeof(payload));

	start(true, true);
	raw_burst(agent, 5, FRAME_GOAWAY, 0, payload, len);
	ck_assert_int_eq(raw_detached(gateway, &detach), 5);
	ck_assert_int_eq((int)detach.code, (int)CODE_HOST_OFFLINE);
	ck_assert_str_eq(detach.text, "lost");
	ck_assert_uint_eq(detach.by, 0);
	assert_over();
}
END_TEST

/* Who does not read gets it all when he does; until then it is charged. */
START_TEST(a_slow_side_gets_it_all)
{
	struct linkmsg_detach detach;
	uint64_t sent;
	uint64_t queued;

	start(false, true);
	stall(gateway);
	sent = gateway->peer.pulled;
	channel_detach(gateway->peer.channel, CODE_GOING_DOWN, "enough");
	settle();
	queued = stats().queued;
	ck_assert_int_eq(gateway->left, 1);
	ck_assert_int_eq(agent->left, 0);
	ck_assert_uint_eq(stats().circuits, 1);
	/* Of the promise what did not come is given back, and what waits is
	 * not; nothing is promised for the other direction. */
	ck_assert_uint_eq(stats().promised, queued);
	ck_assert_uint_eq(pool.promised, queued);
	ck_assert_int_eq(raw_detached(agent, &detach), (int)sent);
	ck_assert_int_eq((int)detach.code, (int)CODE_GOING_DOWN);
	ck_assert_str_eq(detach.text, "enough");
	ck_assert_uint_eq(detach.by, LINKHELLO_GATEWAY);
	assert_over();
}
END_TEST

/* As before, but a whole link is gone, and another one comes. */
START_TEST(a_slow_side_gets_it_all_after_a_loss)
{
	struct linkmsg_detach detach;
	uint64_t sent;

	start(true, false);
	stall(agent);
	sent = agent->peer.pulled;
	link_close(agent->pair.endpoint.link, CODE_CANCELLED, "bye");
	settle();
	ck_assert_int_eq(agent->left, 1);
	ck_assert_int_eq(gateway->left, 0);
	ck_assert_uint_eq(pool.promised, stats().queued);
	ck_assert_int_eq(raw_detached(gateway, &detach), (int)sent);
	ck_assert_int_eq((int)detach.code, (int)CODE_HOST_OFFLINE);
	assert_over();
}
END_TEST

START_TEST(a_slow_side_may_go_as_well)
{
	start(false, true);
	stall(gateway);
	channel_detach(gateway->peer.channel, CODE_GOING_DOWN, "");
	settle();
	ck_assert_uint_eq(stats().circuits, 1);
	raw_say_and_go(agent, 5, CODE_CANCELLED, "");
	settle();
	assert_over();
}
END_TEST

START_TEST(a_slow_side_may_lose_its_link)
{
	start(false, true);
	stall(gateway);
	channel_detach(gateway->peer.channel, CODE_GOING_DOWN, "");
	settle();
	ck_assert_uint_eq(stats().circuits, 1);
	link_close(agent->pair.relay.link, CODE_LINK_LOST, "dead");
	assert_over();
	/* And before the other side goes. */
	linkpair_close(&agent->pair);
	rawlink_close(&agent->raw);
	open_side(agent, true);
	ck_assert_int_eq(linkpair_channel(&gateway->peer,
			     &gateway->pair.endpoint, ++gateway->channel, NULL),
	    0);
	ck_assert(tie() == CODE_OK);
	stall(gateway);
	link_close(agent->pair.relay.link, CODE_LINK_LOST, "dead");
	await_detached(gateway, CODE_HOST_OFFLINE);
	assert_over();
}
END_TEST

/* What waits for the side that is gone waits for nobody. */
START_TEST(what_is_for_nobody_is_dropped)
{
	start(false, true);
	stall(gateway);
	raw_say_and_go(agent, 2, CODE_CANCELLED, "");
	await_detached(gateway, CODE_CANCELLED);
	ck_assert_uint_eq(gateway->peer.arrived, 2);
	assert_over();
}
END_TEST

/* What a side says to one that is gone is not kept. */
START_TEST(what_comes_for_nobody_is_ignored)
{
	struct linkmsg_detach detach;
	uint64_t queued;

	start(false, true);
	stall(gateway);
	channel_detach(gateway->peer.channel, CODE_GOING_DOWN, "");
	settle();
	queued = stats().queued;
	/* More than its credit, if that still counted. */
	for (int i = 0; i < 10; i++) {
		const uint8_t body[LONG] = { 0 };

		ck_assert(rawlink_send(&agent->raw, FRAME_CARRY, agent->channel,
		    body, sizeof(body)));
	}
	settle();
	ck_assert_uint_eq(stats().queued, queued);
	ck_assert_uint_eq(stats().promised, queued);
	(void)raw_detached(agent, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_GOING_DOWN);
	assert_over();
}
END_TEST

/* The owner of a side may take it for lost. */
START_TEST(a_side_is_taken_for_lost)
{
	struct linkmsg_detach detach;
	uint64_t sent;

	start(false, true);
	stall(gateway);
	sent = gateway->peer.pulled;
	switch_lose(circuit, SWITCH_GATEWAY);
	ck_assert_int_eq(gateway->left, 1);
	ck_assert_int_eq(agent->left, 0);
	/* Once is enough. */
	switch_lose(circuit, SWITCH_GATEWAY);
	ck_assert_int_eq(gateway->left, 1);
	ck_assert_int_eq(raw_detached(agent, &detach), (int)sent);
	ck_assert_int_eq((int)detach.code, (int)CODE_LINK_LOST);
	ck_assert_uint_eq(detach.by, 0);
	assert_over();
}
END_TEST

/* --- memory -------------------------------------------------------------- */

/* Whatever allocation fails, each side is told an end, and nothing leaks. */
START_TEST(no_memory_ends_a_circuit)
{
	struct linkmsg_detach detach;
	long n = 0;

	start(true, true);
	do {
		enum code code;
		int bodies;

		failalloc_after(++n);
		raw_say_and_go(gateway, 3, CODE_GOING_DOWN, "enough");
		failalloc_off();
		settle();
		if (agent->pair.relay.link == NULL ||
		    gateway->pair.relay.link == NULL) {
			/* That was the link's own. */
			assert_over();
			linkpair_close(&gateway->pair);
			linkpair_close(&agent->pair);
			rawlink_close(&gateway->raw);
			rawlink_close(&agent->raw);
			open_side(gateway, true);
			open_side(agent, true);
		} else {
			bodies = raw_detached(agent, &detach);
			code = detach.code;
			ck_assert(code == CODE_OVERLOADED ||
				  (code == CODE_GOING_DOWN && bodies == 3));
			assert_over();
		}
		gateway->channel++;
		agent->channel++;
		ck_assert(tie() == CODE_OK);
	} while (failalloc_hit());
	ck_assert_int_gt(n, 5);
}
END_TEST

/* One more circuit between the two links, on a board of its own. */
struct extra {
	struct switch_board *board;
	struct switch_circuit *circuit;
	struct linkpair_peer peer; /* its far end at the gateway */
	int left;
};

static void
on_extra_left(struct switch_circuit *of, enum switch_end end, void *arg)
{
	struct extra *extra = arg;

	(void)end;
	ck_assert_ptr_eq(of, extra->circuit);
	extra->left++;
}

/* Tie it, as the n-th of extra->board. */
static void
extra_add(struct extra *extra, uint32_t n)
{
	struct switch_side ends[SWITCH_ENDS] = { { 0 } };
	enum code code;

	ck_assert_int_eq(linkpair_channel(&extra->peer, &gateway->pair.endpoint,
			     gateway->channel + n, NULL),
	    0);
	for (int i = 0; i < SWITCH_ENDS; i++) {
		ends[i].link = sides[i].pair.relay.link;
		ends[i].channel = sides[i].channel + n;
		ends[i].pool = switch_pool(extra->board);
		ends[i].lost_text = "lost";
	}
	code = switch_tie(extra->board, &ends[SWITCH_GATEWAY],
	    &ends[SWITCH_AGENT], on_extra_left, extra, &extra->circuit);
	ck_assert_int_eq((int)code, (int)CODE_OK);
}

static void
extra_tie(struct extra *extra, uint64_t budget)
{
	memset(extra, 0, sizeof(*extra));
	extra->board = switch_new(loop, budget);
	ck_assert_ptr_nonnull(extra->board);
	extra_add(extra, 1);
}

static struct switch_stats
extra_stats(const struct extra *extra)
{
	struct switch_stats stats;

	switch_get_stats(extra->board, &stats);
	return stats;
}

static uint64_t
extra_queued(const struct extra *extra)
{
	return extra_stats(extra).queued;
}

/* Return how much of the heap is used, where that is known. */
static uint64_t
heap(void)
{
#ifdef __GLIBC__
	return mallinfo2().uordblks;
#else
	return 0;
#endif
}

/* However short the records are, they cost what is counted. */
START_TEST(short_records_cost_what_is_counted)
{
	struct extra extra;
	uint64_t before;
	uint64_t queued;

	start(false, true);
	stall(gateway);
	extra_tie(&extra, BUDGET);
	settle();
	before = heap();
	linkpair_send(&extra.peer, 1000000, SHORT);
	settle();
	queued = extra_queued(&extra);
	/* All that the credit allows waits, as nothing is drained. */
	ck_assert_uint_eq(extra.peer.pulled,
	    (LIMITS_CREDIT_START + WIRE(SHORT) - 1) / WIRE(SHORT));
	ck_assert_uint_ge(
	    queued, extra.peer.pulled * (WIRE(SHORT) + LIMITS_QUEUE_OVERHEAD));
	if (heap() > before) {
		ck_assert_uint_le(heap() - before, queued);
	}
	linkpair_close(&agent->pair);
	settle();
	ck_assert_int_eq(extra.left, 2);
	ck_assert_uint_eq(extra_queued(&extra), 0);
	switch_free(extra.board);
}
END_TEST

/* Above three quarters what is there goes on, and nothing is added. */
START_TEST(a_full_board_takes_no_more)
{
	const struct switch_side none = { .link = NULL };
	struct switch_circuit *more = NULL;
	struct extra extra;
	enum code code;

	start(false, true);
	stall(gateway);
	extra_tie(&extra, LIMITS_CREDIT_START * 11 / 4);
	linkpair_send(&extra.peer, 1000000, SHORT);
	settle();
	ck_assert_uint_gt(
	    extra_queued(&extra), LIMITS_CREDIT_START * 11 / 4 / 4 * 3);
	code =
	    switch_tie(extra.board, &none, &none, on_extra_left, NULL, &more);
	ck_assert_int_eq((int)code, (int)CODE_OVERLOADED);
	ck_assert_ptr_null(more);
	ck_assert_int_eq(extra.left, 0);
	ck_assert_uint_eq(extra_stats(&extra).shed, 0);
	linkpair_close(&agent->pair);
	settle();
	switch_free(extra.board);
}
END_TEST

/* The budget holds, although their bytes alone would not reach it. */
START_TEST(short_records_are_shed)
{
	const uint64_t budget = LIMITS_CREDIT_START * 3 / 2;
	struct extra extra;

	start(false, true);
	stall(gateway);
	extra_tie(&extra, budget);
	linkpair_send(&extra.peer, 1000000, SHORT);
	for (int i = 0; i < 500 && extra.left == 0; i++) {
		loop_poll(loop);
		ck_assert_uint_le(extra_queued(&extra), budget);
	}
	ck_assert_int_eq(extra.left, 2);
	settle();
	ck_assert_int_eq(extra.peer.detached, 1);
	ck_assert_int_eq((int)extra.peer.code, (int)CODE_OVERLOADED);
	ck_assert_uint_eq(extra_stats(&extra).shed, 1);
	/* The other one is another board's. */
	ck_assert_int_eq(gateway->left, 0);
	switch_free(extra.board);
}
END_TEST

/* The fullest go until there is room for new ones; the others stay. */
START_TEST(the_fullest_are_shed)
{
	const uint64_t budget = 6 * LIMITS_CREDIT_START;
	static struct extra extra[8];
	int left = 0;

	start(false, true);
	stall(gateway);
	memset(extra, 0, sizeof(extra));
	extra_tie(&extra[0], budget);
	for (uint32_t i = 1; i < 8; i++) {
		extra[i].board = extra[0].board;
		extra_add(&extra[i], i + 1);
	}
	/* Two with little, and six that together have too much. */
	linkpair_send(&extra[0].peer, 10, SHORT);
	linkpair_send(&extra[7].peer, 10, SHORT);
	settle();
	for (int i = 1; i < 7; i++) {
		linkpair_send(&extra[i].peer, 4, LIMITS_CREDIT_START / 4);
	}
	settle();
	for (int i = 0; i < 8; i++) {
		ck_assert(extra[i].left == 0 || extra[i].left == 2);
		left += extra[i].left / 2;
	}
	ck_assert_int_ge(left, 2);
	ck_assert_int_le(left, 3);
	ck_assert_uint_eq(extra_stats(&extra[0]).shed, (unsigned)left);
	ck_assert_int_eq(extra[0].left, 0);
	ck_assert_int_eq(extra[7].left, 0);
	ck_assert_uint_le(extra_queued(&extra[0]), budget / 10 * 9);
	linkpair_close(&agent->pair);
	settle();
	switch_free(extra[0].board);
}
END_TEST

START_TEST(no_memory_refuses_a_circuit)
{
	enum code code;
	long n = 0;

	open_side(gateway, true);
	open_side(agent, true);
	do {
		failalloc_after(++n);
		code = tie();
		failalloc_off();
		ck_assert_uint_eq(stats().circuits, code == CODE_OK ? 1 : 0);
		ck_assert_int_eq(gateway->left, 0);
		if (code != CODE_OK) {
			ck_assert_int_eq((int)code, (int)CODE_OVERLOADED);
			ck_assert_uint_eq(stats().promised, 0);
		}
	} while (failalloc_hit());
	ck_assert_int_eq((int)code, (int)CODE_OK);
	ck_assert_int_gt(n, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("switch");
	TCase *tcase = tcase_create("switch");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_comes_in_goes_out);
	tcase_add_test(tcase, more_than_the_credit_ends_it);
	tcase_add_test(tcase, what_passes_is_counted);
	tcase_add_test(tcase, a_rate_loses_nothing);
	tcase_add_test(tcase, without_pay_nothing_goes_on);
	tcase_add_test(tcase, a_rate_holds_for_who_is_there);
	tcase_add_test(tcase, the_end_waits_for_its_turn);
	tcase_add_test(tcase, what_was_said_comes_before_the_end);
	tcase_add_test(tcase, what_was_said_comes_before_a_loss);
	tcase_add_test(tcase, a_slow_side_gets_it_all);
	tcase_add_test(tcase, a_slow_side_gets_it_all_after_a_loss);
	tcase_add_test(tcase, a_slow_side_may_go_as_well);
	tcase_add_test(tcase, a_slow_side_may_lose_its_link);
	tcase_add_test(tcase, what_is_for_nobody_is_dropped);
	tcase_add_test(tcase, what_comes_for_nobody_is_ignored);
	tcase_add_test(tcase, a_side_is_taken_for_lost);
	tcase_add_test(tcase, no_memory_ends_a_circuit);
	tcase_add_test(tcase, short_records_cost_what_is_counted);
	tcase_add_test(tcase, a_full_board_takes_no_more);
	tcase_add_test(tcase, short_records_are_shed);
	tcase_add_test(tcase, the_fullest_are_shed);
	tcase_add_test(tcase, no_memory_refuses_a_circuit);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
