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
	struct list watches;    /* ended ones too, until nobody is told */
	uint64_t number;        /* what its hosts are known under */
	char user[];
};

struct directory_host {
	struct table_node node; /* in directory->hosts, by owner and name */
	struct list of_owner;   /* in owner->hosts, then directory->removed */
	struct directory_owner *owner;
	void *live;
	uint64_t last_contact;
	uint8_t public_key[DIRECTORY_KEY_LEN];
	bool removed;
	char name[];
};

struct directory_watch {
	struct list of_owner; /* in owner->watches */
	struct list ended;    /* in directory->ended */
	struct directory_owner *owner;
	directory_changed *changed; /* NULL: it has ended */
	void *arg;
};

/*
 * While watchers are told of something they may end watches and remove hosts
 * that the telling has yet to look at: their memory waits in `ended` and
 * `removed` until nobody is told any more.
 */
struct directory {
	struct table *owners;
	struct table *hosts;
	size_t online;
	uint64_t last_number;
	unsigned telling; /* depth of it */
	struct list ended;
	struct list removed;
};

static struct table_key
owner_key(const struct table_node *node)
{
	const struct directory_owner *owner =
	    (const struct directory_owner *)(const void *)node;

	return (struct table_key){ 0, owner->user, strlen(owner->user) };
}

static struct table_key
host_key(const struct table_node *node)
{
	const struct directory_host *host =
	    (const struct directory_host *)(const void *)node;

	return (struct table_key){ host->owner->number, host->name,
		strlen(host->name) };
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
	list_init(&directory->ended);
	list_init(&directory->removed);
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

/* --- telling --------------------------------------------------------- */

/* Free what ended while somebody was told. */
static void
bury(struct directory *directory)
{
	struct list *node = list_first(&directory->ended);

	for (; node != NULL; node = list_first(&directory->ended)) {
		struct directory_watch *watch =
		    list_entry(node, struct directory_watch, ended);

		list_remove(&watch->ended);
		list_remove(&watch->of_owner);
		owner_put(directory, watch->owner);
		mem_free(watch);
	}
	node = list_first(&directory->removed);
	for (; node != NULL; node = list_first(&directory->removed)) {
		struct directory_host *host =
		    list_entry(node, struct directory_host, of_owner);

		list_remove(&host->of_owner);
		owner_put(directory, host->owner);
		mem_free(host);
	}
}

/*
 * Tell all watches of host's owner.  Should one of them remove the host, the
 * others hear of that instead.
 */
static void
tell(struct directory *directory, struct directory_host *host,
    enum directory_event event)
{
	struct directory_owner *owner = host->owner;
	bool removed = host->removed;
	struct list *node = list_first(&owner->watches);

	directory->telling++;
	for (; node != NULL && host->removed == removed;
	     node = list_after(&owner->watches, node)) {
		struct directory_watch *watch =
		    list_entry(node, struct directory_watch, of_owner);

		if (watch->changed != NULL) {
			watch->changed(host, event, watch->arg);
		}
	}
	directory->telling--;
	if (directory->telling == 0) {
		bury(directory);
	}
}

/* --- hosts ----------------------------------------------------------- */

struct directory_host *
directory_lookup(
    const struct directory *directory, const char *user, const char *name)
{
	struct directory_owner *owner = owner_find(directory, user);
	struct table_key key = { 0, name, strlen(name) };
	struct table_node *node;

	if (owner == NULL) {
		return NULL;
	}
	key.number = owner->number;
	node = table_find(directory->hosts, &key);
	return node == NULL ? NULL
			    : list_entry(node, struct directory_host, node);
}

static struct directory_host *
host_new(struct directory *directory, const char *user, const char *name)
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
	list_push_back(&host->owner->hosts, &host->of_owner);
	table_insert(directory->hosts, &host->node);
	return host;
}

struct directory_host *
directory_add(struct directory *directory, const char *user, const char *name,
    const uint8_t public_key[DIRECTORY_KEY_LEN], uint64_t last_contact)
{
	struct directory_host *host = directory_lookup(directory, user, name);
	bool same = host != NULL && memcmp(host->public_key, public_key,
					DIRECTORY_KEY_LEN) == 0;

	if (host == NULL) {
		host = host_new(directory, user, name);
	}
	if (host == NULL) {
		return NULL;
	}
	if (last_contact > host->last_contact) {
		host->last_contact = last_contact;
	}
	if (!same) {
		memcpy(host->public_key, public_key, DIRECTORY_KEY_LEN);
		/* A watcher may remove it: then it is no host to return. */
		directory->telling++;
		tell(directory, host, DIRECTORY_CHANGED);
		directory->telling--;
		same = !host->removed;
		if (directory->telling == 0) {
			bury(directory);
		}
	}
	return same ? host : NULL;
}

void
directory_remove(struct directory *directory, struct directory_host *host)
{
	if (host == NULL || host->removed) {
		return;
	}
	host->removed = true;
	if (host->live != NULL) {
		directory->online--;
		host->live = NULL;
	}
	table_remove(directory->hosts, &host->node);
	list_remove(&host->of_owner);
	list_push_back(&directory->removed, &host->of_owner);
	tell(directory, host, DIRECTORY_REMOVED);
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
		tell(directory, host, DIRECTORY_CHANGED);
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
	tell(directory, host, DIRECTORY_CHANGED);
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
    directory_changed *changed, void *arg)
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
	watch->changed = changed;
	watch->arg = arg;
	list_init(&watch->ended);
	list_push_back(&watch->owner->watches, &watch->of_owner);
	return watch;
}

void
directory_unsubscribe(
    struct directory *directory, struct directory_watch *watch)
{
	if (watch == NULL || watch->changed == NULL) {
		return;
	}
	watch->changed = NULL;
	list_push_back(&directory->ended, &watch->ended);
	if (directory->telling == 0) {
		bury(directory);
	}
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
