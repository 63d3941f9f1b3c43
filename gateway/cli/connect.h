/* SPDX-License-Identifier: ISC */
/*
 * connect: the command "inroad connect".
 *
 *	ProxyCommand inroad connect %h %p
 *
 * Ties standard input and output to one stream.  It enters by the gateway's
 * port as every program does (HTTP CONNECT), so that nothing of the gateway is
 * particular to it and no number of them gets in the way of other commands;
 * what went wrong comes back in words and with the name that the catalogue has
 * for it.
 */
#ifndef INROAD_GATEWAY_CLI_CONNECT_H
#define INROAD_GATEWAY_CLI_CONNECT_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int connect_run(const struct cli *cli);

#endif
