/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "relay/account_impl.h"
#include "relay/rules.h"

/*
 * Rules are about no account, so their operations are those of an account
 * without a name: one at a time, as each may change the places of all.
 */
static struct account_op *
new_op(struct account_book *book, const struct account_kind *kind,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = account_op_new(book, kind, done, arg);

	if (op != NULL) {
		op->exclusive = true;
		account_op_by(op, by);
	}
	return op;
}

/* Have op leave an entry in the audit: action on the rule row. */
static void
note(struct account_op *op, const char *action, const struct store_rule *row)
{
	char text[RULES_TEXT_LEN];

	account_op_audit(op, action, NULL, "", "");
	snprintf(
	    op->audit.object, sizeof(op->audit.object), "%" PRId64, row->id);
	snprintf(op->audit.after, sizeof(op->audit.after), "%.*s",
	    STORE_VALUE_LEN - 1, rules_format(row, text));
}

/* The rules are others now. */
static void
follow(struct account_op *op, const char *what)
{
	const struct account_ops *ops = op->book->ops;
	char text[RULES_TEXT_LEN];

	log_write(LOG_LEVEL_INFO, "rule", (uint64_t)op->rule.id, "%s: %s", what,
	    rules_format(&op->rule, text));
	if (ops->ruled != NULL) {
		ops->ruled(&op->rule, op->book->arg);
	}
	(void)account_op_answer(op, CODE_OK, NULL);
}

/* --- adding ---------------------------------------------------------- */

/* Put the place of the new rule into *place; false: there is no such place. */
static bool
find_place(const struct account_op *op, int64_t *place)
{
	const struct rules *rules = op->book->rules;
	const struct store_rule *row = rules_next(rules, NULL);

	if (op->before != 0) {
		row = rules_find(rules, op->before);
		*place = row != NULL ? row->place : 0;
		return row != NULL;
	}
	*place = 1;
	for (; row != NULL; row = rules_next(rules, row)) {
		*place = row->place + 1;
	}
	return true;
}

static enum account_verdict
decide_add(struct account_op *op, struct account_changes *changes)
{
	if (rules_count(op->book->rules) >= RULES_MAX) {
		return account_op_answer(op, CODE_LIMIT,
		    "There are %d rules, the limit.", RULES_MAX);
	}
	if (!find_place(op, &op->rule.place)) {
		return account_op_answer(op, CODE_LOGIN_REFUSED,
		    "There is no rule %" PRId64 ".", op->before);
	}
	op->rule.id = store_next_id(op->book->store, STORE_RULE_ADD);
	op->fresh_rule = rules_make(&op->rule);
	if (op->fresh_rule == NULL) {
		return account_op_answer(op, CODE_OVERLOADED, NULL);
	}
	note(op, "acl.add", &op->rule);
	account_op_change(changes, STORE_RULE_ADD)->row.rule = op->rule;
	return ACCOUNT_STORE;
}

static void
commit_add(struct account_op *op)
{
	rules_insert(op->book->rules, op->fresh_rule);
	op->fresh_rule = NULL;
	follow(op, "added");
}

static const struct account_kind add_kind = { decide_add, commit_add };

struct account_op *
account_add_rule(struct account_book *book, const struct store_rule *patterns,
    int64_t before, const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = new_op(book, &add_kind, by, done, arg);

	if (op == NULL) {
		return NULL;
	}
	op->rule = *patterns;
	op->before = before;
	return account_op_start(op);
}

/* --- deleting -------------------------------------------------------- */

static enum account_verdict
decide_delete(struct account_op *op, struct account_changes *changes)
{
	const struct store_rule *row = rules_find(op->book->rules, op->rule.id);

	if (row == NULL) {
		return account_op_answer(op, CODE_LOGIN_REFUSED,
		    "There is no rule %" PRId64 ".", op->rule.id);
	}
	op->rule = *row;
	note(op, "acl.delete", row);
	/* What it was is what was before. */
	memcpy(op->audit.before, op->audit.after, sizeof(op->audit.before));
	op->audit.after[0] = '\0';
	account_op_change(changes, STORE_RULE_DROP)->row.rule.id = row->id;
	return ACCOUNT_STORE;
}

static void
commit_delete(struct account_op *op)
{
	rules_drop(op->book->rules, op->rule.id);
	follow(op, "deleted");
}

static const struct account_kind delete_kind = { decide_delete, commit_delete };

struct account_op *
account_delete_rule(struct account_book *book, int64_t id,
    const struct account_by *by, account_done *done, void *arg)
{
	struct account_op *op = new_op(book, &delete_kind, by, done, arg);

	if (op == NULL) {
		return NULL;
	}
	op->rule.id = id;
	return account_op_start(op);
}

/* --- what there is --------------------------------------------------- */

int
account_rule_read(const struct store_rule *row, void *arg)
{
	struct account_book *book = arg;
	struct rule *rule = rules_make(row);

	if (rule == NULL) {
		return -1;
	}
	rules_insert(book->rules, rule);
	return 0;
}

const struct rules *
account_book_rules(const struct account_book *book)
{
	return book->rules;
}
