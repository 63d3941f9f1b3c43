/* SPDX-License-Identifier: ISC */
#include "relay/admin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/jsonout.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "protocol/keys.h"
#include "relay/account.h"
#include "relay/audit.h"
#include "relay/device.h"

/* One object of an answer: names, numbers and a key. */
#define ADMIN_ITEM_MAX 4096

/* Entries of the audit that are shown unless it is said how many. */
#define ADMIN_AUDIT_LAST 50

struct admin_request {
	struct account_book *book;
	const struct admin_asker *asker; /* while it starts, as the words */
	const char *const *words;
	size_t count;
	const struct admin_sink *sink;
	void *arg;
	struct account_op *op;
	bool starting;
	bool over;
};

/* One thing that can be asked for. */
struct operation {
	const char *object;
	const char *verb; /* NULL: there is none */
	const char *usage;
	size_t least; /* words behind them at least */
	size_t most;  /* and at most */
	bool own;     /* every level may, in its own account */
	void (*run)(struct admin_request *request);
};

/* --- the end --------------------------------------------------------- */

static void
finish(struct admin_request *request, enum admin_result result,
    const char *slug, const char *text)
{
	request->over = true;
	request->sink->end(result, slug, text, request->arg);
	if (!request->starting) {
		mem_free(request);
	}
}

static void
done(struct admin_request *request)
{
	finish(request, ADMIN_OK, NULL, NULL);
}

static void
absent(struct admin_request *request, const char *text)
{
	finish(request, ADMIN_ABSENT, "not-found", text);
}

static void
on_outcome(const struct account_outcome *outcome, void *arg)
{
	struct admin_request *request = arg;

	request->op = NULL;
	if (outcome->code == CODE_OK) {
		done(request);
	} else {
		finish(request, ADMIN_FAILED, codes_slug(outcome->code),
		    outcome->text);
	}
}

/* Op is under way, or NULL: then the request is over. */
static void
await(struct admin_request *request, struct account_op *op)
{
	if (op != NULL) {
		request->op = op;
	}
}

/* --- who may --------------------------------------------------------- */

/* Return word number i behind object and verb, or NULL. */
static const char *
word(const struct admin_request *request, size_t i)
{
	return i + 2 < request->count ? request->words[i + 2] : NULL;
}

static struct account_by
by(const struct admin_request *request)
{
	return (struct account_by){ request->asker->user,
		request->asker->origin, request->asker->now };
}

/*
 * Return the account of user if the asker may see it; else NULL, and the
 * request is over.  Others are told the same of accounts that there are not.
 */
static struct account *
reach(struct admin_request *request, const char *user)
{
	struct account *account = account_find(request->book, user);

	if (request->asker->level != STORE_ADMIN &&
	    (account == NULL || strcmp(account_row(account)->user,
				    request->asker->user) != 0)) {
		finish(request, ADMIN_DENIED, "not-allowed",
		    "That needs the level admin.");
		return NULL;
	}
	if (account == NULL) {
		absent(request, "There is no such account.");
	}
	return account;
}

/*
 * Call list for the account that word number 0 names; without one, for every
 * account that the asker may see.
 */
static void
each(struct admin_request *request,
    void (*list)(struct admin_request *request, struct account *account))
{
	const char *user = word(request, 0);
	struct account *account;

	if (user == NULL && request->asker->level != STORE_ADMIN) {
		user = request->asker->user;
	}
	if (user != NULL) {
		account = reach(request, user);
		if (account != NULL) {
			list(request, account);
			done(request);
		}
		return;
	}
	account = account_next(request->book, NULL);
	for (; account != NULL;
	     account = account_next(request->book, account)) {
		list(request, account);
	}
	done(request);
}

/* --- accounts -------------------------------------------------------- */

