/* SPDX-License-Identifier: ISC */
/*
 * sharestring: a share as one line to hand on (PROTOCOL.md section 10.5).
 *
 *	inroadshare1:SpAgR1ZsYXku…
 *
 * A share is one caller's pre-shared key for one host (keys.h): what account
 * may call, until when, what for.  Whoever has the string and a device of that
 * account can use the share, and nobody else, so it is a secret; but none that
 * opens anything beside that host.
 *
 * struct share is a value with a secret in it; sharestring_wipe() it.  All
 * names in a valid one are in lower case.
 */
#ifndef INROAD_PROTOCOL_SHARESTRING_H
#define INROAD_PROTOCOL_SHARESTRING_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/membership.h"
#include "protocol/name.h"

/* The prefix by which log redactors and secret scanners know the string. */
#define SHARESTRING_PREFIX "inroadshare1:"
/* Room for the longest share string. */
#define SHARESTRING_MAX 1400
/* Room for a sentence about what is wrong with one. */
#define SHARESTRING_WHY_LEN 128

/* A host that is shared with an account. */
struct share {
	char relay[MEMBERSHIP_ADDRESS_MAX + 1]; /* its address, for people */
	uint8_t relay_public[KEYS_LEN];
	char owner[NAME_USER_MAX + 1];
	char host[NAME_HOST_MAX + 1];  /* its name at the owner */
	uint8_t host_public[KEYS_LEN]; /* all zeroes: it was never online */
	uint32_t epoch;                /* of the key behind the psk */
	struct keys_caller caller;     /* its share id is not 0 */
	uint8_t psk[KEYS_LEN];
};

/* Wipe share. */
void sharestring_wipe(struct share *share);

/*
 * Write the string of share to out.  Returns its length, or 0 when share is
 * not valid.  The caller wipes out.
 */
size_t sharestring_encode(const struct share *share, char out[SHARESTRING_MAX]);

/*
 * Read *share from text, skipping blanks and line ends around it.  Returns 0;
 * or -1 with *share wiped and a clause in why, "character 31 of the share
 * string looks wrong", which holds nothing of the string.
 */
int sharestring_decode(
    struct share *share, const char *text, char why[SHARESTRING_WHY_LEN]);

#endif
