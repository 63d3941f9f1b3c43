/* SPDX-License-Identifier: ISC */
/*
 * series: what the relay's figures were, for plots.
 *
 * Two rings: one with a point for each of the last ten minutes' seconds, one
 * with a point for each of the last day's minutes.  Whoever gathers the figures
 * feeds them once a second.  Points are numbered by the clock, so that a reader
 * asks for those that came since it last did; one that was not fed, because
 * nothing ran, is a gap.
 *
 * A point of a minute has the sum of what happened in it, the quantiles of all
 * its attaches, the most of what is only bad when it is much (channels, queued
 * bytes, memory, lag), and of what is online what was so at its end.
 *
 * The memory is the same from the start, SERIES_MEMORY at most.  Pure.
 */
#ifndef INROAD_RELAY_SERIES_H
#define INROAD_RELAY_SERIES_H

#include <stddef.h>
#include <stdint.h>

struct figures;
struct jsonout;
struct series;

/* Points of each ring: as long as one looks for what was just now, or today. */
#define SERIES_SECONDS 600
#define SERIES_MINUTES 1440

/* Bytes that a series takes at most. */
#define SERIES_MEMORY ((size_t)1 << 20)

/* Points that are written at once: about a millisecond of work. */
#define SERIES_WRITE_MAX 240

/* Longest text of that: each point with sixty numbers, if need be. */
#define SERIES_TEXT_MAX ((size_t)256 << 10)

/* The rings. */
enum series_ring {
	SERIES_BY_SECOND,
	SERIES_BY_MINUTE,
	SERIES_RINGS,
};

/* Return a series without points that begins with first, or NULL. */
struct series *series_new(const struct figures *first);

/* Free series; NULL is allowed. */
void series_free(struct series *series);

/*
 * Note the figures, whose time is not before that of the last ones.  What was
 * counted since those is of the second in which this is: a feeder that stays
 * near the middle of each second is neither late nor early by its jitter.
 */
void series_feed(struct series *series, const struct figures *figures);

/*
 * Put "1s" or "1m" into *out as the ring that it names; 0, or -1 when there is
 * none of that name.
 */
int series_parse_ring(const char *name, enum series_ring *out);

/*
 * Write points of a ring that are complete, from the one numbered since on and
 * SERIES_WRITE_MAX at most, as fields of the object that is open in json:
 *
 *	step     seconds of a point, 1 or 60
 *	first    number of the first point that follows
 *	next     number after the last one: what to ask for the next time
 *	more     whether there are such points already
 *	time     unix seconds at the end of the last one
 *	points   an object of arrays, one entry a point, null for a gap:
 *	         up, down          bytes
 *	         channels, gateways, agents
 *	         attaches          that were answered
 *	         p50, p90, p99     of these, seconds; null without any
 *	         lag               seconds
 *	         queued, memory    bytes
 *	failures an object of such arrays by slug, those that are not all zero
 */
void series_write(const struct series *series, enum series_ring ring,
    uint64_t since, struct jsonout *json);

#endif
