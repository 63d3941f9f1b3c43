/* SPDX-License-Identifier: ISC */
/*
 * detect: which proxy protocol a new connection speaks.
 *
 * One byte decides, so that one port serves every client.  The three sets of
 * first bytes are disjoint: both SOCKS versions begin with their number, and a
 * method that anybody sends begins with a letter.  Pure.
 */
#ifndef INROAD_GATEWAY_DETECT_H
#define INROAD_GATEWAY_DETECT_H

#include <stdint.h>

enum detect_protocol {
	DETECT_NONE,   /* nothing that a proxy client begins with */
	DETECT_SOCKS4, /* SOCKS4 and SOCKS4a */
	DETECT_SOCKS5,
	DETECT_HTTP,
};

/* Return what a connection speaks whose first byte is first. */
enum detect_protocol detect_first(uint8_t first);

#endif
