/* SPDX-License-Identifier: ISC */
/*
 * assoc: an association of a caller and the UDP sockets that serve it.
 *
 *   DGRAM -> place -> rights -> literal address or c-ares -> policy -> socket
 *   socket -> from an address that was sent to? -> DGRAM, in the caller's words
 *
 * Where datagrams go is kept for a while as the association's peers, by the
 * caller's words: an address is judged, and a name resolved and judged, once a
 * minute and when the policy changes, and the address that was judged is the
 * one sent to.  The peer used longest ago gives way.  Datagrams for a name that
 * is being resolved wait for it, a few.
 *
 * There is one socket for each family, from its first use on.  What comes from
 * an address that no peer has is dropped: nobody gets in by guessing a port.
 *
 * An association ends with its stream, by assoc_close(), or when nothing passed
 * for ASSOC_IDLE: one that was forgotten keeps no port open.  An opener that is
 * told so opens another one.
 */
#ifndef INROAD_AGENT_ASSOC_H
#define INROAD_AGENT_ASSOC_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct assoc;
struct loop;
struct policy;
struct resolver;
struct services;
struct stream;
struct stream_target;

/*
 * Seconds without a datagram after which an association ends: what RFC 4787
 * (section 4.3) recommends for the mappings of a NAT, and the same thing.
 */
#define ASSOC_IDLE 300.0

/* Peers of one association; browsers and resolvers have a handful. */
#define ASSOC_PEERS_MAX 128

/* Numbers for people, of all associations. */
struct assoc_stats {
	uint64_t sent; /* datagrams to peers */
	uint64_t received;
	uint64_t denied;      /* not sent: the policy, or no such name */
	uint64_t strays;      /* came from where nothing was sent to */
	uint64_t lost;        /* not sent for other reasons */
	uint64_t unreachable; /* ICMP said so */
};

/* What associations work with; a part of the egress, which outlives them. */
struct assoc_space {
	struct loop *loop;
	struct resolver *resolver;
	const struct policy *policy; /* NULL: nothing is allowed */
	const struct services *services;
	unsigned version; /* another one whenever these change */
	double idle;      /* seconds; 0: ASSOC_IDLE */
	struct assoc_stats stats;
};

/*
 * Serve stream, which is taken over and whose OPEN named target, as far as
 * rights allow (of a share, which are copied; NULL: all); the caller answers
 * it.  ended(arg) runs when the association is over, unless by
 * assoc_close().  Returns NULL when memory is short: stream is then still the
 * caller's.
 */
struct assoc *assoc_new(struct assoc_space *space, const char *rights,
    struct stream *stream, const struct stream_target *target,
    void (*ended)(void *arg), void *arg);

/* End assoc: its stream is reset with code; NULL is allowed. */
void assoc_close(struct assoc *assoc, enum code code);

#endif
