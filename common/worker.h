/* SPDX-License-Identifier: ISC */
/*
 * worker: work that would hold up the loop, on a thread beside it.
 *
 * A job is embedded in the object that it works on.  Jobs are worked on one
 * after the other, in the order in which they came; each is then done in the
 * loop.  From submission until it is done a job is the worker's: its work may
 * touch what nobody else touches meanwhile, and nothing of the loop's.  The
 * thread begins with the first job.
 */
#ifndef INROAD_COMMON_WORKER_H
#define INROAD_COMMON_WORKER_H

#include "common/list.h"

struct loop;
struct worker;

/* A job; node is the worker's. */
struct worker_job {
	void (*work)(struct worker_job *job); /* in the thread */
	void (*done)(struct worker_job *job); /* in the loop, exactly once */
	struct list node;
};

/* Return a worker beside loop, or NULL. */
struct worker *worker_new(struct loop *loop);

/*
 * Wait for the job that is being worked on, end the thread, and call done for
 * all that are left, worked or not; they must not submit others.  NULL is
 * allowed.
 */
void worker_free(struct worker *worker);

/*
 * Let job be worked on.  Returns -1 when there can be no thread; job is then
 * still the caller's.
 */
int worker_submit(struct worker *worker, struct worker_job *job);

#endif
