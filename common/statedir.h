/* SPDX-License-Identifier: ISC */
/*
 * statedir: the directory in which a program keeps what it must remember.
 *
 * Its key, its pinned hosts, its control socket.  One daemon at a time works
 * in it and holds its lock; the inroad command opens it without.  Files are
 * read and written whole (file.h); everything here blocks, at start-up or on
 * command.
 */
#ifndef INROAD_COMMON_STATEDIR_H
#define INROAD_COMMON_STATEDIR_H

#include <stddef.h>

#include "common/file.h"

struct fault;
struct statedir;

/*
 * Room for the path of a file in a state directory.  As long as the path of a
 * unix socket may be: the directory must leave room for that of its control
 * socket, and a path that is too long is refused when it is opened.
 */
#define STATEDIR_PATH_LEN 108

enum statedir_lock_result {
	STATEDIR_LOCKED,
	STATEDIR_BUSY, /* another process holds the lock: exit status 69 */
	STATEDIR_LOCK_FAILED,
};

/*
 * Put the path of the state directory of program ("gateway") into *out:
 * chosen if not NULL (the value of --state), else the first of
 * $STATE_DIRECTORY, else $XDG_STATE_HOME/inroad/PROGRAM, else
 * ~/.local/state/inroad/PROGRAM.  Returns 0, or -1 and fault.
 */
int statedir_choose(const char *program, const char *chosen,
    char out[STATEDIR_PATH_LEN], struct fault *fault);

/*
 * Open the directory at path and make it, mode 0700 and with what lies above,
 * if it is not there.  One that somebody else could write to is FILE_DENIED.
 * On FILE_OK *out is a new statedir, else NULL, and fault says what to do.
 */
enum file_result statedir_open(
    struct statedir **out, const char *path, struct fault *fault);

/* As statedir_open(), but FILE_NONE if the directory is not there. */
enum file_result statedir_open_existing(
    struct statedir **out, const char *path, struct fault *fault);

/* Let go of the lock and free dir; NULL is allowed. */
void statedir_free(struct statedir *dir);

/*
 * Take the lock of dir, for good.  STATEDIR_BUSY when another process has it;
 * fault then names that process.
 */
enum statedir_lock_result statedir_lock(
    struct statedir *dir, struct fault *fault);

/* Return the path of dir, as long as dir lives. */
const char *statedir_path(const struct statedir *dir);

/*
 * Write the path of the file name, at most 15 letters, to out; returns out.
 */
char *statedir_file(
    const struct statedir *dir, const char *name, char out[STATEDIR_PATH_LEN]);

/* As file_read() for the file name. */
enum file_result statedir_read(const struct statedir *dir, const char *name,
    enum file_kind kind, size_t max, struct file_content *out,
    struct fault *fault);

/* As file_write() for the file name. */
enum file_result statedir_write(const struct statedir *dir, const char *name,
    const void *data, size_t len, struct fault *fault);

/* As file_remove() for the file name. */
enum file_result statedir_remove(
    const struct statedir *dir, const char *name, struct fault *fault);

#endif
