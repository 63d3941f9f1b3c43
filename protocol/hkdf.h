/* SPDX-License-Identifier: ISC */
/*
 * hkdf: HMAC and HKDF over BLAKE2b-512, as Noise defines them.
 *
 * Keyed BLAKE2b is another function than HMAC-BLAKE2b, and libsodium has only
 * the former.  Pure functions over the caller's memory.
 */
#ifndef INROAD_PROTOCOL_HKDF_H
#define INROAD_PROTOCOL_HKDF_H

#include <stddef.h>
#include <stdint.h>

/* Length of every output. */
#define HKDF_LEN 64
/* Longest key, the block of BLAKE2b. */
#define HKDF_KEY_MAX 128

/*
 * Put HMAC-BLAKE2b-512 (RFC 2104) of the data_len bytes at data (NULL when 0)
 * under the key_len bytes at key, at most HKDF_KEY_MAX, to out.
 */
void hkdf_hmac(const uint8_t *key, size_t key_len, const uint8_t *data,
    size_t data_len, uint8_t out[HKDF_LEN]);

/*
 * HKDF of Noise section 4.3: derive count outputs, one to each row of out, from
 * the chaining key chain and the len bytes at input (NULL when 0).
 */
void hkdf_derive(const uint8_t chain[HKDF_LEN], const uint8_t *input,
    size_t len, unsigned count, uint8_t out[][HKDF_LEN]);

#endif
