/* SPDX-License-Identifier: ISC */
/*
 * Sessions that lose their way and find another (PROTOCOL.md section 7.3): two
 * of them joined in memory, cut wherever a network can cut.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/resume.h"
#include "protocol/session_impl.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

/* Two streams that send in both directions, of which one is long. */
struct talk {
	struct pair *pair;
	struct pair_peer near[2];
	struct pair_peer far[2];
	size_t accepted;
};

static const uint64_t near_bytes[2] = { 100000, 3 };
static const uint64_t far_bytes[2] = { 7, 150000 };

static void
on_open(struct pair_end *end, struct stream *stream)
{
	struct talk *talk = end->arg;

	pair_accept(stream, &talk->far[talk->accepted++]);
}

static void
talk_begin(struct talk *talk, const struct pair_config *config)
{
	memset(talk, 0, sizeof(*talk));
	talk->pair = pair_new(config);
	ck_assert_ptr_nonnull(talk->pair);
	talk->pair->acceptor.on_open = on_open;
	talk->pair->acceptor.arg = talk;
	for (size_t i = 0; i < 2; i++) {
		pair_peer_init(&talk->near[i], talk->pair, near_bytes[i], true);
		pair_peer_init(&talk->far[i], talk->pair, far_bytes[i], true);
		pair_open(talk->pair, &talk->near[i], false);
		stream_ready(talk->near[i].stream);
	}
}

/* Let everything arrive, and see that it is all there once. */
static void
talk_end(struct talk *talk)
{
	pair_settle(talk->pair);
	/* Who has no room left waits for an acknowledgement that is not due. */
	pair_wait(talk->pair, LIMITS_ACK_DELAY);
	pair_settle(talk->pair);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(talk->far[i].received, near_bytes[i]);
		ck_assert_uint_eq(talk->near[i].received, far_bytes[i]);
		ck_assert(talk->far[i].good);
		ck_assert(talk->near[i].good);
		ck_assert_uint_eq(talk->far[i].fins, 1);
		ck_assert_uint_eq(talk->near[i].fins, 1);
		ck_assert_uint_eq(talk->far[i].resets, 0);
		ck_assert_uint_eq(talk->near[i].resets, 0);
	}
	ck_assert_uint_eq(talk->pair->opener.closed, 0);
	ck_assert_uint_eq(talk->pair->acceptor.closed, 0);
	pair_free(talk->pair);
}

/* Let n records arrive, from both sides in turn; false when nothing is left. */
static bool
step(struct pair *pair, size_t n)
{
	for (size_t i = 0, idle = 0; i < n; i++) {
		int pipe = (int)(i % 2);

		(void)pair_pull(pair, pipe, 4);
		idle = pair->pipes[pipe].count == 0 ? idle + 1 : 0;
		if (idle == 2) {
			return false;
		}
		ck_assert_int_eq(pair_deliver(pair, pipe), CODE_OK);
	}
	return true;
}

/* Cut once, behind each record of the conversation. */
START_TEST(cut_behind_every_record)
{
	bool more = true;

	for (size_t n = 0; more; n++) {
		struct talk talk;

		talk_begin(&talk, NULL);
		more = step(talk.pair, n);
		pair_cut(talk.pair);
		ck_assert_ptr_null(
		    session_pull(talk.pair->opener.session, talk.pair->now));
		ck_assert(!session_is_ready(talk.pair->opener.session));
		ck_assert_int_eq(pair_resume(talk.pair), 0);
		talk_end(&talk);
		ck_assert_uint_lt(n, 1000);
	}
}
END_TEST

/* Cut again and again, so that what is sent again is cut, too. */
START_TEST(cut_after_every_few_records)
{
	struct session_stats stats;
	struct talk talk;
	unsigned cuts = 0;

	talk_begin(&talk, NULL);
	while (step(talk.pair, (size_t)_i + 8)) {
		pair_cut(talk.pair);
		ck_assert_int_eq(pair_resume(talk.pair), 0);
		ck_assert_uint_lt(++cuts, 1000);
	}
	session_get_stats(talk.pair->opener.session, &stats);
	ck_assert_uint_eq(stats.resumes, cuts);
	ck_assert_uint_gt(stats.resent, 0);
	talk_end(&talk);
}
END_TEST

