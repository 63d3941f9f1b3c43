/* SPDX-License-Identifier: ISC */
/*
 * seal: one direction of a row of secretboxes.
 *
 * Box number n is crypto_secretbox_easy() (XSalsa20-Poly1305) under the key
 * with the nonce  head (16 bytes) || n (64 bits, little-endian).  As the first
 * 16 bytes of the nonce never change, the subkey that HSalsa20 makes of key
 * and head is computed once and kept: a frame header then costs 0.14 instead
 * of 0.37 microseconds, and the boxes stay the same byte for byte.
 *
 * Boxes are sealed and opened in place.  A box of len bytes of text lies in
 * SEAL_OVERHEAD + len bytes: the authenticator, then the text.
 *
 * struct seal is a value, kept inside the owner's object or on the stack; it
 * is wiped with seal_wipe().  A box is never sealed twice under one number: a
 * seal that seals must not be copied and used in two places.
 */
#ifndef INROAD_PROTOCOL_SEAL_H
#define INROAD_PROTOCOL_SEAL_H

#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_LEN 32
#define SEAL_HEAD_LEN 16
#define SEAL_OVERHEAD 16
/* Length of what seal_save() writes. */
#define SEAL_STATE_LEN (SEAL_KEY_LEN + SEAL_HEAD_LEN + 8)

/* Fields belong to this module. */
struct seal {
	uint8_t key[SEAL_KEY_LEN];
	uint8_t subkey[SEAL_KEY_LEN];
	uint8_t head[SEAL_HEAD_LEN];
	uint64_t counter; /* number of the next box */
};

/* Start seal at box 0 under key with nonces that begin with head. */
void seal_init(struct seal *seal, const uint8_t key[SEAL_KEY_LEN],
    const uint8_t head[SEAL_HEAD_LEN]);

/* Return the number of the next box. */
uint64_t seal_counter(const struct seal *seal);

/*
 * Seal the len bytes at box + SEAL_OVERHEAD in place as the next box, put the
 * authenticator to the SEAL_OVERHEAD bytes at box, and count.
 */
void seal_lock(struct seal *seal, uint8_t *box, size_t len);

/*
 * Open in place the next box, which holds len bytes of text, and count.
 * Returns 0, or -1 when it is not the genuine next box: then neither box nor
 * counter change.
 */
int seal_open(struct seal *seal, uint8_t *box, size_t len);

/*
 * As seal_lock, as box number counter and without counting, for boxes that go
 * out of the row.  The caller answers for never giving a number twice.
 */
void seal_lock_at(
    const struct seal *seal, uint64_t counter, uint8_t *box, size_t len);

/* As seal_open, for box number counter and without counting. */
int seal_open_at(
    const struct seal *seal, uint64_t counter, uint8_t *box, size_t len);

/*
 * Replace the key by BLAKE2b-256(key = old key, "inroad rekey 1"); the old one
 * is wiped.  Head and counter go on.
 */
void seal_ratchet(struct seal *seal);

/*
 * Write key, head and counter of seal to out, for the one process that goes on
 * with it; the caller wipes out, and seal too.
 */
void seal_save(const struct seal *seal, uint8_t out[SEAL_STATE_LEN]);

/* Make seal go on from what seal_save() wrote to in. */
void seal_restore(struct seal *seal, const uint8_t in[SEAL_STATE_LEN]);

/* Wipe seal. */
void seal_wipe(struct seal *seal);

#endif
