/* SPDX-License-Identifier: ISC */
/*
 * options_impl: what the modules that fill options share.
 */
#ifndef INROAD_COMMON_OPTIONS_IMPL_H
#define INROAD_COMMON_OPTIONS_IMPL_H

#include "common/options.h"

struct fault;

/* Where a value comes from; what is greater wins. */
enum options_source {
	OPTIONS_FROM_FILE = 1,
	OPTIONS_FROM_FLAG,
};

/* One thing said. */
struct options_value {
	char *text;
	uint64_t number; /* of those kinds, and 0 or 1 of a flag */
	enum options_source source;
	unsigned line; /* in the file */
};

/* What was said of one row: one value, or a list, or sections. */
struct options_slot {
	struct options_value *values;
	struct options **sections;
	size_t count;
	unsigned line; /* of the key in the file, where the scan saw it */
};

struct options {
	const struct options_table *table; /* NULL in a section */
	const struct options_row *rows;
	struct options_slot *slots; /* as many as rows */
	char *file;                 /* its name; owned by the outermost */
	char **operands;
	size_t operand_count;
	/* Of a section; row is NULL in the outermost. */
	const struct options_row *row;
	char *title;
	unsigned line; /* 0 if only the command line speaks of it */
};

/* Return the index of the row called name, or -1. */
int options_find(const struct options_row *rows, const char *name);

/*
 * Say text of row i: check it, and keep it unless something greater was said.
 * Returns 0, or -1 and a fault without the place.
 */
int options_put(struct options *options, size_t i, const char *text,
    enum options_source source, struct fault *fault);

/*
 * Return the section of row i with that title, a new one if there is none, or
 * NULL and a fault.
 */
struct options *options_put_section(
    struct options *options, size_t i, const char *title, struct fault *fault);

/* Return a new section of row i with that title, or NULL and a fault. */
struct options *options_add_section(
    struct options *options, size_t i, const char *title, struct fault *fault);

#endif
