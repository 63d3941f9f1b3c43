/* SPDX-License-Identifier: ISC */
/*
 * passwd: the command "inroad passwd", which writes a file of common/users.h.
 *
 *	inroad passwd FILE NAME              adds NAME, or changes its password
 *	inroad passwd --remove FILE NAME     removes NAME
 *
 * The password comes from the terminal, twice and unseen, or is the first line
 * of standard input; never from the command line, which others can read.
 */
#ifndef INROAD_GATEWAY_CLI_PASSWD_H
#define INROAD_GATEWAY_CLI_PASSWD_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int passwd_run(const struct cli *cli);

#endif
