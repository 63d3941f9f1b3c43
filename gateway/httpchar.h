/* SPDX-License-Identifier: ISC */
/*
 * httpchar: the classes of bytes that HTTP is made of (RFC 9110 section 5.6).
 *
 * Pure, and free of the locale, unlike <ctype.h>.
 */
#ifndef INROAD_GATEWAY_HTTPCHAR_H
#define INROAD_GATEWAY_HTTPCHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Return true for a byte of a token: a method, a field name. */
bool httpchar_is_token(uint8_t c);

/* Return true for a byte of a field's value: no control but the tab. */
bool httpchar_is_value(uint8_t c);

/* Return true for space and tab. */
bool httpchar_is_blank(uint8_t c);

/* Return true for 0 to 9. */
bool httpchar_is_digit(uint8_t c);

/* Return the value of a hexadecimal digit, or -1. */
int httpchar_hex(uint8_t c);

/* Return c, an ASCII capital as its small letter. */
uint8_t httpchar_lower(uint8_t c);

/* Return true when the len bytes at data are text but for ASCII case. */
bool httpchar_is(const uint8_t *data, size_t len, const char *text);

/* Return true when the two are the same but for ASCII case. */
bool httpchar_same(
    const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/*
 * Return the next element of a comma-separated list (RFC 9110 section 5.6.1)
 * without the blanks around it and its length in *len, or NULL at the end;
 * empty ones are skipped.  *at is where to go on, 0 at first.  Quotes are not
 * understood: for lists of tokens.
 */
const uint8_t *httpchar_next(
    const uint8_t *list, size_t list_len, size_t *at, size_t *len);

#endif
