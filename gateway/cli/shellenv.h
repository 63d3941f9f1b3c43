/* SPDX-License-Identifier: ISC */
/*
 * shellenv: the command "inroad env".
 *
 *	eval "$(inroad env)"
 *
 * Prints what a shell evaluates so that the programs it starts use the gateway:
 * each variable in both cases, because curl ignores HTTP_PROXY and others
 * ignore http_proxy; an http URL for http and https, which every client
 * understands, and socks5h for the rest, which leaves names to the gateway.
 */
#ifndef INROAD_GATEWAY_CLI_SHELLENV_H
#define INROAD_GATEWAY_CLI_SHELLENV_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int shellenv_run(const struct cli *cli);

#endif
