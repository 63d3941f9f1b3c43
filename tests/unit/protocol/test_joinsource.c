/* SPDX-License-Identifier: ISC */

#include "protocol/joinsource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static struct fault fault;
static char out[JOINSTRING_MAX];

/* Assert that argument, which is changed, stands for want. */
static void
reads(char *argument, const char *want)
{
	out[0] = '\0';
	ck_assert_msg(joinsource_read(argument, out, &fault) == JOINSOURCE_READ,
	    "%s", fault.text);
	ck_assert_str_eq(out, want);
}

/* Assert that argument, which is changed, cannot be read. */
static void
fails(char *argument)
{
	fault.text[0] = '\0';
	ck_assert_int_eq(
	    joinsource_read(argument, out, &fault), JOINSOURCE_FAILED);
	ck_assert_int_ne(fault.text[0], '\0');
}

START_TEST(argument_is_wiped)
{
	char argument[] = " inroad1:secret \n";
	size_t len = strlen(argument);

	reads(argument, "inroad1:secret ");
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_eq(argument[i], 0);
	}
}
END_TEST

START_TEST(environment_comes_second)
{
	char argument[] = "first";
	const char *value;

	(void)unsetenv(JOINSOURCE_VARIABLE);
	ck_assert_int_eq(joinsource_read(NULL, out, &fault), JOINSOURCE_NONE);
	(void)setenv(JOINSOURCE_VARIABLE, "", 1);
	ck_assert_int_eq(joinsource_read(NULL, out, &fault), JOINSOURCE_NONE);
	(void)setenv(JOINSOURCE_VARIABLE, "second", 1);
	reads(argument, "first");
	value = getenv(JOINSOURCE_VARIABLE);
	reads(NULL, "second");
	ck_assert_str_eq(value, "");
	(void)unsetenv(JOINSOURCE_VARIABLE);
}
END_TEST

START_TEST(file_is_read)
{
	char top[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];
	char argument[TEMPDIR_LEN + 1] = "@";
	static char big[JOINSTRING_MAX + 2];

	tempdir_new(top);
	(void)snprintf(
	    argument + 1, TEMPDIR_LEN, "%s", tempdir_file(top, "string", path));
	fails(argument);
	tempdir_write(path, "inroad1:from-file\nmore\n");
	reads(argument, "inroad1:from-file");
	tempdir_write(path, "\n  inroad1:from-file");
	reads(argument, "inroad1:from-file");
	tempdir_write(path, "\n \n");
	fails(argument);
	ck_assert_ptr_nonnull(strstr(fault.text, path));
	memset(big, 'a', sizeof(big) - 1);
	tempdir_write(path, big);
	fails(argument);
	big[JOINSTRING_MAX] = '\0';
	tempdir_write(path, big);
	fails(argument);
	big[JOINSTRING_MAX - 1] = '\0';
	tempdir_write(path, big);
	reads(argument, big);
	tempdir_remove(top);
}
END_TEST

START_TEST(input_is_read)
{
	char top[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];
	char argument[] = "-";

	tempdir_new(top);
	tempdir_write(
	    tempdir_file(top, "input", path), "inroad1:from-input\nrest\n");
	ck_assert_ptr_nonnull(freopen(path, "r", stdin));
	reads(argument, "inroad1:from-input");
	ck_assert_ptr_nonnull(freopen("/dev/null", "r", stdin));
	fails(argument);
	tempdir_remove(top);
}
END_TEST

START_TEST(nothing_is_refused)
{
	char empty[] = "";
	char blank[] = " \n";
	char at[] = "@";
	static char big[JOINSTRING_MAX + 1];

	fails(empty);
	fails(blank);
	fails(at);
	memset(big, 'a', sizeof(big) - 1);
	fails(big);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("joinsource");
	TCase *tcase = tcase_create("joinsource");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, argument_is_wiped);
	tcase_add_test(tcase, environment_comes_second);
	tcase_add_test(tcase, file_is_read);
	tcase_add_test(tcase, input_is_read);
	tcase_add_test(tcase, nothing_is_refused);
	return unit_main(suite);
}
