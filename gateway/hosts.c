/* SPDX-License-Identifier: ISC */
#include "gateway/hosts.h"

#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"
#include "common/table.h"
#include "protocol/name.h"
#include "protocol/target.h"

/* A pin line: "owner/name key\n". */
#define PIN_LINE_MAX (NAME_USER_MAX + 1 + NAME_HOST_MAX + 1 + 2 * KEYS_LEN + 1)

/*
 * Letters compared with letters in search of the nearest name, at most: about
 * five milliseconds.
 */
#define NEAREST_WORK 1000000

/* Entries of an earlier list that are forgotten with each that is taken in. */
#define SWEEP 2

struct entry {
	struct table_node node; /* in hosts->by_name, as the first of a name */
	struct entry *same;     /* the next by that name, of another owner */
	struct list all;        /* in hosts->entries */
	uint64_t list;          /* the number of the last list with it */
	bool listed;            /* in that */
	struct host host;
};

struct hosts {
	struct table *by_name;
	struct list entries; /* those of earlier lists in front */
	uint64_t list;       /* the number of the present list */
	bool complete;
	struct host relay; /* its name is empty before hosts_set_relay() */
	/* All entries, by name once that is asked for. */
	struct entry **order;
	size_t count;
	size_t order_max;
	bool is_ordered;
};

static struct table_key
entry_key(const struct table_node *node)
{
	const struct entry *entry = (const struct entry *)(const void *)node;

	return (
	    struct table_key){ 0, entry->host.name, strlen(entry->host.name) };
}

_Static_assert(
    offsetof(struct entry, node) == 0, "the keys of nodes are found by a cast");

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
		mem_free(list_entry(node, struct entry, all));
	}
	table_free(hosts->by_name);
	mem_free(hosts->order);
	mem_free(hosts);
}

/* --- entries --------------------------------------------------------- */

static bool
is_listed(const struct hosts *hosts, const struct entry *entry)
{
	return entry->listed && entry->list == hosts->list;
}

/* Return the first entry by that name, of whomever, or NULL. */
static struct entry *
head(const struct hosts *hosts, const char *name)
{
	struct table_key key = { 0, name, strlen(name) };
	struct table_node *node = table_find(hosts->by_name, &key);

	return node != NULL ? list_entry(node, struct entry, node) : NULL;
}

