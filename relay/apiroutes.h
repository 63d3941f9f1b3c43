/* SPDX-License-Identifier: ISC */
/*
 * apiroutes: which request of the API is which command.
 *
 * One table (apiroutes.c) has a row for each method and path, with the words of
 * relay/admin.h that it stands for:
 *
 *	GET	/users			user list user=[user] after=[after]
 *	POST	/users			user add {user} [level]
 *	DELETE	/users/{user}		user delete {user}
 *
 * A name in braces is filled in from the path, else from the query of a GET or
 * the body of anything else, an object of strings, numbers and truth values.  A
 * word with a name in brackets that was not given is left out.  "*" stands for
 * every field of the body, as KEY=VALUE.  What no word of the row takes is an
 * error.  doc/api.json describes the same table for programs.  Pure.
 */
#ifndef INROAD_RELAY_APIROUTES_H
#define INROAD_RELAY_APIROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/control.h"

/* What all paths of the table begin with. */
#define APIROUTES_BASE "/api/v1"

/* Names in a path, and room for one and for what it stands for. */
#define APIROUTES_PARAMS_MAX 3
#define APIROUTES_NAME_LEN 24
#define APIROUTES_VALUE_LEN 130

/* Room for the words of a command, and for all of their text. */
#define APIROUTES_WORDS_MAX CONTROL_WORDS_MAX
#define APIROUTES_TEXT_LEN 4096

/* What a row is answered with. */
enum apiroutes_kind {
	APIROUTES_LIST,    /* {"items":[...],"next":...} */
	APIROUTES_ITEM,    /* the one item, or 404 */
	APIROUTES_DONE,    /* the one item if there is one, else {} */
	APIROUTES_COMMAND, /* words of the body: items, next and exit */
	APIROUTES_TOKEN,   /* the token for pages (apiguard.h) */
	APIROUTES_OPENAPI, /* the description of the API */
};

/* A row of the table. */
struct apiroutes_row {
	const char *method;
	const char *path;
	const char *words; /* NULL: kind says it all */
	enum apiroutes_kind kind;
};

/* A name of a path and what stands in its place. */
struct apiroutes_param {
	char name[APIROUTES_NAME_LEN];
	char value[APIROUTES_VALUE_LEN];
};

/* A row and what its path has for it. */
struct apiroutes_match {
	const struct apiroutes_row *row;
	struct apiroutes_param params[APIROUTES_PARAMS_MAX];
	size_t count;
};

enum apiroutes_found {
	APIROUTES_FOUND,
	APIROUTES_NO_PATH,
	APIROUTES_NO_METHOD,
};

/* A command. */
struct apiroutes_words {
	const char *word[APIROUTES_WORDS_MAX]; /* in text, or literals */
	size_t count;
	char text[APIROUTES_TEXT_LEN];
	size_t used;
	char bad[APIROUTES_NAME_LEN]; /* the field why there is none */
};

/* Where fields come from that are not in the path. */
struct apiroutes_fields {
	/* Return the field name, or NULL; it lives until the next call. */
	const char *(*get)(const char *name, void *arg);
	/* Put name and value of field number i, or return false. */
	bool (*at)(size_t i, const char **name, const char **value, void *arg);
	void *arg;
};

/* Return row number i of the table, or NULL behind the last. */
const struct apiroutes_row *apiroutes_at(size_t i);

/*
 * Find the row of method and path, which begins behind APIROUTES_BASE; HEAD
 * counts as GET.  Fills *out when it is found.
 */
enum apiroutes_found apiroutes_find(
    const char *method, const char *path, struct apiroutes_match *out);

/* Write the methods that path has to out, "GET, HEAD, POST". */
void apiroutes_allow(const char *path, char *out, size_t size);

/* Return whether row takes a field of that name. */
bool apiroutes_takes(const struct apiroutes_row *row, const char *name);

/*
 * Write the words of match, which has some, to *out.  Returns 0, or -1 and in
 * out->bad the name of a field that is missing, too long or not plain text.
 */
int apiroutes_fill(const struct apiroutes_match *match,
    const struct apiroutes_fields *fields, struct apiroutes_words *out);

/* Add word to *out; 0, or -1 when there is no room or it is not plain text. */
int apiroutes_add(struct apiroutes_words *out, const char *word);

#endif
