/* SPDX-License-Identifier: ISC */

#include "relay/directory.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"
#include "common/table.h"

/* An account that has hosts or is watched. */
struct directory_owner {
	struct table_node node; /* in directory->owners, by user */
	struct list hosts;      /* by age */
	struct list removed;    /* hosts that watches have yet to read of */
	struct list changes;    /* both, by when it was, as far as watched */
	struct list watches;
	size_t removed_count;
	uint64_t number; /* what its hosts are known under */
	char user[];
};

struct directory_host {
	struct table_node node; /* in directory->hosts, by owner and name */
	struct list of_owner;   /* in owner->hosts or owner->removed */
	struct list of_changes; /* in owner->changes */
	struct directory_owner *owner;
	void *live;
	uint64_t last_contact;
	uint8_t public_key[DIRECTORY_KEY_LEN];
	bool removed;
	uint8_t replica;
	uint32_t unread; /* watches that have yet to read that it is removed */
	char name[];
};

/*
 * Where a watch is: in the list, by age, until it was whole, and then (or while
 * it still reads that) in the changes.  NULL is the end of either.
 */
struct directory_watch {
	struct list of_owner; /* in owner->watches */
	struct directory_owner *owner;
	struct list *listed;  /* the next in owner->hosts */
	struct list *changed; /* the next in owner->changes */
	bool anew;            /* the list was not begun */
	bool whole;           /* its end has been read */
	directory_ready *ready;
	void *arg;
};

struct directory {
	struct table *owners;
	struct table *hosts;
	struct directory_host *buried; /* a removed one that was just read */
	size_t online;
	uint64_t last_number;
};

static struct table_key
owner_key(const struct table_node *node)
{
	const struct directory_owner *owner =
	    (const struct directory_owner *)(const void *)node;

	return (struct table_key){ 0, owner->user, strlen(owner->user) };
}

/* One number of two; there are less than 2^56 owners. */
static uint64_t
numbered(const struct directory_owner *owner, uint8_t replica)
{
	return owner->number << 8 | replica;
}

static struct table_key
host_key(const struct table_node *node)
{
	const struct directory_host *host =
	    (const struct directory_host *)(const void *)node;

	return (struct table_key){ numbered(host->owner, host->replica),
		host->name, strlen(host->name) };
}

_Static_assert(offsetof(struct directory_owner, node) == 0 &&
		   offsetof(struct directory_host, node) == 0,
    "the keys of nodes are found by a cast");

struct directory *
directory_new(void)
{
	struct directory *directory = mem_new(1, sizeof(*directory));

	if (directory == NULL) {
		return NULL;
	}
	directory->owners = table_new(owner_key);
	directory->hosts = table_new(host_key);
	if (directory->owners == NULL || directory->hosts == NULL) {
		directory_free(directory);
		return NULL;
	}
	return directory;
}

/* --- owners ---------------------------------------------------------- */

static struct directory_owner *
owner_find(const struct directory *directory, const char *user)
{
	struct table_key key = { 0, user, strlen(user) };
	struct table_node *node = table_find(directory->owners, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct directory_owner, node);
}

static struct directory_owner *
owner_get(struct directory *directory, const char *user)
{
	struct directory_owner *owner = owner_find(directory, user);
	size_t size = strlen(user) + 1;

	if (owner != NULL) {
		return owner;
	}
	owner = mem_new(1, sizeof(*owner) + size);
	if (owner == NULL) {
		return NULL;
	}
	memcpy(owner->user, user, size);
	owner->number = ++directory->last_number;
	list_init(&owner->hosts);
	list_init(&owner->removed);
	list_init(&owner->changes);
	list_init(&owner->watches);
	table_insert(directory->owners, &owner->node);
	return owner;
}

/* Forget owner when nobody needs it any more. */
static void
owner_put(struct directory *directory, struct directory_owner *owner)
{
	if (list_empty(&owner->hosts) && list_empty(&owner->watches)) {
		table_remove(directory->owners, &owner->node);
		mem_free(owner);
	}
}

/* --- changes --------------------------------------------------------- */

static struct directory_watch *
watch_at(struct list *node)
{
	return list_entry(node, struct directory_watch, of_owner);
}

/* Host has changed: who has read all or up to here finds it at the end. */
static void
note_change(struct directory_host *host)
{
	struct directory_owner *owner = host->owner;
	struct list *change = &host->of_changes;
	struct list *after = list_after(&owner->changes, change);
	struct list *node = list_first(&owner->watches);

	for (; node != NULL; node = list_after(&owner->watches, node)) {
		if (watch_at(node)->changed == change && after != NULL) {
			watch_at(node)->changed = after;
		}
	}
	list_remove(change);
	list_push_back(&owner->changes, change);
	node = list_first(&owner->watches);
	for (; node != NULL; node = list_after(&owner->watches, node)) {
		struct directory_watch *watch = watch_at(node);

		if (watch->changed != NULL) {
			continue;
		}
		watch->changed = change;
		if (watch->whole) {
			watch->ready(watch->arg);
		}
	}
}

