/* SPDX-License-Identifier: ISC */
/*
 * egress: from a caller's OPEN to a connected socket and back.
 *
 *   OPEN -> service? -> literal address or c-ares -> policy -> dial -> bridge
 *
 *   WAITING --turn--> RESOLVING --> DIALLING --> BRIDGED
 *        \_______________\____________\_____ any failure: the OPEN is answered
 *
 * An OPEN for datagrams becomes an association (assoc.h) at once.
 *
 * One egress serves all callers.  Each has a struct egress_caller: its line of
 * dials, of which a few are under way (egress_set_dials()), the others in
 * order, so that no caller can use up what the others need.  A stream that is
 * reset on the way cancels its part of the way.  Early data stays in the
 * stream.
 *
 * Rights of a share are asked first (grant.h).  The policy is asked after
 * resolution, for the very addresses that are then
 * dialled; they are unmapped before both.
 *
 * An egress_caller may go while bridges still hand what they have to their
 * sockets; they belong to the egress.
 */
#ifndef INROAD_AGENT_EGRESS_H
#define INROAD_AGENT_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/assoc.h"

struct egress;
struct egress_caller;
struct loop;
struct policy;
struct resolver;
struct services;
struct stream;
struct stream_target;

/* Numbers for people. */
struct egress_stats {
	size_t open;    /* bridged now */
	size_t waiting; /* for their turn, a resolver or a target */
	uint64_t ever;  /* bridged so far */
	uint64_t failed;
	struct assoc_stats datagrams;
};

/*
 * Associations of one caller, each with two sockets and, with all its peers, a
 * hundred kilobytes: many browsers, and forwards that many programs use.
 */
#define EGRESS_ASSOCIATIONS_MAX 512

/*
 * Return an egress that resolves with resolver, or NULL.  It allows nothing
 * before egress_configure().
 */
struct egress *egress_new(struct loop *loop, struct resolver *resolver);

/*
 * Let no more than count dials of one caller be under way from now on, at
 * least 1; LIMITS_DIALS_MAX unless it is called.
 */
void egress_set_dials(struct egress *egress, uint32_t count);

/* Call this host host, which is copied, in what users read. */
void egress_set_host(struct egress *egress, const char *host);

/* Cancel and reset everything, without a call of `idle`; NULL is allowed. */
void egress_free(struct egress *egress);

/*
 * Go by policy and services, which the egress takes over, from now on.  What
 * is connected stays.
 */
void egress_configure(
    struct egress *egress, struct policy *policy, struct services *services);

/* Return the services in use, NULL before egress_configure(). */
const struct services *egress_services(const struct egress *egress);

/* Call idle(arg) whenever the last stream ended; NULL for never. */
void egress_on_idle(struct egress *egress, void (*idle)(void *arg), void *arg);

/* Return how many streams there are, connected or not. */
size_t egress_count(const struct egress *egress);

/* Fill *out. */
void egress_get_stats(const struct egress *egress, struct egress_stats *out);

/* Return a line of dials for one caller, or NULL. */
struct egress_caller *egress_caller_new(struct egress *egress);

/*
 * End caller: what is not connected is cancelled and its stream reset; NULL is
 * allowed.
 */
void egress_caller_free(struct egress_caller *caller);

/* Return how many streams of caller there are, connected or not. */
size_t egress_caller_count(const struct egress_caller *caller);

/*
 * Lead stream, which wants to be opened to target, there, if rights allow it
 * (those of a share, which are copied; NULL: all).  It is answered now or
 * later, in any case.
 */
void egress_open(struct egress_caller *caller, const char *rights,
    struct stream *stream, const struct stream_target *target);

#endif
