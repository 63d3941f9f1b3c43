/* SPDX-License-Identifier: ISC */
#include "gateway/viamark.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"

#define NUMBER_LEN 8
#define HEX_LEN ((size_t)2 * NUMBER_LEN)

/* In front of both numbers, which stand without anything between them. */
static const char prefix[] = "inroad-";

#define PREFIX_LEN (sizeof(prefix) - 1)
#define MARK_LEN (PREFIX_LEN + 2 * HEX_LEN)

_Static_assert(MARK_LEN < VIAMARK_LEN, "a mark and its terminator fit");
_Static_assert(crypto_shorthash_BYTES == NUMBER_LEN, "a tag is as long");

struct viamark {
	uint8_t key[crypto_shorthash_KEYBYTES];
};

struct viamark *
viamark_new(void)
{
	struct viamark *viamark = mem_new(1, sizeof(*viamark));

	if (viamark != NULL) {
		crypto_shorthash_keygen(viamark->key);
	}
	return viamark;
}

void
viamark_free(struct viamark *viamark)
{
	if (viamark != NULL) {
		mem_wipe(viamark, sizeof(*viamark));
		mem_free(viamark);
	}
}

/* Write the mark of number to out. */
static char *
write_mark(const struct viamark *viamark, const uint8_t number[NUMBER_LEN],
    char out[VIAMARK_LEN])
{
	uint8_t tag[NUMBER_LEN];

	(void)crypto_shorthash(tag, number, NUMBER_LEN, viamark->key);
	memcpy(out, prefix, PREFIX_LEN);
	sodium_bin2hex(out + PREFIX_LEN, HEX_LEN + 1, number, NUMBER_LEN);
	sodium_bin2hex(
	    out + PREFIX_LEN + HEX_LEN, HEX_LEN + 1, tag, NUMBER_LEN);
	return out;
}

char *
viamark_make(const struct viamark *viamark, char out[VIAMARK_LEN])
{
	uint8_t number[NUMBER_LEN];

	randombytes_buf(number, sizeof(number));
	return write_mark(viamark, number, out);
}

/* Return true when the MARK_LEN bytes at text are a mark of ours. */
static bool
is_own(const struct viamark *viamark, const uint8_t *text)
{
	uint8_t number[NUMBER_LEN];
	char mark[VIAMARK_LEN];
	size_t len = 0;

	if (memcmp(text, prefix, PREFIX_LEN) != 0 ||
	    sodium_hex2bin(number, sizeof(number),
		(const char *)text + PREFIX_LEN, HEX_LEN, NULL, &len,
		NULL) != 0 ||
	    len != sizeof(number)) {
		return false;
	}
	return memcmp(text, write_mark(viamark, number, mark), MARK_LEN) == 0;
}

bool
viamark_is_in(const struct viamark *viamark, const uint8_t *value, size_t len)
{
	/* Wherever it stands: what is ours nobody else can have written. */
	for (size_t i = 0; i + MARK_LEN <= len; i++) {
		if (value[i] == (uint8_t)prefix[0] &&
		    is_own(viamark, value + i)) {
			return true;
		}
	}
	return false;
}
