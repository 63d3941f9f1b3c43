/* SPDX-License-Identifier: ISC */
/*
 * proxytarget: where a proxy client wants to go, whatever protocol it speaks.
 *
 * A name is kept in one form: lower case, no trailing dot, labels of 1 to 63
 * bytes out of [a-z0-9_-], 253 bytes in all.  The text of an address never
 * stays a name, so that whoever decides by kind is not passed by "127.0.0.1"
 * in the clothes of a name; and a name whose last label is a number (127.1,
 * 0x7f.1), which resolvers take for an address, is refused.  Pure.
 */
#ifndef INROAD_GATEWAY_PROXYTARGET_H
#define INROAD_GATEWAY_PROXYTARGET_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"

struct addr;

enum proxy_target_kind {
	PROXY_TARGET_NAME,
	PROXY_TARGET_IPV4,
	PROXY_TARGET_IPV6,
};

/* A value on the stack.  Also the bound address of a reply. */
struct proxy_target {
	enum proxy_target_kind kind;
	uint16_t port;              /* host order; 0 where none is needed */
	char name[LIMITS_NAME_LEN]; /* of a name, else empty */
	uint8_t addr[16];           /* of an address, the first 4 for IPv4 */
};

/* Room for the longest text of proxytarget_format() and its terminator. */
#define PROXYTARGET_TEXT_LEN (LIMITS_NAME_LEN + 8)

/*
 * Make *out the host in the len bytes at text, which is a name, an IPv4
 * address, or an IPv6 address without brackets.  Returns 0, or -1 with *out
 * unchanged when it is none of them.
 */
int proxytarget_set_host(
    struct proxy_target *out, const void *text, size_t len, uint16_t port);

/*
 * Make *out the address of len raw bytes (4 or 16) at bytes.  Returns 0, or -1
 * with *out unchanged for another length.
 */
int proxytarget_set_address(
    struct proxy_target *out, const void *bytes, size_t len, uint16_t port);

/* Make *out the address and port of target; 0, or -1 when it is a name. */
int proxytarget_addr(const struct proxy_target *target, struct addr *out);

/* Write the host, IPv6 without brackets, to out; returns out. */
char *proxytarget_host(
    const struct proxy_target *target, char out[PROXYTARGET_TEXT_LEN]);

/* Write "name:80", "10.0.0.1:80" or "[::1]:80" to out; returns out. */
char *proxytarget_format(
    const struct proxy_target *target, char out[PROXYTARGET_TEXT_LEN]);

#endif
