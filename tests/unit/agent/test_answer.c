/* SPDX-License-Identifier: ISC */

#include "agent/answer.h"

#include <errno.h>
#include <string.h>

#include "common/dial.h"
#include "protocol/codes.h"
#include "protocol/stream.h"
#include "tests/support/unit.h"

/* One failed dial and what is said about it. */
struct failure {
	enum dial_status status;
	int error;
	const char *name;
	enum code code;
	const char *text;
};

START_TEST(dials_are_explained)
{
	static const struct failure table[] = {
		{ DIAL_REFUSED, ECONNREFUSED, NULL, CODE_SERVICE_REFUSED,
		    "\"office\" is up, but nothing listens on 10.0.0.5:22 "
		    "there." },
		{ DIAL_TIMEOUT, ETIMEDOUT, NULL, CODE_SERVICE_TIMEOUT,
		    "\"office\" did not reach 10.0.0.5:22 in 10 s." },
		{ DIAL_NET_UNREACHABLE, ENETUNREACH, NULL, CODE_NET_UNREACHABLE,
		    "\"office\" has no route to 10.0.0.5." },
		{ DIAL_HOST_UNREACHABLE, EHOSTUNREACH, NULL,
		    CODE_HOST_UNREACHABLE,
		    "\"office\" has no route to 10.0.0.5." },
		{ DIAL_HOST_UNREACHABLE, EHOSTUNREACH, "printer",
		    CODE_HOST_UNREACHABLE,
		    "\"office\" has no route to printer." },
		{ DIAL_FAILED, ECONNREFUSED, NULL, CODE_SERVICE_REFUSED,
		    "\"office\" is up, but nothing listens on 10.0.0.5:22 "
		    "there." },
		{ DIAL_FAILED, EACCES, NULL, CODE_OK,
		    "\"office\" cannot connect to 10.0.0.5:22: Permission "
		    "denied." },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct dial_result result = { .status = table[i].status,
			.err = table[i].error,
			.fd = -1 };
		struct stream_opened opened;

		ck_assert_int_eq(addr_parse(&result.addr, "10.0.0.5:22"), 0);
		answer_dial(
		    &opened, "office", "10.0.0.5:22", table[i].name, &result);
		ck_assert_str_eq(opened.text, table[i].text);
		ck_assert_int_eq(opened.error, table[i].error);
		if (table[i].code == CODE_OK) {
			ck_assert_int_ne(opened.code, CODE_OK);
		} else {
			ck_assert_int_eq(opened.code, table[i].code);
		}
	}
}
END_TEST

START_TEST(others_are_explained)
{
	struct stream_opened opened;

	answer_denied(&opened, "office", "10.0.0.5:22");
	ck_assert_int_eq(opened.code, CODE_DENIED);
	ck_assert_str_eq(opened.text,
	    "The policy of \"office\" does not allow 10.0.0.5:22. On office: "
	    "--allow 10.0.0.5:22");
	answer_dns(&opened, "office", "printer");
	ck_assert_int_eq(opened.code, CODE_DNS_FAILED);
	ck_assert_str_eq(opened.text, "\"office\" cannot resolve \"printer\".");
	answer_memory(&opened, "office");
	ck_assert_int_eq(opened.code, CODE_OVERLOADED);
	answer_bad(&opened, "No.");
	ck_assert_int_eq(opened.code, CODE_BAD_REQUEST);
	ck_assert_str_eq(opened.text, "No.");
	ck_assert_int_eq(opened.address_len, 0);
}
END_TEST

START_TEST(long_names_are_cut)
{
	char name[LIMITS_NAME_LEN];
	struct stream_opened opened;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	answer_denied(&opened, name, name);
	ck_assert_uint_eq(strlen(opened.text), LIMITS_TEXT_LEN - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("answer");
	TCase *tcase = tcase_create("answer");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, dials_are_explained);
	tcase_add_test(tcase, others_are_explained);
	tcase_add_test(tcase, long_names_are_cut);
	return unit_main(suite);
}
