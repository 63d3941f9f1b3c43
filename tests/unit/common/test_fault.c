/* SPDX-License-Identifier: ISC */

#include "common/fault.h"

#include <errno.h>
#include <string.h>

#include "tests/support/unit.h"

START_TEST(set_and_prefix)
{
	struct fault fault;

	errno = 1234;
	ck_assert_int_eq(fault_set(&fault, "no %s at %d", "key", 5), -1);
	ck_assert_str_eq(fault.text, "no key at 5");
	ck_assert_int_eq(fault_prefix(&fault, "%s:%d", "file", 3), -1);
	ck_assert_str_eq(fault.text, "file:3: no key at 5");
	ck_assert_int_eq(fault_set(&fault, "%s!", fault.text), -1);
	ck_assert_str_eq(fault.text, "file:3: no key at 5!");
	ck_assert_int_eq(errno, 1234);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char text[2 * FAULT_LEN];
	struct fault fault;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(fault_set(&fault, "%s", text), -1);
	ck_assert_uint_eq(strlen(fault.text), FAULT_LEN - 1);
	ck_assert_int_eq(fault_prefix(&fault, "bbb"), -1);
	ck_assert_uint_eq(strlen(fault.text), FAULT_LEN - 1);
	ck_assert_mem_eq(fault.text, "bbb: aaa", 8);
	ck_assert_int_eq(fault_prefix(&fault, "%s", text), -1);
	ck_assert_uint_eq(strlen(fault.text), FAULT_LEN - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fault");
	TCase *tcase = tcase_create("fault");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, set_and_prefix);
	tcase_add_test(tcase, long_texts_are_cut);
	return unit_main(suite);
}
