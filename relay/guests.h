/* SPDX-License-Identifier: ISC */
/*
 * guests: the places of those who connected and have not logged in, shared
 * fairly by the addresses that they come from.
 *
 * There are so many places.  While one is free, whoever comes gets it.  When
 * all are taken, the one to give way is the oldest guest of the address that
 * has most of them: who keeps silent from one address holds places only until
 * somebody wants them, and those of others only beyond an equal share.  A login
 * takes milliseconds, so it is always among the youngest; many agents that
 * return at once from behind one address lose nothing while places are free.
 * A fixed share of an address would refuse just those.
 *
 * An address is one of IPv4 or a /64 of IPv6 (addr_origin()).  Every call is
 * O(1).
 */
#ifndef INROAD_RELAY_GUESTS_H
#define INROAD_RELAY_GUESTS_H

#include <stdint.h>

#include "common/list.h"

struct addr;
struct guests;
struct guests_origin;

/* Inside whoever is a guest; all zero when it is none.  Fields belong here. */
struct guest {
	struct guests_origin *origin;
	struct list node;
};

/* Return max places (at least one), or NULL. */
struct guests *guests_new(uint32_t max);

/* Free guests, of which none is left; NULL is allowed. */
void guests_free(struct guests *guests);

/*
 * Return who has to give way before the next one comes, or NULL while there is
 * a free place.  *count is then how many come from its address.
 */
struct guest *guests_due(const struct guests *guests, uint32_t *count);

/*
 * Give a place to guest, who comes from peer (without an address: from where
 * all such come).  Returns 0, or -1 when memory is short or no place is free.
 */
int guests_enter(
    struct guests *guests, struct guest *guest, const struct addr *peer);

/* Take the place of guest back, if it has one. */
void guests_leave(struct guests *guests, struct guest *guest);

/* Return how many there are. */
uint32_t guests_count(const struct guests *guests);

#endif
