/* SPDX-License-Identifier: ISC */
/*
 * complete: which words may stand where somebody presses tab.
 *
 * What a shell's completion function asks (completion.h): all of it follows
 * from the usage in the command table, and the hosts from the gateway, so that
 * a new command needs no line here.  In a usage "--word" is an option, "a|b" a
 * choice of words, "HOST" one of the hosts; what else is in capitals nobody can
 * complete.  A choice behind an option is its value.
 */
#ifndef INROAD_GATEWAY_CLI_COMPLETE_H
#define INROAD_GATEWAY_CLI_COMPLETE_H

#include <stddef.h>

/* By which a completion function asks; no row of the table. */
#define COMPLETE_COMMAND "__complete"

/*
 * Print what may stand for the last of the count words behind "inroad", which
 * is begun or empty: a line each, and behind a tab what it is.  Never fails:
 * whoever types is not to be disturbed.
 */
void complete_run(int count, char *const *words);

#endif
