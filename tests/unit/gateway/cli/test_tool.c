/* SPDX-License-Identifier: ISC */

#include "gateway/cli/tool.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

/* Assert that sh -c script ends with status and prints out. */
static void
runs(const char *script, int status, const char *out)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	char got[16] = "before";

	ck_assert_int_eq(tool_run(argv, got, sizeof(got)), status);
	ck_assert_str_eq(got, out);
}

START_TEST(gives_what_is_printed)
{
	runs("echo one; echo two", 0, "one\ntwo");
	runs("printf one", 0, "one");
	runs("exit 7", 7, "");
	runs("echo why >&2; echo so; exit 1", 1, "so");
	/* Nobody is asked for anything. */
	runs("cat", 0, "");
}
END_TEST

START_TEST(gives_no_part)
{
	runs("echo 12345678901234", 0, "12345678901234");
	runs("echo 123456789012345", -1, "");
	/* It comes to its end all the same. */
	runs("for i in 1 2 3; do echo 1234567; done", -1, "");
}
END_TEST

START_TEST(tells_that_it_was_killed)
{
	runs("echo so; kill -9 $$", -1, "");
}
END_TEST

START_TEST(tells_that_it_is_not_there)
{
	const char *const argv[] = { "inroad-no-such-program", NULL };
	char got[16];

	ck_assert_int_ne(tool_run(argv, got, sizeof(got)), 0);
	ck_assert(!tool_exists(argv[0]));
	ck_assert(tool_exists("sh"));
	(void)setenv("PATH", ":/nowhere::/bin:", 1);
	ck_assert(tool_exists("sh"));
	(void)unsetenv("PATH");
	ck_assert(!tool_exists("sh"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool");
	TCase *tests = tcase_create("tests");

	tcase_add_test(tests, gives_what_is_printed);
	tcase_add_test(tests, gives_no_part);
	tcase_add_test(tests, tells_that_it_was_killed);
	tcase_add_test(tests, tells_that_it_is_not_there);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
