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
	bool online = device_get_contact(device, &contact);

	keys_fingerprint(row->public_key, fingerprint);
	jsonout_object(json, NULL);
	jsonout_string(
	    json, "user", account_row(account_device_account(device))->user);
	jsonout_string(json, "name", row->name);
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
	jsonout_string(json, "revoked_by", row->revoked_by);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

static void
list_devices(struct admin_request *request, struct account *account)
{
	struct account_device *device = account_next_device(account, NULL);

	for (; device != NULL; device = account_next_device(account, device)) {
		send_device(request, device);
	}
}

void
admin_device_list(struct admin_request *request)
{
	admin_each(request, list_devices);
}

/* USER/DEVICE, or DEVICE of the asker's own account. */
void
admin_device_revoke(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	const char *path = admin_word(request, 0);
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
		return;
	}
	device = account_find_device(account, slash == NULL ? path : slash + 1);
	if (device == NULL) {
		admin_absent(request, "That account has no such device.");
		return;
	}
	admin_await(
	    request, account_revoke(device, &who, admin_on_outcome, request));
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

static void
list_tokens(struct admin_request *request, struct account *account)
{
	struct account_token *token = account_next_token(account, NULL);

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
	}
}

void
admin_token_list(struct admin_request *request)
{
	admin_each(request, list_tokens);
}

/* Return the invitation of account by that id, or NULL. */
static struct account_token *
find_token(struct account *account, const char *id)
{
	struct account_token *token = account_next_token(account, NULL);
	char found[ACCOUNT_TOKEN_ID_LEN];

	while (
	    token != NULL && strcmp(account_token_id(token, found), id) != 0) {
		token = account_next_token(account, token);
	}
	return token;
}

/* By its id, among the accounts that the asker may see. */
void
admin_token_revoke(struct admin_request *request)
{
	const struct account_by who = admin_by(request);
	const bool all = request->asker->level == STORE_ADMIN;
	struct account *account =
	    all ? account_next(request->book, NULL)
		: account_find(request->book, request->asker->user);
	struct account_token *token = NULL;

	while (account != NULL && token == NULL) {
		token = find_token(account, admin_word(request, 0));
		account = all ? account_next(request->book, account) : NULL;
	}
	if (token == NULL) {
		admin_absent(request, "There is no such invitation.");
		return;
	}
	admin_await(request,
	    account_revoke_token(token, &who, admin_on_outcome, request));
}
