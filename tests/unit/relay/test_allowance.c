/* SPDX-License-Identifier: ISC */

#include "relay/allowance.h"

#include <string.h>

#include "relay/store.h"
#include "tests/support/unit.h"

START_TEST(keys_have_names)
{
	enum allowance_key key;

	for (int i = 0; i < ALLOWANCE_KEYS; i++) {
		const char *name = allowance_name((enum allowance_key)i);

		ck_assert_uint_lt(strlen(name), ALLOWANCE_NAME_LEN);
		ck_assert_uint_lt(strlen(name), STORE_LIMIT_LEN);
		ck_assert_int_eq(allowance_find(name, &key), 0);
		ck_assert_int_eq((int)key, i);
	}
	ck_assert_int_eq(allowance_find("", &key), -1);
	ck_assert_int_eq(allowance_find("host", &key), -1);
}
END_TEST

START_TEST(settings_are_parsed)
{
	static const char *const wrongs[] = { "", "hosts", "=5",
		"hosts=", "hosts=-1", "hosts=5x", "Hosts=5", "hosts =5",
		"hosts=1000000001", "hosts=None", "averyveryverylongname=5" };
	enum allowance_key key = ALLOWANCE_LINKS;
	uint64_t value = 7;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		ck_assert_int_eq(allowance_parse(wrongs[i], &key, &value), -1);
		ck_assert_int_eq((int)key, ALLOWANCE_LINKS);
		ck_assert_uint_eq(value, 7);
	}
	ck_assert_int_eq(allowance_parse("hosts=0", &key, &value), 0);
	ck_assert_int_eq((int)key, ALLOWANCE_HOSTS);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(
	    allowance_parse("attaches=1000000000", &key, &value), 0);
	ck_assert_int_eq((int)key, ALLOWANCE_ATTACHES);
	ck_assert_uint_eq(value, ALLOWANCE_MAX);
	ck_assert_int_eq(allowance_parse("hosts=none", &key, &value), 0);
	ck_assert_uint_eq(value, ALLOWANCE_NONE);
}
END_TEST

START_TEST(limits_are_set_and_unset)
{
	struct allowance allowance = { .set = { false } };

	ck_assert_uint_eq(
	    allowance_get(&allowance, ALLOWANCE_HOSTS), ALLOWANCE_NONE);
	allowance_set(&allowance, ALLOWANCE_HOSTS, 0);
	ck_assert_uint_eq(allowance_get(&allowance, ALLOWANCE_HOSTS), 0);
	ck_assert_uint_eq(
	    allowance_get(&allowance, ALLOWANCE_LINKS), ALLOWANCE_NONE);
	allowance_set(&allowance, ALLOWANCE_HOSTS, ALLOWANCE_NONE);
	ck_assert_uint_eq(
	    allowance_get(&allowance, ALLOWANCE_HOSTS), ALLOWANCE_NONE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("allowance");
	TCase *tcase = tcase_create("allowance");

	tcase_add_test(tcase, keys_have_names);
	tcase_add_test(tcase, settings_are_parsed);
	tcase_add_test(tcase, limits_are_set_and_unset);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
