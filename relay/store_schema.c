/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/mem.h"
#include "relay/store_impl.h"

/* "inrd": tells the store from any other database. */
#define STORE_SCHEMA_APPLICATION 0x696e7264

/* Wait this long for somebody else at the file: a backup, a curious admin. */
#define STORE_SCHEMA_BUSY_MS 5000

/*
 * The steps from each version of the schema to the next.  Steps are only ever
 * added: files of every earlier version are out there.  Each stands once more
 * in the test that brings such files up to date, test_storemigrate.c.
 *
 * Ids are AUTOINCREMENT so that a number in a log or an audit never comes to
 * mean somebody else.
 */
static const char *const migrations[] = {
	"CREATE TABLE meta ("
	" name TEXT PRIMARY KEY NOT NULL,"
	" value BLOB NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE account ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" user TEXT NOT NULL UNIQUE,"
	" level INTEGER NOT NULL CHECK (level IN (1, 2, 3)),"
	" disabled INTEGER NOT NULL DEFAULT 0,"
	" created INTEGER NOT NULL,"
	" key_id BLOB CHECK (length(key_id) = 8),"
	" key_epoch INTEGER NOT NULL DEFAULT 0,"
	" key_changed INTEGER NOT NULL DEFAULT 0,"
	" old_key_id BLOB CHECK (length(old_key_id) = 8)"
	");"
	"CREATE TABLE device ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" role INTEGER NOT NULL CHECK (role IN (1, 2)),"
	" public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),"
	" created INTEGER NOT NULL,"
	" last_seen INTEGER NOT NULL DEFAULT 0,"
	" revoked_at INTEGER NOT NULL DEFAULT 0,"
	" revoked_by TEXT NOT NULL DEFAULT ''"
	");"
	"CREATE UNIQUE INDEX device_name ON device (account, name)"
	" WHERE revoked_at = 0;"
	"CREATE TABLE token ("
	" hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),"
	" account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" role INTEGER NOT NULL CHECK (role IN (1, 2)),"
	" name TEXT NOT NULL,"
	" replace_device INTEGER NOT NULL DEFAULT 0,"
	" created INTEGER NOT NULL,"
	" expires INTEGER NOT NULL,"
	" used_at INTEGER NOT NULL DEFAULT 0,"
	" used_by_key BLOB CHECK (length(used_by_key) = 32),"
	" uses INTEGER NOT NULL DEFAULT 0"
	") WITHOUT ROWID;"
	"CREATE INDEX token_account ON token (account);",

	/*
	 * Version 2: tokens for several devices, accounts that go, the audit.
	 * An account is dropped with its devices: they are found by the index.
	 */
	"ALTER TABLE token ADD COLUMN uses_max INTEGER NOT NULL DEFAULT 1"
	" CHECK (uses_max >= 1);"
	"CREATE INDEX device_account ON device (account);"
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at INTEGER NOT NULL,"
	" user TEXT NOT NULL,"
	" origin TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" value_before TEXT NOT NULL,"
	" value_after TEXT NOT NULL"
	");"
	"CREATE TRIGGER audit_kept AFTER INSERT ON audit BEGIN"
	" DELETE FROM audit WHERE id <= NEW.id - " STORE_IMPL_TEXT(
	    STORE_AUDIT_KEPT) ";"
			      " END;",

	/* Version 3: limits of accounts. */
	"CREATE TABLE account_limit ("
	" account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" value INTEGER NOT NULL CHECK (value >= 0),"
	" PRIMARY KEY (account, name)"
	") WITHOUT ROWID;",

	/* Version 4: rules, which are in order. */
	"CREATE TABLE rule ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" place INTEGER NOT NULL,"
	" allow INTEGER NOT NULL,"
	" user TEXT NOT NULL,"
	" owner TEXT NOT NULL,"
	" host TEXT NOT NULL"
	");"
	"CREATE TRIGGER rule_place BEFORE INSERT ON rule BEGIN"
	" UPDATE rule SET place = place + 1 WHERE place >= NEW.place;"
	" END;",

	/* Version 5: hosts that are shared with other accounts. */
	"CREATE TABLE share ("
	" id INTEGER PRIMARY KEY NOT NULL CHECK (id <> 0),"
	" owner INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" host TEXT NOT NULL,"
	" user INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" created INTEGER NOT NULL,"
	" expiry INTEGER NOT NULL,"
	" rights TEXT NOT NULL"
	");"
	"CREATE INDEX share_owner ON share (owner);"
	"CREATE INDEX share_user ON share (user);",

	/* Version 6: what accounts moved, by months. */
	"CREATE TABLE account_usage ("
	" account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" month INTEGER NOT NULL,"
	" up INTEGER NOT NULL CHECK (up >= 0),"
	" down INTEGER NOT NULL CHECK (down >= 0),"
	" PRIMARY KEY (account, month)"
	") WITHOUT ROWID;",

	/* Version 7: several devices by one name, told apart by a number. */
	"ALTER TABLE device ADD COLUMN replica INTEGER NOT NULL DEFAULT 0"
	" CHECK (replica BETWEEN 0 AND 255);"
	"ALTER TABLE token ADD COLUMN replica INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX device_name;"
	"CREATE UNIQUE INDEX device_name ON device (account, name, replica)"
	" WHERE revoked_at = 0;",

	/* Version 8: rates of shares. */
	"ALTER TABLE share ADD COLUMN rate INTEGER NOT NULL DEFAULT 0;",
};

