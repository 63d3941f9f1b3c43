/* SPDX-License-Identifier: ISC */
/* Commands on the relay's control socket. */
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
	struct control_request *request;
	struct relayinvite *invite;
	struct admin_request *admin;
};

static void
fail(struct control_request *request, enum code code, const char *text)
{
	control_end(request, CONTROL_FAILED, codes_slug(code),
	    text[0] != '\0' ? text : codes_summary(code));
}

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
pending_new(struct control_request *request)
{
	struct pending *pending = mem_new(1, sizeof(*pending));

	if (pending == NULL) {
		fail(request, CODE_OVERLOADED, "out of memory");
		return NULL;
	}
	pending->request = request;
	control_on_cancel(request, on_cancel, pending);
	return pending;
}

/* --- invite USER LEVEL NAME TTL -------------------------------------- */

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
	};
	struct pending *pending = pending_new(request);
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

	control_end(pending->request, admin_exit(result), slug, text);
	mem_free(pending);
}

static void
on_next(const char *cursor, void *arg)
{
	struct pending *pending = arg;
	struct jsonout *json = jsonout_new(LINE_MAX_LEN);

	jsonout_object(json, NULL);
	jsonout_string(json, "next", cursor);
	jsonout_end(json);
	control_send(pending->request, json);
}

static const struct admin_sink sink = { on_item, on_next, on_end };

/* Whoever reaches this socket owns the relay. */
static void
administer(struct relay *relay, struct control_request *request)
{
	const struct admin_asker asker = {
		.user = ACCOUNT_OWNER,
		.level = STORE_ADMIN,
		.origin = "this machine",
		.now = (uint64_t)time(NULL),
	};
	const char *words[CONTROL_WORDS_MAX];
	size_t count = control_count(request);
	struct pending *pending = pending_new(request);
	struct admin_request *admin;

	if (pending == NULL) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		words[i] = control_word(request, i);
	}
	admin = admin_run(&relay->world, &asker, words, count, &sink, pending);
	if (admin != NULL) {
		pending->admin = admin;
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
