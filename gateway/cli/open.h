/* SPDX-License-Identifier: ISC */
/*
 * open: the command "inroad open".
 *
 *	inroad open web.office/admin
 *
 * Shows http://web.office.localhost:1080/admin, which no browser needs a
 * setting for, in whatever the desktop opens pages with.
 */
#ifndef INROAD_GATEWAY_CLI_OPEN_H
#define INROAD_GATEWAY_CLI_OPEN_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int open_run(const struct cli *cli);

#endif
