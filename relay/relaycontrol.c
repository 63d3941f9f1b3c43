/* SPDX-License-Identifier: ISC */
/* Commands on the relay's control socket. */
#include <string.h>
#include <time.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/mem.h"
#include "common/version.h"
#include "relay/account.h"
#include "relay/admin.h"
#include "relay/device.h"
#include "relay/directory.h"
#include "relay/relay_impl.h"
#include "relay/store.h"
#include "relay/switch.h"

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
	static const enum control_exit exits[] = {
		[ADMIN_OK] = CONTROL_OK,
		[ADMIN_USAGE] = CONTROL_USAGE,
		[ADMIN_DENIED] = CONTROL_NOT_ALLOWED,
		[ADMIN_ABSENT] = CONTROL_NO_HOST,
		[ADMIN_FAILED] = CONTROL_FAILED,
	};
	struct pending *pending = arg;

	control_end(pending->request, exits[result], slug, text);
	mem_free(pending);
}

static const struct admin_sink sink = { on_item, on_end };

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
	admin = admin_run(relay->book, &asker, words, count, &sink, pending);
	if (admin != NULL) {
		pending->admin = admin;
	}
}

/* --- status ---------------------------------------------------------- */

static void
status(struct relay *relay, struct control_request *request)
{
	struct jsonout *json = jsonout_new(LINE_MAX_LEN);
	struct device_hub_stats devices;
	struct switch_stats circuits;

	device_hub_get_stats(relay->hub, &devices);
	switch_get_stats(relay->board, &circuits);
	jsonout_object(json, NULL);
	jsonout_int(json, "schema", 1);
	jsonout_string(json, "role", "relay");
	jsonout_string(json, "version", version_string());
	jsonout_uint(json, "uptime", (uint64_t)time(NULL) - relay->started);
	jsonout_string(json, "public", relay->publics[0]);
	jsonout_uint(json, "gateways", devices.gateways);
	jsonout_uint(json, "agents", devices.agents);
	jsonout_uint(json, "guests", devices.guests);
	jsonout_uint(json, "logins", devices.logins);
	jsonout_uint(json, "refused", devices.refused);
	jsonout_uint(json, "displaced", devices.displaced);
	jsonout_uint(json, "hosts", directory_count(relay->directory));
	jsonout_uint(json, "channels", circuits.circuits);
	jsonout_uint(json, "queued", circuits.queued);
	jsonout_uint(json, "promised", circuits.promised);
	jsonout_uint(json, "copied",
	    circuits.copied[SWITCH_GATEWAY] + circuits.copied[SWITCH_AGENT]);
	jsonout_uint(json, "shed", circuits.shed);
	jsonout_end(json);
	control_send(request, json);
	control_end(request, CONTROL_OK, NULL, NULL);
}

void
relaycontrol_handle(struct control_request *request, void *arg)
{
	struct relay *relay = arg;
	const char *command = control_word(request, 0);

	if (strcmp(command, "status") == 0) {
		status(relay, request);
	} else if (strcmp(command, "invite") == 0) {
		invite(relay, request);
	} else {
		administer(relay, request);
	}
}
