/* SPDX-License-Identifier: ISC */

#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "common/control.h"
#include "gateway/cli/ask.h"
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

/* Assert what line comes to; NULL for anything. */
static void
comes_to(const char *line, int status, const char *out, const char *err)
{
	int got = clirun(&run, line);

	ck_assert_msg(got == status, "%s: %d: %s%s", line, got, run.said.out,
	    run.said.err);
	if (out != NULL) {
		ck_assert_str_eq(run.said.out, out);
	}
	if (err != NULL) {
		ck_assert_str_eq(run.said.err, err);
	}
}

/* --- the command line ---------------------------------------------------- */

START_TEST(help_lists_every_command)
{
	comes_to("inroad --help", CONTROL_OK, NULL, "");
	ck_assert_ptr_eq(
	    strstr(run.said.out, "usage: inroad [--gateway|--agent|--relay "
				 "DIR|SOCKET] [--json] COMMAND ...\n"),
	    run.said.out);
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		char line[128];
		int len = snprintf(
		    line, sizeof(line), "\n  %s %s", row->name, row->usage);
		const char *at = strstr(run.said.out, line);

		ck_assert_msg(at != NULL, "no \"%s\"", line);
		ck_assert_ptr_nonnull(strchr(" \n", at[len]));
		ck_assert_ptr_nonnull(strstr(run.said.out, row->help));
	}
	/* Lines of a terminal. */
	for (char *at = run.said.out; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		ck_assert_uint_le(strcspn(at, "\n"), 80);
	}
}
END_TEST

START_TEST(nothing_is_helped)
{
	comes_to("inroad", CONTROL_USAGE, NULL, "");
	ck_assert_ptr_eq(strstr(run.said.out, "usage: inroad "), run.said.out);
}
END_TEST

START_TEST(version_names_libraries)
{
	comes_to("inroad --version", CONTROL_OK, NULL, "");
	ck_assert_ptr_eq(strstr(run.said.out, "inroad "), run.said.out);
	ck_assert_ptr_nonnull(strstr(run.said.out, jansson_version_str()));
}
END_TEST

START_TEST(unknown_options_are_refused)
{
	static const char *const lines[] = { "inroad --verbose", "inroad -h",
		"inroad -", "inroad --gateways status", "inroad --gateway",
		"inroad --gate DIR status", "inroad --json --what" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		comes_to(lines[i], CONTROL_USAGE, "",
		    "inroad: unknown option; try inroad --help\n");
	}
}
END_TEST

START_TEST(unknown_commands_are_guessed)
{
	comes_to("inroad hsots", CONTROL_USAGE, "",
	    "inroad: no command \"hsots\"; did you mean \"hosts\"?\n");
	comes_to("inroad frobnicate", CONTROL_USAGE, "",
	    "inroad: no command \"frobnicate\"; \"inroad --help\" lists "
	    "them\n");
	comes_to("inroad ", CONTROL_USAGE, "",
	    "inroad: no command \"\"; \"inroad --help\" lists them\n");
}
END_TEST

START_TEST(arguments_are_counted)
{
	static const struct {
		const char *line;
		const char *usage;
	} rows[] = {
		{ "inroad hosts x", "usage: inroad hosts [-w]\n" },
		{ "inroad status x", "usage: inroad status [-w]\n" },
		{ "inroad leave x", "usage: inroad leave\n" },
		{ "inroad join", "usage: inroad join STRING|-|@FILE\n" },
		{ "inroad join a b", "usage: inroad join STRING|-|@FILE\n" },
		{ "inroad ping", "usage: inroad ping HOST\n" },
		{ "inroad ping a b", "usage: inroad ping HOST\n" },
		{ "inroad key", "usage: inroad key export\n" },
		{ "inroad accept-key", "usage: inroad accept-key HOST\n" },
		{ "inroad wait a b c d",
		    "usage: inroad wait [--timeout S] [HOST[:PORT]]\n" },
		{ "inroad device",
		    "usage: inroad device list [USER]\n"
		    "usage: inroad device revoke USER/DEVICE\n" },
		{ "inroad invite",
		    "usage: inroad invite [--replace|--replica [--uses N]] "
		    "[--ttl TIME] HOST\n"
		    "usage: inroad invite --gateway [--uses N] NAME\n" },
		{ "inroad invite a b c d e f",
		    "usage: inroad invite [--replace|--replica [--uses N]] "
		    "[--ttl TIME] HOST\n"
		    "usage: inroad invite --gateway [--uses N] NAME\n" },
	};

	clirun_answer(&run, "{\"exit\":0}\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "inroad --gateway DIR%s",
		    rows[i].line + sizeof("inroad") - 1);
		comes_to(line, CONTROL_USAGE, "", rows[i].usage);
		ck_assert_str_eq(run.asked, "");
	}
	/* --json is none of the arguments. */
	comes_to("inroad --gateway DIR ping --json", CONTROL_USAGE, "",
	    "usage: inroad ping HOST\n");
}
END_TEST

