/* SPDX-License-Identifier: ISC */
/*
 * allowance: what an account may have at a time.
 *
 * A set of limits, each of which may be set or not.  What is in force for an
 * account is its own limit, else that of its level (relay.conf), else there is
 * none.  Values are numbers; 0 is a limit that allows nothing.  Pure.
 */
#ifndef INROAD_RELAY_ALLOWANCE_H
#define INROAD_RELAY_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

/* What is limited. */
enum allowance_key {
	ALLOWANCE_DEVICES,  /* enrolled devices, hosts among them */
	ALLOWANCE_HOSTS,    /* enrolled agents */
	ALLOWANCE_LINKS,    /* devices that are connected */
	ALLOWANCE_CHANNELS, /* open channels of its gateways */
	ALLOWANCE_ATTACHES, /* channels a second that its gateways open */
	ALLOWANCE_KEYS,
};

/* No limit; greater than any. */
#define ALLOWANCE_NONE UINT64_MAX

/* The greatest limit: what a store and JSON hold without loss. */
#define ALLOWANCE_MAX UINT64_C(1000000000)

/* Room for the name of a key. */
#define ALLOWANCE_NAME_LEN 16

/* Limits; all zero: none is set. */
struct allowance {
	uint64_t value[ALLOWANCE_KEYS];
	bool set[ALLOWANCE_KEYS];
};

/* Return the name of key, "hosts". */
const char *allowance_name(enum allowance_key key);

/* Put the key of that name to *out; 0, or -1 when there is none. */
int allowance_find(const char *name, enum allowance_key *out);

/*
 * Take "KEY=NUMBER" or "KEY=none" apart; ALLOWANCE_NONE stands for none.
 * Returns 0, or -1 when it is neither.
 */
int allowance_parse(const char *text, enum allowance_key *key, uint64_t *value);

/* Set limit key to value, or unset it for ALLOWANCE_NONE. */
void allowance_set(
    struct allowance *allowance, enum allowance_key key, uint64_t value);

/* Return the limit key of allowance, ALLOWANCE_NONE when it is not set. */
uint64_t allowance_get(
    const struct allowance *allowance, enum allowance_key key);

#endif
