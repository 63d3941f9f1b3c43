/* SPDX-License-Identifier: ISC */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/escape.h"
#include "common/fault.h"
#include "common/nearest.h"
#include "common/statedir.h"
#include "common/version.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/complete.h"
#include "protocol/limits.h"

/* Of the documents of --json; rises when a member changes its meaning. */
#define SCHEMA 1

/* Where help begins beside a command, or in a line of its own. */
#define HELP_COLUMN 34

/* Room for a text of an answer, half of which has to be escaped. */
#define TEXT_MAX 4096

static int
complain(const char *text)
{
	(void)fprintf(stderr, "inroad: %s\n", text);
	return CONTROL_USAGE;
}

/* --- help ------------------------------------------------------------ */

static void
print_help(void)
{
	(void)printf("usage: inroad [--gateway|--agent|--relay DIR|SOCKET] "
		     "[--json] COMMAND ...\n\n");
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		char line[80];
		int len = snprintf(
		    line, sizeof(line), "%s %s", row->name, row->usage);

		(void)printf("  %-*s", HELP_COLUMN, line);
		if (len > HELP_COLUMN) {
			(void)printf("\n%*s", HELP_COLUMN + 2, "");
		}
		(void)printf(" %s\n", row->help);
	}
	(void)printf("\nWithout an option the gateway of this user is asked. "
		     "Exit codes: 0 ok, 1 failed,\n2 usage, 3 configuration, "
		     "4 daemon not running, 5 not allowed, 6 no such host,\n"
		     "7 offline, 8 timeout.\n");
}

/* Return true when row is about command: its name, or more words behind it. */
static bool
is_about(const struct commands_row *row, const char *command)
{
	size_t len = strlen(command);

	return strncmp(row->name, command, len) == 0 &&
	       (row->name[len] == '\0' || row->name[len] == ' ');
}

int
cli_usage(const char *command)
{
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		if (is_about(row, command)) {
			(void)fprintf(stderr, "usage: inroad %s%s%s\n",
			    row->name, row->usage[0] != '\0' ? " " : "",
			    row->usage);
		}
	}
	return CONTROL_USAGE;
}

/* --- asking ---------------------------------------------------------- */

int
cli_socket(const struct cli *cli, char path[CLI_PATH_LEN])
{
	char dir[STATEDIR_PATH_LEN];
	struct fault fault;
	struct stat st;

	if (cli->where != NULL && cli->where[0] == '\0') {
		(void)fprintf(stderr,
		    "inroad: --%s needs a directory or a socket\n",
		    cli->program);
		return -1;
	}
	if (cli->where != NULL && stat(cli->where, &st) == 0 &&
	    S_ISSOCK(st.st_mode)) {
		(void)snprintf(path, CLI_PATH_LEN, "%s", cli->where);
		return 0;
	}
	if (statedir_choose(cli->program, cli->where, dir, &fault) != 0) {
		(void)complain(fault.text);
		return -1;
	}
	(void)snprintf(path, CLI_PATH_LEN, "%s/control", dir);
	return 0;
}

/* Return text as JSON has it; in a path there may be any bytes. */
static json_t *
to_json(const char *text)
{
	char escaped[TEXT_MAX];
	json_t *string = json_string(text);

	if (string == NULL) {
		(void)escape_text(ESCAPE_PLAIN, text, escaped, sizeof(escaped));
		string = json_string(escaped);
	}
	return string;
}

static void
print_json(const struct ask_answer *answer)
{
	json_t *document = json_object();

	(void)json_object_set_new(document, "schema", json_integer(SCHEMA));
	(void)json_object_set_new(document, "exit", json_integer(answer->code));
	if (answer->code != CONTROL_OK) {
		(void)json_object_set_new(
		    document, "error", to_json(answer->slug));
		(void)json_object_set_new(
		    document, "text", to_json(answer->text));
	}
	if (answer->items != NULL) {
		(void)json_object_set(document, "items", answer->items);
	} else {
		(void)json_object_set_new(document, "items", json_array());
	}
	(void)json_dumpf(document, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(document);
}

/* Tell a person why; the words may be those of a relay or a host. */
static void
print_failure(const struct ask_answer *answer)
{
	char slug[TEXT_MAX];
	char text[TEXT_MAX];

	(void)escape_text(ESCAPE_PLAIN, answer->slug, slug, sizeof(slug));
	(void)escape_text(ESCAPE_PLAIN, answer->text, text, sizeof(text));
	(void)fprintf(stderr, "inroad: %s: %s\n", slug, text);
}

int
cli_report(const struct cli *cli, const struct ask_answer *answer)
{
	if (cli->json) {
		print_json(answer);
	} else if (answer->code != CONTROL_OK) {
		print_failure(answer);
		if (answer->code == CONTROL_NOT_RUNNING) {
			(void)fprintf(stderr,
			    "inroad: start it with \"inroad-%s\", or name "
			    "its state directory with --%s DIR\n",
			    cli->program, cli->program);
		}
	}
	return (int)answer->code;
}

int
cli_ask(const struct cli *cli, const char *const *words, size_t count,
    double timeout, void (*show)(const struct ask_answer *answer))
{
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	int status;

	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, count, timeout, &answer);
	status = cli_report(cli, &answer);
	if (answer.code == CONTROL_OK && !cli->json && show != NULL) {
		show(&answer);
	}
	ask_free(&answer);
	return status;
}

