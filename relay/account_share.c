/* SPDX-License-Identifier: ISC */
/* Hosts that are shared with another account. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "relay/account_impl.h"

/* --- keeping them ---------------------------------------------------- */

struct table_key
account_share_key(const struct table_node *node)
{
	/* As list_entry(), for what is only looked at. */
	const struct account_share *share = (const struct account_share
		*)(const void *)((const char *)node -
				 offsetof(struct account_share, by_share));

	return (struct table_key){ share->row.share, NULL, 0 };
}

static struct account_share *
find(const struct account_book *book, uint64_t id)
{
	struct table_key key = { id, NULL, 0 };
	struct table_node *node = table_find(book->shares, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct account_share, by_share);
}

/* Put share between its two accounts. */
static void
insert(struct account_share *share, struct account *owner, struct account *user)
{
	share->owner = owner;
	share->user = user;
	table_insert(owner->book->shares, &share->by_share);
	list_push_back(&owner->lent, &share->of_owner);
	list_push_back(&user->borrowed, &share->of_user);
	owner->lent_count++;
	user->borrowed_count++;
}

/* Take share out of everything; it is the caller's to free. */
static void
take_out(struct account_share *share)
{
	table_remove(share->owner->book->shares, &share->by_share);
	list_remove(&share->of_owner);
	list_remove(&share->of_user);
	share->owner->lent_count--;
	share->user->borrowed_count--;
}

/* Share is over, and ops is told why. */
static void
end(struct account_share *share, const char *text)
{
	const struct account_book *book = share->owner->book;

	take_out(share);
	if (book->ops->unshared != NULL) {
		book->ops->unshared(share, text, book->arg);
	}
	mem_free(share);
}

int
account_share_load(struct account_book *book, const struct store_share *row)
{
	struct account *owner = account_book_find_number(book, row->owner);
	struct account *user = account_book_find_number(book, row->user);
	struct account_share *share;

	if (owner == NULL || user == NULL) {
		return 0; /* the store's foreign keys do not allow it */
	}
	share = mem_new(1, sizeof(*share));
	if (share == NULL) {
		return -1;
	}
	share->row = *row;
	insert(share, owner, user);
	return 0;
}

/* Return some share of account, either way, or NULL. */
static struct account_share *
any_of(const struct account *account)
{
	if (!list_empty(&account->lent)) {
		return list_entry(
		    list_first(&account->lent), struct account_share, of_owner);
	}
	return list_empty(&account->borrowed)
		   ? NULL
		   : list_entry(list_first(&account->borrowed),
			 struct account_share, of_user);
}

void
account_share_end_all(struct account *account, const char *text)
{
	struct account_share *share = any_of(account);

	for (; share != NULL; share = any_of(account)) {
		end(share, text);
	}
}

void
account_share_free_all(struct account *account)
{
	struct account_share *share = any_of(account);

	for (; share != NULL; share = any_of(account)) {
		take_out(share);
		mem_free(share);
	}
}

void
account_share_expire(struct account *account, uint64_t now)
{
	struct list *node = list_first(&account->lent);

	while (node != NULL) {
		struct account_share *share =
		    list_entry(node, struct account_share, of_owner);
		struct store_change change = { .kind = STORE_SHARE_DROP };

		node = list_after(&account->lent, node);
		change.row.share = share->row;
		/* Should the commit fail, it expires again after a restart. */
		if (share->row.expiry != 0 && share->row.expiry <= now &&
		    store_submit(
			account->book->store, &change, 1, NULL, NULL) == 0) {
			end(share, "The share has expired.");
		}
	}
}

/* --- making one ------------------------------------------------------ */

/* Return how many shares of host owner makes to user. */
static size_t
count_same(
    const struct account *owner, const struct account *user, const char *host)
{
	const struct account_share *share =
	    account_next_share(owner, false, NULL);
	size_t count = 0;

	for (; share != NULL; share = account_next_share(owner, false, share)) {
		count +=
		    share->user == user && strcmp(share->row.host, host) == 0;
	}
	return count;
}

