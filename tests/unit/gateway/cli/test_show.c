/* SPDX-License-Identifier: ISC */

#include "gateway/cli/show.h"

#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

static struct clirun run;

static void
setup(void)
{
	clirun_init(&run);
	(void)unsetenv("STATE_DIRECTORY");
	(void)setenv("XDG_STATE_HOME", run.top, 1);
}

static void
teardown(void)
{
	clirun_end(&run);
}

/* What either command prints stands in test_commands.c. */

START_TEST(watches_until_it_fails)
{
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR status -w"),
	    CONTROL_NOT_RUNNING);
	ck_assert_str_eq(run.said.out, "");
	clirun_answer(
	    &run, "{\"exit\":1,\"error\":\"not-joined\",\"text\":\"no\"}\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR hosts -w"), CONTROL_FAILED);
	ck_assert_str_eq(run.asked, "hosts\n");
}
END_TEST

START_TEST(watches_until_nobody_reads)
{
	clirun_answer(&run, "{\"exit\":0}\n");
	ck_assert_int_eq(clirun_to(&run, "inroad --gateway DIR --json hosts -w",
			     CAPTURED_FULL),
	    CONTROL_FAILED);
	ck_assert_str_eq(run.asked, "hosts\n");
}
END_TEST

START_TEST(is_used_so)
{
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR hosts -x"), CONTROL_USAGE);
	ck_assert_str_eq(run.said.err, "usage: inroad hosts [-w]\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR status w"), CONTROL_USAGE);
	ck_assert_str_eq(run.said.err, "usage: inroad status [-w]\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("show");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, watches_until_it_fails);
	tcase_add_test(tests, watches_until_nobody_reads);
	tcase_add_test(tests, is_used_so);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
