/* SPDX-License-Identifier: ISC */

#include "gateway/cli/shellenv.h"

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

/* Let the gateway listen at the JSON list listening. */
static void
listening(const char *list)
{
	char answer[512];

	(void)snprintf(answer, sizeof(answer),
	    "{\"schema\":1,\"listening\":[%s]}\n{\"exit\":0}\n", list);
	clirun_answer(&run, answer);
}

/* Assert that line prints out. */
static void
prints(const char *line, const char *out)
{
	ck_assert_int_eq(clirun(&run, line), CONTROL_OK);
	ck_assert_str_eq(run.said.err, "");
	ck_assert_str_eq(run.said.out, out);
}

START_TEST(sets_for_sh)
{
	listening("{\"address\":\"127.0.0.1:1080\"}");
	prints("inroad --gateway DIR env",
	    "export http_proxy='http://127.0.0.1:1080'\n"
	    "export https_proxy='http://127.0.0.1:1080'\n"
	    "export all_proxy='socks5h://127.0.0.1:1080'\n"
	    "export no_proxy='localhost,127.0.0.1,::1'\n"
	    "export HTTP_PROXY='http://127.0.0.1:1080'\n"
	    "export HTTPS_PROXY='http://127.0.0.1:1080'\n"
	    "export ALL_PROXY='socks5h://127.0.0.1:1080'\n"
	    "export NO_PROXY='localhost,127.0.0.1,::1'\n");
	ck_assert_str_eq(run.asked, "status\n");
}
END_TEST

/* Assert that env with these options begins with first. */
static void
begins(const char *options, const char *first)
{
	char line[128];

	(void)snprintf(
	    line, sizeof(line), "inroad --gateway DIR env%s", options);
	ck_assert_int_eq(clirun(&run, line), CONTROL_OK);
	ck_assert_msg(strncmp(run.said.out, first, strlen(first)) == 0,
	    "%s: %s", options, run.said.out);
}

START_TEST(speaks_other_shells)
{
	static const char *const rows[][2] = {
		{ " --shell bash", "export http_proxy='http://[::1]:7'\n" },
		{ " --shell=zsh", "export http_proxy='http://[::1]:7'\n" },
		{ " --shell fish", "set -gx http_proxy 'http://[::1]:7'\n" },
		{ " --shell csh", "setenv http_proxy 'http://[::1]:7';\n" },
		{ " --shell tcsh", "setenv http_proxy 'http://[::1]:7';\n" },
		{ " --shell powershell",
		    "$Env:http_proxy = 'http://[::1]:7'\n" },
		{ " --unset", "unset http_proxy\nunset https_proxy\n" },
		{ " --unset --shell fish", "set -e http_proxy\n" },
		{ " --shell csh --unset", "unsetenv http_proxy;\n" },
		{ " --shell pwsh --unset",
		    "Remove-Item Env:http_proxy -ErrorAction "
		    "SilentlyContinue\n" },
	};

	listening("{\"address\":\"[::1]:7\"}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begins(rows[i][0], rows[i][1]);
	}
}
END_TEST

START_TEST(finds_the_port)
{
	/* Neither a forward nor a socket that no proxy setting can name. */
	listening("{\"address\":\"127.0.0.1:1\",\"to\":\"office:22\"},"
		  "{\"address\":\"unix:/run/gateway\"},"
		  "{\"address\":\"0.0.0.0:65535\"},"
		  "{\"address\":\"127.0.0.1:1080\"}");
	begins("", "export http_proxy='http://127.0.0.1:65535'\n");
	listening("{\"address\":\"[::]:80\"}");
	begins("", "export http_proxy='http://[::1]:80'\n");
}
END_TEST

START_TEST(needs_a_port)
{
	static const char *const lists[] = {
		"",
		"{\"address\":\"unix:/run/gateway\"}",
		"{\"address\":\"127.0.0.1:1\",\"to\":\"office:22\"}",
		"{\"address\":\"nonsense\"}",
		"{}",
		"7",
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		listening(lists[i]);
		ck_assert_int_eq(
		    clirun(&run, "inroad --gateway DIR env"), CONTROL_FAILED);
		ck_assert_str_eq(run.said.out, "");
		ck_assert_ptr_nonnull(strstr(run.said.err, "has no port that"));
	}
}
END_TEST

START_TEST(needs_a_gateway)
{
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR env"), CONTROL_NOT_RUNNING);
	/* Nothing that a shell would evaluate. */
	ck_assert_str_eq(run.said.out, "");
	/* To be rid of the variables needs none. */
	begins(" --unset", "unset http_proxy\n");
}
END_TEST

START_TEST(is_json_too)
{
	listening("{\"address\":\"127.0.0.1:1080\"}");
	prints("inroad --gateway DIR --json env",
	    "{\"schema\":1,\"exit\":0,\"items\":[{"
	    "\"http_proxy\":\"http://127.0.0.1:1080\","
	    "\"https_proxy\":\"http://127.0.0.1:1080\","
	    "\"all_proxy\":\"socks5h://127.0.0.1:1080\","
	    "\"no_proxy\":\"localhost,127.0.0.1,::1\","
	    "\"HTTP_PROXY\":\"http://127.0.0.1:1080\","
	    "\"HTTPS_PROXY\":\"http://127.0.0.1:1080\","
	    "\"ALL_PROXY\":\"socks5h://127.0.0.1:1080\","
	    "\"NO_PROXY\":\"localhost,127.0.0.1,::1\"}]}\n");
	begins(" --unset --json",
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"http_proxy\":null,");
}
END_TEST

START_TEST(is_used_so)
{
	static const char *const lines[] = {
		"inroad --gateway DIR env x",
		"inroad --gateway DIR env --shell",
		"inroad --gateway DIR env --shell cmd",
		"inroad --gateway DIR env --shell=",
		"inroad --gateway DIR env --unset=1",
		"inroad --gateway DIR env --unsets",
	};

	listening("{\"address\":\"127.0.0.1:1080\"}");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(clirun(&run, lines[i]), CONTROL_USAGE);
		ck_assert_str_eq(run.said.err,
		    "usage: inroad env [--shell sh|fish|csh|powershell] "
		    "[--unset]\n");
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shellenv");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, sets_for_sh);
	tcase_add_test(tests, speaks_other_shells);
	tcase_add_test(tests, finds_the_port);
	tcase_add_test(tests, needs_a_port);
	tcase_add_test(tests, needs_a_gateway);
	tcase_add_test(tests, is_json_too);
	tcase_add_test(tests, is_used_so);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
