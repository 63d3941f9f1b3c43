/* SPDX-License-Identifier: ISC */
/*
 * udpforward: a UDP port whose datagrams all lead to one target.
 *
 * UDP has no connections, so each address that sends is a client of its own,
 * with a courier that its answers come back by.  One that is quiet for
 * UDPFORWARD_IDLE is forgotten, and of too many the one quiet longest: the next
 * datagram makes it anew.  On this machine a sender must be let in by the gate.
 */
#ifndef INROAD_GATEWAY_UDPFORWARD_H
#define INROAD_GATEWAY_UDPFORWARD_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct client_pool;
struct fault;
struct proxy_target;
struct udpforward;

/* Seconds: who asks by UDP is answered in one, and asks again from elsewhere.
 */
#define UDPFORWARD_IDLE 60.0

/* Addresses that send at a time; programs ask each question from another. */
#define UDPFORWARD_CLIENTS_MAX 128

/*
 * Return a forward from listen, whose port may be 0, to target, for those who
 * may come into pool, which outlives it; or NULL and *fault.
 */
struct udpforward *udpforward_new(struct client_pool *pool,
    const struct addr *listen, const struct proxy_target *target,
    struct fault *fault);

/* Lead to target from now on. */
void udpforward_set_target(
    struct udpforward *forward, const struct proxy_target *target);

/* Put the address that it really has into *out. */
void udpforward_address(const struct udpforward *forward, struct addr *out);

/* Return how many clients there are. */
size_t udpforward_count(const struct udpforward *forward);

/* Forget those who are quiet too long at now_ns; a timer does it, too. */
void udpforward_look(struct udpforward *forward, uint64_t now_ns);

/* Close the port and forget all clients; NULL is allowed. */
void udpforward_free(struct udpforward *forward);

#endif
