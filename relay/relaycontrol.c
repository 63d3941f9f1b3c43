/* SPDX-License-Identifier: ISC */
/* Commands on the relay's control socket. */
#include <string.h>
#include <time.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/mem.h"
#include "common/version.h"
#include "relay/account.h"
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
	struct account_op *op;
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
	account_cancel(pending->op);
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

/* --- invite USER LEVEL NAME ------------------------------------------ */

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

static void
invite(struct relay *relay, struct control_request *request)
{
	struct pending *pending = pending_new(request);
	struct relayinvite *invite;

	if (pending == NULL) {
		return;
	}
	invite = relayinvite_start(relay, control_word(request, 1),
	    control_count(request) > 2 ? control_word(request, 2) : NULL,
	    control_count(request) > 3 ? control_word(request, 3) : NULL,
	    on_invited, pending);
	if (invite != NULL) {
		pending->invite = invite;
	}
}

/* --- device list USER, device revoke USER NAME ----------------------- */

static void
send_device(
    struct control_request *request, const struct account_device *device)
{
	const struct store_device *row = account_device_row(device);
	char fingerprint[KEYS_FINGERPRINT_LEN];
	struct jsonout *json = jsonout_new(LINE_MAX_LEN);

	keys_fingerprint(row->public_key, fingerprint);
	jsonout_object(json, NULL);
	jsonout_string(json, "name", row->name);
	jsonout_string(
	    json, "role", row->role == LINKHELLO_AGENT ? "agent" : "gateway");
	jsonout_string(json, "key", fingerprint);
	jsonout_bool(json, "online", account_device_link(device) != NULL);
	jsonout_uint(json, "created", row->created);
	jsonout_uint(json, "last_seen", row->last_seen);
	jsonout_uint(json, "revoked", row->revoked_at);
	jsonout_end(json);
	control_send(request, json);
}

static void
list_devices(struct control_request *request, struct account *account)
{
	struct account_device *device = account_next_device(account, NULL);

	for (; device != NULL; device = account_next_device(account, device)) {
		send_device(request, device);
	}
	control_end(request, CONTROL_OK, NULL, NULL);
}

static void
on_revoked(const struct account_outcome *outcome, void *arg)
{
	struct pending *pending = arg;

	pending->op = NULL;
	if (outcome->code == CODE_OK) {
		control_end(pending->request, CONTROL_OK, NULL, NULL);
	} else {
		fail(pending->request, outcome->code, outcome->text);
	}
	mem_free(pending);
}

static void
revoke_device(struct control_request *request, struct account *account)
{
	struct account_device *device =
	    account_find_device(account, control_word(request, 3));
	struct pending *pending;
	struct account_op *op;

	if (device == NULL) {
		control_end(request, CONTROL_NO_HOST, "login-refused",
		    "That account has no such device.");
		return;
	}
	pending = pending_new(request);
	if (pending == NULL) {
		return;
	}
	/* Whoever reaches this socket owns the relay. */
	op = account_revoke(
	    device, ACCOUNT_OWNER, (uint64_t)time(NULL), on_revoked, pending);
	if (op != NULL) {
		pending->op = op;
	}
}

static void
device(struct relay *relay, struct control_request *request)
{
	const char *verb = control_word(request, 1);
	struct account *account =
	    account_find(relay->book, control_word(request, 2));

	if (account == NULL) {
		control_end(request, CONTROL_NO_HOST, "login-refused",
		    "There is no such account.");
	} else if (strcmp(verb, "list") == 0) {
		list_devices(request, account);
	} else if (strcmp(verb, "revoke") == 0) {
		revoke_device(request, account);
	} else {
		control_end(request, CONTROL_USAGE, "bad-request",
		    "device list USER, or device revoke USER NAME");
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
	jsonout_uint(json, "copied", circuits.copied);
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
	} else if (strcmp(command, "device") == 0) {
		device(relay, request);
	} else {
		control_end(request, CONTROL_USAGE, "unknown-command",
		    "The relay knows status, invite and device.");
	}
}
