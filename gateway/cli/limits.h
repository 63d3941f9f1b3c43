/* SPDX-License-Identifier: ISC */
/*
 * limits: what accounts may have and what they used of it: limit and usage.
 *
 * What the keys mean the relay decides (relay/allowance.h): it says for each
 * one what it is measured in.
 */
#ifndef INROAD_GATEWAY_CLI_LIMITS_H
#define INROAD_GATEWAY_CLI_LIMITS_H

struct cli;

/* limit USER [KEY=VALUE...] */
int limits_run(const struct cli *cli);

/* usage [USER] */
int limits_usage_run(const struct cli *cli);

#endif
