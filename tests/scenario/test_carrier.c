/* SPDX-License-Identifier: ISC */
/*
 * A session over channels of real links that a relay joins and that fail
 * (PROTOCOL.md section 7.3).  The relay is the test.
 */
#include "protocol/carrier.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/blob.h"
#include "common/loop.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/record.h"
#include "protocol/resume.h"
#include "protocol/session_impl.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/linkpair.h"
#include "tests/support/unit.h"

#define OPENER 0
#define ACCEPTOR 1

/* Joints that a test may use, and records that wait in one. */
#define JOINTS_MAX 200
#define QUEUE_MAX 4096

/* What the relay knows of one end of a channel. */
struct lane {
	struct lane *other;
	struct channel *channel; /* NULL once it ended */
	struct blob *queue[QUEUE_MAX];
	size_t first;
	size_t count;
	size_t came;   /* records, from this end */
	size_t damage; /* this one, counted from 1; 0: none */
	bool deaf;     /* what comes from this end is lost */
	int detached;
	enum code code;
};

/* One end of the session. */
struct end {
	struct carrier *carrier; /* NULL once it is over */
	struct session_budget budget;
	int confirmed;
	int pongs;
	int lost;
	int downs;
	enum code code;
	char text[LIMITS_TEXT_LEN];
	struct stream *stream;
	int opened;
	int resets;
	enum code reset_code;
	size_t to_send;
	size_t sent;
	size_t received;
	bool good;
	/* Called inside the callback of that name; may be NULL. */
	void (*on_lost)(struct end *end);
	void (*on_pull)(struct end *end);
	void (*on_data)(struct end *end);
	void (*on_pong)(struct end *end);
	void (*on_reset)(struct end *end);
};

static struct loop *loop;
static struct linkpair nets[2];
static struct lane lanes[JOINTS_MAX][2];
static size_t joints;
static struct end ends[2];

/* --- the relay ----------------------------------------------------------- */

static struct blob *
on_lane_pull(void *arg)
{
	struct lane *lane = arg;
	struct blob *blob = NULL;

	if (lane->count > 0) {
		blob = lane->queue[lane->first++ % QUEUE_MAX];
		lane->count--;
	}
	return blob;
}

static void
on_lane_carry(void *arg, uint8_t *body, size_t len)
{
	struct lane *lane = arg;
	struct lane *to = lane->other;
	struct blob *blob;

	lane->came++;
	if (lane->deaf || to->channel == NULL) {
		return;
	}
	ck_assert_uint_lt(to->count, QUEUE_MAX);
	blob = blob_new(len);
	ck_assert_ptr_nonnull(blob);
	memcpy(blob_data(blob), body, len);
	blob_set_len(blob, len);
	if (lane->came == lane->damage) {
		blob_data(blob)[len / 2] ^= 4;
	}
	to->queue[(to->first + to->count++) % QUEUE_MAX] = blob;
	channel_ready(to->channel);
}

static void
on_lane_detached(void *arg, enum code code, const char *text)
{
	struct lane *lane = arg;
	struct channel *other = lane->other->channel;

	lane->channel = NULL;
	lane->detached++;
	lane->code = code;
	lane->other->channel = NULL;
	if (other != NULL) {
		channel_detach(other, code, text);
	}
}

static const struct channel_ops lane_ops = {
	.pull = on_lane_pull,
	.carry = on_lane_carry,
	.detached = on_lane_detached,
};

/* Join two new channels; those of the endpoints go to out. */
static struct lane *
join(struct channel *out[2], uint64_t credit)
{
	struct lane *pair = lanes[joints++];
	uint32_t id = (uint32_t)joints;

	ck_assert_uint_le(joints, JOINTS_MAX);
	memset(pair, 0, sizeof(lanes[0]));
	for (size_t i = 0; i < 2; i++) {
		pair[i].other = &pair[1 - i];
		pair[i].channel = channel_new(
		    nets[i].relay.link, id, NULL, &lane_ops, &pair[i]);
		ck_assert_ptr_nonnull(pair[i].channel);
		channel_credit(pair[i].channel, credit);
		out[i] =
		    channel_new(nets[i].endpoint.link, id, NULL, NULL, NULL);
		ck_assert_ptr_nonnull(out[i]);
	}
	return pair;
}

