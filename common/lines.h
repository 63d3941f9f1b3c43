/* SPDX-License-Identifier: ISC */
/*
 * lines: files in which a daemon remembers things, a line for each.
 *
 * Written by us and perhaps corrected by a person: a line that is not right is
 * told by its number, and nothing is guessed.
 */
#ifndef INROAD_COMMON_LINES_H
#define INROAD_COMMON_LINES_H

#include <stddef.h>

struct fault;

/* Room for the longest line of any of these files, and its terminator. */
#define LINES_MAX 2048

/* Take a line, which may be changed; 0, or -1: it is not right. */
typedef int lines_take(char *line, void *arg);

/*
 * Hand each line of text that is shorter than max, at most LINES_MAX, to take
 * with arg.  Returns 0, or the number of the first line, from 1, that is longer
 * or that take refused; the rest is not read.  The copy that take got is wiped.
 */
unsigned lines_parse(const char *text, size_t max, lines_take *take, void *arg);

/* Take all of text, as lines_parse() does. */
typedef unsigned lines_parser(const char *text, void *arg);

enum lines_result {
	LINES_OK,     /* also when there is no such file */
	LINES_DENIED, /* it cannot be read */
	LINES_BAD,    /* a line of it is not right */
};

/*
 * Hand what the secret file path holds (file.h), at most max bytes, to parse
 * with arg.  On any result but LINES_OK *fault says what to do; noun is what a
 * line should be, "pin".
 */
enum lines_result lines_load(const char *path, size_t max, lines_parser *parse,
    void *arg, const char *noun, struct fault *fault);

#endif
