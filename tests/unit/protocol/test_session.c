/* SPDX-License-Identifier: ISC */

#include "protocol/session.h"

#include <string.h>

#include "common/blob.h"
#include "protocol/limits.h"
#include "protocol/record.h"
#include "protocol/session_impl.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

/* A conversation: open, answer, both send n bytes, both end. */
static void
converse(struct pair *pair, uint64_t up, uint64_t down, bool early)
{
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, up, true);
	pair_peer_init(&b, pair, down, true);
	pair_open(pair, &a, early);
	ck_assert_ptr_nonnull(a.stream);
	pair_settle(pair);
	ck_assert_uint_ge(pair->acceptor.opens, 1);
	pair_accept(pair->acceptor.opened, &b);
	pair_settle(pair);
	ck_assert_uint_eq(a.opened, 1);
	ck_assert_int_eq(a.outcome.code, CODE_OK);
	ck_assert_uint_eq(a.outcome.address_len, 4);
	ck_assert_uint_eq(a.received, down);
	ck_assert_uint_eq(b.received, up);
	ck_assert(a.good && b.good);
	ck_assert_uint_eq(a.fins, 1);
	ck_assert_uint_eq(b.fins, 1);
	ck_assert_uint_eq(a.resets + b.resets, 0);
	/* Whoever ended last still holds an ended stream. */
	stream_release(a.stream != NULL ? a.stream : b.stream);
	pair_settle(pair);
}

static uint32_t
streams(const struct pair_end *end)
{
	struct session_stats stats;

	session_get_stats(end->session, &stats);
	return stats.streams;
}

START_TEST(carries_both_ways)
{
	static const uint64_t sizes[] = { 0, 1, 16384, 16385, 300000 };
	struct pair *pair = pair_new(NULL);

	for (size_t i = 0; i < 5; i++) {
		for (size_t k = 0; k < 5; k++) {
			converse(pair, sizes[i], sizes[k], (i + k) % 2 == 0);
		}
	}
	ck_assert_uint_eq(streams(&pair->opener), 0);
	ck_assert_uint_eq(streams(&pair->acceptor), 0);
	ck_assert_uint_eq(pair->opener.budget.used, 0);
	ck_assert_uint_eq(pair->acceptor.budget.used, 0);
	pair_free(pair);
}
END_TEST

START_TEST(first_record_confirms)
{
	struct pair *pair = pair_new(NULL);

	ck_assert_uint_eq(pair_pull(pair, PAIR_TO_OPENER, 9), 0);
	ck_assert_uint_eq(pair_pull(pair, PAIR_TO_ACCEPTOR, 9), 1);
	ck_assert_uint_eq(pair->acceptor.confirmed, 0);
	pair->now += LIMITS_MSEC;
	ck_assert_int_eq(pair_deliver(pair, PAIR_TO_ACCEPTOR), CODE_OK);
	ck_assert_uint_eq(pair->acceptor.confirmed, 1);
	pair->now += LIMITS_MSEC;
	pair_settle(pair);
	ck_assert_uint_eq(pair->opener.pongs, 1);
	ck_assert_uint_eq(pair->acceptor.pongs, 1);
	ck_assert_uint_eq(session_rtt(pair->opener.session), 2 * LIMITS_MSEC);
	pair_free(pair);
}
END_TEST

START_TEST(target_arrives_as_sent)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;

	pair_peer_init(&a, pair, 0, false);
	pair_open(pair, &a, false);
	pair_settle(pair);
	ck_assert_str_eq(pair->acceptor.target.name, "target");
	ck_assert_uint_eq(pair->acceptor.target.port, 80);
	ck_assert_int_eq(pair->acceptor.target.protocol, STREAM_TCP);
	pair_free(pair);
}
END_TEST