/* Nobody has to read any more that host was removed; it is still memory. */
static void
let_go(struct directory_host *host)
{
	list_remove(&host->of_owner);
	list_remove(&host->of_changes);
	host->owner->removed_count--;
}

/* Let all watches that are behind read the list anew. */
static void
start_anew(struct directory_owner *owner)
{
	struct list *node = list_first(&owner->watches);

	for (; node != NULL; node = list_after(&owner->watches, node)) {
		struct directory_watch *watch = watch_at(node);

		if (watch->changed != NULL) {
			watch->anew = true;
			watch->whole = false;
			watch->listed = NULL;
			watch->changed = NULL;
		}
	}
	for (node = list_first(&owner->removed); node != NULL;
	     node = list_first(&owner->removed)) {
		struct directory_host *host =
		    list_entry(node, struct directory_host, of_owner);

		let_go(host);
		mem_free(host);
	}
}

/* --- hosts ----------------------------------------------------------- */

struct directory_host *
directory_lookup(const struct directory *directory, const char *user,
    const char *name, uint8_t replica)
{
	struct directory_owner *owner = owner_find(directory, user);
	struct table_key key = { 0, name, strlen(name) };
	struct table_node *node;

	if (owner == NULL) {
		return NULL;
	}
	key.number = numbered(owner, replica);
	node = table_find(directory->hosts, &key);
	return node == NULL ? NULL
			    : list_entry(node, struct directory_host, node);
}

static struct directory_host *
host_new(struct directory *directory, const char *user, const char *name,
    uint8_t replica)
{
	size_t size = strlen(name) + 1;
	struct directory_host *host = mem_new(1, sizeof(*host) + size);

	if (host == NULL) {
		return NULL;
	}
	host->owner = owner_get(directory, user);
	if (host->owner == NULL) {
		mem_free(host);
		return NULL;
	}
	memcpy(host->name, name, size);
	list_init(&host->of_changes);
	host->replica = replica;
	list_push_back(&host->owner->hosts, &host->of_owner);
	list_push_back(&host->owner->changes, &host->of_changes);
	table_insert(directory->hosts, &host->node);
	return host;
}

struct directory_host *
directory_add(struct directory *directory, const char *user, const char *name,
    uint8_t replica, const uint8_t public_key[DIRECTORY_KEY_LEN],
    uint64_t last_contact)
{
	struct directory_host *host =
	    directory_lookup(directory, user, name, replica);
	bool same = host != NULL && memcmp(host->public_key, public_key,
					DIRECTORY_KEY_LEN) == 0;

	if (host == NULL) {
		host = host_new(directory, user, name, replica);
	}
	if (host == NULL) {
		return NULL;
	}
	if (last_contact > host->last_contact) {
		host->last_contact = last_contact;
	}
	if (!same) {
		memcpy(host->public_key, public_key, DIRECTORY_KEY_LEN);
		note_change(host);
	}
	return host;
}

/* Take host out of the list, which some may be reading. */
static void
unlist(struct directory_host *host)
{
	struct directory_owner *owner = host->owner;
	struct list *after = list_after(&owner->hosts, &host->of_owner);
	struct list *node = list_first(&owner->watches);

	host->unread = 0;
	for (; node != NULL; node = list_after(&owner->watches, node)) {
		host->unread++;
		if (watch_at(node)->listed == &host->of_owner) {
			watch_at(node)->listed = after;
		}
	}
	list_remove(&host->of_owner);
}

void
directory_remove(struct directory *directory, struct directory_host *host)
{
	struct directory_owner *owner;

	if (host == NULL || host->removed) {
		return;
	}
	owner = host->owner;
	host->removed = true;
	if (host->live != NULL) {
		directory->online--;
		host->live = NULL;
	}
	table_remove(directory->hosts, &host->node);
	unlist(host);
	if (owner->removed_count == DIRECTORY_REMOVED_MAX) {
		start_anew(owner);
	}
	list_push_back(&owner->removed, &host->of_owner);
	owner->removed_count++;
	if (host->unread > 0) {
		note_change(host);
		return;
	}
	let_go(host);
	owner_put(directory, owner);
	mem_free(host);
}

static void
saw(struct directory_host *host, uint64_t now)
{
	if (now > host->last_contact) {
		host->last_contact = now;
	}
}

void *
directory_online(struct directory *directory, struct directory_host *host,
    void *live, uint64_t now)
{
	void *before = host->live;

	saw(host, now);
	host->live = live;
	if (before == NULL) {
		directory->online++;
		note_change(host);
	}
	return before;
}

void
directory_offline(struct directory *directory, struct directory_host *host,
    const void *live, uint64_t now)
{
	if (host->live == NULL || host->live != live) {
		return;
	}
	saw(host, now);
	host->live = NULL;
	directory->online--;
	note_change(host);
}

void
directory_touch(struct directory_host *host)
{
	note_change(host);
}

