/* SPDX-License-Identifier: ISC */
/*
 * relaylist: the relays that a device may go to, the preferred one first.
 *
 * They are those of the membership, or those of the configuration instead,
 * which is for whoever moves a relay or reaches it by another address.  All of
 * them have the key that the membership pins: one identity at several places.
 *
 * struct relaylist is a value.
 */
#ifndef INROAD_PROTOCOL_RELAYLIST_H
#define INROAD_PROTOCOL_RELAYLIST_H

#include <stddef.h>

#include "protocol/membership.h"

struct fault;
struct options;

struct relaylist {
	size_t count;
	/* Each in lower case, none of them twice. */
	char address[MEMBERSHIP_RELAYS_MAX][MEMBERSHIP_ADDRESS_MAX + 1];
};

/*
 * Add the "host:port" or "[v6]:port" in text behind the others, unless it is
 * there.  Returns 0, or -1 when it is not valid or there are too many.
 */
int relaylist_add(struct relaylist *list, const char *text);

/* Add the relays of membership that are not there. */
void relaylist_merge(
    struct relaylist *list, const struct membership *membership);

/*
 * Let list be what the list "relay" of options says, which may be nothing.
 * Returns 0, or -1 and *fault, which says where it stands.
 */
int relaylist_read(
    struct relaylist *list, const struct options *options, struct fault *fault);

#endif
