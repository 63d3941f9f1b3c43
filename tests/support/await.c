/* SPDX-License-Identifier: ISC */
#include "tests/support/await.h"

#include <ev.h>

#include "common/loop.h"

/*
 * The condition is looked at after the callbacks of every iteration, and once
 * in a while for those that a deferred call or another process makes true.
 */
#define AWAIT_TICK 0.002

struct await {
	struct loop *loop;
	bool (*done)(void *arg);
	void *arg;
	bool met;
	bool late;
};

/* Ask until the answer is yes, then never again: asking may change things. */
static bool
is_met(struct await *await)
{
	await->met = await->met || await->done(await->arg);
	return await->met;
}

static void
stop_if_done(struct await *await)
{
	if (is_met(await)) {
		loop_stop(await->loop);
	}
}

static void
on_check(struct ev_loop *ev, struct ev_check *watcher, int events)
{
	(void)ev;
	(void)events;
	stop_if_done(watcher->data);
}

static void
on_tick(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	(void)ev;
	(void)events;
	stop_if_done(watcher->data);
}

static void
on_deadline(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct await *await = watcher->data;

	(void)ev;
	(void)events;
	await->late = true;
	loop_stop(await->loop);
}

bool
await(struct loop *loop, bool (*done)(void *arg), void *arg)
{
	struct await await = { .loop = loop, .done = done, .arg = arg };
	struct ev_loop *ev = loop_ev(loop);
	struct ev_check check;
	struct ev_timer tick;
	struct ev_timer deadline;

	if (is_met(&await)) {
		return true;
	}
	/* Between two waits the test may have been busy for long. */
	ev_now_update(ev);
	ev_check_init(&check, on_check);
	ev_set_priority(&check, EV_MINPRI);
	check.data = &await;
	ev_check_start(ev, &check);
	ev_timer_init(&tick, on_tick, AWAIT_TICK, AWAIT_TICK);
	tick.data = &await;
	ev_timer_start(ev, &tick);
	ev_timer_init(&deadline, on_deadline, AWAIT_DEADLINE, 0.);
	deadline.data = &await;
	ev_timer_start(ev, &deadline);

	/* What is under test may stop the loop as well. */
	while (!await.late && !is_met(&await)) {
		loop_run(loop);
	}
	ev_check_stop(ev, &check);
	ev_timer_stop(ev, &tick);
	ev_timer_stop(ev, &deadline);
	return is_met(&await);
}

static bool
flag_is_set(void *arg)
{
	const bool *const *flag = arg;

	return **flag;
}

bool
await_flag(struct loop *loop, const bool *flag)
{
	return await(loop, flag_is_set, &flag);
}

struct count {
	const int *count;
	int target;
};

static bool
count_is_reached(void *arg)
{
	const struct count *count = arg;

	return *count->count >= count->target;
}

bool
await_count(struct loop *loop, const int *count, int target)
{
	struct count arg = { .count = count, .target = target };

	return await(loop, count_is_reached, &arg);
}
