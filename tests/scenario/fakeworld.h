/* SPDX-License-Identifier: ISC */
/*
 * fakeworld: a clock and a source of randomness that a test commands.
 *
 * A program that uses this module has no other clock: time stands still unless
 * fakeworld_pass() is called, and a minute passes in no time.  After
 * fakeworld_seed() the keys, ids and pauses of everything in the process are
 * the same in every run, so what went wrong with a seed goes wrong again.
 *
 * One test may take no more than 4,294 s of it: Check counts them.
 *
 * A loop must never sleep here, as nothing would wake it: use loop_poll().
 */
#ifndef INROAD_TESTS_SCENARIO_FAKEWORLD_H
#define INROAD_TESTS_SCENARIO_FAKEWORLD_H

#include <stdint.h>

/* Let ns pass; loops see it when they are polled. */
void fakeworld_pass(uint64_t ns);

/* Return how much has passed. */
uint64_t fakeworld_now(void);

/* Draw everything that is random in this process from seed from now on. */
void fakeworld_seed(uint64_t seed);

/* Return a number below n, from the same source. */
uint32_t fakeworld_random(uint32_t n);

#endif
