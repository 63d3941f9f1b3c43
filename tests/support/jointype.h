/* SPDX-License-Identifier: ISC */
/*
 * jointype: join strings that say what they should not, but are well typed, so
 * that what is in them is looked at.
 */

#ifndef INROAD_TESTS_SUPPORT_JOINTYPE_H
#define INROAD_TESTS_SUPPORT_JOINTYPE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes to out the join string with the text relays behind its prefix, the
 * len bytes at body, and a length and checks that are right. Returns its
 * length, or 0 if it would need more than size bytes, be longer than a join
 * string can say, or hold characters that none can have.
 */
size_t jointype(char *out, size_t size, const char *relays, const uint8_t *body,
    size_t len);

#endif
