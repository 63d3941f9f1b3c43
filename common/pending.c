/* SPDX-License-Identifier: ISC */
#include "common/pending.h"

#include <string.h>

#include "common/mem.h"

struct item {
	struct list node;
	uint64_t since;
	size_t len;
	uint8_t data[];
};

void
pending_init(struct pending *pending)
{
	list_init(&pending->items);
	pending->count = 0;
	pending->bytes = 0;
}

int
pending_put(
    struct pending *pending, const uint8_t *data, size_t len, uint64_t now_ns)
{
	struct item *item;

	if (pending->count >= PENDING_MAX ||
	    pending->bytes + len > PENDING_BYTES) {
		return -1;
	}
	item = mem_new(1, sizeof(*item) + len);
	if (item == NULL) {
		return -1;
	}
	item->since = now_ns;
	item->len = len;
	if (len > 0) {
		memcpy(item->data, data, len);
	}
	list_push_back(&pending->items, &item->node);
	pending->count++;
	pending->bytes += len;
	return 0;
}

size_t
pending_flush(
    struct pending *pending, uint64_t now_ns, pending_each *each, void *arg)
{
	struct list *node = list_first(&pending->items);
	size_t lost = 0;

	while (node != NULL) {
		struct item *item = list_entry(node, struct item, node);

		list_remove(node);
		pending->count--;
		pending->bytes -= item->len;
		if (each != NULL && now_ns - item->since <= PENDING_AGE) {
			each(arg, item->data, item->len);
		} else {
			lost++;
		}
		mem_free(item);
		node = list_first(&pending->items);
	}
	return lost;
}
