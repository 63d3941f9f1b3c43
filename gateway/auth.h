/* SPDX-License-Identifier: ISC */
/*
 * auth: who may come in by a user name and a password.
 *
 * To verify a password is slow on purpose (common/users.h) and happens on a
 * thread beside the loop, one after the other.  Words that were good are known
 * again at once, by a keyed hash: HTTP says them with each request.  Who says
 * the same at the same time shares one verification, for a browser opens a
 * hundred connections in one go.
 *
 * Who is often wrong is not verified for a while, by address (a loopback and a
 * unix socket are one address, a network of IPv6 is one); nor is anybody when
 * too many wait.  Words that are known already always work.
 */
#ifndef INROAD_GATEWAY_AUTH_H
#define INROAD_GATEWAY_AUTH_H

#include <stdbool.h>
#include <stddef.h>

struct addr;
struct auth;
struct auth_check;
struct loop;
struct users;

/* Verifications that wait: some seconds of work, beyond which nobody waits. */
#define AUTH_WAITING_MAX 64

/* Wrong ones in one go from one address, and seconds for each further one. */
#define AUTH_FAILURES_MAX 10
#define AUTH_FAILURE_TIME 5

/* 256 bits as hexadecimal digits: nobody guesses it, and it is never saved. */
#define AUTH_TICKET_LEN 65

/* A user name and a password, any bytes, each at most USERS_WORD_MAX of them.
 */
struct auth_words {
	const char *user;
	size_t user_len;
	const char *password;
	size_t password_len;
};

enum auth_verdict {
	AUTH_GOOD,
	AUTH_WRONG,
	AUTH_LATER, /* not looked at: too many wrong ones, or waiting ones */
};

/* Called once with the verdict and the arg of auth_start(). */
typedef void auth_done(enum auth_verdict verdict, void *arg);

/* Return one that asks nobody, or NULL. */
struct auth *auth_new(struct loop *loop);

/* Free auth, of which nobody waits for a verdict; NULL is allowed. */
void auth_free(struct auth *auth);

/*
 * Let in who is in users, which stay the caller's and outlive this; NULL: ask
 * nobody.
 */
void auth_set_users(struct auth *auth, const struct users *users);

/* Return true when clients are asked; false for NULL. */
bool auth_is_on(const struct auth *auth);

/*
 * Return a password that is good with an empty user name as long as auth lives,
 * a text of AUTH_TICKET_LEN with its terminator.  It is for commands of whoever
 * may use the control socket, and is given out there alone.
 */
const char *auth_ticket(const struct auth *auth);

/*
 * Judge words that came from peer.  If that is decided at once, done runs
 * inside and NULL is returned; otherwise it runs later unless auth_cancel().
 */
struct auth_check *auth_start(struct auth *auth, const struct auth_words *words,
    const struct addr *peer, auth_done *done, void *arg);

/* Forget check; NULL is allowed. */
void auth_cancel(struct auth_check *check);

#endif
