/* SPDX-License-Identifier: ISC */
#include "gateway/cli/forward.h"

#include <stdio.h>
#include <string.h>

#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"

/* Seconds that a gateway gets to answer. */
#define ASK_TIME 10.0

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void
show_list(const struct ask_answer *answer)
{
	const json_t *forward;
	size_t i;

	if (json_array_size(answer->items) == 0) {
		(void)printf("No forwards. Add one with: "
			     "inroad forward ADDR:PORT=NAME:PORT\n");
		return;
	}
	(void)printf("%-24s %-30s %s\n", "LISTENING", "TO", "FROM");
	json_array_foreach(answer->items, i, forward)
	{
		(void)printf("%-24s %-30s %s\n", text_of(forward, "address"),
		    text_of(forward, "to"),
		    json_is_true(json_object_get(forward, "by_command"))
			? "a command"
			: "the configuration");
	}
}

static void
show_added(const struct ask_answer *answer)
{
	const json_t *forward = ask_first(answer);

	(void)printf("%s leads to %s\n", text_of(forward, "address"),
	    text_of(forward, "to"));
}

static int
add(const struct cli *cli, char *word)
{
	const char *words[] = { "forward", "add", word, NULL };
	char *to = strchr(word, '=');

	if (to == NULL || to == word || word[0] == '-') {
		return cli_usage("forward");
	}
	*to = '\0';
	words[3] = to + 1;
	return cli_ask(cli, words, 4, ASK_TIME, show_added);
}

int
forward_run(const struct cli *cli)
{
	const char *words[3] = { "forward", "remove", NULL };

	if (cli->argc == 1) {
		return cli_ask(cli, words, 1, ASK_TIME, show_list);
	}
	if (strcmp(cli->argv[1], "--remove") == 0 && cli->argc == 3) {
		words[2] = cli->argv[2];
	} else if (strncmp(cli->argv[1], "--remove=", 9) == 0 &&
		   cli->argc == 2) {
		words[2] = cli->argv[1] + 9;
	} else if (cli->argc == 2) {
		return add(cli, cli->argv[1]);
	} else {
		return cli_usage("forward");
	}
	return cli_ask(cli, words, 3, ASK_TIME, NULL);
}