/* The relay ends a channel in both directions. */
static void
part(struct lane *pair, enum code code, const char *text)
{
	for (size_t i = 0; i < 2; i++) {
		struct channel *channel = pair[i].channel;

		pair[i].channel = NULL;
		if (channel != NULL) {
			channel_detach(channel, code, text);
		}
	}
}

/* --- the ends ------------------------------------------------------------ */

static uint8_t
pattern(size_t n)
{
	return (uint8_t)(n * 5 + (n >> 8) + (n >> 16));
}

static size_t
on_stream_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct end *end = arg;
	size_t left = end->to_send - end->sent;
	size_t len = left < max ? left : max;

	(void)fin;
	if (end->on_pull != NULL) {
		end->on_pull(end);
	}
	if (end->stream == NULL) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		out[i] = pattern(end->sent + i);
	}
	end->sent += len;
	if (end->sent < end->to_send) {
		stream_ready(end->stream);
	}
	return len;
}

static void
on_stream_opened(void *arg, const struct stream_opened *opened)
{
	struct end *end = arg;

	ck_assert_int_eq(opened->code, CODE_OK);
	end->opened++;
}

static void
on_stream_data(void *arg, const uint8_t *data, size_t len)
{
	struct end *end = arg;

	for (size_t i = 0; i < len; i++) {
		end->good = end->good && data[i] == pattern(end->received);
		end->received++;
	}
	stream_consumed(end->stream, len, loop_now(loop));
	if (end->on_data != NULL) {
		end->on_data(end);
	}
}

static void
on_stream_reset(void *arg, enum code code, int error)
{
	struct end *end = arg;

	(void)error;
	end->resets++;
	end->reset_code = code;
	stream_release(end->stream);
	end->stream = NULL;
	if (end->on_reset != NULL) {
		end->on_reset(end);
	}
}

static const struct stream_ops stream_ops = {
	.pull = on_stream_pull,
	.opened = on_stream_opened,
	.data = on_stream_data,
	.reset = on_stream_reset,
};

static void
on_open(void *arg, struct stream *stream, const struct stream_target *target)
{
	struct end *end = arg;
	struct stream_opened opened = { .code = CODE_OK };

	(void)target;
	end->stream = stream;
	stream_set_owner(stream, &stream_ops, end);
	stream_answer(stream, &opened);
	stream_ready(stream);
}

static void
on_confirmed(void *arg)
{
	struct end *end = arg;

	end->confirmed++;
}

static void
on_pong(void *arg, uint64_t rtt_ns)
{
	struct end *end = arg;

	(void)rtt_ns;
	end->pongs++;
	if (end->on_pong != NULL) {
		end->on_pong(end);
	}
}

static void
on_lost(void *arg, enum code code, const char *text)
{
	struct end *end = arg;

	ck_assert(carrier_is_lost(end->carrier));
	end->lost++;
	end->code = code;
	(void)snprintf(end->text, sizeof(end->text), "%s", text);
	if (end->on_lost != NULL) {
		end->on_lost(end);
	}
}

static void
on_down(void *arg, enum code code, const char *text)
{
	struct end *end = arg;

	end->carrier = NULL;
	end->downs++;
	end->code = code;
	(void)snprintf(end->text, sizeof(end->text), "%s", text);
}

static const struct carrier_ops carrier_ops = {
	.open = on_open,
	.confirmed = on_confirmed,
	.pong = on_pong,
	.lost = on_lost,
	.down = on_down,
};

/* --- the session --------------------------------------------------------- */

/* Make seals for both directions: tx[i] is that of end i. */
static void
make_seals(struct seal tx[2])
{
	uint8_t key[SEAL_KEY_LEN];
	uint8_t head[SEAL_HEAD_LEN];

	for (size_t i = 0; i < 2; i++) {
		randombytes_buf(key, sizeof(key));
		randombytes_buf(head, sizeof(head));
		seal_init(&tx[i], key, head);
	}
}

