/* SPDX-License-Identifier: ISC */

#include "gateway/cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "gateway/cli/commands.h"
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

/* Assert that tab behind words offers these, separated by spaces. */
static void
offers(const char *words, const char *wanted)
{
	char line[256];
	char got[4096] = "";
	const char *at;

	(void)snprintf(line, sizeof(line), "inroad __complete %s", words);
	ck_assert_int_eq(clirun(&run, line), CONTROL_OK);
	ck_assert_str_eq(run.said.err, "");
	for (at = run.said.out; *at != '\0'; at = strchr(at, '\n') + 1) {
		size_t len = strlen(got);

		(void)snprintf(got + len, sizeof(got) - len, "%s%.*s",
		    len > 0 ? " " : "", (int)strcspn(at, "\t"), at);
	}
	ck_assert_msg(
	    strcmp(got, wanted) == 0, "\"%s\" offers: %s", words, got);
}

START_TEST(offers_every_command)
{
	ck_assert_int_eq(clirun(&run, "inroad __complete "), CONTROL_OK);
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		char line[256];

		(void)snprintf(
		    line, sizeof(line), "%s\t%s\n", row->name, row->help);
		ck_assert_int_eq(strstr(run.said.out, line) != NULL,
		    strchr(row->name, ' ') == NULL);
	}
	ck_assert_ptr_null(strstr(run.said.out, COMPLETE_COMMAND));
}
END_TEST

START_TEST(follows_the_table)
{
	static const char *const rows[][2] = {
		{ "sta", "status" },
		{ "xyz", "" },
		{ "-", "--gateway --agent --relay --json --help --version" },
		{ "--json --a", "--agent" },
		{ "--gateway ", "" },
		{ "--gateway = ", "" },
		{ "--gateway x sta", "status" },
		{ "--gateway = x sta", "status" },
		{ "--gateway=x sta", "status" },
		{ "--gateways sta", "status" },
		{ "invite ", "--replace --replica --uses --ttl --gateway" },
		{ "invite --re", "--replace --replica" },
		{ "invite --replace ", "--replica --uses --ttl" },
		{ "key ", "export" },
		{ "key x ", "" },
		{ "device ", "list revoke" },
		{ "device l", "list" },
		{ "device list ", "" },
		{ "user ", "list add invite level disable enable delete" },
		{ "user add ", "--level" },
		{ "user add --level ", "admin user guest" },
		{ "user level bob ", "admin user guest" },
		{ "user delete ", "" },
		{ "env ", "--shell --unset" },
		{ "env --unset ", "--shell" },
		{ "env --shell ", "sh fish csh powershell" },
		{ "env --shell = ", "sh fish csh powershell" },
		{ "env --shell =", "sh fish csh powershell" },
		{ "env --shell = f", "fish" },
		{ "env --shell fish ", "--unset" },
		{ "completion ", "bash zsh fish" },
		{ "forward ", "--remove" },
		{ "hosts ", "-w" },
		{ "nonsense ", "" },
		{ "accept", "accept-key accept" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		offers(rows[i][0], rows[i][1]);
	}
}
END_TEST

START_TEST(asks_for_hosts)
{
	clirun_answer(&run,
	    "{\"host\":\"office\",\"state\":\"online\"}\n"
	    "{\"host\":\"attic\",\"state\":\"offline\"}\n{\"exit\":0}\n");
	offers("--gateway DIR ping ", "office attic");
	ck_assert_str_eq(run.said.out, "office\tonline\nattic\toffline\n");
	ck_assert_str_eq(run.asked, "hosts\n");
	offers("--gateway=DIR connect a", "attic");
	offers("--gateway DIR connect attic ", "");
	offers("--gateway DIR wait ", "--timeout office attic");
	offers("--gateway DIR wait --timeout ", "");
	offers("--gateway DIR wait --timeout 5 o", "office");
	offers("--gateway DIR wait --timeout 5 office ", "");
	offers("--gateway DIR accept-key ", "office attic");
}
END_TEST

START_TEST(disturbs_nobody)
{
	/* No gateway, one that refuses, one that talks nonsense. */
	offers("--gateway DIR ping ", "");
	clirun_answer(
	    &run, "{\"exit\":1,\"error\":\"not-joined\",\"text\":\"no\"}\n");
	offers("--gateway DIR ping ", "");
	clirun_answer(&run, "7\n{\"exit\":0}\n");
	offers("--gateway DIR ping ", "");
	offers("--gateway= ping ", "");
	ck_assert_int_eq(clirun(&run, "inroad __complete"), CONTROL_OK);
}
END_TEST

START_TEST(shells_have_their_function)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		char line[64];

		(void)snprintf(
		    line, sizeof(line), "inroad completion %s", shells[i]);
		ck_assert_int_eq(clirun(&run, line), CONTROL_OK);
		ck_assert_ptr_nonnull(strstr(run.said.out, COMPLETE_COMMAND));
	}
	ck_assert_int_eq(clirun(&run, "inroad completion csh"), CONTROL_USAGE);
	ck_assert_str_eq(
	    run.said.err, "usage: inroad completion bash|zsh|fish\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("complete");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, offers_every_command);
	tcase_add_test(tests, follows_the_table);
	tcase_add_test(tests, asks_for_hosts);
	tcase_add_test(tests, disturbs_nobody);
	tcase_add_test(tests, shells_have_their_function);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
