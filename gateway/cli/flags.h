/* SPDX-License-Identifier: ISC */
/*
 * flags: the words of one command, options and arguments in any order.
 *
 * A value stands behind its option, "--shell fish" or "--shell=fish".  Behind
 * "--" all are arguments; "-" alone is one, too.
 */
#ifndef INROAD_GATEWAY_CLI_FLAGS_H
#define INROAD_GATEWAY_CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

struct cli;

/* An option that a command has, and where it goes. */
struct flags_row {
	const char *name;   /* without the dashes */
	const char **value; /* set to its value; NULL: it has none … */
	bool *given;        /* … and this is set */
};

/*
 * Take the words of cli apart by the count rows; arguments, at most max, go to
 * arguments.  Returns how many there are, or -1 when something does not fit.
 */
int flags_take(const struct cli *cli, const struct flags_row *rows,
    size_t count, const char **arguments, size_t max);

#endif
