/* SPDX-License-Identifier: ISC */
/*
 * client: one local connection to the gateway.
 *
 *   FIRST --first byte--> SOCKS5 / SOCKS4 / HTTP
 *   each  --password-->   CHECKING --good--> goes on, if one is asked for
 *   each  --request-->    REACHING --session--> OPENING --OPENED--> bridge
 *   UDP ASSOCIATE -->     a courier (courier.h), until the connection ends
 *   HTTP with a URL -->   an exchange (exchange.h), then HTTP again
 *
 * A client that uses a forward starts at REACHING with the forward's target
 * and gets no reply: only the connection, or a reset.
 *
 * What the client sent behind its request is kept and goes first.  A reply is
 * sent only when the true outcome is known.
 */
#ifndef INROAD_GATEWAY_CLIENT_H
#define INROAD_GATEWAY_CLIENT_H

#include <stdint.h>

#include "common/list.h"
#include "gateway/courier.h"
#include "gateway/outcomes.h"
#include "gateway/proxytarget.h"
#include "gateway/reach.h"

struct auth;
struct buf;
struct client;
struct failures;
struct gate;
struct loop;
struct meter;
struct site_request;
struct viamark;

/* What clients work with; a part of the gateway. */
struct client_pool {
	struct loop *loop;
	const struct reach_space *space;
	const struct reach_space *outside; /* for who is not of this machine */
	const struct gate *gate;           /* NULL: everybody may come in */
	struct auth *auth;                 /* NULL: nobody is asked */
	struct list clients;
	uint32_t count;
	uint32_t refused;   /* of these: that are only told so */
	uint32_t outsiders; /* and those of other machines: half at most */
	uint32_t max;
	uint64_t served;           /* requests, ever */
	struct outcomes outcomes;  /* of those that are over */
	struct failures *failures; /* keeps the last ones; may be NULL */
	struct meter *meter;       /* counts what passes; may be NULL */
	struct viamark *viamark;   /* marks requests; may be NULL */
	unsigned parting;      /* conduits that nobody waits for (parting.h) */
	unsigned pages;        /* of ours, that are written to slow readers */
	unsigned associations; /* clients that have one */
	struct courier_stats datagrams;
	void (*ended)(void *arg); /* a client ended; may be NULL */
	/*
	 * Append the answer to a request for a page of the gateway (site.h) to
	 * out; 0, or -1 without memory.  NULL: there are no pages.
	 */
	int (*site)(
	    const struct site_request *request, struct buf *out, void *arg);
	void *arg;
};

/* Set up an empty pool, without a gate; outside is space. */
void client_pool_init(struct client_pool *pool, struct loop *loop,
    const struct reach_space *space, uint32_t max);

/* Count the connections that lead somewhere, by dialect. */
void client_pool_open(const struct client_pool *pool, uint32_t open[DIALECTS]);

/* Count bytes that passed between clients of pool and their targets. */
void client_pool_count_bytes(
    struct client_pool *pool, uint64_t sent, uint64_t received);

/*
 * Count, keep and log that what somebody asked for in dialect, but no client,
 * did not get to target.
 */
void client_pool_log_failure(struct client_pool *pool, enum dialect dialect,
    const struct proxy_target *target, enum code code, const char *text);

/* End the clients that have asked for nothing yet. */
void client_pool_close_idle(struct client_pool *pool);

/* Reset every client. */
void client_pool_close(struct client_pool *pool);

/*
 * Serve the connection fd, which is taken over, or closed when the pool is
 * full or memory is short.  forward is where it leads without asking, or NULL.
 * Whom the gate refuses is told so in its own dialect.
 */
void client_start(
    struct client_pool *pool, int fd, const struct proxy_target *forward);

#endif