/* Begin a session over a new joint, to be resumed or not. */
static struct lane *
begin(bool resumable)
{
	static const uint8_t id[SESSIONHELLO_ID_LEN] = { 1, 2, 3 };
	struct channel *channels[2];
	struct lane *pair = join(channels, UINT64_C(1) << 40);
	struct seal tx[2];
	struct seal resume_tx[2];

	make_seals(tx);
	make_seals(resume_tx);
	for (size_t i = 0; i < 2; i++) {
		struct session_config config = {
			.role = i == OPENER ? SESSION_OPENER : SESSION_ACCEPTOR,
			.tx = &tx[i],
			.rx = &tx[1 - i],
			.retain_max = LIMITS_RETAIN_MAX,
			.window_max = LIMITS_WINDOW_MAX,
			.streams_max = 10,
			.receive = &ends[i].budget,
		};
		struct resume resume;

		resume_init(&resume, id, &resume_tx[i], &resume_tx[1 - i]);
		ends[i].budget.max = LIMITS_RECEIVE_BUDGET;
		ends[i].good = true;
		ends[i].carrier = carrier_new(loop, channels[i], &config,
		    resumable ? &resume : NULL, &carrier_ops, &ends[i]);
		ck_assert_ptr_nonnull(ends[i].carrier);
	}
	return pair;
}

/* Let both ends send n bytes more over one stream. */
static void
talk(size_t n)
{
	static const struct stream_target target = {
		.protocol = STREAM_TCP,
		.name = "target",
		.port = 80,
	};

	ends[OPENER].to_send += n;
	ends[ACCEPTOR].to_send += n;
	if (ends[OPENER].stream == NULL) {
		ends[OPENER].stream =
		    stream_open(carrier_session(ends[OPENER].carrier), &target,
			false, &stream_ops, &ends[OPENER]);
	}
	for (size_t i = 0; i < 2; i++) {
		if (ends[i].stream != NULL) {
			stream_ready(ends[i].stream);
		}
	}
}

static bool
is_all_there(void *arg)
{
	(void)arg;
	return ends[0].received >= ends[1].to_send &&
	       ends[1].received >= ends[0].to_send;
}

static bool
has_sent(void *arg)
{
	const size_t *n = arg;

	return ends[OPENER].sent >= *n;
}

/* Wait until opener has handed n bytes to its session. */
static void
await_sent(size_t n)
{
	ck_assert(await(loop, has_sent, &n));
}

/* Wait until both have all, once. */
static void
await_all(void)
{
	ck_assert(await(loop, is_all_there, NULL));
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(ends[i].received, ends[1 - i].to_send);
		ck_assert(ends[i].good);
		ck_assert_int_eq(ends[i].resets, 0);
		ck_assert_int_eq(ends[i].downs, 0);
	}
}

static void
ping(size_t i)
{
	ends[i].pongs = 0;
	session_ping(carrier_session(ends[i].carrier), loop_now(loop));
	ck_assert(await_count(loop, &ends[i].pongs, 1));
}

/* Wait until both ends have lost their channel so often, or are over. */
static void
await_lost(int count)
{
	ck_assert(await_count(loop, &ends[OPENER].lost, count));
	ck_assert(await_count(loop, &ends[ACCEPTOR].lost, count));
}

/* Let the session go on over a new joint. */
static struct lane *
resume(void)
{
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t answer[RESUME_ANSWER_LEN];
	struct channel *channels[2];
	struct lane *pair = join(channels, UINT64_C(1) << 40);

	ck_assert_int_eq(carrier_ask(ends[OPENER].carrier, request), 0);
	ck_assert_int_eq(
	    carrier_answer(ends[ACCEPTOR].carrier, channels[ACCEPTOR], request,
		sizeof(request), answer),
	    0);
	ck_assert_int_eq(carrier_hear(ends[OPENER].carrier, channels[OPENER],
			     answer, sizeof(answer)),
	    0);
	return pair;
}

static void
setup(void)
{
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	joints = 0;
	memset(ends, 0, sizeof(ends));
	for (size_t i = 0; i < 2; i++) {
		const struct linkpair_config config = {
			.agent = i == ACCEPTOR,
			.loop = loop,
		};

		ck_assert_int_eq(linkpair_open(&nets[i], &config), 0);
		ck_assert(linkpair_await_up(&nets[i]));
	}
}

static void
teardown(void)
{
	for (size_t i = 0; i < 2; i++) {
		carrier_close(ends[i].carrier, CODE_CANCELLED);
		ends[i].carrier = NULL;
	}
	for (size_t i = 0; i < 2; i++) {
		linkpair_close(&nets[i]);
	}
	for (size_t i = 0; i < joints; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct blob *blob = on_lane_pull(&lanes[i][k]);

			while (blob != NULL) {
				blob_unref(blob);
				blob = on_lane_pull(&lanes[i][k]);
			}
		}
	}
	loop_free(loop);
}

