/* SPDX-License-Identifier: ISC */
#include "protocol/dgramqueue.h"

#include <string.h>

#include "common/mem.h"
#include "protocol/dgram.h"
#include "protocol/limits.h"

struct item {
	struct list node;
	uint64_t since;
	size_t len;
	uint8_t payload[];
};

void
dgramqueue_init(struct dgramqueue *queue, uint64_t *total, uint64_t *dropped)
{
	list_init(&queue->items);
	queue->count = 0;
	queue->bytes = 0;
	queue->total = total;
	queue->dropped = dropped;
}

static struct item *
first(const struct dgramqueue *queue)
{
	struct list *node = list_first(&queue->items);

	return node != NULL ? list_entry(node, struct item, node) : NULL;
}

static void
take_out(struct dgramqueue *queue, struct item *item)
{
	list_remove(&item->node);
	queue->count--;
	queue->bytes -= item->len;
	*queue->total -= item->len;
	mem_free(item);
}

void
dgramqueue_pop(struct dgramqueue *queue)
{
	struct item *item = first(queue);

	if (item != NULL) {
		take_out(queue, item);
	}
}

static void
lose(struct dgramqueue *queue, struct item *item)
{
	(*queue->dropped)++;
	take_out(queue, item);
}

/* Return true when no len bytes more may wait. */
static bool
is_full(const struct dgramqueue *queue, size_t len)
{
	return queue->count >= LIMITS_DGRAM_QUEUE ||
	       queue->bytes + len > LIMITS_DGRAM_QUEUE_BYTES;
}

/* Return a datagram as it will be sent, or NULL. */
static struct item *
new_item(const struct dgram_address *address, const uint8_t *data, size_t len)
{
	uint8_t head[DGRAM_HEAD_MAX];
	size_t head_len = dgram_encode_head(address, head, sizeof(head));
	struct item *item;

	if (head_len == 0 || len > LIMITS_DGRAM_MAX) {
		return NULL;
	}
	item = mem_new(1, sizeof(*item) + head_len + len);
	if (item == NULL) {
		return NULL;
	}
	item->len = head_len + len;
	memcpy(item->payload, head, head_len);
	if (len > 0) {
		memcpy(item->payload + head_len, data, len);
	}
	return item;
}

int
dgramqueue_push(struct dgramqueue *queue, const struct dgram_address *address,
    const uint8_t *data, size_t len, uint64_t now_ns)
{
	struct item *item = new_item(address, data, len);
	struct item *oldest = first(queue);

	if (item == NULL) {
		(*queue->dropped)++;
		return -1;
	}
	while (oldest != NULL && is_full(queue, item->len)) {
		lose(queue, oldest);
		oldest = first(queue);
	}
	if (*queue->total + item->len > LIMITS_DGRAM_SESSION_BYTES) {
		(*queue->dropped)++;
		mem_free(item);
		return -1;
	}
	item->since = now_ns;
	list_push_back(&queue->items, &item->node);
	queue->count++;
	queue->bytes += item->len;
	*queue->total += item->len;
	return 0;
}

const uint8_t *
dgramqueue_first(struct dgramqueue *queue, uint64_t now_ns, size_t *len)
{
	struct item *item = first(queue);

	while (item != NULL && now_ns - item->since > LIMITS_DGRAM_AGE) {
		lose(queue, item);
		item = first(queue);
	}
	if (item == NULL) {
		return NULL;
	}
	*len = item->len;
	return item->payload;
}

void
dgramqueue_clear(struct dgramqueue *queue)
{
	struct item *item = first(queue);

	while (item != NULL) {
		lose(queue, item);
		item = first(queue);
	}
}

bool
dgramqueue_is_empty(const struct dgramqueue *queue)
{
	return queue->count == 0;
}
