/* SPDX-License-Identifier: ISC */
/* What relay.conf says of levels. */
#include "relay/levels.h"

#include <string.h>

#include "common/fault.h"
#include "common/options_file.h"
#include "tests/support/unit.h"

static const struct options_row rows[] = {
	{ .name = "level",
	    .kind = OPTIONS_SECTION,
	    .help = "limits of a level",
	    .keys = levels_keys },
	{ .name = NULL },
};

static const struct options_table table = {
	.program = "test",
	.synopsis = "",
	.about = "Nothing.\n",
	.rows = rows,
	.operands = OPTIONS_NO_OPERANDS,
};

static struct allowance levels[STORE_GUEST + 1];
static struct fault fault;

/* Read file; 0, or -1 and fault. */
static int
read_file(const char *file)
{
	struct options *options = options_new(&table);
	int result;

	ck_assert_ptr_nonnull(options);
	result = options_file_load_text(
	    options, "relay.conf", file, strlen(file), &fault);
	if (result == 0) {
		result = levels_read(options, levels, &fault);
	}
	options_free(options);
	return result;
}

static void
is_wrong(const char *file, const char *why)
{
	ck_assert_int_eq(read_file(file), -1);
	ck_assert_msg(strstr(fault.text, why) != NULL, "%s", fault.text);
}

START_TEST(every_key_is_one_of_a_level)
{
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		const char *name = allowance_name((enum allowance_key)key);
		const struct options_row *row = levels_keys;

		while (row->name != NULL && strcmp(row->name, name) != 0) {
			row++;
		}
		ck_assert_msg(row->name != NULL, "%s", name);
		ck_assert_uint_eq(
		    row->least, allowance_least((enum allowance_key)key));
		ck_assert_uint_eq(
		    row->most, allowance_most((enum allowance_key)key));
	}
}
END_TEST

START_TEST(levels_are_read)
{
	ck_assert_int_eq(
	    read_file("level user { rate = \"50Mbit\" rate-up = \"1MB\"\n"
		      " month = \"200GiB\" burst = \"1MiB\" hosts = 5 }\n"
		      "level guest { attaches = 0 }\n"),
	    0);
	ck_assert_uint_eq(
	    allowance_get(&levels[STORE_USER], ALLOWANCE_RATE_DOWN), 50000000);
	/* The one that says more wins. */
	ck_assert_uint_eq(
	    allowance_get(&levels[STORE_USER], ALLOWANCE_RATE_UP), 8000000);
	ck_assert_uint_eq(allowance_get(&levels[STORE_USER], ALLOWANCE_MONTH),
	    UINT64_C(200) << 30);
	ck_assert_uint_eq(
	    allowance_get(&levels[STORE_USER], ALLOWANCE_BURST), 1 << 20);
	ck_assert_uint_eq(
	    allowance_get(&levels[STORE_USER], ALLOWANCE_HOSTS), 5);
	ck_assert_uint_eq(
	    allowance_get(&levels[STORE_GUEST], ALLOWANCE_ATTACHES), 0);
	ck_assert_uint_eq(allowance_get(&levels[STORE_ADMIN], ALLOWANCE_MONTH),
	    ALLOWANCE_NONE);
	/* What is not said any more is not limited any more. */
	ck_assert_int_eq(read_file(""), 0);
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		ck_assert_uint_eq(
		    allowance_get(&levels[STORE_USER], (enum allowance_key)key),
		    ALLOWANCE_NONE);
	}
}
END_TEST

START_TEST(mistakes_have_a_place)
{
	is_wrong("\nlevel king { hosts = 5 }", "relay.conf:2");
	is_wrong("level king { hosts = 5 }", "is no level");
	is_wrong("level user {\n rate = \"fast\"\n}", "relay.conf:2");
	is_wrong("level user { rate = \"1kbit\" }", "rate");
	is_wrong("level user { burst = \"1KiB\" }", "burst");
	is_wrong("level user { rates = \"1Mbit\" }", "rates");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("levels");
	TCase *tcase = tcase_create("levels");

	tcase_add_test(tcase, every_key_is_one_of_a_level);
	tcase_add_test(tcase, levels_are_read);
	tcase_add_test(tcase, mistakes_have_a_place);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
