/* SPDX-License-Identifier: ISC */

#include "common/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

#define COUNT 100

/* A job that notes who worked it, and when it was done. */
struct task {
	struct worker_job job;
	pthread_mutex_t *gate; /* that its work passes; may be NULL */
	pthread_t thread;
	bool worked;
	int order; /* 1, 2, 3 ...: when it was done */
};

static struct loop *loop;
static struct worker *worker;
static struct task tasks[COUNT];
static int done_count;

static void
work(struct worker_job *job)
{
	struct task *task = (struct task *)job;
	sigset_t blocked;

	if (task->gate != NULL) {
		pthread_mutex_lock(task->gate);
		pthread_mutex_unlock(task->gate);
	}
	task->thread = pthread_self();
	task->worked = pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 &&
		       sigismember(&blocked, SIGTERM) == 1;
}

static void
on_done(struct worker_job *job)
{
	((struct task *)job)->order = ++done_count;
}

static void
setup(void)
{
	done_count = 0;
	for (int i = 0; i < COUNT; i++) {
		tasks[i] = (struct task){
			.job = { .work = work, .done = on_done },
		};
	}
	loop = loop_new();
	worker = worker_new(loop);
	ck_assert_ptr_nonnull(worker);
}

static void
teardown(void)
{
	worker_free(worker);
	loop_free(loop);
}

static void
submit(struct task *task)
{
	ck_assert_int_eq(worker_submit(worker, &task->job), 0);
}

START_TEST(in_order_in_another_thread)
{
	for (int i = 0; i < COUNT; i++) {
		submit(&tasks[i]);
	}
	ck_assert_int_eq(done_count, 0);
	ck_assert(await_count(loop, &done_count, COUNT));
	for (int i = 0; i < COUNT; i++) {
		ck_assert(tasks[i].worked);
		ck_assert_int_eq(tasks[i].order, i + 1);
		ck_assert(!pthread_equal(tasks[i].thread, pthread_self()));
	}
	/* It rests meanwhile, and goes on. */
	submit(&tasks[0]);
	ck_assert(await_count(loop, &done_count, COUNT + 1));
}
END_TEST

START_TEST(an_end_waits_for_one_and_forgets_none)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&gate);
	tasks[0].gate = &gate;
	for (int i = 0; i < COUNT; i++) {
		submit(&tasks[i]);
	}
	loop_poll(loop);
	ck_assert_int_eq(done_count, 0);
	pthread_mutex_unlock(&gate);
	worker_free(worker);
	worker = NULL;
	ck_assert_int_eq(done_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(tasks[i].order, i + 1);
	}
}
END_TEST

START_TEST(without_a_job)
{
	worker_free(worker);
	worker_free(NULL);
	failalloc_after(1);
	worker = worker_new(loop);
	failalloc_off();
	ck_assert_ptr_null(worker);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("worker");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, in_order_in_another_thread);
	tcase_add_test(tests, an_end_waits_for_one_and_forgets_none);
	tcase_add_test(tests, without_a_job);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