/* The empty name is the host itself, the longest one is as DNS allows. */
START_TEST(targets_of_every_length_arrive)
{
	for (size_t len = 0; len < LIMITS_NAME_LEN; len++) {
		struct stream_target target = { STREAM_TCP, "", 443 };
		struct pair *pair = pair_new(NULL);
		struct pair_peer a;

		pair_peer_init(&a, pair, 0, false);
		memset(target.name, 'x', len);
		a.stream = stream_open(
		    pair->opener.session, &target, false, &pair_peer_ops, &a);
		ck_assert_ptr_nonnull(a.stream);
		pair_settle(pair);
		ck_assert_uint_eq(pair->acceptor.opens, 1);
		ck_assert_str_eq(pair->acceptor.target.name, target.name);
		pair_free(pair);
	}
}
END_TEST

START_TEST(refusal_reaches_the_opener)
{
	struct stream_opened no = {
		.code = CODE_SERVICE_REFUSED,
		.error = 111,
		.text = "nothing listens",
	};
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;

	pair_peer_init(&a, pair, 10, false);
	pair_open(pair, &a, false);
	pair_settle(pair);
	stream_answer(pair->acceptor.opened, &no);
	pair_settle(pair);
	ck_assert_int_eq(a.outcome.code, CODE_SERVICE_REFUSED);
	ck_assert_int_eq(a.outcome.error, 111);
	ck_assert_str_eq(a.outcome.text, "nothing listens");
	ck_assert_uint_eq(a.sent, 0);
	ck_assert_uint_eq(streams(&pair->opener), 0);
	ck_assert_uint_eq(streams(&pair->acceptor), 0);
	pair_free(pair);
}
END_TEST

/* Early data and an early end wait for the answer and are then delivered. */
START_TEST(early_data_is_held)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, 5000, true);
	pair_open(pair, &a, true);
	pair_settle(pair);
	ck_assert_uint_eq(a.sent, 5000);
	pair_peer_init(&b, pair, 7, true);
	pair_accept(pair->acceptor.opened, &b);
	ck_assert_uint_eq(b.received, 5000);
	ck_assert_uint_eq(b.fins, 1);
	ck_assert(b.good);
	pair_settle(pair);
	ck_assert_uint_eq(a.received, 7);
	pair_free(pair);
}
END_TEST

START_TEST(early_data_is_bounded)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;

	pair_peer_init(&a, pair, 1000000, true);
	pair_open(pair, &a, true);
	pair_settle(pair);
	ck_assert_uint_eq(a.sent, LIMITS_EARLY_MAX);
	pair_free(pair);
}
END_TEST

START_TEST(reset_reaches_the_other_side)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, 100, false);
	pair_peer_init(&b, pair, 100, false);
	pair_open(pair, &a, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &b);
	pair_settle(pair);
	stream_reset(b.stream, CODE_TARGET_RESET, 104);
	pair_settle(pair);
	ck_assert_uint_eq(a.resets, 1);
	ck_assert_int_eq(a.reset_code, CODE_TARGET_RESET);
	ck_assert_int_eq(a.reset_error, 104);
	ck_assert_uint_eq(a.fins, 0);
	ck_assert_uint_eq(b.resets, 0);
	ck_assert_uint_eq(streams(&pair->opener), 0);
	ck_assert_uint_eq(streams(&pair->acceptor), 0);
	pair_free(pair);
}
END_TEST

/* Cancelled before OPEN was sent: the peer never hears of it. */
START_TEST(cancelled_at_once_costs_nothing)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;

	pair_settle(pair);
	pair_peer_init(&a, pair, 100, false);
	pair_open(pair, &a, true);
	stream_release(a.stream);
	pair_settle(pair);
	ck_assert_uint_eq(pair->acceptor.opens, 0);
	/* But its number is spent, and the next stream works. */
	converse(pair, 10, 10, false);
	pair_free(pair);
}
END_TEST

