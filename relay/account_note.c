/* SPDX-License-Identifier: ISC */
/* What is in the audit and changes no account. */
#include "relay/account_impl.h"

#include <stdio.h>

/* The entry is in op already: it is all that there is to store. */
static enum account_verdict
decide(struct account_op *op, struct account_changes *changes)
{
	(void)changes;
	op->audit = op->note;
	return ACCOUNT_STORE;
}

static void
commit(struct account_op *op)
{
	if (op->effect != NULL) {
		op->effect(op->effect_number, op->effect_arg);
	}
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind note_kind = { decide, commit };

struct account_op *
account_note(struct account_book *book, const struct account_note *note,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = account_op_new(book, &note_kind, done, arg);
	struct store_audit *entry;

	if (op == NULL) {
		return NULL;
	}
	account_op_by(op, by);
	op->effect = note->effect;
	op->effect_number = note->number;
	op->effect_arg = note->arg;
	entry = &op->note;
	entry->at = op->now;
	(void)snprintf(entry->user, sizeof(entry->user), "%s", op->by);
	(void)snprintf(entry->origin, sizeof(entry->origin), "%s", op->origin);
	(void)snprintf(
	    entry->action, sizeof(entry->action), "%s", note->action);
	(void)snprintf(
	    entry->object, sizeof(entry->object), "%s", note->object);
	(void)snprintf(entry->before, sizeof(entry->before), "%s",
	    note->before != NULL ? note->before : "");
	(void)snprintf(entry->after, sizeof(entry->after), "%s", note->text);
	return account_op_start(op);
}
