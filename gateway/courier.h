/* SPDX-License-Identifier: ISC */
/*
 * courier: carries the datagrams of one client to where they go and back.
 *
 *	target --reach.h--> a host: one association for all targets of a host
 *	                \-> addresses: a socket of our own for each family
 *
 * Where datagrams go is kept for a while as the courier's peers, by what the
 * client called them; the one used longest ago gives way.  Datagrams for a
 * peer whose way is being looked for wait for it, a few.  What comes back is
 * told to come from what the client called it, so that whoever compares the two
 * finds what it knows; what comes from elsewhere is dropped.
 *
 * Whose datagrams these are, and that they are the client's, is the owner's to
 * know.  Callbacks run from the event loop and inside courier_send(), and may
 * free the courier.
 */
#ifndef INROAD_GATEWAY_COURIER_H
#define INROAD_GATEWAY_COURIER_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct courier;
struct loop;
struct proxy_target;
struct reach_space;

/* Peers of one courier, and hosts that it has associations with. */
#define COURIER_PEERS_MAX 128
#define COURIER_HOSTS_MAX 16

/* What a courier tells its owner. */
struct courier_ops {
	/* A datagram came from the target `from`. */
	void (*reply)(void *arg, const struct proxy_target *from,
	    const uint8_t *data, size_t len);
	/* Datagrams do not go to `to`, for some seconds at least; why. */
	void (*failed)(void *arg, const struct proxy_target *to, enum code code,
	    const char *text);
};

/* Numbers for people, of all couriers. */
struct courier_stats {
	uint64_t sent; /* datagrams */
	uint64_t received;
	uint64_t lost; /* of the client's: no way, or too many */
	uint64_t strays;
};

/*
 * Return a courier for names and addresses of space, which outlives it, that
 * counts in *stats, too; or NULL.
 */
struct courier *courier_new(struct loop *loop, const struct reach_space *space,
    struct courier_stats *stats, const struct courier_ops *ops, void *arg);

/* End everything; NULL is allowed. */
void courier_free(struct courier *courier);

/* Send the len bytes at data to `to`. */
void courier_send(struct courier *courier, const struct proxy_target *to,
    const uint8_t *data, size_t len);

#endif
