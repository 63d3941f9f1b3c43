/* SPDX-License-Identifier: ISC */

#include "common/nearest.h"

#include <string.h>

#include "tests/support/unit.h"

static const char *const names[] = { "office", "lab", "printer", "listen", "db",
	"x", NULL };

START_TEST(finds_slips)
{
	static const char *const rows[][2] = {
		{ "office", "office" },
		{ "offce", "office" },
		{ "offfice", "office" },
		{ "ofifce", "office" },
		{ "OFFICE", "office" },
		{ "0ffice", "office" },
		{ "lba", "lab" },
		{ "la", "lab" },
		{ "listne", "listen" },
		{ "prniter", "printer" },
		{ "bd", "db" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *found = nearest(rows[i][0], names);

		ck_assert_ptr_nonnull(found);
		ck_assert_str_eq(found, rows[i][1]);
	}
}
END_TEST

START_TEST(finds_nothing_far)
{
	static const char *const rows[] = { "", "zz", "foo", "oxxxce",
		"gateway", "y" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_ptr_null(nearest(rows[i], names));
	}
	ck_assert_ptr_null(nearest("office", names + 6));
}
END_TEST

START_TEST(the_nearest_and_first_wins)
{
	static const char *const list[] = { "hosts", "host", "hose", NULL };

	ck_assert_str_eq(nearest("hosx", list), "host");
	ck_assert_str_eq(nearest("hostss", list), "hosts");
}
END_TEST

START_TEST(long_words_are_left_alone)
{
	char longest[NEAREST_LEN_MAX + 2];
	char other[NEAREST_LEN_MAX + 2];
	const char *const list[] = { other, NULL };

	memset(longest, 'a', sizeof(longest));
	memset(other, 'a', sizeof(other));
	longest[NEAREST_LEN_MAX] = '\0';
	other[NEAREST_LEN_MAX] = '\0';
	ck_assert_ptr_eq(nearest(longest, list), other);
	longest[NEAREST_LEN_MAX] = 'a';
	longest[NEAREST_LEN_MAX + 1] = '\0';
	ck_assert_ptr_null(nearest(longest, list));
	longest[NEAREST_LEN_MAX] = '\0';
	other[NEAREST_LEN_MAX] = 'a';
	other[NEAREST_LEN_MAX + 1] = '\0';
	ck_assert_ptr_null(nearest(longest, list));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tcase = tcase_create("nearest");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, finds_slips);
	tcase_add_test(tcase, finds_nothing_far);
	tcase_add_test(tcase, the_nearest_and_first_wins);
	tcase_add_test(tcase, long_words_are_left_alone);
	return unit_main(suite);
}
