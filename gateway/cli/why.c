/* SPDX-License-Identifier: ISC */
#include "gateway/cli/why.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/escape.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/remote.h"
#include "protocol/name.h"

/* Seconds: a look-up, an attach and a dial, each as long as it may take. */
#define WHY_TIME 60.0

/* Room for a sentence of an agent's, half of which has to be escaped. */
#define TEXT_MAX 2048

/* Print one line of a step; its words may be of an agent, that is, anybody. */
static void
print_line(const char *state, const char *step, const char *text)
{
	char plain[TEXT_MAX];

	(void)escape_text(ESCAPE_PLAIN, text, plain, sizeof(plain));
	(void)printf("%-5s %-9s %s\n", state, step, plain);
}

static void
print_steps(const struct ask_answer *answer)
{
	const json_t *step;
	bool at_relay = false;
	size_t i;

	json_array_foreach(answer->items, i, step)
	{
		if (!at_relay && json_object_get(step, "at") != NULL) {
			at_relay = true;
			(void)printf("the relay says:\n");
		}
		print_line(ask_text(step, "state"), ask_text(step, "step"),
		    ask_text(step, "text"));
		if (json_object_get(step, "fix") != NULL) {
			print_line("", "fix", ask_text(step, "fix"));
		}
	}
}

/* Show answer, and return its exit code. */
static int
report(const struct cli *cli, struct ask_answer *answer)
{
	int status = (int)answer->code;

	if (cli->json || json_array_size(answer->items) == 0) {
		status = cli_report(cli, answer);
	} else {
		print_steps(answer);
	}
	ask_free(answer);
	return status;
}

/* Return true when a step of answer failed. */
static bool
has_failed(const struct ask_answer *answer)
{
	const json_t *step;
	size_t i;

	json_array_foreach(answer->items, i, step)
	{
		if (strcmp(ask_text(step, "state"), "fail") == 0) {
			return true;
		}
	}
	return false;
}

/* --- what the relay says --------------------------------------------- */

/* Return the step that failed where the relay decides, or NULL. */
static const json_t *
relays_affair(const struct ask_answer *answer)
{
	const json_t *step;
	size_t i;

	json_array_foreach(answer->items, i, step)
	{
		const char *name = ask_text(step, "step");

		if (strcmp(ask_text(step, "state"), "fail") == 0 &&
		    (strcmp(name, "name") == 0 ||
			strcmp(name, "presence") == 0 ||
			strcmp(name, "session") == 0)) {
			return step;
		}
	}
	return NULL;
}

/* Write the host of target, "web.office.internal:80", to out; 0 or -1. */
static int
host_of(const char *target, char *out, size_t size)
{
	static const char suffix[] = ".internal";
	size_t len = strcspn(target, ":");
	const char *label;

	if (len > sizeof(suffix) - 1 &&
	    strncmp(target + len - (sizeof(suffix) - 1), suffix,
		sizeof(suffix) - 1) == 0) {
		len -= sizeof(suffix) - 1;
	}
	for (label = target + len; label > target && label[-1] != '.';) {
		label--;
	}
	len -= (size_t)(label - target);
	if (len == 0 || len >= size) {
		return -1;
	}
	memcpy(out, label, len);
	out[len] = '\0';
	return 0;
}

/*
 * Have the relay explain what failed, behind what the gateway said.  The relay
 * may not be there: then the gateway's words have to do.
 */
static void
add_relay(const struct cli *cli, struct ask_answer *answer)
{
	const json_t *failed = relays_affair(answer);
	char host[NAME_HOST_MAX + 1];
	const char *words[] = { "why", host };
	struct ask_answer more;
	json_t *step;
	size_t i;

	if (failed == NULL || host_of(cli->argv[1], host, sizeof(host)) != 0 ||
	    remote_fetch(cli, words, 2, &more) != CONTROL_OK) {
		return;
	}
	json_array_foreach(more.items, i, step)
	{
		(void)json_object_set_new(step, "at", json_string("relay"));
		(void)json_array_append(answer->items, step);
	}
	ask_free(&more);
}

/* Ask the relay alone; with an account, of what that may reach. */
static int
ask_relay(const struct cli *cli)
{
	const char *words[] = { "why", cli->argv[1],
		cli->argc > 2 ? cli->argv[2] : NULL };
	struct ask_answer answer;
	size_t count = cli->argc > 2 ? 3 : 2;
	bool failed;
	int status;

	if (cli->where != NULL && strcmp(cli->program, "relay") == 0) {
		char path[CLI_PATH_LEN];

		if (cli_socket(cli, path) != 0) {
			return CONTROL_CONFIG;
		}
		ask_daemon(path, words, count, WHY_TIME, &answer);
	} else {
		status = remote_fetch(cli, words, count, &answer);
		if (status != CONTROL_OK) {
			return status;
		}
	}
	/* The relay has answered well; what it tells may be bad. */
	failed = has_failed(&answer);
	status = report(cli, &answer);
	return failed && status == CONTROL_OK ? CONTROL_FAILED : status;
}

int
why_run(const struct cli *cli)
{
	const char *words[] = { "why", cli->argv[1] };
	char path[CLI_PATH_LEN];
	struct ask_answer answer;

	if (cli->argc > 2 || strchr(cli->argv[1], ':') == NULL) {
		return ask_relay(cli);
	}
	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, 2, WHY_TIME, &answer);
	add_relay(cli, &answer);
	return report(cli, &answer);
}
