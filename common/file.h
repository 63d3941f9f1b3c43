/* SPDX-License-Identifier: ISC */
/*
 * file: small files, read and written whole.
 *
 * For keys, join strings, configuration and what a daemon remembers: at most a
 * few hundred kilobytes, at start-up or on command.  Everything here blocks.
 * A file is written beside its place and moved there, so that it is the old or
 * the new one at any time, also after a crash.
 */
#ifndef INROAD_COMMON_FILE_H
#define INROAD_COMMON_FILE_H

#include <stddef.h>
#include <stdint.h>

struct fault;

enum file_result {
	FILE_OK,
	FILE_NONE,   /* there is no such file */
	FILE_DENIED, /* we may not, or others may what they must not */
	FILE_FAILED, /* anything else: too large, no memory, no space */
};

enum file_kind {
	FILE_PLAIN,  /* anything that can be read, a pipe as well */
	FILE_SECRET, /* a regular file that only its owner, us, can read */
};

/* What a file holds; a value.  One byte beyond len is a terminator. */
struct file_content {
	uint8_t *data;
	size_t len;
};

/*
 * Read the file at path, of at most max bytes, into *out, which the caller
 * ends with file_content_free().  With FILE_SECRET a file that belongs to
 * somebody else, or that group or others can touch, is FILE_DENIED.  On any
 * result but FILE_OK *out is empty and fault says what to do.
 */
enum file_result file_read(const char *path, enum file_kind kind, size_t max,
    struct file_content *out, struct fault *fault);

/* Wipe and free what file_read() gave; content becomes empty. */
void file_content_free(struct file_content *content);

/*
 * Make the file at path hold the len bytes at data, with mode 0600, and return
 * once it is on disk.  On any result but FILE_OK path is as it was and fault
 * says why.
 */
enum file_result file_write(
    const char *path, const void *data, size_t len, struct fault *fault);

/* Remove the file at path for good; FILE_NONE when there is none. */
enum file_result file_remove(const char *path, struct fault *fault);

#endif
