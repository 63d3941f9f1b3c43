/* SPDX-License-Identifier: ISC */
/*
 * keys: what is derived from what, and the bytes that handshakes bind.
 *
 * Every derivation is BLAKE2b with a label that names its purpose and version;
 * PROTOCOL.md, "Keys", is the whole list.  Host and account names enter in
 * lower case, whatever case the caller has.
 *
 * Pure functions over the caller's memory, except that keys_generate() and
 * keys_account_generate() draw from libsodium's random generator.  All output
 * that is secret belongs to the caller, who wipes it.
 */
#ifndef INROAD_PROTOCOL_KEYS_H
#define INROAD_PROTOCOL_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/name.h"

struct seal;
struct wire_reader;
struct wire_writer;

/* Length of every secret, public and pre-shared key. */
#define KEYS_LEN 32
/* Length of the hash of a handshake. */
#define KEYS_HASH_LEN 64
/* Length of the id by which a relay knows an account key. */
#define KEYS_ID_LEN 8
/* Length of the gate in front of message 1 of the link handshake. */
#define KEYS_MAC1_LEN 16
/* Longest rights of a share. */
#define KEYS_RIGHTS_MAX 255
/* Longest of what keys_caller_encode() writes. */
#define KEYS_CALLER_MAX (1 + NAME_USER_MAX + 8 + 8 + 1 + KEYS_RIGHTS_MAX)
/* Room for what keys_session_prologue() writes. */
#define KEYS_PROLOGUE_MAX                                                      \
	(16 + 1 + 4 + 1 + NAME_USER_MAX + 1 + NAME_HOST_MAX + KEYS_CALLER_MAX)
/* Room for a text of keys_fingerprint(): 8 groups of 4. */
#define KEYS_FINGERPRINT_LEN 40
/* Room for a text of keys_recovery_encode(). */
#define KEYS_RECOVERY_LEN 64

/* The secret that the gateways of an account share, and no relay has. */
struct keys_account {
	uint8_t key[KEYS_LEN];
	uint32_t epoch; /* counts the keys of the account, from 1 */
};

/*
 * Who calls a host, by what right.  The account that owns the host calls with
 * share 0, no expiry and empty rights, which means all of them.
 */
struct keys_caller {
	char user[NAME_USER_MAX + 1];     /* the account that calls */
	uint64_t share;                   /* share id; 0 is the owner */
	uint64_t expiry;                  /* unix seconds; 0 is never */
	char rights[KEYS_RIGHTS_MAX + 1]; /* opaque here */
};

/* What both ends of a session must mean alike; bound by its prologue. */
struct keys_session {
	uint8_t version;   /* of the session protocol */
	uint32_t epoch;    /* of the account key behind the psk; 0 without */
	const char *owner; /* account of the host; empty for "relay" */
	const char *host;
	const struct keys_caller *caller;
};

/* What the keys after a handshake are for. */
enum keys_use {
	KEYS_LINK,    /* frames of a link */
	KEYS_SESSION, /* records of a session */
	KEYS_RESUME,  /* attach tokens of a session */
	KEYS_USES,
};

/* Who seals under a key. */
enum keys_sender {
	KEYS_INITIATOR = 1,
	KEYS_RESPONDER = 2,
};

/* Make a fresh X25519 key pair. */
void keys_generate(uint8_t secret[KEYS_LEN], uint8_t public[KEYS_LEN]);

/* Put the public key of secret to public; 0, or -1 if secret is all zeroes. */
int keys_public(const uint8_t secret[KEYS_LEN], uint8_t public[KEYS_LEN]);

/* Make a fresh account key with this epoch. */
void keys_account_generate(struct keys_account *account, uint32_t epoch);

/* Put the id of account's key, which is no secret, to id. */
void keys_account_id(
    const struct keys_account *account, uint8_t id[KEYS_ID_LEN]);

/*
 * Derive the key of host from account's key.  Returns 0, or -1 when host is
 * no valid name.
 */
int keys_host(const struct keys_account *account, const char *host,
    uint8_t host_key[KEYS_LEN]);

/*
 * Derive the key by which the gateway that is called device takes messages from
 * account's key, which is never the key of a host.  Returns 0, or -1 when
 * device is no valid name.
 */
int keys_gateway(const struct keys_account *account, const char *device,
    uint8_t gateway_key[KEYS_LEN]);

/*
 * Derive the pre-shared key with which caller opens sessions to the host, or
 * the gateway, that has host_key.  Returns 0, or -1 when caller is not valid,
 * as in keys_caller_encode().
 */
int keys_psk(const uint8_t host_key[KEYS_LEN], const struct keys_caller *caller,
    uint8_t psk[KEYS_LEN]);

/* Make *caller the owner user, who has all rights; 0, or -1 if no valid name.
 */
int keys_caller_owner(struct keys_caller *caller, const char *user);

/*
 * Append caller to writer: the one encoding that the psk, the prologue and
 * ATTACH share.  A caller that is not valid (user no valid name, or an owner
 * with expiry or rights) makes writer bad.
 */
void keys_caller_encode(
    const struct keys_caller *caller, struct wire_writer *writer);

/* Read *caller from reader; what is not valid makes reader bad. */
void keys_caller_decode(struct keys_caller *caller, struct wire_reader *reader);

/*
 * Write the prologue of session's handshake to out and its length to *len.
 * Returns 0, or -1 when a name in session is not valid.
 */
int keys_session_prologue(const struct keys_session *session,
    uint8_t out[KEYS_PROLOGUE_MAX], size_t *len);

/*
 * Put the gate of message 1 over the len bytes at covered to mac1.  Whoever
 * knows relay_public can make it; it keeps out those who only know the port.
 */
void keys_mac1(const uint8_t relay_public[KEYS_LEN], const uint8_t *covered,
    size_t len, uint8_t mac1[KEYS_MAC1_LEN]);

/*
 * Start seal with key and nonce head derived for use and sender from split,
 * the key of sender's direction after the handshake, and from the hash of the
 * handshake.
 */
void keys_seal(struct seal *seal, enum keys_use use, enum keys_sender sender,
    const uint8_t split[KEYS_LEN], const uint8_t handshake[KEYS_HASH_LEN]);

/*
 * Write a text to out by which people compare the public key in two places:
 * 128 bits as "1a2b-3c4d-" and so on.
 */
void keys_fingerprint(
    const uint8_t public[KEYS_LEN], char out[KEYS_FINGERPRINT_LEN]);

/* Write account as one line that a person can keep on paper to out. */
void keys_recovery_encode(
    const struct keys_account *account, char out[KEYS_RECOVERY_LEN]);

/*
 * Read *account from what a person typed; blanks around it are skipped.
 * Returns 0, or -1 and in *wrong the number (from 1) of the character that
 * looks wrong, or 0 when it is not just one character.
 */
int keys_recovery_decode(
    struct keys_account *account, const char *text, size_t *wrong);

#endif
