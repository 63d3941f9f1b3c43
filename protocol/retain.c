/* SPDX-License-Identifier: ISC */
#include "protocol/retain.h"

#include <string.h>

#include "common/blob.h"
#include "common/mem.h"

/* What a record costs beside its bytes: its header, ring slot and rounding. */
#define OVERHEAD 64

/* The first ring: a conversation of keystrokes needs no more. */
#define FIRST_CAP 16

void
retain_init(struct retain *retain, uint64_t *total)
{
	memset(retain, 0, sizeof(*retain));
	retain->total = total;
}

void
retain_disown(struct retain *retain)
{
	if (retain->total != NULL) {
		*retain->total -= retain->bytes;
		retain->total = NULL;
	}
}

void
retain_end(struct retain *retain)
{
	(void)retain_acknowledge(retain, retain->next);
	mem_free(retain->ring);
	retain->ring = NULL;
	retain->cap = 0;
}

/* Count the bytes of a record that came (sign 1) or leaves (sign -1). */
static void
count(struct retain *retain, const struct blob *blob, int sign)
{
	uint64_t cost = blob_cap(blob) + OVERHEAD;
	uint64_t change = sign > 0 ? cost : -cost;

	retain->bytes += change;
	if (retain->total != NULL) {
		*retain->total += change;
	}
}

static struct blob **
slot(const struct retain *retain, uint64_t number)
{
	return &retain->ring[number & (retain->cap - 1)];
}

int
retain_reserve(struct retain *retain)
{
	struct retain larger = *retain;

	if (retain->next - retain->first < retain->cap) {
		return 0;
	}
	larger.cap = retain->cap > 0 ? retain->cap * 2 : FIRST_CAP;
	larger.ring = mem_new(larger.cap, sizeof(struct blob *));
	if (larger.ring == NULL) {
		return -1;
	}
	for (uint64_t n = retain->first; n < retain->next; n++) {
		*slot(&larger, n) = *slot(retain, n);
	}
	mem_free(retain->ring);
	*retain = larger;
	return 0;
}

void
retain_push(struct retain *retain, struct blob *blob)
{
	*slot(retain, retain->next) = blob_ref(blob);
	retain->next++;
	count(retain, blob, 1);
}

int
retain_acknowledge(struct retain *retain, uint64_t expected)
{
	if (expected < retain->first || expected > retain->next) {
		return -1;
	}
	while (retain->first < expected) {
		struct blob *blob = *slot(retain, retain->first);

		count(retain, blob, -1);
		blob_unref(blob);
		retain->first++;
	}
	return 0;
}

uint64_t
retain_first(const struct retain *retain)
{
	return retain->first;
}

uint64_t
retain_next(const struct retain *retain)
{
	return retain->next;
}

struct blob *
retain_get(const struct retain *retain, uint64_t number)
{
	if (number < retain->first || number >= retain->next) {
		return NULL;
	}
	return *slot(retain, number);
}

uint64_t
retain_bytes(const struct retain *retain)
{
	return retain->bytes;
}
