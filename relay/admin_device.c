/* SPDX-License-Identifier: ISC */
/* Devices, and invitations for them. */
#include "relay/admin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "protocol/keys.h"
#include "relay/account.h"
#include "relay/admin_impl.h"
#include "relay/device.h"

/* --- devices --------------------------------------------------------- */

static const char *
role_name(enum linkhello_role role)
{
	return role == LINKHELLO_AGENT ? "agent" : "gateway";
}

static void
send_device(struct admin_request *request, const struct account_device *device)
{
	const struct store_device *row = account_device_row(device);
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);
	struct device_contact contact;
	char fingerprint[KEYS_FINGERPRINT_LEN];
	char label[ACCOUNT_LABEL_LEN];
	bool online = device_get_contact(device, &contact);

	keys_fingerprint(row->public_key, fingerprint);
	jsonout_object(json, NULL);
	jsonout_string(
	    json, "user", account_row(account_device_account(device))->user);
	jsonout_string(json, "name", account_device_label(device, label));
	jsonout_string(json, "role", role_name(row->role));
	jsonout_string(json, "key", fingerprint);
	jsonout_bool(json, "online", online);
	if (online) {
		jsonout_string(json, "address", contact.address);
		jsonout_uint(json, "since", contact.since);
	}
	jsonout_uint(json, "created", row->created);
	jsonout_uint(
	    json, "last_seen", online ? request->asker->now : row->last_seen);
	jsonout_uint(json, "revoked", row->revoked_at);
	jsonout_string(
	    json, "revoked_by", row->revoked_by != NULL ? row->revoked_by : "");
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

static bool
list_device(struct admin_request *request, struct account_device *device)
{
	send_device(request, device);
	return true;
}

void
admin_device_list(struct admin_request *request)
{
	static const struct admin_listing devices = { .device = list_device };

	admin_list(request, &devices);
}

struct account_device *
admin_find_device(struct admin_request *request)
{
	size_t first = strcmp(request->words[0], "device") == 0 ? 2 : 1;
	const char *path = request->words[first];
	const char *slash = strrchr(path, '/');
	char user[NAME_USER_MAX + 1];
	struct account_device *device;
	struct account *account;

	if (slash == NULL) {
		(void)snprintf(user, sizeof(user), "%s", request->asker->user);
	} else {
		(void)snprintf(
		    user, sizeof(user), "%.*s", (int)(slash - path), path);
	}
	account = admin_reach(request, user);
	if (account == NULL) {
		return NULL;
	}
	device = account_find_device(account, slash == NULL ? path : slash + 1);
	if (device == NULL) {
		admin_absent(request, "That account has no such device.");
	}
	return device;
}

void
admin_device_show(struct admin_request *request)
{
	struct account_device *device = admin_find_device(request);

	if (device != NULL) {
		send_device(request, device);
		admin_done(request);
	}
}

void
admin_device_revoke(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	struct account_device *device = admin_find_device(request);

	if (device != NULL) {
		admin_await(request,
		    account_revoke(device, &who, admin_on_outcome, request));
	}
}

/* --- hosts and links --------------------------------------------------- */

static bool
has_hosts(const struct account *account)
{
	return account_usage(account, ALLOWANCE_HOSTS) > 0;
}

static bool
list_host(struct admin_request *request, struct account_device *device)
{
	const struct store_device *row = account_device_row(device);
	struct device_contact contact = { .since = 0 };
	char fingerprint[KEYS_FINGERPRINT_LEN];
	struct jsonout *json;
	bool online;

	if (row->role != LINKHELLO_AGENT || row->revoked_at != 0) {
		return false;
	}
	online = device_get_contact(device, &contact);
	keys_fingerprint(row->public_key, fingerprint);
	json = jsonout_new(ADMIN_ITEM_MAX);
	jsonout_object(json, NULL);
	jsonout_string(
	    json, "user", account_row(account_device_account(device))->user);
	jsonout_string(json, "name", row->name);
	jsonout_string(json, "state", online ? "online" : "offline");
	jsonout_string(json, "address", online ? contact.address : NULL);
	jsonout_uint(json, "since", contact.since);
	jsonout_uint(json, "channels", online ? contact.channels : 0);
	jsonout_uint(
	    json, "last_seen", online ? request->asker->now : row->last_seen);
	jsonout_string(json, "key", fingerprint);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	return true;
}

void
admin_host_list(struct admin_request *request)
{
	static const struct admin_listing hosts = { .wants = has_hosts,
		.device = list_host };

	admin_list(request, &hosts);
}

