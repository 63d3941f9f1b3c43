/* SPDX-License-Identifier: ISC */
/*
 * commands: what the rows of the command table do.
 *
 * Each gets the command line with its own name as argv[0] and returns the exit
 * code.
 */
#ifndef INROAD_GATEWAY_CLI_COMMANDS_H
#define INROAD_GATEWAY_CLI_COMMANDS_H

struct cli;

/* A row of the table. */
struct commands_row {
	const char *name;
	const char *usage; /* the arguments */
	const char *help;  /* one line */
	int min;           /* arguments at least */
	int max;           /* and at most */
	int (*run)(const struct cli *cli);
};

/* The table, ended by a row without a name. */
extern const struct commands_row commands_table[];

#endif
