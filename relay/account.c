/* SPDX-License-Identifier: ISC */

#include "relay/account.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/quantity.h"
#include "relay/account_impl.h"

/* --- levels ---------------------------------------------------------- */

static const char *const level_names[] = {
	[STORE_ADMIN] = "admin",
	[STORE_USER] = "user",
	[STORE_GUEST] = "guest",
};

const char *
account_level_name(enum store_level level)
{
	return level_names[level];
}

int
account_level_parse(const char *name, enum store_level *out)
{
	for (int level = STORE_ADMIN; level <= STORE_GUEST; level++) {
		if (strcmp(level_names[level], name) == 0) {
			*out = (enum store_level)level;
			return 0;
		}
	}
	return -1;
}

/* --- making an account ----------------------------------------------- */

static enum account_verdict
decide_create(struct account_op *op, struct account_changes *changes)
{
	struct store_account row = { .level = op->level, .created = op->now };

	if (op->flaw != NAME_OK) {
		return account_op_answer(op, CODE_NAME_INVALID,
		    "The name \"%s\" %s.", op->user, name_error_text(op->flaw));
	}
	if (account_book_find(op->book, op->user) != NULL) {
		return account_op_answer(op, CODE_NAME_TAKEN,
		    "There is an account \"%s\" already.", op->user);
	}
	row.id = store_next_id(op->book->store, STORE_ACCOUNT_ADD);
	memcpy(row.user, op->user, sizeof(row.user));
	op->fresh_account = account_book_make(op->book, &row);
	if (op->fresh_account == NULL) {
		return account_op_answer(op, CODE_OVERLOADED, NULL);
	}
	account_op_audit(
	    op, "user.add", NULL, "", account_level_name(op->level));
	account_op_change(changes, STORE_ACCOUNT_ADD)->row.account = row;
	return ACCOUNT_STORE;
}

