/* SPDX-License-Identifier: ISC */
/*
 * version: what this program is and what it runs with.
 *
 * Pure but for version_print().
 */
#ifndef INROAD_COMMON_VERSION_H
#define INROAD_COMMON_VERSION_H

#include <stddef.h>

/* A library that a program has beside those that all have. */
struct version_library {
	const char *name;
	const char *version; /* at run time */
};

/* Return the version of inroad, "0.1.0". */
const char *version_string(void);

/*
 * Print to standard output, a line each, program with its version, the version
 * of the protocol, and the run-time version of every library: those of
 * common/, then the count at more (may be NULL when 0).
 */
void version_print(const char *program, unsigned protocol,
    const struct version_library *more, size_t count);

#endif