/* Data that crosses a RESET is not a fault. */
START_TEST(crossing_records_are_ignored)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, 0, false);
	pair_peer_init(&b, pair, 0, false);
	pair_open(pair, &a, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &b);
	pair_settle(pair);
	a.to_send = 50000;
	stream_ready(a.stream);
	ck_assert_uint_gt(pair_pull(pair, PAIR_TO_ACCEPTOR, 9), 0);
	stream_reset(b.stream, CODE_TARGET_RESET, 0);
	pair_settle(pair);
	ck_assert_uint_eq(a.resets, 1);
	converse(pair, 10, 10, false);
	pair_free(pair);
}
END_TEST

START_TEST(stalled_reader_stops_only_itself)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer stalled[2];
	struct pair_peer fast[2];

	for (int i = 0; i < 2; i++) {
		pair_peer_init(&stalled[i], pair, i == 0 ? 9000000 : 0, true);
		pair_peer_init(&fast[i], pair, i == 0 ? 9000000 : 0, true);
	}
	stalled[1].hold = true;
	pair_open(pair, &stalled[0], false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &stalled[1]);
	pair_open(pair, &fast[0], false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &fast[1]);
	pair_settle(pair);
	ck_assert_uint_eq(fast[1].received, 9000000);
	ck_assert_uint_eq(stalled[1].received, LIMITS_WINDOW_START);
	stalled[1].hold = false;
	pair_consume(&stalled[1]);
	pair_settle(pair);
	ck_assert_uint_eq(stalled[1].received, 9000000);
	ck_assert(stalled[1].good);
	pair_free(pair);
}
END_TEST

/* Without an ACK a sender stops at its limit and goes on after it. */
START_TEST(unacknowledged_bytes_are_bounded)
{
	struct pair_config config;
	struct pair *pair;
	struct pair_peer a;
	struct pair_peer b;
	struct session_stats stats;

	pair_defaults(&config);
	config.retain_max = 200000;
	pair = pair_new(&config);
	pair_peer_init(&a, pair, 2000000, true);
	pair_peer_init(&b, pair, 0, true);
	pair_open(pair, &a, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &b);
	while (pair_pull(pair, PAIR_TO_OPENER, 9) > 0) {
	}
	while (pair->pipes[PAIR_TO_OPENER].count > 0) {
		ck_assert_int_eq(pair_deliver(pair, PAIR_TO_OPENER), CODE_OK);
	}
	while (pair_pull(pair, PAIR_TO_ACCEPTOR, 9) > 0) {
	}
	session_get_stats(pair->opener.session, &stats);
	ck_assert_uint_ge(stats.retained, 200000);
	ck_assert_uint_lt(stats.retained, 200000 + 20000);
	pair_settle(pair);
	ck_assert_uint_eq(b.received, 2000000);
	pair_free(pair);
}
END_TEST

START_TEST(ack_comes_with_time)
{
	struct pair *pair = pair_new(NULL);
	struct session_stats stats;

	converse(pair, 10, 10, false);
	session_get_stats(pair->opener.session, &stats);
	ck_assert_uint_gt(stats.retained, 0);
	ck_assert_uint_ne(session_deadline(pair->acceptor.session), UINT64_MAX);
	pair_wait(pair, LIMITS_ACK_DELAY);
	pair_settle(pair);
	pair_wait(pair, LIMITS_ACK_DELAY);
	pair_settle(pair);
	/* The ACKs themselves stay: nothing acknowledges them. */
	session_get_stats(pair->opener.session, &stats);
	ck_assert_uint_le(stats.retained, 200);
	ck_assert_uint_eq(session_deadline(pair->acceptor.session), UINT64_MAX);
	pair_free(pair);
}
END_TEST

