/* SPDX-License-Identifier: ISC */

#include "relay/apiroutes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

/* Fields that were given: name, value, ..., NULL. */
static const char *const *given;

static const char *
get(const char *name, void *arg)
{
	(void)arg;
	for (size_t i = 0; given[i] != NULL; i += 2) {
		if (strcmp(given[i], name) == 0) {
			return given[i + 1];
		}
	}
	return NULL;
}

static bool
at(size_t i, const char **name, const char **value, void *arg)
{
	(void)arg;
	for (size_t k = 0; k <= i; k++) {
		if (given[2 * k] == NULL) {
			return false;
		}
	}
	*name = given[2 * i];
	*value = given[2 * i + 1];
	return true;
}

static const struct apiroutes_fields fields = { get, at, NULL };

/* Return the words of a request, separated by bars, or the field at fault. */
static const char *
words(const char *method, const char *path, const char *const *with)
{
	static char text[1024];
	struct apiroutes_match match;
	struct apiroutes_words out;
	size_t len = 0;

	given = with;
	ck_assert_int_eq(apiroutes_find(method, path, &match), APIROUTES_FOUND);
	if (apiroutes_fill(&match, &fields, &out) != 0) {
		(void)snprintf(text, sizeof(text), "!%s", out.bad);
		return text;
	}
	for (size_t i = 0; i < out.count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    i > 0 ? "|" : "", out.word[i]);
	}
	return text;
}

static const char *const nothing[] = { NULL };

START_TEST(requests_become_words)
{
	static const char *const level[] = { "level", "guest", NULL };
	static const char *const new_user[] = { "user", "bob", "level", "guest",
		NULL };
	static const char *const user[] = { "user", "bob", NULL };
	static const char *const page[] = { "after", "7.r9", "limit", "5",
		NULL };
	static const char *const limits[] = { "hosts", "5", "month", "none",
		NULL };

	ck_assert_str_eq(words("GET", "/status", nothing), "status");
	ck_assert_str_eq(words("GET", "/users/bob", nothing), "user|list|bob");
	ck_assert_str_eq(
	    words("PUT", "/users/bob/level", level), "user|level|bob|guest");
	ck_assert_str_eq(
	    words("POST", "/users", new_user), "user|add|bob|guest");
	ck_assert_str_eq(words("POST", "/users", user), "user|add|bob");
	ck_assert_str_eq(
	    words("GET", "/devices", page), "device|list|limit=5|after=7.r9");
	ck_assert_str_eq(words("HEAD", "/devices", user), "device|list|bob");
	ck_assert_str_eq(words("DELETE", "/users/bob/devices/office", nothing),
	    "device|revoke|bob/office");
	ck_assert_str_eq(words("PATCH", "/users/bob/limits", limits),
	    "limit|bob|hosts=5|month=none");
	ck_assert_str_eq(words("DELETE", "/users/bob/limits/hosts", nothing),
	    "limit|bob|hosts=none");
}
END_TEST

/* The path says who is meant, whatever else does. */
START_TEST(the_path_comes_first)
{
	static const char *const other[] = { "user", "eve", "level", "guest",
		NULL };

	ck_assert_str_eq(
	    words("PUT", "/users/bob/level", other), "user|level|bob|guest");
}
END_TEST

START_TEST(what_does_not_do_is_named)
{
	static const char *const tab[] = { "user", "b\tob", NULL };
	static const char *const line[] = { "hosts", "5\n", NULL };
	static char much[APIROUTES_TEXT_LEN];
	const char *const long_one[] = { "user", much, NULL };

	memset(much, 'a', sizeof(much) - 1);
	ck_assert_str_eq(words("POST", "/users", nothing), "!user");
	ck_assert_str_eq(words("PUT", "/users/bob/level", nothing), "!level");
	ck_assert_str_eq(words("POST", "/users", tab), "!user");
	ck_assert_str_eq(words("PATCH", "/users/bob/limits", line), "!hosts");
	ck_assert_str_eq(words("POST", "/users", long_one), "!user");
}
END_TEST

START_TEST(paths_and_methods_are_told_apart)
{
	static const char *const none[] = { "", "/", "/user", "/users/",
		"/users//level", "/users/bob/", "/users/bob/level/x",
		"/statuss", "/stat", "users" };
	struct apiroutes_match match;
	char allow[64];
	char path[256] = "/users/";

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ck_assert_msg(
		    apiroutes_find("GET", none[i], &match) == APIROUTES_NO_PATH,
		    "%s", none[i]);
	}
	ck_assert_int_eq(
	    apiroutes_find("PUT", "/users", &match), APIROUTES_NO_METHOD);
	ck_assert_int_eq(
	    apiroutes_find("OPTIONS", "/users", &match), APIROUTES_NO_METHOD);
	apiroutes_allow("/users", allow, sizeof(allow));
	ck_assert_str_eq(allow, "GET, HEAD, POST");
	memset(path + 7, 'a', APIROUTES_VALUE_LEN);
	ck_assert_int_eq(
	    apiroutes_find("GET", path, &match), APIROUTES_NO_PATH);
	path[7 + APIROUTES_VALUE_LEN - 1] = '\0';
	ck_assert_int_eq(apiroutes_find("GET", path, &match), APIROUTES_FOUND);
}
END_TEST

START_TEST(words_have_limits)
{
	struct apiroutes_words out = { .count = 0 };

	for (size_t i = 0; i < APIROUTES_WORDS_MAX; i++) {
		ck_assert_int_eq(apiroutes_add(&out, "word"), 0);
	}
	ck_assert_int_eq(apiroutes_add(&out, "word"), -1);
}
END_TEST

/* --- doc/api.json ------------------------------------------------------ */

