/* SPDX-License-Identifier: ISC */
#include "common/loop.h"

#include <ev.h>
#include <stddef.h>
#include <time.h>

#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"

/* An object that waits for the end of the iteration. */
struct loop_grave {
	void *object;
	void (*destroy)(void *object);
};

/*
 * Graves kept allocated.  An ordinary iteration closes a handful of objects;
 * a list that grew beyond this in a burst is given back after it.
 */
#define LOOP_GRAVES_KEPT 256

struct loop {
	struct ev_loop *ev;
	struct ev_check begin;
	struct ev_prepare end;
	struct ev_idle awake;
	struct list tasks;
	struct loop_grave *graves;
	size_t grave_count;
	size_t grave_max;
	uint64_t now;   /* 0: not read in this iteration */
	uint64_t began; /* when the present iteration did; 0: it is over */
	uint64_t longest;
	uint64_t longest_untaken;
	struct latency turns;
	bool stopped;
	uint64_t number; /* last one given */
	uint8_t *scratch;
};

/*
 * Run what was deferred up to now.  What these tasks defer comes behind the
 * mark and so waits for the next iteration.
 */
static void
run_tasks(struct loop *loop)
{
	struct list mark;

	list_init(&mark);
	list_push_back(&loop->tasks, &mark);
	while (loop->tasks.next != &mark) {
		struct loop_task *task;

		task = list_entry(loop->tasks.next, struct loop_task, node);
		list_remove(&task->node);
		task->run(task->arg);
	}
	list_remove(&mark);
}

/* Change how many graves there is room for; false when memory is short. */
static bool
resize_graves(struct loop *loop, size_t max)
{
	struct loop_grave *graves;

	graves = mem_grow(loop->graves, max, sizeof(*graves));
	if (graves == NULL) {
		return false;
	}
	loop->graves = graves;
	loop->grave_max = max;
	return true;
}

/* Free what was reaped.  A destroy function may reap what it owned. */
static void
empty_graves(struct loop *loop)
{
	while (loop->grave_count > 0) {
		struct loop_grave grave;

		loop->grave_count--;
		grave = loop->graves[loop->grave_count];
		grave.destroy(grave.object);
	}
	if (loop->grave_max > LOOP_GRAVES_KEPT) {
		/* Failing to shrink harms nobody. */
		(void)resize_graves(loop, LOOP_GRAVES_KEPT);
	}
}

static uint64_t
read_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) +
	       (uint64_t)ts.tv_nsec;
}

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The iteration is over.  It costs 50 ns to know how long it took. */
static void
note_turn(struct loop *loop)
{
	uint64_t took = read_clock() - loop->began;

	if (loop->began == 0) {
		return;
	}
	loop->began = 0;
	latency_add(&loop->turns, took);
	loop->longest = greater(loop->longest, took);
	loop->longest_untaken = greater(loop->longest_untaken, took);
}

static void
end_iteration(struct loop *loop)
{
	run_tasks(loop);
	empty_graves(loop);
	note_turn(loop);
	/* An active idle watcher is what keeps libev from sleeping. */
	if (list_empty(&loop->tasks)) {
		ev_idle_stop(loop->ev, &loop->awake);
	} else {
		ev_idle_start(loop->ev, &loop->awake);
	}
}

static void
on_begin(struct ev_loop *ev, struct ev_check *watcher, int events)
{
	struct loop *loop = watcher->data;

	(void)ev;
	(void)events;
	loop->now = 0;
	loop->began = read_clock();
}

static void
on_end(struct ev_loop *ev, struct ev_prepare *watcher, int events)
{
	struct loop *loop = watcher->data;

	(void)ev;
	(void)events;
	end_iteration(loop);
}

static void
on_awake(struct ev_loop *ev, struct ev_idle *watcher, int events)
{
	(void)ev;
	(void)watcher;
	(void)events;
}

/*
 * The check watcher comes before all other callbacks of an iteration and the
 * prepare watcher after all others, hence the extreme priorities.
 */
