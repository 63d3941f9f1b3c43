/* SPDX-License-Identifier: ISC */

#include "gateway/cli/relaycmd.h"

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

#define OK_LINE "{\"exit\":0}\n"

static struct clirun run;

static void
setup(void)
{
	clirun_init(&run);
}

static void
teardown(void)
{
	clirun_end(&run);
}

START_TEST(one_thing_is_shown_in_lines)
{
	clirun_answer(&run,
	    "{\"role\":\"relay\",\"up\":true,\"n\":7,\"a\":[1,\"x\"],"
	    "\"t\":\"a\\u001bb\"}\n" OK_LINE);
	ck_assert_int_eq(
	    clirun(&run, "inroad --relay DIR relay status"), CONTROL_OK);
	ck_assert_str_eq(run.said.out, "role             relay\n"
				       "up               true\n"
				       "n                7\n"
				       "a                [1,\"x\"]\n"
				       "t                a\\u001bb\n");
	ck_assert_str_eq(run.asked, "status\n");
}
END_TEST

START_TEST(several_are_a_line_each)
{
	clirun_answer(&run,
	    "{\"user\":\"a\",\"n\":1}\n{\"user\":\"b\",\"n\":2}\n" OK_LINE);
	ck_assert_int_eq(
	    clirun(&run, "inroad --relay DIR relay host list x"), CONTROL_OK);
	ck_assert_str_eq(run.said.out, "user=a n=1\nuser=b n=2\n");
	ck_assert_str_eq(run.asked, "host list x\n");
}
END_TEST

START_TEST(some_need_no_prefix)
{
	clirun_answer(&run, OK_LINE);
	ck_assert_int_eq(
	    clirun(&run, "inroad --relay DIR kick bob/desk"), CONTROL_OK);
	ck_assert_str_eq(run.said.out, "");
	ck_assert_str_eq(run.asked, "kick bob/desk\n");
}
END_TEST

START_TEST(what_the_relay_says_is_told)
{
	clirun_answer(&run,
	    "{\"exit\":2,\"error\":\"unknown-command\",\"text\":\"no\"}\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --relay DIR relay coffee"), CONTROL_USAGE);
	ck_assert_str_eq(run.said.err, "inroad: unknown-command: no\n");
	ck_assert_int_eq(clirun(&run, "inroad relay"), CONTROL_USAGE);
	ck_assert_str_eq(
	    run.said.err, "usage: inroad relay COMMAND [WORD ...]\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relaycmd");
	TCase *tcase = tcase_create("tests");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, one_thing_is_shown_in_lines);
	tcase_add_test(tcase, several_are_a_line_each);
	tcase_add_test(tcase, some_need_no_prefix);
	tcase_add_test(tcase, what_the_relay_says_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
