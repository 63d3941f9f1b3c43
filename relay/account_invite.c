/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "relay/account_impl.h"

/* Return true when token is open and for what op invites. */
static bool
is_superseded(const struct account_op *op, const struct account_token *token)
{
	/* Of invitations for replicas there may be several. */
	return !account_book_is_spent(token) && token->row.role == op->role &&
	       !(token->row.replica && op->replica) &&
	       strcmp(token->row.name, op->name) == 0;
}

static void
drop(struct account_op *op, struct account_changes *changes,
    const struct account_token *token)
{
	memcpy(op->drops[op->drop_count], token->row.hash, STORE_HASH_LEN);
	op->drop_count++;
	memcpy(account_op_change(changes, STORE_TOKEN_DROP)->row.token.hash,
	    token->row.hash, STORE_HASH_LEN);
}

/* Make open invitations for the same void.  There is one at most. */
static void
drop_superseded(struct account_op *op, struct account_changes *changes,
    const struct account *account)
{
	struct list *node = list_first(&account->tokens);

	for (; node != NULL && op->drop_count < ACCOUNT_DROPS_MAX - 1;
	     node = list_after(&account->tokens, node)) {
		const struct account_token *token =
		    list_entry(node, struct account_token, of_account);

		if (is_superseded(op, token)) {
			drop(op, changes, token);
		}
	}
}

/*
 * Keep account at its limit by dropping the oldest invitation that is used or
 * ran out.  Returns false when all of them are open.
 */
static bool
drop_oldest(struct account_op *op, struct account_changes *changes,
    const struct account *account)
{
	struct list *node = list_first(&account->tokens);

	if (account->token_count - op->drop_count < ACCOUNT_TOKENS_MAX) {
		return true;
	}
	for (; node != NULL; node = list_after(&account->tokens, node)) {
		const struct account_token *token =
		    list_entry(node, struct account_token, of_account);

		if (account_book_is_spent(token) ||
		    op->now >= token->row.expires) {
			drop(op, changes, token);
			return true;
		}
	}
	return false;
}

/* Draw a token and write what is kept of it to row. */
static void
draw(struct account_op *op, struct store_token *row, int64_t id)
{
	uint32_t ttl = op->ttl;

	if (ttl == 0) {
		ttl = ACCOUNT_INVITE_TTL;
	}
	if (ttl > ACCOUNT_INVITE_TTL_MAX) {
		ttl = ACCOUNT_INVITE_TTL_MAX;
	}
	randombytes_buf(op->token, sizeof(op->token));
	memset(row, 0, sizeof(*row));
	(void)crypto_generichash(row->hash, sizeof(row->hash), op->token,
	    sizeof(op->token), NULL, 0);
	row->account = id;
	row->role = op->role;
	memcpy(row->name, op->name, sizeof(row->name));
	row->replace = op->replace;
	row->replica = op->replica;
	row->created = op->now;
	row->expires = op->now + ttl;
	row->uses_max = op->uses > 0 ? op->uses : 1;
}

/* Note who is invited: "gateway", "agent, 5 times". */
static void
audit_invitation(struct account_op *op)
{
	const char *role = op->role == LINKHELLO_AGENT ? "agent" : "gateway";
	char text[STORE_VALUE_LEN];

	(void)snprintf(
	    text, sizeof(text), "%s, %" PRIu32 " times", role, op->uses);
	account_op_audit(
	    op, "token.add", op->name, "", op->uses > 1 ? text : role);
}

enum account_verdict
account_invite_decide(struct account_op *op, struct account_changes *changes,
    struct account *account, int64_t id)
{
	struct store_token row;

	if (account != NULL) {
		drop_superseded(op, changes, account);
		if (!drop_oldest(op, changes, account)) {
			return account_op_answer(op, CODE_LIMIT,
			    "The account has %d open invitations, the limit.",
			    ACCOUNT_TOKENS_MAX);
		}
	}
	draw(op, &row, id);
	op->fresh_token = account_book_make_token(account, &row);
	if (op->fresh_token == NULL) {
		return account_op_answer(op, CODE_OVERLOADED, NULL);
	}
	audit_invitation(op);
	account_op_change(changes, STORE_TOKEN_ADD)->row.token = row;
	return ACCOUNT_STORE;
}

void
account_invite_commit(struct account_op *op)
{
	for (size_t i = 0; i < op->drop_count; i++) {
		struct account_token *token =
		    account_book_find_token(op->book, op->drops[i]);

		if (token != NULL) {
			account_book_drop_token(token);
		}
	}
	account_book_insert_token(op->fresh_token);
	op->outcome.account = op->account;
	op->outcome.has_token = true;
	memcpy(op->outcome.token, op->token, sizeof(op->token));
	op->outcome.expires = op->fresh_token->row.expires;
	op->fresh_token = NULL;
	(void)account_op_answer(op, CODE_OK, NULL);
}

/* Judge name as that of a new device; a gateway may choose its own later. */
static enum name_error
judge_name(enum linkhello_role role, const char *name)
{
	if (role == LINKHELLO_AGENT) {
		return name_check_new_host(name);
	}
	return name[0] == '\0' ? NAME_OK : name_check_device(name);
}

