/* SPDX-License-Identifier: ISC */
/*
 * usage: what an account moved, by calendar months.
 *
 * A month is a number, year * 100 + month, of UTC: 202611 is November 2026.
 * The last USAGE_MONTHS in which anything moved are kept, and each change tells
 * which one fell out, if any.  Pure; the wall clock is an argument, in unix
 * seconds, and may jump: what is moved counts for the month that it says.
 */
#ifndef INROAD_RELAY_USAGE_H
#define INROAD_RELAY_USAGE_H

#include <stddef.h>
#include <stdint.h>

/* This month and the year before it. */
#define USAGE_MONTHS 13

/* Room for a month, and for a day of one, as text. */
#define USAGE_MONTH_LEN 12
#define USAGE_DAY_LEN 24

struct usage_month {
	uint32_t month;
	uint64_t up;   /* bytes from gateways to hosts */
	uint64_t down; /* bytes from hosts to gateways */
};

/* A value in its owner; all zero: nothing moved yet. */
struct usage {
	struct usage_month *months; /* by age */
	size_t count;
	uint32_t dropped; /* the latest month that fell out, 0: none */
};

/* Free what usage holds. */
void usage_free(struct usage *usage);

/*
 * Return the month number in usage, made if it is not there, or NULL: memory
 * is short, or it is older than all that are kept.
 */
struct usage_month *usage_at(struct usage *usage, uint32_t month);

/* Return how many bytes moved in that month, both ways. */
uint64_t usage_total(const struct usage *usage, uint32_t month);

/* Return the month in which now is. */
uint32_t usage_month(uint64_t now);

/* Write a month as "2026-11" to out; returns out. */
const char *usage_month_text(uint32_t month, char out[USAGE_MONTH_LEN]);

/* Write the first day behind a month as "1 December" to out; returns out. */
const char *usage_reset_text(uint32_t month, char out[USAGE_DAY_LEN]);

#endif
