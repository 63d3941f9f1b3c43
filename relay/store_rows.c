/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "relay/store_impl.h"

/* Puts the fields of a change into the parameters ?1, ?2, ... of its SQL. */
typedef void store_rows_bind(sqlite3_stmt *, const struct store_change *);

/* One kind of change. */
struct store_rows_kind {
	const char *sql;
	store_rows_bind *bind;
};

/* The row outlives the statement's execution, so nothing is copied. */
static void
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	(void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static void
bind_blob(sqlite3_stmt *statement, int at, const uint8_t *bytes, size_t len)
{
	(void)sqlite3_bind_blob(statement, at, bytes, (int)len, SQLITE_STATIC);
}

/* NULL unless there is one. */
static void
bind_blob_if(sqlite3_stmt *statement, int at, bool there, const uint8_t *bytes,
    size_t len)
{
	if (there) {
		bind_blob(statement, at, bytes, len);
	} else {
		(void)sqlite3_bind_null(statement, at);
	}
}

/*
 * SQL's integers have a sign: larger numbers, as ids of shares can be, are kept
 * as negative ones and come back as they were.
 */
static void
bind_u64(sqlite3_stmt *statement, int at, uint64_t value)
{
	(void)sqlite3_bind_int64(statement, at, (int64_t)value);
}

static void
bind_int(sqlite3_stmt *statement, int at, int value)
{
	(void)sqlite3_bind_int(statement, at, value);
}

static const char meta_set[] = "INSERT INTO meta (name, value) VALUES (?1, ?2)"
			       " ON CONFLICT (name) DO UPDATE SET value = ?2";

static void
bind_meta_set(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_meta *meta = &change->row.meta;

	bind_text(statement, 1, meta->name);
	bind_blob(statement, 2, meta->value, meta->value_len);
}

static const char account_key[] =
    "UPDATE account SET key_id = ?2, key_epoch = ?3, key_changed = ?4,"
    " old_key_id = ?5 WHERE id = ?1";

static void
bind_account_key(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_account *account = &change->row.account;

	(void)sqlite3_bind_int64(statement, 1, account->id);
	bind_blob_if(statement, 2, account->has_key, account->key_id,
	    sizeof(account->key_id));
	bind_u64(statement, 3, account->key_epoch);
	bind_u64(statement, 4, account->key_changed);
	bind_blob_if(statement, 5, account->has_old_key, account->old_key_id,
	    sizeof(account->old_key_id));
}

static const char account_add[] =
    "INSERT INTO account (id, key_id, key_epoch, key_changed, old_key_id,"
    " user, level, disabled, created)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

static void
bind_account_add(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_account *account = &change->row.account;

	bind_account_key(statement, change);
	bind_text(statement, 6, account->user);
	bind_int(statement, 7, (int)account->level);
	bind_int(statement, 8, account->disabled);
	bind_u64(statement, 9, account->created);
}

static const char account_state[] =
    "UPDATE account SET level = ?2, disabled = ?3 WHERE id = ?1";

static void
bind_account_state(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_account *account = &change->row.account;

	(void)sqlite3_bind_int64(statement, 1, account->id);
	bind_int(statement, 2, (int)account->level);
	bind_int(statement, 3, account->disabled);
}

static const char account_drop[] = "DELETE FROM account WHERE id = ?1";

static void
bind_account_id(sqlite3_stmt *statement, const struct store_change *change)
{
	(void)sqlite3_bind_int64(statement, 1, change->row.account.id);
}

static const char device_drop[] = "DELETE FROM device WHERE id = ?1";

static void
bind_device_id(sqlite3_stmt *statement, const struct store_change *change)
{
	(void)sqlite3_bind_int64(statement, 1, change->row.device.id);
}

static const char device_seen[] =
    "UPDATE device SET last_seen = ?2 WHERE id = ?1";

static void
bind_device_seen(sqlite3_stmt *statement, const struct store_change *change)
{
	bind_device_id(statement, change);
	bind_u64(statement, 2, change->row.device.last_seen);
}

static const char device_revoke[] =
    "UPDATE device SET revoked_at = ?2, revoked_by = ?3 WHERE id = ?1";

static void
bind_device_revoke(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_device *device = &change->row.device;

	bind_device_id(statement, change);
	bind_u64(statement, 2, device->revoked_at);
	bind_text(
	    statement, 3, device->revoked_by != NULL ? device->revoked_by : "");
}

static const char device_add[] =
    "INSERT INTO device (id, revoked_at, revoked_by, account, name, role,"
    " public_key, created, last_seen, replica)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

static void
bind_device_add(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_device *device = &change->row.device;

	bind_device_revoke(statement, change);
	(void)sqlite3_bind_int64(statement, 4, device->account);
	bind_text(statement, 5, device->name);
	bind_int(statement, 6, (int)device->role);
	bind_blob(statement, 7, device->public_key, sizeof(device->public_key));
	bind_u64(statement, 8, device->created);
	bind_u64(statement, 9, device->last_seen);
	bind_int(statement, 10, device->replica);
}

static const char token_drop[] = "DELETE FROM token WHERE hash = ?1";

static void
bind_token_hash(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_token *token = &change->row.token;

	bind_blob(statement, 1, token->hash, sizeof(token->hash));
}

static const char token_used[] =
    "UPDATE token SET used_at = ?2, used_by_key = ?3, uses = ?4"
    " WHERE hash = ?1";

static void
bind_token_used(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_token *token = &change->row.token;

	bind_token_hash(statement, change);
	bind_u64(statement, 2, token->used_at);
	bind_blob_if(statement, 3, token->used_at != 0, token->used_by_key,
	    sizeof(token->used_by_key));
	bind_u64(statement, 4, token->uses);
}

static const char token_add[] =
    "INSERT INTO token (hash, used_at, used_by_key, uses, account, role,"
    " name, replace_device, created, expires, uses_max, replica)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

static void
bind_token_add(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_token *token = &change->row.token;

	bind_token_used(statement, change);
	(void)sqlite3_bind_int64(statement, 5, token->account);
	bind_int(statement, 6, (int)token->role);
	bind_text(statement, 7, token->name);
	bind_int(statement, 8, token->replace);
	bind_u64(statement, 9, token->created);
	bind_u64(statement, 10, token->expires);
	bind_u64(statement, 11, token->uses_max);
	bind_int(statement, 12, token->replica);
}

static const char audit_add[] =
    "INSERT INTO audit (at, user, origin, action, object, value_before,"
    " value_after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

static void
bind_audit_add(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_audit *audit = &change->row.audit;

	bind_u64(statement, 1, audit->at);
	bind_text(statement, 2, audit->user);
	bind_text(statement, 3, audit->origin);
	bind_text(statement, 4, audit->action);
	bind_text(statement, 5, audit->object);
	bind_text(statement, 6, audit->before);
	bind_text(statement, 7, audit->after);
}

static const char limit_drop[] =
    "DELETE FROM account_limit WHERE account = ?1 AND name = ?2";

static void
bind_limit_drop(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_limit *limit = &change->row.limit;

	(void)sqlite3_bind_int64(statement, 1, limit->account);
	bind_text(statement, 2, limit->name);
}

static const char limit_set[] =
    "INSERT INTO account_limit (account, name, value) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (account, name) DO UPDATE SET value = ?3";

static void
bind_limit_set(sqlite3_stmt *statement, const struct store_change *change)
{
	bind_limit_drop(statement, change);
	bind_u64(statement, 3, change->row.limit.value);
}

static const char rule_drop[] = "DELETE FROM rule WHERE id = ?1";

static void
bind_rule_id(sqlite3_stmt *statement, const struct store_change *change)
{
	(void)sqlite3_bind_int64(statement, 1, change->row.rule.id);
}

static const char rule_add[] =
    "INSERT INTO rule (id, place, allow, user, owner, host)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

static void
bind_rule_add(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_rule *rule = &change->row.rule;

	bind_rule_id(statement, change);
	(void)sqlite3_bind_int64(statement, 2, rule->place);
	bind_int(statement, 3, rule->allow);
	bind_text(statement, 4, rule->user);
	bind_text(statement, 5, rule->owner);
	bind_text(statement, 6, rule->host);
}

static const char share_drop[] =
    "DELETE FROM share WHERE owner = ?2 AND"
    " (id = ?1 OR (?1 = 0 AND user = ?3 AND host = ?4))";

static void
bind_share_drop(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_share *share = &change->row.share;

	bind_u64(statement, 1, share->share);
	(void)sqlite3_bind_int64(statement, 2, share->owner);
	(void)sqlite3_bind_int64(statement, 3, share->user);
	bind_text(statement, 4, share->host);
}

static const char share_add[] =
    "INSERT INTO share (id, owner, user, host, created, expiry, rights, rate)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

static void
bind_share_add(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_share *share = &change->row.share;

	bind_share_drop(statement, change);
	bind_u64(statement, 5, share->created);
	bind_u64(statement, 6, share->expiry);
	bind_text(statement, 7, share->rights);
	bind_u64(statement, 8, share->rate);
}

static const char usage_drop[] =
    "DELETE FROM account_usage WHERE account = ?1 AND month <= ?2";

static void
bind_usage_drop(sqlite3_stmt *statement, const struct store_change *change)
{
	const struct store_usage *usage = &change->row.usage;

	(void)sqlite3_bind_int64(statement, 1, usage->account);
	bind_u64(statement, 2, usage->month);
}

/* The account may have been dropped since; that is no reason to fail. */
static const char usage_set[] =
    "INSERT INTO account_usage (account, month, up, down)"
    " SELECT ?1, ?2, ?3, ?4"
    " WHERE EXISTS (SELECT 1 FROM account WHERE id = ?1)"
    " ON CONFLICT (account, month) DO UPDATE SET up = ?3, down = ?4";

static void
bind_usage_set(sqlite3_stmt *statement, const struct store_change *change)
{
	bind_usage_drop(statement, change);
	bind_u64(statement, 3, change->row.usage.up);
	bind_u64(statement, 4, change->row.usage.down);
}

static const struct store_rows_kind kinds[STORE_KINDS] = {
	[STORE_META_SET] = { meta_set, bind_meta_set },
	[STORE_ACCOUNT_ADD] = { account_add, bind_account_add },
	[STORE_ACCOUNT_STATE] = { account_state, bind_account_state },
	[STORE_ACCOUNT_DROP] = { account_drop, bind_account_id },
	[STORE_ACCOUNT_KEY] = { account_key, bind_account_key },
	[STORE_DEVICE_ADD] = { device_add, bind_device_add },
	[STORE_DEVICE_SEEN] = { device_seen, bind_device_seen },
	[STORE_DEVICE_REVOKE] = { device_revoke, bind_device_revoke },
	[STORE_DEVICE_DROP] = { device_drop, bind_device_id },
	[STORE_TOKEN_ADD] = { token_add, bind_token_add },
	[STORE_TOKEN_USED] = { token_used, bind_token_used },
	[STORE_TOKEN_DROP] = { token_drop, bind_token_hash },
	[STORE_AUDIT_ADD] = { audit_add, bind_audit_add },
	[STORE_LIMIT_SET] = { limit_set, bind_limit_set },
	[STORE_LIMIT_DROP] = { limit_drop, bind_limit_drop },
	[STORE_RULE_ADD] = { rule_add, bind_rule_add },
	[STORE_RULE_DROP] = { rule_drop, bind_rule_id },
	[STORE_SHARE_ADD] = { share_add, bind_share_add },
	[STORE_SHARE_DROP] = { share_drop, bind_share_drop },
	[STORE_USAGE_SET] = { usage_set, bind_usage_set },
	[STORE_USAGE_DROP] = { usage_drop, bind_usage_drop },
};

int
store_rows_prepare(
    struct store_rows *rows, sqlite3 *db, struct store_error *error)
{
	rows->db = db;
	for (size_t i = 0; i < STORE_KINDS; i++) {
		if (sqlite3_prepare_v3(db, kinds[i].sql, -1,
			SQLITE_PREPARE_PERSISTENT, &rows->statements[i],
			NULL) != SQLITE_OK) {
			return store_schema_fail(error, db, "lacks a table");
		}
	}
	return 0;
}

void
store_rows_finalize(struct store_rows *rows)
{
	for (size_t i = 0; i < STORE_KINDS; i++) {
		(void)sqlite3_finalize(rows->statements[i]);
		rows->statements[i] = NULL;
	}
}

int
store_rows_apply(struct store_rows *rows, const struct store_change *change)
{
	sqlite3_stmt *statement = rows->statements[change->kind];
	int result;

	kinds[change->kind].bind(statement, change);
	result = sqlite3_step(statement);
	/* Resetting repeats the error and keeps its text. */
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return result == SQLITE_DONE ? 0 : -1;
}
