/* SPDX-License-Identifier: ISC */
#include "common/options_argv.h"

#include <stdbool.h>
#include <string.h>

#include "common/fault.h"
#include "common/mem.h"
#include "common/nearest.h"
#include "common/options_impl.h"

/* Where the reading is. */
struct line {
	struct options *options;
	char **argv;
	int argc;
	int next;
	struct fault *fault;
};

/* Return the flag of row, NULL if it has none. */
static const char *
flag_of(const struct options_row *row)
{
	return row->kind == OPTIONS_SECTION ? row->flag : row->name;
}

/* Return the index of the row whose flag is the len bytes at name, or -1. */
static int
find_flag(const struct options_row *rows, const char *name, size_t len)
{
	for (int i = 0; rows[i].name != NULL; i++) {
		const char *flag = flag_of(&rows[i]);

		if (flag != NULL && strlen(flag) == len &&
		    memcmp(flag, name, len) == 0) {
			return i;
		}
	}
	return -1;
}

/* Return the index of the row with that letter, or -1. */
static int
find_letter(const struct options_row *rows, char letter)
{
	for (int i = 0; rows[i].name != NULL; i++) {
		if (letter != '\0' && rows[i].letter == letter) {
			return i;
		}
	}
	return -1;
}

/* Refuse the flag --name, len bytes, with the one that was meant. */
static int
refuse_unknown(struct line *line, const char *name, size_t len)
{
	const struct options_row *rows = line->options->rows;
	char word[NEAREST_LEN_MAX + 1];
	struct nearest search;

	len = len < sizeof(word) - 1 ? len : sizeof(word) - 1;
	memcpy(word, name, len);
	word[len] = '\0';
	nearest_begin(&search, word);
	nearest_try(&search, "help");
	nearest_try(&search, "version");
	for (size_t i = 0; rows[i].name != NULL; i++) {
		if (flag_of(&rows[i]) != NULL) {
			nearest_try(&search, flag_of(&rows[i]));
		}
	}
	if (search.best != NULL) {
		return fault_set(line->fault,
		    "there is no option --%s; did you mean --%s?", word,
		    search.best);
	}
	return fault_set(
	    line->fault, "there is no option --%s; --help lists all", word);
}

/*
 * Return the key of the section that "KEY:" at the start of value names, and
 * step over it, or 0: the first key.  The first is never named, so that a value
 * of it may begin with any word.
 */
static size_t
take_key(const struct options_row *keys, const char **value)
{
	size_t len = strcspn(*value, ":");

	if ((*value)[len] == ':') {
		int i = find_flag(keys, *value, len);

		if (i > 0) {
			*value += len + 1;
			return (size_t)i;
		}
	}
	return 0;
}

/* Say TITLE=VALUE or TITLE=KEY:VALUE of the section of row i. */
static int
put_section(struct line *line, size_t i, const char *text)
{
	const struct options_row *row = &line->options->rows[i];
	const char *value = strchr(text, '=');
	struct options *section;
	char *title;
	size_t key;

	if (value == NULL || value == text || value[1] == '\0') {
		return fault_set(line->fault, "\"%s\" is not %s", text,
		    row->value != NULL ? row->value : "NAME=VALUE");
	}
	title = mem_strndup(text, (size_t)(value - text));
	if (title == NULL) {
		return fault_set(line->fault, "out of memory");
	}
	section =
	    (row->properties & OPTIONS_REPEATS) != 0
		? options_add_section(line->options, i, title, line->fault)
		: options_put_section(line->options, i, title, line->fault);
	mem_free(title);
	if (section == NULL) {
		return -1;
	}
	value++;
	key = take_key(row->keys, &value);
	return options_put(section, key, value, OPTIONS_FROM_FLAG, line->fault);
}

/* Say value of row i, which was named as it stands in argv. */
static int
put(struct line *line, size_t i, char *value)
{
	const struct options_row *row = &line->options->rows[i];
	int result;

	if (row->kind == OPTIONS_SECTION) {
		result = put_section(line, i, value);
	} else {
		result = options_put(
		    line->options, i, value, OPTIONS_FROM_FLAG, line->fault);
	}
	if ((row->properties & OPTIONS_SECRET) != 0) {
		mem_wipe(value, strlen(value));
	}
	return result == 0 ? 0
			   : fault_prefix(line->fault, "--%s", flag_of(row));
}

