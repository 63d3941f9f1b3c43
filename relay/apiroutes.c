/* SPDX-License-Identifier: ISC */
#include "relay/apiroutes.h"

#include <stdio.h>
#include <string.h>

/* Words of every list that has pages. */
#define PAGE " limit=[limit] after=[after] match=[match]"

static const struct apiroutes_row rows[] = {
	{ "GET", "/status", "status", APIROUTES_ITEM },
	{ "GET", "/token", NULL, APIROUTES_TOKEN },
	{ "GET", "/openapi.json", NULL, APIROUTES_OPENAPI },
	{ "POST", "/command", NULL, APIROUTES_COMMAND },

	{ "GET", "/users", "user list [user]" PAGE, APIROUTES_LIST },
	{ "POST", "/users", "user add {user} [level]", APIROUTES_DONE },
	{ "GET", "/users/{user}", "user list {user}", APIROUTES_ITEM },
	{ "DELETE", "/users/{user}", "user delete {user}", APIROUTES_DONE },
	{ "PUT", "/users/{user}/level", "user level {user} {level}",
	    APIROUTES_DONE },
	{ "POST", "/users/{user}/disable", "user disable {user}",
	    APIROUTES_DONE },
	{ "POST", "/users/{user}/enable", "user enable {user}",
	    APIROUTES_DONE },
	{ "GET", "/users/{user}/limits", "limit {user}", APIROUTES_LIST },
	{ "PATCH", "/users/{user}/limits", "limit {user} *", APIROUTES_DONE },
	{ "DELETE", "/users/{user}/limits/{limit}", "limit {user} {limit}=none",
	    APIROUTES_DONE },
	{ "GET", "/users/{user}/usage", "usage {user}", APIROUTES_LIST },
	{ "GET", "/users/{user}/devices/{device}",
	    "device show {user}/{device}", APIROUTES_ITEM },
	{ "DELETE", "/users/{user}/devices/{device}",
	    "device revoke {user}/{device}", APIROUTES_DONE },
	{ "GET", "/users/{user}/devices/{device}/channels",
	    "device channels {user}/{device}", APIROUTES_LIST },
	{ "POST", "/users/{user}/devices/{device}/kick",
	    "kick {user}/{device} [what]", APIROUTES_DONE },

	{ "GET", "/devices", "device list [user]" PAGE, APIROUTES_LIST },
	{ "GET", "/hosts", "host list [user]" PAGE, APIROUTES_LIST },
	{ "GET", "/links", "link list [user]" PAGE, APIROUTES_LIST },
	{ "GET", "/usage", "usage" PAGE, APIROUTES_LIST },

	{ "GET", "/tokens", "token list [user]" PAGE, APIROUTES_LIST },
	{ "POST", "/tokens", "user invite {user} {name} [ttl]",
	    APIROUTES_DONE },
	{ "DELETE", "/tokens/{id}", "token revoke {id}", APIROUTES_DONE },

	{ "GET", "/series", "series {resolution} since=[since]",
	    APIROUTES_ITEM },

	{ "GET", "/rules", "acl list", APIROUTES_LIST },
	{ "POST", "/rules", "acl add {action} {user} {host} [before]",
	    APIROUTES_DONE },
	{ "DELETE", "/rules/{id}", "acl delete {id}", APIROUTES_DONE },

	{ "GET", "/why", "why {host} [user]", APIROUTES_LIST },

	{ "POST", "/notices", "notice --level {severity} {to} {text}",
	    APIROUTES_DONE },

	{ "GET", "/audit", "audit [count]", APIROUTES_LIST },

	{ "GET", "/config", "config", APIROUTES_ITEM },
	{ "POST", "/reload", "reload", APIROUTES_DONE },
	{ "GET", "/log", "log", APIROUTES_ITEM },
	{ "PUT", "/log", "log {level}", APIROUTES_DONE },
	{ "GET", "/drain", "drain", APIROUTES_ITEM },
	{ "PUT", "/drain", "drain {drain}", APIROUTES_DONE },
	{ "POST", "/backup", "backup", APIROUTES_DONE },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct apiroutes_row *
apiroutes_at(size_t i)
{
	return i < ROWS ? &rows[i] : NULL;
}

/* --- paths ------------------------------------------------------------ */

/* Put the len bytes at value down as what name stands for; 0 or -1. */
static int
note(struct apiroutes_match *match, const char *name, size_t name_len,
    const char *value, size_t len)
{
	struct apiroutes_param *param = &match->params[match->count];

	if (match->count == APIROUTES_PARAMS_MAX || len == 0 ||
	    len >= sizeof(param->value) || name_len >= sizeof(param->name)) {
		return -1;
	}
	memcpy(param->name, name, name_len);
	param->name[name_len] = '\0';
	memcpy(param->value, value, len);
	param->value[len] = '\0';
	match->count++;
	return 0;
}

/* Whether path is one of the template; *match has what its names stand for. */
static bool
fits(const char *template, const char *path, struct apiroutes_match *match)
{
	match->count = 0;
	while (*template == '/' && *path == '/') {
		size_t want = strcspn(++template, "/");
		size_t len = strcspn(++path, "/");

		if (*template == '{') {
			if (note(match, template + 1, want - 2, path, len) !=
			    0) {
				return false;
			}
		} else if (len != want || memcmp(template, path, len) != 0) {
			return false;
		}
		template += want;
		path += len;
	}
	return *template == '\0' && *path == '\0';
}

enum apiroutes_found
apiroutes_find(
    const char *method, const char *path, struct apiroutes_match *out)
{
	struct apiroutes_match match;
	bool known = false;

	if (strcmp(method, "HEAD") == 0) {
		method = "GET";
	}
	for (size_t i = 0; i < ROWS; i++) {
		if (!fits(rows[i].path, path, &match)) {
			continue;
		}
		known = true;
		if (strcmp(rows[i].method, method) == 0) {
			match.row = &rows[i];
			*out = match;
			return APIROUTES_FOUND;
		}
	}
	return known ? APIROUTES_NO_METHOD : APIROUTES_NO_PATH;
}

void
apiroutes_allow(const char *path, char *out, size_t size)
{
	struct apiroutes_match match;
	size_t len = 0;

	*out = '\0';
	for (size_t i = 0; i < ROWS; i++) {
		if (len >= size || !fits(rows[i].path, path, &match)) {
			continue;
		}
		len += (size_t)snprintf(out + len, size - len, "%s%s%s",
		    len > 0 ? ", " : "", rows[i].method,
		    strcmp(rows[i].method, "GET") == 0 ? ", HEAD" : "");
	}
}

/* --- words ------------------------------------------------------------ */

bool
apiroutes_takes(const struct apiroutes_row *row, const char *name)
{
	const char *at = row->words != NULL ? row->words : "";
	size_t len = strlen(name);

	for (at += strcspn(at, "{[*"); *at != '\0'; at += strcspn(at, "{[*")) {
		bool all = *at == '*';

		at++;
		if (all ||
		    (strcspn(at, "]}") == len && memcmp(at, name, len) == 0)) {
			return true;
		}
	}
	return false;
}

/* A control character would end a word elsewhere. */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f) {
			return false;
		}
	}
	return true;
}

