/* SPDX-License-Identifier: ISC */
/* Months and what moved in them. */
#include "relay/usage.h"

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

START_TEST(months_are_those_of_the_calendar)
{
	char text[USAGE_MONTH_LEN];
	char day[USAGE_DAY_LEN];

	/* The last second of November 2026, and the one behind it. */
	ck_assert_uint_eq(usage_month(1796083199), 202611);
	ck_assert_uint_eq(usage_month(1796083200), 202612);
	ck_assert_uint_eq(usage_month(0), 197001);
	/* A leap year. */
	ck_assert_uint_eq(usage_month(1709251199), 202402);
	ck_assert_uint_eq(usage_month(1709251200), 202403);
	ck_assert_str_eq(usage_month_text(202603, text), "2026-03");
	ck_assert_str_eq(usage_reset_text(202611, day), "1 December");
	ck_assert_str_eq(usage_reset_text(202612, day), "1 January");
	ck_assert_str_eq(usage_reset_text(202601, day), "1 February");
}
END_TEST

START_TEST(nothing_is_nothing)
{
	struct usage usage = { .count = 0 };

	ck_assert_uint_eq(usage_total(&usage, 202611), 0);
	usage_free(&usage);
}
END_TEST

START_TEST(months_are_kept_apart)
{
	struct usage usage = { .count = 0 };

	usage_at(&usage, 202611)->up += 5;
	usage_at(&usage, 202612)->down += 7;
	usage_at(&usage, 202611)->down += 30;
	/* The clock was wrong. */
	usage_at(&usage, 202601)->up += 1;
	ck_assert_uint_eq(usage.count, 3);
	ck_assert_uint_eq(usage.months[0].month, 202601);
	ck_assert_uint_eq(usage_total(&usage, 202611), 35);
	ck_assert_uint_eq(usage_total(&usage, 202612), 7);
	ck_assert_uint_eq(usage_total(&usage, 202610), 0);
	ck_assert_uint_eq(usage.dropped, 0);
	usage_free(&usage);
	ck_assert_uint_eq(usage_total(&usage, 202611), 0);
}
END_TEST

START_TEST(a_year_is_kept)
{
	struct usage usage = { .count = 0 };

	for (uint32_t month = 1; month <= 24; month++) {
		uint32_t number =
		    (2025 + (month - 1) / 12) * 100 + (month - 1) % 12 + 1;

		usage_at(&usage, number)->up = month;
		ck_assert_uint_le(usage.count, USAGE_MONTHS);
	}
	ck_assert_uint_eq(usage.count, USAGE_MONTHS);
	ck_assert_uint_eq(usage.months[0].month, 202512);
	ck_assert_uint_eq(usage.months[0].up, 12);
	ck_assert_uint_eq(usage.months[USAGE_MONTHS - 1].month, 202612);
	ck_assert_uint_eq(usage.dropped, 202511);
	ck_assert_ptr_null(usage_at(&usage, 202511));
	ck_assert_uint_eq(usage.count, USAGE_MONTHS);
	usage_free(&usage);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	struct usage usage = { .count = 0 };

	failalloc_after(1);
	ck_assert_ptr_null(usage_at(&usage, 202611));
	failalloc_off();
	ck_assert_uint_eq(usage.count, 0);
	ck_assert_ptr_nonnull(usage_at(&usage, 202611));
	usage_free(&usage);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("usage");
	TCase *tcase = tcase_create("usage");

	tcase_add_test(tcase, months_are_those_of_the_calendar);
	tcase_add_test(tcase, nothing_is_nothing);
	tcase_add_test(tcase, months_are_kept_apart);
	tcase_add_test(tcase, a_year_is_kept);
	tcase_add_test(tcase, without_memory_there_is_none);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
