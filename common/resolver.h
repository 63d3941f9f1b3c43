/* SPDX-License-Identifier: ISC */
/*
 * resolver: from host names to addresses, without blocking.
 *
 * Literal addresses and localhost are answered without asking anybody,
 * /etc/hosts comes before the name servers, and those are read anew when
 * resolv.conf changes, so a laptop may move between networks.  A look-up is an
 * object: its handle is valid until its callback runs or it is cancelled.  No
 * callback ever runs from within resolver_start().
 */
#ifndef INROAD_COMMON_RESOLVER_H
#define INROAD_COMMON_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct loop;
struct resolver;
struct resolver_lookup;

/* Seconds after which a look-up is given up when nothing else is said. */
#define RESOLVER_TIMEOUT_SECONDS 5.

/* A name may have more addresses; nobody would try them all. */
#define RESOLVER_ADDRS_MAX 16

enum resolver_status {
	RESOLVER_OK,
	RESOLVER_NO_NAME,   /* no such name, or it has no address */
	RESOLVER_TIMEOUT,   /* no server answered in time */
	RESOLVER_FAILED,    /* servers answered that they cannot tell */
	RESOLVER_NO_MEMORY, /* memory was short */
};

/* A value of the caller's; nothing is kept of it.  All zero is a good one. */
struct resolver_config {
	const char *servers;     /* "IP:PORT,…", NULL: those of resolv_conf */
	const char *resolv_conf; /* NULL: "/etc/resolv.conf" */
	uint16_t port;           /* of servers without one; 0: 53 */
	double timeout;          /* of a look-up in seconds; 0: 5 */
};

/*
 * Called once with how the look-up ended, the count addresses found, best
 * first, which live until it returns (none unless RESOLVER_OK), and the
 * caller's arg.  The handle is no longer valid.
 */
typedef void resolver_callback(enum resolver_status status,
    const struct addr *addrs, size_t count, void *arg);

/* Return a resolver as config says, or NULL when memory is short. */
struct resolver *resolver_new(
    struct loop *loop, const struct resolver_config *config);

/*
 * Cancel all look-ups, whose handles are then no longer valid, and free the
 * resolver; NULL is allowed.
 */
void resolver_free(struct resolver *resolver);

/*
 * Look up host, a name or a literal address without brackets, and report to
 * callback(status, addrs, count, arg), each address with port.  Returns the
 * handle of the look-up, or NULL when memory is short.
 */
struct resolver_lookup *resolver_start(struct resolver *resolver,
    const char *host, uint16_t port, resolver_callback *callback, void *arg);

/* End lookup without a callback; NULL is allowed. */
void resolver_cancel(struct resolver_lookup *lookup);

/* Return the loop that resolver works on. */
struct loop *resolver_loop(const struct resolver *resolver);

/* Return a word for status: "ok", "no-name", "timeout", … */
const char *resolver_status_name(enum resolver_status status);

#endif
