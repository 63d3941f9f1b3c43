/* SPDX-License-Identifier: ISC */
/*
 * vectors: reads files of test vectors: JSON of the shape
 *
 *	{"vectors": [{"name": "value", "list": ["value", {"name": "value"}]}]}
 *
 * as a flat row of items, in the order of the file. Only what such files
 * contain is understood: objects, lists, and strings without escapes; other
 * values are skipped. A file that is anything else ends the test program.
 */

#ifndef INROAD_TESTS_SUPPORT_VECTORS_H
#define INROAD_TESTS_SUPPORT_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vectors;

/* One step through a file. The strings live until vectors_close. */
struct vectors_item {
	/* An object of the outer list begins; the rest is NULL then. */
	bool begin;
	/* The nearest name in front, so each member of a list has its name. */
	const char *name;
	const char *value;
};

/*
 * Opens the file path. Returns NULL if it cannot be read. The caller ends it
 * with vectors_close.
 */
struct vectors *vectors_open(const char *path);

/*
 * Opens the file name in tests/vectors of the source tree; the program ends if
 * it is not there.
 */
struct vectors *vectors_open_own(const char *name);

/*
 * Puts the next item to *item. Returns false at the end of the file.
 */
bool vectors_next(struct vectors *vectors, struct vectors_item *item);

/*
 * Frees vectors, which may be NULL.
 */
void vectors_close(struct vectors *vectors);

/*
 * Writes the bytes that the hexadecimal digits in hex stand for to out, which
 * holds size bytes. Returns how many; the program ends if they do not fit.
 */
size_t vectors_bytes(const char *hex, uint8_t *out, size_t size);

/*
 * As vectors_bytes, for a value that must have exactly size bytes.
 */
void vectors_exactly(const char *hex, uint8_t *out, size_t size);

#endif