/* --- losses -------------------------------------------------------------- */

START_TEST(a_session_outlives_its_channels)
{
	struct lane *pair = begin(true);

	for (int i = 1; i <= 5; i++) {
		talk(100000);
		ping(OPENER);
		part(pair, CODE_OVERLOADED, "the relay is full");
		await_lost(i);
		ck_assert_int_eq(ends[OPENER].code, CODE_OVERLOADED);
		ck_assert_str_eq(ends[OPENER].text, "the relay is full");
		ck_assert_int_eq(ends[ACCEPTOR].code, CODE_OVERLOADED);
		pair = resume();
	}
	await_all();
	ck_assert_int_eq(ends[ACCEPTOR].confirmed, 1);
}
END_TEST

START_TEST(without_tokens_it_ends_with_its_channel)
{
	struct lane *pair = begin(false);
	uint8_t request[RESUME_REQUEST_LEN];

	talk(1000);
	await_all();
	ck_assert_int_eq(carrier_ask(ends[OPENER].carrier, request), -1);
	ck_assert(!carrier_is_lost(ends[OPENER].carrier));
	part(pair, CODE_OVERLOADED, "the relay is full");
	for (size_t i = 0; i < 2; i++) {
		ck_assert(await_count(loop, &ends[i].downs, 1));
		ck_assert_int_eq(ends[i].lost, 0);
		ck_assert_int_eq(ends[i].code, CODE_OVERLOADED);
		ck_assert_int_eq(ends[i].resets, 1);
	}
}
END_TEST

START_TEST(what_is_lost_is_told_to_the_other_side)
{
	(void)begin(true);
	talk(1000);
	await_all();
	carrier_lose(ends[OPENER].carrier, CODE_LINK_LOST, "it was time");
	ck_assert_int_eq(ends[OPENER].lost, 1);
	await_lost(1);
	ck_assert_int_eq(ends[ACCEPTOR].code, CODE_LINK_LOST);
	/* Once is enough. */
	carrier_lose(ends[OPENER].carrier, CODE_LINK_LOST, "again");
	ck_assert_int_eq(ends[OPENER].lost, 1);
	(void)resume();
	talk(1000);
	await_all();
}
END_TEST

START_TEST(damage_costs_a_channel)
{
	int lost = 0;

	for (size_t way = 0; way < 2; way++) {
		for (size_t n = 1; n < 8; n++) {
			struct lane *pair = lost == 0 ? begin(true) : resume();

			pair[way].damage = n;
			talk(200000);
			await_lost(++lost);
			/* Who reads it notices, the other one is told. */
			ck_assert_str_eq(ends[1 - way].text,
			    "A record was damaged on its way.");
			ck_assert_int_eq(ends[0].code, CODE_LINK_LOST);
			ck_assert_int_eq(ends[1].code, CODE_LINK_LOST);
			/* No two in a row are of no use. */
			(void)resume();
			ping(OPENER);
			ping(ACCEPTOR);
		}
	}
	await_all();
}
END_TEST

/* Go on over a channel of which the acceptor reads record n damaged. */
static void
resume_damaged(size_t n, int lost)
{
	struct lane *pair = resume();

	pair[OPENER].damage = n;
	session_ping(carrier_session(ends[OPENER].carrier), loop_now(loop));
	session_ping(carrier_session(ends[OPENER].carrier), loop_now(loop));
	ck_assert(await_count(loop, &ends[OPENER].lost, lost));
}

START_TEST(nothing_but_damage_ends_it)
{
	(void)begin(true);
	talk(1000);
	await_all();
	for (int i = 1; i < LIMITS_RESUME_FAILURES; i++) {
		resume_damaged(1, i);
		ck_assert_int_eq(ends[ACCEPTOR].lost, i);
	}
	resume()[OPENER].damage = 1;
	session_ping(carrier_session(ends[OPENER].carrier), loop_now(loop));
	/* What goes the other way may be sound: that side is told. */
	ck_assert(await_count(loop, &ends[OPENER].downs, 1));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ends[i].downs, 1);
		ck_assert_int_eq(ends[i].code, CODE_PROTOCOL_ERROR);
		ck_assert_int_eq(ends[i].resets, 1);
	}
}
END_TEST

