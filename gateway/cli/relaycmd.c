/* SPDX-License-Identifier: ISC */
#include "gateway/cli/relaycmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/escape.h"
#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/remote.h"

/* Words of a command. */
#define WORDS_MAX 31

/* Room for a value, half of which has to be escaped. */
#define VALUE_MAX 4096

/* Write value as people read it to out; returns out. */
static const char *
format(const json_t *value, char out[VALUE_MAX])
{
	char *text = NULL;

	if (!json_is_string(value)) {
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	(void)escape_text(ESCAPE_PLAIN,
	    text != NULL ? text : json_string_value(value), out, VALUE_MAX);
	free(text);
	return out;
}

/* A line for each member of object. */
static void
print_members(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char name[VALUE_MAX];
		char text[VALUE_MAX];

		(void)escape_text(ESCAPE_PLAIN, key, name, sizeof(name));
		(void)printf("%-16s %s\n", name, format(value, text));
	}
}

/* One line for all of object. */
static void
print_line(json_t *object)
{
	const char *between = "";
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		char name[VALUE_MAX];
		char text[VALUE_MAX];

		(void)escape_text(ESCAPE_PLAIN, key, name, sizeof(name));
		(void)printf("%s%s=%s", between, name, format(value, text));
		between = " ";
	}
	(void)putchar('\n');
}

static void
show(const struct ask_answer *answer)
{
	json_t *item;
	size_t i;

	json_array_foreach(answer->items, i, item)
	{
		if (json_array_size(answer->items) == 1) {
			print_members(item);
		} else {
			print_line(item);
		}
	}
}

/* Ask for the words of cli from the first on. */
static int
run(const struct cli *cli, int first)
{
	const char *words[WORDS_MAX];
	size_t count = 0;

	for (int i = first; i < cli->argc && count < WORDS_MAX; i++) {
		words[count++] = cli->argv[i];
	}
	return remote_ask(cli, words, count, show);
}

int
relaycmd_run(const struct cli *cli)
{
	return run(cli, 1);
}

int
relaycmd_run_itself(const struct cli *cli)
{
	return run(cli, 0);
}
