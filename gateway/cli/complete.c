/* SPDX-License-Identifier: ISC */
#include "gateway/cli/complete.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cli/ask.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/commands.h"

/* Seconds for the gateway: somebody is waiting with a finger on the key. */
#define ASK_TIME 1.0

/* What is being typed, taken apart. */
struct typing {
	struct cli cli;
	const char *begun;    /* the word at the cursor */
	const char *before;   /* the word before it, or "" */
	const char *command;  /* NULL: it is the command that is being typed */
	char *const *words;   /* behind the command … */
	int count;            /* … and before the cursor */
	bool wants_directory; /* the cursor is at the value of --gateway */
	bool has_hosts;       /* they were offered */
};

static void
offer(
    const struct typing *typing, const char *word, size_t len, const char *help)
{
	size_t begun = strlen(typing->begun);

	if (len >= begun && strncmp(word, typing->begun, begun) == 0) {
		(void)printf("%.*s\t%s\n", (int)len, word, help);
	}
}

static void
offer_hosts(struct typing *typing)
{
	const char *words[] = { "hosts" };
	char path[CLI_PATH_LEN];
	struct ask_answer answer;
	const json_t *host;
	size_t i;

	if (typing->has_hosts ||
	    (typing->cli.where != NULL && typing->cli.where[0] == '\0') ||
	    cli_socket(&typing->cli, path) != 0) {
		return;
	}
	typing->has_hosts = true;
	ask_daemon(path, words, 1, ASK_TIME, &answer);
	json_array_foreach(answer.items, i, host)
	{
		const char *name = ask_text(host, "host");

		offer(typing, name, strlen(name), ask_text(host, "state"));
	}
	ask_free(&answer);
}

/* --- the usage of a command ------------------------------------------ */

/* Return true when the words of len letters at text were typed already. */
static bool
is_there(const struct typing *typing, const char *text, size_t len)
{
	for (int i = 0; i < typing->count; i++) {
		if (strlen(typing->words[i]) == len &&
		    strncmp(typing->words[i], text, len) == 0) {
			return true;
		}
	}
	return false;
}

/* One of the words that may stand in a place. */
static void
offer_choice(struct typing *typing, const char *text, size_t len)
{
	if (strncmp(text, "HOST", 4) == 0) {
		offer_hosts(typing);
	} else if (islower((unsigned char)text[0])) {
		offer(typing, text, len, "");
	}
}

/* Where a walk through a usage is. */
struct place {
	const char *option; /* whose value comes next, or NULL */
	size_t option_len;
	int argument;  /* number of the next argument */
	int arguments; /* how many were typed */
	bool value;    /* the cursor is at the value of some option */
};

/* The cursor is at the value of the option of place. */
static bool
is_value(const struct typing *typing, const struct place *place)
{
	return strlen(typing->before) == place->option_len &&
	       strncmp(typing->before, place->option, place->option_len) == 0;
}

/* Take one token of a usage, a choice of words, of len letters at text. */
static void
take_token(
    struct typing *typing, struct place *place, const char *text, size_t len)
{
	const char *end = text + len;
	bool here = place->option != NULL
			? is_value(typing, place)
			: place->argument == place->arguments && !place->value;

	while (text < end) {
		size_t n = strcspn(text, "|[] ");

		if (here) {
			offer_choice(typing, text, n);
		}
		text += n + 1;
	}
	if (place->option == NULL) {
		place->argument++;
	}
	place->option = NULL;
}

/* Return true when word is an option of usage that takes a value. */
static bool
awaits_value(const char *word, const char *usage)
{
	size_t len = strlen(word);
	const char *at =
	    strncmp(word, "--", 2) == 0 && len > 2 ? strstr(usage, word) : NULL;

	return at != NULL && at[len] == ' ' && at[len + 1] != '|';
}

/* Return how many arguments were typed, which values of options are not. */
static int
count_arguments(const struct typing *typing, const char *usage)
{
	int found = 0;
	bool is_value = false;

	for (int i = 0; i < typing->count; i++) {
		const char *word = typing->words[i];

		/* Bash makes a word of the sign. */
		if (strcmp(word, "=") != 0) {
			found += word[0] != '-' && !is_value;
			is_value = awaits_value(word, usage);
		}
	}
	return found;
}

