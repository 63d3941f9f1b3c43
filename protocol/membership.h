/* SPDX-License-Identifier: ISC */
/*
 * membership: what a program must know to belong to an account.
 *
 * Which relays to go to and the key that they must have, who this device is,
 * the one-time token that enrols it, and its part of the account's keys.  It
 * comes in a join string (joinstring.h) and is kept in a file of lines, whose
 * text this module reads and writes:
 *
 *	inroad-membership 1
 *	relay relay.example.net:7000
 *	relay-key 64 hexadecimal digits
 *	role agent
 *	user alice
 *	name office
 *	token 64 hexadecimal digits
 *	host-key 1 64 hexadecimal digits
 *
 * struct membership is a value; it holds secrets and is wiped with
 * membership_wipe().  All names in a valid one are in lower case.
 */
#ifndef INROAD_PROTOCOL_MEMBERSHIP_H
#define INROAD_PROTOCOL_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/linkhello.h"
#include "protocol/name.h"

/* Most relays of one membership. */
#define MEMBERSHIP_RELAYS_MAX 8
/* Longest "host:port" or "[v6]:port" of a relay: fits any host name. */
#define MEMBERSHIP_ADDRESS_MAX (NAME_TARGET_MAX + 6)
/* Room for what membership_format() writes. */
#define MEMBERSHIP_TEXT_MAX                                                    \
	(MEMBERSHIP_RELAYS_MAX * (MEMBERSHIP_ADDRESS_MAX + 7) + 512)

/* Which key comes with a membership. */
enum membership_key {
	MEMBERSHIP_KEY_NONE,
	MEMBERSHIP_KEY_ACCOUNT, /* a gateway's: the account key */
	MEMBERSHIP_KEY_HOST,    /* an agent's: the key of its host */
};

struct membership {
	size_t relays; /* at least 1 */
	char relay[MEMBERSHIP_RELAYS_MAX][MEMBERSHIP_ADDRESS_MAX + 1];
	uint8_t relay_public[KEYS_LEN];
	enum linkhello_role role;
	char user[NAME_USER_MAX + 1];
	char name[NAME_HOST_MAX + 1]; /* of the device; an agent's host */
	bool has_token;
	uint8_t token[LINKHELLO_TOKEN_LEN];
	enum membership_key key_kind;
	uint8_t key[KEYS_LEN];
	uint32_t epoch; /* of the account key that key is or comes from */
};

/*
 * Return NULL when membership is valid, else a clause for people about what
 * is wrong with it, "has no relay".  A gateway has no host key and an agent no
 * account key; an agent has a host key.
 */
const char *membership_flaw(const struct membership *membership);

/*
 * Append the "host:port" or "[v6]:port" in the len characters at text to the
 * relays of membership, in lower case.  Returns 0, or -1 when it is not valid
 * or there are too many.
 */
int membership_add_relay(
    struct membership *membership, const char *text, size_t len);

/*
 * Write membership as text to text, MEMBERSHIP_TEXT_MAX bytes.  Returns its
 * length, or 0 when membership is not valid.  The caller wipes text.
 */
size_t membership_format(const struct membership *membership, char *text);

/*
 * Read *membership from the len characters at text.  Returns 0, or -1 with the
 * number of the line at fault (from 1; one behind the last when something is
 * missing) in *line, a clause about it in *flaw and *membership wiped.
 */
int membership_parse(struct membership *membership, const char *text,
    size_t len, unsigned *line, const char **flaw);

/* Wipe membership. */
void membership_wipe(struct membership *membership);

#endif
