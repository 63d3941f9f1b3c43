/* SPDX-License-Identifier: ISC */

#include "common/lines.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fault.h"
#include "common/file.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

/* What was taken, with a bar behind each line. */
static char taken[256];

static int
take(char *line, void *arg)
{
	ck_assert_ptr_eq(arg, taken);
	if (strcmp(line, "bad") == 0) {
		return -1;
	}
	(void)snprintf(
	    taken + strlen(taken), sizeof(taken) - strlen(taken), "%s|", line);
	/* It is the callee's to take apart. */
	memset(line, 'x', strlen(line));
	return 0;
}

static unsigned
parse(const char *text, void *arg)
{
	taken[0] = '\0';
	return lines_parse(text, 8, take, arg);
}

START_TEST(each_line)
{
	ck_assert_uint_eq(parse("", taken), 0);
	ck_assert_str_eq(taken, "");
	ck_assert_uint_eq(parse("a\n\nbc\n", taken), 0);
	ck_assert_str_eq(taken, "a||bc|");
	ck_assert_uint_eq(parse("a\nbc", taken), 0);
	ck_assert_str_eq(taken, "a|bc|");
}
END_TEST

START_TEST(what_is_not_right)
{
	ck_assert_uint_eq(parse("a\nbad\nb\n", taken), 2);
	ck_assert_str_eq(taken, "a|");
	ck_assert_uint_eq(parse("bad", taken), 1);
	ck_assert_uint_eq(parse("1234567\n12345678\n", taken), 2);
	ck_assert_str_eq(taken, "1234567|");
}
END_TEST

START_TEST(no_line_is_longer_than_there_is_room)
{
	char text[LINES_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[LINES_MAX] = '\0';
	taken[0] = '\0';
	ck_assert_uint_eq(lines_parse(text, LINES_MAX + 1, take, taken), 1);
	ck_assert_str_eq(taken, "");
}
END_TEST

START_TEST(of_a_file)
{
	char directory[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];
	struct fault fault;

	tempdir_new(directory);
	(void)tempdir_file(directory, "x", path);
	ck_assert_int_eq(
	    lines_load(path, 64, parse, taken, "pin", &fault), LINES_OK);
	ck_assert_int_eq(file_write(path, "a\nb\n", 4, &fault), FILE_OK);
	ck_assert_int_eq(
	    lines_load(path, 64, parse, taken, "pin", &fault), LINES_OK);
	ck_assert_str_eq(taken, "a|b|");
	ck_assert_int_eq(
	    lines_load(path, 3, parse, taken, "pin", &fault), LINES_DENIED);
	ck_assert_int_eq(file_write(path, "a\nbad\n", 6, &fault), FILE_OK);
	ck_assert_int_eq(
	    lines_load(path, 64, parse, taken, "pin", &fault), LINES_BAD);
	ck_assert_ptr_nonnull(
	    strstr(fault.text, "/x: line 2 is no pin: correct or remove it"));
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(
	    lines_load(path, 64, parse, taken, "pin", &fault), LINES_DENIED);
	tempdir_remove(directory);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tcase = tcase_create("lines");

	tcase_add_test(tcase, each_line);
	tcase_add_test(tcase, what_is_not_right);
	tcase_add_test(tcase, no_line_is_longer_than_there_is_room);
	tcase_add_test(tcase, of_a_file);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
