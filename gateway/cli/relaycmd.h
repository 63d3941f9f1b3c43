/* SPDX-License-Identifier: ISC */
/*
 * relaycmd: what else a relay can be asked for.
 *
 * The words are the relay's own, so a newer one can do more than this program
 * knows of; what it answers is shown as it is, member by member.
 */
#ifndef INROAD_GATEWAY_CLI_RELAYCMD_H
#define INROAD_GATEWAY_CLI_RELAYCMD_H

struct cli;

/* relay COMMAND [WORD...] */
int relaycmd_run(const struct cli *cli);

/* kick USER/DEVICE [channels]: such words without "relay". */
int relaycmd_run_itself(const struct cli *cli);

#endif
