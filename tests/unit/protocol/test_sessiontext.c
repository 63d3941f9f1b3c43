/* SPDX-License-Identifier: ISC */
/*
 * Messages in a session (PROTOCOL.md section 7.4): beside data, over a way that
 * breaks, and up to their receipt.
 */
#include "protocol/sessiontext.h"

#include <string.h>

#include "protocol/limits.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

static struct pair *pair;
static char letter[LIMITS_MESSAGE_MAX];

static void
setup(void)
{
	pair = pair_new(NULL);
	ck_assert_ptr_nonnull(pair);
	memset(letter, 'a', sizeof(letter));
	letter[sizeof(letter) - 1] = 'z';
}

static void
teardown(void)
{
	pair_free(pair);
}

static void
send_letter(struct pair_end *end)
{
	ck_assert_uint_ne(
	    session_send_text(end->session, letter, sizeof(letter), pair->now),
	    0);
}

/* The letter came n times to `to`, and from heard so. */
static void
expect(const struct pair_end *from, const struct pair_end *to, unsigned n)
{
	ck_assert_uint_eq(to->texts, n);
	ck_assert_uint_eq(to->text_len, sizeof(letter));
	ck_assert_int_eq(memcmp(to->text, letter, sizeof(letter)), 0);
	ck_assert_uint_eq(from->receipts, n);
	ck_assert_int_eq((int)from->receipt_code, (int)CODE_OK);
}

START_TEST(texts_go_both_ways)
{
	send_letter(&pair->opener);
	pair_settle(pair);
	expect(&pair->opener, &pair->acceptor, 1);
	send_letter(&pair->acceptor);
	send_letter(&pair->acceptor);
	pair_settle(pair);
	expect(&pair->acceptor, &pair->opener, 2);
	ck_assert_uint_eq(pair->opener.budget.used, 0);
	ck_assert_uint_eq(pair->acceptor.budget.used, 0);
}
END_TEST

/* Wherever the way is lost, each text arrives once. */
START_TEST(cut_behind_every_record)
{
	bool more = true;
	size_t n = 0;

	for (; more; n++) {
		teardown();
		setup();
		send_letter(&pair->opener);
		send_letter(&pair->acceptor);
		for (size_t i = 0; i < n; i++) {
			int pipe = (int)(i % 2);

			(void)pair_pull(pair, pipe, 4);
			more = pair->pipes[pipe].count > 0;
			ck_assert_int_eq(pair_deliver(pair, pipe), CODE_OK);
		}
		pair_cut(pair);
		ck_assert_int_eq(pair_resume(pair), 0);
		pair_settle(pair);
		expect(&pair->opener, &pair->acceptor, 1);
		expect(&pair->acceptor, &pair->opener, 1);
		ck_assert_uint_lt(n, 100);
		more = more || n < 12;
	}
	ck_assert_uint_gt(n, 12);
}
END_TEST

/* Texts pass data that waits, and data goes on between their parts. */
START_TEST(texts_and_data_take_turns)
{
	struct pair_peer near;
	struct pair_peer far;
	uint64_t before;

	pair_peer_init(&near, pair, 4000000, true);
	pair_peer_init(&far, pair, 0, true);
	pair_open(pair, &near, false);
	pair_settle(pair);
	pair_accept(pair->acceptor.opened, &far);
	(void)pair_pull(pair, PAIR_TO_OPENER, 99);
	while (pair->pipes[PAIR_TO_OPENER].count > 0) {
		ck_assert_int_eq(pair_deliver(pair, PAIR_TO_OPENER), CODE_OK);
	}
	ck_assert_uint_eq(pair_pull(pair, PAIR_TO_ACCEPTOR, 2), 2);
	before = near.sent;
	for (int i = 0; i < 2; i++) {
		send_letter(&pair->opener);
	}
	/* Five parts a letter, and a record of data behind each. */
	for (uint64_t i = 1; i <= 10; i++) {
		ck_assert_uint_eq(pair_pull(pair, PAIR_TO_ACCEPTOR, 2), 2);
		ck_assert_uint_eq(
		    near.sent - before, i * LIMITS_RECORD_PAYLOAD_MAX);
	}
	while (pair->pipes[PAIR_TO_ACCEPTOR].count > 0) {
		ck_assert_int_eq(pair_deliver(pair, PAIR_TO_ACCEPTOR), CODE_OK);
	}
	ck_assert_uint_eq(pair->acceptor.texts, 2);
	pair_settle(pair);
	expect(&pair->opener, &pair->acceptor, 2);
	ck_assert_uint_eq(far.received, 4000000);
	ck_assert(far.good);
}
END_TEST

START_TEST(an_answer_may_come_later)
{
	pair->acceptor.hold_texts = true;
	send_letter(&pair->opener);
	pair_settle(pair);
	ck_assert_uint_eq(pair->acceptor.texts, 1);
	ck_assert_uint_eq(pair->opener.receipts, 0);
	session_answer_text(pair->acceptor.session, pair->acceptor.text_number,
	    CODE_TEXT_REFUSED, "nobody listens");
	pair_settle(pair);
	ck_assert_uint_eq(pair->opener.receipts, 1);
	ck_assert_int_eq(
	    (int)pair->opener.receipt_code, (int)CODE_TEXT_REFUSED);
	ck_assert_str_eq(pair->opener.receipt_text, "nobody listens");
}
END_TEST

START_TEST(a_session_that_is_over_takes_none)
{
	send_letter(&pair->opener);
	session_close(pair->opener.session, CODE_GOING_DOWN, pair->now);
	ck_assert_uint_eq(
	    session_send_text(pair->opener.session, "text", 4, pair->now), 0);
	session_answer_text(pair->opener.session, 1, CODE_OK, "");
	ck_assert(!session_forget_text(pair->opener.session, 1));
	pair_settle(pair);
	ck_assert_uint_eq(pair->acceptor.texts, 0);
}
END_TEST

/* Without a way nothing of a text is sent, and it can be taken back. */
START_TEST(a_text_waits_for_the_way)
{
	uint32_t number;

	pair_settle(pair);
	pair_cut(pair);
	number = session_send_text(pair->opener.session, "old", 3, pair->now);
	ck_assert(session_forget_text(pair->opener.session, number));
	send_letter(&pair->opener);
	ck_assert_int_eq(pair_resume(pair), 0);
	pair_settle(pair);
	expect(&pair->opener, &pair->acceptor, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("protocol/sessiontext");
	TCase *tcase = tcase_create("sessiontext");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, texts_go_both_ways);
	tcase_add_test(tcase, cut_behind_every_record);
	tcase_add_test(tcase, texts_and_data_take_turns);
	tcase_add_test(tcase, an_answer_may_come_later);
	tcase_add_test(tcase, a_session_that_is_over_takes_none);
	tcase_add_test(tcase, a_text_waits_for_the_way);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
