/* SPDX-License-Identifier: ISC */
/*
 * direct: connections that the gateway makes itself.
 *
 *	addresses --happy eyeballs (common/dial.h)--> outlet (outlet.h)
 *
 * Each is a conduit: to its owner what a stream to a host is.  Whether one may
 * go there was decided before (way.h); what is given is what is dialled.
 * Failures say CODE_DIRECT_FAILED, with the errno behind it.
 */
#ifndef INROAD_GATEWAY_DIRECT_H
#define INROAD_GATEWAY_DIRECT_H

#include <stddef.h>

struct addr;
struct conduit;
struct direct;
struct loop;
struct stream_ops;

/*
 * Dials under way at a time.  Each holds a descriptor or two for up to ten
 * seconds; more come only from somebody who looks for open ports.
 */
#define DIRECT_DIALS_MAX 1024

/* Return a place for direct connections, or NULL. */
struct direct *direct_new(struct loop *loop);

/* End all connections, whose owners are told, and free; NULL is allowed. */
void direct_free(struct direct *direct);

/*
 * Connect to one of the count addresses at addrs, best first, for the owner
 * that ops and arg are.  name is what was asked for, for people.  Returns the
 * conduit, or NULL when too many dials are under way or memory is short.
 */
struct conduit *direct_open(struct direct *direct, const char *name,
    const struct addr *addrs, size_t count, const struct stream_ops *ops,
    void *arg);

/* Return how many connections there are, those under way included. */
size_t direct_count(const struct direct *direct);

#endif