/* One side believes that they go on, and the other never heard of it. */
START_TEST(an_answer_is_lost)
{
	struct resume_point point;
	struct talk talk;
	struct pair *pair;

	talk_begin(&talk, NULL);
	pair = talk.pair;
	(void)step(pair, 9);
	for (size_t i = 0; i < 5; i++) {
		pair_cut(pair);
		session_point(pair->opener.session, &point);
		ck_assert_int_eq(
		    session_resume(pair->acceptor.session, &point, pair->now),
		    0);
		/* Sent again into a channel where nobody reads any more. */
		(void)pair_pull(pair, PAIR_TO_OPENER, 100);
	}
	pair_cut(pair);
	ck_assert_int_eq(pair_resume(pair), 0);
	talk_end(&talk);
}
END_TEST

/* The keys change in what is lost, and in what is sent again. */
START_TEST(keys_change_in_a_replay)
{
	struct talk talk;

	for (size_t n = 0; n < 24; n++) {
		talk_begin(&talk, NULL);
		(void)step(talk.pair, 8);
		pair_wait(talk.pair, LIMITS_REKEY_TIME);
		(void)pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 5);
		(void)pair_pull(talk.pair, PAIR_TO_OPENER, 5);
		pair_cut(talk.pair);
		ck_assert_int_eq(pair_resume(talk.pair), 0);
		(void)step(talk.pair, n);
		pair_cut(talk.pair);
		ck_assert_int_eq(pair_resume(talk.pair), 0);
		talk_end(&talk);
	}
}
END_TEST

/* Random conversations that are cut, damaged, answered by nobody, rekeyed. */
START_TEST(random_cuts)
{
	struct talk talk;
	struct pair *pair;

	talk_begin(&talk, NULL);
	pair = talk.pair;
	pair->seed = (uint64_t)_i + 1;
	for (size_t n = 0; n < 600; n++) {
		int pipe = (int)pair_random(pair, 2);

		switch (pair_random(pair, 24)) {
		case 0:
			pair_cut(pair);
			ck_assert_int_eq(pair_resume(pair), 0);
			break;
		case 1:
			pair_wait(pair, LIMITS_REKEY_TIME / 3);
			break;
		default:
			(void)pair_pull(pair, pipe, pair_random(pair, 4));
			(void)pair_deliver(pair, (int)pair_random(pair, 2));
		}
	}
	talk_end(&talk);
}
END_TEST

/* A record that is damaged, doubled or left out changes nothing. */
START_TEST(damage_is_no_end)
{
	uint8_t box[LIMITS_RECORD_MAX];
	struct talk talk;
	struct pair *pair;
	struct blob *blob;

	talk_begin(&talk, NULL);
	pair = talk.pair;
	(void)step(pair, 6);
	(void)pair_pull(pair, PAIR_TO_ACCEPTOR, 4);
	blob = pair->pipes[PAIR_TO_ACCEPTOR]
		   .records[pair->pipes[PAIR_TO_ACCEPTOR].first];
	memset(box, 0xa5, sizeof(box));
	(void)blob;
	ck_assert_int_eq(
	    session_receive(pair->acceptor.session, box, 40, pair->now),
	    CODE_LINK_LOST);
	ck_assert_int_eq(
	    session_receive(pair->acceptor.session, box, 3, pair->now),
	    CODE_LINK_LOST);
	pair_cut(pair);
	ck_assert_int_eq(pair_resume(pair), 0);
	talk_end(&talk);
}
END_TEST

