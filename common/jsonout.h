/* SPDX-License-Identifier: ISC */
/*
 * jsonout: writes one JSON document.
 *
 * A straight list of calls makes a document; the first thing that goes wrong
 * (memory, the limit given at creation, a key where none belongs, an end too
 * many) makes the writer bad, every later call does nothing, and jsonout_text()
 * tells at the end.  A writer that is NULL, for want of memory, is bad. Strings
 * may hold anything: what is not UTF-8 becomes U+FFFD, control characters are
 * escaped.
 *
 * Every value takes a key: the name of the field inside an object, NULL inside
 * an array and for the document itself.
 */
#ifndef INROAD_COMMON_JSONOUT_H
#define INROAD_COMMON_JSONOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jsonout;

/* Objects and arrays may lie this deep inside one another. */
#define JSON_DEPTH_MAX 32

/* Return a writer of a document of at most max bytes, or NULL. */
struct jsonout *jsonout_new(size_t max);

/* Free json and its text; NULL is allowed. */
void jsonout_free(struct jsonout *json);

/* Begin an object, ended by jsonout_end(). */
void jsonout_object(struct jsonout *json, const char *key);

/* Begin an array, ended by jsonout_end(). */
void jsonout_array(struct jsonout *json, const char *key);

/* End the object or array begun last. */
void jsonout_end(struct jsonout *json);

/* Write the terminated string text; NULL becomes null. */
void jsonout_string(struct jsonout *json, const char *key, const char *text);

/* Write the len bytes at bytes as a string. */
void jsonout_bytes(
    struct jsonout *json, const char *key, const void *bytes, size_t len);

/* Write an integer. */
void jsonout_int(struct jsonout *json, const char *key, int64_t value);

/* Write an integer that is not negative. */
void jsonout_uint(struct jsonout *json, const char *key, uint64_t value);

/*
 * Write a number so that reading it gives the same one back; infinities and
 * not-a-number, which JSON does not have, become null.
 */
void jsonout_double(struct jsonout *json, const char *key, double value);

/* Write true or false. */
void jsonout_bool(struct jsonout *json, const char *key, bool value);

/* Write null. */
void jsonout_null(struct jsonout *json, const char *key);

/*
 * Return the document, terminated, and its length in *len unless that is NULL;
 * it lives as long as json.  NULL when the document is bad or not complete.
 */
const char *jsonout_text(const struct jsonout *json, size_t *len);

#endif
