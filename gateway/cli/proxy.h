/* SPDX-License-Identifier: ISC */
/*
 * proxy: the command "inroad proxy".
 *
 *	inroad proxy on       the desktop's browsers use the gateway
 *	inroad proxy off      as it was before
 *	inroad proxy show     what they use now
 *
 * Sets the PAC file of the gateway, which leads to it what is ours and nothing
 * else, so that a gateway that has stopped leaves the rest of the web working.
 *
 * What was there before stands in "desktop.json" of the state directory from
 * before anything is changed until "off"; "on" again keeps it.  Where somebody
 * has changed a setting since, it is left alone.
 */
#ifndef INROAD_GATEWAY_CLI_PROXY_H
#define INROAD_GATEWAY_CLI_PROXY_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int proxy_run(const struct cli *cli);

#endif
