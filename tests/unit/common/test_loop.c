/* SPDX-License-Identifier: ISC */
#include "common/loop.h"

#include <ev.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* What happened, one letter each, in order. */
struct journal {
	char text[64];
	size_t len;
};

static void
journal_add(struct journal *journal, char what)
{
	ck_assert_uint_lt(journal->len, sizeof(journal->text) - 1);
	journal->text[journal->len] = what;
	journal->len++;
}

/* A task that notes its letter and then does what its test asks for. */
struct job {
	struct loop *loop;
	struct journal *journal;
	struct loop_task task;
	struct job *cancels;
	struct job *defers;
	int again; /* how often it defers itself */
	bool stops;
	char letter;
};

static void
job_run(void *arg)
{
	struct job *job = arg;

	journal_add(job->journal, job->letter);
	if (job->cancels != NULL) {
		loop_task_cancel(job->loop, &job->cancels->task);
	}
	if (job->defers != NULL) {
		loop_defer(job->loop, &job->defers->task);
	}
	if (job->again > 0) {
		job->again--;
		loop_defer(job->loop, &job->task);
	}
	if (job->stops) {
		loop_stop(job->loop);
	}
}

static void
job_init(
    struct job *job, struct loop *loop, struct journal *journal, char letter)
{
	memset(job, 0, sizeof(*job));
	job->loop = loop;
	job->journal = journal;
	job->letter = letter;
	loop_task_init(&job->task, job_run, job);
}

/* An object that notes its own destruction and may own another. */
struct corpse {
	struct loop *loop;
	struct journal *journal;
	struct corpse *owned;
	char letter;
};

static void
corpse_destroy(void *object)
{
	struct corpse *corpse = object;

	journal_add(corpse->journal, corpse->letter);
	if (corpse->owned != NULL) {
		loop_reap(corpse->loop, corpse->owned, corpse_destroy);
	}
}

START_TEST(deferred_calls_run_once_in_order)
{
	struct loop *loop = loop_new();
	struct journal journal = { 0 };
	struct job a;
	struct job b;

	job_init(&a, loop, &journal, 'a');
	job_init(&b, loop, &journal, 'b');
	loop_defer(loop, &a.task);
	loop_defer(loop, &b.task);
	loop_defer(loop, &a.task);
	ck_assert_str_eq(journal.text, "");
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "ab");
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "ab");
	loop_free(loop);
}
END_TEST

START_TEST(cancelled_calls_do_not_run)
{
	struct loop *loop = loop_new();
	struct journal journal = { 0 };
	struct job a;
	struct job b;
	struct job c;

	job_init(&a, loop, &journal, 'a');
	job_init(&b, loop, &journal, 'b');
	job_init(&c, loop, &journal, 'c');
	a.cancels = &b; /* by a task of the same round */
	loop_defer(loop, &a.task);
	loop_defer(loop, &b.task);
	loop_defer(loop, &c.task);
	loop_task_cancel(loop, &c.task);
	loop_task_cancel(loop, &c.task);
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "a");
	loop_defer(loop, &c.task);
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "ac");
	loop_free(loop);
}
END_TEST

static void
on_tick(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct journal *journal = watcher->data;

	(void)ev;
	(void)events;
	journal_add(journal, '.');
}

/*
 * Nothing else keeps the loop awake: would it sleep while a task waits, the
 * case would hang.
 */
START_TEST(task_of_a_task_runs_without_sleep)
{
	struct loop *loop = loop_new();
	struct journal journal = { 0 };
	struct job a;
	struct job b;

	job_init(&a, loop, &journal, 'a');
	job_init(&b, loop, &journal, 'b');
	a.again = 2;
	a.defers = &b;
	loop_defer(loop, &a.task);
	loop_poll(loop);
	/* Once before the poll, once after it. */
	ck_assert_str_eq(journal.text, "aba");
	b.stops = true;
	loop_run(loop);
	/* b stopped the loop; what a deferred then still runs. */
	ck_assert_str_eq(journal.text, "ababab");
	loop_free(loop);
}
END_TEST

