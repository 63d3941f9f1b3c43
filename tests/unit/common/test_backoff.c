/* SPDX-License-Identifier: ISC */
#include "common/backoff.h"

#include "tests/support/unit.h"

#define SECOND UINT64_C(1000000000)

START_TEST(first_retry_comes_at_once)
{
	struct backoff backoff;

	backoff_init(&backoff);
	ck_assert_uint_eq(backoff_next(&backoff, UINT64_MAX), 0);
	ck_assert_uint_eq(backoff_next(&backoff, SECOND), SECOND);
	backoff_reset(&backoff);
	ck_assert_uint_eq(backoff_next(&backoff, UINT64_MAX), 0);
	ck_assert_uint_eq(backoff_next(&backoff, SECOND), SECOND);
}
END_TEST

/* A random number that is the end of a range comes out as it went in. */
START_TEST(range_doubles_up_to_the_cap)
{
	static const uint64_t ends[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct backoff backoff;

	backoff_init(&backoff);
	backoff_next(&backoff, 0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct backoff copy = backoff;
		uint64_t end = ends[i] * SECOND;

		ck_assert_uint_eq(backoff_next(&copy, end + 1), 0);
		ck_assert_uint_eq(backoff_next(&backoff, end), end);
	}
}
END_TEST

START_TEST(many_retries_stay_at_the_cap)
{
	struct backoff backoff;

	backoff_init(&backoff);
	for (int i = 0; i < 100000; i++) {
		backoff_next(&backoff, UINT64_MAX);
	}
	ck_assert_uint_eq(backoff_next(&backoff, 60 * SECOND), 60 * SECOND);
	ck_assert_uint_eq(backoff_next(&backoff, 60 * SECOND + 1), 0);
}
END_TEST

START_TEST(range_can_change_on_the_way)
{
	struct backoff backoff;

	backoff_init(&backoff);
	for (int i = 0; i < 10; i++) {
		backoff_next(&backoff, 0);
	}
	backoff_set_range(&backoff, SECOND, 5 * SECOND);
	ck_assert_uint_eq(backoff_next(&backoff, 5 * SECOND), 5 * SECOND);
	ck_assert_uint_eq(backoff_next(&backoff, 5 * SECOND + 1), 0);
	backoff_set_range(&backoff, 10 * SECOND, 5 * SECOND);
	backoff_reset(&backoff);
	backoff_next(&backoff, 0);
	ck_assert_uint_eq(backoff_next(&backoff, 5 * SECOND + 1), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tcase = tcase_create("backoff");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, first_retry_comes_at_once);
	tcase_add_test(tcase, range_doubles_up_to_the_cap);
	tcase_add_test(tcase, many_retries_stay_at_the_cap);
	tcase_add_test(tcase, range_can_change_on_the_way);
	return unit_main(suite);
}