static void
list_user(struct admin_request *request, struct account *account)
{
	const struct store_account *row = account_row(account);
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);
	struct account_device *device = account_next_device(account, NULL);
	uint64_t devices = 0;
	uint64_t hosts = 0;
	uint64_t online = 0;

	for (; device != NULL; device = account_next_device(account, device)) {
		const struct store_device *found = account_device_row(device);

		if (found->revoked_at == 0) {
			devices++;
			hosts += found->role == LINKHELLO_AGENT;
			online += account_device_link(device) != NULL;
		}
	}
	jsonout_object(json, NULL);
	jsonout_string(json, "user", row->user);
	jsonout_string(json, "level", account_level_name(row->level));
	jsonout_bool(json, "disabled", row->disabled);
	jsonout_uint(json, "created", row->created);
	jsonout_uint(json, "devices", devices);
	jsonout_uint(json, "hosts", hosts);
	jsonout_uint(json, "online", online);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

static void
user_list(struct admin_request *request)
{
	each(request, list_user);
}

/* Put the level that word number 1 names into *out; false: it is over. */
static bool
read_level(struct admin_request *request, enum store_level *out)
{
	const char *name = word(request, 1);

	if (account_level_parse(name != NULL ? name : "user", out) == 0) {
		return true;
	}
	finish(request, ADMIN_USAGE, "bad-request",
	    "A level is admin, user or guest.");
	return false;
}

static void
user_add(struct admin_request *request)
{
	const struct account_by who = by(request);
	enum store_level level;

	if (read_level(request, &level)) {
		await(request, account_create(request->book, word(request, 0),
				   level, &who, on_outcome, request));
	}
}

static void
user_level(struct admin_request *request)
{
	const struct account_by who = by(request);
	enum store_level level;
	struct account *account;

	if (!read_level(request, &level)) {
		return;
	}
	account = reach(request, word(request, 0));
	if (account != NULL) {
		await(request, account_set_level(
				   account, level, &who, on_outcome, request));
	}
}

static void
set_disabled(struct admin_request *request, bool disabled)
{
	const struct account_by who = by(request);
	struct account *account = reach(request, word(request, 0));

	if (account != NULL) {
		await(request, account_set_disabled(account, disabled, &who,
				   on_outcome, request));
	}
}

static void
user_disable(struct admin_request *request)
{
	set_disabled(request, true);
}

static void
user_enable(struct admin_request *request)
{
	set_disabled(request, false);
}

static void
user_delete(struct admin_request *request)
{
	const struct account_by who = by(request);
	struct account *account = reach(request, word(request, 0));

	if (account != NULL) {
		await(request,
		    account_delete(account, &who, on_outcome, request));
	}
}

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

static void
device_list(struct admin_request *request)
{
	each(request, list_devices);
}

