/* SPDX-License-Identifier: ISC */
#include "common/jsonout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/escape.h"
#include "common/mem.h"

struct jsonout {
	struct buf *text;
	unsigned depth;
	bool bad;
	bool done;  /* the document is complete and terminated */
	bool first; /* nothing was written yet at this depth */
	/* Of each depth, whether it is an object; the document is depth 0. */
	bool is_object[JSON_DEPTH_MAX + 1];
};

struct jsonout *
jsonout_new(size_t max)
{
	struct jsonout *json = mem_new(1, sizeof(*json));

	if (json == NULL) {
		return NULL;
	}
	/* One more for the terminator. */
	json->text = buf_new(max < SIZE_MAX ? max + 1 : max);
	if (json->text == NULL) {
		mem_free(json);
		return NULL;
	}
	json->first = true;
	return json;
}

void
jsonout_free(struct jsonout *json)
{
	if (json != NULL) {
		buf_free(json->text);
		mem_free(json);
	}
}

/* Append len bytes unless json is bad. */
static void
put(struct jsonout *json, const char *bytes, size_t len)
{
	if (!json->bad && buf_append(json->text, bytes, len) != 0) {
		json->bad = true;
	}
}

/* Append len bytes as a string in quotes. */
static void
put_quoted(struct jsonout *json, const char *bytes, size_t len)
{
	const char *end = bytes + len;
	char piece[ESCAPE_MAX];

	put(json, "\"", 1);
	while (bytes < end && !json->bad) {
		size_t n = escape_next(ESCAPE_JSON, &bytes, end, piece);

		put(json, piece, n);
	}
	put(json, "\"", 1);
}

/* Write what stands in front of a value: comma and key. */
static void
begin_value(struct jsonout *json, const char *key)
{
	if (json->done || json->is_object[json->depth] != (key != NULL)) {
		json->bad = true;
		return;
	}
	if (!json->first) {
		put(json, ",", 1);
	}
	json->first = false;
	if (key != NULL) {
		put_quoted(json, key, strlen(key));
		put(json, ":", 1);
	}
}

/* After a value: that of depth 0 completes the document. */
static void
end_value(struct jsonout *json)
{
	if (json->depth == 0 && !json->bad) {
		put(json, "", 1);
		json->done = true;
	}
}

/* Write a value that is already JSON. */
static void
put_value(struct jsonout *json, const char *key, const char *value)
{
	if (json == NULL) {
		return;
	}
	begin_value(json, key);
	put(json, value, strlen(value));
	end_value(json);
}

/* Begin an object or array. */
static void
begin_nest(struct jsonout *json, const char *key, bool is_object)
{
	if (json == NULL) {
		return;
	}
	begin_value(json, key);
	if (json->bad || json->depth == JSON_DEPTH_MAX) {
		json->bad = true;
		return;
	}
	put(json, is_object ? "{" : "[", 1);
	json->depth++;
	json->is_object[json->depth] = is_object;
	json->first = true;
}

void
jsonout_object(struct jsonout *json, const char *key)
{
	begin_nest(json, key, true);
}

void
jsonout_array(struct jsonout *json, const char *key)
{
	begin_nest(json, key, false);
}

void
jsonout_end(struct jsonout *json)
{
	if (json == NULL) {
		return;
	}
	if (json->bad || json->depth == 0) {
		json->bad = true;
		return;
	}
	put(json, json->is_object[json->depth] ? "}" : "]", 1);
	json->depth--;
	json->first = false;
	end_value(json);
}

void
jsonout_string(struct jsonout *json, const char *key, const char *text)
{
	if (text == NULL) {
		jsonout_null(json, key);
	} else {
		jsonout_bytes(json, key, text, strlen(text));
	}
}

void
jsonout_bytes(
    struct jsonout *json, const char *key, const void *bytes, size_t len)
{
	if (json == NULL) {
		return;
	}
	begin_value(json, key);
	put_quoted(json, len > 0 ? bytes : "", len);
	end_value(json);
}

void
jsonout_int(struct jsonout *json, const char *key, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	put_value(json, key, text);
}

void
jsonout_uint(struct jsonout *json, const char *key, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	put_value(json, key, text);
}

void
jsonout_double(struct jsonout *json, const char *key, double value)
{
	char text[40];

	if (!isfinite(value)) {
		jsonout_null(json, key);
		return;
	}
	/* 15 digits read well and mostly suffice, 17 always do. */
	(void)snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value) {
		(void)snprintf(text, sizeof(text), "%.17g", value);
	}
	put_value(json, key, text);
}

void
jsonout_bool(struct jsonout *json, const char *key, bool value)
{
	put_value(json, key, value ? "true" : "false");
}

void
jsonout_null(struct jsonout *json, const char *key)
{
	put_value(json, key, "null");
}

const char *
jsonout_text(const struct jsonout *json, size_t *len)
{
	const char *text;
	size_t n;

	if (json == NULL || json->bad || !json->done) {
		return NULL;
	}
	text = (const char *)buf_peek(json->text, &n);
	if (len != NULL) {
		*len = n - 1;
	}
	return text;
}
