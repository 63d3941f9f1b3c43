/* SPDX-License-Identifier: ISC */
#include "protocol/hkdf.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/mem.h"

/* RFC 7693: the block of BLAKE2b, which HMAC pads its key to. */
#define BLOCK_LEN 128

void
hkdf_hmac(const uint8_t *key, size_t key_len, const uint8_t *data,
    size_t data_len, uint8_t out[HKDF_LEN])
{
	crypto_generichash_state state;
	uint8_t pad[BLOCK_LEN] = { 0 };
	uint8_t inner[HKDF_LEN];

	assert(key_len <= sizeof(pad));
	memcpy(pad, key, key_len);
	for (size_t i = 0; i < sizeof(pad); i++) {
		pad[i] ^= 0x36;
	}
	crypto_generichash_init(&state, NULL, 0, sizeof(inner));
	crypto_generichash_update(&state, pad, sizeof(pad));
	crypto_generichash_update(&state, data, data_len);
	crypto_generichash_final(&state, inner, sizeof(inner));
	for (size_t i = 0; i < sizeof(pad); i++) {
		pad[i] ^= 0x36 ^ 0x5c;
	}
	crypto_generichash_init(&state, NULL, 0, HKDF_LEN);
	crypto_generichash_update(&state, pad, sizeof(pad));
	crypto_generichash_update(&state, inner, sizeof(inner));
	crypto_generichash_final(&state, out, HKDF_LEN);
	mem_wipe(&state, sizeof(state));
	mem_wipe(pad, sizeof(pad));
	mem_wipe(inner, sizeof(inner));
}

void
hkdf_derive(const uint8_t chain[HKDF_LEN], const uint8_t *input, size_t len,
    unsigned count, uint8_t out[][HKDF_LEN])
{
	uint8_t secret[HKDF_LEN];
	uint8_t block[HKDF_LEN + 1];
	size_t used = 0;

	hkdf_hmac(chain, HKDF_LEN, input, len, secret);
	for (unsigned i = 0; i < count; i++) {
		block[used] = (uint8_t)(i + 1);
		hkdf_hmac(secret, sizeof(secret), block, used + 1, out[i]);
		memcpy(block, out[i], HKDF_LEN);
		used = HKDF_LEN;
	}
	mem_wipe(secret, sizeof(secret));
	mem_wipe(block, sizeof(block));
}
