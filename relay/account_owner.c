/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

#include "relay/account_impl.h"

/* Add the owner's account.  Returns false when there is no memory. */
static bool
add_owner(struct account_op *op, struct account_changes *changes)
{
	struct store_account row = {
		.level = STORE_ADMIN,
		.created = op->now,
	};

	row.id = store_next_id(op->book->store, STORE_ACCOUNT_ADD);
	memcpy(row.user, op->user, sizeof(row.user));
	op->fresh_account = account_book_make(op->book, &row);
	if (op->fresh_account == NULL) {
		(void)account_op_answer(op, CODE_OVERLOADED, NULL);
		return false;
	}
	account_op_change(changes, STORE_ACCOUNT_ADD)->row.account = row;
	return true;
}

/* Return true when account has or had a gateway: somebody owns the relay. */
static bool
has_joined(const struct account *account)
{
	return account->row.has_key || !list_empty(&account->devices) ||
	       !list_empty(&account->revoked);
}

static enum account_verdict
decide(struct account_op *op, struct account_changes *changes)
{
	struct account *account = account_book_find(op->book, op->user);

	if (account != NULL ? has_joined(account)
			    : !list_empty(&op->book->accounts)) {
		return account_op_answer(
		    op, CODE_JOIN_USED, "The owner has joined already.");
	}
	if (account == NULL && !add_owner(op, changes)) {
		return ACCOUNT_ANSWER;
	}
	op->account = account == NULL ? op->fresh_account : account;
	return account_invite_decide(
	    op, changes, op->account, op->account->row.id);
}

static void
commit(struct account_op *op)
{
	if (op->fresh_account != NULL) {
		account_book_insert(op->fresh_account);
		op->fresh_account = NULL;
	}
	account_invite_commit(op);
}

static const struct account_kind owner_kind = { decide, commit };

struct account_op *
account_owner_token(
    struct account_book *book, uint64_t now, account_done *done, void *arg)
{
	struct account_op *op = account_op_new(book, &owner_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	snprintf(op->user, sizeof(op->user), "%s", ACCOUNT_OWNER);
	op->exclusive = true;
	op->invites = true;
	op->role = LINKHELLO_GATEWAY;
	account_op_by(op,
	    &(struct account_by){ ACCOUNT_OWNER, "start of the relay", now });
	return account_op_start(op);
}
