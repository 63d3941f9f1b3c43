/* SPDX-License-Identifier: ISC */
/*
 * confscan: looks through a configuration before libconfuse reads it.
 *
 * libconfuse 3.3 takes an unclosed brace for the end of the file, lets a
 * repeated option replace the first, skips characters that it does not know (so
 * that 127.0.0.1:* loses its star), runs into the next line after a forgotten
 * quote, takes comments between statements only, and does not tell on which
 * line a value stood.  This scanner is stricter, says what is wrong in words,
 * reports keys, sections and their lines, and takes the comments out; the
 * values are left to libconfuse.  What it accepts:
 *
 *	key = value
 *	key = { value, value }
 *	section title {
 *		key = value
 *	}
 *
 * with #, // and C comments, values as bare words or in single or double
 * quotes, and no more in escapes than \" \\ \n \t.  Pure.
 */
#ifndef INROAD_COMMON_CONFSCAN_H
#define INROAD_COMMON_CONFSCAN_H

#include <stdbool.h>
#include <stddef.h>

struct fault;

/* Room for a key, and for a title. */
#define CONFSCAN_KEY_LEN 64
#define CONFSCAN_TITLE_LEN 256

/*
 * What is found, in order.  A visitor that refuses fills fault and returns -1;
 * the scan then ends.  Strings live during the call.
 */
struct confscan_visitor {
	/* "key = value", or "key = { ... }" when list, inside section or not */
	int (*assign)(void *arg, const char *key, bool list, unsigned line,
	    struct fault *fault);
	/* "key title {" */
	int (*begin)(void *arg, const char *key, const char *title,
	    unsigned line, struct fault *fault);
	/* "}" of that section */
	void (*end)(void *arg);
};

/*
 * Scan the len bytes at text, tell visitor, and make all comments spaces.
 * Returns 0, or -1 with a fault that begins with NAME:LINE.
 */
int confscan(const char *name, char *text, size_t len,
    const struct confscan_visitor *visitor, void *arg, struct fault *fault);

#endif
