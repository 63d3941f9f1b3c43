/* SPDX-License-Identifier: ISC */
/*
 * backup: copies the store while the relay runs.
 *
 * A thread of its own reads the file by SQLite's backup interface, so it is the
 * store as it was at one moment, whatever is committed meanwhile, and neither
 * the loop nor commits wait for it.  The copy gets its name once it is whole
 * and on the disk.  There is one backup at a time.
 */
#ifndef INROAD_RELAY_BACKUP_H
#define INROAD_RELAY_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

struct backup;
struct loop;

/* Room for a path, and for why a backup failed. */
#define BACKUP_PATH_LEN 512
#define BACKUP_TEXT_LEN 1024

/* How the last one ended. */
struct backup_result {
	bool ok;
	char path[BACKUP_PATH_LEN];
	uint64_t bytes;
	char text[BACKUP_TEXT_LEN]; /* why not */
};

/* Called with the result, which lives until the next backup begins. */
typedef void backup_done(const struct backup_result *result, void *arg);

/* Return what copies the store in the file source, or NULL. */
struct backup *backup_new(struct loop *loop, const char *source);

/* Wait for a backup that is under way and free; NULL is allowed. */
void backup_free(struct backup *backup);

/*
 * Begin to copy to path, which is made with mode 0600.  Returns 0, or -1 when
 * one is under way or there can be no thread.
 */
int backup_start(struct backup *backup, const char *path);

/* Return whether a backup is under way. */
bool backup_is_running(const struct backup *backup);

/* Call tell(result, arg) once the backup under way has ended; NULL: nobody. */
void backup_watch(struct backup *backup, backup_done *tell, void *arg);

#endif
