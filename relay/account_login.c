/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "relay/account_impl.h"

/* --- the id of the account's key ------------------------------------- */

static bool
same_id(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, KEYS_ID_LEN) == 0;
}

/* Plan that account has the key that op brings from now on. */
static void
take_key(struct account_op *op, const struct store_account *row)
{
	struct store_account *next = &op->key_row;

	*next = *row;
	next->has_old_key = row->has_key;
	memcpy(next->old_key_id, row->key_id, KEYS_ID_LEN);
	next->has_key = true;
	memcpy(next->key_id, op->key_id, KEYS_ID_LEN);
	next->key_epoch = op->key_epoch;
	next->key_changed = op->now;
	op->sets_key = true;
	/* Two first gateways with two keys must not pass each other. */
	op->exclusive = true;
}

/*
 * Judge the key that a gateway says it holds.  Returns false when it is not
 * one of the account's.  A device that is only about to be enrolled cannot
 * bring the next key: it would be a second first gateway.
 */
static bool
judge_key(struct account_op *op, const struct account *account, bool enrolled)
{
	const struct store_account *row = &account->row;

	if (op->role != LINKHELLO_GATEWAY) {
		return true;
	}
	if (!row->has_key) {
		if (op->has_key_id) {
			take_key(op, row);
		}
		return true;
	}
	if (!op->has_key_id) {
		return false;
	}
	if (same_id(op->key_id, row->key_id)) {
		return true;
	}
	if (row->has_old_key && same_id(op->key_id, row->old_key_id)) {
		return op->now < row->key_changed + ACCOUNT_OLD_KEY_TIME;
	}
	if (enrolled && op->key_epoch > row->key_epoch) {
		take_key(op, row);
		return true;
	}
	return false;
}

static void
store_key(const struct account_op *op, struct account_changes *changes)
{
	if (op->sets_key) {
		account_op_change(changes, STORE_ACCOUNT_KEY)->row.account =
		    op->key_row;
	}
}

/* Another key is a change that people want to find, whoever made it. */
static void
audit_key(struct account_op *op)
{
	char before[16] = "";
	char after[32];

	if (op->account->row.has_key) {
		snprintf(before, sizeof(before), "epoch %" PRIu32,
		    op->account->row.key_epoch);
	}
	snprintf(after, sizeof(after), "epoch %" PRIu32, op->key_epoch);
	account_op_audit(op, "user.key", NULL, before, after);
}

/* --- by the device's key --------------------------------------------- */

/* Whether device is who op says: what it was enrolled as, once and for all. */
static bool
is_same(const struct account_op *op, const struct account_device *device)
{
	return device->row.role == op->role &&
	       strcmp(device->row.name, op->name) == 0 &&
	       strcmp(device->account->row.user, op->user) == 0;
}

/*
 * The same for one whose key says who it is.  A gateway is called what we tell
 * it, and may not have heard yet that the name that it asked for was taken.
 */
static bool
can_be(const struct account_op *op, const struct account_device *device)
{
	return is_same(op, device) ||
	       (op->role == LINKHELLO_GATEWAY && device->row.role == op->role);
}

static enum account_verdict
by_key(struct account_op *op, struct account_changes *changes)
{
	struct account_device *device =
	    account_book_find_key(op->book, op->key);

	if (device == NULL ||
	    strcmp(device->account->row.user, op->user) != 0) {
		return account_op_answer(op, CODE_LOGIN_REFUSED, NULL);
	}
	if (device->row.revoked_at != 0) {
		op->outcome.code = CODE_REVOKED;
		account_text_removed(device->row.revoked_at,
		    device->row.revoked_by, op->now, op->outcome.text);
		return ACCOUNT_ANSWER;
	}
	if (!can_be(op, device)) {
		return account_op_answer(op, CODE_LOGIN_REFUSED, NULL);
	}
	if (device->account->row.disabled) {
		return account_op_answer(op, CODE_DISABLED, NULL);
	}
	if (!judge_key(op, device->account, true)) {
		return account_op_answer(op, CODE_ACCOUNT_KEY, NULL);
	}
	op->account = device->account;
	if (op->sets_key) {
		audit_key(op);
		store_key(op, changes);
		return ACCOUNT_STORE;
	}
	account_book_note_seen(device, op->now);
	op->outcome.account = device->account;
	op->outcome.device = device;
	return account_op_answer(op, CODE_OK, NULL);
}