/* Walk through usage, "[--shell sh|fish] [--a|--b] HOST | list USER". */
static void
walk(struct typing *typing, const char *usage)
{
	struct place place = {
		.arguments = count_arguments(typing, usage),
		.value = awaits_value(typing->before, usage),
	};
	const char *token = usage + strspn(usage, "[] ");

	while (*token != '\0') {
		size_t len = strcspn(token, " ");
		size_t bare = strcspn(token, " []|");

		if (token[0] == '-') {
			bool alone = token[bare] != ' ';

			if (!place.value && !is_there(typing, token, bare)) {
				offer(typing, token, bare, "");
			}
			place.option = alone ? NULL : token;
			place.option_len = bare;
			len = bare;
		} else if (token[0] == '|' && token[1] == '-') {
			/* An option in place of the one before. */
			len = 1;
		} else if (token[0] == '|') {
			place.argument = 0;
			place.option = NULL;
		} else {
			take_token(typing, &place, token, len);
		}
		token += len;
		token += strspn(token, "[] ");
	}
}

/* --- what is being typed --------------------------------------------- */

/* Return which of words in front of the command is a daemon's option. */
static const char *
program_of(const char *word)
{
	static const char *const programs[] = { "gateway", "agent", "relay" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		size_t len = strlen(programs[i]);

		if (strncmp(word, "--", 2) == 0 &&
		    strncmp(word + 2, programs[i], len) == 0 &&
		    (word[2 + len] == '\0' || word[2 + len] == '=')) {
			return programs[i];
		}
	}
	return NULL;
}

/* Take the options before the command; returns how many words those are. */
static int
take_options(struct typing *typing, int count, char *const *words)
{
	int i = 0;

	while (i < count && words[i][0] == '-') {
		const char *program = program_of(words[i]);
		const char *equals = strchr(words[i], '=');

		i++;
		if (program == NULL) {
			continue;
		}
		typing->cli.program = program;
		if (equals != NULL) {
			typing->cli.where = equals + 1;
			continue;
		}
		/* Bash makes a word of the sign. */
		i += i < count && strcmp(words[i], "=") == 0;
		typing->wants_directory = i == count;
		typing->cli.where = i < count ? words[i] : NULL;
		i++;
	}
	return i;
}

static void
take_words(struct typing *typing, int count, char *const *words)
{
	int used = take_options(typing, count, words);

	if (used >= count) {
		return;
	}
	typing->command = words[used];
	typing->words = words + used + 1;
	typing->count = count - used - 1;
	for (int i = 0; i < typing->count; i++) {
		const char *word = typing->words[i];

		if (strcmp(word, "=") != 0) {
			typing->before = word;
		}
	}
}

static void
offer_commands(const struct typing *typing)
{
	static const char *const options[] = { "--gateway", "--agent",
		"--relay", "--json", "--help", "--version" };

	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		if (strchr(row->name, ' ') == NULL) {
			offer(typing, row->name, strlen(row->name), row->help);
		}
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) &&
			   typing->begun[0] == '-';
	     i++) {
		offer(typing, options[i], strlen(options[i]), "");
	}
}

/* Row has a second word: offer it, or what comes behind it. */
static void
follow(const struct typing *typing, const char *second,
    const struct commands_row *row)
{
	struct typing behind = *typing;

	if (typing->count == 0) {
		offer(typing, second, strlen(second), row->help);
	} else if (strcmp(typing->words[0], second) == 0) {
		behind.words++;
		behind.count--;
		walk(&behind, row->usage);
	}
}

void
complete_run(int count, char *const *words)
{
	struct typing typing = {
		.cli = { .program = "gateway" }, .begun = "", .before = ""
	};

	if (count > 0) {
		typing.begun =
		    strcmp(words[count - 1], "=") == 0 ? "" : words[count - 1];
		take_words(&typing, count - 1, words);
	}
	if (typing.wants_directory) {
		return;
	}
	if (typing.command == NULL) {
		offer_commands(&typing);
		return;
	}
	for (const struct commands_row *row = commands_table; row->name != NULL;
	     row++) {
		size_t len = strlen(typing.command);
		const char *rest = row->name + len;

		if (strncmp(row->name, typing.command, len) != 0) {
			continue;
		}
		if (*rest == '\0') {
			walk(&typing, row->usage);
		} else if (*rest == ' ') {
			follow(&typing, rest + 1, row);
		}
	}
}