#define STORE_SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

int
store_schema_fail(struct store_error *error, sqlite3 *db, const char *what)
{
	const char *why = db == NULL ? "out of memory" : sqlite3_errmsg(db);
	int code = db == NULL ? SQLITE_NOMEM : sqlite3_errcode(db) & 0xff;

	switch (code) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		what = "is damaged, restore a backup";
		break;
	default:
		break;
	}
	error->status = code == SQLITE_PERM || code == SQLITE_READONLY
			    ? EX_NOPERM
			    : EX_UNAVAILABLE;
	snprintf(error->text, sizeof(error->text), "%s: %s", what, why);
	return -1;
}

/* Fill *error for reason, an error number; returns -1. */
static int
fail_errno(struct store_error *error, int reason, const char *what)
{
	error->status = reason == EACCES || reason == EPERM || reason == EROFS
			    ? EX_NOPERM
			    : EX_UNAVAILABLE;
	snprintf(
	    error->text, sizeof(error->text), "%s: %s", what, strerror(reason));
	return -1;
}

/*
 * Sync the directory that path is in, so that a new file stays in it.  Returns
 * 0 or an error number.
 */
static int
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash == NULL
			      ? mem_strdup(".")
			      : mem_strndup(path, (size_t)(slash - path) + 1);
	int reason = 0;
	int fd;

	if (directory == NULL) {
		return ENOMEM;
	}
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0) {
		reason = errno;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	mem_free(directory);
	return reason;
}

/* Make the file of fd private, and have it stay; 0, or -1 and *error. */
static int
secure(int fd, const char *path, struct store_error *error)
{
	struct stat st;
	int reason;

	if (fstat(fd, &st) < 0) {
		return fail_errno(error, errno, "cannot be examined");
	}
	if (!S_ISREG(st.st_mode)) {
		error->status = EX_CONFIG;
		snprintf(error->text, sizeof(error->text), "is no file");
		return -1;
	}
	if ((st.st_mode & 077) != 0 && fchmod(fd, 0600) < 0) {
		return fail_errno(error, errno, "cannot be kept from others");
	}
	reason = st.st_size == 0 ? sync_directory(path) : 0;
	if (reason != 0) {
		return fail_errno(error, reason, "cannot be made to stay");
	}
	return 0;
}

/*
 * Make sure that the file is there and nobody else's to read.  SQLite gives
 * its other files the mode of this one.  Closed again before SQLite opens it:
 * closing any descriptor of a file drops the process's locks on it.
 */
static int
secure_file(const char *path, struct store_error *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int result;

	if (fd < 0) {
		return fail_errno(error, errno, "cannot be opened");
	}
	result = secure(fd, path, error);
	(void)close(fd);
	return result;
}

/* Put the integer that sql yields into *value. */
static int
query_int(sqlite3 *db, const char *sql, int *value)
{
	sqlite3_stmt *statement = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
		return -1;
	}
	if (sqlite3_step(statement) == SQLITE_ROW) {
		*value = sqlite3_column_int(statement, 0);
		result = 0;
	}
	(void)sqlite3_finalize(statement);
	return result;
}

