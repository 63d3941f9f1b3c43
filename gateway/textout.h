/* SPDX-License-Identifier: ISC */
/*
 * textout: writes text, and HTML, to a queue.
 *
 * What is formatted is ours: words and numbers.  What anybody else chose goes
 * into HTML by textout_html(), which lets it end neither a tag nor an attribute
 * in double quotes, and takes the teeth out of characters that turn the
 * direction of writing.  The first thing that goes wrong (no room, no memory)
 * makes every later call do nothing, and textout_end() tells.  Pure.
 */
#ifndef INROAD_GATEWAY_TEXTOUT_H
#define INROAD_GATEWAY_TEXTOUT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* More than is formatted with one call. */
#define TEXTOUT_MAX 1024

/* A value on the stack; fields belong to this module. */
struct textout {
	struct buf *out;
	bool bad;
};

/* Begin to append to out, which is the caller's. */
void textout_begin(struct textout *text, struct buf *out);

/* Append the len bytes at data. */
void textout_bytes(struct textout *text, const void *data, size_t len);

/* Append formatted text, at most TEXTOUT_MAX - 1 bytes of it. */
void textout_format(struct textout *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append words of anybody, escaped. */
void textout_html(struct textout *text, const char *words);

/* Return 0, or -1 when not all could be written. */
int textout_end(const struct textout *text);

#endif
