/* SPDX-License-Identifier: ISC */
/*
 * codes: the one catalogue of outcomes, from codes.def.
 *
 * Pure look-ups.  A code that this build does not know (a newer peer sent it)
 * is treated as CODE_INTERNAL by every function here, so that nobody has to
 * check before showing it.
 */
#ifndef INROAD_PROTOCOL_CODES_H
#define INROAD_PROTOCOL_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/limits.h"

/* Outcomes; PROTOCOL.md section 9. */
enum code {
#define CODE(number, name, slug, socks5, http, proxy_status, summary)          \
	CODE_##name = (number),
#include "protocol/codes.def"
#undef CODE
};

/* The codes that there are, counted through: the index of each. */
enum codes_index {
#define CODE(number, name, slug, socks5, http, proxy_status, summary)          \
	CODES_INDEX_##name,
#include "protocol/codes.def"
#undef CODE
	CODES_COUNT,
};

/* Return the index of code, for tables of CODES_COUNT entries. */
unsigned codes_index(enum code code);

/* Return the code whose index that is, which is less than CODES_COUNT. */
enum code codes_at(unsigned index);

/* Return the code that number stands for, CODE_INTERNAL when unknown. */
enum code codes_from_number(uint16_t number);

/* Return the short name, such as "host-offline". */
const char *codes_slug(enum code code);

/* Return what to say when nobody knew more. */
const char *codes_summary(enum code code);

/*
 * Write a sentence for people to text, LIMITS_TEXT_LEN bytes, which cuts a
 * longer one; returns code, which it explains.
 */
enum code codes_explain(enum code code, char text[LIMITS_TEXT_LEN],
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Return true when a relay that proved its key said what only a person can
 * heal.  CODE_RELAY_KEY_CHANGED is not among them: whoever is on the path, a
 * hotel's portal or a bad line, can make it look so for a while.
 */
bool codes_is_lasting(enum code code);

/* Return the REP byte of a SOCKS5 reply (RFC 1928 section 6). */
uint8_t codes_socks5(enum code code);

/* Return the status of an HTTP answer. */
unsigned codes_http(enum code code);

/* Return the error token of a Proxy-Status field (RFC 9209 section 2.3). */
const char *codes_proxy_status(enum code code);

/*
 * Return the code whose numbers stand for code in SOCKS, HTTP and Proxy-Status.
 * That is code itself, but for CODE_DIRECT_FAILED what failed: error is the
 * errno, or 0 when the name could not be looked up.
 */
enum code codes_shown(enum code code, int error);

/*
 * Return the code for the error number of a failed or broken connection to a
 * target, CODE_SERVICE_REFUSED for ECONNREFUSED and so on.
 */
enum code codes_from_errno(int error);

#endif
