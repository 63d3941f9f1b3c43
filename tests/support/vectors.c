/* SPDX-License-Identifier: ISC */

#include "tests/support/vectors.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Depth of the objects in the outer list: object, list, object. */
#define VECTOR_DEPTH 3

struct vectors {
	char *text;
	char *pos;
	unsigned depth;
	const char *name;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "vectors: %s\n", what);
	exit(99);
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	long size;
	char *text;

	if (file == NULL) {
		return NULL;
	}
	if (fseek(file, 0, SEEK_END) != 0) {
		die("cannot seek");
	}
	size = ftell(file);
	if (fseek(file, 0, SEEK_SET) != 0) {
		die("cannot seek");
	}
	text = size < 0 ? NULL : calloc((size_t)size + 1, 1);
	if (text == NULL ||
	    fread(text, 1, (size_t)size, file) != (size_t)size) {
		die("cannot read");
	}
	fclose(file);
	return text;
}

struct vectors *
vectors_open(const char *path)
{
	char *text = read_file(path);
	struct vectors *vectors;

	if (text == NULL) {
		return NULL;
	}
	vectors = calloc(1, sizeof(*vectors));
	if (vectors == NULL) {
		die("no memory");
	}
	vectors->text = text;
	vectors->pos = text;
	return vectors;
}

struct vectors *
vectors_open_own(const char *name)
{
	const char *top = getenv("top_srcdir");
	struct vectors *vectors;
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/vectors/%s",
	    top != NULL ? top : ".", name);
	vectors = vectors_open(path);
	if (vectors == NULL) {
		die(path);
	}
	return vectors;
}

/* Take the string that begins at the quote at pos, and terminate it. */
static const char *
take_string(struct vectors *vectors)
{
	char *start = vectors->pos + 1;
	char *end = strchr(start, '"');

	if (end == NULL || memchr(start, '\\', (size_t)(end - start)) != NULL) {
		die("a string has no end, or an escape");
	}
	*end = '\0';
	vectors->pos = end + 1;
	return start;
}

/* Return true when a colon follows: what came was a name. */
static bool
is_name(const struct vectors *vectors)
{
	return vectors->pos[strspn(vectors->pos, " \t\r\n")] == ':';
}

bool
vectors_next(struct vectors *vectors, struct vectors_item *item)
{
	memset(item, 0, sizeof(*item));
	for (; *vectors->pos != '\0'; vectors->pos++) {
		char c = *vectors->pos;

		if (c == '}' || c == ']') {
			vectors->depth--;
		} else if (c == '{' || c == '[') {
			vectors->depth++;
			item->begin =
			    c == '{' && vectors->depth == VECTOR_DEPTH;
		} else if (c == '"') {
			item->value = take_string(vectors);
			if (!is_name(vectors)) {
				item->name = vectors->name;
				return true;
			}
			vectors->name = item->value;
			item->value = NULL;
		}
		if (item->begin) {
			vectors->pos++;
			return true;
		}
	}
	if (vectors->depth != 0) {
		die("brackets do not match");
	}
	return false;
}

void
vectors_close(struct vectors *vectors)
{
	if (vectors != NULL) {
		free(vectors->text);
		free(vectors);
	}
}

size_t
vectors_bytes(const char *hex, uint8_t *out, size_t size)
{
	const char *end;
	size_t len;

	if (sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, &end) !=
		0 ||
	    *end != '\0') {
		die("not hexadecimal, or too long");
	}
	return len;
}

void
vectors_exactly(const char *hex, uint8_t *out, size_t size)
{
	if (vectors_bytes(hex, out, size) != size) {
		die("a value has the wrong length");
	}
}