/* A record is accepted once, in its turn, and unchanged, or not at all. */
START_TEST(foreign_records_change_nothing)
{
	struct pair *pair = pair_new(NULL);
	uint8_t box[LIMITS_RECORD_MAX];
	struct blob *first;
	struct blob *second;

	session_ping(pair->opener.session, pair->now);
	first = session_pull(pair->opener.session, pair->now);
	session_ping(pair->opener.session, pair->now);
	second = session_pull(pair->opener.session, pair->now);
	memcpy(box, blob_data(second), blob_len(second));
	ck_assert_int_eq(session_receive(pair->acceptor.session, box,
			     blob_len(second), pair->now),
	    CODE_LINK_LOST);
	for (size_t i = 0; i < blob_len(first) * 8; i++) {
		memcpy(box, blob_data(first), blob_len(first));
		box[i / 8] ^= (uint8_t)(1U << (i % 8));
		ck_assert_int_eq(session_receive(pair->acceptor.session, box,
				     blob_len(first), pair->now),
		    CODE_LINK_LOST);
	}
	for (size_t len = 0; len < blob_len(first); len++) {
		memcpy(box, blob_data(first), len);
		ck_assert_int_eq(session_receive(pair->acceptor.session, box,
				     len, pair->now),
		    CODE_LINK_LOST);
	}
	ck_assert_uint_eq(pair->acceptor.confirmed, 0);
	memcpy(box, blob_data(first), blob_len(first));
	ck_assert_int_eq(session_receive(pair->acceptor.session, box,
			     blob_len(first), pair->now),
	    CODE_OK);
	memcpy(box, blob_data(first), blob_len(first));
	ck_assert_int_eq(session_receive(pair->acceptor.session, box,
			     blob_len(first), pair->now),
	    CODE_LINK_LOST);
	memcpy(box, blob_data(second), blob_len(second));
	ck_assert_int_eq(session_receive(pair->acceptor.session, box,
			     blob_len(second), pair->now),
	    CODE_OK);
	ck_assert_uint_eq(pair->acceptor.confirmed, 1);
	blob_unref(first);
	blob_unref(second);
	pair_free(pair);
}
END_TEST

START_TEST(keys_are_replaced_by_time)
{
	struct pair *pair = pair_new(NULL);
	struct session_stats stats;

	pair_settle(pair);
	pair_wait(pair, LIMITS_REKEY_TIME);
	converse(pair, 100000, 100000, false);
	pair_wait(pair, LIMITS_REKEY_TIME);
	converse(pair, 100000, 100000, false);
	session_get_stats(pair->opener.session, &stats);
	ck_assert_uint_eq(stats.rekeys, 2);
	session_get_stats(pair->acceptor.session, &stats);
	ck_assert_uint_eq(stats.rekeys, 2);
	pair_free(pair);
}
END_TEST

START_TEST(keys_are_replaced_by_count)
{
	struct pair *pair = pair_new(NULL);
	struct session_stats stats;

	pair->opener.session->rekey_counter = 4;
	converse(pair, 300000, 100, false);
	session_get_stats(pair->opener.session, &stats);
	ck_assert_uint_eq(stats.rekeys, 1);
	pair_free(pair);
}
END_TEST

START_TEST(close_tells_everyone)
{
	struct pair *pair = pair_new(NULL);
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, 0, false);
	pair_peer_init(&b, pair, 0, false);
	pair_open(pair, &a, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &b);
	pair_settle(pair);
	session_close(pair->acceptor.session, CODE_GOING_DOWN, pair->now);
	ck_assert_uint_eq(b.resets, 1);
	ck_assert_uint_eq(pair->acceptor.closed, 1);
	pair_settle(pair);
	ck_assert_uint_eq(a.resets, 1);
	ck_assert_int_eq(a.reset_code, CODE_GOING_DOWN);
	ck_assert_uint_eq(pair->opener.closed, 1);
	ck_assert_int_eq(pair->opener.close_code, CODE_GOING_DOWN);
	pair_peer_init(&a, pair, 0, false);
	pair_open(pair, &a, false);
	ck_assert_ptr_null(a.stream);
	ck_assert_uint_eq(pair_pull(pair, PAIR_TO_OPENER, 9), 0);
	pair_free(pair);
}
END_TEST

