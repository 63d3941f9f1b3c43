/* SPDX-License-Identifier: ISC */
#include "relay/refusals.h"

#include "common/addr.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/ratelimit.h"
#include "common/table.h"

/* Where strangers come from. */
struct origin {
	struct table_node node; /* in refusals->origins; first: see key_of() */
	struct list recent;     /* in refusals->recent */
	uint64_t key;
	struct ratelimit bucket;
};

struct refusals {
	struct table *origins;
	struct list recent; /* the least recently refused one first */
	uint32_t max;
	struct ratelimit lines; /* of the log */
	uint64_t missed;
};

static struct table_key
key_of(const struct table_node *node)
{
	const struct origin *origin = (const struct origin *)(const void *)node;

	return (struct table_key){ .number = origin->key };
}

struct refusals *
refusals_new(uint32_t max, uint64_t now)
{
	struct refusals *refusals = mem_new(1, sizeof(*refusals));

	if (refusals == NULL) {
		return NULL;
	}
	refusals->max = max;
	list_init(&refusals->recent);
	ratelimit_init(
	    &refusals->lines, REFUSALS_LOG_RATE, REFUSALS_LOG_BURST, now);
	refusals->origins = table_new(key_of);
	if (refusals->origins == NULL) {
		mem_free(refusals);
		return NULL;
	}
	return refusals;
}

static void
forget(struct refusals *refusals, struct origin *origin)
{
	table_remove(refusals->origins, &origin->node);
	list_remove(&origin->recent);
	mem_free(origin);
}

void
refusals_free(struct refusals *refusals)
{
	struct list *node;

	if (refusals == NULL) {
		return;
	}
	for (node = list_first(&refusals->recent); node != NULL;
	     node = list_first(&refusals->recent)) {
		forget(refusals, list_entry(node, struct origin, recent));
	}
	table_free(refusals->origins);
	mem_free(refusals);
}

/* Return the origin with that key, made if need be, or NULL. */
static struct origin *
get(struct refusals *refusals, uint64_t number, uint64_t now)
{
	const struct table_key key = { .number = number };
	struct table_node *node = table_find(refusals->origins, &key);
	struct list *oldest;
	struct origin *origin;

	if (node != NULL) {
		origin = list_entry(node, struct origin, node);
		list_remove(&origin->recent);
		list_push_back(&refusals->recent, &origin->recent);
		return origin;
	}
	oldest = list_first(&refusals->recent);
	if (oldest != NULL && table_count(refusals->origins) >= refusals->max) {
		forget(refusals, list_entry(oldest, struct origin, recent));
	}
	origin = mem_new(1, sizeof(*origin));
	if (origin != NULL) {
		origin->key = number;
		ratelimit_init(
		    &origin->bucket, REFUSALS_RATE, REFUSALS_BURST, now);
		table_insert(refusals->origins, &origin->node);
		list_init(&origin->recent);
		list_push_back(&refusals->recent, &origin->recent);
	}
	return origin;
}

uint64_t
refusals_wait(struct refusals *refusals, const struct addr *peer, uint64_t now)
{
	struct origin *origin = get(refusals, addr_origin(peer), now);
	uint64_t wait;

	if (origin == NULL) {
		return REFUSALS_NEVER;
	}
	wait = ratelimit_wait(&origin->bucket, 1, now);
	if (wait > REFUSALS_WAIT_MAX) {
		return REFUSALS_NEVER;
	}
	ratelimit_charge(&origin->bucket, 1, now);
	return wait > REFUSALS_PAUSE ? wait : REFUSALS_PAUSE;
}

bool
refusals_log(struct refusals *refusals, uint64_t now, uint64_t *missed)
{
	if (!ratelimit_take(&refusals->lines, 1, now)) {
		refusals->missed++;
		return false;
	}
	*missed = refusals->missed;
	refusals->missed = 0;
	return true;
}