START_TEST(progress_between_damage_keeps_it)
{
	int lost = 0;

	(void)begin(true);
	talk(1000);
	await_all();
	for (int i = 0; i < 4; i++) {
		for (int n = 1; n < LIMITS_RESUME_FAILURES; n++) {
			resume_damaged(1, ++lost);
		}
		/* One good record. */
		resume_damaged(2, ++lost);
	}
	ck_assert_int_eq(ends[ACCEPTOR].lost, lost);
	(void)resume();
	talk(1000);
	await_all();
}
END_TEST

START_TEST(a_blocked_channel_is_lost)
{
	struct lane *pair = begin(true);
	uint64_t later = loop_now(loop) + LIMITS_STALL + LIMITS_SEC;

	talk(1000);
	await_all();
	pair[OPENER].deaf = true;
	ends[OPENER].to_send += 1000;
	stream_ready(ends[OPENER].stream);
	/* The record goes out and nothing comes back. */
	await_sent(2000);
	ck_assert_int_eq(ends[OPENER].lost, 0);
	session_tick(carrier_session(ends[OPENER].carrier), later);
	ck_assert_int_eq(ends[OPENER].lost, 1);
	ck_assert_int_eq(ends[OPENER].code, CODE_LINK_LOST);
	ck_assert_str_eq(
	    ends[OPENER].text, "What was sent is not acknowledged.");
	await_lost(1);
	(void)resume();
	talk(1000);
	ends[ACCEPTOR].to_send += 1000;
	stream_ready(ends[ACCEPTOR].stream);
	await_all();
}
END_TEST

/* --- tokens -------------------------------------------------------------- */

START_TEST(answer_to_an_older_request_is_not_heard)
{
	uint8_t requests[2][RESUME_REQUEST_LEN];
	uint8_t answers[2][RESUME_ANSWER_LEN];
	struct channel *channels[2];
	struct channel *late[2];
	struct end *opener = &ends[OPENER];
	struct end *acceptor = &ends[ACCEPTOR];

	(void)begin(true);
	talk(1000);
	await_all();
	(void)join(late, UINT64_C(1) << 40);
	ck_assert_int_eq(carrier_ask(opener->carrier, requests[0]), 0);
	/* It fenced itself off without a word to its owner. */
	ck_assert_int_eq(opener->lost, 0);
	ck_assert(carrier_is_lost(opener->carrier));
	ck_assert_int_eq(carrier_ask(opener->carrier, requests[1]), 0);
	ck_assert_int_eq(carrier_answer(acceptor->carrier, late[ACCEPTOR],
			     requests[0], RESUME_REQUEST_LEN, answers[0]),
	    0);
	ck_assert_int_eq(carrier_hear(opener->carrier, late[OPENER], answers[0],
			     RESUME_ANSWER_LEN),
	    -1);
	ck_assert(carrier_is_lost(opener->carrier));
	ck_assert_int_eq(opener->downs, 0);
	(void)join(channels, UINT64_C(1) << 40);
	ck_assert_int_eq(carrier_answer(acceptor->carrier, channels[ACCEPTOR],
			     requests[1], RESUME_REQUEST_LEN, answers[1]),
	    0);
	ck_assert_int_eq(carrier_hear(opener->carrier, channels[OPENER],
			     answers[1], RESUME_ANSWER_LEN),
	    0);
	/* Neither is heard or taken again. */
	ck_assert_int_eq(carrier_hear(opener->carrier, late[OPENER], answers[1],
			     RESUME_ANSWER_LEN),
	    -1);
	channel_free(late[OPENER]);
	(void)join(late, UINT64_C(1) << 40);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    carrier_answer(acceptor->carrier, late[ACCEPTOR],
			requests[i], RESUME_REQUEST_LEN, answers[0]),
		    -1);
	}
	channel_free(late[OPENER]);
	channel_free(late[ACCEPTOR]);
	ck_assert(!carrier_is_lost(opener->carrier));
	ck_assert(!carrier_is_lost(acceptor->carrier));
	talk(1000);
	await_all();
}
END_TEST

