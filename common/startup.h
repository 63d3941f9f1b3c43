/* SPDX-License-Identifier: ISC */
/*
 * startup: what every daemon does before its own work begins.
 *
 * Prepares the libraries and the process, reads the command line and the
 * configuration file into options, and sets up the log.  A daemon's table of
 * options begins with STARTUP_ROWS.
 */
#ifndef INROAD_COMMON_STARTUP_H
#define INROAD_COMMON_STARTUP_H

#include "common/options.h"

struct fault;

/* The options that every daemon has. */
#define STARTUP_ROWS                                                           \
	{ .name = "config",                                                    \
		.kind = OPTIONS_STRING,                                        \
		.properties = OPTIONS_NO_FILE,                                 \
		.value = "FILE",                                               \
		.help = "read the configuration from FILE" },                  \
	    { .name = "state",                                                 \
		    .kind = OPTIONS_STRING,                                    \
		    .value = "DIR",                                            \
		    .help = "keep keys and everything remembered in DIR" },    \
	    { .name = "check",                                                 \
		    .kind = OPTIONS_FLAG,                                      \
		    .properties = OPTIONS_NO_FILE,                             \
		    .help = "check the configuration and exit" },              \
	    { .name = "log-level",                                             \
		    .kind = OPTIONS_STRING,                                    \
		    .value = "LEVEL",                                          \
		    .help = "write nothing less important to the log",         \
		    .fallback = "info",                                        \
		    .choices = "error|warn|info|debug" },                      \
	{                                                                      \
		.name = "log-format", .kind = OPTIONS_STRING,                  \
		.value = "FORMAT", .help = "of the log", .fallback = "logfmt", \
		.choices = "logfmt|json"                                       \
	}

/* What came of it. */
enum startup_result {
	STARTUP_GO,   /* options are there */
	STARTUP_EXIT, /* with the status given: nothing more to do, or wrong */
};

/*
 * Read the argc words at argv and the file that they name into *out, options
 * of table, which the caller frees.  version prints what --version asks for.
 * With STARTUP_EXIT *out is NULL, everything was said and *status is the exit
 * code.  --check ends in STARTUP_GO: the daemon checks the rest.
 */
enum startup_result startup_options(const struct options_table *table,
    void (*version)(void), int argc, char **argv, struct options **out,
    int *status);

/*
 * Read the same words and the file that they name anew, while the daemon runs.
 * Returns options, which the caller frees, or NULL and *fault.
 */
struct options *startup_read_again(const struct options_table *table, int argc,
    char **argv, struct fault *fault);

/* Let the log be as options say, once all of them are found right. */
void startup_set_log(const struct options *options);

#endif
