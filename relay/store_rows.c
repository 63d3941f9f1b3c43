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

/* Numbers above the range of SQL's integers occur in no row. */
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
	bind_text(statement, 3, device->revoked_by);
}

static const char device_add[] =
    "INSERT INTO device (id, revoked_at, revoked_by, account, name, role,"
    " public_key, created, last_seen)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

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
    " name, replace_device, created, expires, uses_max)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

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

/* Copy the text of a column to out, which holds size bytes; 0 or -1. */
static int
column_text(sqlite3_stmt *statement, int at, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, at);
	int len = sqlite3_column_bytes(statement, at);

	if (text == NULL || (size_t)len >= size ||
	    strlen((const char *)text) != (size_t)len) {
		return -1;
	}
	memcpy(out, text, (size_t)len + 1);
	return 0;
}

/* Copy a column of exactly len bytes to out; 0 or -1. */
static int
column_blob(sqlite3_stmt *statement, int at, uint8_t *out, size_t len)
{
	const void *bytes = sqlite3_column_blob(statement, at);

	if (bytes == NULL ||
	    (size_t)sqlite3_column_bytes(statement, at) != len) {
		return -1;
	}
	memcpy(out, bytes, len);
	return 0;
}

/* As column_blob, for a column that may be NULL; *there says. */
static int
column_blob_if(
    sqlite3_stmt *statement, int at, bool *there, uint8_t *out, size_t len)
{
	*there = sqlite3_column_type(statement, at) != SQLITE_NULL;
	return *there ? column_blob(statement, at, out, len) : 0;
}

static uint64_t
column_u64(sqlite3_stmt *statement, int at)
{
	return (uint64_t)sqlite3_column_int64(statement, at);
}

/* Put a number of 1 to max, which an enum starts and ends with, into *out. */
static int
column_enum(sqlite3_stmt *statement, int at, int max, int *out)
{
	*out = sqlite3_column_int(statement, at);
	return *out >= 1 && *out <= max ? 0 : -1;
}

/* What reads the columns of one table and hands the row on. */
struct store_rows_reader {
	const char *sql;
	/* Returns 0, 1 when the loader gave up, -1 when the row is not right.
	 */
	int (*read)(
	    sqlite3_stmt *statement, const struct store_loader *, void *arg);
};

static int
read_meta(sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_meta row = { .value_len = 0 };

	row.value_len = (size_t)sqlite3_column_bytes(statement, 1);
	if (row.value_len > sizeof(row.value) ||
	    column_text(statement, 0, row.name, sizeof(row.name)) < 0) {
		return -1;
	}
	if (row.value_len > 0) {
		memcpy(row.value, sqlite3_column_blob(statement, 1),
		    row.value_len);
	}
	return loader->meta != NULL && loader->meta(&row, arg) < 0;
}

static int
read_account(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_account row = { .id = sqlite3_column_int64(statement, 0) };
	int level;

	if (column_text(statement, 1, row.user, sizeof(row.user)) < 0 ||
	    column_enum(statement, 2, STORE_GUEST, &level) < 0 ||
	    column_blob_if(statement, 5, &row.has_key, row.key_id,
		sizeof(row.key_id)) < 0 ||
	    column_blob_if(statement, 8, &row.has_old_key, row.old_key_id,
		sizeof(row.old_key_id)) < 0) {
		return -1;
	}
	row.level = (enum store_level)level;
	row.disabled = sqlite3_column_int(statement, 3) != 0;
	row.created = column_u64(statement, 4);
	row.key_epoch = (uint32_t)column_u64(statement, 6);
	row.key_changed = column_u64(statement, 7);
	return loader->account != NULL && loader->account(&row, arg) < 0;
}

static int
read_device(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_device row = { .id = sqlite3_column_int64(statement, 0) };
	int role;

	if (column_text(statement, 2, row.name, sizeof(row.name)) < 0 ||
	    column_enum(statement, 3, LINKHELLO_AGENT, &role) < 0 ||
	    column_blob(statement, 4, row.public_key, sizeof(row.public_key)) <
		0 ||
	    column_text(statement, 8, row.revoked_by, sizeof(row.revoked_by)) <
		0) {
		return -1;
	}
	row.account = sqlite3_column_int64(statement, 1);
	row.role = (enum linkhello_role)role;
	row.created = column_u64(statement, 5);
	row.last_seen = column_u64(statement, 6);
	row.revoked_at = column_u64(statement, 7);
	return loader->device != NULL && loader->device(&row, arg) < 0;
}