int
apiroutes_add(struct apiroutes_words *out, const char *word)
{
	size_t size = strlen(word) + 1;

	if (out->count == APIROUTES_WORDS_MAX ||
	    size > sizeof(out->text) - out->used || !is_plain(word)) {
		return -1;
	}
	memcpy(out->text + out->used, word, size);
	out->word[out->count++] = out->text + out->used;
	out->used += size;
	return 0;
}

static const char *
value_of(const struct apiroutes_match *match,
    const struct apiroutes_fields *fields, const char *name)
{
	for (size_t i = 0; i < match->count; i++) {
		if (strcmp(match->params[i].name, name) == 0) {
			return match->params[i].value;
		}
	}
	return fields->get(name, fields->arg);
}

/* A word that is being written. */
struct writing {
	char text[2 * APIROUTES_VALUE_LEN + 2];
	size_t len;
	char name[APIROUTES_NAME_LEN]; /* of the last field in it */
	bool absent;                   /* a field in brackets is not there */
};

static int
append(struct writing *word, const char *text, size_t len)
{
	if (len >= sizeof(word->text) - word->len) {
		return -1;
	}
	memcpy(word->text + word->len, text, len);
	word->len += len;
	word->text[word->len] = '\0';
	return 0;
}

/* Fill in the len bytes of a template; 0 or -1. */
static int
write_word(const struct apiroutes_match *match,
    const struct apiroutes_fields *fields, const char *template, size_t len,
    struct writing *word)
{
	const char *end = template + len;
	const char *value;

	while (template <end) {
		bool optional = *template == '[';
		size_t part;

		if (!optional && *template != '{') {
			part = strcspn(template, "{[ ");
			if (append(word, template, part) != 0) {
				return -1;
			}
			template += part;
			continue;
		}
		part = strcspn(++template, "}]");
		(void)snprintf(word->name, sizeof(word->name), "%.*s",
		    (int)part, template);
		template += part + 1;
		value = value_of(match, fields, word->name);
		word->absent = word->absent || (optional && value == NULL);
		if (value == NULL ? !optional
				  : append(word, value, strlen(value)) != 0) {
			return -1;
		}
	}
	return 0;
}

/* Every field as KEY=VALUE; 0, or -1 and the name of one that does not do. */
static int
write_fields(const struct apiroutes_fields *fields, struct apiroutes_words *out)
{
	const char *name;
	const char *value;

	for (size_t i = 0; fields->at(i, &name, &value, fields->arg); i++) {
		struct writing word = { .len = 0 };

		if (append(&word, name, strlen(name)) != 0 ||
		    append(&word, "=", 1) != 0 ||
		    append(&word, value, strlen(value)) != 0 ||
		    apiroutes_add(out, word.text) != 0) {
			(void)snprintf(out->bad, sizeof(out->bad), "%s", name);
			return -1;
		}
	}
	return 0;
}

int
apiroutes_fill(const struct apiroutes_match *match,
    const struct apiroutes_fields *fields, struct apiroutes_words *out)
{
	const char *at = match->row->words;

	out->count = 0;
	out->used = 0;
	for (; *at != '\0'; at += *at == ' ') {
		struct writing word = { .len = 0 };
		size_t len = strcspn(at, " ");

		if (*at == '*') {
			if (write_fields(fields, out) != 0) {
				return -1;
			}
		} else if (write_word(match, fields, at, len, &word) != 0 ||
			   (!word.absent &&
			       apiroutes_add(out, word.text) != 0)) {
			memcpy(out->bad, word.name, sizeof(out->bad));
			return -1;
		}
		at += len;
	}
	return 0;
}
