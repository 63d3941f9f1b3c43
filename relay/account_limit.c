/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/account_impl.h"

/* --- what is in force ------------------------------------------------ */

void
account_book_set_levels(
    struct account_book *book, const struct allowance levels[STORE_GUEST + 1])
{
	memcpy(book->levels, levels, sizeof(book->levels));
}

uint64_t
account_limit(const struct account *account, enum allowance_key key,
    enum account_source *source)
{
	const struct allowance *level =
	    &account->book->levels[account->row.level];
	enum account_source from = ACCOUNT_SOURCE_NONE;
	uint64_t limit = allowance_get(&account->limits, key);

	if (limit != ALLOWANCE_NONE) {
		from = ACCOUNT_SOURCE_ACCOUNT;
	} else {
		limit = allowance_get(level, key);
		from = limit != ALLOWANCE_NONE ? ACCOUNT_SOURCE_LEVEL : from;
	}
	if (source != NULL) {
		*source = from;
	}
	return limit;
}

bool
account_exceeds(const struct account *account, enum allowance_key key,
    uint64_t wanted, char text[LIMITS_TEXT_LEN])
{
	uint64_t limit = account_limit(account, key, NULL);

	if (wanted <= limit) {
		return false;
	}
	(void)snprintf(text, LIMITS_TEXT_LEN,
	    "The account has reached its limit of %s (%" PRIu64 ").",
	    key == ALLOWANCE_ATTACHES ? "new channels a second"
				      : allowance_name(key),
	    limit);
	return true;
}

uint64_t
account_usage(const struct account *account, enum allowance_key key)
{
	return key <= ALLOWANCE_LINKS ? account->usage[key] : 0;
}

bool
account_take_attach(struct account *account, uint64_t now)
{
	uint64_t limit = account_limit(account, ALLOWANCE_ATTACHES, NULL);

	if (limit == ALLOWANCE_NONE) {
		return true;
	}
	if (limit != account->attaches_limit) {
		ratelimit_init(&account->attaches, limit,
		    limit * ACCOUNT_ATTACH_BURST, now);
		account->attaches_limit = limit;
	}
	return ratelimit_take(&account->attaches, 1, now);
}

void
account_limits_changed(struct account *account)
{
	const struct account_book *book = account->book;

	if (book->ops->limited != NULL) {
		book->ops->limited(account, book->arg);
	}
}

/* --- setting them ---------------------------------------------------- */

/* Write what change says, or what it changes in limits, as people do. */
static void
describe(const struct allowance *change, const struct allowance *limits,
    char out[STORE_VALUE_LEN])
{
	size_t len = 0;

	out[0] = '\0';
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		uint64_t value = change->value[key];
		char text[ALLOWANCE_TEXT_LEN];

		if (!change->set[key] || len >= STORE_VALUE_LEN) {
			continue;
		}
		if (limits != NULL) {
			value = allowance_get(limits, (enum allowance_key)key);
		}
		len += (size_t)snprintf(out + len, STORE_VALUE_LEN - len,
		    "%s%s=%s", len > 0 ? " " : "",
		    allowance_name((enum allowance_key)key),
		    allowance_text((enum allowance_key)key, value, text));
	}
}

static enum account_verdict
decide(struct account_op *op, struct account_changes *changes)
{
	char before[STORE_VALUE_LEN];
	char after[STORE_VALUE_LEN];

	if (!account_op_find(op)) {
		return ACCOUNT_ANSWER;
	}
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		uint64_t value = op->limits.value[key];
		struct store_limit *row;

		if (!op->limits.set[key]) {
			continue;
		}
		row = &account_op_change(changes, value != ALLOWANCE_NONE
						      ? STORE_LIMIT_SET
						      : STORE_LIMIT_DROP)
			   ->row.limit;
		row->account = op->account_id;
		row->value = value;
		(void)snprintf(row->name, sizeof(row->name), "%s",
		    allowance_name((enum allowance_key)key));
	}
	if (changes->count == 0) {
		return account_op_answer(op, CODE_OK, NULL);
	}
	describe(&op->limits, &op->account->limits, before);
	describe(&op->limits, NULL, after);
	account_op_audit(op, "user.limit", NULL, before, after);
	return ACCOUNT_STORE;
}

static void
commit(struct account_op *op)
{
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		if (op->limits.set[key]) {
			allowance_set(&op->account->limits,
			    (enum allowance_key)key, op->limits.value[key]);
		}
	}
	account_limits_changed(op->account);
	op->outcome.account = op->account;
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind limits_kind = { decide, commit };

struct account_op *
account_set_limits(struct account *account, const struct allowance *change,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op =
	    account_op_new(account->book, &limits_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	memcpy(op->user, account->row.user, sizeof(op->user));
	op->exclusive = true;
	op->account_id = account->row.id;
	op->limits = *change;
	account_op_by(op, by);
	return account_op_start(op);
}
