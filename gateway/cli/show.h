/* SPDX-License-Identifier: ISC */
/*
 * show: the commands "inroad hosts" and "inroad status".
 *
 *	inroad status        once
 *	inroad status -w     every two seconds
 */
#ifndef INROAD_GATEWAY_CLI_SHOW_H
#define INROAD_GATEWAY_CLI_SHOW_H

struct cli;

/* Do what the words of cli, for "hosts", say; returns the exit code. */
int show_hosts_run(const struct cli *cli);

/* As show_hosts_run(), for "status". */
int show_status_run(const struct cli *cli);

#endif
