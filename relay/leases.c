/* SPDX-License-Identifier: ISC */
#include "relay/leases.h"

#include <stdbool.h>

#include "common/list.h"
#include "common/mem.h"
#include "protocol/shaper.h"
#include "relay/toll.h"

struct leases {
	struct loop *loop;
	struct list all;
};

struct lease {
	uint64_t share;
	struct toll *tolls[TENANT_WAYS];
	unsigned channels;
	bool over; /* the share is */
	struct list all;
};

struct leases *
leases_new(struct loop *loop)
{
	struct leases *leases = mem_new(1, sizeof(*leases));

	if (leases != NULL) {
		leases->loop = loop;
		list_init(&leases->all);
	}
	return leases;
}

static void
drop(struct lease *lease)
{
	for (int way = 0; way < TENANT_WAYS; way++) {
		toll_free(lease->tolls[way]);
	}
	list_remove(&lease->all);
	mem_free(lease);
}

void
leases_free(struct leases *leases)
{
	if (leases == NULL) {
		return;
	}
	while (!list_empty(&leases->all)) {
		drop(list_entry(list_first(&leases->all), struct lease, all));
	}
	mem_free(leases);
}

/* Return the lease of share that is not over, or NULL. */
static struct lease *
find(const struct leases *leases, uint64_t share)
{
	struct list *node = list_first(&leases->all);

	for (; node != NULL; node = list_after(&leases->all, node)) {
		struct lease *lease = list_entry(node, struct lease, all);

		if (lease->share == share && !lease->over) {
			return lease;
		}
	}
	return NULL;
}

static struct lease *
add(struct leases *leases, uint64_t share, uint64_t rate)
{
	struct lease *lease = mem_new(1, sizeof(*lease));

	if (lease == NULL) {
		return NULL;
	}
	list_init(&lease->all);
	lease->share = share;
	for (int way = 0; way < TENANT_WAYS; way++) {
		lease->tolls[way] = toll_new(leases->loop, NULL, NULL);
		if (lease->tolls[way] == NULL) {
			drop(lease);
			return NULL;
		}
		toll_set(lease->tolls[way], rate, shaper_burst(rate));
	}
	list_push_back(&leases->all, &lease->all);
	return lease;
}

struct lease *
leases_get(struct leases *leases, uint64_t share, uint64_t rate)
{
	struct lease *lease = find(leases, share);

	if (lease == NULL) {
		lease = add(leases, share, rate);
	}
	if (lease != NULL) {
		lease->channels++;
	}
	return lease;
}

void
leases_put(struct lease *lease)
{
	if (lease != NULL && --lease->channels == 0 && lease->over) {
		drop(lease);
	}
}

void
leases_end(struct leases *leases, uint64_t share)
{
	struct lease *lease = find(leases, share);

	if (lease != NULL) {
		lease->over = true;
		if (lease->channels == 0) {
			drop(lease);
		}
	}
}

struct toll *
leases_toll(struct lease *lease, enum tenant_way way)
{
	return lease != NULL ? lease->tolls[way] : NULL;
}