static void
commit_create(struct account_op *op)
{
	account_book_insert(op->fresh_account);
	op->outcome.account = op->fresh_account;
	op->fresh_account = NULL;
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind create_kind = { decide_create, commit_create };

struct account_op *
account_create(struct account_book *book, const char *user,
    enum store_level level, const struct account_by *by, account_done *done,
    void *arg)
{
	struct account_op *op = account_op_new(book, &create_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	op->flaw = name_check_user(user);
	(void)name_fold(user, op->user, sizeof(op->user));
	op->exclusive = true;
	op->level = level;
	account_op_by(op, by);
	return account_op_start(op);
}

/* --- its state ------------------------------------------------------- */

/* Return true when account alone can administer the relay. */
static bool
is_last_admin(const struct account *account)
{
	const struct list *accounts = &account->book->accounts;
	struct list *node = list_first(accounts);

	if (account->row.level != STORE_ADMIN || account->row.disabled) {
		return false;
	}
	for (; node != NULL; node = list_after(accounts, node)) {
		const struct account *other =
		    list_entry(node, struct account, of_book);

		if (other != account && other->row.level == STORE_ADMIN &&
		    !other->row.disabled) {
			return false;
		}
	}
	return true;
}

/* Find the account that op takes rights from; false: the outcome says why. */
static bool
find_lesser(struct account_op *op, bool keeps_admin)
{
	if (!account_op_find(op)) {
		return false;
	}
	if (!keeps_admin && is_last_admin(op->account)) {
		(void)account_op_answer(op, CODE_DENIED,
		    "\"%s\" is the last account of level admin that is not "
		    "disabled.",
		    op->user);
		return false;
	}
	return true;
}

/* Plan what the row says from now on; nothing is to do when it does already. */
static enum account_verdict
change_state(struct account_op *op, struct account_changes *changes)
{
	const struct store_account *old = &op->account->row;
	struct store_account *row;

	op->outcome.account = op->account;
	if (old->level == op->level && old->disabled == op->disabled) {
		return account_op_answer(op, CODE_OK, NULL);
	}
	row = &account_op_change(changes, STORE_ACCOUNT_STATE)->row.account;
	row->id = old->id;
	row->level = op->level;
	row->disabled = op->disabled;
	return ACCOUNT_STORE;
}

static enum account_verdict
decide_level(struct account_op *op, struct account_changes *changes)
{
	if (!find_lesser(op, op->level == STORE_ADMIN)) {
		return ACCOUNT_ANSWER;
	}
	op->disabled = op->account->row.disabled;
	account_op_audit(op, "user.level", NULL,
	    account_level_name(op->account->row.level),
	    account_level_name(op->level));
	return change_state(op, changes);
}

static enum account_verdict
decide_disabled(struct account_op *op, struct account_changes *changes)
{
	if (!find_lesser(op, !op->disabled)) {
		return ACCOUNT_ANSWER;
	}
	op->level = op->account->row.level;
	account_op_audit(op, op->disabled ? "user.disable" : "user.enable",
	    NULL, op->disabled ? "enabled" : "disabled",
	    op->disabled ? "disabled" : "enabled");
	return change_state(op, changes);
}

/* Tell ops that all devices of account are gone. */
static void
tell_gone(struct account *account, enum code code, const char *text)
{
	const struct account_ops *ops = account->book->ops;
	struct list *node = list_first(&account->devices);

	for (; node != NULL && ops->gone != NULL;
	     node = list_after(&account->devices, node)) {
		ops->gone(list_entry(node, struct account_device, of_account),
		    code, text, account->book->arg);
	}
}

static void
commit_state(struct account_op *op)
{
	struct account *account = op->account;
	bool ends = op->disabled && !account->row.disabled;

	account->row.level = op->level;
	account->row.disabled = op->disabled;
	account_limits_changed(account);
	if (ends) {
		tell_gone(account, CODE_DISABLED, codes_summary(CODE_DISABLED));
	}
	op->outcome.account = account;
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind level_kind = { decide_level, commit_state };
static const struct account_kind disabled_kind = { decide_disabled,
	commit_state };

/* Return an operation on the whole of account, or NULL when done has run. */
static struct account_op *
new_for(struct account *account, const struct account_kind *kind,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = account_op_new(account->book, kind, done, arg);

	if (op != NULL) {
		memcpy(op->user, account->row.user, sizeof(op->user));
		op->exclusive = true;
		op->account_id = account->row.id;
		account_op_by(op, by);
	}
	return op;
}

struct account_op *
account_set_level(struct account *account, enum store_level level,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = new_for(account, &level_kind, by, done, arg);

	if (op == NULL) {
		return NULL;
	}
	op->level = level;
	return account_op_start(op);
}

struct account_op *
account_set_disabled(struct account *account, bool disabled,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = new_for(account, &disabled_kind, by, done, arg);

	if (op == NULL) {
		return NULL;
	}
	op->disabled = disabled;
	return account_op_start(op);
}

/* --- its end --------------------------------------------------------- */

static enum account_verdict
decide_delete(struct account_op *op, struct account_changes *changes)
{
	if (!find_lesser(op, false)) {
		return ACCOUNT_ANSWER;
	}
	account_op_audit(op, "user.delete", NULL,
	    account_level_name(op->account->row.level), "");
	account_op_change(changes, STORE_ACCOUNT_DROP)->row.account.id =
	    op->account_id;
	return ACCOUNT_STORE;
}

static void
commit_delete(struct account_op *op)
{
	char text[LIMITS_TEXT_LEN];

	account_text_removed(op->now, op->by, op->now, text);
	tell_gone(op->account, CODE_REVOKED, text);
	account_share_end_all(op->account, "One of the accounts was removed.");
	account_book_drop(op->account);
	op->account = NULL;
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind delete_kind = { decide_delete, commit_delete };

struct account_op *
account_delete(struct account *account, const struct account_by *by,
    account_done *done, void *arg)
{
	struct account_op *op = new_for(account, &delete_kind, by, done, arg);

	return op == NULL ? NULL : account_op_start(op);
}

/* --- removing a device ----------------------------------------------- */

/* The device may have been removed or dropped while this waited. */
static enum account_verdict
decide_revoke(struct account_op *op, struct account_changes *changes)
{
	const struct account_device *device =
	    account_book_find_id(op->book, op->device);
	char label[ACCOUNT_LABEL_LEN];

	if (device == NULL || device->row.revoked_at != 0) {
		return account_op_answer(op, CODE_OK, NULL);
	}
	op->fresh_by = mem_strdup(op->by);
	if (op->fresh_by == NULL) {
		return account_op_answer(op, CODE_OVERLOADED, NULL);
	}
	account_op_revoke(op, changes, device, op->by);
	account_op_audit(op, "device.revoke",
	    account_device_label(device, label),
	    device->row.role == LINKHELLO_AGENT ? "agent" : "gateway", "");
	return ACCOUNT_STORE;
}

static void
commit_revoke(struct account_op *op)
{
	struct account_device *device =
	    account_book_find_id(op->book, op->device);
	const struct account_ops *ops = op->book->ops;
	char text[LIMITS_TEXT_LEN];

	if (device != NULL) {
		account_book_retire(device, op->now, op->fresh_by);
		op->fresh_by = NULL;
		account_op_forget(op);
		op->outcome.account = device->account;
	}
	if (device != NULL && ops->gone != NULL) {
		account_text_removed(op->now, op->by, op->now, text);
		ops->gone(device, CODE_REVOKED, text, op->book->arg);
	}
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind revoke_kind = { decide_revoke, commit_revoke };

struct account_op *
account_revoke(struct account_device *device, const struct account_by *by,
    account_done *done, void *arg)
{
	struct account_op *op =
	    account_op_new(device->account->book, &revoke_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	memcpy(op->user, device->account->row.user, sizeof(op->user));
	memcpy(op->name, device->row.name, sizeof(op->name));
	op->has_key = true;
	memcpy(op->key, device->row.public_key, sizeof(op->key));
	op->device = device->row.id;
	account_op_by(op, by);
	return account_op_start(op);
}

void
account_cancel(struct account_op *op)
{
	account_op_cancel(op);
}

/* --- questions ------------------------------------------------------- */

struct account *
account_find(const struct account_book *book, const char *user)
{
	char folded[NAME_USER_MAX + 1];

	if (name_fold(user, folded, sizeof(folded)) < 0) {
		return NULL;
	}
	return account_book_find(book, folded);
}

struct account_device *
account_find_device(const struct account *account, const char *name)
{
	char folded[ACCOUNT_LABEL_LEN];
	uint64_t replica = 0;
	char *number;

	if (name_fold(name, folded, sizeof(folded)) < 0) {
		return NULL;
	}
	number = strchr(folded, '#');
	if (number != NULL) {
		*number++ = '\0';
		if (quantity_number(number, &replica) != 0 || replica < 2 ||
		    replica > LIMITS_REPLICAS_MAX) {
			return NULL;
		}
	}
	return account_book_find_name(account, folded, (uint8_t)replica);
}

struct account_device *
account_device_by_id(const struct account_book *book, int64_t id)
{
	return account_book_find_id(book, id);
}

struct account *
account_by_number(const struct account_book *book, int64_t id)
{
	return account_book_find_number(book, id);
}

struct account *
account_next(const struct account_book *book, const struct account *account)
{
	struct list *node =
	    account == NULL ? list_first(&book->accounts)
			    : list_after(&book->accounts, &account->of_book);

	return node == NULL ? NULL : list_entry(node, struct account, of_book);
}

struct account_device *
account_next_device(
    const struct account *account, const struct account_device *device)
{
	struct list *node;

	if (device == NULL) {
		node = list_first(&account->devices);
	} else if (device->row.revoked_at == 0) {
		node = list_after(&account->devices, &device->of_account);
	} else {
		node = list_after(&account->revoked, &device->of_account);
	}
	if (node == NULL && (device == NULL || device->row.revoked_at == 0)) {
		node = list_first(&account->revoked);
	}
	return node == NULL
		   ? NULL
		   : list_entry(node, struct account_device, of_account);
}

struct account_device *
account_next_gateway(
    const struct account *account, const struct account_device *device)
{
	struct list *node = device == NULL ? list_first(&account->gateways)
					   : list_after(&account->gateways,
						 &device->of_gateways);

	return node == NULL
		   ? NULL
		   : list_entry(node, struct account_device, of_gateways);
}

struct account_token *
account_next_token(
    const struct account *account, const struct account_token *token)
{
	struct list *node =
	    token == NULL ? list_first(&account->tokens)
			  : list_after(&account->tokens, &token->of_account);

	return node == NULL
		   ? NULL
		   : list_entry(node, struct account_token, of_account);
}

const struct store_token *
account_token_row(const struct account_token *token)
{
	return &token->row;
}

struct account_token *
account_find_token(const struct account_book *book, const char *id)
{
	uint8_t bytes[ACCOUNT_TOKEN_ID_LEN / 2];
	struct table_key key = { 0, bytes, sizeof(bytes) };
	struct table_node *node;

	if (strlen(id) != 2 * sizeof(bytes) ||
	    sodium_hex2bin(
		bytes, sizeof(bytes), id, strlen(id), NULL, NULL, NULL) != 0) {
		return NULL;
	}
	node = table_find(book->token_ids, &key);
	return node == NULL ? NULL
			    : list_entry(node, struct account_token, by_id);
}

struct account *
account_token_account(const struct account_token *token)
{
	return token->account;
}

const char *
account_token_id(
    const struct account_token *token, char out[ACCOUNT_TOKEN_ID_LEN])
{
	return sodium_bin2hex(out, ACCOUNT_TOKEN_ID_LEN, token->row.hash,
	    ACCOUNT_TOKEN_ID_LEN / 2);
}

const struct store_account *
account_row(const struct account *account)
{
	return &account->row;
}

const struct store_device *
account_device_row(const struct account_device *device)
{
	return &device->row;
}

struct account *
account_device_account(const struct account_device *device)
{
	return device->account;
}

void
account_device_seen(struct account_device *device, uint64_t now)
{
	account_book_note_seen(device, now);
}

void
account_device_set_link(struct account_device *device, void *link)
{
	uint32_t *links = &device->account->usage[ALLOWANCE_LINKS];

	if ((device->link == NULL) != (link == NULL)) {
		*links += link != NULL ? 1 : UINT32_MAX;
	}
	device->link = link;
}

void *
account_device_link(const struct account_device *device)
{
	return device->link;
}
