/* SPDX-License-Identifier: ISC */
/*
 * users: who may come in by a password, as a file has them.
 *
 *	# whoever this is
 *	anna:$argon2id$v=19$m=19456,t=2,p=1$...
 *
 * A line is a name and the hash of a password, as crypto_pwhash_str() of
 * libsodium writes it; empty lines and those that begin with # say nothing.
 * Hashing and verifying take some ten milliseconds of a core on purpose and
 * have no place in a loop.
 */
#ifndef INROAD_COMMON_USERS_H
#define INROAD_COMMON_USERS_H

#include <stdbool.h>
#include <stddef.h>

struct fault;
struct users;

/* Users of a file.  Each is looked for by reading through all of it. */
#define USERS_MAX 256

/* The largest file: as many users with long names. */
#define USERS_FILE_MAX ((size_t)131072)

/* Bytes of a name and of a password: what SOCKS5 can say (RFC 1929). */
#define USERS_WORD_MAX 255

/* Room for a hash. */
#define USERS_HASH_LEN 128

/* Return what is wrong with the len bytes at name for a user's, or NULL. */
const char *users_name_flaw(const char *name, size_t len);

/*
 * Return the users that the len bytes at text say, or NULL and *fault, which
 * begins with name and the line.
 */
struct users *users_parse(
    const char *name, const char *text, size_t len, struct fault *fault);

/* As users_parse(), of the file at path, which others must not read. */
struct users *users_load(const char *path, struct fault *fault);

/* Free users; NULL is allowed. */
void users_free(struct users *users);

/* Return how many there are. */
size_t users_count(const struct users *users);

/*
 * Put the hash of the user with the name of len bytes to out.  If there is no
 * such user it is that of another one, so that verifying takes as long, and
 * false is returned.
 */
bool users_find(const struct users *users, const char *name, size_t len,
    char out[USERS_HASH_LEN]);

/*
 * Return the text of users, or of none if that is NULL, with hash as that of
 * name, whose lines otherwise stay as they are; without name if hash is NULL.
 * The caller frees it.  Returns NULL when memory is short.
 */
char *users_change(
    const struct users *users, const char *name, const char *hash);

/* Put the hash of the len bytes at password to out; 0, or -1 without memory. */
int users_hash(const char *password, size_t len, char out[USERS_HASH_LEN]);

/* Return true when hash is that of the len bytes at password. */
bool users_verify(const char *hash, const char *password, size_t len);

#endif
