/* SPDX-License-Identifier: ISC */

#include "common/table.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "common/mem.h"

/* Buckets of an empty table; always a power of two. */
#define TABLE_BUCKETS_MIN 16

/*
 * How many old buckets each change moves.  Doubling a million at once takes
 * 100 ms, nearly all of it waiting for the memory of members; sixteen take 2 us
 * and are enough for the move to be over long before the next one is due.
 */
#define TABLE_STEP 16

/* Buckets and one less than their number. */
struct table_array {
	struct table_node **buckets;
	size_t mask;
};

/*
 * While members move from `old` to `now`, those whose old bucket is below
 * `moved` are in `now` already; buckets of `old` are NULL when nothing moves.
 */
struct table {
	table_key_of *key_of;
	struct table_array now;
	struct table_array old;
	size_t moved;
	size_t count;
	bool visiting; /* nothing moves under table_each() */
	uint8_t secret[crypto_shorthash_KEYBYTES];
};

struct table *
table_new(table_key_of *key_of)
{
	struct table *table = mem_new(1, sizeof(*table));

	if (table == NULL) {
		return NULL;
	}
	table->now.mask = TABLE_BUCKETS_MIN - 1;
	table->now.buckets =
	    mem_new(TABLE_BUCKETS_MIN, sizeof(*table->now.buckets));
	if (table->now.buckets == NULL) {
		mem_free(table);
		return NULL;
	}
	table->key_of = key_of;
	randombytes_buf(table->secret, sizeof(table->secret));
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL) {
		return;
	}
	mem_free(table->now.buckets);
	mem_free(table->old.buckets);
	mem_free(table);
}

/* Return the bucket of hash. */
static struct table_node **
bucket_of(const struct table *table, uint64_t hash)
{
	if (table->old.buckets != NULL &&
	    (hash & table->old.mask) >= table->moved) {
		return &table->old.buckets[hash & table->old.mask];
	}
	return &table->now.buckets[hash & table->now.mask];
}

static uint64_t
hash_of(const struct table *table, const struct table_key *key)
{
	uint8_t secret[crypto_shorthash_KEYBYTES];
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t number;
	uint64_t hash;

	/* The number becomes a part of the secret: one call hashes both. */
	memcpy(secret, table->secret, sizeof(secret));
	memcpy(&number, secret, sizeof(number));
	number ^= key->number;
	memcpy(secret, &number, sizeof(number));
	crypto_shorthash(out, key->bytes, key->len, secret);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

static bool
same_key(const struct table_key *a, const struct table_key *b)
{
	return a->number == b->number && a->len == b->len &&
	       (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

struct table_node *
table_find(const struct table *table, const struct table_key *key)
{
	uint64_t hash = hash_of(table, key);
	struct table_node *node = *bucket_of(table, hash);

	for (; node != NULL; node = node->next) {
		struct table_key other;

		if (node->hash != hash) {
			continue;
		}
		other = table->key_of(node);
		if (same_key(&other, key)) {
			return node;
		}
	}
	return NULL;
}

static void
link_in(struct table_node **bucket, struct table_node *node)
{
	node->next = *bucket;
	*bucket = node;
}

/*
 * Move the members of one old bucket so that the first of equal keys stays the
 * first: link_in() reverses a chain, so it is reversed once before.
 */
static void
spread(struct table_node *node, const struct table_array *to)
{
	struct table_node *reversed = NULL;
	struct table_node *next;

	for (; node != NULL; node = next) {
		next = node->next;
		link_in(&reversed, node);
	}
	for (node = reversed; node != NULL; node = next) {
		next = node->next;
		link_in(&to->buckets[node->hash & to->mask], node);
	}
}

/* Begin to move to mask + 1 buckets, or leave everything as it is. */
static void
begin_move(struct table *table, size_t mask)
{
	struct table_node **buckets = mem_new(mask + 1, sizeof(*buckets));

	if (buckets == NULL) {
		return;
	}
	table->old = table->now;
	table->now.buckets = buckets;
	table->now.mask = mask;
	table->moved = 0;
}

/* Go on with a move. */
static void
step(struct table *table)
{
	size_t end = table->moved + TABLE_STEP;

	for (; table->moved < end && table->moved <= table->old.mask;
	     table->moved++) {
		spread(table->old.buckets[table->moved], &table->now);
	}
	if (table->moved > table->old.mask) {
		mem_free(table->old.buckets);
		table->old.buckets = NULL;
	}
}

/* Let the buckets follow the number of members, after it changed. */
static void
adapt(struct table *table)
{
	size_t mask = table->now.mask;

	if (table->visiting) {
		return;
	}
	if (table->old.buckets != NULL) {
		step(table);
	} else if (table->count > mask + 1) {
		begin_move(table, mask * 2 + 1);
	} else if (table->count < mask / 8 && mask >= TABLE_BUCKETS_MIN) {
		begin_move(table, mask / 2);
	}
}

void
table_insert(struct table *table, struct table_node *node)
{
	struct table_key key = table->key_of(node);

	node->hash = hash_of(table, &key);
	link_in(bucket_of(table, node->hash), node);
	table->count++;
	adapt(table);
}

void
table_remove(struct table *table, struct table_node *node)
{
	struct table_node **at = bucket_of(table, node->hash);

	while (*at != node) {
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	table->count--;
	adapt(table);
}

size_t
table_count(const struct table *table)
{
	return table->count;
}

/* Visit the members in the buckets of array from first on. */
static void
visit_array(const struct table_array *array, size_t first, table_visit *visit,
    void *arg)
{
	struct table_node *next;

	for (size_t i = first; i <= array->mask; i++) {
		struct table_node *node = array->buckets[i];

		for (; node != NULL; node = next) {
			next = node->next;
			visit(node, arg);
		}
	}
}

void
table_each(struct table *table, table_visit *visit, void *arg)
{
	bool nested = table->visiting;

	table->visiting = true;
	visit_array(&table->now, 0, visit, arg);
	if (table->old.buckets != NULL) {
		visit_array(&table->old, table->moved, visit, arg);
	}
	table->visiting = nested;
}