/* Find out whether op may make its share to user; false: it is answered. */
static bool
may_share(struct account_op *op, const struct account *user)
{
	const struct account_device *host =
	    account_book_first_named(op->account, op->name, NULL);

	if (host == NULL || host->row.role != LINKHELLO_AGENT) {
		(void)account_op_answer(op, CODE_HOST_UNKNOWN,
		    "The account has no host \"%s\".", op->name);
	} else if (user == NULL) {
		(void)account_op_answer(op, CODE_DENIED,
		    "There is no account \"%s\" on this relay.", op->borrower);
	} else if (user == op->account) {
		(void)account_op_answer(op, CODE_DENIED,
		    "\"%s\" is the account that \"%s\" belongs to.",
		    op->borrower, op->name);
	} else if (find(op->book, op->share.share) != NULL) {
		(void)account_op_answer(
		    op, CODE_NAME_TAKEN, "There is a share with that id.");
	} else if (op->account->lent_count >= ACCOUNT_SHARES_MAX ||
		   user->borrowed_count >= ACCOUNT_SHARES_MAX ||
		   count_same(op->account, user, op->name) >=
		       ACCOUNT_SHARES_SAME_MAX) {
		(void)account_op_answer(op, CODE_LIMIT,
		    "There are too many shares; \"inroad unshare\" ends one.");
	} else {
		return true;
	}
	return false;
}

static enum account_verdict
decide_share(struct account_op *op, struct account_changes *changes)
{
	struct account *user = account_book_find(op->book, op->borrower);
	char after[STORE_VALUE_LEN];

	if (!account_op_find(op) || !may_share(op, user)) {
		return ACCOUNT_ANSWER;
	}
	op->fresh_share = mem_new(1, sizeof(*op->fresh_share));
	if (op->fresh_share == NULL) {
		return account_op_answer(op, CODE_OVERLOADED, NULL);
	}
	op->share.user = user->row.id;
	op->fresh_share->row = op->share;
	(void)snprintf(after, sizeof(after), "%.40s until %" PRIu64,
	    op->borrower, op->share.expiry);
	account_op_audit(op, "share.add", op->name, "", after);
	account_op_change(changes, STORE_SHARE_ADD)->row.share = op->share;
	return ACCOUNT_STORE;
}

/* Note in the outcome of op that share was made or ended. */
static void
note(struct account_op *op, const struct account_share *share)
{
	struct account_outcome *outcome = &op->outcome;
	size_t i = outcome->share_count;

	memcpy(outcome->host, share->row.host, sizeof(outcome->host));
	memcpy(outcome->user, share->user->row.user, sizeof(outcome->user));
	if (i < ACCOUNT_SHARES_SAME_MAX) {
		outcome->shares[i].share = share->row.share;
		outcome->shares[i].expiry = share->row.expiry;
		outcome->share_count++;
	}
}