/* Return whether the account has no room for who would be invited. */
static bool
exceeds(const struct account_op *op, char text[LIMITS_TEXT_LEN])
{
	const struct account *account = op->account;

	return account_exceeds(account, ALLOWANCE_DEVICES,
		   account_usage(account, ALLOWANCE_DEVICES) + 1, text) ||
	       (op->role == LINKHELLO_AGENT &&
		   account_exceeds(account, ALLOWANCE_HOSTS,
		       account_usage(account, ALLOWANCE_HOSTS) + 1, text));
}

/* Judge how often it may be used; false: the outcome is filled in. */
static bool
judge_uses(struct account_op *op)
{
	if (op->uses > ACCOUNT_USES_MAX) {
		(void)account_op_answer(op, CODE_BAD_REQUEST,
		    "An invitation is for %d devices at most.",
		    ACCOUNT_USES_MAX);
		return false;
	}
	if (op->uses > 1 && op->replace) {
		(void)account_op_answer(op, CODE_BAD_REQUEST,
		    "An invitation for several devices replaces none.");
		return false;
	}
	if (op->uses > 1 && op->role == LINKHELLO_AGENT && !op->replica) {
		(void)account_op_answer(op, CODE_BAD_REQUEST,
		    "A host is one device: invite each under a name of its "
		    "own, or several as replicas.");
		return false;
	}
	return true;
}

/* Judge who has the name by now; false: the outcome is filled in. */
static bool
judge_taken(struct account_op *op)
{
	struct account_device *holder;
	uint8_t number;

	if (op->uses > 1 && op->role == LINKHELLO_GATEWAY) {
		return true; /* each gets another one */
	}
	if (op->replica) {
		return account_name_number(op, op->account, NULL, &number);
	}
	return account_name_judge(
	    op, op->account, NULL, op->replace || op->book->replaces, &holder);
}

static enum account_verdict
decide(struct account_op *op, struct account_changes *changes)
{
	char text[LIMITS_TEXT_LEN];

	if (!account_op_find(op)) {
		return ACCOUNT_ANSWER;
	}
	if (op->account->row.disabled) {
		return account_op_answer(op, CODE_DISABLED, NULL);
	}
	if (op->flaw != NAME_OK) {
		return account_op_answer(op, CODE_NAME_INVALID,
		    "The name \"%s\" %s.", op->name, name_error_text(op->flaw));
	}
	if (!judge_uses(op) || !judge_taken(op)) {
		return ACCOUNT_ANSWER;
	}
	if (!op->replace && exceeds(op, text)) {
		return account_op_answer(op, CODE_LIMIT, "%s", text);
	}
	return account_invite_decide(
	    op, changes, op->account, op->account->row.id);
}

static const struct account_kind invite_kind = { decide,
	account_invite_commit };

struct account_op *
account_invite(struct account_book *book, const struct account_invite *invite,
    account_done *done, void *arg)
{
	struct account_op *op = account_op_new(book, &invite_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	memcpy(op->user, invite->account->row.user, sizeof(op->user));
	op->invites = true;
	op->account_id = invite->account->row.id;
	op->role = invite->role;
	op->replace = invite->replace;
	/* A gateway is nothing that could be reached at several places. */
	op->replica = invite->replica && invite->role == LINKHELLO_AGENT;
	op->ttl = invite->ttl;
	op->uses = invite->uses > 0 ? invite->uses : 1;
	account_op_by(op, &invite->by);
	op->flaw = judge_name(invite->role, invite->name);
	(void)name_fold(invite->name, op->name, sizeof(op->name));
	return account_op_start(op);
}

/* --- making one void ------------------------------------------------- */

static enum account_verdict
decide_revoke(struct account_op *op, struct account_changes *changes)
{
	const struct account_token *token =
	    account_book_find_token(op->book, op->hash);
	char id[ACCOUNT_TOKEN_ID_LEN];

	if (token == NULL) {
		return account_op_answer(op, CODE_LOGIN_REFUSED,
		    "There is no such invitation any more.");
	}
	if (account_book_is_spent(token)) {
		return account_op_answer(op, CODE_JOIN_USED,
		    "That invitation was used already: remove the device.");
	}
	account_op_audit(
	    op, "token.revoke", op->name, account_token_id(token, id), "");
	memcpy(account_op_change(changes, STORE_TOKEN_DROP)->row.token.hash,
	    op->hash, sizeof(op->hash));
	return ACCOUNT_STORE;
}

static void
commit_revoke(struct account_op *op)
{
	struct account_token *token =
	    account_book_find_token(op->book, op->hash);

	if (token != NULL) {
		account_book_drop_token(token);
	}
	(void)account_op_answer(op, CODE_OK, NULL);
}

static const struct account_kind revoke_kind = { decide_revoke, commit_revoke };

struct account_op *
account_revoke_token(struct account_token *token, const struct account_by *by,
    account_done *done, void *arg)
{
	struct account_op *op =
	    account_op_new(token->account->book, &revoke_kind, done, arg);

	if (op == NULL) {
		return NULL;
	}
	memcpy(op->user, token->account->row.user, sizeof(op->user));
	memcpy(op->name, token->row.name, sizeof(op->name));
	op->has_token = true;
	memcpy(op->hash, token->row.hash, sizeof(op->hash));
	account_op_by(op, by);
	return account_op_start(op);
}
