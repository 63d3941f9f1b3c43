/* SPDX-License-Identifier: ISC */
/*
 * completion: the command "inroad completion".
 *
 *	eval "$(inroad completion bash)"
 *
 * Prints a completion function for a shell.  It knows no command: it asks
 * inroad itself, with the words so far (complete.h), and shows what comes back.
 */
#ifndef INROAD_GATEWAY_CLI_COMPLETION_H
#define INROAD_GATEWAY_CLI_COMPLETION_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int completion_run(const struct cli *cli);

#endif
