/* SPDX-License-Identifier: ISC */
/* Commands on the relay's control socket. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/mem.h"
#include "relay/account.h"
#include "relay/admin.h"
#include "relay/relay_impl.h"
#include "relay/store.h"

/* One object of an answer. */
#define LINE_MAX_LEN 8192

/* A request that waits for the store. */
struct pending {
	struct relay *relay;
	struct control_request *request;
	struct relayinvite *invite;
	struct admin_request *admin;
	char after[ADMIN_CURSOR_LEN + 8]; /* the word for it, or empty */
};

static void
fail(struct control_request *request, enum code code, const char *text)
{
	control_end(request, CONTROL_FAILED, codes_slug(code),
	    text[0] != '\0' ? text : codes_summary(code));
}

static void on_more(void *arg);

/* --- waiting --------------------------------------------------------- */

static void
on_cancel(void *arg)
{
	struct pending *pending = arg;

	relayinvite_cancel(pending->invite);
	admin_cancel(pending->admin);
	mem_free(pending);
}

static struct pending *
pending_new(struct relay *relay, struct control_request *request)
{
	struct pending *pending = mem_new(1, sizeof(*pending));

	if (pending == NULL) {
		fail(request, CODE_OVERLOADED, "out of memory");
		return NULL;
	}
	pending->relay = relay;
	pending->request = request;
	control_on_cancel(request, on_cancel, pending);
	return pending;
}

/* --- invite USER LEVEL NAME TTL USES --------------------------------- */

static void
on_invited(const char *join, enum code code, const char *text, void *arg)
{
	struct pending *pending = arg;
	struct jsonout *json;

	if (code != CODE_OK) {
		fail(pending->request, code, text);
	} else {
		json = jsonout_new(LINE_MAX_LEN);
		jsonout_object(json, NULL);
		jsonout_string(json, "join", join);
		jsonout_end(json);
		control_send(pending->request, json);
		control_end(pending->request, CONTROL_OK, NULL, NULL);
	}
	mem_free(pending);
}

static const char *
word_or_null(const struct control_request *request, size_t i)
{
	return i < control_count(request) ? control_word(request, i) : NULL;
}

static void
invite(struct relay *relay, struct control_request *request)
{
	const struct relay_invite command = {
		.user = control_word(request, 1),
		.level = word_or_null(request, 2),
		.name = word_or_null(request, 3),
		.ttl = word_or_null(request, 4),
		.uses = word_or_null(request, 5),
	};
	struct pending *pending = pending_new(relay, request);
	struct relayinvite *invite;

	if (pending == NULL) {
		return;
	}
	invite = relayinvite_start(relay, &command, on_invited, pending);
	if (invite != NULL) {
		pending->invite = invite;
	}
}

/* --- administration -------------------------------------------------- */

static void
on_item(struct jsonout *json, void *arg)
{
	struct pending *pending = arg;

	control_send(pending->request, json);
}

static void
on_end(enum admin_result result, const char *slug, const char *text, void *arg)
{
	struct pending *pending = arg;

	pending->admin = NULL;
	if (result == ADMIN_OK && pending->after[0] != '\0') {
		control_on_drained(pending->request, on_more, pending);
		return;
	}
	control_end(pending->request, admin_exit(result), slug, text);
	mem_free(pending);
}

/* A list is answered as a whole, but not in one go: others have their turn. */
static void
on_next(const char *cursor, void *arg)
{
	struct pending *pending = arg;

	(void)snprintf(
	    pending->after, sizeof(pending->after), "after=%s", cursor);
}

static const struct admin_sink sink = { on_item, on_next, on_end };

/* Whoever reaches this socket owns the relay. */
static void
run(struct pending *pending)
{
	const struct admin_asker asker = {
		.user = ACCOUNT_OWNER,
		.level = STORE_ADMIN,
		.origin = "this machine",
		.now = (uint64_t)time(NULL),
	};
	const char *words[CONTROL_WORDS_MAX + 1];
	char after[sizeof(pending->after)];
	size_t count = control_count(pending->request);
	struct admin_request *admin;

	for (size_t i = 0; i < count; i++) {
		words[i] = control_word(pending->request, i);
	}
	if (pending->after[0] != '\0') {
		memcpy(after, pending->after, sizeof(after));
		pending->after[0] = '\0';
		words[count++] = after;
	}
	admin = admin_run(
	    &pending->relay->world, &asker, words, count, &sink, pending);
	if (admin != NULL) {
		pending->admin = admin;
	}
}

static void
on_more(void *arg)
{
	run(arg);
}

static void
administer(struct relay *relay, struct control_request *request)
{
	struct pending *pending = pending_new(relay, request);

	if (pending != NULL) {
		run(pending);
	}
}

void
relaycontrol_handle(struct control_request *request, void *arg)
{
	struct relay *relay = arg;
	const char *command = control_word(request, 0);

	if (strcmp(command, "invite") == 0) {
		invite(relay, request);
	} else {
		administer(relay, request);
	}
}
