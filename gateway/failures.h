/* SPDX-License-Identifier: ISC */
/*
 * failures: the requests that failed last, and why.
 *
 * A browser shows nobody why a CONNECT failed, and most programs say no more
 * than that it did; here the reason can be looked up.  What is kept is where a
 * client wanted to go and what it was told, never a path or a query.  Clients
 * try again, some at once: a failure that repeats one that is kept is counted
 * there.  Pure; its size is fixed.
 */
#ifndef INROAD_GATEWAY_FAILURES_H
#define INROAD_GATEWAY_FAILURES_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/dialect.h"
#include "gateway/proxytarget.h"
#include "protocol/codes.h"
#include "protocol/limits.h"

/* Failures that are kept: more than anybody reads, 30 KiB. */
#define FAILURES_MAX 50

struct failures;

/* One of them; a value. */
struct failure {
	uint64_t when;  /* unix seconds, of the last time */
	uint64_t times; /* that it happened */
	enum dialect dialect;
	enum code code;
	char target[PROXYTARGET_TEXT_LEN]; /* NAME:PORT; empty: unknown */
	char text[LIMITS_TEXT_LEN];        /* what the client was told */
};

/* Return an empty list, or NULL. */
struct failures *failures_new(void);

/* Free failures; NULL is allowed. */
void failures_free(struct failures *failures);

/*
 * Keep a copy of *failure, whose times does not matter, as the newest: one that
 * is kept already with the same dialect, target and code moves there with it
 * and counts once more; otherwise the oldest goes when there is no room.
 */
void failures_add(struct failures *failures, const struct failure *failure);

/* Return how many are kept. */
size_t failures_count(const struct failures *failures);

/* Return the i-th newest, from 0; i is below failures_count(). */
const struct failure *failures_at(const struct failures *failures, size_t i);

#endif
