/* SPDX-License-Identifier: ISC */
/* Reading rows; declared in store_impl.h. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "relay/store_impl.h"

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
	char by[NAME_USER_MAX + 1];
	int role;

	if (column_text(statement, 2, row.name, sizeof(row.name)) < 0 ||
	    column_enum(statement, 3, LINKHELLO_AGENT, &role) < 0 ||
	    column_blob(statement, 4, row.public_key, sizeof(row.public_key)) <
		0 ||
	    column_text(statement, 8, by, sizeof(by)) < 0) {
		return -1;
	}
	row.account = sqlite3_column_int64(statement, 1);
	row.role = (enum linkhello_role)role;
	row.created = column_u64(statement, 5);
	row.last_seen = column_u64(statement, 6);
	row.revoked_at = column_u64(statement, 7);
	row.revoked_by = by[0] != '\0' ? by : NULL;
	row.replica = (uint8_t)column_u64(statement, 9);
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
	row.replica = sqlite3_column_int(statement, 11) != 0;
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

static int
read_rule(sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_rule row = {
		.id = sqlite3_column_int64(statement, 0),
		.place = sqlite3_column_int64(statement, 1),
		.allow = sqlite3_column_int(statement, 2) != 0,
	};

	if (column_text(statement, 3, row.user, sizeof(row.user)) < 0 ||
	    column_text(statement, 4, row.owner, sizeof(row.owner)) < 0 ||
	    column_text(statement, 5, row.host, sizeof(row.host)) < 0) {
		return -1;
	}
	return loader->rule != NULL && loader->rule(&row, arg) < 0;
}

static int
read_share(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_share row = { .share = column_u64(statement, 0) };

	if (column_text(statement, 3, row.host, sizeof(row.host)) < 0 ||
	    column_text(statement, 6, row.rights, sizeof(row.rights)) < 0) {
		return -1;
	}
	row.owner = sqlite3_column_int64(statement, 1);
	row.user = sqlite3_column_int64(statement, 2);
	row.created = column_u64(statement, 4);
	row.expiry = column_u64(statement, 5);
	row.rate = column_u64(statement, 7);
	return loader->share != NULL && loader->share(&row, arg) < 0;
}

static int
read_usage(
    sqlite3_stmt *statement, const struct store_loader *loader, void *arg)
{
	struct store_usage row = { .account =
				       sqlite3_column_int64(statement, 0) };

	row.month = (uint32_t)column_u64(statement, 1);
	row.up = column_u64(statement, 2);
	row.down = column_u64(statement, 3);
	return loader->usage != NULL && loader->usage(&row, arg) < 0;
}

static const struct store_rows_reader readers[] = {
	{ "SELECT name, value FROM meta ORDER BY name", read_meta },
	{ "SELECT id, user, level, disabled, created, key_id, key_epoch,"
	  " key_changed, old_key_id FROM account ORDER BY id",
	    read_account },
	{ "SELECT id, account, name, role, public_key, created, last_seen,"
	  " revoked_at, revoked_by, replica FROM device ORDER BY id",
	    read_device },
	{ "SELECT hash, account, role, name, replace_device, created, expires,"
	  " used_at, used_by_key, uses, uses_max, replica FROM token"
	  " ORDER BY created, hash",
	    read_token },
	{ "SELECT account, name, value FROM account_limit"
	  " ORDER BY account, name",
	    read_limit },
	{ "SELECT account, month, up, down FROM account_usage"
	  " ORDER BY account, month",
	    read_usage },
	{ "SELECT id, place, allow, user, owner, host FROM rule"
	  " ORDER BY place",
	    read_rule },
	{ "SELECT id, owner, user, host, created, expiry, rights, rate"
	  " FROM share"
	  " ORDER BY created, id",
	    read_share },
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
		(void)sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
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
