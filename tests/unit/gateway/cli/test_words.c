/* SPDX-License-Identifier: ISC */

#include "gateway/cli/words.h"

#include <time.h>

#include "tests/support/unit.h"

START_TEST(times_gone_by)
{
	static const struct {
		double ago;
		const char *text;
	} rows[] = {
		{ -1000, "0 s ago" },
		{ 600, "10 min ago" },
		{ 10800, "3 h ago" },
		{ 260000, "3 days ago" },
	};
	char text[32];
	time_t now = time(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_str_eq(
		    words_ago((double)now - rows[i].ago, text, sizeof(text)),
		    rows[i].text);
	}
	ck_assert_str_eq(words_ago(0, text, sizeof(text)), "never");
}
END_TEST

START_TEST(times_that_take)
{
	char text[32];

	ck_assert_str_eq(words_duration(0, text, sizeof(text)), "0 s");
	ck_assert_str_eq(words_duration(119.4, text, sizeof(text)), "119 s");
	ck_assert_str_eq(words_duration(3600, text, sizeof(text)), "60 m");
	ck_assert_str_eq(words_duration(86400, text, sizeof(text)), "24 h");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("words");
	TCase *tcase = tcase_create("words");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, times_gone_by);
	tcase_add_test(tcase, times_that_take);
	return unit_main(suite);
}
