/* SPDX-License-Identifier: ISC */
/*
 * outcomes: how many requests ended how, by dialect and code.
 *
 * Every request is counted once, when it is known what became of it.  Pure.
 */
#ifndef INROAD_GATEWAY_OUTCOMES_H
#define INROAD_GATEWAY_OUTCOMES_H

#include <stdint.h>

#include "gateway/dialect.h"
#include "protocol/codes.h"

/* A value; all zeroes at first. */
struct outcomes {
	uint64_t counts[DIALECTS][CODES_COUNT];
};

/* Count a request in dialect that ended with code. */
void outcomes_add(
    struct outcomes *outcomes, enum dialect dialect, enum code code);

/* Call visit for every pair of dialect and code that was counted. */
void outcomes_each(const struct outcomes *outcomes,
    void (*visit)(
	enum dialect dialect, enum code code, uint64_t count, void *arg),
    void *arg);

/*
 * Return how many requests failed: those whose client went away while it was
 * still being tried (CODE_CANCELLED) did not.
 */
uint64_t outcomes_failed(const struct outcomes *outcomes);

#endif