START_TEST(idle_loop_sleeps_again)
{
	struct loop *loop = loop_new();
	struct journal journal = { 0 };
	struct ev_timer tick;
	struct job a;

	job_init(&a, loop, &journal, 'a');
	a.again = 3;
	loop_defer(loop, &a.task);
	ev_timer_init(&tick, on_tick, 0.02, 0.);
	tick.data = &journal;
	ev_timer_start(loop_ev(loop), &tick);
	/* Tasks first; a loop that slept before them would show ".". */
	ev_run(loop_ev(loop), EVRUN_ONCE);
	ev_run(loop_ev(loop), EVRUN_ONCE);
	ev_run(loop_ev(loop), EVRUN_ONCE);
	ck_assert_str_eq(journal.text, "aaa");
	ev_run(loop_ev(loop), EVRUN_ONCE);
	/* The fourth run had one task, then slept until the timer. */
	ck_assert_str_eq(journal.text, "aaaa.");
	loop_free(loop);
}
END_TEST

START_TEST(reaped_after_deferred)
{
	struct loop *loop = loop_new();
	struct journal journal = { 0 };
	struct corpse child = { .journal = &journal, .letter = 'C' };
	struct corpse parent = { .loop = loop,
		.journal = &journal,
		.owned = &child,
		.letter = 'P' };
	struct job a;

	job_init(&a, loop, &journal, 'a');
	loop_reap(loop, &parent, corpse_destroy);
	loop_defer(loop, &a.task);
	ck_assert_str_eq(journal.text, "");
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "aPC");
	loop_free(loop);
}
END_TEST

START_TEST(free_reaps_and_forgets_tasks)
{
	struct loop *loop = loop_new();
	struct journal journal = { 0 };
	struct corpse corpse = { .journal = &journal, .letter = 'X' };
	struct job a;

	job_init(&a, loop, &journal, 'a');
	loop_defer(loop, &a.task);
	loop_reap(loop, &corpse, corpse_destroy);
	loop_free(loop);
	ck_assert_str_eq(journal.text, "X");
	loop_free(NULL);
}
END_TEST

START_TEST(many_are_reaped)
{
	struct loop *loop = loop_new();

	/* Leaks are the sanitizer's and valgrind's to find. */
	for (int i = 0; i < 3000; i++) {
		loop_reap(loop, mem_new(1, 1), mem_free);
	}
	loop_poll(loop);
	loop_reap(loop, mem_new(1, 1), mem_free);
	loop_free(loop);
}
END_TEST

START_TEST(reaping_without_memory_loses_the_object_only)
{
	static struct journal journal;
	struct loop *loop = loop_new();
	struct corpse corpse = { .journal = &journal, .letter = 'X' };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(&journal, 0, sizeof(journal));
	for (int i = 0; i < 256; i++) {
		loop_reap(loop, mem_new(1, 1), mem_free);
	}
	log_set_fd(null);
	failalloc_forever_after(1);
	loop_reap(loop, &corpse, corpse_destroy);
	failalloc_off();
	log_set_fd(STDERR_FILENO);
	ck_assert(failalloc_hit());
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "");
	loop_reap(loop, &corpse, corpse_destroy);
	loop_poll(loop);
	ck_assert_str_eq(journal.text, "X");
	close(null);
	loop_free(loop);
}
END_TEST

START_TEST(stop_before_run_is_kept)
{
	struct loop *loop = loop_new();

	loop_stop(loop);
	loop_run(loop);
	loop_free(loop);
}
END_TEST

/* Reads the clock twice in one iteration, with time passing in between. */
static void
on_time(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct loop *loop = watcher->data;
	uint64_t before = loop_now(loop);

	(void)ev;
	(void)events;
	usleep(2000);
	ck_assert_uint_eq(loop_now(loop), before);
	loop_stop(loop);
}

START_TEST(time_stands_still_within_an_iteration)
{
	struct loop *loop = loop_new();
	struct ev_timer timer;
	uint64_t start = loop_now(loop);

	ev_timer_init(&timer, on_time, 0.01, 0.);
	timer.data = loop;
	/* Else it counts from when libev last looked, in loop_new(). */
	ev_now_update(loop_ev(loop));
	ev_timer_start(loop_ev(loop), &timer);
	loop_run(loop);
	ck_assert_uint_ge(loop_now(loop), start + 9000000);
	start = loop_now(loop);
	loop_poll(loop);
	ck_assert_uint_ge(loop_now(loop), start + 2000000);
	loop_free(loop);
}
END_TEST