/* --- by an invitation ------------------------------------------------ */

/* Answer that token was used, by whom and when. */
static enum account_verdict
used(struct account_op *op, const struct account_token *token)
{
	const struct account_device *device =
	    account_book_find_key(op->book, token->row.used_by_key);
	const char *name = token->row.name;
	char day[ACCOUNT_TEXT_LEN];

	if (device != NULL && device->account == token->account) {
		name = device->row.name;
	}
	(void)account_text_day(token->row.used_at, op->now, day);
	if (token->row.uses_max > 1) {
		return account_op_answer(op, CODE_JOIN_USED,
		    "This join string was already used %" PRIu32
		    " times, as often as it may be, by \"%s\" last on %s. Ask "
		    "for a new one.",
		    token->row.uses, name, day);
	}
	if (name[0] == '\0') {
		return account_op_answer(op, CODE_JOIN_USED,
		    "This join string was already used on %s. Ask for a new "
		    "one.",
		    day);
	}
	return account_op_answer(op, CODE_JOIN_USED,
	    "This join string was already used by \"%s\" on %s. Ask for a new "
	    "one.",
	    name, day);
}

/*
 * Judge whether token is good for what op asks.  Returns true, or false and
 * the outcome is filled in.
 */
static bool
judge_token(struct account_op *op, const struct account_token *token)
{
	char span[ACCOUNT_TEXT_LEN];

	if (account_book_is_spent(token)) {
		(void)used(op, token);
		return false;
	}
	if (op->now >= token->row.expires) {
		(void)account_op_answer(op, CODE_JOIN_EXPIRED,
		    "This join string expired %s ago. Ask for a new one.",
		    account_text_span(op->now - token->row.expires, span));
		return false;
	}
	if (token->row.role != op->role ||
	    (token->row.name[0] != '\0' &&
		strcmp(token->row.name, op->name) != 0)) {
		(void)account_op_answer(op, CODE_LOGIN_REFUSED, NULL);
		return false;
	}
	if (op->flaw != NAME_OK) {
		(void)account_op_answer(op, CODE_NAME_INVALID,
		    "The name of the device %s.", name_error_text(op->flaw));
		return false;
	}
	if (token->account->row.disabled) {
		(void)account_op_answer(op, CODE_DISABLED, NULL);
		return false;
	}
	return true;
}

/* Return true when several gateways may use token, each under its own name. */
static bool
is_for_many(const struct account_token *token)
{
	return token->row.uses_max > 1 && !token->row.replica;
}

/*
 * Make room for the new device: the row that its key has elsewhere goes, and
 * who has its name is replaced, or gets company, if token allows that.  Returns
 * false when it does not, and the outcome is filled in.
 */
static bool
make_room(struct account_op *op, struct account_changes *changes,
    const struct account_token *token, const struct account_device *elsewhere)
{
	const bool replace = token->row.replace || op->book->replaces;
	struct account_device *holder = NULL;

	if (is_for_many(token)) {
		/* The name is not known to others while it is stored. */
		op->exclusive = true;
		if (!account_name_choose(op, token->account)) {
			return false;
		}
	} else if (token->row.replica) {
		if (!account_name_number(
			op, token->account, elsewhere, &op->number)) {
			return false;
		}
	} else if (!account_name_judge(
		       op, token->account, elsewhere, replace, &holder)) {
		return false;
	}
	if (elsewhere != NULL) {
		op->moved = elsewhere->row.id;
		account_op_change(changes, STORE_DEVICE_DROP)->row.device.id =
		    op->moved;
	}
	if (holder != NULL) {
		op->replaced = holder->row.id;
		account_op_revoke(op, changes, holder, NULL);
	}
	return true;
}

/*
 * Judge whether account may have one more device in place of gone ones.  Where
 * there is a limit, enrolments happen one after the other.  Returns false, and
 * the outcome is filled in, when it may not.
 */