/* --- which daemon -------------------------------------------------------- */

START_TEST(daemon_is_chosen_by_directory_or_socket)
{
	static const char *const lines[] = {
		"inroad --gateway DIR leave",
		"inroad --gateway=DIR leave",
		"inroad --gateway DIR/control leave",
		"inroad --gateway=DIR/control leave",
		"inroad --agent DIR leave",
		"inroad --relay=DIR/control leave",
		"inroad --agent /nowhere --gateway DIR leave",
		"inroad --json --gateway DIR/ leave",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		clirun_answer(&run, "{\"exit\":0}\n");
		comes_to(lines[i], CONTROL_OK, NULL, "");
		ck_assert_str_eq(run.asked, "leave\n");
	}
}
END_TEST

START_TEST(daemon_is_found_where_it_is_by_default)
{
	char path[128];

	clirun_answer(&run, "{\"exit\":0}\n");
	/* $XDG_STATE_HOME/inroad/gateway leads back. */
	(void)snprintf(path, sizeof(path), "%s/inroad", run.top);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/inroad/gateway", run.top);
	ck_assert_int_eq(symlink(run.top, path), 0);
	comes_to("inroad leave", CONTROL_OK, "", "");
	ck_assert_str_eq(run.asked, "leave\n");
	(void)setenv("STATE_DIRECTORY", run.top, 1);
	(void)unsetenv("XDG_STATE_HOME");
	comes_to("inroad leave", CONTROL_OK, "", "");
}
END_TEST

START_TEST(absent_daemon_is_explained)
{
	char err[1024];

	for (int i = 0; i < 3; i++) {
		static const char *const programs[] = { "gateway", "agent",
			"relay" };
		const char *program = programs[i];
		char line[64];

		(void)snprintf(
		    line, sizeof(line), "inroad --%s DIR status", program);
		(void)snprintf(err, sizeof(err),
		    "inroad: not-running: no daemon is running here "
		    "(%s/control)\n"
		    "inroad: start it with \"inroad-%s\", or name its state "
		    "directory with --%s DIR\n",
		    run.top, program, program);
		comes_to(line, CONTROL_NOT_RUNNING, "", err);
	}
}
END_TEST

START_TEST(places_that_cannot_be_are_told)
{
	char line[512];
	char name[256];

	comes_to("inroad --gateway= status", CONTROL_CONFIG, "",
	    "inroad: --gateway needs a directory or a socket\n");
	comes_to("inroad --relay  status", CONTROL_CONFIG, "",
	    "inroad: --relay needs a directory or a socket\n");
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(line, sizeof(line), "inroad --agent /%s status", name);
	comes_to(line, CONTROL_CONFIG, "", NULL);
	ck_assert_ptr_nonnull(strstr(run.said.err, "has a path of more than"));
}
END_TEST

/* --- answers ------------------------------------------------------------- */

START_TEST(json_is_one_document)
{
	clirun_answer(
	    &run, "{\"host\":\"office\"}\n{\"host\":\"lab\"}\n{\"exit\":0}\n");
	comes_to("inroad --json --gateway DIR hosts", CONTROL_OK,
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"host\":\"office\"},"
	    "{\"host\":\"lab\"}]}\n",
	    "");
	/* Behind the command as well, and more than once. */
	comes_to("inroad --gateway DIR hosts --json", CONTROL_OK,
	    "{\"schema\":1,\"exit\":0,\"items\":[{\"host\":\"office\"},"
	    "{\"host\":\"lab\"}]}\n",
	    "");
	comes_to("inroad --gateway DIR ping --json --json office", CONTROL_OK,
	    NULL, "");
	ck_assert_str_eq(run.asked, "hosts\nhosts\nping office\n");
	clirun_answer(&run, "{\"exit\":7,\"error\":\"host-offline\","
			    "\"text\":\"\\\"office\\\" is offline.\"}\n");
	comes_to("inroad --json --gateway DIR ping office", CONTROL_OFFLINE,
	    "{\"schema\":1,\"exit\":7,\"error\":\"host-offline\","
	    "\"text\":\"\\\"office\\\" is offline.\",\"items\":[]}\n",
	    "");
}
END_TEST

