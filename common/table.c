/* SPDX-License-Identifier: ISC */

#include "common/table.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "common/mem.h"

/* Buckets of an empty table; always a power of two. */
#define TABLE_BUCKETS_MIN 16

struct table {
	table_key_of *key_of;
	struct table_node **buckets;
	size_t mask;
	size_t count;
	uint8_t secret[crypto_shorthash_KEYBYTES];
};

struct table *
table_new(table_key_of *key_of)
{
	struct table *table = mem_new(1, sizeof(*table));

	if (table == NULL) {
		return NULL;
	}
	table->buckets = mem_new(TABLE_BUCKETS_MIN, sizeof(*table->buckets));
	if (table->buckets == NULL) {
		mem_free(table);
		return NULL;
	}
	table->key_of = key_of;
	table->mask = TABLE_BUCKETS_MIN - 1;
	randombytes_buf(table->secret, sizeof(table->secret));
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL) {
		return;
	}
	mem_free(table->buckets);
	mem_free(table);
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
	struct table_node *node = table->buckets[hash & table->mask];

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
spread(struct table_node *node, struct table_node **buckets, size_t mask)
{
	struct table_node *reversed = NULL;
	struct table_node *next;

	for (; node != NULL; node = next) {
		next = node->next;
		link_in(&reversed, node);
	}
	for (node = reversed; node != NULL; node = next) {
		next = node->next;
		link_in(&buckets[node->hash & mask], node);
	}
}

/* Double the buckets, or leave everything as it is. */
static void
grow(struct table *table)
{
	size_t mask = table->mask * 2 + 1;
	struct table_node **buckets = mem_new(mask + 1, sizeof(*buckets));

	if (buckets == NULL) {
		return;
	}
	for (size_t i = 0; i <= table->mask; i++) {
		spread(table->buckets[i], buckets, mask);
	}
	mem_free(table->buckets);
	table->buckets = buckets;
	table->mask = mask;
}

void
table_insert(struct table *table, struct table_node *node)
{
	struct table_key key = table->key_of(node);

	if (table->count > table->mask) {
		grow(table);
	}
	node->hash = hash_of(table, &key);
	link_in(&table->buckets[node->hash & table->mask], node);
	table->count++;
}

void
table_remove(struct table *table, struct table_node *node)
{
	struct table_node **at = &table->buckets[node->hash & table->mask];

	while (*at != node) {
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	table->count--;
}

size_t
table_count(const struct table *table)
{
	return table->count;
}

void
table_each(struct table *table, table_visit *visit, void *arg)
{
	struct table_node *next;

	for (size_t i = 0; i <= table->mask; i++) {
		struct table_node *node = table->buckets[i];

		for (; node != NULL; node = next) {
			next = node->next;
			visit(node, arg);
		}
	}
}
