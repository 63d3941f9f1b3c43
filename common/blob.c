/* SPDX-License-Identifier: ISC */
#include "common/blob.h"

#include <assert.h>
#include <stddef.h>

#include "common/mem.h"

/* Header and bytes are one allocation; a record costs one malloc in all. */
struct blob {
	uint32_t refs;
	uint32_t len;
	uint32_t cap;
	uint8_t data[];
};

struct blob *
blob_new(size_t cap)
{
	struct blob *blob;

	if (cap > UINT32_MAX) {
		return NULL;
	}
	/* Not zeroed: 16 KiB are about to be filled anyway. */
	blob = mem_grow(NULL, sizeof(*blob) + cap, 1);
	if (blob == NULL) {
		return NULL;
	}
	blob->refs = 1;
	blob->len = 0;
	blob->cap = (uint32_t)cap;
	return blob;
}

struct blob *
blob_ref(struct blob *blob)
{
	assert(blob->refs < UINT32_MAX);
	blob->refs++;
	return blob;
}

void
blob_unref(struct blob *blob)
{
	if (blob == NULL) {
		return;
	}
	assert(blob->refs > 0);
	blob->refs--;
	if (blob->refs == 0) {
		mem_free(blob);
	}
}

uint8_t *
blob_data(struct blob *blob)
{
	return blob->data;
}

size_t
blob_len(const struct blob *blob)
{
	return blob->len;
}

size_t
blob_cap(const struct blob *blob)
{
	return blob->cap;
}

void
blob_set_len(struct blob *blob, size_t len)
{
	assert(len <= blob->cap);
	blob->len = (uint32_t)len;
}

struct blob *
blob_trim(struct blob *blob)
{
	struct blob *small;

	assert(blob->refs == 1);
	if (blob->len >= blob->cap - blob->len) {
		return blob;
	}
	small = mem_grow(blob, sizeof(*blob) + blob->len, 1);
	if (small == NULL) {
		return blob;
	}
	small->cap = small->len;
	return small;
}
