/* SPDX-License-Identifier: ISC */
/*
 * dgram: the payload of DGRAM, an address and one datagram (PROTOCOL.md
 * section 8).
 *
 *	form u8 | by form: nothing, 4, str8, 16 bytes | port u16 | datagram
 *
 * The forms have the numbers of SOCKS5's address types (RFC 1928 section 5);
 * 0, which SOCKS5 has not, is the target that OPEN named and has no port
 * either.  Towards the acceptor the address is where the datagram goes, back
 * it is where it came from, in the form in which the opener wrote it.
 *
 * Pure functions over the caller's memory.
 */
#ifndef INROAD_PROTOCOL_DGRAM_H
#define INROAD_PROTOCOL_DGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"

enum dgram_form {
	DGRAM_TARGET = 0, /* that of OPEN */
	DGRAM_INET = 1,
	DGRAM_NAME = 3, /* a DNS name or a service; empty: the host itself */
	DGRAM_INET6 = 4,
};

/* One address; a value. */
struct dgram_address {
	enum dgram_form form;
	uint16_t port;     /* never 0, except for DGRAM_TARGET */
	uint8_t bytes[16]; /* DGRAM_INET: the first 4 of them */
	char name[LIMITS_NAME_LEN];
};

/* Most bytes in front of a datagram. */
#define DGRAM_HEAD_MAX (1 + 1 + (LIMITS_NAME_LEN - 1) + 2)

/* Return true when both are the same address, in the same form. */
bool dgram_address_equal(
    const struct dgram_address *a, const struct dgram_address *b);

/* Write address to out; returns the bytes written, 0 when they do not fit. */
size_t dgram_encode_head(
    const struct dgram_address *address, uint8_t *out, size_t size);

/*
 * Take the len bytes at payload apart: the datagram is in place, *data_len
 * bytes at *data, at most LIMITS_DGRAM_MAX.  Returns 0, or -1 when it is not
 * right.
 */
int dgram_decode(struct dgram_address *address, const uint8_t **data,
    size_t *data_len, const uint8_t *payload, size_t len);

#endif
