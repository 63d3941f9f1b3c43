/* SPDX-License-Identifier: ISC */
#include "gateway/virtuals.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/idmap.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/table.h"
#include "gateway/proxytarget.h"

/* A range has room for many more names than are kept at a time. */
#define BITS_MAX 18

struct entry {
	struct table_node by_name;
	struct list used; /* in virtuals->used, last used first */
	uint32_t address;
	char name[];
};

struct virtuals {
	uint32_t base; /* of the range, host order */
	uint32_t size; /* 0: there is none */
	uint32_t last; /* offset of the address given last */
	struct table *names;
	struct idmap *addresses;
	struct list used;
};

static struct table_key
key_of(const struct table_node *node)
{
	/* The node is the first member. */
	const struct entry *entry = (const struct entry *)(const void *)node;

	return (struct table_key){ 0, entry->name, strlen(entry->name) };
}

/* Return the base address of range in host order. */
static uint32_t
base_of(const struct addr_prefix *range)
{
	uint8_t bytes[16];

	(void)addr_to_bytes(&range->base, bytes);
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

/* --- life ---------------------------------------------------------------- */

struct virtuals *
virtuals_new(void)
{
	struct virtuals *virtuals = mem_new(1, sizeof(*virtuals));

	if (virtuals == NULL) {
		return NULL;
	}
	list_init(&virtuals->used);
	virtuals->names = table_new(key_of);
	virtuals->addresses = idmap_new();
	if (virtuals->names == NULL || virtuals->addresses == NULL) {
		virtuals_free(virtuals);
		return NULL;
	}
	return virtuals;
}

static void
forget(struct virtuals *virtuals, struct entry *entry)
{
	table_remove(virtuals->names, &entry->by_name);
	(void)idmap_remove(virtuals->addresses, entry->address);
	list_remove(&entry->used);
	mem_free(entry);
}

static void
forget_all(struct virtuals *virtuals)
{
	struct list *node = list_first(&virtuals->used);

	for (; node != NULL; node = list_first(&virtuals->used)) {
		forget(virtuals, list_entry(node, struct entry, used));
	}
}

void
virtuals_free(struct virtuals *virtuals)
{
	if (virtuals == NULL) {
		return;
	}
	forget_all(virtuals);
	table_free(virtuals->names);
	idmap_free(virtuals->addresses);
	mem_free(virtuals);
}

const char *
virtuals_flaw(const struct addr_prefix *range)
{
	if (addr_family(&range->base) != AF_INET) {
		return "is no range of IPv4";
	}
	return range->bits > BITS_MAX
		   ? "has too few addresses; it takes a /18 or a wider one"
		   : NULL;
}

void
virtuals_set_range(struct virtuals *virtuals, const struct addr_prefix *range)
{
	uint32_t base = range != NULL ? base_of(range) : 0;
	uint32_t size = 0;

	if (range != NULL) {
		size = range->bits == 0 ? UINT32_MAX
					: UINT32_C(1) << (32 - range->bits);
	}
	if (base != virtuals->base || size != virtuals->size) {
		forget_all(virtuals);
		virtuals->base = base;
		virtuals->size = size;
		virtuals->last = 0;
	}
}

/* --- names --------------------------------------------------------------- */

static void
touch(struct virtuals *virtuals, struct entry *entry)
{
	list_remove(&entry->used);
	list_push_front(&virtuals->used, &entry->used);
}

static struct entry *
find(const struct virtuals *virtuals, const char *name)
{
	const struct table_key key = { 0, name, strlen(name) };
	struct table_node *node = table_find(virtuals->names, &key);

	return node != NULL ? list_entry(node, struct entry, by_name) : NULL;
}

/*
 * Return the next address that stands for no name.  The first and the last one
 * of a range are left out: they look like a network and its broadcast.
 */
static uint32_t
next_address(struct virtuals *virtuals)
{
	do {
		virtuals->last++;
		if (virtuals->last >= virtuals->size - 1) {
			virtuals->last = 1;
		}
	} while (idmap_get(virtuals->addresses,
		     virtuals->base + virtuals->last) != NULL);
	return virtuals->base + virtuals->last;
}

/* Give name, which has none, an address; or return NULL. */
static struct entry *
add(struct virtuals *virtuals, const char *name)
{
	size_t len = strlen(name);
	struct list *oldest = list_last(&virtuals->used);
	struct entry *entry = mem_new(1, sizeof(*entry) + len + 1);

	if (entry == NULL) {
		return NULL;
	}
	memcpy(entry->name, name, len + 1);
	entry->address = next_address(virtuals);
	if (idmap_put(virtuals->addresses, entry->address, entry) != 0) {
		mem_free(entry);
		return NULL;
	}
	if (table_count(virtuals->names) >= VIRTUALS_MAX && oldest != NULL) {
		forget(virtuals, list_entry(oldest, struct entry, used));
	}
	table_insert(virtuals->names, &entry->by_name);
	list_push_front(&virtuals->used, &entry->used);
	return entry;
}

int
virtuals_give(
    struct virtuals *virtuals, const char *name, struct proxy_target *out)
{
	struct entry *entry;
	uint8_t bytes[4];

	if (virtuals->size == 0) {
		return -1;
	}
	entry = find(virtuals, name);
	if (entry == NULL) {
		entry = add(virtuals, name);
	} else {
		touch(virtuals, entry);
	}
	if (entry == NULL) {
		return -1;
	}
	for (unsigned i = 0; i < 4; i++) {
		bytes[i] = (uint8_t)(entry->address >> (24 - 8 * i));
	}
	return proxytarget_set_address(out, bytes, sizeof(bytes), 0);
}

enum virtuals_result
virtuals_translate(struct virtuals *virtuals, struct proxy_target *target)
{
	struct addr addr;
	struct addr plain;
	struct addr_prefix whole = { .bits = 32 };
	struct entry *entry;
	uint32_t address;

	if (virtuals == NULL || proxytarget_addr(target, &addr) != 0) {
		return VIRTUALS_OTHER;
	}
	addr_unmap(&addr, &plain);
	if (addr_family(&plain) != AF_INET) {
		return VIRTUALS_OTHER;
	}
	whole.base = plain;
	address = base_of(&whole);
	if (address - virtuals->base >= virtuals->size) {
		return VIRTUALS_OTHER;
	}
	entry = idmap_get(virtuals->addresses, address);
	if (entry == NULL || proxytarget_set_host(target, entry->name,
				 strlen(entry->name), target->port) != 0) {
		return VIRTUALS_LOST;
	}
	touch(virtuals, entry);
	return VIRTUALS_NAME;
}
