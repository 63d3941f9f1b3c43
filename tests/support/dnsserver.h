/* SPDX-License-Identifier: ISC */
/*
 * dnsserver: a name server on loopback that answers as a test tells it to.
 *
 * Runs on the loop of the test, on one port for UDP and TCP.  Names without a
 * rule do not exist.
 */
#ifndef INROAD_TESTS_SUPPORT_DNSSERVER_H
#define INROAD_TESTS_SUPPORT_DNSSERVER_H

#include <stdint.h>

struct dnsserver;
struct loop;

enum dnsserver_rule {
	DNSSERVER_NO_NAME,   /* there is no such name */
	DNSSERVER_ADDRS,     /* the name has the addresses given */
	DNSSERVER_EMPTY,     /* the name exists and has no address */
	DNSSERVER_FAIL,      /* the server cannot tell */
	DNSSERVER_SILENT,    /* no answer at all */
	DNSSERVER_LOSSY,     /* as ADDRS, but the first two queries get lost */
	DNSSERVER_TRUNCATED, /* as ADDRS, but only over TCP */
	DNSSERVER_GARBAGE,   /* an answer that is none */
};

/* Return a server, or NULL. */
struct dnsserver *dnsserver_new(struct loop *loop);

/* Close its sockets and free it; NULL is allowed. */
void dnsserver_free(struct dnsserver *server);

/* Return "127.0.0.1:PORT" as a resolver takes it; it lives as long as server.
 */
const char *dnsserver_text(const struct dnsserver *server);

/* Return its port. */
uint16_t dnsserver_port(const struct dnsserver *server);

/*
 * Answer for name (at most 16 names, no trailing dot) by rule with the
 * addresses in addrs, separated by spaces, both families mixed.
 */
void dnsserver_add(struct dnsserver *server, const char *name,
    enum dnsserver_rule rule, const char *addrs);

/* Return how many queries have come in. */
int dnsserver_queries(const struct dnsserver *server);

/* Return how many of them came over TCP. */
int dnsserver_tcp_queries(const struct dnsserver *server);

#endif
