/* SPDX-License-Identifier: ISC */
/*
 * dns: a c-ares channel on our loop.
 *
 * Watches the sockets that c-ares opens, however many, and keeps its timer.
 * Knows the name servers as they were when it was made: the resolver above
 * makes a new one when they change and retires the old one, which lives on
 * until its last query has ended.
 */
#ifndef INROAD_COMMON_DNS_H
#define INROAD_COMMON_DNS_H

#include <stdint.h>

struct ares_addrinfo;
struct dns;
struct loop;

/* A value of the caller's; nothing is kept of it. */
struct dns_config {
	const char *servers;     /* "IP:PORT,…", NULL: those of resolv_conf */
	const char *resolv_conf; /* NULL: the system's */
	uint16_t port;           /* of servers without one; 0: 53 */
	double timeout;          /* seconds until the last try is given up */
};

/*
 * Called when a query has ended with an ARES_* status, its addresses (NULL
 * unless ARES_SUCCESS; the callee frees them with ares_freeaddrinfo()) and the
 * caller's arg.  It may run from within dns_query() and must not call back
 * into dns.
 */
typedef void dns_callback(int status, struct ares_addrinfo *info, void *arg);

/* Return a channel as config says, or NULL when memory is short. */
struct dns *dns_new(struct loop *loop, const struct dns_config *config);

/*
 * End all queries, whose callbacks run with ARES_EDESTRUCTION, and free dns;
 * NULL is allowed.
 */
void dns_free(struct dns *dns);

/*
 * Free dns when its last query has ended, at the end of that iteration of the
 * loop; NULL is allowed.
 */
void dns_retire(struct dns *dns);

/*
 * Look for name in /etc/hosts, then ask the name servers for its addresses of
 * both families, and report to callback(status, info, arg).  Returns 0, or -1
 * when memory is short and the callback will not run.
 */
int dns_query(
    struct dns *dns, const char *name, dns_callback *callback, void *arg);

#endif
