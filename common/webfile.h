/* SPDX-License-Identifier: ISC */
/*
 * webfile: the files of a page, which are part of the program.
 *
 * What lies in gateway/www/ and relay/www/ is made a table of each program when
 * it is built, by common/webembed: nothing is read from a disk, and what a
 * browser gets fits the program.  Pure.
 */
#ifndef INROAD_COMMON_WEBFILE_H
#define INROAD_COMMON_WEBFILE_H

#include <stddef.h>
#include <stdint.h>

/* A file. */
struct webfile {
	const char *path; /* "/style.css" */
	const uint8_t *data;
	size_t len;
};

/* All files of a program. */
struct webfile_table {
	const struct webfile *files;
	size_t count;
};

/* Return the file of table at the path of len bytes, or NULL. */
const struct webfile *webfile_find(
    const struct webfile_table *table, const void *path, size_t len);

/* Return the media type of file, by the ending of its path. */
const char *webfile_type(const struct webfile *file);

#endif
