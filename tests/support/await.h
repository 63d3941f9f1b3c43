/* SPDX-License-Identifier: ISC */
/*
 * await: run a loop until something is true.
 *
 * Tests never sleep: they say what they wait for, and a deadline far beyond
 * what any working code needs turns a hang into a failure.
 */
#ifndef INROAD_TESTS_SUPPORT_AWAIT_H
#define INROAD_TESTS_SUPPORT_AWAIT_H

#include <stdbool.h>

struct loop;

/* Seconds after which waiting is given up: valgrind on a busy machine fits. */
#define AWAIT_DEADLINE 30.

/*
 * Run loop until done(arg) is true, after which it is not asked again; false
 * when the deadline came first.
 */
bool await(struct loop *loop, bool (*done)(void *arg), void *arg);

/* Run loop until *flag is true; false when the deadline came first. */
bool await_flag(struct loop *loop, const bool *flag);

/* Run loop until *count is at least target; false at the deadline. */
bool await_count(struct loop *loop, const int *count, int target);

#endif
