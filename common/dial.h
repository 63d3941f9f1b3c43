/* SPDX-License-Identifier: ISC */
/*
 * dial: a TCP (or unix) connection to one of several addresses.
 *
 * Happy eyeballs, RFC 8305: the addresses are tried with their families
 * alternating, the next one when the one before has failed or after a moment,
 * and the first that answers wins.  A dial is an object: its handle is valid
 * until its callback runs or it is cancelled.  No callback ever runs from
 * within dial_start() or dial_name().
 *
 * A filter lets a policy look at each address right before it is dialled,
 * after resolution, so that what is checked is what is dialled.
 */
#ifndef INROAD_COMMON_DIAL_H
#define INROAD_COMMON_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct dial;
struct loop;
struct resolver;

/* Addresses beyond are not tried. */
#define DIAL_ADDRS_MAX 16

/* Seconds until a dial is given up when nothing else is said. */
#define DIAL_TIMEOUT_SECONDS 10.

/* Seconds between two attempts, RFC 8305 section 5. */
#define DIAL_STAGGER_SECONDS 0.25

enum dial_status {
	DIAL_OK,
	DIAL_NO_NAME,          /* no such name, or it has no address */
	DIAL_DNS_FAILED,       /* the name servers cannot tell */
	DIAL_DNS_TIMEOUT,      /* the name servers did not answer */
	DIAL_DENIED,           /* the filter refused every address */
	DIAL_REFUSED,          /* somebody is there, but nothing listens */
	DIAL_TIMEOUT,          /* no answer in time */
	DIAL_NET_UNREACHABLE,  /* no route */
	DIAL_HOST_UNREACHABLE, /* a route, but nobody at its end */
	DIAL_FAILED,           /* anything else, see err */
};

/* How a dial ended. */
struct dial_result {
	enum dial_status status;
	int fd;  /* connected, non-blocking and close-on-exec, or -1 */
	int err; /* errno behind a failed status, 0 when there is none */
	struct addr addr; /* dialled, or the one whose failure tells most */
};

/*
 * Return whether addr may be dialled; arg is the owner's.  It may run from
 * within dial_start() and must not end the dial.
 */
typedef bool dial_filter(const struct addr *addr, void *arg);

/* A value of the caller's; a copy is kept.  All zero is a good one. */
struct dial_options {
	double timeout; /* seconds for all of it, names included; 0: 10 */
	double stagger; /* seconds between attempts; 0: 0.25 */
	dial_filter *filter;
	void *filter_arg;
};

/*
 * Called once with how the dial ended, which lives until it returns, and the
 * caller's arg.  The descriptor is the callee's.  The handle is not valid any
 * more.
 */
typedef void dial_callback(const struct dial_result *result, void *arg);

/*
 * Connect to one of the count addresses at addrs, best first, as options says
 * (NULL: as usual) and report to callback(result, arg).  Returns the handle,
 * or NULL when memory is short.
 */
struct dial *dial_start(struct loop *loop, const struct addr *addrs,
    size_t count, const struct dial_options *options, dial_callback *callback,
    void *arg);

/*
 * Resolve host (a name or a literal address) and connect to it at port, as
 * dial_start() does.  Cancel the dial before the resolver is freed.
 */
struct dial *dial_name(struct resolver *resolver, const char *host,
    uint16_t port, const struct dial_options *options, dial_callback *callback,
    void *arg);

/* End dial without a callback; NULL is allowed. */
void dial_cancel(struct dial *dial);

/* Return a word for status: "ok", "refused", "timeout", … */
const char *dial_status_name(enum dial_status status);

#endif
