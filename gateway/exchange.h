/* SPDX-License-Identifier: ISC */
/*
 * exchange: one HTTP request to a target and its response back.
 *
 *   client --head rewritten, body followed--> conduit
 *   client <--head rewritten, body followed-- conduit
 *
 * The request goes with the opening of the conduit (early data), its body is
 * read when the session pulls.  The response passes as it comes; back-pressure
 * is the conduit's window.  Before the response has begun a failure becomes an
 * error page; after that the connection is reset, so that what was cut off
 * never looks whole.  A response that switches protocols turns the exchange
 * into a plain tunnel.
 *
 * An exchange belongs to its client and works on the client's socket while the
 * client is in CLIENT_EXCHANGE.
 */
#ifndef INROAD_GATEWAY_EXCHANGE_H
#define INROAD_GATEWAY_EXCHANGE_H

struct client;
struct exchange;
struct reach_result;

/*
 * Begin with the request in client->head, whose bytes are still in client->in,
 * to where result leads.  Returns NULL when the session takes no more streams
 * or memory is short; nothing was consumed then.
 */
struct exchange *exchange_new(
    struct client *client, const struct reach_result *result);

/* End at once, without touching the client; NULL is allowed. */
void exchange_free(struct exchange *exchange);

#endif
