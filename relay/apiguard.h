/* SPDX-License-Identifier: ISC */
/*
 * apiguard: whether a request is meant by who it comes from.
 *
 * Who asks is known by the connection: a session proves the device.  But behind
 * that device's gateway there is a browser, and what other sites let it do
 * must not count:
 *
 *	rebinding   The Host must be the relay's name.  A foreign name that was
 *	            made to lead here is answered 421 before anything is read.
 *	reading     No answer ever allows another origin to read it, and each
 *	            forbids to be embedded.
 *	forging     Whatever changes something has the type application/json,
 *	            which no form can send, and either
 *	            - an Origin that is this very page's and the token of the
 *	              page, or
 *	            - no Origin, and the field Inroad-Client
 *
 * A browser sends Origin with everything but GET and HEAD, and lets a page set
 * a field like that only for its own origin or after a preflight, which nothing
 * here ever grants.  So programs such as curl say who they are and need no
 * token.
 *
 * The token is a keyed hash of the account under a key of the process: nothing
 * is kept, it is good on every connection of that account, and for nobody else
 * and no longer than the relay runs.
 *
 * Hosts that count are "relay" and "relay.LABEL", with any port: which suffix
 * leads here is the matter of each gateway, which is what a name has to get
 * past first.  Pure but for apiguard_make_key().
 */
#ifndef INROAD_RELAY_APIGUARD_H
#define INROAD_RELAY_APIGUARD_H

#include <stdbool.h>
#include <stdint.h>

#define APIGUARD_KEY_LEN 32

/* Room for a token as text. */
#define APIGUARD_TOKEN_LEN 65

/* Fields of a request, as they came; NULL: it has none. */
struct apiguard_request {
	bool changes; /* it is neither GET nor HEAD */
	const char *host;
	const char *origin;
	const char *type;   /* Content-Type */
	const char *token;  /* Inroad-Token */
	const char *client; /* Inroad-Client */
};

enum apiguard_verdict {
	APIGUARD_GOOD,
	APIGUARD_HOST,   /* 421: not our name */
	APIGUARD_TYPE,   /* 415: not application/json */
	APIGUARD_ORIGIN, /* 403: of another page, or of nobody */
	APIGUARD_TOKEN,  /* 403: without the token of this page */
};

/* Put a random key to key. */
void apiguard_make_key(uint8_t key[APIGUARD_KEY_LEN]);

/* Write the token of user under key to out, terminated. */
void apiguard_make_token(const uint8_t key[APIGUARD_KEY_LEN], const char *user,
    char out[APIGUARD_TOKEN_LEN]);

/* Judge request, whose token should be that one. */
enum apiguard_verdict apiguard_judge(
    const struct apiguard_request *request, const char *token);

#endif