/* Have sql yield the text expected, or fail saying what and the text. */
static int
query_expect(sqlite3 *db, const char *sql, const char *expected,
    const char *what, struct store_error *error)
{
	sqlite3_stmt *statement = NULL;
	const unsigned char *text = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
		return store_schema_fail(error, db, what);
	}
	if (sqlite3_step(statement) == SQLITE_ROW) {
		text = sqlite3_column_text(statement, 0);
	}
	if (text == NULL) {
		(void)store_schema_fail(error, db, what);
	} else if (strcmp((const char *)text, expected) != 0) {
		error->status = EX_UNAVAILABLE;
		snprintf(error->text, sizeof(error->text), "%s: %s", what,
		    (const char *)text);
	} else {
		result = 0;
	}
	(void)sqlite3_finalize(statement);
	return result;
}

/* Judge what kind of database this is before anything is written to it. */
static int
examine(sqlite3 *db, int *version, struct store_error *error)
{
	int application = 0;
	int tables = 0;
	const char *flaw = NULL;

	if (query_int(db, "PRAGMA user_version", version) < 0 ||
	    query_int(db, "PRAGMA application_id", &application) < 0 ||
	    query_int(db, "SELECT count(*) FROM sqlite_schema", &tables) < 0) {
		return store_schema_fail(error, db, "cannot be read");
	}
	if (application != STORE_SCHEMA_APPLICATION &&
	    (application != 0 || *version != 0 || tables != 0)) {
		flaw = "is a database, but not of inroad-relay";
	} else if (*version > STORE_SCHEMA_VERSION) {
		flaw = "was written by a later version of inroad-relay";
	}
	if (flaw != NULL) {
		error->status = EX_CONFIG;
		snprintf(error->text, sizeof(error->text), "%s", flaw);
		return -1;
	}
	return query_expect(db, "PRAGMA quick_check(1)", "ok",
	    "is damaged, restore a backup", error);
}

/* Run sql; 0, or -1 with the reason in db. */
static int
run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

/* Take the schema from version to the next one, in one transaction. */
static int
migrate(sqlite3 *db, int version)
{
	char stamp[96];

	snprintf(stamp, sizeof(stamp),
	    "PRAGMA user_version = %d; PRAGMA application_id = %d;",
	    version + 1, STORE_SCHEMA_APPLICATION);
	if (run(db, "BEGIN IMMEDIATE") < 0) {
		return -1;
	}
	if (run(db, migrations[version]) < 0 || run(db, stamp) < 0 ||
	    run(db, "COMMIT") < 0) {
		return -1; /* the database is closed now, which undoes it */
	}
	return 0;
}

/*
 * WAL with a full sync: a commit appends to one file and syncs it, once.  Less
 * than FULL would lose confirmed changes when the power fails.
 */
static int
configure(sqlite3 *db, struct store_error *error)
{
	if (query_expect(db, "PRAGMA journal_mode = WAL", "wal",
		"cannot have a write-ahead log", error) < 0) {
		return -1;
	}
	if (run(db, "PRAGMA synchronous = FULL") < 0 ||
	    run(db, "PRAGMA foreign_keys = ON") < 0 ||
	    run(db, "PRAGMA trusted_schema = OFF") < 0 ||
	    run(db, "PRAGMA journal_size_limit = 4194304") < 0) {
		return store_schema_fail(error, db, "cannot be set up");
	}
	return 0;
}

sqlite3 *
store_schema_open(const char *path, struct store_error *error)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	int version = 0;

	if (secure_file(path, error) < 0) {
		return NULL;
	}
	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
		(void)store_schema_fail(error, db, "cannot be opened");
		goto fail;
	}
	(void)sqlite3_busy_timeout(db, STORE_SCHEMA_BUSY_MS);
	if (examine(db, &version, error) < 0 || configure(db, error) < 0) {
		goto fail;
	}
	for (; version < STORE_SCHEMA_VERSION; version++) {
		if (migrate(db, version) < 0) {
			(void)store_schema_fail(
			    error, db, "cannot be brought up to date");
			goto fail;
		}
	}
	return db;
fail:
	(void)sqlite3_close(db);
	return NULL;
}
