/* SPDX-License-Identifier: ISC */
/*
 * loop: the event loop, the clock and the end of an iteration.
 *
 * One struct loop is handed down to everything that touches sockets.  It wraps
 * one libev loop and adds the two things every callback needs:
 *
 * - deferred calls: loop_defer() runs a task once, after the callbacks of the
 *   current iteration and before the loop sleeps.  A link gathers what many
 *   streams want to say in one iteration and writes it in one system call.
 * - destruction that is safe inside callbacks: loop_reap() frees an object at
 *   the end of the iteration, after all deferred calls.  Code after a callback
 *   may therefore still look at its own object.  An object closes (stops its
 *   watchers, cancels its tasks, tells its owner nothing more) at once; only
 *   its memory waits.
 *
 * An iteration keeps everybody else waiting, so the loop measures them:
 * loop_turns() tells how long they took, from the poll that found something to
 * the next one.
 */
#ifndef INROAD_COMMON_LOOP_H
#define INROAD_COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/latency.h"
#include "common/list.h"

struct ev_loop;
struct loop;

/*
 * A deferred call, embedded in the object that it works on.  Fields belong to
 * this module; set it up with loop_task_init().
 */
struct loop_task {
	void (*run)(void *arg);
	void *arg;
	struct list node;
};

/* Return a loop of its own, or NULL. */
struct loop *loop_new(void);

/* Free everything reaped so far and the loop; NULL is allowed. */
void loop_free(struct loop *loop);

/* Return the libev loop inside, for watchers. */
struct ev_loop *loop_ev(struct loop *loop);

/* Run until loop_stop(). */
void loop_run(struct loop *loop);

/* Run what is ready now and return; for tests. */
void loop_poll(struct loop *loop);

/* Make loop_run() return after the current iteration. */
void loop_stop(struct loop *loop);

/*
 * Return the monotonic time of the current iteration in nanoseconds.  All
 * pure code gets its time from here, by argument.
 */
uint64_t loop_now(struct loop *loop);

/* Return how long iterations took, all but the present one. */
const struct latency *loop_turns(const struct loop *loop);

/* Return what the longest of them took, in nanoseconds. */
uint64_t loop_longest(const struct loop *loop);

/* Likewise, of those since the last call. */
uint64_t loop_take_longest(struct loop *loop);

/* Return 1, 2, 3 …: numbers by which objects of this loop are known in logs. */
uint64_t loop_number(struct loop *loop);

/* Set up task to call run(arg). */
void loop_task_init(struct loop_task *task, void (*run)(void *arg), void *arg);

/*
 * Run task once at the end of this iteration.  Asking again before it ran
 * changes nothing.  A task that runs may defer others, and itself: those run
 * in the next iteration, which then does not sleep.
 */
void loop_defer(struct loop *loop, struct loop_task *task);

/* Forget task if it is waiting. */
void loop_task_cancel(struct loop *loop, struct loop_task *task);

/* Call destroy(object) at the end of this iteration. */
void loop_reap(struct loop *loop, void *object, void (*destroy)(void *object));

/*
 * Return memory for scratch use by a single callback, of at least
 * LOOP_SCRATCH_LEN bytes and shared by everyone on this loop: a link reads
 * into it what the socket has, so that an idle link holds no read buffer.
 */
uint8_t *loop_scratch(struct loop *loop);

/* 256 KiB: sixteen full records, so that a busy link costs few reads. */
#define LOOP_SCRATCH_LEN ((size_t)262144 + 32768)

#endif