START_TEST(altered_tokens_change_nothing)
{
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t answer[RESUME_ANSWER_LEN];
	uint8_t ignored[RESUME_ANSWER_LEN];
	struct channel *channels[2];
	struct end *opener = &ends[OPENER];
	struct end *acceptor = &ends[ACCEPTOR];

	(void)begin(true);
	talk(1000);
	await_all();
	(void)join(channels, UINT64_C(1) << 40);
	ck_assert_int_eq(carrier_ask(opener->carrier, request), 0);
	await_count(loop, &acceptor->lost, 1);
	for (size_t i = 0; i < sizeof(request); i++) {
		request[i] ^= 1;
		ck_assert_int_eq(
		    carrier_answer(acceptor->carrier, channels[ACCEPTOR],
			request, sizeof(request), ignored),
		    -1);
		request[i] ^= 1;
	}
	ck_assert_int_eq(carrier_answer(acceptor->carrier, channels[ACCEPTOR],
			     request, sizeof(request), answer),
	    0);
	for (size_t i = 0; i < sizeof(answer); i++) {
		answer[i] ^= 1;
		ck_assert_int_eq(carrier_hear(opener->carrier, channels[OPENER],
				     answer, sizeof(answer)),
		    -1);
		answer[i] ^= 1;
		ck_assert_int_eq(
		    carrier_hear(opener->carrier, channels[OPENER], answer, i),
		    -1);
	}
	ck_assert_int_eq(carrier_hear(opener->carrier, channels[OPENER], answer,
			     sizeof(answer)),
	    0);
	talk(1000);
	await_all();
}
END_TEST

/* --- the end ------------------------------------------------------------- */

/* Let the relay hand on a record of opener's that nobody may send. */
static void
misbehave(struct lane *pair)
{
	struct session *session = carrier_session(ends[OPENER].carrier);
	struct blob *blob = blob_new(LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN);
	struct record_head head = { .type = RECORD_OPENED, .stream = 1 };

	ck_assert_ptr_nonnull(blob);
	record_head_encode(&head, blob_data(blob) + LIMITS_TAG_LEN);
	seal_lock(&session->tx, blob_data(blob), LIMITS_RECORD_HEAD_LEN);
	blob_set_len(blob, LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN);
	pair[ACCEPTOR].queue[pair[ACCEPTOR].first % QUEUE_MAX] = blob;
	pair[ACCEPTOR].count = 1;
	channel_ready(pair[ACCEPTOR].channel);
}