/* --- the command line ------------------------------------------------ */

/* Take "--gateway DIR" and the like; words used, 0 if it is something else. */
static int
take_daemon(struct cli *cli, int argc, char **argv)
{
	static const char *const programs[] = { "gateway", "agent", "relay" };

	for (size_t i = 0; i < 3; i++) {
		const char *name = programs[i];
		size_t len = strlen(name);

		if (strncmp(argv[0], "--", 2) != 0 ||
		    strncmp(argv[0] + 2, name, len) != 0) {
			continue;
		}
		if (argv[0][2 + len] == '=') {
			cli->program = name;
			cli->where = argv[0] + 3 + len;
			return 1;
		}
		if (argv[0][2 + len] == '\0' && argc > 1) {
			cli->program = name;
			cli->where = argv[1];
			return 2;
		}
	}
	return 0;
}

/* Take what stands before the command; 0, or an exit code plus one. */
static int
take_options(struct cli *cli)
{
	while (cli->argc > 0 && cli->argv[0][0] == '-') {
		int used = take_daemon(cli, cli->argc, cli->argv);

		if (strcmp(cli->argv[0], "--json") == 0) {
			cli->json = true;
			used = 1;
		} else if (strcmp(cli->argv[0], "--version") == 0) {
			const struct version_library jansson = { "jansson",
				jansson_version_str() };

			version_print(
			    "inroad", LIMITS_PROTOCOL_VERSION, &jansson, 1);
			return CONTROL_OK + 1;
		} else if (strcmp(cli->argv[0], "--help") == 0) {
			print_help();
			return CONTROL_OK + 1;
		}
		if (used == 0) {
			(void)complain("unknown option; try inroad --help");
			return CONTROL_USAGE + 1;
		}
		cli->argc -= used;
		cli->argv += used;
	}
	return 0;
}

static const struct commands_row *
find(const char *name)
{
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		if (strcmp(row->name, name) == 0) {
			return row;
		}
	}
	return NULL;
}

static int
unknown(const char *name)
{
	struct nearest search;

	nearest_begin(&search, name);
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		nearest_try(&search, row->name);
	}
	if (search.best != NULL) {
		(void)fprintf(stderr,
		    "inroad: no command \"%s\"; did you mean \"%s\"?\n", name,
		    search.best);
	} else {
		(void)fprintf(stderr,
		    "inroad: no command \"%s\"; \"inroad --help\" lists "
		    "them\n",
		    name);
	}
	return CONTROL_USAGE;
}

/* Run the command line; returns the exit code. */
static int
run(int argc, char **argv)
{
	struct cli cli = {
		.program = "gateway",
		.argc = argc - 1,
		.argv = argv + 1,
	};
	const struct commands_row *row;
	int stop;

	if (argc > 1 && strcmp(argv[1], COMPLETE_COMMAND) == 0) {
		complete_run(argc - 2, argv + 2);
		return CONTROL_OK;
	}
	stop = take_options(&cli);
	if (stop != 0) {
		return stop - 1;
	}
	if (cli.argc == 0) {
		print_help();
		return CONTROL_USAGE;
	}
	row = find(cli.argv[0]);
	if (row == NULL) {
		return unknown(cli.argv[0]);
	}
	/* --json is taken behind the command as well. */
	for (int i = 1; i < cli.argc; i++) {
		if (strcmp(cli.argv[i], "--json") == 0) {
			cli.json = true;
			for (int k = i; k + 1 < cli.argc; k++) {
				cli.argv[k] = cli.argv[k + 1];
			}
			cli.argc--;
			i--;
		}
	}
	if (cli.argc - 1 < row->min || cli.argc - 1 > row->max) {
		return cli_usage(row->name);
	}
	return row->run(&cli);
}

int
cli_run(int argc, char **argv)
{
	int status = run(argc, argv);

	/* Whoever reads a file or a pipe must not take half for all of it. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == CONTROL_OK) {
		(void)fprintf(
		    stderr, "inroad: cannot write: %s\n", strerror(errno));
		status = CONTROL_FAILED;
	}
	return status;
}
