/* SPDX-License-Identifier: ISC */
/* The keys of hosts that count: declared in hosts.h and hosts_impl.h. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/lines.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "gateway/hosts_impl.h"
#include "protocol/name.h"

/* A line: "owner/name#16 key\n", or "owner/name +16\n". */
#define PIN_LINE_MAX                                                           \
	(NAME_USER_MAX + 1 + NAME_HOST_MAX + 3 + 1 + 2 * KEYS_LEN + 1)

bool
hosts_key_changed(const struct host *host)
{
	return host->is_strange ||
	       (host->has_pin &&
		   sodium_memcmp(host->pin, host->key, sizeof(host->pin)) != 0);
}

/* Return how many keys of replicas to come are expected of a host. */
static struct hosts_entry *
expecting(const struct hosts *hosts, const char *owner, const char *name)
{
	struct hosts_entry *entry = hosts_first(hosts, owner, name);

	while (entry != NULL && entry->expects == 0) {
		entry = hosts_twin(entry);
	}
	return entry;
}

/* Return whether any key of a host is pinned. */
static bool
has_pins(const struct hosts *hosts, const char *owner, const char *name)
{
	const struct hosts_entry *entry = hosts_first(hosts, owner, name);

	while (entry != NULL && !entry->host.has_pin) {
		entry = hosts_twin(entry);
	}
	return entry != NULL;
}

void
hosts_judge_pins(struct hosts *hosts, const char *owner, const char *name)
{
	struct hosts_entry *entry = hosts_first(hosts, owner, name);
	bool strange = has_pins(hosts, owner, name) &&
		       expecting(hosts, owner, name) == NULL;

	for (; entry != NULL; entry = hosts_twin(entry)) {
		entry->host.is_strange = strange && !entry->host.has_pin;
	}
}

/* Pin key for entry; true when that changed something. */
static bool
pin(struct hosts_entry *entry, const uint8_t key[KEYS_LEN])
{
	struct host *host = &entry->host;

	if (sodium_is_zero(key, KEYS_LEN) ||
	    (host->has_pin && sodium_memcmp(host->pin, key, KEYS_LEN) == 0)) {
		return false;
	}
	memcpy(host->pin, key, KEYS_LEN);
	host->has_pin = true;
	return true;
}

/* The key of entry has come, which may be one that was expected. */
static void
expect_less(const struct hosts *hosts, const struct hosts_entry *entry)
{
	struct hosts_entry *expects =
	    expecting(hosts, entry->host.owner, entry->host.name);

	/* Who is called by the name alone needs no invitation of this kind. */
	if (expects != NULL && entry->host.replica != 0) {
		expects->expects--;
	}
}

/* Pin the keys of all replicas of a host that are listed. */
static bool
pin_listed(struct hosts *hosts, const char *owner, const char *name)
{
	struct hosts_entry *entry = hosts_first(hosts, owner, name);
	bool changed = false;

	for (; entry != NULL; entry = hosts_twin(entry)) {
		if (hosts_is_listed(hosts, entry) &&
		    pin(entry, entry->host.key)) {
			expect_less(hosts, entry);
			changed = true;
		}
	}
	return changed;
}

/* Forget what was pinned or expected of replicas that are not there. */
static bool
forget_others(struct hosts *hosts, const char *owner, const char *name)
{
	struct hosts_entry *entry = hosts_first(hosts, owner, name);
	struct hosts_entry *next;
	bool changed = false;

	for (; entry != NULL; entry = next) {
		next = hosts_twin(entry);
		changed = entry->expects > 0 || changed;
		entry->expects = 0;
		if (!hosts_is_listed(hosts, entry)) {
			changed = entry->host.has_pin || changed;
			entry->host.has_pin = false;
			hosts_drop_entry(hosts, entry);
		}
	}
	return changed;
}

bool
hosts_pin(struct hosts *hosts, const char *name)
{
	const struct hosts_entry *entry = hosts_find_entry(hosts, name);
	char owner[NAME_USER_MAX + 1];
	char own_name[NAME_HOST_MAX + 1];
	bool changed;

	if (entry == NULL) {
		return false;
	}
	/* What it is called at its owner; the entry may go. */
	memcpy(owner, entry->host.owner, sizeof(owner));
	memcpy(own_name, entry->host.name, sizeof(own_name));
	changed = pin_listed(hosts, owner, own_name);
	changed = forget_others(hosts, owner, own_name) || changed;
	hosts_judge_pins(hosts, owner, own_name);
	return changed;
}

/* An entry by that name and number that is listed, or NULL. */
static struct hosts_entry *
find_number(const struct hosts *hosts, const char *name, uint8_t replica)
{
	struct hosts_entry *entry = hosts_find_entry(hosts, name);

	if (entry != NULL) {
		entry = hosts_first(hosts, entry->host.owner, entry->host.name);
	}
	while (entry != NULL && entry->host.replica != replica) {
		entry = hosts_twin(entry);
	}
	return entry;
}