static bool
has_links(const struct account *account)
{
	return account_usage(account, ALLOWANCE_LINKS) > 0;
}

static bool
list_link(struct admin_request *request, struct account_device *device)
{
	const struct store_device *row = account_device_row(device);
	struct device_contact contact;
	struct jsonout *json;

	if (!device_get_contact(device, &contact)) {
		return false;
	}
	json = jsonout_new(ADMIN_ITEM_MAX);
	jsonout_object(json, NULL);
	jsonout_string(
	    json, "user", account_row(account_device_account(device))->user);
	jsonout_string(json, "device", row->name);
	jsonout_string(json, "role", role_name(row->role));
	jsonout_string(json, "address", contact.address);
	jsonout_uint(json, "since", contact.since);
	jsonout_uint(json, "channels", contact.channels);
	jsonout_end(json);
	request->sink->item(json, request->arg);
	return true;
}

void
admin_link_list(struct admin_request *request)
{
	static const struct admin_listing links = { .wants = has_links,
		.device = list_link };

	admin_list(request, &links);
}

static void
kick_link(int64_t number, void *arg)
{
	struct account_device *device = account_device_by_id(arg, number);

	if (device != NULL) {
		device_expel(device, CODE_LINK_LOST,
		    "an administrator ended the connection");
	}
}

static void
kick_channels(int64_t number, void *arg)
{
	struct account_device *device = account_device_by_id(arg, number);

	if (device != NULL) {
		device_cut(device, "an administrator ended the channel");
	}
}

/* It may come back at once: who may not any more is revoked. */
void
admin_kick(struct admin_request *request)
{
	const char *what = request->count > 2 ? request->words[2] : "link";
	const bool channels = strcmp(what, "channels") == 0;
	const struct account_by who = admin_by(request);
	struct account_note note = { .action = "kick",
		.text = what,
		.effect = channels ? kick_channels : kick_link,
		.arg = request->book };
	char object[STORE_OBJECT_LEN];
	struct account_device *device;

	if (!channels && strcmp(what, "link") != 0) {
		admin_finish(request, ADMIN_USAGE, "bad-request",
		    "What can be ended is the link of a device, or its "
		    "channels.");
		return;
	}
	device = admin_find_device(request);
	if (device == NULL) {
		return;
	}
	(void)snprintf(object, sizeof(object), "%s/%s",
	    account_row(account_device_account(device))->user,
	    account_device_row(device)->name);
	note.object = object;
	note.number = account_device_row(device)->id;
	admin_await(request, account_note(request->book, &note, &who,
				 admin_on_outcome, request));
}

/* --- invitations ----------------------------------------------------- */

static const char *
token_state(const struct store_token *row, uint64_t now)
{
	if (row->uses >= row->uses_max) {
		return "used";
	}
	return now >= row->expires ? "expired" : "open";
}

static size_t
list_tokens(struct admin_request *request, struct account *account)
{
	struct account_token *token = account_next_token(account, NULL);
	size_t items = 0;

	for (; token != NULL; token = account_next_token(account, token)) {
		const struct store_token *row = account_token_row(token);
		struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);
		char id[ACCOUNT_TOKEN_ID_LEN];

		jsonout_object(json, NULL);
		jsonout_string(json, "id", account_token_id(token, id));
		jsonout_string(json, "user", account_row(account)->user);
		jsonout_string(json, "role", role_name(row->role));
		jsonout_string(json, "name", row->name);
		jsonout_string(
		    json, "state", token_state(row, request->asker->now));
		jsonout_uint(json, "created", row->created);
		jsonout_uint(json, "expires", row->expires);
		jsonout_uint(json, "uses", row->uses);
		jsonout_uint(json, "uses_max", row->uses_max);
		jsonout_end(json);
		request->sink->item(json, request->arg);
		items++;
	}
	return items;
}

void
admin_token_list(struct admin_request *request)
{
	static const struct admin_listing tokens = { .account = list_tokens };

	admin_list(request, &tokens);
}

/* By its id, among the accounts that the asker may see. */
void
admin_token_revoke(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	struct account_token *token =
	    account_find_token(request->book, admin_word(request, 0));

	if (token != NULL && request->asker->level != STORE_ADMIN &&
	    account_token_account(token) !=
		account_find(request->book, request->asker->user)) {
		token = NULL;
	}
	if (token == NULL) {
		admin_absent(request, "There is no such invitation.");
		return;
	}
	admin_await(request,
	    account_revoke_token(token, &who, admin_on_outcome, request));
}
