/* SPDX-License-Identifier: ISC */

#include "gateway/cli/forward.h"

#include <stdio.h>
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

/* Assert that line asks for asked, and that answer makes it print out. */
static void
shows(const char *line, const char *asked, const char *answer, const char *out)
{
	char whole[256];
	char wanted[256];

	clirun_answer(&run, answer);
	(void)snprintf(whole, sizeof(whole), "inroad --gateway DIR %s", line);
	ck_assert_int_eq(clirun(&run, whole), CONTROL_OK);
	ck_assert_str_eq(run.said.out, out);
	(void)snprintf(wanted, sizeof(wanted), "%s\n", asked);
	ck_assert_str_eq(run.asked, wanted);
}

START_TEST(lists)
{
	shows("forward", "forward", "{\"exit\":0}\n",
	    "No forwards. Add one with: "
	    "inroad forward ADDR:PORT=NAME:PORT\n");
	shows("forward", "forward",
	    "{\"address\":\"127.0.0.1:5432\",\"to\":\"db.office:5432\","
	    "\"by_command\":false}\n"
	    "{\"address\":\"[::1]:22\",\"to\":\"office:22\","
	    "\"by_command\":true}\n{\"exit\":0}\n",
	    "LISTENING                TO                             FROM\n"
	    "127.0.0.1:5432           db.office:5432                 "
	    "the configuration\n"
	    "[::1]:22                 office:22                      "
	    "a command\n");
}
END_TEST

START_TEST(adds)
{
	shows("forward 127.0.0.1:0=office:22",
	    "forward add 127.0.0.1:0 office:22",
	    "{\"address\":\"127.0.0.1:40000\",\"to\":\"office:22\","
	    "\"by_command\":true}\n{\"exit\":0}\n",
	    "127.0.0.1:40000 leads to office:22\n");
}
END_TEST

START_TEST(removes)
{
	shows("forward --remove 127.0.0.1:1", "forward remove 127.0.0.1:1",
	    "{\"exit\":0}\n", "");
	shows("forward --remove=127.0.0.1:1", "forward remove 127.0.0.1:1",
	    "{\"exit\":0}\n", "");
}
END_TEST

START_TEST(is_used_so)
{
	static const char *const lines[] = {
		"inroad --gateway DIR forward 127.0.0.1:0",
		"inroad --gateway DIR forward =office:22",
		"inroad --gateway DIR forward --remove",
		"inroad --gateway DIR forward --rmove=127.0.0.1:1",
		"inroad --gateway DIR forward 127.0.0.1:0=office:22 lab:22",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(clirun(&run, lines[i]), CONTROL_USAGE);
		ck_assert_ptr_nonnull(strstr(run.said.err,
		    "usage: inroad forward [ADDR:PORT=NAME:PORT | --remove "
		    "ADDR:PORT]\n"));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("forward");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, lists);
	tcase_add_test(tests, adds);
	tcase_add_test(tests, removes);
	tcase_add_test(tests, is_used_so);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
