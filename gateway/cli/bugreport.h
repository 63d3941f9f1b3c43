/* SPDX-License-Identifier: ISC */
/*
 * bugreport: the commands "inroad version" and "inroad bugreport".
 *
 * What somebody who looks for a fault wants to know and what can be shown to
 * anybody: versions, numbers, which checks of doctor failed.  What is copied is
 * on a list; names of hosts, accounts and relays, addresses of other machines
 * and whatever is secret are not on it.
 */
#ifndef INROAD_GATEWAY_CLI_BUGREPORT_H
#define INROAD_GATEWAY_CLI_BUGREPORT_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int bugreport_run(const struct cli *cli);

/* As bugreport_run(), for "inroad version". */
int bugreport_version(const struct cli *cli);

#endif