START_TEST(json_tells_that_nobody_runs)
{
	char out[512];

	(void)snprintf(out, sizeof(out),
	    "{\"schema\":1,\"exit\":4,\"error\":\"not-running\",\"text\":"
	    "\"no daemon is running here (%s/control)\",\"items\":[]}\n",
	    run.top);
	comes_to(
	    "inroad --json --gateway DIR hosts", CONTROL_NOT_RUNNING, out, "");
}
END_TEST

START_TEST(json_is_json_whatever_the_path)
{
	json_error_t error;
	json_t *document;

	comes_to("inroad --json --gateway DIR/\xff hosts", CONTROL_NOT_RUNNING,
	    NULL, "");
	document = json_loads(run.said.out, 0, &error);
	ck_assert_msg(document != NULL, "%s", error.text);
	ck_assert_ptr_nonnull(
	    strstr(json_string_value(json_object_get(document, "text")),
		"/\\xff/control"));
	json_decref(document);
}
END_TEST

START_TEST(failures_are_told_to_people)
{
	clirun_answer(&run, "{\"exit\":6,\"error\":\"host-unknown\",\"text\":"
			    "\"No host \\\"offce\\\". Did you mean "
			    "\\\"office\\\"?\"}\n");
	comes_to("inroad --gateway DIR ping offce", CONTROL_NO_HOST, "",
	    "inroad: host-unknown: No host \"offce\". Did you mean "
	    "\"office\"?\n");
}
END_TEST

START_TEST(texts_cannot_reach_the_terminal)
{
	/* A relay or a host chose them. */
	clirun_answer(&run,
	    "{\"exit\":1,\"error\":\"\\u001b[1m\",\"text\":\"\\u001b]0;title"
	    "\\u0007\\r\\ninroad: fine\\u202e \\\"quoted\\\" \\\\ "
	    "gr\\u00fcn\"}\n");
	comes_to("inroad --gateway DIR ping office", CONTROL_FAILED, "",
	    "inroad: \\u001b[1m: \\u001b]0;title\\u0007\\r\\ninroad: fine"
	    "\\u202e \"quoted\" \\ gr\xc3\xbcn\n");
}
END_TEST

START_TEST(answer_without_memory_is_a_document)
{
	const struct cli cli = { .json = true, .program = "gateway" };
	struct ask_answer answer = { .code = CONTROL_FAILED,
		.slug = "internal",
		.text = "out of memory" };
	int status;

	captured_begin(&run.said, CAPTURED_FILE);
	status = cli_report(&cli, &answer);
	captured_end(&run.said);
	ck_assert_int_eq(status, CONTROL_FAILED);
	ck_assert_str_eq(run.said.out,
	    "{\"schema\":1,\"exit\":1,\"error\":\"internal\","
	    "\"text\":\"out of memory\",\"items\":[]}\n");
}
END_TEST

START_TEST(output_that_is_lost_is_a_failure)
{
	static const char *const lines[] = { "inroad --help",
		"inroad --version", "inroad --json --gateway DIR hosts",
		"inroad --gateway DIR hosts" };

	clirun_answer(&run, "{\"host\":\"office\"}\n{\"exit\":0}\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(
		    clirun_to(&run, lines[i], CAPTURED_FULL), CONTROL_FAILED);
		ck_assert_str_eq(run.said.err,
		    "inroad: cannot write: No space left on device\n");
	}
	/* A failure stays what it is. */
	ck_assert_int_eq(
	    clirun_to(&run, "inroad", CAPTURED_FULL), CONTROL_USAGE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cli");
	TCase *tcase = tcase_create("cli");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, help_lists_every_command);
	tcase_add_test(tcase, nothing_is_helped);
	tcase_add_test(tcase, version_names_libraries);
	tcase_add_test(tcase, unknown_options_are_refused);
	tcase_add_test(tcase, unknown_commands_are_guessed);
	tcase_add_test(tcase, arguments_are_counted);
	tcase_add_test(tcase, daemon_is_chosen_by_directory_or_socket);
	tcase_add_test(tcase, daemon_is_found_where_it_is_by_default);
	tcase_add_test(tcase, absent_daemon_is_explained);
	tcase_add_test(tcase, places_that_cannot_be_are_told);
	tcase_add_test(tcase, json_is_one_document);
	tcase_add_test(tcase, json_tells_that_nobody_runs);
	tcase_add_test(tcase, json_is_json_whatever_the_path);
	tcase_add_test(tcase, failures_are_told_to_people);
	tcase_add_test(tcase, texts_cannot_reach_the_terminal);
	tcase_add_test(tcase, answer_without_memory_is_a_document);
	tcase_add_test(tcase, output_that_is_lost_is_a_failure);
	return unit_main(suite);
}
