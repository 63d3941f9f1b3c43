/* SPDX-License-Identifier: ISC */
/*
 * basic: user name and password of a field with HTTP Basic (RFC 7617).
 *
 * Pure.
 */
#ifndef INROAD_GATEWAY_BASIC_H
#define INROAD_GATEWAY_BASIC_H

#include <stddef.h>
#include <stdint.h>

#include "common/users.h"

/* What a field says; the caller wipes it after use. */
struct basic {
	char text[2 * USERS_WORD_MAX + 1]; /* the name, a colon, the password */
	size_t user_len;
	size_t password_len;
	const char *password; /* in text */
};

/*
 * Decode the len bytes at value, that of an Authorization or
 * Proxy-Authorization field, into *out.  Returns 0, or -1 when it is of another
 * scheme, badly encoded, or longer than any user's.
 */
int basic_decode(const uint8_t *value, size_t len, struct basic *out);

#endif
