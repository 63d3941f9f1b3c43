/* SPDX-License-Identifier: ISC */
#include "common/options_help.h"

#include <stdbool.h>
#include <string.h>

#include "common/options.h"

/* Help begins in this column, or on a line of its own. */
#define HELP_COLUMN 30

/* No line is longer, if words allow. */
#define LINE_END 79

/* A line being filled with words. */
struct help_line {
	FILE *out;
	size_t column;
};

/* Add the len bytes of a word, on the next line when this one is full. */
static void
add_word(struct help_line *line, const char *word, size_t len)
{
	if (line->column + len + 1 > LINE_END) {
		(void)fprintf(line->out, "\n%*s", HELP_COLUMN, "");
		line->column = HELP_COLUMN;
	} else if (line->column > HELP_COLUMN) {
		(void)fputc(' ', line->out);
		line->column++;
	}
	(void)fprintf(line->out, "%.*s", (int)len, word);
	line->column += len;
}

/* Add the words of text. */
static void
add_text(struct help_line *line, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		add_word(line, text, len);
		text += len + (text[len] == ' ');
	}
}

/* Add a remark in brackets: before text after. */
static void
add_remark(struct help_line *line, const char *before, const char *text)
{
	char remark[256];

	(void)snprintf(remark, sizeof(remark), "(%s%s)", before, text);
	add_text(line, remark);
}

/* Print the flags and begin the column of the help. */
static struct help_line
begin_row(const char *flag, char letter, const char *value, FILE *out)
{
	struct help_line line = { .out = out, .column = HELP_COLUMN };
	char head[128];
	char letter_text[] = "-x, ";
	int len;

	letter_text[1] = letter;
	len = snprintf(head, sizeof(head), "  %s--%s%s%s",
	    letter != '\0' ? letter_text : "", flag, value != NULL ? " " : "",
	    value != NULL ? value : "");
	(void)fputs(head, out);
	if (len >= HELP_COLUMN - 1) {
		(void)fprintf(out, "\n%*s", HELP_COLUMN, "");
	} else {
		(void)fprintf(out, "%*s", HELP_COLUMN - len, "");
	}
	return line;
}

/* Return what stands for the value of row in the help; NULL for a flag. */
static const char *
value_of(const struct options_row *row)
{
	static const char *const values[] = {
		[OPTIONS_STRING] = "TEXT",
		[OPTIONS_LIST] = "TEXT",
		[OPTIONS_NUMBER] = "N",
		[OPTIONS_SIZE] = "SIZE",
		[OPTIONS_RATE] = "RATE",
		[OPTIONS_DURATION] = "TIME",
		[OPTIONS_SECTION] = "NAME=VALUE",
	};

	if (row->kind == OPTIONS_FLAG || row->value != NULL) {
		return row->kind == OPTIONS_FLAG ? NULL : row->value;
	}
	return row->choices != NULL ? row->choices : values[row->kind];
}

/* Print one row; sections without a flag are for the file only. */
static void
print_row(const struct options_row *row, FILE *out)
{
	bool section = row->kind == OPTIONS_SECTION;
	const char *flag = section ? row->flag : row->name;
	struct help_line line;

	if (flag == NULL) {
		return;
	}
	line = begin_row(flag, row->letter, value_of(row), out);
	add_text(&line, row->help != NULL ? row->help : "");
	if (section || row->kind == OPTIONS_LIST) {
		add_remark(&line, "may be repeated", "");
	}
	if (section) {
		char text[128];

		(void)snprintf(text, sizeof(text), "%s NAME { %s = ... }",
		    row->name, row->keys[0].name);
		add_remark(&line, "in the file: ", text);
	}
	if (row->fallback != NULL && row->kind != OPTIONS_FLAG) {
		add_remark(&line, "default: ", row->fallback);
	}
	(void)fputc('\n', out);
}

void
options_help_print(const struct options_table *table, FILE *out)
{
	bool file = false;
	struct help_line line;

	(void)fprintf(out, "usage: %s [OPTION]...%s%s\n\n%s\n", table->program,
	    table->synopsis[0] != '\0' ? " " : "", table->synopsis,
	    table->about);
	for (const struct options_row *row = table->rows; row->name != NULL;
	     row++) {
		print_row(row, out);
		file = file || strcmp(row->name, "config") == 0;
	}
	line = begin_row("help", '\0', NULL, out);
	add_text(&line, "print this and exit");
	(void)fputc('\n', out);
	line = begin_row("version", '\0', NULL, out);
	add_text(&line, "print the versions of all parts and exit");
	(void)fputc('\n', out);
	if (file) {
		(void)fputs("\nThe file has the same keys: key = \"value\", "
			    "lists as key = {\"a\", \"b\"}.\n",
		    out);
	}
}
