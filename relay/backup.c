/* SPDX-License-Identifier: ISC */
#include "relay/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/worker.h"

struct backup {
	struct worker *worker;
	struct worker_job job;
	char source[BACKUP_PATH_LEN];
	struct backup_result result; /* the thread's, while it runs */
	bool running;
	backup_done *done;
	void *arg;
};

/* --- in the thread ---------------------------------------------------- */

static int
fail(struct backup_result *result, const char *what, const char *why)
{
	(void)snprintf(result->text, sizeof(result->text), "%s: %s", what, why);
	return -1;
}

/* Copy all pages from one to the other; 0, or -1 and why. */
static int
copy_pages(sqlite3 *from, sqlite3 *to, struct backup_result *result)
{
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
	int status;

	if (copy == NULL) {
		return fail(result, "no backup", sqlite3_errmsg(to));
	}
	/* In one go it is one moment; with WAL nobody waits for that. */
	do {
		status = sqlite3_backup_step(copy, -1);
		if (status == SQLITE_BUSY || status == SQLITE_LOCKED) {
			(void)sqlite3_sleep(20);
		}
	} while (status == SQLITE_BUSY || status == SQLITE_LOCKED);
	(void)sqlite3_backup_finish(copy);
	return status == SQLITE_DONE
		   ? 0
		   : fail(result, "no backup", sqlite3_errstr(status));
}

/* Copy the store to path, which is empty; 0, or -1 and why. */
static int
copy(const char *source, const char *path, struct backup_result *result)
{
	sqlite3 *from = NULL;
	sqlite3 *to = NULL;
	int status = -1;

	if (sqlite3_open_v2(source, &from, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK) {
		(void)fail(
		    result, "the store cannot be read", sqlite3_errmsg(from));
	} else if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL) !=
		   SQLITE_OK) {
		(void)fail(result, path, sqlite3_errmsg(to));
	} else {
		status = copy_pages(from, to, result);
	}
	(void)sqlite3_close(from);
	if (sqlite3_close(to) != SQLITE_OK && status == 0) {
		status = fail(result, path, "it cannot be closed");
	}
	return status;
}

/* Make the file at path, empty; 0, or -1 and why. */
static int
make_file(const char *path, struct backup_result *result)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {
		return fail(result, path, strerror(errno));
	}
	(void)close(fd);
	return 0;
}

/* Have what is at path on the disk, under its name; 0, or -1 and why. */
static int
settle(const char *path, struct backup_result *result)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status = -1;

	if (fd >= 0 && fsync(fd) == 0 && fstat(fd, &info) == 0) {
		result->bytes = (uint64_t)info.st_size;
		status = rename(path, result->path);
	}
	if (status != 0) {
		(void)fail(result, path, strerror(errno));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return status;
}

static void
work(struct worker_job *job)
{
	struct backup *backup =
	    (struct backup *)(void *)((char *)job -
				      offsetof(struct backup, job));
	struct backup_result *result = &backup->result;
	char path[BACKUP_PATH_LEN + 8];

	(void)snprintf(path, sizeof(path), "%s.part", result->path);
	if (make_file(path, result) != 0) {
		return;
	}
	result->ok = copy(backup->source, path, result) == 0 &&
		     settle(path, result) == 0;
	if (!result->ok) {
		(void)unlink(path);
	}
}

/* --- in the loop ------------------------------------------------------ */

static void
done(struct worker_job *job)
{
	struct backup *backup =
	    (struct backup *)(void *)((char *)job -
				      offsetof(struct backup, job));
	backup_done *tell = backup->done;

	backup->running = false;
	backup->done = NULL;
	if (backup->result.ok) {
		log_write(LOG_LEVEL_INFO, "backup", 0, "written: %s",
		    backup->result.path);
	} else {
		log_write(
		    LOG_LEVEL_ERROR, "backup", 0, "%s", backup->result.text);
	}
	if (tell != NULL) {
		tell(&backup->result, backup->arg);
	}
}

struct backup *
backup_new(struct loop *loop, const char *source)
{
	struct backup *backup = mem_new(1, sizeof(*backup));

	if (backup == NULL) {
		return NULL;
	}
	(void)snprintf(backup->source, sizeof(backup->source), "%s", source);
	backup->job.work = work;
	backup->job.done = done;
	backup->worker = worker_new(loop);
	if (backup->worker == NULL) {
		mem_free(backup);
		return NULL;
	}
	return backup;
}

void
backup_free(struct backup *backup)
{
	if (backup != NULL) {
		backup->done = NULL;
		worker_free(backup->worker);
		mem_free(backup);
	}
}

int
backup_start(struct backup *backup, const char *path)
{
	if (backup->running) {
		return -1;
	}
	backup->result = (struct backup_result){ .ok = false };
	if ((size_t)snprintf(backup->result.path, sizeof(backup->result.path),
		"%s", path) >= sizeof(backup->result.path)) {
		return fail(&backup->result, "no backup", "too long a path");
	}
	/* What is told when the relay ends before it is begun. */
	(void)fail(&backup->result, "no backup", "the relay ends");
	if (worker_submit(backup->worker, &backup->job) != 0) {
		return fail(&backup->result, "no backup", "out of threads");
	}
	backup->running = true;
	return 0;
}

bool
backup_is_running(const struct backup *backup)
{
	return backup->running;
}

void
backup_watch(struct backup *backup, backup_done *tell, void *arg)
{
	backup->done = tell;
	backup->arg = arg;
}
