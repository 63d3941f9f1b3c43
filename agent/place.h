/* SPDX-License-Identifier: ISC */
/*
 * place: what a caller's name and port stand for on this agent.
 *
 *   service -> the target of that service, whatever port was given
 *   "" or localhost -> this machine's loopback, both families
 *   address -> itself
 *   any other name -> to be resolved
 *
 * Pure: nothing is resolved and nothing judged here.
 */
#ifndef INROAD_AGENT_PLACE_H
#define INROAD_AGENT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "protocol/limits.h"

struct services;

/* Room for a name or an address, and a port. */
#define PLACE_TEXT_LEN (LIMITS_NAME_LEN + 8)

/* One place; a value. */
struct place {
	char host[LIMITS_NAME_LEN]; /* without a trailing dot */
	uint16_t port;
	bool named;           /* host is a name that is resolved */
	struct addr addrs[2]; /* unless named, best first */
	size_t count;
};

/* Set *out to what name and port stand for; services may be NULL. */
void place_find(struct place *out, const struct services *services,
    const char *name, uint16_t port);

/* Write place for people to out, name or address and port; returns out. */
const char *place_format(const struct place *place, char out[PLACE_TEXT_LEN]);

#endif
