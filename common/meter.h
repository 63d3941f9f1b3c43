/* SPDX-License-Identifier: ISC */
/*
 * meter: bytes both ways, in all and in each of the last ten minutes' seconds.
 *
 * Nothing ticks: whoever counts says what time it is, and seconds in which
 * nobody counted are zero.  Time is monotonic, in nanoseconds, and seconds are
 * numbered by it, so that a reader can ask for what came since it last did.
 * Pure.
 */
#ifndef INROAD_COMMON_METER_H
#define INROAD_COMMON_METER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Seconds that are kept beside the one under way: what a plot shows of a
 * transfer that somebody looks up because it was slow.
 */
#define METER_SECONDS 600

struct meter;

/* Bytes; a value. */
struct meter_count {
	uint64_t sent;
	uint64_t received;
};

/* Return a meter that has counted nothing, or NULL. */
struct meter *meter_new(void);

/* Free meter; NULL is allowed. */
void meter_free(struct meter *meter);

/* Count bytes that passed at now_ns. */
void meter_add(
    struct meter *meter, uint64_t sent, uint64_t received, uint64_t now_ns);

/* Put what was counted ever into *out. */
void meter_total(const struct meter *meter, struct meter_count *out);

/*
 * Copy the seconds that are over at now_ns, from the one numbered from on, to
 * out, the oldest first.  Those of more than METER_SECONDS ago are left out.
 * Returns how many there are, and in *next the number that follows the last of
 * them: where to go on.
 */
size_t meter_read(const struct meter *meter, uint64_t from, uint64_t now_ns,
    struct meter_count out[METER_SECONDS], uint64_t *next);

/*
 * Put the bytes per second into *out, on average of the last seconds seconds
 * that are over at now_ns; seconds is 1 to METER_SECONDS.
 */
void meter_rate(const struct meter *meter, unsigned seconds, uint64_t now_ns,
    struct meter_count *out);

#endif
