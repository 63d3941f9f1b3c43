/* SPDX-License-Identifier: ISC */
/*
 * allowance: what an account may have.
 *
 * A set of limits, each of which may be set or not.  What is in force for an
 * account is its own limit, else that of its level (relay.conf), else there is
 * none.  All keys are here, with what they are measured in and how far they
 * go.  Values are numbers: rates are in bits a second, sizes in bytes; 0 is a
 * limit that allows nothing.  Pure.
 */
#ifndef INROAD_RELAY_ALLOWANCE_H
#define INROAD_RELAY_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

/* What is limited. */
enum allowance_key {
	ALLOWANCE_DEVICES,   /* enrolled devices, hosts among them */
	ALLOWANCE_HOSTS,     /* enrolled agents */
	ALLOWANCE_LINKS,     /* devices that are connected */
	ALLOWANCE_CHANNELS,  /* open channels of its gateways */
	ALLOWANCE_ATTACHES,  /* channels a second that its gateways open */
	ALLOWANCE_RATE_UP,   /* from its gateways to hosts, bits a second */
	ALLOWANCE_RATE_DOWN, /* from hosts to its gateways, likewise */
	ALLOWANCE_BURST,     /* of either, at once after a pause, bytes */
	ALLOWANCE_MONTH,     /* both ways in a calendar month, bytes */
	ALLOWANCE_KEYS,
};

/* What a key is measured in. */
enum allowance_unit {
	ALLOWANCE_COUNT,
	ALLOWANCE_BITS, /* a second */
	ALLOWANCE_BYTES,
};

/* No limit; greater than any. */
#define ALLOWANCE_NONE UINT64_MAX

/* The greatest number of things: nobody has more, and it fits anywhere. */
#define ALLOWANCE_COUNT_MAX UINT64_C(1000000000)

/*
 * The least rate: a session whose channel does not move a record, and what was
 * sent on the first credit, in half a minute takes it for blocked.
 */
#define ALLOWANCE_RATE_MIN UINT64_C(64000)
/* And the greatest, which is more than any relay copies. */
#define ALLOWANCE_RATE_MAX UINT64_C(1000000000000)

/* A burst is a record at least; what is more than this is no burst. */
#define ALLOWANCE_BURST_MIN UINT64_C(16384)
#define ALLOWANCE_BURST_MAX (UINT64_C(1) << 30)

/* A pebibyte a month: what JSON holds without loss is eight of them. */
#define ALLOWANCE_MONTH_MAX (UINT64_C(1) << 50)

/* Room for the name of a key, and for a value as text. */
#define ALLOWANCE_NAME_LEN 16
#define ALLOWANCE_TEXT_LEN 32

/* Sets both rates, in a file and as a word. */
#define ALLOWANCE_RATE_NAME "rate"

/* Limits; all zero: none is set. */
struct allowance {
	uint64_t value[ALLOWANCE_KEYS];
	bool set[ALLOWANCE_KEYS];
};

/* Return the name of key, "hosts". */
const char *allowance_name(enum allowance_key key);

/* Return what key is measured in. */
enum allowance_unit allowance_unit(enum allowance_key key);

/* Return the least and the greatest value of key. */
uint64_t allowance_least(enum allowance_key key);
/* As allowance_least(), the greatest. */
uint64_t allowance_most(enum allowance_key key);

/* Put the key of that name to *out; 0, or -1 when there is none. */
int allowance_find(const char *name, enum allowance_key *out);

/*
 * Take "KEY=VALUE" or "KEY=none" into change, the value with its unit or as the
 * number that it is here: it sets the key, to the value or to ALLOWANCE_NONE;
 * "rate" sets both.  Returns 0, or -1 with a sentence about it in *why, which
 * is constant.
 */
int allowance_change(
    const char *text, struct allowance *change, const char **why);

/*
 * Write a value of key as it can be given, "5", "10Mbit", "200GiB", "none", to
 * out; cut to two digits or so where that is shorter.  Returns out.
 */
const char *allowance_text(
    enum allowance_key key, uint64_t value, char out[ALLOWANCE_TEXT_LEN]);

/* Set limit key to value, or unset it for ALLOWANCE_NONE. */
void allowance_set(
    struct allowance *allowance, enum allowance_key key, uint64_t value);

/* Return the limit key of allowance, ALLOWANCE_NONE when it is not set. */
uint64_t allowance_get(
    const struct allowance *allowance, enum allowance_key key);

#endif
