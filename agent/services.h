/* SPDX-License-Identifier: ISC */
/*
 * services: names for targets of an agent, "web = 127.0.0.1:8080".
 *
 * A caller that asks for the name is led to the target, whatever port it gave.
 * A name is one DNS label, compared without case; a target is an address or a
 * name and a port.  Pure: nothing is resolved here.
 */
#ifndef INROAD_AGENT_SERVICES_H
#define INROAD_AGENT_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"

struct services;

/* Most services of one agent; a person reads the list. */
#define SERVICES_MAX 1024

/* One service; a value inside its services. */
struct service {
	char name[LIMITS_LABEL_LEN];
	char host[LIMITS_NAME_LEN]; /* without brackets */
	uint16_t port;
};

/* Return an empty list, or NULL. */
struct services *services_new(void);

/* Free services; NULL is allowed. */
void services_free(struct services *services);

/*
 * Name the target `to` ("127.0.0.1:8080", "[::1]:80", "printer:9100") name.
 * A name that is there already is led to the new target: what is said last
 * counts.  Returns 0, or -1 and in *flaw a clause for people about what is
 * wrong.
 */
int services_set(struct services *services, const char *name, const char *to,
    const char **flaw);

/* As services_set, for text "NAME=TARGET". */
int services_add(
    struct services *services, const char *text, const char **flaw);

/* Return the service called name, or NULL. */
const struct service *services_find(
    const struct services *services, const char *name);

/* Return how many services there are. */
size_t services_count(const struct services *services);

/* Return service number i, from 0, in the order they were named. */
const struct service *services_at(const struct services *services, size_t i);

#endif
