/* SPDX-License-Identifier: ISC */
/*
 * tool: a program of the system, run for what it prints.
 *
 * No shell is involved; standard input is empty and what the program says on
 * standard error is not shown.
 */
#ifndef INROAD_GATEWAY_CLI_TOOL_H
#define INROAD_GATEWAY_CLI_TOOL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Run the program argv[0], looked for in PATH, with the words of argv, which
 * ends with NULL; wait for its end, and put what it printed, without the last
 * line end, to the size bytes at out.  Returns its exit status, or -1 when it
 * cannot be run, was killed or printed more than fits; out is then empty.
 */
int tool_run(const char *const *argv, char *out, size_t size);

/*
 * Start the program argv[0] as tool_run() does and leave it alone; what it
 * prints is not shown.  Returns 0, or -1 when it cannot be run.
 */
int tool_start(const char *const *argv);

/* Return true when there is a program of that name in PATH. */
bool tool_exists(const char *name);

#endif
