/* SPDX-License-Identifier: ISC */
#include "protocol/link_impl.h"

#include "tests/support/unit.h"

START_TEST(an_unknown_rate_is_taken_for_fast)
{
	ck_assert_uint_eq(linktcp_lowat(0), LIMITS_NOTSENT_LOWAT);
}
END_TEST

START_TEST(unsent_bytes_follow_the_rate)
{
	/* 100 Mbit/s: ten milliseconds of it. */
	ck_assert_uint_eq(linktcp_lowat(12500000), 125000);
	ck_assert_uint_eq(linktcp_lowat(5000000), 50000);
}
END_TEST

START_TEST(unsent_bytes_have_bounds)
{
	ck_assert_uint_eq(linktcp_lowat(1), LIMITS_NOTSENT_MIN);
	ck_assert_uint_eq(linktcp_lowat(1638399), LIMITS_NOTSENT_MIN);
	ck_assert_uint_eq(linktcp_lowat(1638500), LIMITS_NOTSENT_MIN + 1);
	ck_assert_uint_eq(linktcp_lowat(13107300), LIMITS_NOTSENT_LOWAT);
	ck_assert_uint_eq(linktcp_lowat(UINT64_MAX), LIMITS_NOTSENT_LOWAT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("linktcp");
	TCase *tcase = tcase_create("linktcp");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, an_unknown_rate_is_taken_for_fast);
	tcase_add_test(tcase, unsent_bytes_follow_the_rate);
	tcase_add_test(tcase, unsent_bytes_have_bounds);
	return unit_main(suite);
}
