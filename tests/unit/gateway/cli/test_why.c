/* SPDX-License-Identifier: ISC */

#include "gateway/cli/why.h"

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

START_TEST(all_is_well)
{
	clirun_answer(&run,
	    "{\"step\":\"name\",\"state\":\"ok\",\"text\":\"a host\"}\n"
	    "{\"exit\":0}\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR why office:22"), CONTROL_OK);
	ck_assert_str_eq(run.asked, "why office:22\n");
	ck_assert_str_eq(run.said.out, "ok    name      a host\n");
}
END_TEST

START_TEST(a_step_fails)
{
	clirun_answer(&run,
	    "{\"step\":\"name\",\"state\":\"ok\",\"text\":\"a host\"}\n"
	    "{\"step\":\"target\",\"state\":\"fail\",\"text\":\"no\\u001b[1m\","
	    "\"fix\":\"do so\"}\n"
	    "{\"exit\":5,\"error\":\"denied\",\"text\":\"no\"}\n");
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR why office:22"),
	    CONTROL_NOT_ALLOWED);
	/* What an agent says cannot reach the terminal. */
	ck_assert_str_eq(run.said.out,
	    "ok    name      a host\nfail  target    no\\u001b[1m\n"
	    "      fix       do so\n");
}
END_TEST

START_TEST(no_step_at_all)
{
	clirun_answer(&run,
	    "{\"exit\":2,\"error\":\"bad-request\",\"text\":\"why HOST:PORT\"}"
	    "\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR why office"), CONTROL_USAGE);
	ck_assert_str_eq(run.said.out, "");
	ck_assert_ptr_nonnull(strstr(run.said.err, "why HOST:PORT"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("why");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, all_is_well);
	tcase_add_test(tests, a_step_fails);
	tcase_add_test(tests, no_step_at_all);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
