/* SPDX-License-Identifier: ISC */
/* What accounts move, by months. */
#include <stdio.h>

#include "common/mem.h"
#include "common/quantity.h"
#include "relay/account_impl.h"

/* Accounts of one submission: a commit of a millisecond. */
#define ACCOUNT_USAGE_BATCH 128

/* --- counting -------------------------------------------------------- */

void
account_spend(struct account *account, uint64_t up, uint64_t down, uint64_t now)
{
	const uint32_t number = usage_month(now);
	struct usage_month *month;

	if (list_linked(&account->spent) && account->spent_month != number) {
		/* The old month is written before it is forgotten. */
		list_remove(&account->spent);
		list_push_front(&account->book->spent, &account->spent);
		(void)account_usage_write_some(account->book);
	}
	month = usage_at(&account->months, number);
	if (month == NULL) {
		return; /* without memory nothing else works either */
	}
	month->up += up;
	month->down += down;
	account->spent_month = number;
	if (!list_linked(&account->spent)) {
		list_push_back(&account->book->spent, &account->spent);
	}
}

uint64_t
account_spent(const struct account *account, uint64_t now)
{
	return usage_total(&account->months, usage_month(now));
}

uint64_t
account_left(const struct account *account, uint64_t now)
{
	const uint64_t limit = account_limit(account, ALLOWANCE_MONTH, NULL);
	uint64_t spent;

	if (limit == ALLOWANCE_NONE) {
		return ALLOWANCE_NONE;
	}
	spent = account_spent(account, now);
	return spent < limit ? limit - spent : 0;
}

void
account_quota_text(
    const struct account *account, uint64_t now, char text[LIMITS_TEXT_LEN])
{
	char limit[QUANTITY_LEN];
	char day[USAGE_DAY_LEN];

	(void)quantity_format_size(
	    account_limit(account, ALLOWANCE_MONTH, NULL), limit);
	(void)snprintf(text, LIMITS_TEXT_LEN,
	    "Monthly limit of %s used up; resets on %s.", limit,
	    usage_reset_text(usage_month(now), day));
}

const struct usage *
account_months(const struct account *account)
{
	return &account->months;
}

/* --- keeping --------------------------------------------------------- */

int
account_usage_load(struct account_book *book, const struct store_usage *row)
{
	struct account *account = account_book_find_number(book, row->account);
	struct usage_month *month;

	if (account == NULL) {
		return 0; /* the store's foreign keys do not allow it */
	}
	month = usage_at(&account->months, row->month);
	if (month == NULL) {
		return -1;
	}
	month->up = row->up;
	month->down = row->down;
	return 0;
}

/* Add what is to be written of account; returns how many changes. */
static size_t
describe(struct account *account, struct store_change *changes)
{
	const struct usage_month *month =
	    usage_at(&account->months, account->spent_month);
	size_t count = 0;

	if (account->months.dropped != 0) {
		changes[count].kind = STORE_USAGE_DROP;
		changes[count].row.usage.account = account->row.id;
		changes[count++].row.usage.month = account->months.dropped;
	}
	if (month != NULL) {
		changes[count].kind = STORE_USAGE_SET;
		changes[count++].row.usage = (struct store_usage){
			.account = account->row.id,
			.month = month->month,
			.up = month->up,
			.down = month->down,
		};
	}
	return count;
}

/* Write one batch; 0, or -1 when there is no room for it now. */
static int
write_batch(struct account_book *book, struct store_change *changes)
{
	struct list *node = list_first(&book->spent);
	size_t accounts = 0;
	size_t count = 0;

	for (; node != NULL && accounts < ACCOUNT_USAGE_BATCH; accounts++) {
		count += describe(
		    list_entry(node, struct account, spent), &changes[count]);
		node = list_after(&book->spent, node);
	}
	if (count > 0 &&
	    store_submit(book->store, changes, count, NULL, NULL) < 0) {
		return -1;
	}
	for (node = list_first(&book->spent); node != NULL && accounts > 0;
	     node = list_first(&book->spent)) {
		list_entry(node, struct account, spent)->months.dropped = 0;
		list_remove(node);
		accounts--;
	}
	return 0;
}

bool
account_usage_write_some(struct account_book *book)
{
	struct store_change *changes;
	int result = -1;

	if (list_empty(&book->spent)) {
		return false;
	}
	changes = mem_new((size_t)2 * ACCOUNT_USAGE_BATCH, sizeof(*changes));
	if (changes != NULL) {
		result = write_batch(book, changes);
	}
	mem_free(changes);
	return result == 0 && !list_empty(&book->spent);
}

void
account_book_flush(struct account_book *book)
{
	while (book != NULL && account_usage_write_some(book)) {
	}
}

/* --- tenants --------------------------------------------------------- */

struct account *
account_by_id(const struct account_book *book, int64_t id)
{
	return account_book_find_number(book, id);
}

void
account_set_tenant(struct account *account, void *tenant)
{
	account->tenant = tenant;
}

void *
account_tenant(const struct account *account)
{
	return account->tenant;
}
