/* SPDX-License-Identifier: ISC */
/*
 * cli: the `inroad` command.
 *
 *	inroad [--gateway|--agent|--relay DIR|SOCKET] [--json] COMMAND ...
 *
 * Every command is a row of one table: its name, its arguments, one line of
 * help and a function.  Most ask a daemon over its control socket; what comes
 * back is shown to a person, or, with --json, as one JSON document on standard
 * output with a "schema" member:
 *
 *	{"schema":1,"exit":0,"items":[…]}
 *	{"schema":1,"exit":7,"error":"host-offline","text":"…","items":[]}
 *
 * Exit codes are those of common/control.h.
 */
#ifndef INROAD_GATEWAY_CLI_CLI_H
#define INROAD_GATEWAY_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

struct ask_answer;

/* Room for the path of a control socket. */
#define CLI_PATH_LEN 256

/* What the words before the command say. */
struct cli {
	bool json;
	const char *program; /* "gateway", "agent" or "relay" */
	const char *where;   /* DIR or SOCKET as given; NULL: the default */
	int argc;            /* words from the command on */
	char **argv;
};

/* Do what the argc words at argv say; returns the exit code. */
int cli_run(int argc, char **argv);

/* Put the control socket of the chosen daemon to path; 0, or -1 when said why.
 */
int cli_socket(const struct cli *cli, char path[CLI_PATH_LEN]);

/*
 * Ask the chosen daemon, show the answer by show (NULL: nothing beyond a
 * failure) or as JSON, and return the exit code.
 */
int cli_ask(const struct cli *cli, const char *const *words, size_t count,
    double timeout, void (*show)(const struct ask_answer *answer));

/* Show answer as JSON or its failure to a person; returns the exit code. */
int cli_report(const struct cli *cli, const struct ask_answer *answer);

/* Say how a command is used; returns CONTROL_USAGE. */
int cli_usage(const char *command);

#endif
