/* SPDX-License-Identifier: ISC */
#include "relay/notices.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "relay/device_impl.h"

/* A notice as it goes over the wire. */
struct message {
	uint8_t payload[LIMITS_TEXT_LEN + 2];
	size_t len;
};

/* Who was told of which limit, and when. */
struct slot {
	int64_t account; /* 0: nobody */
	uint64_t kind;
	uint64_t told;
};

struct notices {
	struct device_hub *hub;
	/* To everybody, the first one being told: a ring. */
	struct message broadcasts[NOTICES_BROADCASTS_MAX];
	size_t first;
	size_t count;
	struct devicewalk walk; /* of the first one */
	size_t told;            /* by it */
	struct slot slots[NOTICES_LIMIT_SLOTS];
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
};

/* --- one device ------------------------------------------------------ */

/* Cut text at the end of a character, so that it stays UTF-8. */
static size_t
fitting(const char *text)
{
	size_t len = strnlen(text, LIMITS_TEXT_LEN);

	if (len < LIMITS_TEXT_LEN) {
		return len;
	}
	len--;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
		len--;
	}
	return len;
}

static void
compose(struct message *out, enum linkmsg_severity severity, const char *text)
{
	struct linkmsg_notice notice = { .severity = severity };

	(void)snprintf(
	    notice.text, sizeof(notice.text), "%.*s", (int)fitting(text), text);
	out->len =
	    linkmsg_notice_encode(&notice, out->payload, sizeof(out->payload));
}

static bool
tell(const struct device *device, const struct message *message)
{
	return device != NULL && device->state == DEVICE_MEMBER &&
	       link_send(device->link, FRAME_NOTICE, 0, message->payload,
		   message->len) == 0;
}

bool
notices_device(const struct account_device *device,
    enum linkmsg_severity severity, const char *text)
{
	struct message message;

	compose(&message, severity, text);
	return tell(account_device_link(device), &message);
}

size_t
notices_account(const struct account *account, enum linkmsg_severity severity,
    const char *text)
{
	const struct account_device *device =
	    account_next_device(account, NULL);
	struct message message;
	size_t told = 0;

	compose(&message, severity, text);
	for (; device != NULL; device = account_next_device(account, device)) {
		told += tell(account_device_link(device), &message) ? 1 : 0;
	}
	return told;
}

/* --- everybody ------------------------------------------------------- */

static void
visit(struct device *device, void *arg)
{
	struct notices *notices = arg;

	if (tell(device, &notices->broadcasts[notices->first])) {
		notices->told++;
	}
}

static void
begin(struct notices *notices)
{
	notices->told = 0;
	devicewalk_start(&notices->walk);
}

static void
on_told(void *arg)
{
	struct notices *notices = arg;

	log_write(LOG_LEVEL_INFO, "relay", 0, "a notice went to %zu devices",
	    notices->told);
	notices->first = (notices->first + 1) % NOTICES_BROADCASTS_MAX;
	notices->count--;
	if (notices->count > 0) {
		begin(notices);
	}
}

int
notices_all(
    struct notices *notices, enum linkmsg_severity severity, const char *text)
{
	size_t last;

	if (notices->count == NOTICES_BROADCASTS_MAX) {
		return -1;
	}
	last = (notices->first + notices->count) % NOTICES_BROADCASTS_MAX;
	compose(&notices->broadcasts[last], severity, text);
	notices->count++;
	if (notices->count == 1) {
		begin(notices);
	}
	return 0;
}

/* --- limits ---------------------------------------------------------- */

static uint64_t
hash(const struct notices *notices, const char *kind)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t number;

	(void)crypto_shorthash(
	    out, (const uint8_t *)kind, strlen(kind), notices->hash_key);
	memcpy(&number, out, sizeof(number));
	return number;
}

size_t
notices_limit(struct notices *notices, const struct account *account,
    const char *kind, const char *text)
{
	const uint64_t now = loop_now(notices->hub->config.loop);
	const int64_t id = account_row(account)->id;
	const uint64_t key = hash(notices, kind);
	struct slot *slot =
	    &notices->slots[(key + (uint64_t)id) % NOTICES_LIMIT_SLOTS];

	if (slot->account == id && slot->kind == key &&
	    now - slot->told < NOTICES_LIMIT_PAUSE) {
		return 0;
	}
	*slot = (struct slot){ .account = id, .kind = key, .told = now };
	return notices_account(account, LINKMSG_WARNING, text);
}

/* --- life ------------------------------------------------------------ */

struct notices *
notices_new(struct device_hub *hub)
{
	struct notices *notices = mem_new(1, sizeof(*notices));

	if (notices == NULL) {
		return NULL;
	}
	notices->hub = hub;
	randombytes_buf(notices->hash_key, sizeof(notices->hash_key));
	devicewalk_init(
	    &notices->walk, hub, NOTICES_TURN, visit, on_told, notices);
	return notices;
}

struct notices *
notices_of(const struct device_hub *hub)
{
	return hub->notices;
}

void
notices_free(struct notices *notices)
{
	if (notices != NULL) {
		devicewalk_cancel(&notices->walk);
		mem_free(notices);
	}
}