static bool
judge_limits(struct account_op *op, const struct account *account)
{
	const struct account_device *gone[] = {
		account_book_find_id(op->book, op->moved),
		account_book_find_id(op->book, op->replaced),
	};
	uint64_t devices = account_usage(account, ALLOWANCE_DEVICES) + 1;
	uint64_t hosts = account_usage(account, ALLOWANCE_HOSTS) + 1;
	char text[LIMITS_TEXT_LEN];

	op->exclusive =
	    op->exclusive ||
	    account_limit(account, ALLOWANCE_DEVICES, NULL) != ALLOWANCE_NONE ||
	    account_limit(account, ALLOWANCE_HOSTS, NULL) != ALLOWANCE_NONE;
	for (size_t i = 0; i < 2; i++) {
		if (gone[i] != NULL && gone[i]->account == account &&
		    gone[i]->row.revoked_at == 0) {
			devices--;
			hosts -= gone[i]->row.role == LINKHELLO_AGENT;
		}
	}
	if (account_exceeds(account, ALLOWANCE_DEVICES, devices, text) ||
	    (op->role == LINKHELLO_AGENT &&
		account_exceeds(account, ALLOWANCE_HOSTS, hosts, text))) {
		(void)account_op_answer(op, CODE_LIMIT, "%s", text);
		return false;
	}
	return true;
}

/* Add the row of the new device.  Returns false when there is no memory. */
static bool
add_device(struct account_op *op, struct account_changes *changes,
    struct account *account)
{
	struct store_device row = {
		.account = account->row.id,
		.role = op->role,
		.created = op->now,
		.last_seen = op->now,
		.replica = op->number,
	};

	row.id = store_next_id(op->book->store, STORE_DEVICE_ADD);
	memcpy(row.name, op->name, sizeof(row.name));
	memcpy(row.public_key, op->key, sizeof(row.public_key));
	op->fresh_device = account_book_make_device(account, &row);
	if (op->fresh_device == NULL) {
		(void)account_op_answer(op, CODE_OVERLOADED, NULL);
		return false;
	}
	account_op_change(changes, STORE_DEVICE_ADD)->row.device = row;
	return true;
}

static enum account_verdict
redeem(struct account_op *op, struct account_changes *changes,
    struct account_token *token)
{
	struct account_device *device =
	    account_book_find_key(op->book, op->key);
	bool enrolled = device != NULL && device->row.revoked_at == 0 &&
			is_same(op, device);
	struct store_token *row;

	if (!judge_token(op, token)) {
		return ACCOUNT_ANSWER;
	}
	if (!judge_key(op, token->account, enrolled)) {
		return account_op_answer(op, CODE_ACCOUNT_KEY, NULL);
	}
	op->account = token->account;
	op->redeems = true;
	if (!enrolled && (!make_room(op, changes, token, device) ||
			     !judge_limits(op, token->account) ||
			     !add_device(op, changes, token->account))) {
		return ACCOUNT_ANSWER;
	}
	account_op_audit(op, "device.enrol", op->name, "",
	    op->role == LINKHELLO_AGENT ? "agent" : "gateway");
	row = &account_op_change(changes, STORE_TOKEN_USED)->row.token;
	memcpy(row->hash, op->hash, sizeof(row->hash));
	memcpy(row->used_by_key, op->key, sizeof(row->used_by_key));
	row->used_at = op->now;
	row->uses = token->row.uses + 1;
	store_key(op, changes);
	return ACCOUNT_STORE;
}

/* --- the operation --------------------------------------------------- */

/* Return true when it was the device of op that redeemed token. */
static bool
has_redeemed(const struct account_op *op, const struct account_token *token)
{
	const struct account_device *device;

	if (token->row.used_at == 0) {
		return false;
	}
	if (token->row.uses_max > 1) {
		/* Of several only the last is noted. */
		device = account_book_find_key(op->book, op->key);
		return device != NULL && device->row.revoked_at == 0 &&
		       device->account == token->account &&
		       device->row.role == token->row.role;
	}
	return memcmp(token->row.used_by_key, op->key, KEYS_LEN) == 0;
}

static enum account_verdict
decide(struct account_op *op, struct account_changes *changes)
{
	struct account_token *token = NULL;

	op->exclusive = false;
	op->number = 0;
	memcpy(op->name, op->asked, sizeof(op->name));
	if (op->has_token) {
		token = account_book_find_token(op->book, op->hash);
	}
	/*
	 * A token that is unknown, by now perhaps, or that this very device
	 * used: its key says who it is.
	 */
	if (token == NULL || strcmp(token->account->row.user, op->user) != 0 ||
	    has_redeemed(op, token)) {
		return by_key(op, changes);
	}
	return redeem(op, changes, token);
}

