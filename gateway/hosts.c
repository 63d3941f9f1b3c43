/* SPDX-License-Identifier: ISC */
#include "gateway/hosts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "common/mem.h"
#include "protocol/name.h"
#include "protocol/target.h"

/* A pin line: "owner/name key\n". */
#define PIN_LINE_MAX (NAME_USER_MAX + 1 + NAME_HOST_MAX + 1 + 2 * KEYS_LEN + 1)

struct entry {
	struct host host;
	struct list all; /* in hosts->entries, by name */
};

struct hosts {
	struct list entries;
	bool complete;
	struct host relay; /* its name is empty before hosts_set_relay() */
};

struct hosts *
hosts_new(void)
{
	struct hosts *hosts = mem_new(1, sizeof(*hosts));

	if (hosts != NULL) {
		list_init(&hosts->entries);
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
	mem_free(hosts);
}

static struct entry *
first(const struct hosts *hosts)
{
	struct list *node = list_first(&hosts->entries);

	return node != NULL ? list_entry(node, struct entry, all) : NULL;
}

static struct entry *
after(const struct hosts *hosts, const struct entry *entry)
{
	struct list *node = list_after(&hosts->entries, &entry->all);

	return node != NULL ? list_entry(node, struct entry, all) : NULL;
}

/* Return the entry for owner and name, made when there is none, or NULL. */
static struct entry *
get(struct hosts *hosts, const char *owner, const char *name)
{
	struct entry *entry = first(hosts);
	struct entry *fresh;

	while (entry != NULL && strcmp(entry->host.name, name) < 0) {
		entry = after(hosts, entry);
	}
	for (fresh = entry; fresh != NULL; fresh = after(hosts, fresh)) {
		if (strcmp(fresh->host.name, name) != 0) {
			break;
		}
		if (strcmp(fresh->host.owner, owner) == 0) {
			return fresh;
		}
	}
	fresh = mem_new(1, sizeof(*fresh));
	if (fresh == NULL) {
		return NULL;
	}
	(void)snprintf(
	    fresh->host.owner, sizeof(fresh->host.owner), "%s", owner);
	(void)snprintf(fresh->host.name, sizeof(fresh->host.name), "%s", name);
	list_init(&fresh->all);
	/* In front of `entry`, or at the end: the list stays in order. */
	list_push_back(
	    entry != NULL ? &entry->all : &hosts->entries, &fresh->all);
	return fresh;
}

static void
drop(struct entry *entry)
{
	entry->host.listed = false;
	entry->host.online = false;
	if (!entry->host.has_pin) {
		list_remove(&entry->all);
		mem_free(entry);
	}
}

static void
drop_all(struct hosts *hosts)
{
	struct entry *entry = first(hosts);
	struct entry *next;

	for (; entry != NULL; entry = next) {
		next = after(hosts, entry);
		drop(entry);
	}
}

static int
apply_one(struct hosts *hosts, const struct linkmsg_host *told)
{
	struct entry *entry = get(hosts, told->owner, told->name);

	if (entry == NULL) {
		return -1;
	}
	if (told->state == LINKMSG_REMOVED) {
		drop(entry);
		return 0;
	}
	memcpy(entry->host.key, told->key, sizeof(entry->host.key));
	entry->host.listed = true;
	entry->host.online = told->state == LINKMSG_ONLINE;
	entry->host.last_contact = told->last_contact;
	return 0;
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
		hosts->complete = false;
		drop_all(hosts);
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
	drop_all(hosts);
	hosts->complete = false;
	hosts->relay = (struct host){ .name = "" };
}

void
hosts_set_relay(struct hosts *hosts, const uint8_t key[KEYS_LEN])
{
	hosts->relay = (struct host){
		.name = TARGET_RELAY,
		.listed = true,
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
	struct entry *entry = first(hosts);

	if (strcmp(name, TARGET_RELAY) == 0) {
		return NULL;
	}
	for (; entry != NULL; entry = after(hosts, entry)) {
		if (entry->host.listed && strcmp(entry->host.name, name) == 0) {
			return entry;
		}
	}
	return NULL;
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
	const struct entry *entry = first(hosts);
	const char *nearest = NULL;
	unsigned best = NAME_FAR;

	for (; entry != NULL; entry = after(hosts, entry)) {
		if (entry->host.listed &&
		    name_is_nearer(name, entry->host.name, &best)) {
			nearest = entry->host.name;
		}
	}
	return nearest;
}

void
hosts_each(const struct hosts *hosts,
    void (*visit)(const struct host *host, void *arg), void *arg)
{
	const struct entry *entry = first(hosts);

	for (; entry != NULL; entry = after(hosts, entry)) {
		if (entry->host.listed) {
			visit(&entry->host, arg);
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
hosts_format_pins(const struct hosts *hosts)
{
	const struct entry *entry = first(hosts);
	size_t size = 1;
	size_t used = 0;
	char *text;

	for (; entry != NULL; entry = after(hosts, entry)) {
		size += entry->host.has_pin ? PIN_LINE_MAX + 1 : 0;
	}
	text = mem_new(size, 1);
	if (text == NULL) {
		return NULL;
	}
	for (entry = first(hosts); entry != NULL; entry = after(hosts, entry)) {
		char hex[2 * KEYS_LEN + 1];
		int n;

		if (!entry->host.has_pin) {
			continue;
		}
		sodium_bin2hex(hex, sizeof(hex), entry->host.pin, KEYS_LEN);
		n = snprintf(text + used, size - used, "%s/%s %s\n",
		    entry->host.owner, entry->host.name, hex);
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