static void
commit_share(struct account_op *op)
{
	struct account *owner =
	    account_book_find_number(op->book, op->share.owner);
	struct account *user =
	    account_book_find_number(op->book, op->share.user);
	struct account_share *share = op->fresh_share;

	if (owner == NULL || user == NULL) {
		(void)account_op_answer(op, CODE_DENIED, NULL);
		return;
	}
	op->fresh_share = NULL;
	insert(share, owner, user);
	note(op, share);
	if (op->book->ops->shared != NULL) {
		op->book->ops->shared(share, op->book->arg);
	}
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind share_kind = { decide_share, commit_share };

/* --- ending one ------------------------------------------------------ */

/* Return the next share after share that op ends, or NULL. */
static struct account_share *
next_ended(const struct account_op *op, const struct account_share *share)
{
	struct list *node =
	    share == NULL ? list_first(&op->account->lent)
			  : list_after(&op->account->lent, &share->of_owner);

	for (; node != NULL; node = list_after(&op->account->lent, node)) {
		struct account_share *one =
		    list_entry(node, struct account_share, of_owner);

		if (op->share.share != 0
			? one->row.share == op->share.share
			: strcmp(one->row.host, op->name) == 0 &&
			      strcmp(one->user->row.user, op->borrower) == 0) {
			return one;
		}
	}
	return NULL;
}

static enum account_verdict
decide_unshare(struct account_op *op, struct account_changes *changes)
{
	const struct account_share *share;

	if (!account_op_find(op)) {
		return ACCOUNT_ANSWER;
	}
	share = next_ended(op, NULL);
	if (share == NULL) {
		return account_op_answer(
		    op, CODE_HOST_UNKNOWN, "There is no such share.");
	}
	account_op_audit(
	    op, "share.end", share->row.host, share->user->row.user, "");
	account_op_change(changes, STORE_SHARE_DROP)->row.share = op->share;
	changes->list[changes->count - 1].row.share.user = share->row.user;
	memcpy(changes->list[changes->count - 1].row.share.host,
	    share->row.host, sizeof(share->row.host));
	return ACCOUNT_STORE;
}

static void
commit_unshare(struct account_op *op)
{
	struct account_share *share = NULL;

	op->account = account_book_find_number(op->book, op->account_id);
	if (op->account != NULL) {
		share = next_ended(op, NULL);
	}
	for (; share != NULL; share = next_ended(op, NULL)) {
		note(op, share);
		end(share, "The owner has ended the share.");
	}
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind unshare_kind = { decide_unshare,
	commit_unshare };

/* --- operations ------------------------------------------------------ */

/* Return an operation of kind as sharing says, or NULL when done has run. */
static struct account_op *
new_op(struct account_book *book, const struct account_kind *kind,
    const struct account_sharing *sharing, account_done *done, void *arg)
{
	struct account_op *op = account_op_new(book, kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	memcpy(op->user, sharing->owner->row.user, sizeof(op->user));
	op->account_id = sharing->owner->row.id;
	/* Shares of one account are decided one after the other. */
	op->exclusive = true;
	(void)snprintf(op->name, sizeof(op->name), "%s", sharing->host);
	(void)snprintf(op->borrower, sizeof(op->borrower), "%s", sharing->user);
	account_op_by(op, &sharing->by);
	op->share.owner = op->account_id;
	op->share.share = sharing->share;
	op->share.created = op->now;
	op->share.expiry = sharing->expiry;
	op->share.rate = sharing->rate;
	memcpy(op->share.host, op->name, sizeof(op->share.host));
	(void)snprintf(op->share.rights, sizeof(op->share.rights), "%s",
	    sharing->rights != NULL ? sharing->rights : "");
	return op;
}

struct account_op *
account_share(struct account_book *book, const struct account_sharing *sharing,
    account_done *done, void *arg)
{
	struct account_op *op = new_op(book, &share_kind, sharing, done, arg);

	return op != NULL ? account_op_start(op) : NULL;
}

struct account_op *
account_unshare(struct account_book *book,
    const struct account_sharing *sharing, account_done *done, void *arg)
{
	struct account_op *op = new_op(book, &unshare_kind, sharing, done, arg);

	return op != NULL ? account_op_start(op) : NULL;
}

/* --- questions ------------------------------------------------------- */

const struct account_share *
account_find_share(const struct account_book *book, uint64_t share)
{
	return find(book, share);
}

const struct account_share *
account_next_share(const struct account *account, bool borrowed,
    const struct account_share *share)
{
	const struct list *all = borrowed ? &account->borrowed : &account->lent;
	struct list *node = list_first(all);

	if (share != NULL) {
		node = list_after(
		    all, borrowed ? &share->of_user : &share->of_owner);
	}
	if (node == NULL) {
		return NULL;
	}
	return borrowed ? list_entry(node, struct account_share, of_user)
			: list_entry(node, struct account_share, of_owner);
}

const struct store_share *
account_share_row(const struct account_share *share)
{
	return &share->row;
}

struct account *
account_share_owner(const struct account_share *share)
{
	return share->owner;
}

struct account *
account_share_user(const struct account_share *share)
{
	return share->user;
}
