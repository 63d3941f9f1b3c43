/* SPDX-License-Identifier: ISC */
/*
 * options_argv: options from the command line.
 *
 * "--name value" and "--name=value", "--name" alone for a flag, "-x" and "-x
 * value" for rows with a letter, "--" before operands that begin with a dash.
 * "-" is an operand or a value.  A scalar that comes twice counts as said last,
 * so that a script can add to the line of another.  --help (-h) and --version
 * are understood everywhere.
 */
#ifndef INROAD_COMMON_OPTIONS_ARGV_H
#define INROAD_COMMON_OPTIONS_ARGV_H

struct fault;
struct options;

enum options_argv_result {
	OPTIONS_ARGV_OK,
	OPTIONS_ARGV_HELP,    /* --help: print the help and exit with 0 */
	OPTIONS_ARGV_VERSION, /* --version likewise */
	OPTIONS_ARGV_BAD,     /* fault says why: exit with 64, or 2 */
};

/*
 * Read argv[1] to argv[argc - 1] into options, whose operands then point into
 * argv.  Values of secret options are wiped from argv, which lets them vanish
 * from the list of processes; reading the same argv again finds them empty.
 */
enum options_argv_result options_argv_parse(
    struct options *options, int argc, char **argv, struct fault *fault);

#endif