void
directory_each(const struct directory *directory, const char *user,
    directory_visit *visit, void *arg)
{
	struct directory_owner *owner = owner_find(directory, user);
	struct list *node = owner == NULL ? NULL : list_first(&owner->hosts);
	struct list *next;

	for (; node != NULL; node = next) {
		/* The last host may take its owner with it. */
		next = list_after(&owner->hosts, node);
		visit(list_entry(node, struct directory_host, of_owner), arg);
	}
}

/* --- watches --------------------------------------------------------- */

struct directory_watch *
directory_subscribe(struct directory *directory, const char *user,
    directory_ready *ready, void *arg)
{
	struct directory_watch *watch = mem_new(1, sizeof(*watch));

	if (watch == NULL) {
		return NULL;
	}
	watch->owner = owner_get(directory, user);
	if (watch->owner == NULL) {
		mem_free(watch);
		return NULL;
	}
	watch->anew = true;
	watch->ready = ready;
	watch->arg = arg;
	list_push_back(&watch->owner->watches, &watch->of_owner);
	return watch;
}

/* Free the removed host that was read last. */
static void
bury(struct directory *directory)
{
	mem_free(directory->buried);
	directory->buried = NULL;
}

/* Go on behind the change at which watch is; returns its host. */
static struct directory_host *
next_change(struct directory *directory, struct directory_watch *watch)
{
	struct directory_host *host =
	    list_entry(watch->changed, struct directory_host, of_changes);

	watch->changed = list_after(&watch->owner->changes, watch->changed);
	if (host->removed && --host->unread == 0) {
		let_go(host);
		directory->buried = host;
	}
	return host;
}

enum directory_event
directory_read(struct directory *directory, struct directory_watch *watch,
    struct directory_host **host)
{
	struct directory_owner *owner = watch->owner;

	bury(directory);
	if (watch->anew) {
		watch->anew = false;
		watch->listed = list_first(&owner->hosts);
		return DIRECTORY_ANEW;
	}
	if (watch->listed != NULL) {
		*host =
		    list_entry(watch->listed, struct directory_host, of_owner);
		watch->listed = list_after(&owner->hosts, watch->listed);
		return DIRECTORY_LISTED;
	}
	if (!watch->whole) {
		watch->whole = true;
		return DIRECTORY_WHOLE;
	}
	if (watch->changed == NULL) {
		return DIRECTORY_NOTHING;
	}
	*host = next_change(directory, watch);
	return (*host)->removed ? DIRECTORY_REMOVED : DIRECTORY_CHANGED;
}

void
directory_unsubscribe(
    struct directory *directory, struct directory_watch *watch)
{
	struct directory_owner *owner;

	if (watch == NULL) {
		return;
	}
	owner = watch->owner;
	/* What it has not read of nobody may have to, now. */
	while (owner->removed_count > 0 && watch->changed != NULL) {
		(void)next_change(directory, watch);
		bury(directory);
	}
	list_remove(&watch->of_owner);
	mem_free(watch);
	owner_put(directory, owner);
}

/* --- the end, and numbers -------------------------------------------- */

static void
free_owner(struct table_node *node, void *arg)
{
	struct directory *directory = arg;
	struct directory_owner *owner =
	    list_entry(node, struct directory_owner, node);
	struct list *member;

	for (member = list_first(&owner->hosts); member != NULL;
	     member = list_first(&owner->hosts)) {
		list_remove(member);
		mem_free(list_entry(member, struct directory_host, of_owner));
	}
	for (member = list_first(&owner->removed); member != NULL;
	     member = list_first(&owner->removed)) {
		list_remove(member);
		mem_free(list_entry(member, struct directory_host, of_owner));
	}
	for (member = list_first(&owner->watches); member != NULL;
	     member = list_first(&owner->watches)) {
		list_remove(member);
		mem_free(list_entry(member, struct directory_watch, of_owner));
	}
	table_remove(directory->owners, node);
	mem_free(owner);
}

void
directory_free(struct directory *directory)
{
	if (directory == NULL) {
		return;
	}
	if (directory->owners != NULL) {
		table_each(directory->owners, free_owner, directory);
	}
	bury(directory);
	table_free(directory->owners);
	table_free(directory->hosts);
	mem_free(directory);
}

size_t
directory_count(const struct directory *directory)
{
	return table_count(directory->hosts);
}

size_t
directory_count_online(const struct directory *directory)
{
	return directory->online;
}

const char *
directory_host_owner(const struct directory_host *host)
{
	return host->owner->user;
}

const char *
directory_host_name(const struct directory_host *host)
{
	return host->name;
}

uint8_t
directory_host_replica(const struct directory_host *host)
{
	return host->replica;
}

const uint8_t *
directory_host_key(const struct directory_host *host)
{
	return host->public_key;
}

void *
directory_host_live(const struct directory_host *host)
{
	return host->live;
}

uint64_t
directory_host_last_contact(const struct directory_host *host)
{
	return host->last_contact;
}
