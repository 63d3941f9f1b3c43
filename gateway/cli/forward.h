/* SPDX-License-Identifier: ISC */
/*
 * forward: the command "inroad forward".
 *
 *	inroad forward                            lists
 *	inroad forward ADDR:PORT=NAME:PORT        adds one
 *	inroad forward --remove ADDR:PORT         removes one
 */
#ifndef INROAD_GATEWAY_CLI_FORWARD_H
#define INROAD_GATEWAY_CLI_FORWARD_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int forward_run(const struct cli *cli);

#endif
