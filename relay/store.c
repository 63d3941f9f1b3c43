/* SPDX-License-Identifier: ISC */

#include "relay/store.h"

#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "common/mem.h"
#include "relay/store_impl.h"

/* One submission. */
struct store_job {
	struct store_job *next;
	store_done *done;
	void *arg;
	bool failed;
	char error[STORE_TEXT_LEN]; /* if failed */
	size_t count;
	struct store_change changes[];
};

/* Submissions in order. */
struct store_queue {
	struct store_job *first;
	struct store_job *last;
};

/*
 * The database handle and rows belong to the helper thread from store_start()
 * until it is joined.  What is below `lock` is shared under it; all else is
 * the loop's.
 */
struct store {
	char *path;
	sqlite3 *db;
	struct store_rows rows;
	int64_t last_account;
	int64_t last_device;
	int64_t last_rule;
	size_t queued; /* submitted, not delivered */
	bool closing;
	struct loop *loop;
	ev_async wake; /* of the loop: something is decided */
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work; /* of the helper: todo or ending changed */
	pthread_cond_t idle; /* of store_sync(): the helper has nothing left */
	struct store_queue todo;
	struct store_queue decided;
	bool busy;
	bool ending;
};

static void
queue_push(struct store_queue *queue, struct store_job *job)
{
	job->next = NULL;
	if (queue->last == NULL) {
		queue->first = job;
	} else {
		queue->last->next = job;
	}
	queue->last = job;
}

/* Append all of from to queue; from is empty then. */
static void
queue_move(struct store_queue *queue, struct store_queue *from)
{
	if (from->first == NULL) {
		return;
	}
	if (queue->last == NULL) {
		queue->first = from->first;
	} else {
		queue->last->next = from->first;
	}
	queue->last = from->last;
	from->first = NULL;
	from->last = NULL;
}

static struct store_job *
queue_pop(struct store_queue *queue)
{
	struct store_job *job = queue->first;

	if (job != NULL) {
		queue->first = job->next;
		if (queue->first == NULL) {
			queue->last = NULL;
		}
	}
	return job;
}

/* --- committing, in whichever thread it is --------------------------- */

static int
run(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
									   : -1;
}

/* Fail job for the last error of the database, unless it failed before. */
static void
job_fail(struct store *store, struct store_job *job)
{
	if (!job->failed) {
		job->failed = true;
		snprintf(job->error, sizeof(job->error), "%s",
		    sqlite3_errmsg(store->db));
	}
}

/*
 * Execute job in a savepoint of its own, so that its failure is nobody else's.
 * Returns 0, or -1 when the failure took the whole transaction with it.
 */
static int
job_run(struct store *store, struct store_job *job)
{
	if (run(store, "SAVEPOINT job") < 0) {
		job_fail(store, job);
		return -1;
	}
	for (size_t i = 0; i < job->count && !job->failed; i++) {
		if (store_rows_apply(&store->rows, &job->changes[i]) < 0) {
			job_fail(store, job);
		}
	}
	/* A full disk, for one, undoes everything at once. */
	if (sqlite3_get_autocommit(store->db) != 0) {
		return -1;
	}
	if (job->failed && run(store, "ROLLBACK TO job") < 0) {
		return -1;
	}
	return run(store, "RELEASE job");
}

/* Commit all of batch that can be, in one transaction: one sync for all. */
static void
commit(struct store *store, struct store_queue *batch)
{
	struct store_job *job;
	int result = run(store, "BEGIN IMMEDIATE");

	for (job = batch->first; job != NULL && result == 0; job = job->next) {
		result = job_run(store, job);
	}
	if (result == 0) {
		result = run(store, "COMMIT");
	}
	if (result == 0) {
		return;
	}
	for (job = batch->first; job != NULL; job = job->next) {
		job_fail(store, job);
	}
	if (sqlite3_get_autocommit(store->db) == 0) {
		(void)run(store, "ROLLBACK");
	}
}

