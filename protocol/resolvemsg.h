/* SPDX-License-Identifier: ISC */
/*
 * resolvemsg: the payloads of RESOLVE and RESOLVED (PROTOCOL.md section 5), by
 * which a gateway learns which other gateways its account has, and their keys.
 *
 * As linkmsg.h: encoders return the number of bytes written to out, which holds
 * size bytes, or 0 when it does not fit; decoders return 0, or -1 when the
 * payload is not exactly right, and *out is then undefined.
 */
#ifndef INROAD_PROTOCOL_RESOLVEMSG_H
#define INROAD_PROTOCOL_RESOLVEMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/name.h"

/*
 * Gateways in one answer.  A person has some, a company a few dozens; each of
 * them becomes a call of who asked.
 */
#define RESOLVEMSG_GATEWAYS_MAX 64

/* Most bytes of either payload. */
#define RESOLVEMSG_MAX 8192

/* Who are the gateways of this account? */
struct resolvemsg_resolve {
	uint32_t request;             /* comes back in RESOLVED */
	char name[NAME_HOST_MAX + 1]; /* the one of that name; empty: all */
};

/* Write resolve. */
size_t resolvemsg_resolve_encode(
    const struct resolvemsg_resolve *resolve, uint8_t *out, size_t size);
/* Read a resolve: the name is valid. */
int resolvemsg_resolve_decode(
    struct resolvemsg_resolve *out, const uint8_t *payload, size_t len);

/* A gateway. */
struct resolvemsg_gateway {
	char device[NAME_HOST_MAX + 1];
	uint8_t key[KEYS_LEN];
	bool online;
};

/* Answer to a resolve. */
struct resolvemsg_resolved {
	uint32_t request;
	enum code code;
	char text[LIMITS_TEXT_LEN];
	size_t count;
	struct resolvemsg_gateway list[RESOLVEMSG_GATEWAYS_MAX];
};

/* Write resolved. */
size_t resolvemsg_resolved_encode(
    const struct resolvemsg_resolved *resolved, uint8_t *out, size_t size);
/* Read a resolved: the names are valid. */
int resolvemsg_resolved_decode(
    struct resolvemsg_resolved *out, const uint8_t *payload, size_t len);

#endif
