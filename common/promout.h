/* SPDX-License-Identifier: ISC */
/*
 * promout: writes metrics in the text format of Prometheus, version 0.0.4.
 *
 * A family is begun, then its samples follow, one a line:
 *
 *	promout_begin(&metrics, out);
 *	promout_family(&metrics, "inroad_clients", PROMOUT_GAUGE, "Open.");
 *	promout_uint(&metrics, NULL, 3);
 *	promout_family(&metrics, "inroad_bytes_total", PROMOUT_COUNTER, "…");
 *	promout_uint(&metrics, PROMOUT_LABELS("direction", "sent"), 17);
 *	if (promout_end(&metrics) != 0) …
 *
 * The first thing that goes wrong (no room, no memory) makes every later call
 * do nothing, and promout_end() tells.  Pure.
 */
#ifndef INROAD_COMMON_PROMOUT_H
#define INROAD_COMMON_PROMOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum promout_type {
	PROMOUT_COUNTER, /* only grows; its name ends in _total */
	PROMOUT_GAUGE,
	PROMOUT_HISTOGRAM, /* its samples by promout_histogram() alone */
};

/* What promout_histogram() writes; a value. */
struct promout_histogram {
	const double *bounds;   /* upper ones of the classes, rising */
	const uint64_t *counts; /* in each class, and what is above all */
	size_t classes;         /* how many bounds; counts has one more */
	double sum;
};

/* A value on the stack; fields belong to this module. */
struct promout {
	struct buf *out;
	const char *name;
	bool bad;
};

/* Names and values of labels in turn, as an argument. */
#define PROMOUT_LABELS(...)                                                    \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, (const char *)0                                   \
	}

/* Begin to append to out, which is the caller's. */
void promout_begin(struct promout *metrics, struct buf *out);

/*
 * Begin a family: name lives until the next one, help is a sentence without a
 * line feed.
 */
void promout_family(struct promout *metrics, const char *name,
    enum promout_type type, const char *help);

/*
 * Write a sample of the family with that value.  labels are names and values
 * in turn, UTF-8, ended by NULL; or NULL for none.
 */
void promout_uint(
    struct promout *metrics, const char *const *labels, uint64_t value);

/* As promout_uint(). */
void promout_double(
    struct promout *metrics, const char *const *labels, double value);

/*
 * Write a histogram without labels: what Prometheus calls buckets, which
 * include all smaller ones, then the sum and how many there are.
 */
void promout_histogram(
    struct promout *metrics, const struct promout_histogram *histogram);

/* Return 0, or -1 when not all could be written. */
int promout_end(const struct promout *metrics);

#endif