/* Have room in the order for one more; 0 or -1. */
static int
grow_order(struct hosts *hosts)
{
	size_t max = hosts->order_max + hosts->order_max / 2 + 16;
	struct entry **order;

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
static struct entry *
new_entry(struct hosts *hosts, const char *owner, const char *name)
{
	struct entry *first = head(hosts, name);
	struct entry *entry;

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

/*
 * Return the entry for owner and name, made when there is none, or NULL.  It is
 * then one of the present list, listed in it or not.
 */
static struct entry *
get(struct hosts *hosts, const char *owner, const char *name)
{
	struct entry *entry = head(hosts, name);

	while (entry != NULL && strcmp(entry->host.owner, owner) != 0) {
		entry = entry->same;
	}
	if (entry == NULL) {
		entry = new_entry(hosts, owner, name);
	}
	if (entry != NULL) {
		entry->listed = is_listed(hosts, entry);
		entry->list = hosts->list;
		list_remove(&entry->all);
		list_push_back(&hosts->entries, &entry->all);
	}
	return entry;
}

/* Forget entry altogether. */
static void
remove_entry(struct hosts *hosts, struct entry *entry)
{
	struct entry *first = head(hosts, entry->host.name);

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

static void
drop(struct hosts *hosts, struct entry *entry)
{
	entry->listed = false;
	if (!entry->host.has_pin) {
		remove_entry(hosts, entry);
	}
}

/* Forget some of what only an earlier list named. */
static void
sweep(struct hosts *hosts)
{
	for (int i = 0; i < SWEEP && !list_empty(&hosts->entries); i++) {
		struct entry *entry =
		    list_entry(list_first(&hosts->entries), struct entry, all);

		if (entry->list == hosts->list) {
			return;
		}
		entry->list = hosts->list;
		list_remove(&entry->all);
		list_push_back(&hosts->entries, &entry->all);
		drop(hosts, entry);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct entry *one = *(struct entry *const *)a;
	const struct entry *two = *(struct entry *const *)b;
	int by_name = strcmp(one->host.name, two->host.name);

	return by_name != 0 ? by_name
			    : strcmp(one->host.owner, two->host.owner);
}

/* Put all entries into the order. */
static void
put_in_order(struct hosts *hosts)
{
	struct list *node = list_first(&hosts->entries);
	size_t i = 0;

	if (hosts->is_ordered) {
		return;
	}
	for (; node != NULL; node = list_after(&hosts->entries, node)) {
		hosts->order[i++] = list_entry(node, struct entry, all);
	}
	if (i > 0) {
		qsort(hosts->order, i, sizeof(struct entry *), compare);
	}
	hosts->is_ordered = true;
}

/* --- the list -------------------------------------------------------- */

static int
apply_one(struct hosts *hosts, const struct linkmsg_host *told)
{
	struct entry *entry = get(hosts, told->owner, told->name);

	if (entry == NULL) {
		return -1;
	}
	sweep(hosts);
	if (told->state == LINKMSG_REMOVED) {
		drop(hosts, entry);
		return 0;
	}
	memcpy(entry->host.key, told->key, sizeof(entry->host.key));
	entry->listed = true;
	entry->host.online = told->state == LINKMSG_ONLINE;
	entry->host.last_contact = told->last_contact;
	return 0;
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

static struct entry *
find(const struct hosts *hosts, const char *name)
{
	struct entry *entry = head(hosts, name);

	if (strcmp(name, TARGET_RELAY) == 0) {
		return NULL;
	}
	while (entry != NULL && !is_listed(hosts, entry)) {
		entry = entry->same;
	}
	return entry;
}

const struct host *
hosts_find(const struct hosts *hosts, const char *name)
{
	const struct entry *entry;

	if (strcmp(name, TARGET_RELAY) == 0) {
		return hosts->relay.name[0] != '\0' ? &hosts->relay : NULL;
	}
	entry = find(hosts, name);
	return entry != NULL ? &entry->host : NULL;
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
		const struct entry *entry = list_entry(node, struct entry, all);

		work += len * strlen(entry->host.name);
		if (is_listed(hosts, entry) &&
		    name_is_nearer(name, entry->host.name, &best)) {
			nearest = entry->host.name;
		}
	}
	return nearest;
}

void
hosts_each(struct hosts *hosts,
    void (*visit)(const struct host *host, void *arg), void *arg)
{
	put_in_order(hosts);
	for (size_t i = 0; i < hosts->count; i++) {
		if (is_listed(hosts, hosts->order[i])) {
			visit(&hosts->order[i]->host, arg);
		}
	}
}

bool
hosts_key_changed(const struct host *host)
{
	return host->has_pin &&
	       sodium_memcmp(host->pin, host->key, sizeof(host->pin)) != 0;
}

bool
hosts_pin(struct hosts *hosts, const char *name)
{
	struct entry *entry = find(hosts, name);

	if (entry == NULL ||
	    sodium_is_zero(entry->host.key, sizeof(entry->host.key)) ||
	    (entry->host.has_pin && !hosts_key_changed(&entry->host))) {
		return false;
	}
	memcpy(entry->host.pin, entry->host.key, sizeof(entry->host.pin));
	entry->host.has_pin = true;
	return true;
}

bool
hosts_pin_proved(
    struct hosts *hosts, const char *name, const uint8_t key[KEYS_LEN])
{
	struct entry *entry = find(hosts, name);

	if (entry == NULL || entry->host.has_pin) {
		return false;
	}
	memcpy(entry->host.pin, key, sizeof(entry->host.pin));
	entry->host.has_pin = true;
	return true;
}

char *
hosts_format_pins(struct hosts *hosts)
{
	size_t size = 1;
	size_t used = 0;
	char *text;

	put_in_order(hosts);
	for (size_t i = 0; i < hosts->count; i++) {
		size += hosts->order[i]->host.has_pin ? PIN_LINE_MAX + 1 : 0;
	}
	text = mem_new(size, 1);
	if (text == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *host = &hosts->order[i]->host;
		char hex[2 * KEYS_LEN + 1];
		int n;

		if (!host->has_pin) {
			continue;
		}
		sodium_bin2hex(hex, sizeof(hex), host->pin, KEYS_LEN);
		n = snprintf(text + used, size - used, "%s/%s %s\n",
		    host->owner, host->name, hex);
		used += n > 0 ? (size_t)n : 0;
	}
	return text;
}

/* Take one pin from the len characters at line; 0 or -1. */
static int
parse_pin(struct hosts *hosts, const char *line, size_t len)
{
	char text[PIN_LINE_MAX + 1];
	uint8_t key[KEYS_LEN];
	struct entry *entry;
	char *name;
	char *hex;
	size_t bin = 0;

	if (len > PIN_LINE_MAX) {
		return -1;
	}
	memcpy(text, line, len);
	text[len] = '\0';
	name = strchr(text, '/');
	hex = strchr(text, ' ');
	if (name == NULL || hex == NULL || hex < name) {
		return -1;
	}
	*name++ = '\0';
	*hex++ = '\0';
	if (name_check_user(text) != NAME_OK ||
	    name_check_device(name) != NAME_OK ||
	    sodium_hex2bin(
		key, sizeof(key), hex, strlen(hex), NULL, &bin, NULL) != 0 ||
	    bin != sizeof(key) || strlen(hex) != 2 * sizeof(key)) {
		return -1;
	}
	entry = get(hosts, text, name);
	if (entry == NULL) {
		return -1;
	}
	memcpy(entry->host.pin, key, sizeof(key));
	entry->host.has_pin = true;
	return 0;
}

unsigned
hosts_parse_pins(struct hosts *hosts, const char *text)
{
	unsigned line = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		line++;
		if (len > 0 && parse_pin(hosts, text, len) != 0) {
			return line;
		}
		text += len;
		text += *text == '\n' ? 1 : 0;
	}
	return 0;
}
