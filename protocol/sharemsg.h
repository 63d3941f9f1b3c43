/* SPDX-License-Identifier: ISC */
/*
 * sharemsg: the payloads of SHARE and SHARED (PROTOCOL.md section 5), by which
 * a gateway tells its relay whom a host is shared with.
 *
 * As linkmsg.h: encoders return the number of bytes written to out, which holds
 * size bytes, or 0 when it does not fit; decoders return 0, or -1 when the
 * payload is not exactly right, and *out is then undefined.
 */
#ifndef INROAD_PROTOCOL_SHAREMSG_H
#define INROAD_PROTOCOL_SHAREMSG_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/name.h"
#include "protocol/rights.h"

/* Shares of one host with one account: renewals, of which old ones go. */
#define SHAREMSG_SHARES_MAX 32

/* Most bytes of either payload. */
#define SHAREMSG_MAX 1024

enum sharemsg_verb {
	SHAREMSG_SHARE = 1,
	SHAREMSG_UNSHARE = 2,
};

/* A host of the sender's account is shared, or no longer. */
struct sharemsg_share {
	uint32_t request; /* comes back in SHARED */
	enum sharemsg_verb verb;
	char host[NAME_HOST_MAX + 1]; /* UNSHARE of one share: may be empty */
	char user[NAME_USER_MAX + 1]; /* with whom; likewise */
	uint64_t share;  /* its id; UNSHARE: 0 for all of host with user */
	uint64_t expiry; /* unix seconds, 0: never; SHARE only */
	char rights[RIGHTS_LEN]; /* SHARE only */
	uint64_t rate; /* bytes a second each way, 0: any; SHARE only */
};

/* Write share. */
size_t sharemsg_share_encode(
    const struct sharemsg_share *share, uint8_t *out, size_t size);
/* Read a share: the names are valid and the rights are. */
int sharemsg_share_decode(
    struct sharemsg_share *out, const uint8_t *payload, size_t len);

/* Answer to a share. */
struct sharemsg_shared {
	uint32_t request;
	enum code code;
	char text[LIMITS_TEXT_LEN];
	char host[NAME_HOST_MAX + 1]; /* may be empty unless CODE_OK */
	char user[NAME_USER_MAX + 1]; /* likewise */
	/* The shares that were made or ended. */
	size_t count;
	struct {
		uint64_t share;
		uint64_t expiry;
	} list[SHAREMSG_SHARES_MAX];
};

/* Write shared. */
size_t sharemsg_shared_encode(
    const struct sharemsg_shared *shared, uint8_t *out, size_t size);
/* Read a shared. */
int sharemsg_shared_decode(
    struct sharemsg_shared *out, const uint8_t *payload, size_t len);

#endif