START_TEST(numbers_count_from_one)
{
	struct loop *loop = loop_new();

	ck_assert_ptr_nonnull(loop);
	for (uint64_t i = 1; i < 10; i++) {
		ck_assert_uint_eq(loop_number(loop), i);
	}
	loop_free(loop);
}
END_TEST

START_TEST(scratch_is_writable)
{
	struct loop *loop = loop_new();

	memset(loop_scratch(loop), 1, LOOP_SCRATCH_LEN);
	loop_free(loop);
}
END_TEST

START_TEST(creation_survives_failing_allocations)
{
	struct loop *loop = NULL;
	bool failed = true;

	for (long n = 1; failed; n++) {
		failalloc_after(n);
		loop = loop_new();
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(loop == NULL, failed);
	}
	loop_free(loop);
}
END_TEST

/* True from the third time on, as if something had happened in between. */
static bool
asked_often(void *arg)
{
	int *asked = arg;

	*asked += 1;
	return *asked > 3;
}

START_TEST(await_asks_again)
{
	struct loop *loop = loop_new();
	int asked = 0;

	ck_assert(await(loop, asked_often, &asked));
	ck_assert_int_gt(asked, 3);
	loop_free(loop);
}
END_TEST

/* Keep the loop busy for two milliseconds. */
static void
dawdle(void *arg)
{
	struct timespec ts;
	uint64_t since = loop_now(arg);

	do {
		clock_gettime(CLOCK_MONOTONIC, &ts);
	} while (
	    (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec <
	    since + 2000000);
}

static struct loop_task dawdling;

static void
dawdle_now(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)events;
	dawdle(timer->data);
}

static void
dawdle_later(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)events;
	loop_defer(timer->data, &dawdling);
}

/* What runs at the end of an iteration counts as what runs in it. */
START_TEST(iterations_are_measured)
{
	struct loop *loop = loop_new();
	ev_timer timer;

	loop_poll(loop);
	ck_assert_uint_eq(loop_turns(loop)->count, 1);
	ck_assert_uint_gt(loop_longest(loop), 0);
	(void)loop_take_longest(loop);
	ck_assert_uint_eq(loop_take_longest(loop), 0);
	loop_task_init(&dawdling, dawdle, loop);
	ev_timer_init(&timer, _i == 0 ? dawdle_now : dawdle_later, 0, 0);
	timer.data = loop;
	ev_timer_start(loop_ev(loop), &timer);
	loop_poll(loop);
	ck_assert_uint_eq(loop_turns(loop)->count, 2);
	ck_assert_uint_ge(loop_longest(loop), 2000000);
	ck_assert_uint_ge(loop_take_longest(loop), 2000000);
	ck_assert_uint_ge(loop_turns(loop)->sum_ns, 2000000);
	loop_free(loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tcase = tcase_create("loop");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, deferred_calls_run_once_in_order);
	tcase_add_test(tcase, cancelled_calls_do_not_run);
	tcase_add_test(tcase, task_of_a_task_runs_without_sleep);
	tcase_add_test(tcase, idle_loop_sleeps_again);
	tcase_add_test(tcase, reaped_after_deferred);
	tcase_add_test(tcase, free_reaps_and_forgets_tasks);
	tcase_add_test(tcase, many_are_reaped);
	tcase_add_test(tcase, reaping_without_memory_loses_the_object_only);
	tcase_add_test(tcase, stop_before_run_is_kept);
	tcase_add_test(tcase, time_stands_still_within_an_iteration);
	tcase_add_test(tcase, numbers_count_from_one);
	tcase_add_test(tcase, scratch_is_writable);
	tcase_add_loop_test(tcase, iterations_are_measured, 0, 2);
	tcase_add_test(tcase, creation_survives_failing_allocations);
	tcase_add_test(tcase, await_asks_again);
	return unit_main(suite);
}