/* The device whose key is enrolled anew is no more what it was. */
static void
move_away(struct account_op *op)
{
	struct account_book *book = op->book;
	struct account_device *device = account_book_find_id(book, op->moved);

	if (device == NULL) {
		return;
	}
	if (device->row.revoked_at == 0 && book->ops->gone != NULL) {
		book->ops->gone(device, CODE_REPLACED,
		    "This device joined anew.", book->arg);
	}
	account_book_drop_device(device);
}

static void
replace(struct account_op *op)
{
	struct account_book *book = op->book;
	struct account_device *device =
	    account_book_find_id(book, op->replaced);
	char text[LIMITS_TEXT_LEN];

	if (device == NULL || device->row.revoked_at != 0) {
		return;
	}
	account_book_retire(device, op->now, NULL);
	if (book->ops->gone != NULL) {
		account_text_removed(op->now, NULL, op->now, text);
		book->ops->gone(device, CODE_REVOKED, text, book->arg);
	}
}

/* Follow an enrolment. */
static void
enrol(struct account_op *op)
{
	struct account_book *book = op->book;
	struct account_token *token = account_book_find_token(book, op->hash);
	struct account_device *device = op->fresh_device;

	if (token != NULL) {
		token->row.used_at = op->now;
		token->row.uses++;
		memcpy(token->row.used_by_key, op->key, KEYS_LEN);
	}
	move_away(op);
	replace(op);
	account_op_forget(op);
	op->fresh_device = NULL;
	if (device == NULL) {
		return;
	}
	account_book_insert_device(device);
	log_write(LOG_LEVEL_INFO, "account", (uint64_t)op->account->row.id,
	    "%s: enrolled %s \"%s\"", op->user,
	    op->role == LINKHELLO_AGENT ? "agent" : "gateway", op->name);
	if (book->ops->added != NULL) {
		book->ops->added(device, book->arg);
	}
}

/* The account has another key, or its first one. */
static void
rekey(struct account_op *op, struct account_device *device)
{
	struct account *account = op->account;
	struct account_book *book = op->book;
	bool first = !account->row.has_key;

	account->row.has_key = true;
	account->row.key_epoch = op->key_row.key_epoch;
	account->row.key_changed = op->key_row.key_changed;
	account->row.has_old_key = op->key_row.has_old_key;
	memcpy(account->row.key_id, op->key_row.key_id, KEYS_ID_LEN);
	memcpy(account->row.old_key_id, op->key_row.old_key_id, KEYS_ID_LEN);
	if (first) {
		return;
	}
	log_write(LOG_LEVEL_WARN, "account", (uint64_t)account->row.id,
	    "%s: gateway \"%s\" came with the next key: epoch %" PRIu32,
	    op->user, op->name, op->key_epoch);
	if (book->ops->rekeyed != NULL) {
		book->ops->rekeyed(account, device, book->arg);
	}
}

static void
commit(struct account_op *op)
{
	struct account_device *device;

	if (op->redeems) {
		enrol(op);
	}
	device = account_book_find_key(op->book, op->key);
	if (device == NULL) {
		(void)account_op_answer(op, CODE_INTERNAL, NULL);
		return;
	}
	if (op->sets_key) {
		rekey(op, device);
	}
	account_book_note_seen(device, op->now);
	op->outcome.account = op->account;
	op->outcome.device = device;
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind login_kind = { decide, commit };

struct account_op *
account_login(struct account_book *book, const struct account_login *login,
    account_done *done, void *arg)
{
	const struct linkhello_login *hello = login->hello;
	struct account_op *op = account_op_new(book, &login_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	(void)name_fold(hello->user, op->user, sizeof(op->user));
	(void)name_fold(hello->device, op->asked, sizeof(op->asked));
	memcpy(op->name, op->asked, sizeof(op->name));
	op->flaw = name_check_device(hello->device);
	account_op_by(
	    op, &(struct account_by){ op->user, login->origin, login->now });
	op->role = login->role;
	op->has_key = true;
	memcpy(op->key, login->public_key, sizeof(op->key));
	op->has_token = hello->has_token;
	if (hello->has_token) {
		(void)crypto_generichash(op->hash, sizeof(op->hash),
		    hello->token, sizeof(hello->token), NULL, 0);
	}
	op->has_key_id = hello->has_key_id;
	memcpy(op->key_id, hello->key_id, sizeof(op->key_id));
	op->key_epoch = hello->key_epoch;
	return account_op_start(op);
}
