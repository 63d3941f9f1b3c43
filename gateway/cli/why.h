/* SPDX-License-Identifier: ISC */
/*
 * why: the command "why", which follows the way to a target step by step and
 * names the one that fails, and what helps.
 */
#ifndef INROAD_GATEWAY_CLI_WHY_H
#define INROAD_GATEWAY_CLI_WHY_H

struct cli;

/* why HOST:PORT */
int why_run(const struct cli *cli);

#endif
