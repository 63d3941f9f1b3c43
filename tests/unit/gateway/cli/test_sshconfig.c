/* SPDX-License-Identifier: ISC */

#include "gateway/cli/sshconfig.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/control.h"
#include "tests/support/clirun.h"
#include "tests/support/unit.h"

#define HEAD                                                                   \
	"# Made by \"inroad ssh-config\". Keep it in a file and include that " \
	"at the top of\n"                                                      \
	"# ~/.ssh/config:\n"                                                   \
	"#     inroad ssh-config >~/.ssh/inroad.conf\n"                        \
	"#     Include inroad.conf\n"

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

/* Let the gateway have hosts. */
static void
with_hosts(const char *hosts)
{
	char answer[512];

	(void)snprintf(answer, sizeof(answer),
	    "{\"suffix\":\"internal\",\"hosts\":[%s]}\n{\"exit\":0}\n", hosts);
	clirun_answer(&run, answer);
}

/* Assert that line prints block, then the command with options. */
static void
prints(const char *line, const char *block, const char *options)
{
	char wanted[2048];

	(void)snprintf(wanted, sizeof(wanted),
	    HEAD "%s    ProxyCommand inroad %sconnect %%h %%p\n", block,
	    options);
	ck_assert_int_eq(clirun(&run, line), CONTROL_OK);
	ck_assert_str_eq(run.said.err, "");
	ck_assert_str_eq(run.said.out, wanted);
}

/* Return the option that chooses the gateway of the test. */
static const char *
chosen(void)
{
	static char option[128];

	(void)snprintf(option, sizeof(option), "--gateway '%s' ", run.top);
	return option;
}

START_TEST(names_the_hosts_in_order)
{
	with_hosts("{\"host\":\"office\"},{\"host\":\"attic\"}");
	prints("inroad --gateway DIR ssh-config",
	    "Host attic office\n"
	    "    HostName %h.internal\n"
	    "Host *.internal attic office\n",
	    chosen());
	ck_assert_str_eq(run.asked, "status\n");
}
END_TEST

START_TEST(names_one_host)
{
	with_hosts("{\"host\":\"office\"},{\"host\":\"attic\"}");
	prints("inroad --gateway DIR ssh-config office",
	    "Host office\n"
	    "    HostName %h.internal\n"
	    "Host office.internal office\n",
	    chosen());
}
END_TEST

START_TEST(works_without_hosts)
{
	with_hosts("");
	prints(
	    "inroad --gateway DIR ssh-config", "Host *.internal\n", chosen());
}
END_TEST

START_TEST(knows_the_hosts)
{
	with_hosts("{\"host\":\"office\"}");
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR ssh-config offce"),
	    CONTROL_NO_HOST);
	ck_assert_str_eq(run.said.out, "");
	ck_assert_str_eq(run.said.err,
	    "inroad: host-unknown: No host \"offce\". Did you mean "
	    "\"office\"? \"inroad hosts\" lists yours.\n");
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR ssh-config xyz"),
	    CONTROL_NO_HOST);
	ck_assert_str_eq(run.said.err,
	    "inroad: host-unknown: No host \"xyz\". \"inroad hosts\" lists "
	    "yours.\n");
}
END_TEST

/* The default gateway needs no option, and a path may hold anything. */
START_TEST(names_the_gateway_that_is_asked)
{
	char odd[TEMPDIR_LEN];
	char wanted[256];
	struct replier_config config = { .holds = true,
		.answer = "{\"suffix\":\"lan\",\"hosts\":[]}\n{\"exit\":0}\n" };

	ck_assert_ptr_nonnull(tempdir_file(run.top, "inroad", odd));
	ck_assert_int_eq(mkdir(odd, 0700), 0);
	ck_assert_ptr_nonnull(tempdir_file(run.top, "inroad/gateway", odd));
	ck_assert_int_eq(mkdir(odd, 0700), 0);
	replier_start(&run.daemon, odd, &config);
	prints("inroad ssh-config", "Host *.lan\n", "");
	replier_stop(&run.daemon);

	ck_assert_ptr_nonnull(tempdir_file(run.top, "a'%h", odd));
	ck_assert_int_eq(mkdir(odd, 0700), 0);
	replier_start(&run.daemon, odd, &config);
	(void)snprintf(wanted, sizeof(wanted),
	    "    ProxyCommand inroad --gateway '%s/a'\\''%%%%h' connect %%h "
	    "%%p\n",
	    run.top);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR/a'%h ssh-config"), CONTROL_OK);
	ck_assert_ptr_nonnull(strstr(run.said.out, wanted));
}
END_TEST

START_TEST(is_json_too)
{
	char wanted[512];

	with_hosts("{\"host\":\"office\"},{\"host\":\"attic\"}");
	(void)snprintf(wanted, sizeof(wanted),
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"hosts\":[\"attic\","
	    "\"office\"],\"suffix\":\"internal\",\"proxy_command\":"
	    "\"inroad --gateway '%s' connect %%h %%p\"}]}\n",
	    run.top);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR --json ssh-config"), CONTROL_OK);
	ck_assert_str_eq(run.said.out, wanted);
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR --json ssh-config x"),
	    CONTROL_NO_HOST);
	ck_assert_ptr_nonnull(strstr(run.said.out, "\"items\":[]}"));
}
END_TEST

START_TEST(needs_a_gateway)
{
	ck_assert_int_eq(clirun(&run, "inroad --gateway DIR ssh-config"),
	    CONTROL_NOT_RUNNING);
	ck_assert_str_eq(run.said.out, "");
	/* A relay answers as well. */
	clirun_answer(&run, "{\"role\":\"relay\"}\n{\"exit\":0}\n");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR ssh-config"), CONTROL_FAILED);
	ck_assert_str_eq(run.said.out, "");
	ck_assert_int_eq(
	    clirun(&run, "inroad --gateway DIR ssh-config --x"), CONTROL_USAGE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sshconfig");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, names_the_hosts_in_order);
	tcase_add_test(tests, names_one_host);
	tcase_add_test(tests, works_without_hosts);
	tcase_add_test(tests, knows_the_hosts);
	tcase_add_test(tests, names_the_gateway_that_is_asked);
	tcase_add_test(tests, is_json_too);
	tcase_add_test(tests, needs_a_gateway);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