static json_t *
read_doc(void)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	json_t *doc;

	(void)snprintf(
	    path, sizeof(path), "%s/doc/api.json", top != NULL ? top : ".");
	doc = json_load_file(path, 0, NULL);
	ck_assert_msg(doc != NULL, "%s is no JSON", path);
	return doc;
}

/* Return what a reference in doc stands for. */
static const json_t *
follow(const json_t *doc, const json_t *value)
{
	const char *ref = json_string_value(json_object_get(value, "$ref"));
	char part[64];

	if (ref == NULL) {
		return value;
	}
	value = doc;
	for (ref += 2; *ref != '\0'; ref += *ref == '/') {
		size_t len = strcspn(ref, "/");

		(void)snprintf(part, sizeof(part), "%.*s", (int)len, ref);
		value = json_object_get(value, part);
		ck_assert_msg(value != NULL, "nothing is %s", part);
		ref += len;
	}
	return value;
}

/* Return how many names the words of row have that the path has not. */
static size_t
count_fields(const struct apiroutes_row *row)
{
	const char *at_word = row->words != NULL ? row->words : "";
	size_t count = 0;
	char name[32];

	for (at_word += strcspn(at_word, "{["); *at_word != '\0';
	     at_word += strcspn(at_word, "{[")) {
		size_t len = strcspn(++at_word, "}]");

		(void)snprintf(name, sizeof(name), "{%.*s}", (int)len, at_word);
		count += strstr(row->path, name) == NULL;
	}
	return count;
}

static void
check_query(
    const json_t *doc, const json_t *op, const struct apiroutes_row *row)
{
	const json_t *list = json_object_get(op, "parameters");
	char needed[APIROUTES_NAME_LEN + 2];
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = follow(doc, json_array_get(list, i));
		const char *name =
		    json_string_value(json_object_get(one, "name"));

		ck_assert_msg(apiroutes_takes(row, name), "%s does not take %s",
		    row->path, name);
		(void)snprintf(needed, sizeof(needed), "{%s}", name);
		ck_assert_msg(json_is_true(json_object_get(one, "required")) ==
				  (strstr(row->words, needed) != NULL),
		    "%s needs %s, or does not", row->path, name);
		count++;
	}
	ck_assert_msg(count == count_fields(row), "%s takes more", row->path);
}

static void
check_body(const json_t *doc, const json_t *op, const struct apiroutes_row *row)
{
	const json_t *content =
	    json_object_get(json_object_get(op, "requestBody"), "content");
	const json_t *schema = follow(
	    doc, json_object_get(
		     json_object_get(content, "application/json"), "schema"));
	json_t *properties = json_object_get(schema, "properties");
	const char *name;
	json_t *value;

	if (row->words == NULL || strchr(row->words, '*') != NULL) {
		ck_assert_ptr_nonnull(schema);
		return;
	}
	json_object_foreach(properties, name, value)
	{
		ck_assert_msg(apiroutes_takes(row, name), "%s does not take %s",
		    row->path, name);
	}
	ck_assert_msg(json_object_size(properties) == count_fields(row),
	    "%s %s takes another number", row->method, row->path);
}

/* Return the operation of row in doc. */
static const json_t *
operation(const json_t *doc, const struct apiroutes_row *row)
{
	const json_t *item =
	    json_object_get(json_object_get(doc, "paths"), row->path);
	char method[16];

	(void)snprintf(method, sizeof(method), "%s", row->method);
	for (char *c = method; *c != '\0'; c++) {
		*c = (char)(*c | 0x20);
	}
	return json_object_get(item, method);
}

START_TEST(every_route_is_described)
{
	json_t *doc = read_doc();
	const struct apiroutes_row *row;

	for (size_t i = 0; (row = apiroutes_at(i)) != NULL; i++) {
		const json_t *op = operation(doc, row);

		ck_assert_msg(
		    op != NULL, "%s %s is missing", row->method, row->path);
		if (strcmp(row->method, "GET") == 0) {
			check_query(doc, op, row);
		} else {
			check_body(doc, op, row);
		}
	}
	json_decref(doc);
}
END_TEST

/* Return method as HTTP writes it. */
static const char *
upper(const char *method)
{
	static char text[16];
	size_t i = 0;

	for (; method[i] != '\0' && i < sizeof(text) - 1; i++) {
		text[i] = (char)(method[i] & ~0x20);
	}
	text[i] = '\0';
	return text;
}

START_TEST(every_description_is_a_route)
{
	json_t *doc = read_doc();
	struct apiroutes_match match;
	const char *path;
	const char *method;
	json_t *item;
	json_t *op;
	size_t count = 0;

	json_object_foreach(json_object_get(doc, "paths"), path, item)
	{
		json_object_foreach(item, method, op)
		{
			if (strcmp(method, "parameters") == 0) {
				continue;
			}
			count++;
			ck_assert_msg(apiroutes_find(upper(method), path,
					  &match) == APIROUTES_FOUND,
			    "%s %s is no route", method, path);
			ck_assert_str_eq(match.row->path, path);
		}
	}
	ck_assert_ptr_nonnull(apiroutes_at(count - 1));
	ck_assert_ptr_null(apiroutes_at(count));
	json_decref(doc);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/apiroutes");
	TCase *tcase = tcase_create("apiroutes");

	tcase_add_test(tcase, requests_become_words);
	tcase_add_test(tcase, the_path_comes_first);
	tcase_add_test(tcase, what_does_not_do_is_named);
	tcase_add_test(tcase, paths_and_methods_are_told_apart);
	tcase_add_test(tcase, words_have_limits);
	tcase_add_test(tcase, every_route_is_described);
	tcase_add_test(tcase, every_description_is_a_route);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
