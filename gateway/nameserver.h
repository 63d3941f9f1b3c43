/* SPDX-License-Identifier: ISC */
/*
 * nameserver: a port that answers questions of the domain name system.
 *
 * For what looks names up before it connects and knows no SOCKS: a resolver
 * that sends our suffix here, programs whose network is led to the gateway
 * (redsocks, tun2socks).
 *
 *	name of a host, or one that goes via one    an address that stands for
 *	                                            it (virtuals.h)
 *	address that stands for a name              that name
 *	host that there is not, all of our suffix   no such name
 *	name that goes directly                     looked up, A and AAAA
 *	name that a route refuses, all else         refused
 *
 * Questions about a name whose look-up is under way wait for it: where the
 * system's resolver asks us again, this ends in silence and not in a storm.
 * Who may ask is the gate's to say.  UDP only, as no answer is ever cut.
 */
#ifndef INROAD_GATEWAY_NAMESERVER_H
#define INROAD_GATEWAY_NAMESERVER_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct client_pool;
struct fault;
struct nameserver;

/*
 * Seconds that answers are good for.  An address that stands for a name is
 * good for longer, but only while this gateway runs.
 */
#define NAMESERVER_TTL 30

/* Names looked up at a time, and who waits for one: some with both types. */
#define NAMESERVER_LOOKUPS_MAX 64
#define NAMESERVER_WAITERS_MAX 8

/*
 * Return a server at listen, whose port may be 0, for those who may come into
 * pool, which outlives it; or NULL and *fault.
 */
struct nameserver *nameserver_new(
    struct client_pool *pool, const struct addr *listen, struct fault *fault);

/* Put the address that it really has into *out. */
void nameserver_address(const struct nameserver *server, struct addr *out);

/* Close the port; who waits gets no answer.  NULL is allowed. */
void nameserver_free(struct nameserver *server);

#endif
