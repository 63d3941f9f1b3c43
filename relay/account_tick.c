/* SPDX-License-Identifier: ISC */
/*
 * What is due once a minute, in slices: whoever waits for the loop meanwhile
 * waits for one of them, not for all accounts.
 */
#include <string.h>

#include "common/mem.h"
#include "relay/account_impl.h"

/* Rows of one submission: a commit of a millisecond. */
#define TICK_BATCH 256

/* Accounts that are looked at in one slice: a tenth of a millisecond. */
#define TICK_ACCOUNTS 512

/* Write one batch of last_seen; 0, or -1 when there is no room for it now. */
static int
write_seen(struct account_book *book, struct store_change *changes)
{
	struct list *node = list_first(&book->seen);
	size_t count = 0;

	for (; node != NULL && count < TICK_BATCH;
	     node = list_after(&book->seen, node)) {
		const struct account_device *device =
		    list_entry(node, struct account_device, seen);

		changes[count].kind = STORE_DEVICE_SEEN;
		changes[count].row.device.id = device->row.id;
		changes[count].row.device.last_seen = device->row.last_seen;
		count++;
	}
	if (store_submit(book->store, changes, count, NULL, NULL) < 0) {
		return -1;
	}
	for (node = list_first(&book->seen); node != NULL && count > 0;
	     node = list_first(&book->seen)) {
		list_remove(node);
		count--;
	}
	return 0;
}

/* Return true when token was used or ran out so long ago that nobody asks. */
static bool
is_stale(const struct account_token *token, uint64_t now)
{
	if (account_book_is_spent(token)) {
		return now >= token->row.used_at + ACCOUNT_USED_TIME;
	}
	return now >= token->row.expires + ACCOUNT_EXPIRED_TIME;
}

/* Drop the stale invitations of account, as many as one submission takes. */
static void
drop_stale(struct account *account, struct store_change *changes, uint64_t now)
{
	struct list *node;
	size_t count = 0;

	for (node = list_first(&account->tokens);
	     node != NULL && count < TICK_BATCH;
	     node = list_after(&account->tokens, node)) {
		const struct account_token *token =
		    list_entry(node, struct account_token, of_account);

		if (is_stale(token, now)) {
			changes[count].kind = STORE_TOKEN_DROP;
			memcpy(changes[count].row.token.hash, token->row.hash,
			    sizeof(token->row.hash));
			count++;
		}
	}
	if (count == 0 || store_submit(account->book->store, changes, count,
			      NULL, NULL) < 0) {
		return;
	}
	/* Should this commit fail, they are stale again at the next start. */
	for (size_t i = 0; i < count; i++) {
		account_book_drop_token(account_book_find_token(
		    account->book, changes[i].row.token.hash));
	}
}

/* Look at some accounts; returns true while there are more. */
static bool
sweep(struct account_book *book, struct store_change *changes, uint64_t now)
{
	struct list *node = book->swept;

	if (node == NULL) {
		node = list_first(&book->accounts);
	}
	for (size_t i = 0; i < TICK_ACCOUNTS && node != NULL; i++) {
		struct account *account =
		    list_entry(node, struct account, of_book);

		node = list_after(&book->accounts, node);
		drop_stale(account, changes, now);
		account_share_expire(account, now);
	}
	book->swept = node;
	return node != NULL;
}

bool
account_book_tick(struct account_book *book, uint64_t now)
{
	struct store_change *changes;
	bool more;

	if (account_usage_write_some(book)) {
		return true;
	}
	changes = mem_new(TICK_BATCH, sizeof(*changes));
	if (changes == NULL) {
		return false; /* there is another tick */
	}
	if (!list_empty(&book->seen) && write_seen(book, changes) == 0) {
		more = true;
	} else {
		more = sweep(book, changes, now);
	}
	mem_free(changes);
	return more;
}
