/* SPDX-License-Identifier: ISC */
/*
 * options_file: options from the configuration file.
 *
 * The file has the syntax of libconfuse, looked through by confscan first.  An
 * unknown key is an error with the file, the line and the key that was meant.
 */
#ifndef INROAD_COMMON_OPTIONS_FILE_H
#define INROAD_COMMON_OPTIONS_FILE_H

#include <stddef.h>

struct fault;
struct options;

/* The largest file that is read: thousands of services and routes. */
#define OPTIONS_FILE_MAX ((size_t)262144)

/*
 * Read the file at path into options, which so far were read from no file.
 * Returns 0, or -1 and a fault that begins with the file and its line; exit
 * status 78.
 */
int options_file_load(
    struct options *options, const char *path, struct fault *fault);

/* As options_file_load() for the len bytes at text; name is for messages. */
int options_file_load_text(struct options *options, const char *name,
    const char *text, size_t len, struct fault *fault);

#endif
