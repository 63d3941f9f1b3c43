/* SPDX-License-Identifier: ISC */
#include "gateway/hosts.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"
#include "gateway/hosts_impl.h"
#include "gateway/loans.h"
#include "protocol/name.h"
#include "protocol/target.h"

/*
 * Letters compared with letters in search of the nearest name, at most: about
 * five milliseconds.
 */
#define NEAREST_WORK 1000000

/* Entries of an earlier list that are forgotten with each that is taken in. */
#define SWEEP 2

static struct table_key
entry_key(const struct table_node *node)
{
	const struct hosts_entry *entry =
	    (const struct hosts_entry *)(const void *)node;

	return (
	    struct table_key){ 0, entry->host.name, strlen(entry->host.name) };
}

_Static_assert(offsetof(struct hosts_entry, node) == 0,
    "the keys of nodes are found by a cast");

struct hosts *
hosts_new(void)
{
	struct hosts *hosts = mem_new(1, sizeof(*hosts));

	if (hosts == NULL) {
		return NULL;
	}
	list_init(&hosts->entries);
	hosts->by_name = table_new(entry_key);
	if (hosts->by_name == NULL) {
		mem_free(hosts);
		return NULL;
	}
	return hosts;
}

void
hosts_free(struct hosts *hosts)
{
	struct list *node;

	if (hosts == NULL) {
		return;
	}
	for (node = list_first(&hosts->entries); node != NULL;
	     node = list_first(&hosts->entries)) {
		list_remove(node);
		mem_free(list_entry(node, struct hosts_entry, all));
	}
	table_free(hosts->by_name);
	mem_free(hosts->order);
	mem_free(hosts);
}

/* --- entries --------------------------------------------------------- */

bool
hosts_is_listed(const struct hosts *hosts, const struct hosts_entry *entry)
{
	return entry->listed && entry->list == hosts->list;
}

/* Return the first entry by that name, of whomever, or NULL. */
static struct hosts_entry *
first_named(const struct hosts *hosts, const char *name)
{
	struct table_key key = { 0, name, strlen(name) };
	struct table_node *node = table_find(hosts->by_name, &key);

	return node != NULL ? list_entry(node, struct hosts_entry, node) : NULL;
}

/* Have room in the order for one more; 0 or -1. */
static int
grow_order(struct hosts *hosts)
{
	size_t max = hosts->order_max + hosts->order_max / 2 + 16;
	struct hosts_entry **order;

	if (hosts->count < hosts->order_max) {
		return 0;
	}
	order = mem_grow(hosts->order, max, sizeof(*order));
	if (order == NULL) {
		return -1;
	}
	hosts->order = order;
	hosts->order_max = max;
	return 0;
}

/* Return a new entry for owner and name, or NULL. */
static struct hosts_entry *
new_entry(struct hosts *hosts, const char *owner, const char *name)
{
	struct hosts_entry *first = first_named(hosts, name);
	struct hosts_entry *entry;

	if (hosts->count == HOSTS_MAX || grow_order(hosts) != 0) {
		return NULL;
	}
	entry = mem_new(1, sizeof(*entry));
	if (entry == NULL) {
		return NULL;
	}
	(void)snprintf(
	    entry->host.owner, sizeof(entry->host.owner), "%s", owner);
	(void)snprintf(entry->host.name, sizeof(entry->host.name), "%s", name);
	if (first != NULL) {
		entry->same = first->same;
		first->same = entry;
	} else {
		table_insert(hosts->by_name, &entry->node);
	}
	list_init(&entry->all);
	hosts->count++;
	hosts->is_ordered = false;
	return entry;
}

struct hosts_entry *
hosts_first(const struct hosts *hosts, const char *owner, const char *name)
{
	struct hosts_entry *entry = first_named(hosts, name);

	while (entry != NULL && strcmp(entry->host.owner, owner) != 0) {
		entry = entry->same;
	}
	return entry;
}

struct hosts_entry *
hosts_twin(const struct hosts_entry *entry)
{
	struct hosts_entry *next = entry->same;

	while (
	    next != NULL && strcmp(next->host.owner, entry->host.owner) != 0) {
		next = next->same;
	}
	return next;
}

struct hosts_entry *
hosts_get_entry(
    struct hosts *hosts, const char *owner, const char *name, uint8_t replica)
{
	struct hosts_entry *entry = hosts_first(hosts, owner, name);

	while (entry != NULL && entry->host.replica != replica) {
		entry = hosts_twin(entry);
	}
	if (entry == NULL) {
		entry = new_entry(hosts, owner, name);
		if (entry != NULL) {
			entry->host.replica = replica;
		}
	}
	if (entry != NULL) {
		entry->listed = hosts_is_listed(hosts, entry);
		entry->list = hosts->list;
		list_remove(&entry->all);
		list_push_back(&hosts->entries, &entry->all);
	}
	return entry;
}

