/* SPDX-License-Identifier: ISC */
/*
 * dialect: the ways in which clients ask.
 *
 * Their names stand in metrics and on the gateway's page, and do not change.
 */
#ifndef INROAD_GATEWAY_DIALECT_H
#define INROAD_GATEWAY_DIALECT_H

enum dialect {
	DIALECT_FORWARD,   /* not at all: a static forward */
	DIALECT_SOCKS5,    /* RFC 1928 */
	DIALECT_SOCKS4,    /* with or without the a */
	DIALECT_CONNECT,   /* HTTP CONNECT */
	DIALECT_HTTP,      /* as of a proxy: with a whole URL */
	DIALECT_LOCALHOST, /* as of a server: http://NAME.localhost */
};

/* How many there are. */
#define DIALECTS 6

/* Return the name of dialect, a word in lower case. */
const char *dialect_name(enum dialect dialect);

#endif
