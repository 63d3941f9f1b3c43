/* SPDX-License-Identifier: ISC */
/*
 * idmap: from 32-bit numbers to objects.
 *
 * For channels and streams, which are looked up once a frame: one multiply and
 * usually one memory access.  The hash is multiply-shift with a random
 * multiplier a map, so a peer that chooses the numbers cannot choose the
 * collisions.  An empty map holds no table.  Number 0 is never a key; values
 * are never NULL and stay the caller's.
 */
#ifndef INROAD_COMMON_IDMAP_H
#define INROAD_COMMON_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap;

/* Return an empty map, or NULL. */
struct idmap *idmap_new(void);

/* Free map, not the values; NULL is allowed. */
void idmap_free(struct idmap *map);

/* Return the value of key, or NULL. */
void *idmap_get(const struct idmap *map, uint32_t key);

/*
 * Set the value of key.  Returns 0, or -1 when memory is short; the map is
 * then as it was.
 */
int idmap_put(struct idmap *map, uint32_t key, void *value);

/* Forget key and return its value, or NULL when it has none. */
void *idmap_remove(struct idmap *map, uint32_t key);

/* Return how many keys there are. */
size_t idmap_count(const struct idmap *map);

/*
 * Return any value, or NULL when map is empty: how an owner empties a map
 * whose values remove themselves.
 */
void *idmap_any(const struct idmap *map);

/*
 * Call visit(key, value, arg) for every key.  visit must not change the map.
 */
void idmap_each(const struct idmap *map,
    void (*visit)(uint32_t key, void *value, void *arg), void *arg);

#endif