/* Forget entry altogether. */
static void
remove_entry(struct hosts *hosts, struct hosts_entry *entry)
{
	struct hosts_entry *first = first_named(hosts, entry->host.name);

	if (first == entry) {
		table_remove(hosts->by_name, &entry->node);
		if (entry->same != NULL) {
			table_insert(hosts->by_name, &entry->same->node);
		}
	} else {
		while (first->same != entry) {
			first = first->same;
		}
		first->same = entry->same;
	}
	list_remove(&entry->all);
	hosts->count--;
	hosts->is_ordered = false;
	mem_free(entry);
}

void
hosts_drop_entry(struct hosts *hosts, struct hosts_entry *entry)
{
	entry->listed = false;
	entry->host.online = false;
	if (!entry->host.has_pin && entry->expects == 0) {
		remove_entry(hosts, entry);
	}
}

/* Forget some of what only an earlier list named. */
static void
sweep(struct hosts *hosts)
{
	for (int i = 0; i < SWEEP && !list_empty(&hosts->entries); i++) {
		struct hosts_entry *entry = list_entry(
		    list_first(&hosts->entries), struct hosts_entry, all);

		if (entry->list == hosts->list) {
			return;
		}
		entry->list = hosts->list;
		list_remove(&entry->all);
		list_push_back(&hosts->entries, &entry->all);
		hosts_drop_entry(hosts, entry);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct hosts_entry *one = *(struct hosts_entry *const *)a;
	const struct hosts_entry *two = *(struct hosts_entry *const *)b;
	int order = strcmp(one->host.name, two->host.name);

	if (order == 0) {
		order = strcmp(one->host.owner, two->host.owner);
	}
	return order != 0 ? order
			  : (int)one->host.replica - (int)two->host.replica;
}

void
hosts_put_in_order(struct hosts *hosts)
{
	struct list *node = list_first(&hosts->entries);
	size_t i = 0;

	if (hosts->is_ordered) {
		return;
	}
	for (; node != NULL; node = list_after(&hosts->entries, node)) {
		hosts->order[i++] = list_entry(node, struct hosts_entry, all);
	}
	if (i > 0) {
		qsort(hosts->order, i, sizeof(struct hosts_entry *), compare);
	}
	hosts->is_ordered = true;
}

/* --- the list -------------------------------------------------------- */

static int
apply_one(struct hosts *hosts, const struct linkmsg_host *told)
{
	struct hosts_entry *entry =
	    hosts_get_entry(hosts, told->owner, told->name, told->replica);
	bool was_online;

	if (entry == NULL) {
		return -1;
	}
	sweep(hosts);
	was_online = entry->host.online;
	if (told->state == LINKMSG_REMOVED) {
		hosts_drop_entry(hosts, entry);
		hosts_judge_pins(hosts, told->owner, told->name);
		return 0;
	}
	memcpy(entry->host.key, told->key, sizeof(entry->host.key));
	entry->listed = true;
	entry->host.online = told->state == LINKMSG_ONLINE;
	entry->host.last_contact = told->last_contact;
	hosts_judge_pins(hosts, told->owner, told->name);
	if (hosts->complete && hosts->changed != NULL &&
	    entry->host.online != was_online) {
		hosts->changed(&entry->host, hosts->arg);
	}
	return 0;
}

void
hosts_on_change(struct hosts *hosts,
    void (*changed)(const struct host *host, void *arg), void *arg)
{
	hosts->changed = changed;
	hosts->arg = arg;
}

/* What is known so far is of an earlier list. */
static void
begin_list(struct hosts *hosts)
{
	hosts->list++;
	hosts->complete = false;
}

int
hosts_apply(struct hosts *hosts, const uint8_t *payload, size_t len)
{
	struct linkmsg_host told;
	size_t offset = 1;
	int more;

	if (len < 1) {
		return -1;
	}
	if ((payload[0] & LINKMSG_HOSTS_FIRST) != 0) {
		begin_list(hosts);
	}
	for (more = linkmsg_host_next(&told, payload, len, &offset); more == 1;
	     more = linkmsg_host_next(&told, payload, len, &offset)) {
		if (apply_one(hosts, &told) != 0) {
			return -1;
		}
	}
	if ((payload[0] & LINKMSG_HOSTS_LAST) != 0) {
		hosts->complete = true;
	}
	return more;
}

void
hosts_clear(struct hosts *hosts)
{
	begin_list(hosts);
	hosts->relay = (struct host){ .name = "" };
}

void
hosts_set_relay(struct hosts *hosts, const uint8_t key[KEYS_LEN])
{
	hosts->relay = (struct host){
		.name = TARGET_RELAY,
		.online = true,
	};
	memcpy(hosts->relay.key, key, sizeof(hosts->relay.key));
}

bool
hosts_is_relay(const struct host *host)
{
	/* All others belong to an account. */
	return host->owner[0] == '\0';
}

bool
hosts_is_complete(const struct hosts *hosts)
{
	return hosts->complete;
}

/* How well entry serves: it is online, or at least its key is known. */
static int
rank(const struct hosts_entry *entry)
{
	return 2 * entry->host.online + !hosts_key_changed(&entry->host);
}

/* Return of the replicas that entry is one of the one that serves best. */
static struct hosts_entry *
best_of(const struct hosts *hosts, struct hosts_entry *entry)
{
	struct hosts_entry *best = NULL;

	for (entry = hosts_first(hosts, entry->host.owner, entry->host.name);
	     entry != NULL; entry = hosts_twin(entry)) {
		if (!hosts_is_listed(hosts, entry)) {
			continue;
		}
		if (best == NULL || rank(entry) > rank(best) ||
		    (rank(entry) == rank(best) &&
			entry->host.replica < best->host.replica)) {
			best = entry;
		}
	}
	return best;
}

struct hosts_entry *
hosts_find_entry(const struct hosts *hosts, const char *name)
{
	struct hosts_entry *entry = first_named(hosts, name);
	const struct loan *loan;

	if (strcmp(name, TARGET_RELAY) == 0) {
		return NULL;
	}
	while (entry != NULL && !(hosts_is_listed(hosts, entry) &&
				    hostsloans_is_own(hosts, entry))) {
		entry = entry->same;
	}
	loan = entry == NULL ? hostsloans_find(hosts, name) : NULL;
	if (loan != NULL) {
		entry = hostsloans_first(hosts, loan);
	}
	return entry != NULL ? best_of(hosts, entry) : NULL;
}

const struct host *
hosts_find(const struct hosts *hosts, const char *name)
{
	const struct hosts_entry *entry;
	struct loan *loan;

	if (strcmp(name, TARGET_RELAY) == 0) {
		return hosts->relay.name[0] != '\0' ? &hosts->relay : NULL;
	}
	entry = hosts_find_entry(hosts, name);
	if (entry != NULL && hostsloans_is_own(hosts, entry)) {
		return &entry->host;
	}
	loan = hostsloans_find(hosts, name);
	return loan != NULL ? hostsloans_view(hosts, loan, entry) : NULL;
}

/* Return the first entry of the host that is called name here, or NULL. */
static struct hosts_entry *
first_called(const struct hosts *hosts, const char *name)
{
	const struct hosts_entry *entry = hosts_find_entry(hosts, name);

	return entry != NULL
		   ? hosts_first(hosts, entry->host.owner, entry->host.name)
		   : NULL;
}

const struct host *
hosts_find_replica(const struct hosts *hosts, const char *name, uint8_t replica)
{
	const struct host *host = hosts_find(hosts, name);
	const struct hosts_entry *entry;

	if (host == NULL || host->replica == replica) {
		return host;
	}
	entry = first_called(hosts, name);
	while (entry != NULL && (entry->host.replica != replica ||
				    !hosts_is_listed(hosts, entry))) {
		entry = hosts_twin(entry);
	}
	if (entry == NULL || host->share == 0) {
		return entry != NULL ? &entry->host : NULL;
	}
	return hostsloans_view(hosts, hostsloans_find(hosts, name), entry);
}

void
hosts_count_replicas(
    const struct hosts *hosts, const char *name, struct hosts_count *out)
{
	const struct host *host = hosts_find(hosts, name);
	const struct hosts_entry *entry = NULL;

	*out = (struct hosts_count){ .listed = 0 };
	if (host != NULL) {
		entry = first_called(hosts, name);
	}
	for (; entry != NULL; entry = hosts_twin(entry)) {
		if (hosts_is_listed(hosts, entry)) {
			out->listed++;
			out->online += entry->host.online;
			out->refused += hosts_key_changed(&entry->host);
		}
	}
}

const char *
hosts_nearest(const struct hosts *hosts, const char *name)
{
	struct list *node = list_first(&hosts->entries);
	const size_t len = strlen(name);
	const char *nearest = NULL;
	unsigned best = NAME_FAR;
	size_t work = 0;

	for (; node != NULL && work < NEAREST_WORK;
	     node = list_after(&hosts->entries, node)) {
		const struct hosts_entry *entry =
		    list_entry(node, struct hosts_entry, all);

		work += len * strlen(entry->host.name);
		if (hosts_is_listed(hosts, entry) &&
		    hostsloans_is_own(hosts, entry) &&
		    name_is_nearer(name, entry->host.name, &best)) {
			nearest = entry->host.name;
		}
	}
	for (size_t i = 0; hostsloans_at(hosts, i) != NULL; i++) {
		const char *alias = hostsloans_at(hosts, i)->alias;

		if (name_is_nearer(name, alias, &best)) {
			nearest = alias;
		}
	}
	return nearest;
}

void
hosts_each(struct hosts *hosts,
    void (*visit)(const struct host *host, void *arg), void *arg)
{
	hosts_put_in_order(hosts);
	for (size_t i = 0; i < hosts->count; i++) {
		struct hosts_entry *entry = hosts->order[i];

		/* Once for all replicas: the best one stands for them. */
		if (hosts_is_listed(hosts, entry) &&
		    hostsloans_is_own(hosts, entry) &&
		    best_of(hosts, entry) == entry) {
			visit(&entry->host, arg);
		}
	}
	for (size_t i = 0; hostsloans_at(hosts, i) != NULL; i++) {
		const struct host *host =
		    hosts_find(hosts, hostsloans_at(hosts, i)->alias);

		/* One that an own host hides was visited as that. */
		if (host->share != 0) {
			visit(host, arg);
		}
	}
}