bool
hosts_pin_proved(struct hosts *hosts, const char *name, uint8_t replica,
    const uint8_t key[KEYS_LEN])
{
	struct hosts_entry *entry = find_number(hosts, name, replica);

	if (entry == NULL || entry->host.has_pin || entry->host.is_strange) {
		return false;
	}
	if (!has_pins(hosts, entry->host.owner, entry->host.name)) {
		/* Who was listed when we first met was there before us. */
		(void)pin_listed(hosts, entry->host.owner, entry->host.name);
	}
	if (!entry->host.has_pin) {
		expect_less(hosts, entry);
	}
	(void)pin(entry, key);
	hosts_judge_pins(hosts, entry->host.owner, entry->host.name);
	return true;
}

int
hosts_expect(
    struct hosts *hosts, const char *owner, const char *name, unsigned count)
{
	struct hosts_entry *entry = expecting(hosts, owner, name);

	if (entry == NULL) {
		entry = hosts_get_entry(hosts, owner, name, 0);
	}
	if (entry == NULL) {
		return -1;
	}
	count += entry->expects;
	entry->expects =
	    count < LIMITS_REPLICAS_MAX ? count : LIMITS_REPLICAS_MAX;
	hosts_judge_pins(hosts, owner, name);
	return 0;
}

/* --- as text --------------------------------------------------------- */

/* Write the lines of entry to out, which holds two; returns their length. */
static size_t
format_entry(const struct hosts_entry *entry, char *out, size_t size)
{
	const struct host *host = &entry->host;
	char hex[2 * KEYS_LEN + 1];
	char number[8] = "";
	int n = 0;
	int more = 0;

	if (host->replica != 0) {
		(void)snprintf(number, sizeof(number), "#%u", host->replica);
	}
	if (host->has_pin) {
		sodium_bin2hex(hex, sizeof(hex), host->pin, KEYS_LEN);
		n = snprintf(out, size, "%s/%s%s %s\n", host->owner, host->name,
		    number, hex);
	}
	if (entry->expects > 0) {
		more = snprintf(out + n, size - (size_t)n, "%s/%s%s +%u\n",
		    host->owner, host->name, number, entry->expects);
	}
	return (size_t)n + (size_t)more;
}

char *
hosts_format_pins(struct hosts *hosts)
{
	size_t size = 1;
	size_t used = 0;
	char *text;

	hosts_put_in_order(hosts);
	for (size_t i = 0; i < hosts->count; i++) {
		size += hosts->order[i]->host.has_pin ? PIN_LINE_MAX + 1 : 0;
		size += hosts->order[i]->expects > 0 ? PIN_LINE_MAX + 1 : 0;
	}
	text = mem_new(size, 1);
	if (text == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < hosts->count; i++) {
		used += format_entry(hosts->order[i], text + used, size - used);
	}
	return text;
}

/* Put the number behind name, if there is one, into *replica; 0 or -1. */
static int
take_number(char *name, uint8_t *replica)
{
	char *mark = strchr(name, '#');
	uint64_t number = 0;

	if (mark != NULL) {
		*mark++ = '\0';
		if (quantity_number(mark, &number) != 0 || number < 2 ||
		    number > LIMITS_REPLICAS_MAX) {
			return -1;
		}
	}
	*replica = (uint8_t)number;
	return 0;
}

/* Take what is said of entry: a key, or how many are expected; 0 or -1. */
static int
take_value(struct hosts_entry *entry, const char *value)
{
	uint8_t key[KEYS_LEN];
	uint64_t number;
	size_t bin = 0;

	if (value[0] == '+') {
		if (quantity_number(value + 1, &number) != 0 ||
		    number > LIMITS_REPLICAS_MAX) {
			return -1;
		}
		entry->expects = (unsigned)number;
		return 0;
	}
	if (sodium_hex2bin(key, sizeof(key), value, strlen(value), NULL, &bin,
		NULL) != 0 ||
	    bin != sizeof(key) || strlen(value) != 2 * sizeof(key)) {
		return -1;
	}
	memcpy(entry->host.pin, key, sizeof(key));
	entry->host.has_pin = true;
	return 0;
}

/* Take the line text, which may be empty; 0 or -1. */
static int
take_line(char *text, void *arg)
{
	struct hosts *hosts = arg;
	struct hosts_entry *entry;
	uint8_t replica;
	char *name;
	char *value;

	if (text[0] == '\0') {
		return 0;
	}
	name = strchr(text, '/');
	value = strchr(text, ' ');
	if (name == NULL || value == NULL || value < name) {
		return -1;
	}
	*name++ = '\0';
	*value++ = '\0';
	if (take_number(name, &replica) != 0 ||
	    name_check_user(text) != NAME_OK ||
	    name_check_device(name) != NAME_OK) {
		return -1;
	}
	entry = hosts_get_entry(hosts, text, name, replica);
	if (entry == NULL) {
		return -1;
	}
	if (take_value(entry, value) != 0) {
		hosts_drop_entry(hosts, entry);
		return -1;
	}
	hosts_judge_pins(hosts, text, name);
	return 0;
}

unsigned
hosts_parse_pins(struct hosts *hosts, const char *text)
{
	return lines_parse(text, PIN_LINE_MAX + 1, take_line, hosts);
}
