/* SPDX-License-Identifier: ISC */
#include "gateway/cli/why.h"

#include <stdio.h>

#include "common/escape.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"

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
	size_t i;

	json_array_foreach(answer->items, i, step)
	{
		print_line(ask_text(step, "state"), ask_text(step, "step"),
		    ask_text(step, "text"));
		if (json_object_get(step, "fix") != NULL) {
			print_line("", "fix", ask_text(step, "fix"));
		}
	}
}

int
why_run(const struct cli *cli)
{
	const char *words[] = { "why", cli->argv[1] };
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	int status;

	if (cli_socket(cli, path) != 0) {
		return CONTROL_CONFIG;
	}
	ask_daemon(path, words, 2, WHY_TIME, &answer);
	status = (int)answer.code;
	if (cli->json || json_array_size(answer.items) == 0) {
		status = cli_report(cli, &answer);
	} else {
		print_steps(&answer);
	}
	ask_free(&answer);
	return status;
}
