/* SPDX-License-Identifier: ISC */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "relay/account_impl.h"
#include "relay/audit.h"
#include "relay/rules.h"

/* Seconds after which to come back when there was no room, or no disk. */
#define ACCOUNT_OP_RETRY_BUSY 5
#define ACCOUNT_OP_RETRY_DISK 60

enum account_verdict
account_op_answer(
    struct account_op *op, enum code code, const char *format, ...)
{
	struct account_outcome *outcome = &op->outcome;
	va_list args;

	outcome->code = code;
	if (format == NULL) {
		snprintf(outcome->text, sizeof(outcome->text), "%s",
		    codes_summary(code));
		return ACCOUNT_ANSWER;
	}
	va_start(args, format);
	(void)vsnprintf(outcome->text, sizeof(outcome->text), format, args);
	va_end(args);
	return ACCOUNT_ANSWER;
}

void
account_op_by(struct account_op *op, const struct account_by *by)
{
	snprintf(
	    op->by, sizeof(op->by), "%s", by->user != NULL ? by->user : "");
	snprintf(op->origin, sizeof(op->origin), "%s",
	    by->origin != NULL ? by->origin : "");
	op->now = by->now;
}

void
account_op_audit(struct account_op *op, const char *action, const char *name,
    const char *before, const char *after)
{
	struct store_audit *audit = &op->audit;

	audit->at = op->now;
	memcpy(audit->user, op->by, sizeof(audit->user));
	memcpy(audit->origin, op->origin, sizeof(audit->origin));
	snprintf(audit->action, sizeof(audit->action), "%s", action);
	snprintf(audit->object, sizeof(audit->object), "%s%s%s", op->user,
	    name != NULL ? "/" : "", name != NULL ? name : "");
	snprintf(audit->before, sizeof(audit->before), "%s", before);
	snprintf(audit->after, sizeof(audit->after), "%s", after);
}

bool
account_op_find(struct account_op *op)
{
	op->account = account_book_find_number(op->book, op->account_id);
	if (op->account == NULL) {
		(void)account_op_answer(op, CODE_LOGIN_REFUSED,
		    "There is no account \"%s\" any more.", op->user);
	}
	return op->account != NULL;
}

struct store_change *
account_op_change(struct account_changes *changes, enum store_kind kind)
{
	struct store_change *change = &changes->list[changes->count];

	memset(change, 0, sizeof(*change));
	change->kind = kind;
	changes->count++;
	return change;
}

void
account_op_revoke(struct account_op *op, struct account_changes *changes,
    const struct account_device *device, const char *by)
{
	struct account *account = device->account;
	struct store_change *change =
	    account_op_change(changes, STORE_DEVICE_REVOKE);
	struct list *oldest = list_first(&account->revoked);

	change->row.device.id = device->row.id;
	change->row.device.revoked_at = op->now;
	change->row.device.revoked_by = by;
	if (oldest == NULL || account->revoked_count < ACCOUNT_REVOKED_MAX) {
		return;
	}
	op->forgotten =
	    list_entry(oldest, struct account_device, of_account)->row.id;
	account_op_change(changes, STORE_DEVICE_DROP)->row.device.id =
	    op->forgotten;
}

void
account_op_forget(struct account_op *op)
{
	struct account_device *device =
	    account_book_find_id(op->book, op->forgotten);

	if (device != NULL) {
		account_book_drop_device(device);
	}
}

/* --- conflicts ------------------------------------------------------- */

/* Two of one account: return true when they touch the same. */
static bool
conflict_inside(const struct account_op *a, const struct account_op *b)
{
	if (a->exclusive || b->exclusive) {
		return true;
	}
	if ((a->invites && (b->invites || b->has_token)) ||
	    (b->invites && a->has_token)) {
		return true;
	}
	if (a->has_token && b->has_token &&
	    memcmp(a->hash, b->hash, sizeof(a->hash)) == 0) {
		return true;
	}
	return a->name[0] != '\0' && strcmp(a->name, b->name) == 0;
}

/* Return true when b must not be decided while a is on its way. */
static bool
conflict(const struct account_op *a, const struct account_op *b)
{
	if (a->has_key && b->has_key &&
	    memcmp(a->key, b->key, sizeof(a->key)) == 0) {
		return true;
	}
	return strcmp(a->user, b->user) == 0 && conflict_inside(a, b);
}

static bool
must_wait(const struct account_op *op)
{
	const struct list *pending = &op->book->pending;
	struct list *node = list_first(pending);

	for (; node != NULL; node = list_after(pending, node)) {
		if (conflict(list_entry(node, struct account_op, node), op)) {
			return true;
		}
	}
	return false;
}

/* --- running --------------------------------------------------------- */