static void
start_watchers(struct loop *loop)
{
	ev_check_init(&loop->begin, on_begin);
	ev_set_priority(&loop->begin, EV_MAXPRI);
	loop->begin.data = loop;
	ev_check_start(loop->ev, &loop->begin);

	ev_prepare_init(&loop->end, on_end);
	ev_set_priority(&loop->end, EV_MINPRI);
	loop->end.data = loop;
	ev_prepare_start(loop->ev, &loop->end);

	ev_idle_init(&loop->awake, on_awake);
	ev_set_priority(&loop->awake, EV_MINPRI);
	loop->awake.data = loop;
}

struct loop *
loop_new(void)
{
	struct loop *loop = mem_new(1, sizeof(*loop));

	if (loop == NULL) {
		return NULL;
	}
	list_init(&loop->tasks);
	if (!resize_graves(loop, LOOP_GRAVES_KEPT)) {
		goto fail;
	}
	loop->scratch = mem_new(LOOP_SCRATCH_LEN, 1);
	if (loop->scratch == NULL) {
		goto fail;
	}
	loop->ev = ev_loop_new(EVFLAG_AUTO);
	if (loop->ev == NULL) {
		goto fail;
	}
	start_watchers(loop);
	return loop;

fail:
	loop_free(loop);
	return NULL;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL) {
		return;
	}
	empty_graves(loop);
	while (!list_empty(&loop->tasks)) {
		list_remove(loop->tasks.next);
	}
	if (loop->ev != NULL) {
		ev_loop_destroy(loop->ev);
	}
	/* The scratch memory has seen everything that was received. */
	mem_free_wiped(loop->scratch, LOOP_SCRATCH_LEN);
	mem_free(loop->graves);
	mem_free(loop);
}

struct ev_loop *
loop_ev(struct loop *loop)
{
	return loop->ev;
}

/*
 * libev leaves ev_run() without another round of prepare watchers, so what its
 * last callbacks deferred and reaped is still to be done.
 */
static void
iterate(struct loop *loop, int flags)
{
	loop->now = 0;
	ev_run(loop->ev, flags);
	end_iteration(loop);
}

void
loop_run(struct loop *loop)
{
	/* libev forgets a break that comes before its run. */
	if (!loop->stopped) {
		iterate(loop, 0);
	}
	loop->stopped = false;
}

void
loop_poll(struct loop *loop)
{
	iterate(loop, EVRUN_NOWAIT);
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
	ev_break(loop->ev, EVBREAK_ONE);
}

uint64_t
loop_now(struct loop *loop)
{
	if (loop->now == 0) {
		loop->now = read_clock();
	}
	return loop->now;
}

const struct latency *
loop_turns(const struct loop *loop)
{
	return &loop->turns;
}

uint64_t
loop_longest(const struct loop *loop)
{
	return loop->longest;
}

uint64_t
loop_take_longest(struct loop *loop)
{
	uint64_t longest = loop->longest_untaken;

	loop->longest_untaken = 0;
	return longest;
}

uint64_t
loop_number(struct loop *loop)
{
	loop->number++;
	return loop->number;
}

void
loop_task_init(struct loop_task *task, void (*run)(void *arg), void *arg)
{
	task->run = run;
	task->arg = arg;
	list_init(&task->node);
}

void
loop_defer(struct loop *loop, struct loop_task *task)
{
	if (!list_linked(&task->node)) {
		list_push_back(&loop->tasks, &task->node);
	}
}

void
loop_task_cancel(struct loop *loop, struct loop_task *task)
{
	(void)loop;
	list_remove(&task->node);
}

void
loop_reap(struct loop *loop, void *object, void (*destroy)(void *object))
{
	if (loop->grave_count == loop->grave_max &&
	    !resize_graves(loop, loop->grave_max * 2)) {
		/*
		 * Whoever closed the object may still look at it, so without
		 * room to remember it the only safe thing is to lose it.
		 */
		log_write(LOG_LEVEL_ERROR, "loop", 0,
		    "closed object: never freed: out of memory");
		return;
	}
	loop->graves[loop->grave_count].object = object;
	loop->graves[loop->grave_count].destroy = destroy;
	loop->grave_count++;
}

uint8_t *
loop_scratch(struct loop *loop)
{
	return loop->scratch;
}
