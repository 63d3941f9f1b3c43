/* SPDX-License-Identifier: ISC */

#include "relay/account.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "relay/account_impl.h"

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
    enum store_level level, uint64_t now, account_done *done, void *arg)
{
	struct account_op *op = account_op_new(book, &create_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	op->flaw = name_check_user(user);
	(void)name_fold(user, op->user, sizeof(op->user));
	op->exclusive = true;
	op->level = level;
	op->now = now;
	return account_op_start(op);
}

/* --- its state ------------------------------------------------------- */

static enum account_verdict
decide_state(struct account_op *op, struct account_changes *changes)
{
	struct store_account *row =
	    &account_op_change(changes, STORE_ACCOUNT_STATE)->row.account;

	row->id = op->account->row.id;
	row->level = op->level;
	row->disabled = op->disabled;
	return ACCOUNT_STORE;
}

static void
commit_state(struct account_op *op)
{
	struct account *account = op->account;
	const struct account_ops *ops = op->book->ops;
	struct list *node = list_first(&account->devices);

	account->row.level = op->level;
	account->row.disabled = op->disabled;
	for (; node != NULL && op->disabled && ops->gone != NULL;
	     node = list_after(&account->devices, node)) {
		ops->gone(list_entry(node, struct account_device, of_account),
		    CODE_DISABLED, codes_summary(CODE_DISABLED), op->book->arg);
	}
	op->outcome.account = account;
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind state_kind = { decide_state, commit_state };

struct account_op *
account_set_state(struct account *account, enum store_level level,
    bool disabled, account_done *done, void *arg)
{
	struct account_op *op =
	    account_op_new(account->book, &state_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	memcpy(op->user, account->row.user, sizeof(op->user));
	op->exclusive = true;
	op->account = account;
	op->level = level;
	op->disabled = disabled;
	return account_op_start(op);
}

/* --- removing a device ----------------------------------------------- */

/* The device may have been removed or dropped while this waited. */
static enum account_verdict
decide_revoke(struct account_op *op, struct account_changes *changes)
{
	const struct account_device *device =
	    account_book_find_id(op->book, op->device);

	if (device == NULL || device->row.revoked_at != 0) {
		return account_op_answer(op, CODE_OK, NULL);
	}
	account_op_revoke(op, changes, device, op->by);
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
		account_book_retire(device, op->now, op->by);
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
account_revoke(struct account_device *device, const char *by, uint64_t now,
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
	snprintf(op->by, sizeof(op->by), "%s", by);
	op->now = now;
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
	char folded[NAME_HOST_MAX + 1];

	if (name_fold(name, folded, sizeof(folded)) < 0) {
		return NULL;
	}
	return account_book_find_name(account, folded);
}

struct account_device *
account_device_by_id(const struct account_book *book, int64_t id)
{
	return account_book_find_id(book, id);
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
	device->link = link;
}

void *
account_device_link(const struct account_device *device)
{
	return device->link;
}