/* Say row i; value, if not NULL, stood in the same word. */
static int
put_row(struct line *line, size_t i, char *value)
{
	const struct options_row *row = &line->options->rows[i];
	char yes[] = "true";

	if (value == NULL && row->kind == OPTIONS_FLAG) {
		return put(line, i, yes);
	}
	if (value == NULL && line->next < line->argc) {
		value = line->argv[line->next];
		line->next++;
	}
	if (value == NULL) {
		return fault_set(line->fault, "--%s needs a value%s%s",
		    flag_of(row), row->value != NULL ? ": " : "",
		    row->value != NULL ? row->value : "");
	}
	return put(line, i, value);
}

/* Read the word "--name" or "--name=value" with its value. */
static enum options_argv_result
read_long(struct line *line, char *word)
{
	char *name = word + 2;
	size_t len = strcspn(name, "=");
	char *value = name[len] == '=' ? name + len + 1 : NULL;
	int i = find_flag(line->options->rows, name, len);

	if (i >= 0) {
		return put_row(line, (size_t)i, value) == 0 ? OPTIONS_ARGV_OK
							    : OPTIONS_ARGV_BAD;
	}
	if (strcmp(name, "help") == 0) {
		return OPTIONS_ARGV_HELP;
	}
	if (strcmp(name, "version") == 0) {
		return OPTIONS_ARGV_VERSION;
	}
	(void)refuse_unknown(line, name, len);
	return OPTIONS_ARGV_BAD;
}

/* Read the word "-x" with its value. */
static enum options_argv_result
read_short(struct line *line, char *word)
{
	int i = find_letter(line->options->rows, word[1]);

	if (i >= 0 && word[2] == '\0') {
		return put_row(line, (size_t)i, NULL) == 0 ? OPTIONS_ARGV_OK
							   : OPTIONS_ARGV_BAD;
	}
	if (strcmp(word, "-h") == 0) {
		return OPTIONS_ARGV_HELP;
	}
	(void)fault_set(
	    line->fault, "there is no option %.40s; --help lists all", word);
	return OPTIONS_ARGV_BAD;
}

/* Read the next word, and its value. */
static enum options_argv_result
read_word(struct line *line, bool *ended)
{
	struct options *options = line->options;
	char *word = line->argv[line->next];

	line->next++;
	if (!*ended && strcmp(word, "--") == 0) {
		*ended = true;
		return OPTIONS_ARGV_OK;
	}
	if (!*ended && word[0] == '-' && word[1] == '-') {
		return read_long(line, word);
	}
	if (!*ended && word[0] == '-' && word[1] != '\0') {
		return read_short(line, word);
	}
	if (options->table->operands == OPTIONS_NO_OPERANDS) {
		(void)fault_set(line->fault,
		    "\"%.80s\" is not an option; --help lists all", word);
		return OPTIONS_ARGV_BAD;
	}
	*ended = *ended || options->table->operands == OPTIONS_COMMAND;
	options->operands[options->operand_count] = word;
	options->operand_count++;
	return OPTIONS_ARGV_OK;
}

enum options_argv_result
options_argv_parse(
    struct options *options, int argc, char **argv, struct fault *fault)
{
	struct line line = { options, argv, argc, 1, fault };
	enum options_argv_result result = OPTIONS_ARGV_OK;
	bool ended = false;

	mem_free(options->operands);
	options->operand_count = 0;
	options->operands =
	    mem_new(argc > 0 ? (size_t)argc : 1, sizeof(*options->operands));
	if (options->operands == NULL) {
		(void)fault_set(fault, "out of memory");
		return OPTIONS_ARGV_BAD;
	}
	while (line.next < argc && result == OPTIONS_ARGV_OK) {
		result = read_word(&line, &ended);
	}
	return result;
}
