/* SPDX-License-Identifier: ISC */
/*
 * wan: makes loopback a worse network.
 *
 * A TCP proxy on the loop of a test, or in the program of the same name, that
 * delays and limits what passes and breaks it in chosen ways.  The same seed
 * breaks the same connections at the same bytes.
 */
#ifndef INROAD_TESTS_SUPPORT_WAN_H
#define INROAD_TESTS_SUPPORT_WAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct fault;
struct loop;
struct wan;

enum wan_fault {
	WAN_NONE,
	WAN_RESET,    /* both ends see a reset */
	WAN_STALL,    /* nothing passes any more */
	WAN_TRUNCATE, /* both ends see a clean end too early */
	WAN_FLIP,     /* a bit is flipped and all goes on */
};

/* A value of the caller's; a copy is kept.  All zero but the addresses is a
 * proxy that changes nothing. */
struct wan_config {
	struct addr listen; /* unset: a free port of 127.0.0.1 */
	struct addr to;
	uint64_t delay_ms; /* each way; to connect costs a round trip as well */
	uint64_t rate; /* bytes a second, each way of a connection; 0: any */
	size_t queue;  /* bytes that wait for the rate; 0: 256 KiB */
	enum wan_fault fault;
	uint64_t after; /* bytes passed one way before the fault ... */
	uint64_t mean;  /* ... or, if not 0, as many on average; flips recur */
	uint64_t times; /* faults in all; 0: any number */
	uint64_t seed;
};

/* What has happened so far. */
struct wan_stats {
	uint64_t connections;
	uint64_t faults;
	uint64_t up; /* bytes, to the target */
	uint64_t down;
};

/* Pass connections on as config says.  Returns NULL and fills *fault. */
struct wan *wan_new(
    struct loop *loop, const struct wan_config *config, struct fault *fault);

/* Reset all connections and free wan; NULL is allowed. */
void wan_free(struct wan *wan);

/* Put the address that it listens on into *out. */
void wan_addr(const struct wan *wan, struct addr *out);

/* Reset all connections there are. */
void wan_cut(struct wan *wan);

/* Let nothing pass any more, in any connection, or let it go on. */
void wan_freeze(struct wan *wan, bool frozen);

/* Put what has happened into *out. */
void wan_stats(const struct wan *wan, struct wan_stats *out);

#endif
