/* SPDX-License-Identifier: ISC */
/*
 * options: what a program was told, on its command line and in its file.
 *
 * A program describes its options once, in a table.  From it come the command
 * line (options_argv.h), the configuration file with the same keys
 * (options_file.h) and the help (options_help.h), and whatever was not said has
 * its default.  The command line wins over the file; in lists what it says
 * stands behind what the file says.
 *
 * A section is a group of keys under a title.  In the file:
 *
 *	forward "127.0.0.1:5432" { to = "db.office:5432" }
 *
 * and on the command line, where its row names a flag, TITLE=VALUE for its
 * first key and TITLE=KEY:VALUE for others:
 *
 *	--forward 127.0.0.1:5432=db.office:5432
 *
 * A section is itself a struct options, with the keys of its row.
 *
 * Everything said is checked against its row when it is read: kind, range,
 * choices.  What only the program can judge it refuses with options_refuse(),
 * which says where the value stood.  Asking for a name that is not in the table
 * is a mistake of the program and ends it in builds with asserts.
 */
#ifndef INROAD_COMMON_OPTIONS_H
#define INROAD_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct options;

enum options_kind {
	OPTIONS_FLAG,     /* yes or no; alone on the command line it is yes */
	OPTIONS_STRING,   /* a text, of choices if the row has some */
	OPTIONS_LIST,     /* texts; may be given more than once */
	OPTIONS_NUMBER,   /* as in quantity.h, like the next three */
	OPTIONS_SIZE,     /* in bytes: "8MiB" */
	OPTIONS_RATE,     /* in bits a second: "50Mbit" */
	OPTIONS_DURATION, /* in nanoseconds: "120s" */
	OPTIONS_SECTION,  /* groups of keys, each with a title */
};

/* Properties of a row. */
#define OPTIONS_NO_FILE 1u /* on the command line only */
#define OPTIONS_SECRET 2u  /* wiped from argv once read, and when freed */
#define OPTIONS_REPEATS                                                        \
	4u /* on the command line each is a section of its own */

/* One option.  A table of them is constant and ends with a NULL name. */
struct options_row {
	const char *name; /* key in the file; with -- in front the flag */
	enum options_kind kind;
	unsigned properties;
	char letter;          /* a short flag for it, or 0 */
	const char *value;    /* for the help: "ADDR:PORT" */
	const char *help;     /* a phrase, no full stop */
	const char *fallback; /* what holds when nothing was said, or NULL */
	const char *choices;  /* of a string: "direct|refuse", or NULL */
	uint64_t least;       /* of a number, in the unit of its kind */
	uint64_t most;        /* likewise; 0 for no limit */
	/* Of a section: its keys, and its flag, NULL if it has none. */
	const struct options_row *keys;
	const char *flag;
};

/* Whether words that are no options may stand on the command line. */
enum options_operands {
	OPTIONS_NO_OPERANDS,
	OPTIONS_OPERANDS, /* between and behind the options */
	OPTIONS_COMMAND,  /* the first ends the options: a command with its own
			   */
};

/* What a program can be told. */
struct options_table {
	const char *program;  /* "inroad-agent", "inroad wait" */
	const char *synopsis; /* operands for the usage line, or "" */
	const char *about;    /* a sentence or some; ends with a newline */
	const struct options_row *rows;
	enum options_operands operands;
};

/* Return options of table, which outlives them, with defaults; or NULL. */
struct options *options_new(const struct options_table *table);

/* Free options, wiping secrets; NULL is allowed. */
void options_free(struct options *options);

/* Return true when name was given, on the command line or in the file. */
bool options_given(const struct options *options, const char *name);

/* Return the flag name; false when there is no default. */
bool options_flag(const struct options *options, const char *name);

/* Return the string name, or NULL when there is none and no default. */
const char *options_string(const struct options *options, const char *name);

/*
 * Take the string name out of options, or return NULL when it was not given.
 * The caller wipes and frees it: for secrets, which should not live on here.
 */
char *options_take(struct options *options, const char *name);

/* Return the number, size, rate or duration name; 0 without a default. */
uint64_t options_number(const struct options *options, const char *name);

/* Return how many items the list, or how many sections the section name has. */
size_t options_count(const struct options *options, const char *name);

/* Return item i of the list name. */
const char *options_item(
    const struct options *options, const char *name, size_t i);

/* Return section i of name: those of the command line, then of the file. */
const struct options *options_section(
    const struct options *options, const char *name, size_t i);

/* Return the title of a section. */
const char *options_title(const struct options *section);

/* Write where a section was said, "agent.conf:3" or "--route", to out; returns
 * out. */
char *options_place(const struct options *section, char *out, size_t size);

/* Return how many operands there are. */
size_t options_operand_count(const struct options *options);

/*
 * Return operand i.  With OPTIONS_COMMAND the first is the command and all that
 * follow, options included, are operands.
 */
char *options_operand(const struct options *options, size_t i);

/*
 * Set fault to the formatted text with the place in front where item i (0 if
 * no list) of name was said: "agent.conf:3: allow: ..." or "--allow: ...".
 * With a NULL name the place of the section itself.  Returns -1.
 */
int options_refuse(const struct options *options, const char *name, size_t i,
    struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
