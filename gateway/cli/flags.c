/* SPDX-License-Identifier: ISC */
#include "gateway/cli/flags.h"

#include <string.h>

#include "gateway/cli/cli.h"

/*
 * Take the option word, whose value may be next.  Returns how many words it
 * used, or -1.
 */
static int
take_option(const struct flags_row *rows, size_t count, const char *word,
    const char *next)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < count; i++) {
		if (strlen(rows[i].name) != len ||
		    strncmp(rows[i].name, word, len) != 0) {
			continue;
		}
		if (rows[i].value == NULL) {
			*rows[i].given = true;
			return word[len] == '\0' ? 1 : -1;
		}
		*rows[i].value = word[len] == '=' ? word + len + 1 : next;
		if (*rows[i].value == NULL) {
			return -1;
		}
		return word[len] == '=' ? 1 : 2;
	}
	return -1;
}

/* A dash alone stands for standard input. */
static bool
is_argument(const char *word)
{
	return word[0] != '-' || word[1] == '\0';
}

int
flags_take(const struct cli *cli, const struct flags_row *rows, size_t count,
    const char **arguments, size_t max)
{
	size_t found = 0;
	bool all = false;
	int used;

	for (int i = 1; i < cli->argc; i += used) {
		const char *word = cli->argv[i];

		used = 1;
		if (!all && strcmp(word, "--") == 0) {
			all = true;
		} else if (!all && strncmp(word, "--", 2) == 0) {
			used = take_option(rows, count, word + 2,
			    i + 1 < cli->argc ? cli->argv[i + 1] : NULL);
		} else if (found < max && (all || is_argument(word))) {
			arguments[found++] = word;
		} else {
			used = -1;
		}
		if (used < 0) {
			return -1;
		}
	}
	return (int)found;
}
