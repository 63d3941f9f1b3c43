/* SPDX-License-Identifier: ISC */
/*
 * egress_impl: what the files of egress share and nobody else sees.
 *
 *	egress.c     streams of bytes, and everybody's beginning and end
 *	egressudp.c  associations
 */
#ifndef INROAD_AGENT_EGRESS_IMPL_H
#define INROAD_AGENT_EGRESS_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/assoc.h"
#include "agent/egress.h"
#include "agent/place.h"
#include "common/list.h"
#include "common/loop.h"
#include "protocol/name.h"

struct addr;
struct bridge;
struct dial;
struct resolver_lookup;
struct stream_opened;

struct egress {
	struct loop *loop;
	struct resolver *resolver;
	struct assoc_space space; /* of associations */
	char host[NAME_HOST_MAX + 1];
	struct policy *policy;
	struct services *services;
	struct list flows; /* all of them */
	size_t count;
	uint32_t dials_max; /* of one caller */
	struct egress_stats stats;
	void (*idle)(void *arg);
	void *idle_arg;
};

struct egress_caller {
	struct egress *egress;
	struct list line;      /* of flows that wait for their turn */
	struct loop_task turn; /* lets the next ones set off */
	size_t under_way;      /* flows that resolve or dial */
	size_t count;          /* flows, bridged ones included */
	size_t associations;   /* of these */
};

/* One stream on its way; what it waits for is what is not NULL. */
struct flow {
	struct list node;
	struct list line; /* linked while it waits for its turn */
	struct egress *egress;
	struct egress_caller *caller; /* NULL once that is gone */
	uint32_t number;              /* of the stream, for logs */
	struct stream *stream;        /* NULL once it is the bridge's */
	bool under_way;
	struct resolver_lookup *lookup;
	struct dial *dial;
	struct bridge *bridge;
	struct assoc *assoc;
	struct place place; /* where it leads */
};

/* Free flow, which has let go of its stream. */
void egress_drop(struct flow *flow);

/* Answer the OPEN of flow with what opened says, and drop it. */
void egress_fail(struct flow *flow, const struct stream_opened *opened);

/* Answer the OPEN of flow that memory is short, and drop it. */
void egress_fail_memory(struct flow *flow);

/* Answer that its share does not let flow go where it leads, and drop it. */
void egress_fail_share(struct flow *flow);

/*
 * Answer that the policy does not let flow go where it leads, and drop it; addr
 * is an address behind its name, or NULL.
 */
void egress_fail_denied(struct flow *flow, const struct addr *addr);

/* Let flow, which wants to be opened to target, carry datagrams. */
void egressudp_open(
    struct flow *flow, const char *rights, const struct stream_target *target);

#endif
