/* SPDX-License-Identifier: ISC */
/*
 * json: writes one JSON document.
 *
 * A straight list of calls makes a document; the first thing that goes wrong
 * (memory, the limit given at creation, a key where none belongs, an end too
 * many) makes the writer bad, every later call does nothing, and json_text()
 * tells at the end.  Strings may hold anything: what is not UTF-8 becomes
 * U+FFFD, control characters are escaped.
 *
 * Every value takes a key: the name of the field inside an object, NULL inside
 * an array and for the document itself.
 */
#ifndef INROAD_COMMON_JSON_H
#define INROAD_COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

/* Objects and arrays may lie this deep inside one another. */
#define JSON_DEPTH_MAX 32

/* Return a writer of a document of at most max bytes, or NULL. */
struct json *json_new(size_t max);

/* Free json and its text; NULL is allowed. */
void json_free(struct json *json);

/* Begin an object, ended by json_end(). */
void json_object(struct json *json, const char *key);

/* Begin an array, ended by json_end(). */
void json_array(struct json *json, const char *key);

/* End the object or array begun last. */
void json_end(struct json *json);

/* Write the terminated string text; NULL becomes null. */
void json_string(struct json *json, const char *key, const char *text);

/* Write the len bytes at bytes as a string. */
void json_bytes(
    struct json *json, const char *key, const void *bytes, size_t len);

/* Write an integer. */
void json_int(struct json *json, const char *key, int64_t value);

/* Write an integer that is not negative. */
void json_uint(struct json *json, const char *key, uint64_t value);

/*
 * Write a number so that reading it gives the same one back; infinities and
 * not-a-number, which JSON does not have, become null.
 */
void json_double(struct json *json, const char *key, double value);

/* Write true or false. */
void json_bool(struct json *json, const char *key, bool value);

/* Write null. */
void json_null(struct json *json, const char *key);

/*
 * Return the document, terminated, and its length in *len unless that is NULL;
 * it lives as long as json.  NULL when the document is bad or not complete.
 */
const char *json_text(const struct json *json, size_t *len);

#endif
