/* SPDX-License-Identifier: ISC */
/*
 * leases: the rates that owners gave to shares of their hosts.
 *
 * All channels by one share count for its tolls, a toll for each direction,
 * beside those of the account that calls.  They stay as long as the share, so
 * that who attaches anew has no other burst by that, and longer while there is
 * a channel.
 */
#ifndef INROAD_RELAY_LEASES_H
#define INROAD_RELAY_LEASES_H

#include <stdint.h>

#include "relay/tenant.h"

struct lease;
struct leases;
struct loop;
struct toll;

/* Return leases without one, or NULL. */
struct leases *leases_new(struct loop *loop);

/* Free leases, of which no channel is left; NULL is allowed. */
void leases_free(struct leases *leases);

/*
 * Return the lease of the share with that id, for one more channel, with rate
 * in bytes a second, not 0; NULL when memory is short.
 */
struct lease *leases_get(struct leases *leases, uint64_t share, uint64_t rate);

/* A channel of lease has ended; NULL is allowed. */
void leases_put(struct lease *lease);

/* The share with that id is over. */
void leases_end(struct leases *leases, uint64_t share);

/* Return what passes for lease (NULL: nothing) that way, or NULL. */
struct toll *leases_toll(struct lease *lease, enum tenant_way way);

#endif
