/* SPDX-License-Identifier: ISC */

#include "common/latency.h"

#include "tests/support/unit.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)

static struct latency latency;

static void
setup(void)
{
	latency = (struct latency){ 0 };
}

static void
is_near(uint64_t found, uint64_t wanted)
{
	ck_assert_msg(found > wanted / 10 * 9 && found < wanted / 10 * 11,
	    "%ju is far from %ju", (uintmax_t)found, (uintmax_t)wanted);
}

START_TEST(bounds_rise_by_a_fifth_or_a_third)
{
	ck_assert_uint_eq(latency_bound(0), 100 * US);
	ck_assert_uint_eq(latency_bound(LATENCY_BOUNDS - 1), 100 * SEC);
	for (size_t i = 1; i < LATENCY_BOUNDS; i++) {
		uint64_t before = latency_bound(i - 1);
		uint64_t step = latency_bound(i) - before;

		ck_assert_uint_ge(step, before / 6);
		ck_assert_uint_le(step, before / 3 + 1);
	}
}
END_TEST

START_TEST(a_bound_belongs_to_its_class)
{
	latency_add(&latency, 100 * US);
	latency_add(&latency, 100 * US + 1);
	latency_add(&latency, 120 * US);
	latency_add(&latency, 0);
	latency_add(&latency, 100 * SEC);
	latency_add(&latency, 100 * SEC + 1);
	ck_assert_uint_eq(latency.counts[0], 2);
	ck_assert_uint_eq(latency.counts[1], 2);
	ck_assert_uint_eq(latency.counts[LATENCY_BOUNDS - 1], 1);
	ck_assert_uint_eq(latency.counts[LATENCY_BOUNDS], 1);
	ck_assert_uint_eq(latency.count, 6);
	ck_assert_uint_eq(latency.sum_ns, 320 * US + 1 + 200 * SEC + 1);
}
END_TEST

START_TEST(nothing_took_no_time)
{
	ck_assert_uint_eq(latency_quantile(&latency, NULL, 500), 0);
	latency_add(&latency, SEC);
	ck_assert_uint_eq(latency_quantile(&latency, &latency, 500), 0);
}
END_TEST

START_TEST(quantiles_of_an_even_spread)
{
	for (unsigned i = 1; i <= 10000; i++) {
		latency_add(&latency, i * 100 * US);
	}
	is_near(latency_quantile(&latency, NULL, 10), 10 * MS);
	is_near(latency_quantile(&latency, NULL, 500), 500 * MS);
	is_near(latency_quantile(&latency, NULL, 900), 900 * MS);
	is_near(latency_quantile(&latency, NULL, 990), 990 * MS);
	is_near(latency_quantile(&latency, NULL, 1000), SEC);
}
END_TEST

START_TEST(one_alone_is_every_quantile)
{
	latency_add(&latency, 20 * MS);
	ck_assert_uint_eq(latency_quantile(&latency, NULL, 1000), 20 * MS);
	ck_assert_uint_gt(latency_quantile(&latency, NULL, 1), 15 * MS - 1);
}
END_TEST

START_TEST(only_what_came_since)
{
	struct latency before;

	for (int i = 0; i < 1000; i++) {
		latency_add(&latency, MS);
	}
	before = latency;
	latency_add(&latency, SEC);
	is_near(latency_quantile(&latency, &before, 990), SEC);
	is_near(latency_quantile(&latency, NULL, 500), MS);
}
END_TEST

START_TEST(more_than_the_last_bound_counts_as_that)
{
	latency_add(&latency, UINT64_MAX / 2);
	ck_assert_uint_eq(latency_quantile(&latency, NULL, 500), 100 * SEC);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("common/latency");
	TCase *tcase = tcase_create("latency");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, bounds_rise_by_a_fifth_or_a_third);
	tcase_add_test(tcase, a_bound_belongs_to_its_class);
	tcase_add_test(tcase, nothing_took_no_time);
	tcase_add_test(tcase, quantiles_of_an_even_spread);
	tcase_add_test(tcase, one_alone_is_every_quantile);
	tcase_add_test(tcase, only_what_came_since);
	tcase_add_test(tcase, more_than_the_last_bound_counts_as_that);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
