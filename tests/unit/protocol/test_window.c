/* SPDX-License-Identifier: ISC */

#include "protocol/window.h"

#include "protocol/limits.h"
#include "protocol/session.h"
#include "tests/support/unit.h"

#define MIB ((uint64_t)1 << 20)
#define RTT (50 * LIMITS_MSEC)

START_TEST(more_than_granted_is_refused)
{
	struct window window;

	window_init(&window, NULL, 1000, MIB, 0);
	ck_assert_int_eq(window_received(&window, 1000), 0);
	ck_assert_int_eq(window_received(&window, 1), -1);
	ck_assert_int_eq(window_received(&window, 0), 0);
	(void)window_consumed(&window, 400, RTT, 1);
	/* Not told yet: still refused. */
	ck_assert_int_eq(window_received(&window, 1), -1);
	ck_assert_uint_eq(window_announce(&window), 1400);
	ck_assert_int_eq(window_received(&window, 400), 0);
	ck_assert_int_eq(window_received(&window, 1), -1);
	window_end(&window);
}
END_TEST

START_TEST(told_at_a_quarter)
{
	struct window window;

	window_init(&window, NULL, 1000, MIB, 0);
	ck_assert_int_eq(window_received(&window, 1000), 0);
	ck_assert(!window_consumed(&window, 249, RTT, 1));
	ck_assert(window_consumed(&window, 1, RTT, 1));
	(void)window_announce(&window);
	ck_assert(!window_consumed(&window, 100, RTT, 2));
	window_end(&window);
}
END_TEST

/* Receive and consume n bytes a round trip; the target after some of them. */
static uint64_t
run(struct window *window, uint64_t n, unsigned rounds)
{
	uint64_t now = window->mark_time;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t room = window->limit - window->received;
		uint64_t take = n < room ? n : room;

		now += RTT;
		ck_assert_int_eq(window_received(window, (size_t)take), 0);
		(void)window_consumed(window, (size_t)take, RTT, now);
		(void)window_announce(window);
	}
	return window->target;
}

START_TEST(follows_a_fast_reader)
{
	struct window window;

	window_init(&window, NULL, LIMITS_WINDOW_START, 8 * MIB, 0);
	/* 1 MiB a round trip asks for three times that, and some. */
	ck_assert_uint_eq(run(&window, MIB, 10), 3 * MIB + 65536);
	/* As fast as it may: up to the maximum, no further. */
	ck_assert_uint_eq(run(&window, 100 * MIB, 10), 8 * MIB);
	window_end(&window);
}
END_TEST

START_TEST(slow_reader_stays_small)
{
	struct window window;

	window_init(&window, NULL, LIMITS_WINDOW_START, 8 * MIB, 0);
	ck_assert_uint_eq(run(&window, 1000, 50), LIMITS_WINDOW_START);
	window_end(&window);
}
END_TEST

/* A reader that was fast and stalls: its window shrinks by not granting. */
START_TEST(stalled_reader_is_not_granted_more)
{
	struct window window;
	uint64_t now = 1000 * LIMITS_SEC;
	uint64_t limit;

	window_init(&window, NULL, LIMITS_WINDOW_START, 8 * MIB, 0);
	(void)run(&window, 100 * MIB, 10);
	limit = window.limit;
	ck_assert_int_eq(
	    window_received(&window, (size_t)(limit - window.received)), 0);
	ck_assert(!window_consumed(&window, 1000, RTT, now));
	ck_assert_uint_eq(window_announce(&window), limit);
	ck_assert_uint_lt(window.target, MIB);
	window_end(&window);
}
END_TEST

START_TEST(budget_is_charged_and_given_back)
{
	struct session_budget budget = { .max = 4 * MIB };
	struct window a;
	struct window b;

	ck_assert_uint_eq(window_first(&budget, 8 * MIB), LIMITS_WINDOW_START);
	window_init(&a, &budget, LIMITS_WINDOW_START, 8 * MIB, 0);
	ck_assert_uint_eq(budget.used, LIMITS_WINDOW_START);
	/* It may grow into what is left, no further. */
	ck_assert_uint_le(run(&a, 100 * MIB, 20), 4 * MIB);
	ck_assert_uint_le(budget.used, 4 * MIB);
	/* Tight: a newcomer gets the least that works. */
	ck_assert_uint_eq(window_first(&budget, 8 * MIB), LIMITS_WINDOW_MIN);
	window_init(&b, &budget, LIMITS_WINDOW_MIN, 8 * MIB, 0);
	ck_assert_uint_eq(run(&b, 10 * MIB, 5), LIMITS_WINDOW_MIN);
	window_end(&a);
	ck_assert_uint_eq(budget.used, LIMITS_WINDOW_MIN);
	ck_assert_uint_gt(run(&b, 10 * MIB, 5), LIMITS_WINDOW_MIN);
	window_end(&b);
	ck_assert_uint_eq(budget.used, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("window");
	TCase *tc = tcase_create("window");

	tcase_add_test(tc, more_than_granted_is_refused);
	tcase_add_test(tc, told_at_a_quarter);
	tcase_add_test(tc, follows_a_fast_reader);
	tcase_add_test(tc, slow_reader_stays_small);
	tcase_add_test(tc, stalled_reader_is_not_granted_more);
	tcase_add_test(tc, budget_is_charged_and_given_back);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