/* Forget what decide() made. */
static void
discard(struct account_op *op)
{
	mem_free(op->fresh_account);
	mem_free(op->fresh_device);
	mem_free(op->fresh_token);
	mem_free(op->fresh_share);
	mem_free(op->fresh_by);
	rules_discard(op->fresh_rule);
	op->fresh_account = NULL;
	op->fresh_device = NULL;
	op->fresh_token = NULL;
	op->fresh_rule = NULL;
	op->fresh_share = NULL;
	op->fresh_by = NULL;
	op->moved = 0;
	op->replaced = 0;
	op->forgotten = 0;
	op->redeems = false;
	op->sets_key = false;
	op->drop_count = 0;
	op->audit.action[0] = '\0';
	mem_wipe(op->token, sizeof(op->token));
	memset(&op->outcome, 0, sizeof(op->outcome));
}

/* Tell whoever waits for op, and free it. */
static void
finish(struct account_op *op)
{
	op->state = ACCOUNT_OP_FINISHING;
	op->book->ops_count--;
	if (op->done != NULL) {
		op->done(&op->outcome, op->arg);
	}
	discard(op);
	mem_free_wiped(op, sizeof(*op));
}

static bool attempt(struct account_op *op);

/* Decide anew everything that waited for something. */
static void
retry_waiting(struct account_book *book)
{
	struct list mark;
	struct list *node;

	list_init(&mark);
	list_push_back(&book->waiting, &mark);
	/* Whoever goes on waiting comes behind the mark. */
	for (node = list_first(&book->waiting); node != &mark;
	     node = list_first(&book->waiting)) {
		list_remove(node);
		(void)attempt(list_entry(node, struct account_op, node));
	}
	list_remove(&mark);
}

static void
on_decided(const char *error, void *arg)
{
	struct account_op *op = arg;
	struct account_book *book = op->book;

	list_remove(&op->node);
	op->state = ACCOUNT_OP_FINISHING;
	if (error == NULL) {
		audit_add(book->audit, &op->audit);
		op->kind->commit(op);
	} else {
		log_write(
		    LOG_LEVEL_ERROR, "store", 0, "commit failed: %s", error);
		discard(op);
		(void)account_op_answer(op, CODE_INTERNAL,
		    "The relay cannot write to its store at the moment.");
		op->outcome.retry_after = ACCOUNT_OP_RETRY_DISK;
	}
	finish(op);
	retry_waiting(book);
}

static void
wait(struct account_op *op)
{
	discard(op);
	op->state = ACCOUNT_OP_WAITING;
	list_push_back(&op->book->waiting, &op->node);
}

static void
overloaded(struct account_op *op)
{
	discard(op);
	(void)account_op_answer(op, CODE_OVERLOADED, NULL);
	op->outcome.retry_after = ACCOUNT_OP_RETRY_BUSY;
	finish(op);
}

/*
 * Decide op, and have it wait, stored or answered.  Returns true when it is
 * still there.
 */
static bool
attempt(struct account_op *op)
{
	struct account_changes changes;

	if (must_wait(op)) {
		wait(op);
		return true;
	}
	changes.count = 0;
	if (op->kind->decide(op, &changes) == ACCOUNT_ANSWER) {
		finish(op);
		return false;
	}
	if (op->audit.action[0] != '\0') {
		account_op_change(&changes, STORE_AUDIT_ADD)->row.audit =
		    op->audit;
	}
	if (store_submit(op->book->store, changes.list, changes.count,
		on_decided, op) < 0) {
		overloaded(op);
		return false;
	}
	op->state = ACCOUNT_OP_PENDING;
	list_push_back(&op->book->pending, &op->node);
	return true;
}

struct account_op *
account_op_new(struct account_book *book, const struct account_kind *kind,
    account_done *done, void *arg)
{
	struct account_op *op = NULL;

	if (book->ops_count < ACCOUNT_OPS_MAX) {
		op = mem_new(1, sizeof(*op));
	}
	if (op == NULL) {
		struct account_outcome outcome = { .code = CODE_OVERLOADED };

		outcome.retry_after = ACCOUNT_OP_RETRY_BUSY;
		snprintf(outcome.text, sizeof(outcome.text), "%s",
		    codes_summary(CODE_OVERLOADED));
		if (done != NULL) {
			done(&outcome, arg);
		}
		return NULL;
	}
	book->ops_count++;
	op->book = book;
	op->kind = kind;
	op->done = done;
	op->arg = arg;
	list_init(&op->node);
	return op;
}

struct account_op *
account_op_start(struct account_op *op)
{
	return attempt(op) ? op : NULL;
}

void
account_op_cancel(struct account_op *op)
{
	if (op == NULL) {
		return;
	}
	op->done = NULL;
	if (op->state == ACCOUNT_OP_WAITING) {
		list_remove(&op->node);
		finish(op);
	}
}
