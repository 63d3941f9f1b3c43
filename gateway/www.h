/* SPDX-License-Identifier: ISC */
/*
 * www: the files of the gateway's page, which are part of the program.
 *
 * What lies in gateway/www/ is made a table when the program is built: nothing
 * is read from a disk, and what a browser gets fits the program.  Pure.
 */
#ifndef INROAD_GATEWAY_WWW_H
#define INROAD_GATEWAY_WWW_H

#include <stddef.h>
#include <stdint.h>

/* The file that is no page by itself: homepage.h fills it in. */
#define WWW_HOME "/home.html"

/* A file. */
struct www_file {
	const char *path; /* "/style.css" */
	const uint8_t *data;
	size_t len;
};

/* The table, and how many it has; wwwdata.c, which www/embed makes. */
extern const struct www_file www_files[];
extern const size_t www_count;

/* Return the file at the path of len bytes, or NULL. */
const struct www_file *www_find(const void *path, size_t len);

/* Return the media type of file, by the ending of its path. */
const char *www_type(const struct www_file *file);

#endif
