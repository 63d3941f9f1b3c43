/* SPDX-License-Identifier: ISC */
/*
 * escape: text that somebody else chose, made safe to print.
 *
 * Whatever goes to a terminal, a log or a JSON document passes here first:
 * control characters (also those of C1), characters that change the direction
 * of writing, line separators and bytes that are not UTF-8 come out as escape
 * sequences, the rest of Unicode as it is.
 */
#ifndef INROAD_COMMON_ESCAPE_H
#define INROAD_COMMON_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

enum escape_style {
	/*
	 * For people and logfmt: \n \r \t \" \\ \u202e, and \x.. for bytes
	 * that are not UTF-8.
	 */
	ESCAPE_TEXT,
	/* For people, where nothing quotes the text: " and \ stay. */
	ESCAPE_PLAIN,
	/* For the inside of a JSON string; \ufffd for what is not UTF-8. */
	ESCAPE_JSON,
};

/* Room for the longest form of one character. */
#define ESCAPE_MAX 6

/*
 * Take one character off the text from *pos to end, which must not be empty,
 * and move *pos behind it.  Write its form in style, without a terminator, to
 * out and return its length, 1 to ESCAPE_MAX.
 */
size_t escape_next(enum escape_style style, const char **pos, const char *end,
    char out[ESCAPE_MAX]);

/*
 * Write text in style to the size bytes at out, size at least 1: as many whole
 * characters as fit, and a terminator.  Returns the length of what is there.
 */
size_t escape_text(
    enum escape_style style, const char *text, char *out, size_t size);

/* Return whether the len bytes at text are UTF-8 and none of them is NUL. */
bool escape_is_utf8(const char *text, size_t len);

#endif