/* Points that no peer can be at are refused and change nothing. */
START_TEST(impossible_points)
{
	struct resume_point good;
	struct resume_point bad;
	struct talk talk;
	struct session *session;
	uint64_t first;

	talk_begin(&talk, NULL);
	pair_settle(talk.pair);
	pair_wait(talk.pair, LIMITS_ACK_DELAY);
	pair_settle(talk.pair);
	pair_cut(talk.pair);
	session = talk.pair->acceptor.session;
	session_point(talk.pair->opener.session, &good);
	first = retain_first(&session->retain);
	ck_assert_uint_gt(first, 0);
	bad = good;
	bad.next--;
	ck_assert_int_eq(session_resume(session, &bad, talk.pair->now), -1);
	bad = good;
	bad.expects = first - 1;
	ck_assert_int_eq(session_resume(session, &bad, talk.pair->now), -1);
	bad.expects = retain_next(&session->retain) + 1;
	ck_assert_int_eq(session_resume(session, &bad, talk.pair->now), -1);
	ck_assert_ptr_null(session_pull(session, talk.pair->now));
	ck_assert_int_eq(pair_resume(talk.pair), 0);
	talk_end(&talk);
}
END_TEST

/* A session that is over is not taken up again. */
START_TEST(over_is_over)
{
	struct talk talk;

	talk_begin(&talk, NULL);
	pair_settle(talk.pair);
	session_close(
	    talk.pair->acceptor.session, CODE_GOING_DOWN, talk.pair->now);
	pair_cut(talk.pair);
	ck_assert_int_eq(pair_resume(talk.pair), -1);
	pair_free(talk.pair);
}
END_TEST

/* An acknowledgement of what was not sent again yet is a lie. */
START_TEST(early_acknowledgement)
{
	uint8_t box[LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN + 8];
	struct record_head head = { .type = RECORD_ACK };
	struct talk talk;
	struct session *opener;
	struct session *acceptor;

	talk_begin(&talk, NULL);
	opener = talk.pair->opener.session;
	acceptor = talk.pair->acceptor.session;
	(void)pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 4);
	pair_cut(talk.pair);
	ck_assert_int_eq(pair_resume(talk.pair), 0);
	ck_assert_uint_eq(pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 2), 2);
	record_head_encode(&head, box + LIMITS_TAG_LEN);
	memset(box + LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN, 0, 8);
	box[sizeof(box) - 1] = 3;
	seal_lock(&acceptor->tx, box, LIMITS_RECORD_HEAD_LEN + 8);
	ck_assert_int_eq(
	    session_receive(opener, box, sizeof(box), talk.pair->now),
	    CODE_PROTOCOL_ERROR);
	pair_free(talk.pair);
}
END_TEST

/* The end of a session comes behind what is sent again. */
START_TEST(close_waits_for_the_replay)
{
	struct talk talk;

	talk_begin(&talk, NULL);
	(void)step(talk.pair, 4);
	(void)pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 100);
	pair_cut(talk.pair);
	ck_assert_int_eq(pair_resume(talk.pair), 0);
	session_close(
	    talk.pair->opener.session, CODE_GOING_DOWN, talk.pair->now);
	pair_settle(talk.pair);
	ck_assert_uint_eq(talk.pair->acceptor.closed, 1);
	ck_assert_int_eq(talk.pair->acceptor.close_code, CODE_GOING_DOWN);
	pair_free(talk.pair);
}
END_TEST

/* A request proves the keys as a record does. */
START_TEST(a_request_confirms)
{
	struct talk talk;

	talk_begin(&talk, NULL);
	pair_cut(talk.pair);
	ck_assert_uint_eq(talk.pair->acceptor.confirmed, 0);
	ck_assert_int_eq(pair_resume(talk.pair), 0);
	ck_assert_uint_eq(talk.pair->acceptor.confirmed, 1);
	talk_end(&talk);
}
END_TEST

/* --- a way that is blocked ------------------------------------------------ */

START_TEST(a_blocked_way_is_noticed)
{
	struct talk talk;
	struct pair_end *end;

	talk_begin(&talk, NULL);
	end = &talk.pair->opener;
	(void)pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 100);
	ck_assert_uint_le(
	    session_deadline(end->session), talk.pair->now + LIMITS_STALL);
	pair_wait(talk.pair, LIMITS_STALL - 1);
	ck_assert_uint_eq(end->stalled, 0);
	pair_wait(talk.pair, 1);
	ck_assert_uint_eq(end->stalled, 1);
	/* While it is paused there is nothing to wait for. */
	pair_cut(talk.pair);
	pair_wait(talk.pair, 10 * LIMITS_STALL);
	ck_assert_uint_eq(end->stalled, 1);
	ck_assert_uint_eq(session_deadline(end->session), UINT64_MAX);
	/* The new way is blocked, too. */
	ck_assert_int_eq(pair_resume(talk.pair), 0);
	pair_wait(talk.pair, LIMITS_STALL);
	ck_assert_uint_eq(end->stalled, 2);
	pair_cut(talk.pair);
	ck_assert_int_eq(pair_resume(talk.pair), 0);
	talk_end(&talk);
}
END_TEST

