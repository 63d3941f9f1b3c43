/* SPDX-License-Identifier: ISC */

#include "protocol/codes.h"

#include <errno.h>

#include "tests/support/unit.h"

START_TEST(what_is_shown_of_a_code)
{
	ck_assert_int_eq(codes_shown(CODE_DENIED, ECONNREFUSED), CODE_DENIED);
	ck_assert_int_eq(codes_shown(CODE_OK, 0), CODE_OK);
	ck_assert_int_eq(codes_shown(CODE_DIRECT_FAILED, 0), CODE_DNS_FAILED);
	ck_assert_int_eq(codes_shown(CODE_DIRECT_FAILED, ECONNREFUSED),
	    CODE_SERVICE_REFUSED);
	ck_assert_int_eq(
	    codes_shown(CODE_DIRECT_FAILED, ETIMEDOUT), CODE_SERVICE_TIMEOUT);
	ck_assert_int_eq(
	    codes_shown(CODE_DIRECT_FAILED, ENETUNREACH), CODE_NET_UNREACHABLE);
	ck_assert_int_eq(codes_shown(CODE_DIRECT_FAILED, EHOSTUNREACH),
	    CODE_HOST_UNREACHABLE);
	ck_assert_int_eq(
	    codes_shown(CODE_DIRECT_FAILED, EMFILE), CODE_OVERLOADED);
	/* Not that our own policy forbids it, nor that we are broken. */
	ck_assert_int_eq(
	    codes_shown(CODE_DIRECT_FAILED, EACCES), CODE_HOST_UNREACHABLE);
	ck_assert_int_eq(
	    codes_shown(CODE_DIRECT_FAILED, EINVAL), CODE_HOST_UNREACHABLE);
}
END_TEST

/* What anybody on the path can cause is over when he is gone. */
START_TEST(what_time_does_not_heal)
{
	ck_assert(codes_is_lasting(CODE_REVOKED));
	ck_assert(codes_is_lasting(CODE_NOT_JOINED));
	ck_assert(codes_is_lasting(CODE_LOGIN_REFUSED));
	ck_assert(!codes_is_lasting(CODE_OK));
	ck_assert(!codes_is_lasting(CODE_LINK_LOST));
	ck_assert(!codes_is_lasting(CODE_HOST_OFFLINE));
	ck_assert(!codes_is_lasting(CODE_RELAY_KEY_CHANGED));
}
END_TEST

START_TEST(each_has_an_index)
{
	for (unsigned i = 0; i < CODES_COUNT; i++) {
		ck_assert_uint_eq(codes_index(codes_at(i)), i);
	}
	ck_assert_int_eq(codes_at(CODES_INDEX_OK), CODE_OK);
	/* One that only a newer peer knows. */
	ck_assert_uint_eq(codes_index((enum code)9999), CODES_INDEX_INTERNAL);
}
END_TEST

START_TEST(sentences_are_cut)
{
	char text[LIMITS_TEXT_LEN];
	char longer[2 * LIMITS_TEXT_LEN];

	ck_assert_int_eq(
	    codes_explain(CODE_DENIED, text, "\"%s\" is not here.", "lab"),
	    CODE_DENIED);
	ck_assert_str_eq(text, "\"lab\" is not here.");
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(
	    codes_explain(CODE_LIMIT, text, "%s", longer), CODE_LIMIT);
	ck_assert_uint_eq(strlen(text), LIMITS_TEXT_LEN - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codes");
	TCase *tc = tcase_create("codes");

	tcase_add_test(tc, what_is_shown_of_a_code);
	tcase_add_test(tc, what_time_does_not_heal);
	tcase_add_test(tc, each_has_an_index);
	tcase_add_test(tc, sentences_are_cut);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
