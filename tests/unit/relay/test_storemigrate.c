/* SPDX-License-Identifier: ISC */
/*
 * Files of every earlier version of the schema are brought up to date, with
 * what is in them.  The steps are here once more, as they were when they were
 * made: files are out there that they wrote.
 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "relay/store.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

/* What a version added to the one before, and rows that only it could have. */
static const struct {
	const char *schema;
	const char *rows;
} steps[] = {
	/* 1 */
	{ "CREATE TABLE meta ( name TEXT PRIMARY KEY NOT NULL, value BLOB"
	  " NOT NULL) WITHOUT ROWID;CREATE TABLE account ( id INTEGER"
	  " PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL UNIQUE, level"
	  " INTEGER NOT NULL CHECK (level IN (1, 2, 3)), disabled INTEGER"
	  " NOT NULL DEFAULT 0, created INTEGER NOT NULL, key_id BLOB"
	  " CHECK (length(key_id) = 8), key_epoch INTEGER NOT NULL DEFAULT"
	  " 0, key_changed INTEGER NOT NULL DEFAULT 0, old_key_id BLOB"
	  " CHECK (length(old_key_id) = 8));CREATE TABLE device ( id"
	  " INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL"
	  " REFERENCES account (id) ON DELETE CASCADE, name TEXT NOT NULL,"
	  " role INTEGER NOT NULL CHECK (role IN (1, 2)), public_key BLOB"
	  " NOT NULL UNIQUE CHECK (length(public_key) = 32), created"
	  " INTEGER NOT NULL, last_seen INTEGER NOT NULL DEFAULT 0,"
	  " revoked_at INTEGER NOT NULL DEFAULT 0, revoked_by TEXT NOT"
	  " NULL DEFAULT '');CREATE UNIQUE INDEX device_name ON device"
	  " (account, name) WHERE revoked_at = 0;CREATE TABLE token ( hash"
	  " BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32), account"
	  " INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	  " role INTEGER NOT NULL CHECK (role IN (1, 2)), name TEXT NOT"
	  " NULL, replace_device INTEGER NOT NULL DEFAULT 0, created"
	  " INTEGER NOT NULL, expires INTEGER NOT NULL, used_at INTEGER"
	  " NOT NULL DEFAULT 0, used_by_key BLOB CHECK"
	  " (length(used_by_key) = 32), uses INTEGER NOT NULL DEFAULT 0)"
	  " WITHOUT ROWID;CREATE INDEX token_account ON token (account);",
	    "INSERT INTO account (user, level, created) VALUES ('alice', 2,"
	    " 1000);INSERT INTO account (user, level, created, key_id,"
	    " key_epoch) VALUES ('bob', 3, 1001, zeroblob(8), 1);INSERT INTO"
	    " device (account, name, role, public_key, created) VALUES (1,"
	    " 'office', 2, zeroblob(32), 2000);INSERT INTO token (hash,"
	    " account, role, name, created, expires) VALUES (zeroblob(32),"
	    " 1, 1, 'open', 3000, 4000);INSERT INTO token (hash, account,"
	    " role, name, created, expires, used_at, used_by_key, uses)"
	    " VALUES (randomblob(32), 1, 1, 'used', 3001, 4000, 3500,"
	    " zeroblob(32), 1);INSERT INTO meta VALUES ('size', x'01');" },
	/* 2 */
	{ "ALTER TABLE token ADD COLUMN uses_max INTEGER NOT NULL DEFAULT"
	  " 1 CHECK (uses_max >= 1);CREATE INDEX device_account ON device"
	  " (account);CREATE TABLE audit ( id INTEGER PRIMARY KEY"
	  " AUTOINCREMENT, at INTEGER NOT NULL, user TEXT NOT NULL, origin"
	  " TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,"
	  " value_before TEXT NOT NULL, value_after TEXT NOT NULL);CREATE"
	  " TRIGGER audit_kept AFTER INSERT ON audit BEGIN DELETE FROM"
	  " audit WHERE id <= NEW.id - 100000; END;",
	    "INSERT INTO audit (at, user, origin, action, object,"
	    " value_before, value_after) VALUES (1, 'alice', 'here',"
	    " 'token.add', 'alice/lab', '', 'agent');UPDATE token SET"
	    " uses_max = 3 WHERE name = 'open';" },
	/* 3 */
	{ "CREATE TABLE account_limit ( account INTEGER NOT NULL"
	  " REFERENCES account (id) ON DELETE CASCADE, name TEXT NOT NULL,"
	  " value INTEGER NOT NULL CHECK (value >= 0), PRIMARY KEY"
	  " (account, name)) WITHOUT ROWID;",
	    "INSERT INTO account_limit VALUES (1, 'hosts', 5);" },
	/* 4 */
	{ "CREATE TABLE rule ( id INTEGER PRIMARY KEY AUTOINCREMENT, place"
	  " INTEGER NOT NULL, allow INTEGER NOT NULL, user TEXT NOT NULL,"
	  " owner TEXT NOT NULL, host TEXT NOT NULL);CREATE TRIGGER"
	  " rule_place BEFORE INSERT ON rule BEGIN UPDATE rule SET place ="
	  " place + 1 WHERE place >= NEW.place; END;",
	    "INSERT INTO rule (place, allow, user, owner, host) VALUES (1,"
	    " 0, 'bob', 'alice', '*');" },
	/* 5 */
	{ "CREATE TABLE share ( id INTEGER PRIMARY KEY NOT NULL CHECK (id"
	  " <> 0), owner INTEGER NOT NULL REFERENCES account (id) ON"
	  " DELETE CASCADE, host TEXT NOT NULL, user INTEGER NOT NULL"
	  " REFERENCES account (id) ON DELETE CASCADE, created INTEGER NOT"
	  " NULL, expiry INTEGER NOT NULL, rights TEXT NOT NULL);CREATE"
	  " INDEX share_owner ON share (owner);CREATE INDEX share_user ON"
	  " share (user);",
	    "INSERT INTO share VALUES (77, 1, 'office', 2, 1, 0, 'ports');" },
	/* 6 */
	{ "CREATE TABLE account_usage ( account INTEGER NOT NULL"
	  " REFERENCES account (id) ON DELETE CASCADE, month INTEGER NOT"
	  " NULL, up INTEGER NOT NULL CHECK (up >= 0), down INTEGER NOT"
	  " NULL CHECK (down >= 0), PRIMARY KEY (account, month)) WITHOUT"
	  " ROWID;",
	    "INSERT INTO account_usage VALUES (1, 202611, 10, 20);" },
	/* 7 */
	{ "ALTER TABLE device ADD COLUMN replica INTEGER NOT NULL DEFAULT"
	  " 0 CHECK (replica BETWEEN 0 AND 255);ALTER TABLE token ADD"
	  " COLUMN replica INTEGER NOT NULL DEFAULT 0;DROP INDEX"
	  " device_name;CREATE UNIQUE INDEX device_name ON device"
	  " (account, name, replica) WHERE revoked_at = 0;",
	    "INSERT INTO device (account, name, role, public_key, created,"
	    " replica) VALUES (1, 'office', 2, randomblob(32), 2001, 2);" },
	/* 8 */
	{ "ALTER TABLE share ADD COLUMN rate INTEGER NOT NULL DEFAULT 0;",
	    "UPDATE share SET rate = 1000;" },
};

