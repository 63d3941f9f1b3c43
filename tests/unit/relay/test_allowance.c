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

/* Return the value that text sets key to. */
static uint64_t
changed(const char *text, enum allowance_key key)
{
	struct allowance change = { .set = { false } };
	const char *why;

	ck_assert_int_eq(allowance_change(text, &change, &why), 0);
	ck_assert(change.set[key]);
	return change.value[key];
}

START_TEST(settings_are_parsed)
{
	ck_assert_uint_eq(changed("hosts=0", ALLOWANCE_HOSTS), 0);
	ck_assert_uint_eq(changed("attaches=1000000000", ALLOWANCE_ATTACHES),
	    ALLOWANCE_COUNT_MAX);
	ck_assert_uint_eq(
	    changed("hosts=none", ALLOWANCE_HOSTS), ALLOWANCE_NONE);
	ck_assert_uint_eq(
	    changed("rate-down=10Mbit", ALLOWANCE_RATE_DOWN), 10000000);
	ck_assert_uint_eq(
	    changed("rate-down=10000000", ALLOWANCE_RATE_DOWN), 10000000);
	ck_assert_uint_eq(
	    changed("rate-up=1.5MB", ALLOWANCE_RATE_UP), 12000000);
	ck_assert_uint_eq(
	    changed("rate-up=64kbit", ALLOWANCE_RATE_UP), ALLOWANCE_RATE_MIN);
	ck_assert_uint_eq(changed("rate=1Gbit", ALLOWANCE_RATE_UP), 1000000000);
	ck_assert_uint_eq(
	    changed("rate=1Gbit", ALLOWANCE_RATE_DOWN), 1000000000);
	ck_assert_uint_eq(
	    changed("rate=none", ALLOWANCE_RATE_DOWN), ALLOWANCE_NONE);
	ck_assert_uint_eq(changed("burst=1MiB", ALLOWANCE_BURST), 1 << 20);
	ck_assert_uint_eq(
	    changed("month=200GiB", ALLOWANCE_MONTH), UINT64_C(200) << 30);
	ck_assert_uint_eq(changed("month=0", ALLOWANCE_MONTH), 0);
}
END_TEST

START_TEST(what_is_no_setting_is_refused)
{
	static const struct {
		const char *text;
		const char *why;
	} wrongs[] = {
		{ "", "A limit is" },
		{ "hosts", "A limit is" },
		{ "=5", "A limit is" },
		{ "hosts=", "That limit is a number" },
		{ "hosts=-1", "That limit is a number" },
		{ "hosts=5x", "That limit is a number" },
		{ "Hosts=5", "A limit is" },
		{ "hosts =5", "A limit is" },
		{ "hosts=1000000001", "A number can be" },
		{ "hosts=None", "That limit is a number" },
		{ "averyveryverylongname=5", "A limit is" },
		{ "rate=5", "A rate can be" },
		{ "rate=5M", "A rate is" },
		{ "rate-up=fast", "A rate is" },
		{ "rate-down=0bit", "A rate can be" },
		{ "rate-down=63999bit", "A rate can be" },
		{ "rate-down=1001Gbit", "A rate can be" },
		{ "burst=1KiB", "A burst can be" },
		{ "burst=2GiB", "A burst can be" },
		{ "month=10Mbit", "That limit is a size" },
		{ "month=1025TiB", "A burst can be" },
	};

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct allowance change = { .set = { false } };
		const char *why = NULL;

		ck_assert_int_eq(
		    allowance_change(wrongs[i].text, &change, &why), -1);
		ck_assert_msg(
		    strncmp(why, wrongs[i].why, strlen(wrongs[i].why)) == 0,
		    "%s: %s", wrongs[i].text, why);
		for (int key = 0; key < ALLOWANCE_KEYS; key++) {
			ck_assert(!change.set[key]);
		}
	}
}
END_TEST

/* What is written can be typed. */
START_TEST(values_are_written)
{
	char text[ALLOWANCE_TEXT_LEN];

	ck_assert_str_eq(allowance_text(ALLOWANCE_HOSTS, 5, text), "5");
	ck_assert_str_eq(
	    allowance_text(ALLOWANCE_HOSTS, ALLOWANCE_NONE, text), "none");
	ck_assert_str_eq(
	    allowance_text(ALLOWANCE_RATE_UP, 10000000, text), "10Mbit");
	ck_assert_str_eq(
	    allowance_text(ALLOWANCE_RATE_DOWN, 1500000, text), "1.5Mbit");
	ck_assert_str_eq(
	    allowance_text(ALLOWANCE_MONTH, UINT64_C(200) << 30, text),
	    "200GiB");
	ck_assert_str_eq(allowance_text(ALLOWANCE_MONTH, 0, text), "0B");
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
	tcase_add_test(tcase, what_is_no_setting_is_refused);
	tcase_add_test(tcase, values_are_written);
	tcase_add_test(tcase, limits_are_set_and_unset);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