START_TEST(streams_are_bounded)
{
	struct pair_config config;
	struct pair *pair;
	struct pair_peer peers[5];

	pair_defaults(&config);
	config.streams_max = 4;
	pair = pair_new(&config);
	for (size_t i = 0; i < 5; i++) {
		pair_peer_init(&peers[i], pair, 0, false);
		pair_open(pair, &peers[i], false);
	}
	ck_assert_ptr_nonnull(peers[3].stream);
	ck_assert_ptr_null(peers[4].stream);
	pair_settle(pair);
	/* An opener with a larger limit is refused by the acceptor. */
	pair->opener.session->config.streams_max = 5;
	pair_open(pair, &peers[4], false);
	pair_settle(pair);
	ck_assert_int_eq(peers[4].outcome.code, CODE_TOO_MANY_STREAMS);
	ck_assert_ptr_null(peers[4].stream);
	pair_free(pair);
}
END_TEST

/* Send a record that an honest session would not, sealed as it would be. */
static enum code
forge(struct pair *pair, int pipe, struct record_head head,
    const uint8_t *payload, size_t len)
{
	struct session *from = pipe == PAIR_TO_ACCEPTOR
				   ? pair->opener.session
				   : pair->acceptor.session;
	struct session *to = pipe == PAIR_TO_ACCEPTOR ? pair->acceptor.session
						      : pair->opener.session;
	uint8_t box[LIMITS_RECORD_MAX + 64];

	record_head_encode(&head, box + LIMITS_TAG_LEN);
	if (len > 0) {
		memcpy(box + LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN, payload,
		    len);
	}
	seal_lock(&from->tx, box, LIMITS_RECORD_HEAD_LEN + len);
	/* Its number is spent; what was kept before is not wanted here. */
	(void)retain_acknowledge(&from->retain, from->retain.next);
	from->retain.first++;
	from->retain.next++;
	from->resend = from->retain.next;
	return session_receive(
	    to, box, LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN + len, pair->now);
}

/* Who is refused again and again, but takes no answer, is not let go on. */
START_TEST(unanswered_refusals_are_bounded)
{
	const struct record_open open = {
		.target = { STREAM_TCP, "x", 80 },
		.window = LIMITS_WINDOW_MIN,
	};
	struct pair_config config;
	struct pair *pair;
	uint8_t payload[64];
	size_t len = record_open_encode(&open, payload, sizeof(payload));
	enum code code = CODE_OK;
	uint32_t number = 0;

	pair_defaults(&config);
	config.streams_max = 4;
	pair = pair_new(&config);
	while (code == CODE_OK && number < 1000) {
		number++;
		code = forge(pair, PAIR_TO_ACCEPTOR,
		    (struct record_head){ RECORD_OPEN, 0, number }, payload,
		    len);
	}
	ck_assert_int_eq(code, CODE_PROTOCOL_ERROR);
	ck_assert_uint_eq(number, 4 * 4 + 1);
	pair_free(pair);
}
END_TEST

/* Nor who wants to hear at once what arrived and never says so himself. */
START_TEST(unacknowledged_acks_are_bounded)
{
	static const uint8_t value[8] = { 1 };
	struct session_stats stats;
	struct pair_config config;
	struct pair *pair;
	enum code code = CODE_OK;

	pair_defaults(&config);
	config.retain_max = 65536;
	pair = pair_new(&config);
	for (int i = 0; i < 10000 && code == CODE_OK; i++) {
		struct blob *blob;

		code = forge(pair, PAIR_TO_ACCEPTOR,
		    (struct record_head){ RECORD_PONG, RECORD_ACK_NOW, 0 },
		    value, sizeof(value));
		blob = session_pull(pair->acceptor.session, pair->now);
		blob_unref(blob);
	}
	ck_assert_int_eq(code, CODE_PROTOCOL_ERROR);
	session_get_stats(pair->acceptor.session, &stats);
	ck_assert_uint_le(
	    stats.retained, 2 * 65536 + LIMITS_RETAIN_SLACK + 1024);
	pair_free(pair);
}
END_TEST