/* USER/DEVICE, or DEVICE of the asker's own account. */
static void
device_revoke(struct admin_request *request)
{
	const struct account_by who = by(request);
	const char *path = word(request, 0);
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
	account = reach(request, user);
	if (account == NULL) {
		return;
	}
	device = account_find_device(account, slash == NULL ? path : slash + 1);
	if (device == NULL) {
		absent(request, "That account has no such device.");
		return;
	}
	await(request, account_revoke(device, &who, on_outcome, request));
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

static void
token_list(struct admin_request *request)
{
	each(request, list_tokens);
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
static void
token_revoke(struct admin_request *request)
{
	const struct account_by who = by(request);
	const bool all = request->asker->level == STORE_ADMIN;
	struct account *account =
	    all ? account_next(request->book, NULL)
		: account_find(request->book, request->asker->user);
	struct account_token *token = NULL;

	while (account != NULL && token == NULL) {
		token = find_token(account, word(request, 0));
		account = all ? account_next(request->book, account) : NULL;
	}
	if (token == NULL) {
		absent(request, "There is no such invitation.");
		return;
	}
	await(request, account_revoke_token(token, &who, on_outcome, request));
}

/* --- the audit ------------------------------------------------------- */

static void
send_entry(struct admin_request *request, const struct store_audit *entry)
{
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	jsonout_uint(json, "at", entry->at);
	jsonout_string(json, "user", entry->user);
	jsonout_string(json, "origin", entry->origin);
	jsonout_string(json, "action", entry->action);
	jsonout_string(json, "object", entry->object);
	jsonout_string(json, "before", entry->before);
	jsonout_string(json, "after", entry->after);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

static void
audit_list(struct admin_request *request)
{
	const struct audit *audit = account_book_audit(request->book);
	size_t count = audit_count(audit);
	uint64_t last = ADMIN_AUDIT_LAST;

	if (request->count > 1 &&
	    quantity_number(request->words[1], &last) != 0) {
		finish(request, ADMIN_USAGE, "bad-request",
		    "How many of the last changes is a number.");
		return;
	}
	for (size_t i = last < count ? count - last : 0; i < count; i++) {
		send_entry(request, audit_at(audit, i));
	}
	done(request);
}

/* --- the table ------------------------------------------------------- */

static const struct operation operations[] = {
	{ "user", "list", "[USER]", 0, 1, true, user_list },
	{ "user", "add", "USER [LEVEL]", 1, 2, false, user_add },
	{ "user", "level", "USER LEVEL", 2, 2, false, user_level },
	{ "user", "disable", "USER", 1, 1, false, user_disable },
	{ "user", "enable", "USER", 1, 1, false, user_enable },
	{ "user", "delete", "USER", 1, 1, false, user_delete },
	{ "device", "list", "[USER]", 0, 1, true, device_list },
	{ "device", "revoke", "USER/DEVICE", 1, 1, true, device_revoke },
	{ "token", "list", "[USER]", 0, 1, true, token_list },
	{ "token", "revoke", "ID", 1, 1, true, token_revoke },
	{ "audit", NULL, "[COUNT]", 0, 1, false, audit_list },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* Say how what the first word names is asked for, or what there is. */
static void
refuse_usage(struct admin_request *request)
{
	const struct operation *operation = operations;
	char text[512] = "";
	size_t len = 0;

	for (; operation < operations + OPERATIONS; operation++) {
		if (strcmp(operation->object, request->words[0]) != 0 ||
		    len >= sizeof(text)) {
			continue;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %s%s%s", len > 0 ? ", or " : "", operation->object,
		    operation->verb != NULL ? operation->verb : "",
		    operation->verb != NULL ? " " : "", operation->usage);
	}
	finish(request, ADMIN_USAGE,
	    len > 0 ? "bad-request" : "unknown-command",
	    len > 0 ? text
		    : "The relay knows status, invite, user, device, token "
		      "and audit.");
}

/* Return the operation that the words ask for, or NULL. */
static const struct operation *
find_operation(const struct admin_request *request)
{
	for (size_t i = 0; i < OPERATIONS; i++) {
		const struct operation *operation = &operations[i];
		size_t used = operation->verb != NULL ? 2 : 1;

		if (request->count >= used + operation->least &&
		    request->count <= used + operation->most &&
		    strcmp(operation->object, request->words[0]) == 0 &&
		    (operation->verb == NULL ||
			strcmp(operation->verb, request->words[1]) == 0)) {
			return operation;
		}
	}
	return NULL;
}

static void
start(struct admin_request *request)
{
	const struct operation *operation = find_operation(request);

	if (operation == NULL) {
		refuse_usage(request);
	} else if (!operation->own && request->asker->level != STORE_ADMIN) {
		finish(request, ADMIN_DENIED, "not-allowed",
		    "That needs the level admin.");
	} else {
		operation->run(request);
	}
}

struct admin_request *
admin_run(struct account_book *book, const struct admin_asker *asker,
    const char *const *words, size_t count, const struct admin_sink *sink,
    void *arg)
{
	struct admin_request *request = mem_new(1, sizeof(*request));

	if (request == NULL) {
		sink->end(ADMIN_FAILED, codes_slug(CODE_OVERLOADED),
		    codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	*request = (struct admin_request){
		.book = book,
		.asker = asker,
		.words = words,
		.count = count,
		.sink = sink,
		.arg = arg,
		.starting = true,
	};
	start(request);
	request->starting = false;
	if (request->over) {
		mem_free(request);
		return NULL;
	}
	request->asker = NULL;
	request->words = NULL;
	return request;
}

void
admin_cancel(struct admin_request *request)
{
	if (request != NULL) {
		account_cancel(request->op);
		mem_free(request);
	}
}
