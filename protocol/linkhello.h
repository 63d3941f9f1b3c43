/* SPDX-License-Identifier: ISC */
/*
 * linkhello: the link handshake, in steps (PROTOCOL.md, "Link handshake").
 *
 * The endpoint (gateway or agent) is the initiator, the relay the responder:
 *
 *	1 endpoint   version, role, Noise XK message 1, mac1      68 bytes
 *	2 relay      Noise XK message 2                           48 bytes
 *	3 endpoint   length, Noise XK message 3 with the login    2 + length
 *
 * The owner asks linkhello_want() and does what it says: takes bytes to send
 * from linkhello_write(), or reads exactly linkhello_expect() bytes and hands
 * them to linkhello_read().  No byte behind the handshake is ever asked for.
 * Its form is the same in all versions of the protocol, so a relay finishes it
 * for any version and refuses a foreign one in a RESULT that can be believed.
 *
 * After a failure the object is of no more use: every call fails.  What a
 * responder answers to a failure is nothing: it reads on until its deadline.
 */
#ifndef INROAD_PROTOCOL_LINKHELLO_H
#define INROAD_PROTOCOL_LINKHELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/name.h"

struct linkhello;
struct seal;

/* Sizes on the wire of messages 1 and 2, and the longest part of 3. */
#define LINKHELLO_MESSAGE1_LEN 68
#define LINKHELLO_MESSAGE2_LEN 48
#define LINKHELLO_MESSAGE3_MAX 1024
/* Most that linkhello_write() writes at once. */
#define LINKHELLO_WRITE_MAX (2 + LINKHELLO_MESSAGE3_MAX)
/* Length of a one-time token, and of a boot id. */
#define LINKHELLO_TOKEN_LEN 32
#define LINKHELLO_BOOT_LEN 16
/* Longest name of a software version. */
#define LINKHELLO_SOFTWARE_MAX 63

/* What the endpoint is to the relay; the values are those on the wire. */
enum linkhello_role {
	LINKHELLO_GATEWAY = 1,
	LINKHELLO_AGENT = 2,
};

/* What a handshake needs next. */
enum linkhello_want {
	LINKHELLO_WRITE, /* linkhello_write(), and send what it gives */
	LINKHELLO_READ,  /* linkhello_expect() bytes for linkhello_read() */
	LINKHELLO_DONE,  /* nothing: linkhello_keys() */
	LINKHELLO_FAILED,
};

/* What an endpoint tells the relay in message 3; a value, to be wiped. */
struct linkhello_login {
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	bool has_token; /* redeems token, or shows it again */
	uint8_t token[LINKHELLO_TOKEN_LEN];
	char software[LINKHELLO_SOFTWARE_MAX + 1];
	bool has_key_id; /* holds the account key with this id and epoch */
	uint8_t key_id[KEYS_ID_LEN];
	uint32_t key_epoch;
	uint8_t boot[LINKHELLO_BOOT_LEN]; /* random, fresh at each start */
	uint8_t flags; /* unknown bits are kept and mean nothing */
};

/* What a handshake starts from; everything is copied. */
struct linkhello_config {
	const uint8_t *static_secret; /* own key pair, KEYS_LEN each */
	const uint8_t *static_public;
	/* The rest is for the initiator. */
	uint8_t version; /* protocol version of this side */
	enum linkhello_role role;
	const uint8_t *relay_public; /* pinned, KEYS_LEN */
	const struct linkhello_login *login;
	const uint8_t *ephemeral_secret; /* both sides; NULL but in tests */
};

/*
 * Return the endpoint's side of a handshake, or NULL when config is not
 * complete, its login has names that are not valid, or there is no memory.
 */
struct linkhello *linkhello_new_initiator(
    const struct linkhello_config *config);

/* Return the relay's side, or NULL as above. */
struct linkhello *linkhello_new_responder(
    const struct linkhello_config *config);

/* Return what hello needs next. */
enum linkhello_want linkhello_want(const struct linkhello *hello);

/*
 * Return how many bytes linkhello_read() must be given next: message 3 is
 * asked for in two parts, its length and the rest.  0 unless LINKHELLO_READ.
 */
size_t linkhello_expect(const struct linkhello *hello);

/*
 * Write the next message to out, which holds size bytes, at least
 * LINKHELLO_WRITE_MAX, and its length to *len.  Returns 0, or -1 when it is
 * not this side's turn, size is too small or the relay's key is of low order;
 * hello has then failed.
 */
int linkhello_write(
    struct linkhello *hello, uint8_t *out, size_t size, size_t *len);

/*
 * Take the len bytes at in, len as linkhello_expect() says.  Returns 0, or -1
 * when they are not what a peer with the right keys sends; hello has then
 * failed.  Nothing is computed on message 1 before its mac1 is right.
 */
int linkhello_read(struct linkhello *hello, const uint8_t *in, size_t len);

/* Return the version of the endpoint; a responder knows after message 1. */
uint8_t linkhello_version(const struct linkhello *hello);

/* Return the role of the endpoint; a responder knows after message 1. */
enum linkhello_role linkhello_role(const struct linkhello *hello);

/*
 * Return the login of the endpoint, in names of lower case, valid until
 * linkhello_free(); NULL to a responder before LINKHELLO_DONE.
 */
const struct linkhello_login *linkhello_login(const struct linkhello *hello);

/*
 * Return the peer's public key, KEYS_LEN bytes valid until linkhello_free();
 * NULL before LINKHELLO_DONE.
 */
const uint8_t *linkhello_remote_public(const struct linkhello *hello);

/*
 * At LINKHELLO_DONE: start tx and rx for the frames that this side sends and
 * receives.  Returns 0, or -1 when the handshake is not done; works once.
 */
int linkhello_keys(struct linkhello *hello, struct seal *tx, struct seal *rx);

/* Wipe and free hello; NULL is allowed. */
void linkhello_free(struct linkhello *hello);

/*
 * Write login as it stands in message 3 to out, which holds size bytes.
 * Returns its length, or 0 when a name is not valid or it does not fit.
 */
size_t linkhello_login_encode(
    const struct linkhello_login *login, uint8_t *out, size_t size);

/*
 * Read *login from the len bytes at in.  Bytes behind it are ignored: they
 * belong to later versions.  Returns 0, or -1 and a wiped *login when it is
 * not valid.
 */
int linkhello_login_decode(
    struct linkhello_login *login, const uint8_t *in, size_t len);

#endif
