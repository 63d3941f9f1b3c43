/* SPDX-License-Identifier: ISC */
#include "protocol/seal.h"

#include <sodium.h>
#include <string.h>

#include "common/mem.h"

/* Bytes of the key stream that secretbox spends on the Poly1305 key. */
#define AUTH_KEY_LEN 32

/* A block of the Salsa20 key stream. */
#define BLOCK_LEN 64

static const char ratchet_label[] = "inroad rekey 1";

static void
make_subkey(struct seal *seal)
{
	crypto_core_hsalsa20(seal->subkey, seal->head, seal->key, NULL);
}

/* Write the second part of the nonce of box number counter. */
static void
make_nonce(uint64_t counter, uint8_t nonce[8])
{
	for (unsigned i = 0; i < 8; i++) {
		nonce[i] = (uint8_t)(counter >> (8 * i));
	}
}

static size_t
min_len(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * The first block of the key stream gives the key of the authenticator and
 * covers the first 32 bytes of text; the rest is covered from block 1 on.
 */
void
seal_lock_at(
    const struct seal *seal, uint64_t counter, uint8_t *box, size_t len)
{
	uint8_t *text = box + SEAL_OVERHEAD;
	size_t first = min_len(len, BLOCK_LEN - AUTH_KEY_LEN);
	uint8_t block[BLOCK_LEN] = { 0 };
	uint8_t nonce[8];

	make_nonce(counter, nonce);
	memcpy(block + AUTH_KEY_LEN, text, first);
	crypto_stream_salsa20_xor(
	    block, block, AUTH_KEY_LEN + first, nonce, seal->subkey);
	memcpy(text, block + AUTH_KEY_LEN, first);
	if (len > first) {
		crypto_stream_salsa20_xor_ic(text + first, text + first,
		    len - first, nonce, 1, seal->subkey);
	}
	crypto_onetimeauth(box, text, len, block);
	mem_wipe(block, sizeof(block));
}

int
seal_open_at(
    const struct seal *seal, uint64_t counter, uint8_t *box, size_t len)
{
	uint8_t *text = box + SEAL_OVERHEAD;
	size_t first = min_len(len, BLOCK_LEN - AUTH_KEY_LEN);
	uint8_t block[BLOCK_LEN] = { 0 };
	uint8_t nonce[8];
	int result;

	make_nonce(counter, nonce);
	memcpy(block + AUTH_KEY_LEN, text, first);
	crypto_stream_salsa20_xor(
	    block, block, AUTH_KEY_LEN + first, nonce, seal->subkey);
	result = crypto_onetimeauth_verify(box, text, len, block);
	if (result == 0) {
		memcpy(text, block + AUTH_KEY_LEN, first);
		if (len > first) {
			crypto_stream_salsa20_xor_ic(text + first, text + first,
			    len - first, nonce, 1, seal->subkey);
		}
	}
	mem_wipe(block, sizeof(block));
	return result;
}

void
seal_init(struct seal *seal, const uint8_t key[SEAL_KEY_LEN],
    const uint8_t head[SEAL_HEAD_LEN])
{
	memcpy(seal->key, key, SEAL_KEY_LEN);
	memcpy(seal->head, head, SEAL_HEAD_LEN);
	seal->counter = 0;
	make_subkey(seal);
}

uint64_t
seal_counter(const struct seal *seal)
{
	return seal->counter;
}

void
seal_lock(struct seal *seal, uint8_t *box, size_t len)
{
	seal_lock_at(seal, seal->counter, box, len);
	seal->counter++;
}

int
seal_open(struct seal *seal, uint8_t *box, size_t len)
{
	if (seal_open_at(seal, seal->counter, box, len) != 0) {
		return -1;
	}
	seal->counter++;
	return 0;
}

void
seal_ratchet(struct seal *seal)
{
	uint8_t key[SEAL_KEY_LEN];

	crypto_generichash(key, sizeof(key), (const uint8_t *)ratchet_label,
	    sizeof(ratchet_label) - 1, seal->key, sizeof(seal->key));
	memcpy(seal->key, key, sizeof(key));
	mem_wipe(key, sizeof(key));
	make_subkey(seal);
}

void
seal_save(const struct seal *seal, uint8_t out[SEAL_STATE_LEN])
{
	memcpy(out, seal->key, SEAL_KEY_LEN);
	memcpy(out + SEAL_KEY_LEN, seal->head, SEAL_HEAD_LEN);
	make_nonce(seal->counter, out + SEAL_KEY_LEN + SEAL_HEAD_LEN);
}

void
seal_restore(struct seal *seal, const uint8_t in[SEAL_STATE_LEN])
{
	const uint8_t *counter = in + SEAL_KEY_LEN + SEAL_HEAD_LEN;

	seal_init(seal, in, in + SEAL_KEY_LEN);
	for (unsigned i = 0; i < 8; i++) {
		seal->counter |= (uint64_t)counter[i] << (8 * i);
	}
}

void
seal_wipe(struct seal *seal)
{
	mem_wipe(seal, sizeof(*seal));
}