static int
read_token(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_token row = { .account = 0 };
	bool used;
	int role;

	if (column_blob(statement, 0, row.hash, sizeof(row.hash)) < 0 ||
	    column_enum(statement, 2, LINKHELLO_AGENT, &role) < 0 ||
	    column_text(statement, 3, row.name, sizeof(row.name)) < 0 ||
	    column_blob_if(statement, 8, &used, row.used_by_key,
		sizeof(row.used_by_key)) < 0) {
		return -1;
	}
	row.account = sqlite3_column_int64(statement, 1);
	row.role = (enum linkhello_role)role;
	row.replace = sqlite3_column_int(statement, 4) != 0;
	row.created = column_u64(statement, 5);
	row.expires = column_u64(statement, 6);
	row.used_at = column_u64(statement, 7);
	row.uses = (uint32_t)column_u64(statement, 9);
	row.uses_max = (uint32_t)column_u64(statement, 10);
	return loader->token != NULL && loader->token(&row, arg) < 0;
}

static int
read_audit(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_audit row = { .at = column_u64(statement, 0) };

	if (column_text(statement, 1, row.user, sizeof(row.user)) < 0 ||
	    column_text(statement, 2, row.origin, sizeof(row.origin)) < 0 ||
	    column_text(statement, 3, row.action, sizeof(row.action)) < 0 ||
	    column_text(statement, 4, row.object, sizeof(row.object)) < 0 ||
	    column_text(statement, 5, row.before, sizeof(row.before)) < 0 ||
	    column_text(statement, 6, row.after, sizeof(row.after)) < 0) {
		return -1;
	}
	return loader->audit != NULL && loader->audit(&row, arg) < 0;
}

static int
read_limit(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_limit row = { .account =
				       sqlite3_column_int64(statement, 0) };

	if (column_text(statement, 1, row.name, sizeof(row.name)) < 0) {
		return -1;
	}
	row.value = column_u64(statement, 2);
	return loader->limit != NULL && loader->limit(&row, arg) < 0;
}

static const struct store_rows_reader readers[] = {
	{ "SELECT name, value FROM meta ORDER BY name", read_meta },
	{ "SELECT id, user, level, disabled, created, key_id, key_epoch,"
	  " key_changed, old_key_id FROM account ORDER BY id",
	    read_account },
	{ "SELECT id, account, name, role, public_key, created, last_seen,"
	  " revoked_at, revoked_by FROM device ORDER BY id",
	    read_device },
	{ "SELECT hash, account, role, name, replace_device, created, expires,"
	  " used_at, used_by_key, uses, uses_max FROM token"
	  " ORDER BY created, hash",
	    read_token },
	{ "SELECT account, name, value FROM account_limit"
	  " ORDER BY account, name",
	    read_limit },
	{ "SELECT at, user, origin, action, object, value_before, value_after"
	  " FROM audit WHERE id > (SELECT max(id) FROM audit) "
	  "- " STORE_IMPL_TEXT(STORE_AUDIT_READ) " ORDER BY id",
	    read_audit },
};

static int
load_table(sqlite3 *db, const struct store_rows_reader *reader,
    const struct store_loader *loader, void *arg, struct store_error *error)
{
	sqlite3_stmt *statement = NULL;
	int step;
	int result = 0;

	if (sqlite3_prepare_v2(db, reader->sql, -1, &statement, NULL) !=
	    SQLITE_OK) {
		return store_schema_fail(error, db, "cannot be read");
	}
	step = sqlite3_step(statement);
	while (step == SQLITE_ROW && result == 0) {
		result = reader->read(statement, loader, arg);
		step = sqlite3_step(statement);
	}
	if (result != 0) {
		error->status = EX_UNAVAILABLE;
		snprintf(error->text, sizeof(error->text), "%s",
		    result < 0 ? "has a row that cannot be"
			       : "cannot be read: out of memory");
		result = -1;
	} else if (step != SQLITE_DONE) {
		result = store_schema_fail(error, db, "cannot be read");
	}
	(void)sqlite3_finalize(statement);
	return result;
}

int
store_rows_load(sqlite3 *db, const struct store_loader *loader, void *arg,
    struct store_error *error)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (load_table(db, &readers[i], loader, arg, error) < 0) {
			return -1;
		}
	}
	return 0;
}

int
store_rows_last_id(
    sqlite3 *db, const char *table, int64_t *id, struct store_error *error)
{
	static const char sql[] =
	    "SELECT seq FROM sqlite_sequence WHERE name = ?1";
	sqlite3_stmt *statement = NULL;
	int step = SQLITE_ERROR;

	*id = 0;
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
		bind_text(statement, 1, table);
		step = sqlite3_step(statement);
	}
	if (step == SQLITE_ROW) {
		*id = sqlite3_column_int64(statement, 0);
	} else if (step != SQLITE_DONE) {
		(void)store_schema_fail(error, db, "cannot be read");
	}
	(void)sqlite3_finalize(statement);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : -1;
}