/* An owner that still delivers what came may let go after the session. */
START_TEST(ended_stream_outlives_its_session)
{
	struct pair *pair = pair_new(NULL);
	struct stream *held;
	struct pair_peer a;
	struct pair_peer b;

	pair_peer_init(&a, pair, 10, true);
	pair_peer_init(&b, pair, 10, true);
	pair_open(pair, &a, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &b);
	pair_settle(pair);
	held = a.stream != NULL ? a.stream : b.stream;
	ck_assert_ptr_nonnull(held);
	ck_assert(stream_is_over(held));
	session_close(pair->opener.session, CODE_GOING_DOWN, pair->now);
	session_fail(pair->acceptor.session, CODE_SESSION_LOST);
	ck_assert_uint_eq(a.resets + b.resets, 0);
	session_free(pair->opener.session);
	pair->opener.session = NULL;
	session_free(pair->acceptor.session);
	pair->acceptor.session = NULL;
	pair_free(pair);
	ck_assert_ptr_null(stream_session(held));
	stream_consumed(held, 10, 0);
	stream_ready(held);
	ck_assert_uint_eq(stream_received(held), 10);
	stream_release(held);
}
END_TEST

/* Each row: a record that breaks the protocol of the whole session. */
START_TEST(violations_are_refused)
{
	static const uint8_t zero[32];
	static const struct {
		int pipe;
		struct record_head head;
		size_t len;
	} cases[] = {
		/* to a side that may not get it */
		{ PAIR_TO_OPENER, { RECORD_OPEN, 0, 9 }, 20 },
		{ PAIR_TO_ACCEPTOR, { RECORD_OPENED, 0, 1 }, 12 },
		/* unknown type, missing or unwanted stream */
		/* NOLINTNEXTLINE(*EnumCastOutOfRange): what a peer may send. */
		{ PAIR_TO_ACCEPTOR, { (enum record_type)99, 0, 0 }, 8 },
		{ PAIR_TO_ACCEPTOR, { RECORD_DATA, 0, 0 }, 8 },
		{ PAIR_TO_ACCEPTOR, { RECORD_ACK, 0, 1 }, 8 },
		/* sizes */
		{ PAIR_TO_ACCEPTOR, { RECORD_ACK, 0, 0 }, 7 },
		{ PAIR_TO_ACCEPTOR, { RECORD_ACK, 0, 0 }, 9 },
		{ PAIR_TO_ACCEPTOR, { RECORD_RESET, 0, 1 }, 3 },
		{ PAIR_TO_ACCEPTOR, { RECORD_OPEN, 0, 9 }, 12 },
		/* a stream that never was */
		{ PAIR_TO_ACCEPTOR, { RECORD_DATA, 0, 77 }, 8 },
		{ PAIR_TO_ACCEPTOR, { RECORD_WINDOW, 0, 77 }, 16 },
		{ PAIR_TO_ACCEPTOR, { RECORD_RESET, 0, 77 }, 4 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair *pair = pair_new(NULL);

		pair_settle(pair);
		ck_assert_msg(forge(pair, cases[i].pipe, cases[i].head, zero,
				  cases[i].len) == CODE_PROTOCOL_ERROR,
		    "case %zu", i);
		pair_free(pair);
	}
}
END_TEST

START_TEST(impossible_ack_is_refused)
{
	static const uint8_t future[8] = { 0, 0, 0, 0, 0, 0, 1, 0 };
	struct pair *pair = pair_new(NULL);

	pair_settle(pair);
	ck_assert_int_eq(
	    forge(pair, PAIR_TO_ACCEPTOR,
		(struct record_head){ RECORD_ACK, 0, 0 }, future, 8),
	    CODE_PROTOCOL_ERROR);
	pair_free(pair);
}
END_TEST

/* What concerns one stream ends that stream only. */
START_TEST(faults_end_one_stream)
{
	static const uint8_t zero[16384];
	struct pair *pair = pair_new(NULL);
	struct pair_peer a[3];
	struct pair_peer b[3];

	for (size_t i = 0; i < 3; i++) {
		pair_peer_init(&a[i], pair, 0, false);
		pair_peer_init(&b[i], pair, 0, false);
		b[i].hold = true;
		pair_open(pair, &a[i], false);
		pair_settle(pair);
		pair_accept(pair->acceptor.opened, &b[i]);
		pair_settle(pair);
	}
	/* Beyond the window. */
	for (size_t i = 0; i <= LIMITS_WINDOW_START / 16384; i++) {
		ck_assert_int_eq(
		    forge(pair, PAIR_TO_ACCEPTOR,
			(struct record_head){ RECORD_DATA, 0, 1 }, zero, 16384),
		    CODE_OK);
	}
	ck_assert_uint_eq(b[0].received, LIMITS_WINDOW_START);
	ck_assert_uint_eq(b[0].resets, 1);
	ck_assert_int_eq(b[0].reset_code, CODE_PROTOCOL_ERROR);
	/* Data behind the end. */
	(void)forge(pair, PAIR_TO_ACCEPTOR,
	    (struct record_head){ RECORD_DATA, RECORD_FIN, 2 }, zero, 1);
	(void)forge(pair, PAIR_TO_ACCEPTOR,
	    (struct record_head){ RECORD_DATA, 0, 2 }, zero, 1);
	ck_assert_uint_eq(b[1].fins, 1);
	ck_assert_uint_eq(b[1].resets, 1);
	pair_settle(pair);
	ck_assert_uint_eq(a[0].resets, 1);
	ck_assert_uint_eq(a[1].resets, 1);
	ck_assert_uint_eq(a[2].resets, 0);
	a[2].to_send = 1000;
	stream_ready(a[2].stream);
	pair_settle(pair);
	ck_assert_uint_eq(b[2].received, 1000);
	pair_free(pair);
}
END_TEST

/* 40 conversations with random sizes, stalls and orders of arrival. */
START_TEST(random_conversations)
{
	struct pair_peer a[40];
	struct pair_peer b[40];
	struct pair *pair = pair_new(NULL);
	size_t opened = 0;
	uint64_t got = 0;
	uint64_t want = 0;

	pair->seed = (uint64_t)_i * 7919 + 1;
	for (size_t i = 0; i < 40; i++) {
		pair_peer_init(&a[i], pair, pair_random(pair, 400000), true);
		pair_peer_init(&b[i], pair, pair_random(pair, 400000), true);
		a[i].chunk = pair_random(pair, 20000);
		b[i].chunk = pair_random(pair, 20000);
		want += a[i].to_send + b[i].to_send;
		pair_open(pair, &a[i], pair_random(pair, 2) == 0);
	}
	for (unsigned step = 0; step < 200000 && got < want; step++) {
		int pipe = (int)pair_random(pair, 2);

		if (pair_random(pair, 2) == 0) {
			(void)pair_pull(pair, pipe, pair_random(pair, 20));
		} else {
			ck_assert_int_eq(pair_deliver(pair, pipe), CODE_OK);
		}
		if (pair->acceptor.opened != NULL) {
			size_t n = stream_number(pair->acceptor.opened) - 1;

			pair_accept(pair->acceptor.opened, &b[n]);
			pair->acceptor.opened = NULL;
			opened++;
		}
		pair_wait(pair, pair_random(pair, LIMITS_MSEC));
		got = 0;
		for (size_t i = 0; i < 40; i++) {
			got += a[i].received + b[i].received;
		}
	}
	pair_settle(pair);
	ck_assert_uint_eq(opened, 40);
	for (size_t i = 0; i < 40; i++) {
		ck_assert(a[i].good && b[i].good);
		ck_assert_uint_eq(a[i].sent, b[i].received);
		ck_assert_uint_eq(b[i].sent, a[i].received);
		ck_assert_uint_eq(a[i].fins, 1);
		ck_assert_uint_eq(b[i].fins, 1);
		ck_assert_uint_eq(a[i].resets + b[i].resets, 0);
	}
	pair_free(pair);
}
END_TEST

/*
 * Whatever allocation fails: no crash, no leak, and every stream ends well or
 * with a code, never in silence.
 */
START_TEST(short_of_memory)
{
	for (long n = 1; n < 400; n += (long)unit_stride(7)) {
		struct pair_peer a;
		struct pair_peer b;
		struct pair *pair;

		failalloc_after(n);
		pair = pair_new(NULL);
		if (pair == NULL) {
			failalloc_off();
			continue;
		}
		pair_peer_init(&a, pair, 50000, true);
		pair_peer_init(&b, pair, 50000, true);
		b.hold = true;
		pair_open(pair, &a, true);
		for (int round = 0; round < 40 && a.stream != NULL; round++) {
			int pipe = round % 2;

			(void)pair_pull(pair, pipe, 9);
			while (pair->pipes[pipe].count > 0) {
				if (pair_deliver(pair, pipe) != CODE_OK) {
					session_fail(pair->opener.session,
					    CODE_LINK_LOST);
				}
			}
			if (pair->acceptor.opened != NULL) {
				pair_accept(pair->acceptor.opened, &b);
				pair->acceptor.opened = NULL;
			}
			pair_wait(pair, LIMITS_ACK_DELAY);
		}
		failalloc_off();
		pair_settle(pair);
		ck_assert(a.stream == NULL || a.fins + a.resets == 1);
		if (a.fins == 1) {
			ck_assert_uint_eq(a.received, 50000);
			ck_assert_uint_eq(b.received, 50000);
		}
		pair_free(pair);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("session");
	TCase *tc = tcase_create("session");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, carries_both_ways);
	tcase_add_test(tc, first_record_confirms);
	tcase_add_test(tc, target_arrives_as_sent);
	tcase_add_test(tc, targets_of_every_length_arrive);
	tcase_add_test(tc, refusal_reaches_the_opener);
	tcase_add_test(tc, early_data_is_held);
	tcase_add_test(tc, early_data_is_bounded);
	tcase_add_test(tc, reset_reaches_the_other_side);
	tcase_add_test(tc, cancelled_at_once_costs_nothing);
	tcase_add_test(tc, crossing_records_are_ignored);
	tcase_add_test(tc, stalled_reader_stops_only_itself);
	tcase_add_test(tc, unacknowledged_bytes_are_bounded);
	tcase_add_test(tc, ack_comes_with_time);
	tcase_add_test(tc, foreign_records_change_nothing);
	tcase_add_test(tc, keys_are_replaced_by_time);
	tcase_add_test(tc, keys_are_replaced_by_count);
	tcase_add_test(tc, close_tells_everyone);
	tcase_add_test(tc, streams_are_bounded);
	tcase_add_test(tc, unanswered_refusals_are_bounded);
	tcase_add_test(tc, unacknowledged_acks_are_bounded);
	tcase_add_test(tc, ended_stream_outlives_its_session);
	tcase_add_test(tc, violations_are_refused);
	tcase_add_test(tc, impossible_ack_is_refused);
	tcase_add_test(tc, faults_end_one_stream);
	tcase_add_loop_test(
	    tc, random_conversations, 0, 20 / (int)unit_stride(5));
	tcase_add_test(tc, short_of_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