#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

/* How many rows of each kind came back. */
struct counts {
	int accounts;
	int devices;
	int tokens;
	int limits;
	int rules;
	int shares;
	int months;
	int audits;
};

static char top[TEMPDIR_LEN];
static char path[TEMPDIR_LEN];

static void
setup(void)
{
	tempdir_new(top);
	(void)tempdir_file(top, "store.db", path);
}

static void
teardown(void)
{
	tempdir_remove(top);
}

static void
run(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	(void)sqlite3_exec(db, sql, NULL, NULL, &error);
	ck_assert_msg(error == NULL, "%s", error);
}

/* Write a file as version did. */
static void
write_version(int version)
{
	sqlite3 *db = NULL;
	char stamp[96];

	(void)snprintf(stamp, sizeof(stamp),
	    "PRAGMA user_version = %d; PRAGMA application_id = 1768845924;",
	    version);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	for (int i = 0; i < version; i++) {
		run(db, steps[i].schema);
		run(db, steps[i].rows);
	}
	run(db, stamp);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Write what sql yields as one text to out. */
static void
query(const char *file, const char *sql, char *out, size_t size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	ck_assert_int_lt(snprintf(out, size, "%s",
			     (const char *)sqlite3_column_text(statement, 0)),
	    (int)size);
	(void)sqlite3_finalize(statement);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int
on_account(const struct store_account *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert(
	    strcmp(row->user, "alice") == 0 || strcmp(row->user, "bob") == 0);
	counts->accounts++;
	return 0;
}

static int
on_device(const struct store_device *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert_str_eq(row->name, "office");
	ck_assert_uint_eq(row->replica, counts->devices == 0 ? 0 : 2);
	counts->devices++;
	return 0;
}

static int
on_token(const struct store_token *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert_uint_ge(row->uses_max, 1);
	ck_assert_uint_eq(row->uses, strcmp(row->name, "used") == 0);
	ck_assert(!row->replica);
	counts->tokens++;
	return 0;
}

static int
on_limit(const struct store_limit *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert_uint_eq(row->value, 5);
	counts->limits++;
	return 0;
}

static int
on_rule(const struct store_rule *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert(!row->allow);
	counts->rules++;
	return 0;
}

static int
on_share(const struct store_share *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert_str_eq(row->host, "office");
	ck_assert(row->rate == 0 || row->rate == 1000);
	counts->shares++;
	return 0;
}

static int
on_usage(const struct store_usage *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert_uint_eq(row->up, 10);
	counts->months++;
	return 0;
}

static int
on_audit(const struct store_audit *row, void *arg)
{
	struct counts *counts = arg;

	ck_assert_str_eq(row->action, "token.add");
	counts->audits++;
	return 0;
}

/* Open the store and count what is in it. */
static void
count_rows(struct counts *counts)
{
	static const struct store_loader loader = {
		.account = on_account,
		.device = on_device,
		.token = on_token,
		.limit = on_limit,
		.rule = on_rule,
		.share = on_share,
		.usage = on_usage,
		.audit = on_audit,
	};
	struct store_error error;
	struct store *store = store_open(path, &error);

	memset(counts, 0, sizeof(*counts));
	ck_assert_msg(store != NULL, "%s", error.text);
	ck_assert_msg(
	    store_load(store, &loader, counts, &error) == 0, "%s", error.text);
	store_close(store);
}

/* A file of version _i, opened twice, is one of today with its rows. */
START_TEST(an_earlier_version_is_brought_up_to_date)
{
	static const char all[] =
	    "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema"
	    " WHERE sql IS NOT NULL ORDER BY type, name)";
	static char found[16384];
	static char expected[16384];
	char fresh[TEMPDIR_LEN];
	struct store_error error;
	struct counts counts;

	write_version(_i);
	for (int i = 0; i < 2; i++) {
		count_rows(&counts);
		ck_assert_int_eq(counts.accounts, 2);
		ck_assert_int_eq(counts.devices, _i >= 7 ? 2 : 1);
		ck_assert_int_eq(counts.tokens, 2);
		ck_assert_int_eq(counts.audits, _i >= 2);
		ck_assert_int_eq(counts.limits, _i >= 3);
		ck_assert_int_eq(counts.rules, _i >= 4);
		ck_assert_int_eq(counts.shares, _i >= 5);
		ck_assert_int_eq(counts.months, _i >= 6);
	}
	store_close(store_open(tempdir_file(top, "fresh.db", fresh), &error));
	query(path, all, found, sizeof(found));
	query(fresh, all, expected, sizeof(expected));
	ck_assert_str_eq(found, expected);
	query(path, "PRAGMA user_version", found, sizeof(found));
	query(fresh, "PRAGMA user_version", expected, sizeof(expected));
	ck_assert_str_eq(found, expected);
	query(path, "PRAGMA integrity_check", found, sizeof(found));
	ck_assert_str_eq(found, "ok");
}
END_TEST

/* A version that is added has to be added here, too. */
START_TEST(every_version_is_tested)
{
	char expected[32];
	char text[32];
	struct store_error error;

	store_close(store_open(path, &error));
	query(path, "PRAGMA user_version", text, sizeof(text));
	(void)snprintf(expected, sizeof(expected), "%d", STEPS);
	ck_assert_str_eq(text, expected);
}
END_TEST

/* Somebody else who writes is waited for, and then told of. */
START_TEST(a_file_that_is_in_use_is_told)
{
	struct store_error error;
	sqlite3 *db = NULL;

	write_version(STEPS);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	run(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
	ck_assert_ptr_null(store_open(path, &error));
	ck_assert_msg(
	    strstr(error.text, "database is locked") != NULL, "%s", error.text);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	store_close(store_open(path, &error));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("storemigrate");
	TCase *tcase = tcase_create("storemigrate");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(
	    tcase, an_earlier_version_is_brought_up_to_date, 1, STEPS + 1);
	tcase_add_test(tcase, every_version_is_tested);
	tcase_add_test(tcase, a_file_that_is_in_use_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
