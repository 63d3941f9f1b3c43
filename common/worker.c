/* SPDX-License-Identifier: ISC */
#include "common/worker.h"

#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "common/loop.h"
#include "common/mem.h"

struct worker {
	struct loop *loop;
	ev_async wake; /* of the loop: something was worked */
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more;  /* of the thread: todo or ending changed */
	struct list todo;
	struct list worked;
	bool ending;
};

/* Take the first job of list, or NULL. */
static struct worker_job *
take(struct list *list)
{
	struct list *node = list_first(list);

	if (node == NULL) {
		return NULL;
	}
	list_remove(node);
	return list_entry(node, struct worker_job, node);
}

/* --- the thread ---------------------------------------------------------- */

/* Wait for a job; NULL when there will be none.  Called and left locked. */
static struct worker_job *
next(struct worker *worker)
{
	while (list_empty(&worker->todo) && !worker->ending) {
		pthread_cond_wait(&worker->more, &worker->lock);
	}
	return worker->ending ? NULL : take(&worker->todo);
}

static void *
run(void *arg)
{
	struct worker *worker = arg;
	struct worker_job *job;

	pthread_mutex_lock(&worker->lock);
	for (job = next(worker); job != NULL; job = next(worker)) {
		pthread_mutex_unlock(&worker->lock);
		job->work(job);
		pthread_mutex_lock(&worker->lock);
		list_push_back(&worker->worked, &job->node);
		ev_async_send(loop_ev(worker->loop), &worker->wake);
	}
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

/* Signals are for the loop's thread: this one has all of them blocked. */
static int
start(struct worker *worker)
{
	sigset_t all;
	sigset_t before;
	int result;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
		return -1;
	}
	result = pthread_create(&worker->thread, NULL, run, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result != 0) {
		return -1;
	}
	worker->threaded = true;
	ev_async_start(loop_ev(worker->loop), &worker->wake);
	return 0;
}

/* --- the loop ------------------------------------------------------------ */

/* Take the first job that is worked, or NULL. */
static struct worker_job *
take_worked(struct worker *worker)
{
	struct worker_job *job;

	pthread_mutex_lock(&worker->lock);
	job = take(&worker->worked);
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void
on_wake(struct ev_loop *ev, ev_async *wake, int events)
{
	struct worker *worker = wake->data;
	struct worker_job *job = take_worked(worker);

	(void)ev;
	(void)events;
	/* Owners free their jobs here, but the worker not before it returns. */
	for (; job != NULL; job = take_worked(worker)) {
		job->done(job);
	}
}

struct worker *
worker_new(struct loop *loop)
{
	struct worker *worker = mem_new(1, sizeof(*worker));

	if (worker == NULL) {
		return NULL;
	}
	worker->loop = loop;
	worker->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	worker->more = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	list_init(&worker->todo);
	list_init(&worker->worked);
	ev_async_init(&worker->wake, on_wake);
	worker->wake.data = worker;
	return worker;
}

int
worker_submit(struct worker *worker, struct worker_job *job)
{
	if (!worker->threaded && start(worker) != 0) {
		return -1;
	}
	pthread_mutex_lock(&worker->lock);
	list_push_back(&worker->todo, &job->node);
	pthread_cond_signal(&worker->more);
	pthread_mutex_unlock(&worker->lock);
	return 0;
}

static void
stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->ending = true;
	pthread_cond_signal(&worker->more);
	pthread_mutex_unlock(&worker->lock);
	(void)pthread_join(worker->thread, NULL);
	ev_async_stop(loop_ev(worker->loop), &worker->wake);
}

void
worker_free(struct worker *worker)
{
	struct worker_job *job;

	if (worker == NULL) {
		return;
	}
	if (worker->threaded) {
		stop(worker);
	}
	for (job = take(&worker->worked); job != NULL;
	     job = take(&worker->worked)) {
		job->done(job);
	}
	for (job = take(&worker->todo); job != NULL;
	     job = take(&worker->todo)) {
		job->done(job);
	}
	pthread_cond_destroy(&worker->more);
	pthread_mutex_destroy(&worker->lock);
	mem_free(worker);
}