/* Nobody owes an answer to an acknowledgement, nor to nothing. */
START_TEST(idle_is_not_blocked)
{
	struct talk talk;

	talk_begin(&talk, NULL);
	pair_settle(talk.pair);
	for (size_t i = 0; i < 5; i++) {
		pair_wait(talk.pair, LIMITS_ACK_DELAY);
		pair_settle(talk.pair);
	}
	pair_wait(talk.pair, 10 * LIMITS_STALL);
	ck_assert_uint_eq(talk.pair->opener.stalled, 0);
	ck_assert_uint_eq(talk.pair->acceptor.stalled, 0);
	talk_end(&talk);
}
END_TEST

/* Slow is not blocked: each acknowledgement gives new time. */
START_TEST(slow_is_not_blocked)
{
	struct talk talk;
	struct pair *pair;

	talk_begin(&talk, NULL);
	pair = talk.pair;
	for (size_t i = 0; i < 10; i++) {
		(void)pair_pull(pair, PAIR_TO_ACCEPTOR, 2);
		while (pair->pipes[PAIR_TO_ACCEPTOR].count > 1) {
			(void)pair_deliver(pair, PAIR_TO_ACCEPTOR);
		}
		pair_wait(pair, LIMITS_ACK_DELAY);
		(void)pair_pull(pair, PAIR_TO_OPENER, 100);
		while (pair->pipes[PAIR_TO_OPENER].count > 0) {
			(void)pair_deliver(pair, PAIR_TO_OPENER);
		}
		pair_wait(pair, LIMITS_STALL - 2 * LIMITS_ACK_DELAY);
		session_ping(pair->opener.session, pair->now);
	}
	ck_assert_uint_gt(pair->pipes[PAIR_TO_ACCEPTOR].count, 0);
	ck_assert_uint_eq(pair->opener.stalled, 0);
	talk_end(&talk);
}
END_TEST

/* --- bounds --------------------------------------------------------------- */

/* With the limit reached the sender waits; nothing is dropped. */
START_TEST(the_limit_slows)
{
	struct pair_config config;
	struct session_stats stats;
	struct talk talk;

	pair_defaults(&config);
	config.retain_max = 65536;
	talk_begin(&talk, &config);
	for (size_t i = 0; i < 4; i++) {
		(void)step(talk.pair, 4);
		(void)pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 1000);
		(void)pair_pull(talk.pair, PAIR_TO_OPENER, 1000);
		session_get_stats(talk.pair->opener.session, &stats);
		ck_assert_uint_le(stats.retained, config.retain_max +
						      LIMITS_RECORD_MAX + 64 +
						      LIMITS_RETAIN_SLACK);
		pair_cut(talk.pair);
		ck_assert_int_eq(pair_resume(talk.pair), 0);
	}
	talk_end(&talk);
}
END_TEST

/* What all keep together is bounded; each still goes on, if slowly. */
START_TEST(many_share_one_budget)
{
	enum {
		SESSIONS = 100
	};
	struct session_budget all = { .max = UINT64_C(1) << 20 };
	struct pair_config config;
	static struct talk talks[SESSIONS];

	pair_defaults(&config);
	config.retain = &all;
	for (size_t i = 0; i < SESSIONS; i++) {
		talk_begin(&talks[i], &config);
		(void)step(talks[i].pair, 6);
		(void)pair_pull(talks[i].pair, PAIR_TO_ACCEPTOR, 1000);
		(void)pair_pull(talks[i].pair, PAIR_TO_OPENER, 1000);
		pair_cut(talks[i].pair);
	}
	ck_assert_uint_gt(all.used, all.max / 2);
	ck_assert_uint_le(all.used,
	    all.max + 2 * SESSIONS * (LIMITS_RETAIN_MIN + LIMITS_RECORD_MAX));
	for (size_t i = 0; i < SESSIONS; i++) {
		ck_assert_int_eq(pair_resume(talks[i].pair), 0);
		talk_end(&talks[i]);
	}
	ck_assert_uint_eq(all.used, 0);
}
END_TEST

