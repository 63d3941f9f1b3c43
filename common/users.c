/* SPDX-License-Identifier: ISC */
#include "common/users.h"

#include <sodium.h>
#include <string.h>

#include "common/fault.h"
#include "common/file.h"
#include "common/mem.h"

/*
 * 19 MiB and two passes, what OWASP asks of argon2id at least: 20 ms of a core
 * of today, and a router has the memory, too.
 */
#define HASH_OPS 2
#define HASH_MEMORY ((size_t)19456 << 10)

_Static_assert(USERS_HASH_LEN >= crypto_pwhash_STRBYTES, "a hash has room");

struct users {
	size_t count;
	size_t len;
	char text[]; /* of the file, checked; terminated */
};

/* A line of the text; a value. */
struct line {
	const char *name; /* NULL: of no user */
	size_t name_len;
	const char *hash;
	size_t hash_len;
};

const char *
users_name_flaw(const char *name, size_t len)
{
	if (len == 0 || len > USERS_WORD_MAX) {
		return "a name has 1 to 255 bytes";
	}
	if (name[0] == '#') {
		return "a name does not begin with #";
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c <= ' ' || c == ':' || c == 0x7f) {
			return "a name has no blanks and no colon";
		}
	}
	return NULL;
}

/* Return the length of the first line of the len bytes at text. */
static size_t
line_len(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end == NULL ? len : (size_t)(end - text);
}

/* Take the len bytes at text apart.  Returns what is wrong, or NULL. */
static const char *
split(const char *text, size_t len, struct line *out)
{
	const char *colon = memchr(text, ':', len);

	*out = (struct line){ .name = NULL };
	if (len == 0 || text[0] == '#') {
		return NULL;
	}
	if (colon == NULL) {
		return "a user is written NAME:HASH";
	}
	*out = (struct line){
		.name = text,
		.name_len = (size_t)(colon - text),
		.hash = colon + 1,
		.hash_len = len - (size_t)(colon - text) - 1,
	};
	return users_name_flaw(out->name, out->name_len);
}

/* Return what is wrong with the hash of line, or NULL. */
static const char *
hash_flaw(const struct line *line)
{
	char hash[USERS_HASH_LEN] = { 0 };

	if (line->hash_len < sizeof(hash)) {
		memcpy(hash, line->hash, line->hash_len);
	}
	if (crypto_pwhash_str_needs_rehash(hash, HASH_OPS, HASH_MEMORY) < 0) {
		return "what follows the colon is no hash of a password; "
		       "\"inroad passwd\" makes one";
	}
	return NULL;
}

/* Find the line of name; false if there is none, and *out is the last one. */
static bool
find(const struct users *users, const char *name, size_t len, struct line *out)
{
	size_t at = 0;

	while (at < users->len) {
		size_t n = line_len(users->text + at, users->len - at);
		struct line line;

		(void)split(users->text + at, n, &line);
		at += n + 1;
		if (line.name == NULL) {
			continue;
		}
		*out = line;
		if (line.name_len == len && memcmp(line.name, name, len) == 0) {
			return true;
		}
	}
	return false;
}

/* Add the line of n bytes behind what users has; what is wrong, or NULL. */
static const char *
add_line(struct users *users, const char *text, size_t n)
{
	struct line line;
	struct line found;
	const char *flaw = split(text, n, &line);

	if (flaw == NULL && line.name != NULL) {
		flaw = hash_flaw(&line);
		users->count++;
	}
	if (flaw == NULL && users->count > USERS_MAX) {
		flaw = "more than 256 users";
	}
	if (flaw == NULL && line.name != NULL &&
	    find(users, line.name, line.name_len, &found)) {
		flaw = "this user is there already";
	}
	memcpy(users->text + users->len, text, n);
	users->len += n;
	users->text[users->len++] = '\n';
	return flaw;
}

struct users *
users_parse(const char *name, const char *text, size_t len, struct fault *fault)
{
	/* A last line may lack its end. */
	struct users *users = mem_new(1, sizeof(*users) + len + 2);
	unsigned line = 0;
	size_t at = 0;

	if (users == NULL) {
		(void)fault_set(fault, "%s: out of memory", name);
		return NULL;
	}
	while (at < len) {
		size_t n = line_len(text + at, len - at);
		const char *flaw = memchr(text + at, '\0', n) != NULL
				       ? "a NUL byte"
				       : add_line(users, text + at, n);

		line++;
		at += n + 1;
		if (flaw != NULL) {
			(void)fault_set(fault, "%s:%u: %s", name, line, flaw);
			users_free(users);
			return NULL;
		}
	}
	return users;
}

struct users *
users_load(const char *path, struct fault *fault)
{
	struct file_content content;
	struct users *users;

	if (file_read(path, FILE_SECRET, USERS_FILE_MAX, &content, fault) !=
	    FILE_OK) {
		return NULL;
	}
	users =
	    users_parse(path, (const char *)content.data, content.len, fault);
	file_content_free(&content);
	return users;
}

void
users_free(struct users *users)
{
	if (users != NULL) {
		mem_free_wiped(users, sizeof(*users) + users->len);
	}
}

size_t
users_count(const struct users *users)
{
	return users->count;
}

bool
users_find(const struct users *users, const char *name, size_t len,
    char out[USERS_HASH_LEN])
{
	struct line line = { .hash_len = 0 };
	bool found = find(users, name, len, &line);

	memset(out, 0, USERS_HASH_LEN);
	if (line.hash_len > 0) {
		memcpy(out, line.hash, line.hash_len);
	}
	return found;
}

char *
users_change(const struct users *users, const char *name, const char *hash)
{
	size_t name_len = strlen(name);
	size_t hash_len = hash == NULL ? 0 : strlen(hash);
	size_t len = users == NULL ? 0 : users->len;
	const char *text = users == NULL ? "" : users->text;
	struct line old = { .hash_len = 0 };
	size_t before = len;
	size_t after = len;
	char *out = mem_new(1, len + name_len + hash_len + 3);
	char *end = out;

	if (out == NULL) {
		return NULL;
	}
	if (users != NULL && find(users, name, name_len, &old)) {
		before = (size_t)(old.name - text);
		after = before + old.name_len + 1 + old.hash_len + 1;
	}
	end = mempcpy(end, text, before);
	if (hash != NULL) {
		end = mempcpy(end, name, name_len);
		*end++ = ':';
		end = mempcpy(end, hash, hash_len);
		*end++ = '\n';
	}
	end = mempcpy(end, text + after, len - after);
	*end = '\0';
	return out;
}

int
users_hash(const char *password, size_t len, char out[USERS_HASH_LEN])
{
	memset(out, 0, USERS_HASH_LEN);
	return crypto_pwhash_str_alg(out, password, len, HASH_OPS, HASH_MEMORY,
		   crypto_pwhash_ALG_ARGON2ID13) == 0
		   ? 0
		   : -1;
}

bool
users_verify(const char *hash, const char *password, size_t len)
{
	return crypto_pwhash_str_verify(hash, password, len) == 0;
}
