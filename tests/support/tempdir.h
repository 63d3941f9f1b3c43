/* SPDX-License-Identifier: ISC */
/*
 * tempdir: a directory that a test has to itself.
 */
#ifndef INROAD_TESTS_SUPPORT_TEMPDIR_H
#define INROAD_TESTS_SUPPORT_TEMPDIR_H

#include <stddef.h>

/* Room for a path of tempdir_new() and of files directly in it. */
#define TEMPDIR_LEN 64

/* Make a new directory below /tmp and put its path to out.  Never fails. */
void tempdir_new(char out[TEMPDIR_LEN]);

/* Remove the directory at path with all that is in it. */
void tempdir_remove(const char *path);

/* Put the path of name in directory to out; returns out. */
char *tempdir_file(
    const char *directory, const char *name, char out[TEMPDIR_LEN]);

/* Read the file at path, at most size - 1 bytes, to out and terminate it; -1
 * when there is none, else 0. */
int tempdir_read(const char *path, char *out, size_t size);

/* Write text to the file at path, mode 0600. */
void tempdir_write(const char *path, const char *text);

#endif
