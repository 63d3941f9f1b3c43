/* SPDX-License-Identifier: ISC */
#include "common/ratelimit.h"

#include "tests/support/unit.h"

#define SECOND UINT64_C(1000000000)

START_TEST(starts_full_and_runs_dry)
{
	struct ratelimit limit;

	ratelimit_init(&limit, 1, 3, 5 * SECOND);
	ck_assert_uint_eq(ratelimit_available(&limit, 5 * SECOND), 3);
	ck_assert(ratelimit_take(&limit, 2, 5 * SECOND));
	ck_assert(!ratelimit_take(&limit, 2, 5 * SECOND));
	ck_assert(ratelimit_take(&limit, 1, 5 * SECOND));
	ck_assert(!ratelimit_take(&limit, 1, 5 * SECOND));
	ck_assert(ratelimit_take(&limit, 0, 5 * SECOND));
}
END_TEST

START_TEST(refills_at_its_rate)
{
	struct ratelimit limit;

	ratelimit_init(&limit, 10, 5, 0);
	ck_assert(ratelimit_take(&limit, 5, 0));
	ck_assert(!ratelimit_take(&limit, 1, SECOND / 10 - 1));
	ck_assert(ratelimit_take(&limit, 1, SECOND / 10));
	ck_assert_uint_eq(ratelimit_available(&limit, SECOND / 2), 4);
	/* No more than the burst, however long it took. */
	ck_assert_uint_eq(ratelimit_available(&limit, 1000 * SECOND), 5);
	ck_assert_uint_eq(ratelimit_available(&limit, UINT64_MAX), 5);
}
END_TEST

/* Asked in every nanosecond or once, the inflow is the same. */
START_TEST(asking_often_changes_nothing)
{
	struct ratelimit often;
	struct ratelimit once;

	ratelimit_init(&often, 7, 100, 0);
	ratelimit_init(&once, 7, 100, 0);
	ratelimit_take(&often, 100, 0);
	ratelimit_take(&once, 100, 0);
	for (uint64_t now = 0; now < SECOND; now += 9973) {
		ratelimit_available(&often, now);
	}
	ck_assert_uint_eq(ratelimit_available(&often, SECOND), 7);
	ck_assert_uint_eq(ratelimit_wait(&often, 100, SECOND),
	    ratelimit_wait(&once, 100, SECOND));
}
END_TEST

START_TEST(wait_is_exact)
{
	struct ratelimit limit;
	uint64_t wait;

	ratelimit_init(&limit, 3, 4, 0);
	ck_assert_uint_eq(ratelimit_wait(&limit, 4, 0), 0);
	ratelimit_take(&limit, 4, 0);
	wait = ratelimit_wait(&limit, 1, 0);
	ck_assert_uint_eq(wait, SECOND / 3 + 1);
	ck_assert(!ratelimit_take(&limit, 1, wait - 1));
	ck_assert(ratelimit_take(&limit, 1, wait));
	ck_assert_uint_eq(ratelimit_wait(&limit, 5, wait), RATELIMIT_NEVER);
}
END_TEST

START_TEST(debt_is_paid_first)
{
	struct ratelimit limit;

	ratelimit_init(&limit, 1000, 1000, 0);
	ratelimit_charge(&limit, 3000, 0);
	ck_assert_uint_eq(ratelimit_available(&limit, SECOND), 0);
	ck_assert(!ratelimit_take(&limit, 1, 2 * SECOND));
	ck_assert_uint_eq(ratelimit_wait(&limit, 1, 2 * SECOND), SECOND / 1000);
	ck_assert_uint_eq(ratelimit_available(&limit, 3 * SECOND), 1000);
	ratelimit_charge(&limit, 10, 3 * SECOND);
	ck_assert_uint_eq(ratelimit_available(&limit, 3 * SECOND), 990);
}
END_TEST

START_TEST(no_inflow_at_rate_zero)
{
	struct ratelimit limit;

	ratelimit_init(&limit, 0, 1, 0);
	ck_assert(ratelimit_take(&limit, 1, 0));
	ck_assert(!ratelimit_take(&limit, 1, UINT64_MAX));
	ck_assert_uint_eq(ratelimit_wait(&limit, 1, 0), RATELIMIT_NEVER);
	ck_assert_uint_eq(ratelimit_wait(&limit, 0, 0), 0);
}
END_TEST

START_TEST(extremes_do_not_overflow)
{
	struct ratelimit limit;

	ratelimit_init(&limit, UINT64_MAX, UINT64_MAX, 0);
	ck_assert_uint_eq(ratelimit_available(&limit, 0), RATELIMIT_BURST_MAX);
	ck_assert(!ratelimit_take(&limit, UINT64_MAX, 0));
	for (int i = 0; i < 10; i++) {
		ratelimit_charge(&limit, UINT64_MAX, 0);
	}
	ck_assert_uint_eq(ratelimit_available(&limit, 0), 0);
	/* Empty and as deep in debt again, at the highest rate: one step. */
	ck_assert_uint_eq(ratelimit_wait(&limit, RATELIMIT_BURST_MAX, 0), 1);
	ck_assert_uint_eq(
	    ratelimit_available(&limit, UINT64_MAX), RATELIMIT_BURST_MAX);
}
END_TEST

START_TEST(time_does_not_run_backwards)
{
	struct ratelimit limit;

	ratelimit_init(&limit, 1, 10, 100 * SECOND);
	ratelimit_take(&limit, 10, 100 * SECOND);
	ck_assert_uint_eq(ratelimit_available(&limit, 50 * SECOND), 0);
	ck_assert_uint_eq(ratelimit_available(&limit, 101 * SECOND), 1);
}
END_TEST

START_TEST(settings_can_change)
{
	struct ratelimit limit;

	ratelimit_init(&limit, 1, 10, 0);
	ratelimit_set(&limit, 1, 4, 0);
	ck_assert_uint_eq(ratelimit_available(&limit, 0), 4);
	ratelimit_set(&limit, 2, 100, 0);
	ck_assert_uint_eq(ratelimit_available(&limit, 0), 4);
	ck_assert_uint_eq(ratelimit_available(&limit, SECOND), 6);
	/* The time before the change counts at the old rate. */
	ratelimit_set(&limit, 50, 100, 2 * SECOND);
	ck_assert_uint_eq(ratelimit_available(&limit, 2 * SECOND), 8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ratelimit");
	TCase *tcase = tcase_create("ratelimit");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, starts_full_and_runs_dry);
	tcase_add_test(tcase, refills_at_its_rate);
	tcase_add_test(tcase, asking_often_changes_nothing);
	tcase_add_test(tcase, wait_is_exact);
	tcase_add_test(tcase, debt_is_paid_first);
	tcase_add_test(tcase, no_inflow_at_rate_zero);
	tcase_add_test(tcase, extremes_do_not_overflow);
	tcase_add_test(tcase, time_does_not_run_backwards);
	tcase_add_test(tcase, settings_can_change);
	return unit_main(suite);
}
