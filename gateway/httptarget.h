/* SPDX-License-Identifier: ISC */
/*
 * httptarget: what a request line and a Host field say about where to go
 * (RFC 9112 section 3.2).
 *
 * Pure; part of httphead, apart from it to be tested alone.  Positions count
 * from the start of the text.  Functions return NULL when all is well, or else
 * the words that say what is wrong (static), and *out is unchanged.
 */
#ifndef INROAD_GATEWAY_HTTPTARGET_H
#define INROAD_GATEWAY_HTTPTARGET_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/proxytarget.h"

/* An absolute-form target, taken apart. */
struct httptarget_absolute {
	struct proxy_target target;
	size_t authority;     /* where host[:port] begins */
	size_t authority_len; /* its length */
	size_t path;          /* where path and query begin; may be the end */
};

/*
 * Parse host[:port], IPv6 in brackets, into *out.  default_port is taken when
 * no port is written, 0 means that one must be.  An empty port is refused.
 */
const char *httptarget_authority(const uint8_t *text, size_t len,
    uint16_t default_port, struct proxy_target *out);

/* Parse http://host[:port][/path][?query] into *out. */
const char *httptarget_absolute(
    const uint8_t *text, size_t len, struct httptarget_absolute *out);

/* Check the bytes of a path and query. */
const char *httptarget_path(const uint8_t *text, size_t len);

#endif