/* Whose budgets they are may go as soon as the session is over. */
START_TEST(budgets_are_left_at_the_end)
{
	struct session_budget all = { .max = UINT64_C(1) << 20 };
	struct pair_config config;
	struct talk talk;

	pair_defaults(&config);
	config.retain = &all;
	talk_begin(&talk, &config);
	(void)step(talk.pair, 6);
	(void)pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 1000);
	ck_assert_uint_gt(all.used, 0);
	ck_assert_uint_gt(talk.pair->opener.budget.used, 0);
	session_close(
	    talk.pair->acceptor.session, CODE_GOING_DOWN, talk.pair->now);
	ck_assert_uint_eq(talk.pair->acceptor.budget.used, 0);
	session_close(
	    talk.pair->opener.session, CODE_GOING_DOWN, talk.pair->now);
	ck_assert_uint_eq(talk.pair->opener.budget.used, 0);
	ck_assert_uint_eq(all.used, 0);
	/* The last record is sealed and sent all the same. */
	ck_assert_uint_gt(pair_pull(talk.pair, PAIR_TO_ACCEPTOR, 1000), 0);
	ck_assert_uint_eq(all.used, 0);
	pair_free(talk.pair);
	ck_assert_uint_eq(all.used, 0);
}
END_TEST

/* 10,000 sessions without a way cost what they keep and little more. */
START_TEST(many_wait_detached)
{
	enum {
		PAIRS = 5000
	};
	struct session_budget all = { .max = UINT64_C(4) << 20 };
	struct pair_config config;
	struct pair **pairs = calloc(PAIRS, sizeof(*pairs));

	ck_assert_ptr_nonnull(pairs);
	pair_defaults(&config);
	config.retain = &all;
	for (size_t i = 0; i < PAIRS; i++) {
		pairs[i] = pair_new(&config);
		ck_assert_ptr_nonnull(pairs[i]);
		pair_settle(pairs[i]);
		pair_cut(pairs[i]);
		ck_assert_uint_eq(
		    session_deadline(pairs[i]->opener.session), UINT64_MAX);
	}
	/* A PING and a PONG each, until they are acknowledged. */
	ck_assert_uint_le(all.used, 2 * PAIRS * 2 * 128);
	for (size_t i = 0; i < PAIRS; i++) {
		ck_assert_int_eq(pair_resume(pairs[i]), 0);
		pair_settle(pairs[i]);
		pair_free(pairs[i]);
	}
	ck_assert_uint_eq(all.used, 0);
	free(pairs);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sessionresume");
	TCase *tc = tcase_create("sessionresume");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, cut_behind_every_record);
	tcase_add_loop_test(tc, cut_after_every_few_records, 0, 12);
	tcase_add_test(tc, an_answer_is_lost);
	tcase_add_test(tc, keys_change_in_a_replay);
	tcase_add_loop_test(tc, random_cuts, 0, 40);
	tcase_add_test(tc, damage_is_no_end);
	tcase_add_test(tc, impossible_points);
	tcase_add_test(tc, over_is_over);
	tcase_add_test(tc, early_acknowledgement);
	tcase_add_test(tc, close_waits_for_the_replay);
	tcase_add_test(tc, a_request_confirms);
	tcase_add_test(tc, a_blocked_way_is_noticed);
	tcase_add_test(tc, idle_is_not_blocked);
	tcase_add_test(tc, slow_is_not_blocked);
	tcase_add_test(tc, the_limit_slows);
	tcase_add_test(tc, many_share_one_budget);
	tcase_add_test(tc, budgets_are_left_at_the_end);
	tcase_add_test(tc, many_wait_detached);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