static void *
helper(void *arg)
{
	struct store *store = arg;
	struct store_queue batch = { NULL, NULL };

	pthread_mutex_lock(&store->lock);
	for (;;) {
		while (store->todo.first == NULL && !store->ending) {
			pthread_cond_wait(&store->work, &store->lock);
		}
		if (store->todo.first == NULL) {
			break;
		}
		queue_move(&batch, &store->todo);
		store->busy = true;
		pthread_mutex_unlock(&store->lock);
		commit(store, &batch);
		pthread_mutex_lock(&store->lock);
		queue_move(&store->decided, &batch);
		store->busy = false;
		ev_async_send(loop_ev(store->loop), &store->wake);
		pthread_cond_signal(&store->idle);
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

/* --- delivering, in the loop ----------------------------------------- */

static void
deliver(struct store *store, struct store_queue *decided)
{
	struct store_job *job;

	for (job = queue_pop(decided); job != NULL; job = queue_pop(decided)) {
		store->queued--;
		if (job->done != NULL) {
			job->done(job->failed ? job->error : NULL, job->arg);
		}
		mem_free(job);
	}
}

static void
on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
	struct store *store = wake->data;
	struct store_queue decided = { NULL, NULL };

	(void)loop;
	(void)events;
	pthread_mutex_lock(&store->lock);
	queue_move(&decided, &store->decided);
	pthread_mutex_unlock(&store->lock);
	deliver(store, &decided);
}

void
store_sync(struct store *store)
{
	struct store_queue decided = { NULL, NULL };

	while (store->queued > 0) {
		pthread_mutex_lock(&store->lock);
		while (store->threaded &&
		       (store->todo.first != NULL || store->busy)) {
			pthread_cond_wait(&store->idle, &store->lock);
		}
		queue_move(&decided, &store->decided);
		queue_move(&decided, &store->todo);
		pthread_mutex_unlock(&store->lock);
		if (!store->threaded) {
			commit(store, &decided);
		}
		deliver(store, &decided);
	}
}

size_t
store_queued(const struct store *store)
{
	return store->queued;
}

int
store_submit(struct store *store, const struct store_change *changes,
    size_t count, store_done *done, void *arg)
{
	struct store_job *job;

	if (store->closing || store->queued >= STORE_QUEUE_MAX || count == 0 ||
	    count > STORE_CHANGES_MAX) {
		return -1;
	}
	job = mem_new(1, sizeof(*job) + count * sizeof(*changes));
	if (job == NULL) {
		return -1;
	}
	job->done = done;
	job->arg = arg;
	job->count = count;
	memcpy(job->changes, changes, count * sizeof(*changes));
	store->queued++;
	pthread_mutex_lock(&store->lock);
	queue_push(&store->todo, job);
	pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->lock);
	return 0;
}

/* --- life ------------------------------------------------------------ */

/* Read what ids there were, so that fresh ones are fresh. */
static int
read_ids(struct store *store, struct store_error *error)
{
	if (store_rows_last_id(
		store->db, "account", &store->last_account, error) < 0) {
		return -1;
	}
	if (store_rows_last_id(
		store->db, "device", &store->last_device, error) < 0) {
		return -1;
	}
	return store_rows_last_id(store->db, "rule", &store->last_rule, error);
}

/* Put path in front of what error says of the file; returns -1. */
static int
name_file(struct store_error *error, const char *path)
{
	char text[STORE_TEXT_LEN];

	snprintf(
	    text, sizeof(text), "%.*s", (int)sizeof(text) - 1, error->text);
	snprintf(error->text, sizeof(error->text), "%.*s %s",
	    (int)(sizeof(error->text) - sizeof(text)) - 1, path, text);
	return -1;
}

struct store *
store_open(const char *path, struct store_error *error)
{
	struct store *store = mem_new(1, sizeof(*store));

	if (store == NULL) {
		(void)store_schema_fail(error, NULL, "cannot be opened");
		(void)name_file(error, path);
		return NULL;
	}
	store->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	store->work = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	store->idle = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	store->path = mem_strdup(path);
	if (store->path == NULL) {
		(void)store_schema_fail(error, NULL, "cannot be opened");
	} else {
		store->db = store_schema_open(path, error);
	}
	if (store->db == NULL ||
	    store_rows_prepare(&store->rows, store->db, error) < 0 ||
	    read_ids(store, error) < 0) {
		(void)name_file(error, path);
		store_close(store);
		return NULL;
	}
	return store;
}

int
store_load(struct store *store, const struct store_loader *loader, void *arg,
    struct store_error *error)
{
	if (store_rows_load(store->db, loader, arg, error) < 0) {
		return name_file(error, store->path);
	}
	return 0;
}

/*
 * Start the helper.  Signals are for the loop's thread: the helper, which
 * inherits the mask, has all of them blocked.
 */
static int
start_thread(struct store *store)
{
	sigset_t all;
	sigset_t before;
	int result;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
		return -1;
	}
	result = pthread_create(&store->thread, NULL, helper, store);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result == 0 ? 0 : -1;
}

int
store_start(struct store *store, struct loop *loop)
{
	store->loop = loop;
	ev_async_init(&store->wake, on_wake);
	store->wake.data = store;
	ev_async_start(loop_ev(loop), &store->wake);
	if (start_thread(store) < 0) {
		ev_async_stop(loop_ev(loop), &store->wake);
		return -1;
	}
	store->threaded = true;
	return 0;
}

int64_t
store_next_id(struct store *store, enum store_kind kind)
{
	int64_t *last = &store->last_device;

	if (kind == STORE_ACCOUNT_ADD) {
		last = &store->last_account;
	} else if (kind == STORE_RULE_ADD) {
		last = &store->last_rule;
	}
	return ++*last;
}

static void
stop_thread(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->ending = true;
	pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->lock);
	(void)pthread_join(store->thread, NULL);
	store->threaded = false;
	ev_async_stop(loop_ev(store->loop), &store->wake);
}

void
store_close(struct store *store)
{
	if (store == NULL) {
		return;
	}
	store->closing = true;
	store_sync(store);
	if (store->threaded) {
		stop_thread(store);
	}
	store_rows_finalize(&store->rows);
	(void)sqlite3_close(store->db);
	pthread_cond_destroy(&store->idle);
	pthread_cond_destroy(&store->work);
	pthread_mutex_destroy(&store->lock);
	mem_free(store->path);
	mem_free(store);
}
