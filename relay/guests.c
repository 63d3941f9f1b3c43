/* SPDX-License-Identifier: ISC */
#include "relay/guests.h"

#include "common/addr.h"
#include "common/mem.h"
#include "common/table.h"

/* An address that guests come from; it exists while there are any. */
struct guests_origin {
	struct table_node node; /* in guests->origins; first: see key_of() */
	uint64_t key;
	uint32_t count;
	struct list members; /* its guests, the oldest first */
	struct list peers;   /* in guests->by_count[count] */
};

struct guests {
	struct table *origins;
	uint32_t max;
	uint32_t count;
	uint32_t most; /* the greatest count of an origin */
	/* Origins by how many guests they have; 16 bytes a place. */
	struct list by_count[];
};

static struct table_key
key_of(const struct table_node *node)
{
	const struct guests_origin *origin =
	    (const struct guests_origin *)(const void *)node;

	return (struct table_key){ .number = origin->key };
}

struct guests *
guests_new(uint32_t max)
{
	struct guests *guests = mem_new(1,
	    sizeof(*guests) + ((size_t)max + 1) * sizeof(guests->by_count[0]));

	if (guests == NULL) {
		return NULL;
	}
	guests->max = max;
	for (uint32_t i = 0; i <= max; i++) {
		list_init(&guests->by_count[i]);
	}
	guests->origins = table_new(key_of);
	if (guests->origins == NULL) {
		mem_free(guests);
		return NULL;
	}
	return guests;
}

void
guests_free(struct guests *guests)
{
	if (guests != NULL) {
		table_free(guests->origins);
		mem_free(guests);
	}
}

struct guest *
guests_due(const struct guests *guests, uint32_t *count)
{
	struct list *fullest = list_first(&guests->by_count[guests->most]);
	struct guests_origin *origin;

	if (guests->count < guests->max || fullest == NULL) {
		return NULL;
	}
	origin = list_entry(fullest, struct guests_origin, peers);
	*count = origin->count;
	return list_entry(list_first(&origin->members), struct guest, node);
}

/* Origin has now count guests, one more or less than before. */
static void
recount(struct guests *guests, struct guests_origin *origin, uint32_t count)
{
	list_remove(&origin->peers);
	origin->count = count;
	if (count > 0) {
		list_push_back(&guests->by_count[count], &origin->peers);
	}
	if (count > guests->most ||
	    list_empty(&guests->by_count[guests->most])) {
		guests->most = count;
	}
}

static struct guests_origin *
get_origin(struct guests *guests, uint64_t number)
{
	const struct table_key key = { .number = number };
	struct table_node *node = table_find(guests->origins, &key);
	struct guests_origin *origin;

	if (node != NULL) {
		return list_entry(node, struct guests_origin, node);
	}
	origin = mem_new(1, sizeof(*origin));
	if (origin != NULL) {
		origin->key = number;
		list_init(&origin->members);
		list_init(&origin->peers);
		table_insert(guests->origins, &origin->node);
	}
	return origin;
}

int
guests_enter(
    struct guests *guests, struct guest *guest, const struct addr *peer)
{
	struct guests_origin *origin = NULL;

	if (guests->count < guests->max) {
		origin = get_origin(guests, addr_origin(peer));
	}
	if (origin == NULL) {
		return -1;
	}
	guest->origin = origin;
	list_push_back(&origin->members, &guest->node);
	recount(guests, origin, origin->count + 1);
	guests->count++;
	return 0;
}

void
guests_leave(struct guests *guests, struct guest *guest)
{
	struct guests_origin *origin = guest->origin;

	if (origin == NULL) {
		return;
	}
	guest->origin = NULL;
	list_remove(&guest->node);
	recount(guests, origin, origin->count - 1);
	guests->count--;
	if (origin->count == 0) {
		table_remove(guests->origins, &origin->node);
		mem_free(origin);
	}
}

uint32_t
guests_count(const struct guests *guests)
{
	return guests->count;
}