START_TEST(misuse_is_told_end_to_end)
{
	struct lane *pair = begin(true);

	talk(1000);
	await_all();
	misbehave(pair);
	ck_assert(await_count(loop, &ends[OPENER].downs, 1));
	ck_assert_int_eq(ends[ACCEPTOR].downs, 1);
	ck_assert_int_eq(ends[ACCEPTOR].code, CODE_PROTOCOL_ERROR);
	/* By CLOSE and not by DETACH, which would only lose the channel. */
	ck_assert_int_eq(ends[OPENER].code, CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(ends[OPENER].lost, 0);
	ck_assert_int_eq(ends[OPENER].reset_code, CODE_PROTOCOL_ERROR);
}
END_TEST

START_TEST(close_is_told_end_to_end)
{
	(void)begin(true);
	talk(1000);
	await_all();
	carrier_close(ends[OPENER].carrier, CODE_GOING_DOWN);
	ends[OPENER].carrier = NULL;
	ck_assert_int_eq(ends[OPENER].resets, 1);
	ck_assert(await_count(loop, &ends[ACCEPTOR].downs, 1));
	ck_assert_int_eq(ends[ACCEPTOR].code, CODE_GOING_DOWN);
	ck_assert_int_eq(ends[ACCEPTOR].lost, 0);
	ck_assert_int_eq(ends[OPENER].downs, 0);
}
END_TEST

START_TEST(farewell_follows_the_replay)
{
	struct lane *pair = begin(true);

	talk(1000);
	await_all();
	/* What is sent now is lost with the channel. */
	pair[OPENER].deaf = true;
	ends[OPENER].to_send += 300000;
	stream_ready(ends[OPENER].stream);
	await_sent(200000);
	part(pair, CODE_LINK_LOST, "cut");
	await_lost(1);
	(void)resume();
	carrier_close(ends[OPENER].carrier, CODE_GOING_DOWN);
	ends[OPENER].carrier = NULL;
	ck_assert(await_count(loop, &ends[ACCEPTOR].downs, 1));
	ck_assert_int_eq(ends[ACCEPTOR].code, CODE_GOING_DOWN);
	ck_assert_uint_eq(ends[ACCEPTOR].received, ends[OPENER].sent);
	ck_assert(ends[ACCEPTOR].good);
}
END_TEST

START_TEST(closed_while_lost_it_is_gone)
{
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t answer[RESUME_ANSWER_LEN];
	struct channel *channels[2];
	struct lane *pair = begin(true);

	talk(1000);
	await_all();
	part(pair, CODE_LINK_LOST, "cut");
	await_lost(1);
	ck_assert_int_eq(carrier_ask(ends[OPENER].carrier, request), 0);
	(void)join(channels, UINT64_C(1) << 40);
	ck_assert_int_eq(
	    carrier_answer(ends[ACCEPTOR].carrier, channels[ACCEPTOR], request,
		sizeof(request), answer),
	    0);
	carrier_close(ends[OPENER].carrier, CODE_GOING_DOWN);
	ck_assert_int_eq(ends[OPENER].resets, 1);
	ck_assert_int_eq(carrier_hear(ends[OPENER].carrier, channels[OPENER],
			     answer, sizeof(answer)),
	    -1);
	ck_assert_int_eq(carrier_ask(ends[OPENER].carrier, request), -1);
	ends[OPENER].carrier = NULL;
	channel_free(channels[OPENER]);
	/* The other side cannot know. */
	ck_assert_int_eq(ends[ACCEPTOR].downs, 0);
	ck_assert(!carrier_is_lost(ends[ACCEPTOR].carrier));
}
END_TEST

START_TEST(a_channel_that_takes_no_farewell_is_detached)
{
	struct channel *channels[2];
	struct lane *pair = begin(true);
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t answer[RESUME_ANSWER_LEN];

	talk(1000);
	await_all();
	part(pair, CODE_LINK_LOST, "cut");
	await_lost(1);
	/* A relay that gives no credit beyond what a channel begins with. */
	pair = join(channels, 1);
	ck_assert_int_eq(carrier_ask(ends[OPENER].carrier, request), 0);
	ck_assert_int_eq(
	    carrier_answer(ends[ACCEPTOR].carrier, channels[ACCEPTOR], request,
		sizeof(request), answer),
	    0);
	ck_assert_int_eq(carrier_hear(ends[OPENER].carrier, channels[OPENER],
			     answer, sizeof(answer)),
	    0);
	ends[OPENER].to_send += 300000;
	stream_ready(ends[OPENER].stream);
	await_sent(LIMITS_CREDIT_START);
	carrier_close(ends[OPENER].carrier, CODE_GOING_DOWN);
	ends[OPENER].carrier = NULL;
	/* Or it would stay in the books of the relay as long as the link. */
	ck_assert(await_count(loop, &pair[OPENER].detached, 1));
}
END_TEST

/* --- inside callbacks ---------------------------------------------------- */

static void
close_end(struct end *end)
{
	struct carrier *carrier = end->carrier;

	end->carrier = NULL;
	carrier_close(carrier, CODE_CANCELLED);
}

static void
lose_end(struct end *end)
{
	end->on_pull = NULL;
	end->on_data = NULL;
	end->on_pong = NULL;
	carrier_lose(end->carrier, CODE_LINK_LOST, "inside");
}

static void
resume_in_lost(struct end *end)
{
	end->on_lost = NULL;
	(void)resume();
}

START_TEST(lost_may_close)
{
	struct lane *pair = begin(true);

	talk(1000);
	await_all();
	ends[OPENER].on_lost = close_end;
	part(pair, CODE_LINK_LOST, "cut");
	await_lost(1);
	ck_assert_ptr_null(ends[OPENER].carrier);
	ck_assert_int_eq(ends[OPENER].resets, 1);
}
END_TEST

START_TEST(lost_may_resume)
{
	struct lane *pair = begin(true);

	talk(1000);
	await_all();
	ends[OPENER].on_lost = resume_in_lost;
	part(pair, CODE_LINK_LOST, "cut");
	ck_assert(await_count(loop, &ends[OPENER].lost, 1));
	talk(100000);
	await_all();
}
END_TEST

START_TEST(streams_may_lose_the_channel)
{
	for (size_t i = 0; i < 4; i++) {
		struct end *end = &ends[i % 2];
		int lost = (int)i + 1;

		(void)(i == 0 ? begin(true) : resume());
		if (i < 2) {
			end->on_pull = lose_end;
		} else {
			end->on_data = lose_end;
		}
		talk(100000);
		await_lost(lost);
		ck_assert_str_eq(end->text, "inside");
	}
	(void)resume();
	await_all();
	ends[OPENER].on_pong = lose_end;
	session_ping(carrier_session(ends[OPENER].carrier), loop_now(loop));
	await_lost(5);
	(void)resume();
	talk(1000);
	await_all();
}
END_TEST

START_TEST(streams_may_close_while_they_send)
{
	(void)begin(true);
	talk(1000);
	await_all();
	ends[OPENER].on_pull = close_end;
	talk(1000);
	/* The peer is told all the same. */
	ck_assert(await_count(loop, &ends[ACCEPTOR].downs, 1));
	ck_assert_int_eq(ends[ACCEPTOR].code, CODE_CANCELLED);
}
END_TEST

START_TEST(streams_may_close_while_they_receive)
{
	(void)begin(true);
	talk(1000);
	await_all();
	ends[ACCEPTOR].on_data = close_end;
	talk(1000);
	ck_assert(await_count(loop, &ends[OPENER].downs, 1));
	ck_assert_int_eq(ends[OPENER].code, CODE_CANCELLED);
}
END_TEST

START_TEST(reset_in_down_may_close)
{
	(void)begin(true);
	talk(1000);
	await_all();
	ends[ACCEPTOR].on_reset = close_end;
	carrier_close(ends[OPENER].carrier, CODE_GOING_DOWN);
	ends[OPENER].carrier = NULL;
	ck_assert(await_count(loop, &ends[ACCEPTOR].resets, 1));
	/* Its owner ended it: nothing more is said. */
	ck_assert_int_eq(ends[ACCEPTOR].downs, 0);
}
END_TEST

/* What a bridge does whose socket breaks while it reads. */
static void
reset_stream(struct end *end)
{
	struct stream *stream = end->stream;

	end->on_pull = NULL;
	end->stream = NULL;
	stream_reset(stream, CODE_TARGET_RESET, 0);
}

/* Return true when neither side owes the other one anything. */
static bool
are_quiet(void *arg)
{
	bool quiet = true;

	(void)arg;
	for (size_t i = 0; i < 2; i++) {
		struct session *session = carrier_session(ends[i].carrier);

		quiet = quiet && session->ack_deadline == SESSION_NEVER &&
			session->stall_at == SESSION_NEVER &&
			!session_is_ready(session);
	}
	return quiet;
}

START_TEST(a_reset_while_it_sends_is_told_at_once)
{
	(void)begin(true);
	talk(1000);
	await_all();
	/* Nothing else is due that would take it along. */
	ck_assert(await(loop, are_quiet, NULL));
	ends[ACCEPTOR].on_pull = reset_stream;
	ends[ACCEPTOR].to_send += 1000;
	stream_ready(ends[ACCEPTOR].stream);
	ck_assert(await_count(loop, &ends[OPENER].resets, 1));
	ck_assert_int_eq(ends[OPENER].reset_code, CODE_TARGET_RESET);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("carrier");
	TCase *tcase = tcase_create("carrier");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_session_outlives_its_channels);
	tcase_add_test(tcase, without_tokens_it_ends_with_its_channel);
	tcase_add_test(tcase, what_is_lost_is_told_to_the_other_side);
	tcase_add_test(tcase, damage_costs_a_channel);
	tcase_add_test(tcase, nothing_but_damage_ends_it);
	tcase_add_test(tcase, progress_between_damage_keeps_it);
	tcase_add_test(tcase, a_blocked_channel_is_lost);
	tcase_add_test(tcase, answer_to_an_older_request_is_not_heard);
	tcase_add_test(tcase, altered_tokens_change_nothing);
	tcase_add_test(tcase, misuse_is_told_end_to_end);
	tcase_add_test(tcase, close_is_told_end_to_end);
	tcase_add_test(tcase, farewell_follows_the_replay);
	tcase_add_test(tcase, closed_while_lost_it_is_gone);
	tcase_add_test(tcase, a_channel_that_takes_no_farewell_is_detached);
	tcase_add_test(tcase, lost_may_close);
	tcase_add_test(tcase, lost_may_resume);
	tcase_add_test(tcase, streams_may_lose_the_channel);
	tcase_add_test(tcase, streams_may_close_while_they_send);
	tcase_add_test(tcase, streams_may_close_while_they_receive);
	tcase_add_test(tcase, reset_in_down_may_close);
	tcase_add_test(tcase, a_reset_while_it_sends_is_told_at_once);
	return unit_main(suite);
}
