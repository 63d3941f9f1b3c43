/* SPDX-License-Identifier: ISC */
#include "tests/support/promread.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 200

struct family {
	char name[128];
	char kind; /* the first letter of its type */
};

/* Returns whether samples of family may have a name that goes on like this. */
static bool
is_suffix(const struct family *family, const char *at, size_t len)
{
	static const char *const suffixes[] = { "_bucket", "_sum", "_count" };

	for (size_t i = 0; family->kind == 'h' && i < 3; i++) {
		if (len == strlen(suffixes[i]) &&
		    strncmp(at, suffixes[i], len) == 0) {
			return true;
		}
	}
	return family->kind != 'h' && len == 0;
}

static size_t
name_len(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz_");
}

/* Skips {name="value",...}, which is right. */
static const char *
skip_labels(const char *at)
{
	if (*at != '{') {
		return at;
	}
	do {
		at++;
		ck_assert_uint_gt(name_len(at), 0);
		at += name_len(at);
		ck_assert_int_eq(strncmp(at, "=\"", 2), 0);
		for (at += 2; *at != '"'; at++) {
			ck_assert_int_ne(*at, '\0');
			at += *at == '\\';
		}
		at++;
	} while (*at == ',');
	ck_assert_int_eq(*at, '}');
	return at + 1;
}

/* Reads one sample of family; what it measures ends before its value. */
static void
read_sample(char *line, const struct family *family)
{
	const char *at = line + name_len(line);
	double value;
	char *end;

	ck_assert_msg(strncmp(line, family->name, strlen(family->name)) == 0 &&
			  is_suffix(family, line + strlen(family->name),
			      (size_t)(at - line) - strlen(family->name)),
	    "%s is not of %s", line, family->name);
	at = skip_labels(at);
	ck_assert_msg(*at == ' ', "%s", line);
	value = strtod(at + 1, &end);
	ck_assert_msg(end != at + 1 && *end == '\0', "%s", line);
	ck_assert(family->kind == 'g' || value >= 0);
	line[at - line] = '\0';
}

/* Reads "# HELP name ..." and "# TYPE name type". */
static void
read_family(const char *help, const char *type, const char *prefix,
    struct family *family)
{
	char kind[16];
	char again[128];

	ck_assert_int_eq(sscanf(help, "# HELP %127s", family->name), 1);
	ck_assert_int_eq(sscanf(type, "# TYPE %127s %15s", again, kind), 2);
	ck_assert_str_eq(family->name, again);
	ck_assert_int_eq(strncmp(family->name, prefix, strlen(prefix)), 0);
	ck_assert(strlen(help) > strlen("# HELP ") + strlen(again) + 5);
	ck_assert(strcmp(kind, "gauge") == 0 || strcmp(kind, "counter") == 0 ||
		  strcmp(kind, "histogram") == 0);
	/* Counters, and no others, end so. */
	ck_assert_int_eq(strcmp(kind, "counter") == 0,
	    strcmp(again + strlen(again) - 6, "_total") == 0);
	family->kind = kind[0];
}

void
promread_check(char *text, const char *prefix)
{
	char *lines[LINES_MAX];
	struct family family = { .name = "" };
	size_t count = 0;
	char *rest;

	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		ck_assert_uint_lt(count, LINES_MAX);
		lines[count++] = line;
	}
	for (size_t i = 0; i < count; i++) {
		if (lines[i][0] == '#') {
			ck_assert_uint_lt(i + 1, count);
			read_family(lines[i], lines[i + 1], prefix, &family);
			i++;
		} else {
			read_sample(lines[i], &family);
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(lines[i], lines[k]);
		}
	}
}
