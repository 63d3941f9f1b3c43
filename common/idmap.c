/* SPDX-License-Identifier: ISC */
#include "common/idmap.h"

#include <sodium.h>

#include "common/mem.h"

struct idmap_slot {
	uint32_t key; /* 0: free */
	void *value;
};

struct idmap {
	struct idmap_slot *slots;
	unsigned bits; /* there are 1 << bits slots, if any */
	size_t count;
	uint64_t multiplier; /* odd */
};

#define FIRST_BITS 3

static size_t
mask(const struct idmap *map)
{
	return ((size_t)1 << map->bits) - 1;
}

static size_t
home(const struct idmap *map, uint32_t key)
{
	return (size_t)((key * map->multiplier) >> (64 - map->bits));
}

struct idmap *
idmap_new(void)
{
	struct idmap *map = mem_new(1, sizeof(*map));

	if (map != NULL) {
		randombytes_buf(&map->multiplier, sizeof(map->multiplier));
		map->multiplier |= 1;
	}
	return map;
}

void
idmap_free(struct idmap *map)
{
	if (map != NULL) {
		mem_free(map->slots);
		mem_free(map);
	}
}

/* The slot that holds key, or the free one where it would go. */
static struct idmap_slot *
probe(const struct idmap *map, uint32_t key)
{
	size_t i = home(map, key);

	while (map->slots[i].key != 0 && map->slots[i].key != key) {
		i = (i + 1) & mask(map);
	}
	return &map->slots[i];
}

void *
idmap_get(const struct idmap *map, uint32_t key)
{
	if (map->slots == NULL || key == 0) {
		return NULL;
	}
	return probe(map, key)->value;
}

static int
resize(struct idmap *map, unsigned bits)
{
	struct idmap larger = *map;

	larger.bits = bits;
	larger.slots = mem_new((size_t)1 << bits, sizeof(struct idmap_slot));
	if (larger.slots == NULL) {
		return -1;
	}
	for (size_t i = 0; map->slots != NULL && i <= mask(map); i++) {
		if (map->slots[i].key != 0) {
			*probe(&larger, map->slots[i].key) = map->slots[i];
		}
	}
	mem_free(map->slots);
	*map = larger;
	return 0;
}

int
idmap_put(struct idmap *map, uint32_t key, void *value)
{
	struct idmap_slot *slot;

	if (key == 0 || value == NULL) {
		return -1;
	}
	if (map->slots == NULL && resize(map, FIRST_BITS) != 0) {
		return -1;
	}
	/* At most three quarters full, so that a probe soon finds its end. */
	if ((map->count + 1) * 4 > (mask(map) + 1) * 3 &&
	    resize(map, map->bits + 1) != 0) {
		return -1;
	}
	slot = probe(map, key);
	if (slot->key == 0) {
		map->count++;
	}
	slot->key = key;
	slot->value = value;
	return 0;
}

/* Close the gap at i: pull back what its probing would no longer find. */
static void
close_gap(struct idmap *map, size_t gap)
{
	size_t i = (gap + 1) & mask(map);

	while (map->slots[i].key != 0) {
		size_t from_home =
		    (i - home(map, map->slots[i].key)) & mask(map);
		size_t from_gap = (i - gap) & mask(map);

		if (from_home >= from_gap) {
			map->slots[gap] = map->slots[i];
			gap = i;
		}
		i = (i + 1) & mask(map);
	}
	map->slots[gap] = (struct idmap_slot){ 0 };
}

void *
idmap_remove(struct idmap *map, uint32_t key)
{
	struct idmap_slot *slot;
	void *value;

	if (map->slots == NULL || key == 0) {
		return NULL;
	}
	slot = probe(map, key);
	value = slot->value;
	if (slot->key == 0) {
		return NULL;
	}
	close_gap(map, (size_t)(slot - map->slots));
	map->count--;
	if (map->count == 0) {
		mem_free(map->slots);
		map->slots = NULL;
	}
	return value;
}

size_t
idmap_count(const struct idmap *map)
{
	return map->count;
}

void *
idmap_any(const struct idmap *map)
{
	for (size_t i = 0; map->slots != NULL && i <= mask(map); i++) {
		if (map->slots[i].key != 0) {
			return map->slots[i].value;
		}
	}
	return NULL;
}

void
idmap_each(const struct idmap *map,
    void (*visit)(uint32_t key, void *value, void *arg), void *arg)
{
	for (size_t i = 0; map->slots != NULL && i <= mask(map); i++) {
		if (map->slots[i].key != 0) {
			visit(map->slots[i].key, map->slots[i].value, arg);
		}
	}
}
