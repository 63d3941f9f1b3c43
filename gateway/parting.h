/* SPDX-License-Identifier: ISC */
/*
 * parting: conduits that have done their work and end by themselves.
 *
 * After a whole response the target was told to close and will; nobody waits
 * for it.  A target that does not close must not hold conduits for ever, so
 * there are at most PARTING_MAX of them in a pool; beyond that a conduit is
 * reset.
 */
#ifndef INROAD_GATEWAY_PARTING_H
#define INROAD_GATEWAY_PARTING_H

struct client_pool;
struct conduit;

/* Enough for a browser that closes all its pages, to a far-away host. */
#define PARTING_MAX 64

/* End our half of conduit, which is taken over, and let its target end it. */
void parting_start(struct client_pool *pool, struct conduit *conduit);

#endif
