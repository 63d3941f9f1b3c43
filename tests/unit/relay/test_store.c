/* SPDX-License-Identifier: ISC */

#include "relay/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/mem.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/faultvfs.h"

/* More rows of a kind than most tests make. */
#define ROWS 16

static struct {
	char directory[64];
	char path[96];
	struct store_error error;
} fixture;

/* What came of submissions. */
struct outcomes {
	int count;
	int failed;
	int out_of_order;
	char error[STORE_TEXT_LEN]; /* of the last that failed */
};

/* One submission: which it is, and where its outcome goes. */
struct ticket {
	struct outcomes *outcomes;
	int number;
};

/* What is in a store. */
struct contents {
	int metas;
	int accounts;
	int devices;
	int tokens;
	int limits;
	int shares;
	int months;
	struct store_usage usage; /* the last of them */
	int audits;
	int give_up; /* 1: at the first meta row, 2: account, ... */
	struct store_meta meta[ROWS];
	struct store_account account[ROWS];
	struct store_device device[ROWS];
	struct store_token token[ROWS];
	struct store_limit limit; /* the last of them */
	int rules;
	struct store_rule rule[4];
	struct store_share share; /* the last of them */
	struct store_audit audit; /* the last of them */
};

static void
setup(void)
{
	const char *temp = getenv("TMPDIR");

	snprintf(fixture.directory, sizeof(fixture.directory), "%.40s/XXXXXX",
	    temp == NULL ? "/tmp" : temp);
	ck_assert_ptr_nonnull(mkdtemp(fixture.directory));
	snprintf(
	    fixture.path, sizeof(fixture.path), "%s/store", fixture.directory);
}

static void
remove_file(const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", fixture.path, suffix);
	ck_assert(unlink(path) == 0 || errno == ENOENT);
}

static void
teardown(void)
{
	faultvfs_set_full(false);
	faultvfs_set_broken(false);
	faultvfs_set_slow(false);
	remove_file("");
	remove_file("-wal");
	remove_file("-shm");
	remove_file("-journal");
	ck_assert_int_eq(rmdir(fixture.directory), 0);
}

static struct store *
open_store(void)
{
	struct store *store = store_open(fixture.path, &fixture.error);

	ck_assert_msg(store != NULL, "%s", fixture.error.text);
	return store;
}

/* Fail to open the store, with a status and a text that has these words. */
static void
assert_not_opened(int status, const char *words)
{
	struct store_error error = { 0, "" };

	ck_assert_ptr_null(store_open(fixture.path, &error));
	ck_assert_int_eq(error.status, status);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
	ck_assert_ptr_eq(strstr(error.text, fixture.path), error.text);
}

static void
on_done(const char *error, void *arg)
{
	struct outcomes *outcomes = arg;

	outcomes->count++;
	if (error != NULL) {
		outcomes->failed++;
		snprintf(outcomes->error, sizeof(outcomes->error), "%s", error);
	}
}

static void
on_ticket(const char *error, void *arg)
{
	struct ticket *ticket = arg;

	if (ticket->number != ticket->outcomes->count) {
		ticket->outcomes->out_of_order++;
	}
	on_done(error, ticket->outcomes);
}

/* Execute sql on the file behind the store's back. */
static void
tamper(const char *sql)
{
	sqlite3 *db = NULL;
	char *error = NULL;

	ck_assert_int_eq(sqlite3_open(fixture.path, &db), SQLITE_OK);
	(void)sqlite3_exec(db, sql, NULL, NULL, &error);
	ck_assert_msg(error == NULL, "%s", error);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Assert that sql yields text as its one result. */
static void
assert_query(const char *sql, const char *text)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	ck_assert_int_eq(sqlite3_open(fixture.path, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), text);
	(void)sqlite3_finalize(statement);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
write_file(const char *bytes, size_t len)
{
	int fd = open(fixture.path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* Return a hash of the whole file. */
static uint64_t
digest_file(void)
{
	static const uint8_t key[crypto_generichash_KEYBYTES];
	crypto_generichash_state state;
	uint8_t bytes[4096];
	uint64_t digest;
	ssize_t n;
	int fd = open(fixture.path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	crypto_generichash_init(&state, key, sizeof(key), 16);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		crypto_generichash_update(&state, bytes, (unsigned long long)n);
	}
	ck_assert_int_eq(close(fd), 0);
	crypto_generichash_final(&state, bytes, 16);
	memcpy(&digest, bytes, sizeof(digest));
	return digest;
}

static int
on_meta(const struct store_meta *row, void *arg)
{
	struct contents *contents = arg;

	ck_assert_int_lt(contents->metas, ROWS);
	contents->meta[contents->metas++] = *row;
	return contents->give_up == 1 ? -1 : 0;
}

static int
on_account(const struct store_account *row, void *arg)
{
	struct contents *contents = arg;

	ck_assert_int_lt(contents->accounts, ROWS);
	contents->account[contents->accounts++] = *row;
	return contents->give_up == 2 ? -1 : 0;
}

/* The one who removes devices. */
static const char remover[] = "admin";

static int
on_device(const struct store_device *row, void *arg)
{
	struct contents *contents = arg;

	ck_assert_int_lt(contents->devices, ROWS);
	contents->device[contents->devices] = *row;
	if (row->revoked_by != NULL) {
		ck_assert_str_eq(row->revoked_by, remover);
		contents->device[contents->devices].revoked_by = remover;
	}
	contents->devices++;
	return contents->give_up == 3 ? -1 : 0;
}

static int
on_token(const struct store_token *row, void *arg)
{
	struct contents *contents = arg;

	ck_assert_int_lt(contents->tokens, ROWS);
	contents->token[contents->tokens++] = *row;
	return contents->give_up == 4 ? -1 : 0;
}

static int
on_share(const struct store_share *row, void *arg)
{
	struct contents *contents = arg;

	contents->shares++;
	contents->share = *row;
	return 0;
}

static int
on_usage(const struct store_usage *row, void *arg)
{
	struct contents *contents = arg;

	contents->months++;
	contents->usage = *row;
	return 0;
}

static int
on_limit(const struct store_limit *row, void *arg)
{
	struct contents *contents = arg;

	contents->limits++;
	contents->limit = *row;
	return contents->give_up == 5 ? -1 : 0;
}

static int
on_rule(const struct store_rule *row, void *arg)
{
	struct contents *contents = arg;

	ck_assert_int_lt(contents->rules, 4);
	contents->rule[contents->rules++] = *row;
	return contents->give_up == 7 ? -1 : 0;
}

static int
on_audit(const struct store_audit *row, void *arg)
{
	struct contents *contents = arg;

	contents->audits++;
	contents->audit = *row;
	return contents->give_up == 6 ? -1 : 0;
}

static const struct store_loader loader = {
	.meta = on_meta,
	.account = on_account,
	.device = on_device,
	.token = on_token,
	.limit = on_limit,
	.usage = on_usage,
	.rule = on_rule,
	.share = on_share,
	.audit = on_audit,
};

/* Return what is in the store; freed by the caller. */
static struct contents *
load(struct store *store)
{
	struct contents *contents = mem_new(1, sizeof(*contents));

	ck_assert_ptr_nonnull(contents);
	ck_assert_int_eq(
	    store_load(store, &loader, contents, &fixture.error), 0);
	return contents;
}

static struct store_change
account_change(struct store *store, const char *user)
{
	struct store_change change = { .kind = STORE_ACCOUNT_ADD };
	struct store_account *account = &change.row.account;

	memset(account, 0, sizeof(*account));
	account->id = store_next_id(store, STORE_ACCOUNT_ADD);
	snprintf(account->user, sizeof(account->user), "%s", user);
	account->level = STORE_USER;
	account->created = 1000;
	return change;
}

static struct store_change
device_change(struct store *store, int64_t account, const char *name)
{
	struct store_change change = { .kind = STORE_DEVICE_ADD };
	struct store_device *device = &change.row.device;

	memset(device, 0, sizeof(*device));
	device->id = store_next_id(store, STORE_DEVICE_ADD);
	device->account = account;
	snprintf(device->name, sizeof(device->name), "%s", name);
	device->role = LINKHELLO_AGENT;
	memcpy(device->public_key, &device->id, sizeof(device->id));
	device->created = 2000;
	return change;
}

static struct store_change
token_change(int64_t account, uint8_t hash)
{
	struct store_change change = { .kind = STORE_TOKEN_ADD };
	struct store_token *token = &change.row.token;

	memset(token, 0, sizeof(*token));
	memset(token->hash, hash, sizeof(token->hash));
	token->account = account;
	token->role = LINKHELLO_GATEWAY;
	token->created = 3000;
	token->expires = 4000;
	token->uses_max = 1;
	return change;
}

static struct store_change
meta_change(const char *name, const char *value)
{
	struct store_change change = { .kind = STORE_META_SET };
	struct store_meta *meta = &change.row.meta;

	memset(meta, 0, sizeof(*meta));
	snprintf(meta->name, sizeof(meta->name), "%s", name);
	meta->value_len = strlen(value);
	memcpy(meta->value, value, meta->value_len);
	return change;
}

/* Commit one change; 0, or -1 when that was refused. */
static int
commit(struct store *store, const struct store_change *change)
{
	struct outcomes outcomes = { .count = 0 };

	ck_assert_int_eq(store_submit(store, change, 1, on_done, &outcomes), 0);
	ck_assert_int_eq(outcomes.count, 0);
	store_sync(store);
	ck_assert_int_eq(outcomes.count, 1);
	return outcomes.failed == 0 ? 0 : -1;
}

/* --- opening ------------------------------------------------------------ */

START_TEST(a_new_store_is_private)
{
	struct stat st;
	struct store_change change;
	struct store *store;

	umask(0);
	store = open_store();
	change = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &change), 0);
	ck_assert_int_eq(stat(fixture.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	snprintf(fixture.path + strlen(fixture.path), 8, "-wal");
	ck_assert_int_eq(stat(fixture.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	fixture.path[strlen(fixture.path) - 4] = '\0';
	store_close(store);
	store_close(NULL);
	assert_query("PRAGMA user_version", "8");
	assert_query("PRAGMA journal_mode", "wal");
	assert_query("PRAGMA integrity_check", "ok");
	ck_assert_int_eq(chmod(fixture.path, 0644), 0);
	store_close(open_store());
	ck_assert_int_eq(stat(fixture.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(an_empty_database_is_brought_up_to_date)
{
	struct contents *contents;
	struct store *store;

	tamper("PRAGMA user_version = 0; VACUUM");
	assert_query("PRAGMA user_version", "0");
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->accounts, 0);
	mem_free(contents);
	store_close(store);
	assert_query("PRAGMA user_version", "8");
	assert_query("PRAGMA application_id", "1768845924");
	assert_query("SELECT count(*) FROM sqlite_schema"
		     " WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
	    "9");
}
END_TEST

/* What version 1 wrote, with a token that was used and one that was not. */
static const char version_1[] =
    "PRAGMA user_version = 1; PRAGMA application_id = 1768845924;"
    "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL,"
    " value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " user TEXT NOT NULL UNIQUE,"
    " level INTEGER NOT NULL CHECK (level IN (1, 2, 3)),"
    " disabled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " key_id BLOB CHECK (length(key_id) = 8),"
    " key_epoch INTEGER NOT NULL DEFAULT 0,"
    " key_changed INTEGER NOT NULL DEFAULT 0,"
    " old_key_id BLOB CHECK (length(old_key_id) = 8));"
    "CREATE TABLE device (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, role INTEGER NOT NULL CHECK (role IN (1, 2)),"
    " public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),"
    " created INTEGER NOT NULL, last_seen INTEGER NOT NULL DEFAULT 0,"
    " revoked_at INTEGER NOT NULL DEFAULT 0,"
    " revoked_by TEXT NOT NULL DEFAULT '');"
    "CREATE UNIQUE INDEX device_name ON device (account, name)"
    " WHERE revoked_at = 0;"
    "CREATE TABLE token (hash BLOB PRIMARY KEY NOT NULL"
    " CHECK (length(hash) = 32),"
    " account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " role INTEGER NOT NULL CHECK (role IN (1, 2)), name TEXT NOT NULL,"
    " replace_device INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, used_at INTEGER NOT NULL DEFAULT 0,"
    " used_by_key BLOB CHECK (length(used_by_key) = 32),"
    " uses INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX token_account ON token (account);"
    "INSERT INTO account (user, level, created) VALUES ('alice', 2, 1000);"
    "INSERT INTO device (account, name, role, public_key, created)"
    " VALUES (1, 'office', 2, zeroblob(32), 2000);"
    "INSERT INTO token (hash, account, role, name, created, expires)"
    " VALUES (zeroblob(32), 1, 1, 'open', 3000, 4000);"
    "INSERT INTO token (hash, account, role, name, created, expires, used_at,"
    " used_by_key, uses)"
    " VALUES (randomblob(32), 1, 1, 'used', 3001, 4000, 3500,"
    " zeroblob(32), 1);";

START_TEST(the_first_version_is_brought_up_to_date)
{
	struct contents *contents;
	struct store *store;

	tamper(version_1);
	for (int i = 0; i < 2; i++) {
		store = open_store();
		contents = load(store);
		ck_assert_int_eq(contents->accounts, 1);
		ck_assert_str_eq(contents->account[0].user, "alice");
		ck_assert_int_eq(contents->devices, 1);
		ck_assert_int_eq(contents->tokens, 2);
		ck_assert_uint_eq(contents->token[0].uses, 0);
		ck_assert_uint_eq(contents->token[0].uses_max, 1);
		ck_assert_uint_eq(contents->token[1].uses, 1);
		ck_assert_uint_eq(contents->token[1].uses_max, 1);
		ck_assert_int_eq(contents->audits, 0);
		mem_free(contents);
		store_close(store);
	}
	assert_query("PRAGMA user_version", "8");
	assert_query("PRAGMA integrity_check", "ok");
}
END_TEST

START_TEST(a_migration_happens_wholly_or_not_at_all)
{
	tamper("PRAGMA journal_mode = WAL");
	faultvfs_set_full(true);
	assert_not_opened(EX_UNAVAILABLE, "full");
	faultvfs_set_full(false);
	assert_query("PRAGMA user_version", "0");
	assert_query("SELECT count(*) FROM sqlite_schema", "0");
	store_close(open_store());
	assert_query("PRAGMA user_version", "8");
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone)
{
	uint64_t before;

	tamper("CREATE TABLE cookies (id)");
	before = digest_file();
	assert_not_opened(EX_CONFIG, "not of inroad-relay");
	tamper("PRAGMA application_id = 77");
	assert_not_opened(EX_CONFIG, "not of inroad-relay");
	tamper("PRAGMA application_id = 0");
	tamper("PRAGMA user_version = 1");
	assert_not_opened(EX_CONFIG, "not of inroad-relay");
	tamper("PRAGMA user_version = 0");
	ck_assert_uint_ne(before, 0);
	remove_file("");
	store_close(open_store());
	tamper("PRAGMA user_version = 9");
	before = digest_file();
	assert_not_opened(EX_CONFIG, "later version");
	ck_assert_uint_eq(digest_file(), before);
}
END_TEST

START_TEST(what_is_damaged_is_left_alone)
{
	char junk[8192];
	struct store_change change;
	struct store *store;
	uint64_t before;
	int fd;

	memset(junk, 'x', sizeof(junk));
	write_file(junk, sizeof(junk));
	before = digest_file();
	assert_not_opened(EX_UNAVAILABLE, " is damaged, restore a backup");
	ck_assert_uint_eq(digest_file(), before);
	remove_file("");

	store = open_store();
	change = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &change), 0);
	store_close(store);
	fd = open(fixture.path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, junk, 4096, 4096), 4096);
	ck_assert_int_eq(close(fd), 0);
	before = digest_file();
	assert_not_opened(EX_UNAVAILABLE, " is damaged, restore a backup");
	ck_assert_uint_eq(digest_file(), before);
}
END_TEST

START_TEST(what_is_cut_short_is_noticed)
{
	struct stat st;

	store_close(open_store());
	ck_assert_int_eq(stat(fixture.path, &st), 0);
	ck_assert_int_eq(st.st_size % 4096, 0);
	for (off_t len = st.st_size - 4096; len > 1;
	     len -= len > 4096 ? 4096 : len / 2) {
		ck_assert_int_eq(truncate(fixture.path, len), 0);
		assert_not_opened(
		    EX_UNAVAILABLE, " is damaged, restore a backup");
	}
}
END_TEST

START_TEST(a_missing_table_is_noticed)
{
	store_close(open_store());
	tamper("DROP TABLE token");
	assert_not_opened(EX_UNAVAILABLE, "no such table");
}
END_TEST

START_TEST(a_path_that_cannot_be_is_refused)
{
	char saved[sizeof(fixture.path)];

	memcpy(saved, fixture.path, sizeof(saved));
	snprintf(fixture.path, sizeof(fixture.path), "%s/no/store",
	    fixture.directory);
	assert_not_opened(EX_UNAVAILABLE, "cannot be opened");
	snprintf(fixture.path, sizeof(fixture.path), "%s", fixture.directory);
	assert_not_opened(EX_UNAVAILABLE, "cannot be opened");
	memcpy(fixture.path, saved, sizeof(saved));
	ck_assert_int_eq(symlink("elsewhere", fixture.path), 0);
	assert_not_opened(EX_UNAVAILABLE, "cannot be opened");
	remove_file("");
	ck_assert_int_eq(mkfifo(fixture.path, 0600), 0);
	assert_not_opened(EX_CONFIG, "is no file");
}
END_TEST

START_TEST(a_directory_without_permission_is_told)
{
	if (geteuid() == 0) {
		return; /* root has it everywhere */
	}
	ck_assert_int_eq(chmod(fixture.directory, 0500), 0);
	assert_not_opened(EX_NOPERM, "Permission denied");
	ck_assert_int_eq(chmod(fixture.directory, 0700), 0);
}
END_TEST

START_TEST(no_memory_no_store)
{
	for (long n = 1;; n++) {
		struct store *store;

		failalloc_after(n);
		store = store_open(fixture.path, &fixture.error);
		failalloc_off();
		if (!failalloc_hit()) {
			ck_assert_ptr_nonnull(store);
			store_close(store);
			break;
		}
		ck_assert_ptr_null(store);
		ck_assert_str_ne(fixture.error.text, "");
	}
}
END_TEST

/* --- rows --------------------------------------------------------------- */

/* Fill in every field of a row of each table. */
static void
make_full_rows(struct store *store, struct store_change change[4])
{
	struct store_account *account = &change[1].row.account;
	struct store_device *device = &change[2].row.device;
	struct store_token *token = &change[3].row.token;

	change[0] = meta_change("colour", "blue\001");
	change[0].row.meta.value[2] = 0;
	change[1] = account_change(store, "alice");
	account->level = STORE_GUEST;
	account->disabled = true;
	account->has_key = true;
	memset(account->key_id, 0xa1, sizeof(account->key_id));
	account->key_epoch = UINT32_MAX;
	account->key_changed = 1500;
	account->has_old_key = true;
	memset(account->old_key_id, 0xa2, sizeof(account->old_key_id));
	change[2] = device_change(store, account->id, "office");
	device->last_seen = 2500;
	device->revoked_at = 2600;
	device->revoked_by = remover;
	change[3] = token_change(account->id, 0xb1);
	snprintf(token->name, sizeof(token->name), "laptop");
	token->replace = true;
	token->used_at = 3500;
	memset(token->used_by_key, 0xb2, sizeof(token->used_by_key));
	token->uses = 3;
	token->uses_max = 5;
}

static void
assert_same_row(const void *found, const void *expected, size_t size)
{
	ck_assert_mem_eq(found, expected, size);
}

START_TEST(every_field_survives_a_restart)
{
	struct outcomes outcomes = { .count = 0 };
	struct store_change change[4];
	struct contents *contents;
	struct store *store = open_store();

	memset(change, 0, sizeof(change));
	make_full_rows(store, change);
	ck_assert_int_eq(store_submit(store, change, 4, on_done, &outcomes), 0);
	store_close(store);
	ck_assert_int_eq(outcomes.count, 1);
	ck_assert_str_eq(outcomes.error, "");
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->metas, 1);
	ck_assert_int_eq(contents->accounts, 1);
	ck_assert_int_eq(contents->devices, 1);
	ck_assert_int_eq(contents->tokens, 1);
	ck_assert_uint_eq(
	    contents->meta[0].value_len, change[0].row.meta.value_len);
	assert_same_row(contents->meta[0].value, change[0].row.meta.value,
	    STORE_META_VALUE_MAX);
	assert_same_row(&contents->account[0], &change[1].row.account,
	    sizeof(struct store_account));
	assert_same_row(&contents->device[0], &change[2].row.device,
	    sizeof(struct store_device));
	assert_same_row(&contents->token[0], &change[3].row.token,
	    sizeof(struct store_token));
	mem_free(contents);
	store_close(store);
}
END_TEST

START_TEST(each_change_changes_what_it_says)
{
	struct store_change change[4];
	struct contents *contents;
	struct store *store = open_store();

	memset(change, 0, sizeof(change));
	make_full_rows(store, change);
	ck_assert_int_eq(store_submit(store, change, 4, NULL, NULL), 0);
	store_sync(store);

	change[0].row.meta.value_len = 0;
	change[1].kind = STORE_ACCOUNT_STATE;
	change[1].row.account.level = STORE_ADMIN;
	change[1].row.account.disabled = false;
	change[1].row.account.key_epoch = 9; /* not by this change */
	change[2].kind = STORE_DEVICE_SEEN;
	change[2].row.device.last_seen = 2700;
	change[2].row.device.revoked_at = 0; /* nor this */
	change[3].kind = STORE_TOKEN_USED;
	change[3].row.token.uses = 4;
	change[3].row.token.expires = 0; /* nor this */
	ck_assert_int_eq(store_submit(store, change, 4, NULL, NULL), 0);
	store_sync(store);
	contents = load(store);
	ck_assert_uint_eq(contents->meta[0].value_len, 0);
	ck_assert_int_eq(contents->account[0].level, STORE_ADMIN);
	ck_assert(!contents->account[0].disabled);
	ck_assert_uint_eq(contents->account[0].key_epoch, UINT32_MAX);
	ck_assert_uint_eq(contents->device[0].last_seen, 2700);
	ck_assert_uint_eq(contents->device[0].revoked_at, 2600);
	ck_assert_uint_eq(contents->token[0].uses, 4);
	ck_assert_uint_eq(contents->token[0].expires, 4000);
	mem_free(contents);

	change[1].kind = STORE_ACCOUNT_KEY;
	change[1].row.account.has_old_key = false;
	change[2].kind = STORE_DEVICE_REVOKE;
	change[3].kind = STORE_TOKEN_DROP;
	ck_assert_int_eq(store_submit(store, change, 4, NULL, NULL), 0);
	store_sync(store);
	contents = load(store);
	ck_assert_uint_eq(contents->account[0].key_epoch, 9);
	ck_assert(contents->account[0].has_key);
	ck_assert(!contents->account[0].has_old_key);
	ck_assert_uint_eq(contents->device[0].revoked_at, 0);
	ck_assert_int_eq(contents->tokens, 0);
	mem_free(contents);

	change[2].kind = STORE_DEVICE_DROP;
	ck_assert_int_eq(store_submit(store, &change[2], 1, NULL, NULL), 0);
	store_sync(store);
	contents = load(store);
	ck_assert_int_eq(contents->devices, 0);
	mem_free(contents);
	store_close(store);
}
END_TEST

static struct store_change
audit_change(uint64_t at, const char *object)
{
	struct store_change change = { .kind = STORE_AUDIT_ADD };
	struct store_audit *audit = &change.row.audit;

	memset(audit, 0, sizeof(*audit));
	audit->at = at;
	snprintf(audit->user, sizeof(audit->user), "admin");
	snprintf(audit->origin, sizeof(audit->origin), "192.0.2.7");
	snprintf(audit->action, sizeof(audit->action), "device.revoke");
	snprintf(audit->object, sizeof(audit->object), "%s", object);
	snprintf(audit->before, sizeof(audit->before), "agent");
	snprintf(audit->after, sizeof(audit->after), "none");
	return change;
}

START_TEST(an_account_goes_with_what_it_has)
{
	struct store_change change[4];
	struct store_change other;
	struct contents *contents;
	struct store *store = open_store();

	memset(change, 0, sizeof(change));
	make_full_rows(store, change);
	ck_assert_int_eq(store_submit(store, change, 4, NULL, NULL), 0);
	store_sync(store);
	other = account_change(store, "bob");
	ck_assert_int_eq(commit(store, &other), 0);
	change[1].kind = STORE_ACCOUNT_DROP;
	ck_assert_int_eq(commit(store, &change[1]), 0);
	contents = load(store);
	ck_assert_int_eq(contents->accounts, 1);
	ck_assert_str_eq(contents->account[0].user, "bob");
	ck_assert_int_eq(contents->devices, 0);
	ck_assert_int_eq(contents->tokens, 0);
	mem_free(contents);
	store_close(store);
}
END_TEST

START_TEST(limits_are_set_and_dropped)
{
	struct store_change account;
	struct store_change change = { .kind = STORE_LIMIT_SET };
	struct contents *contents;
	struct store *store = open_store();

	account = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &account), 0);
	memset(&change.row.limit, 0, sizeof(change.row.limit));
	change.row.limit.account = account.row.account.id;
	(void)snprintf(change.row.limit.name, sizeof(change.row.limit.name),
	    "%s", "hosts");
	for (uint64_t value = 5; value < 7; value++) {
		change.row.limit.value = value;
		ck_assert_int_eq(commit(store, &change), 0);
		store_close(store);
		store = open_store();
		contents = load(store);
		ck_assert_int_eq(contents->limits, 1);
		assert_same_row(&contents->limit, &change.row.limit,
		    sizeof(struct store_limit));
		mem_free(contents);
	}
	change.kind = STORE_LIMIT_DROP;
	ck_assert_int_eq(commit(store, &change), 0);
	contents = load(store);
	ck_assert_int_eq(contents->limits, 0);
	mem_free(contents);
	/* They go with their account. */
	change.kind = STORE_LIMIT_SET;
	ck_assert_int_eq(commit(store, &change), 0);
	account.kind = STORE_ACCOUNT_DROP;
	ck_assert_int_eq(commit(store, &account), 0);
	contents = load(store);
	ck_assert_int_eq(contents->limits, 0);
	mem_free(contents);
	store_close(store);
}
END_TEST

START_TEST(months_are_set_and_dropped)
{
	struct store_change account;
	struct store_change change = { .kind = STORE_USAGE_SET };
	struct contents *contents;
	struct store *store = open_store();

	account = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &account), 0);
	for (uint32_t month = 202610; month < 202613; month++) {
		for (uint64_t n = 1; n < 3; n++) {
			memset(&change.row.usage, 0, sizeof(change.row.usage));
			change.row.usage.account = account.row.account.id;
			change.row.usage.month = month;
			change.row.usage.up = n;
			change.row.usage.down = n << 50;
			ck_assert_int_eq(commit(store, &change), 0);
		}
	}
	store_close(store);
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->months, 3);
	ck_assert_uint_eq(contents->usage.month, 202612);
	ck_assert_uint_eq(contents->usage.up, 2);
	ck_assert_uint_eq(contents->usage.down, UINT64_C(2) << 50);
	mem_free(contents);
	/* That one and those before. */
	change.kind = STORE_USAGE_DROP;
	change.row.usage.month = 202611;
	ck_assert_int_eq(commit(store, &change), 0);
	contents = load(store);
	ck_assert_int_eq(contents->months, 1);
	mem_free(contents);
	/* They go with their account, and come no more. */
	account.kind = STORE_ACCOUNT_DROP;
	ck_assert_int_eq(commit(store, &account), 0);
	change.kind = STORE_USAGE_SET;
	ck_assert_int_eq(commit(store, &change), 0);
	contents = load(store);
	ck_assert_int_eq(contents->months, 0);
	mem_free(contents);
	store_close(store);
}
END_TEST

/* Return the change that adds deny USER alice/office at place. */
static struct store_change
rule_change(struct store *store, const char *user, int64_t place)
{
	struct store_change change;
	struct store_rule *rule = &change.row.rule;

	memset(&change, 0, sizeof(change));
	change.kind = STORE_RULE_ADD;
	rule->id = store_next_id(store, STORE_RULE_ADD);
	rule->place = place;
	rule->allow = user[0] == 'c';
	(void)snprintf(rule->user, sizeof(rule->user), "%s", user);
	(void)snprintf(rule->owner, sizeof(rule->owner), "alice");
	(void)snprintf(rule->host, sizeof(rule->host), "office");
	return change;
}

START_TEST(rules_keep_their_order)
{
	struct contents *contents;
	struct store *store = open_store();
	struct store_change first = rule_change(store, "bob", 1);
	struct store_change last = rule_change(store, "dave", 2);
	struct store_change between = rule_change(store, "carol", 2);

	ck_assert_int_eq(commit(store, &first), 0);
	ck_assert_int_eq(commit(store, &last), 0);
	ck_assert_int_eq(commit(store, &between), 0);
	store_close(store);
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->rules, 3);
	assert_same_row(
	    &contents->rule[0], &first.row.rule, sizeof(struct store_rule));
	assert_same_row(
	    &contents->rule[1], &between.row.rule, sizeof(struct store_rule));
	ck_assert_int_eq(contents->rule[2].id, last.row.rule.id);
	ck_assert_int_eq(contents->rule[2].place, 3);
	mem_free(contents);
	/* A number is never used again. */
	last.kind = STORE_RULE_DROP;
	ck_assert_int_eq(commit(store, &last), 0);
	contents = load(store);
	ck_assert_int_eq(contents->rules, 2);
	mem_free(contents);
	store_close(store);
	store = open_store();
	ck_assert_int_eq(store_next_id(store, STORE_RULE_ADD), 4);
	store_close(store);
}
END_TEST

START_TEST(shares_come_and_go)
{
	struct store_change alice;
	struct store_change bob;
	struct store_change change = { .kind = STORE_SHARE_ADD };
	struct store_share *share = &change.row.share;
	struct contents *contents;
	struct store *store = open_store();

	alice = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &alice), 0);
	bob = account_change(store, "bob");
	ck_assert_int_eq(commit(store, &bob), 0);
	memset(share, 0, sizeof(*share));
	share->share = UINT64_C(0xfedcba9876543210);
	share->owner = alice.row.account.id;
	share->user = bob.row.account.id;
	share->expiry = 99;
	share->rate = 1250000;
	(void)snprintf(share->host, sizeof(share->host), "office");
	(void)snprintf(share->rights, sizeof(share->rights), "ports=22");
	ck_assert_int_eq(commit(store, &change), 0);
	store_close(store);
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->shares, 1);
	assert_same_row(&contents->share, share, sizeof(*share));
	mem_free(contents);
	/* Nobody else's, then all of that host with that account. */
	change.kind = STORE_SHARE_DROP;
	share->owner++;
	ck_assert_int_eq(commit(store, &change), 0);
	share->owner--;
	share->user++;
	share->share = 0;
	ck_assert_int_eq(commit(store, &change), 0);
	contents = load(store);
	ck_assert_int_eq(contents->shares, 1);
	mem_free(contents);
	share->user--;
	ck_assert_int_eq(commit(store, &change), 0);
	contents = load(store);
	ck_assert_int_eq(contents->shares, 0);
	mem_free(contents);
	/* They go with either account. */
	change.kind = STORE_SHARE_ADD;
	share->share = 5;
	ck_assert_int_eq(commit(store, &change), 0);
	bob.kind = STORE_ACCOUNT_DROP;
	ck_assert_int_eq(commit(store, &bob), 0);
	contents = load(store);
	ck_assert_int_eq(contents->shares, 0);
	mem_free(contents);
	store_close(store);
}
END_TEST

START_TEST(the_audit_keeps_what_happened)
{
	struct store_change change = audit_change(1000, "alice/office");
	struct contents *contents;
	struct store *store = open_store();

	ck_assert_int_eq(commit(store, &change), 0);
	contents = load(store);
	ck_assert_int_eq(contents->audits, 1);
	assert_same_row(
	    &contents->audit, &change.row.audit, sizeof(struct store_audit));
	mem_free(contents);
	store_close(store);
}
END_TEST

/* The file has an end, and memory gets less of it. */
START_TEST(the_audit_is_bounded)
{
	struct store_change change;
	struct contents *contents;
	struct store *store;

	store_close(open_store());
	tamper("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1"
	       " FROM n WHERE i < 100000) INSERT INTO audit (at, user, origin,"
	       " action, object, value_before, value_after)"
	       " SELECT i, 'admin', '', 'x', '', '', '' FROM n");
	store = open_store();
	for (uint64_t i = 1; i <= 3; i++) {
		change = audit_change(200000 + i, "alice");
		ck_assert_int_eq(commit(store, &change), 0);
	}
	contents = load(store);
	ck_assert_int_eq(contents->audits, STORE_AUDIT_READ);
	ck_assert_uint_eq(contents->audit.at, 200003);
	mem_free(contents);
	store_close(store);
	assert_query("SELECT count(*) FROM audit", "100000");
	assert_query("SELECT min(at) FROM audit", "4");
}
END_TEST

START_TEST(ids_are_never_used_again)
{
	struct store_change account;
	struct store_change device;
	struct store *store = open_store();

	account = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &account), 0);
	for (int i = 0; i < 3; i++) {
		device = device_change(store, account.row.account.id, "office");
		ck_assert_int_eq(device.row.device.id, i + 1);
		ck_assert_int_eq(commit(store, &device), 0);
		device.kind = STORE_DEVICE_DROP;
		ck_assert_int_eq(commit(store, &device), 0);
		store_close(store);
		store = open_store();
	}
	ck_assert_int_eq(store_next_id(store, STORE_ACCOUNT_ADD), 2);
	store_close(store);
}
END_TEST

START_TEST(rows_that_contradict_are_refused)
{
	uint8_t key[KEYS_LEN];
	struct store_change account;
	struct store_change change;
	struct store *store = open_store();

	account = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &account), 0);
	change = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &change), -1);
	change = device_change(store, 77, "office");
	ck_assert_int_eq(commit(store, &change), -1);
	change = device_change(store, account.row.account.id, "office");
	memcpy(key, change.row.device.public_key, sizeof(key));
	ck_assert_int_eq(commit(store, &change), 0);
	change = device_change(store, account.row.account.id, "office");
	ck_assert_int_eq(commit(store, &change), -1);
	change.row.device.revoked_at = 1; /* a removed one may share the name */
	ck_assert_int_eq(commit(store, &change), 0);
	change = device_change(store, account.row.account.id, "lab");
	memcpy(change.row.device.public_key, key, sizeof(key));
	ck_assert_int_eq(commit(store, &change), -1);
	change = token_change(account.row.account.id, 1);
	ck_assert_int_eq(commit(store, &change), 0);
	ck_assert_int_eq(commit(store, &change), -1);
	store_close(store);
}
END_TEST

START_TEST(a_row_that_cannot_be_is_told)
{
	static const char *const wrongs[] = {
		"UPDATE account SET user = CAST(x'6100' AS TEXT)",
		"UPDATE account SET user = printf('%080d', 1)",
		"UPDATE device SET role = 3",
		"UPDATE device SET public_key = 'short'",
		"UPDATE token SET name = x'00'",
		"UPDATE meta SET value = zeroblob(65)",
	};
	struct contents *contents = mem_new(1, sizeof(*contents));
	struct store_change change[4];
	struct store *store;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		store = open_store();
		memset(change, 0, sizeof(change));
		make_full_rows(store, change);
		ck_assert_int_eq(store_submit(store, change, 4, NULL, NULL), 0);
		store_close(store);
		tamper("PRAGMA ignore_check_constraints = 1");
		{
			char sql[160];

			snprintf(sql, sizeof(sql),
			    "PRAGMA ignore_check_constraints = 1; %s",
			    wrongs[i]);
			tamper(sql);
		}
		store = store_open(fixture.path, &fixture.error);
		if (store != NULL) {
			memset(contents, 0, sizeof(*contents));
			ck_assert_int_eq(store_load(store, &loader, contents,
					     &fixture.error),
			    -1);
		}
		ck_assert_int_eq(fixture.error.status, EX_UNAVAILABLE);
		ck_assert_str_ne(fixture.error.text, "");
		store_close(store);
		remove_file("");
	}
	mem_free(contents);
}
END_TEST

START_TEST(a_loader_may_give_up)
{
	static const struct store_loader nobody;
	struct contents *contents = mem_new(1, sizeof(*contents));
	struct store_change change[4];
	struct store *store = open_store();

	memset(change, 0, sizeof(change));
	make_full_rows(store, change);
	ck_assert_int_eq(store_submit(store, change, 4, NULL, NULL), 0);
	store_sync(store);
	for (int i = 1; i <= 4; i++) {
		memset(contents, 0, sizeof(*contents));
		contents->give_up = i;
		ck_assert_int_eq(
		    store_load(store, &loader, contents, &fixture.error), -1);
		ck_assert_int_eq(contents->metas + contents->accounts +
				     contents->devices + contents->tokens,
		    i);
	}
	ck_assert_int_eq(store_load(store, &nobody, NULL, &fixture.error), 0);
	mem_free(contents);
	store_close(store);
}
END_TEST

/* --- submissions -------------------------------------------------------- */

START_TEST(nothing_is_confirmed_before_it_is_on_disk)
{
	struct outcomes outcomes = { .count = 0 };
	struct loop *loop = loop_new();
	struct store *store = open_store();
	struct store_change change = account_change(store, "alice");
	unsigned long syncs = faultvfs_syncs();

	ck_assert_int_eq(store_start(store, loop), 0);
	faultvfs_set_slow(true);
	ck_assert_int_eq(
	    store_submit(store, &change, 1, on_done, &outcomes), 0);
	ck_assert_uint_eq(store_queued(store), 1);
	faultvfs_await_sync(); /* and the loop is still ours */
	loop_poll(loop);
	ck_assert_int_eq(outcomes.count, 0);
	ck_assert_uint_eq(faultvfs_syncs(), syncs);
	faultvfs_set_slow(false);
	ck_assert(await_count(loop, &outcomes.count, 1));
	ck_assert_uint_gt(faultvfs_syncs(), syncs);
	ck_assert_int_eq(outcomes.failed, 0);
	ck_assert_uint_eq(store_queued(store), 0);
	store_close(store);
	loop_free(loop);
}
END_TEST

/* A hundred submissions that wait are one transaction, with one sync. */
START_TEST(what_waits_is_committed_together)
{
	struct outcomes outcomes = { .count = 0 };
	struct ticket tickets[101];
	struct loop *loop = loop_new();
	struct store *store = open_store();
	unsigned long syncs = 0;

	ck_assert_int_eq(store_start(store, loop), 0);
	faultvfs_set_slow(true);
	for (int i = 0; i <= 100; i++) {
		char user[16];
		struct store_change change;

		snprintf(user, sizeof(user), "user%d", i);
		change = account_change(store, user);
		tickets[i] = (struct ticket){ &outcomes, i };
		ck_assert_int_eq(
		    store_submit(store, &change, 1, on_ticket, &tickets[i]), 0);
		if (i == 0) {
			faultvfs_await_sync();
			syncs = faultvfs_syncs();
		}
	}
	faultvfs_set_slow(false);
	ck_assert(await_count(loop, &outcomes.count, 101));
	ck_assert_int_eq(outcomes.failed, 0);
	ck_assert_int_eq(outcomes.out_of_order, 0);
	/* The first one may need three: directory, log header, commit. */
	ck_assert_uint_le(faultvfs_syncs() - syncs, 4);
	store_close(store);
	loop_free(loop);
}
END_TEST

/* Threaded or not, one submission that fails takes nobody with it. */
START_TEST(a_failure_is_the_submission_s_own)
{
	struct outcomes outcomes[3] = { { .count = 0 } };
	struct store_change change[2];
	struct loop *loop = loop_new();
	struct contents *contents;
	struct store *store = open_store();

	if (_i == 1) {
		ck_assert_int_eq(store_start(store, loop), 0);
		faultvfs_set_slow(true);
		change[0] = account_change(store, "first");
		ck_assert_int_eq(store_submit(store, change, 1, NULL, NULL), 0);
		faultvfs_await_sync();
	} else {
		change[0] = account_change(store, "first");
		ck_assert_int_eq(store_submit(store, change, 1, NULL, NULL), 0);
	}
	change[0] = account_change(store, "alice");
	ck_assert_int_eq(
	    store_submit(store, change, 1, on_done, &outcomes[0]), 0);
	change[0] = account_change(store, "bob");
	change[1] = account_change(store, "alice");
	ck_assert_int_eq(
	    store_submit(store, change, 2, on_done, &outcomes[1]), 0);
	change[0] = account_change(store, "carol");
	ck_assert_int_eq(
	    store_submit(store, change, 1, on_done, &outcomes[2]), 0);
	faultvfs_set_slow(false);
	store_sync(store);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(outcomes[i].count, 1);
		ck_assert_int_eq(outcomes[i].failed, i == 1);
	}
	ck_assert_ptr_nonnull(strstr(outcomes[1].error, "UNIQUE"));
	store_close(store);
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->accounts, 3);
	ck_assert_str_eq(contents->account[1].user, "alice");
	ck_assert_str_eq(contents->account[2].user, "carol");
	mem_free(contents);
	store_close(store);
	loop_free(loop);
}
END_TEST

/* The disk is full (0), or does not sync (1); later it works again. */
START_TEST(a_bad_disk_is_told_and_survived)
{
	struct outcomes outcomes = { .count = 0 };
	struct loop *loop = loop_new();
	struct contents *contents;
	struct store *store = open_store();
	struct store_change change = account_change(store, "alice");

	ck_assert_int_eq(store_start(store, loop), 0);
	ck_assert_int_eq(commit(store, &change), 0);
	(_i == 0 ? faultvfs_set_full : faultvfs_set_broken)(true);
	for (int i = 1; i <= 3; i++) {
		change = account_change(store, "bob");
		ck_assert_int_eq(
		    store_submit(store, &change, 1, on_done, &outcomes), 0);
		ck_assert(await_count(loop, &outcomes.count, i));
		ck_assert_int_eq(outcomes.failed, i);
		ck_assert_str_eq(outcomes.error,
		    _i == 0 ? "database or disk is full" : "disk I/O error");
	}
	(_i == 0 ? faultvfs_set_full : faultvfs_set_broken)(false);
	change = account_change(store, "carol");
	ck_assert_int_eq(commit(store, &change), 0);
	store_close(store);
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->accounts, 2);
	ck_assert_str_eq(contents->account[1].user, "carol");
	mem_free(contents);
	store_close(store);
	loop_free(loop);
}
END_TEST

START_TEST(the_queue_has_an_end)
{
	struct outcomes outcomes = { .count = 0 };
	struct loop *loop = loop_new();
	struct store *store = open_store();
	struct store_change change = meta_change("colour", "blue");

	ck_assert_int_eq(store_start(store, loop), 0);
	faultvfs_set_slow(true);
	for (int i = 0; i < STORE_QUEUE_MAX; i++) {
		ck_assert_int_eq(
		    store_submit(store, &change, 1, on_done, &outcomes), 0);
	}
	ck_assert_int_eq(
	    store_submit(store, &change, 1, on_done, &outcomes), -1);
	faultvfs_set_slow(false);
	ck_assert(await_count(loop, &outcomes.count, STORE_QUEUE_MAX));
	ck_assert_int_eq(
	    store_submit(store, &change, 1, on_done, &outcomes), 0);
	ck_assert_int_eq(
	    store_submit(store, &change, 0, on_done, &outcomes), -1);
	ck_assert_int_eq(store_submit(store, &change, STORE_CHANGES_MAX + 1,
			     on_done, &outcomes),
	    -1);
	store_close(store);
	ck_assert_int_eq(outcomes.count, STORE_QUEUE_MAX + 1);
	ck_assert_int_eq(outcomes.failed, 0);
	loop_free(loop);
}
END_TEST

/* A callback that submits twice more, and sees what came of it. */
struct chain {
	struct store *store;
	int depth;
	int done;
	int refused;
};

static void
on_chain(const char *error, void *arg)
{
	struct chain *chain = arg;
	struct store_change change = meta_change("depth", "x");

	ck_assert_ptr_null(error);
	chain->done++;
	if (chain->depth == 0) {
		return;
	}
	chain->depth--;
	if (store_submit(chain->store, &change, 1, on_chain, chain) < 0) {
		chain->refused++;
	}
}

START_TEST(callbacks_may_submit)
{
	struct loop *loop = loop_new();
	struct store *store = open_store();
	struct chain chain = { .store = store, .depth = 5 };
	struct store_change change = meta_change("depth", "0");

	if (_i == 1) {
		ck_assert_int_eq(store_start(store, loop), 0);
	}
	ck_assert_int_eq(store_submit(store, &change, 1, on_chain, &chain), 0);
	store_sync(store);
	ck_assert_int_eq(chain.done, 6);
	chain.depth = 1;
	ck_assert_int_eq(store_submit(store, &change, 1, on_chain, &chain), 0);
	store_close(store);
	ck_assert_int_eq(chain.done, 7);
	ck_assert_int_eq(chain.refused, 1);
	loop_free(loop);
}
END_TEST

START_TEST(closing_commits_what_is_queued)
{
	struct outcomes outcomes = { .count = 0 };
	struct ticket tickets[10];
	struct loop *loop = loop_new();
	struct contents *contents;
	struct store *store = open_store();

	if (_i == 1) {
		ck_assert_int_eq(store_start(store, loop), 0);
	}
	for (int i = 0; i < 10; i++) {
		char user[16];
		struct store_change change;

		snprintf(user, sizeof(user), "user%d", i);
		change = account_change(store, user);
		tickets[i] = (struct ticket){ &outcomes, i };
		ck_assert_int_eq(
		    store_submit(store, &change, 1, on_ticket, &tickets[i]), 0);
	}
	store_close(store);
	ck_assert_int_eq(outcomes.count, 10);
	ck_assert_int_eq(outcomes.failed, 0);
	ck_assert_int_eq(outcomes.out_of_order, 0);
	loop_poll(loop);
	store = open_store();
	contents = load(store);
	ck_assert_int_eq(contents->accounts, 10);
	mem_free(contents);
	store_close(store);
	loop_free(loop);
}
END_TEST

START_TEST(no_memory_no_submission)
{
	struct outcomes outcomes = { .count = 0 };
	struct store *store = open_store();
	struct store_change change = account_change(store, "alice");

	failalloc_after(1);
	ck_assert_int_eq(
	    store_submit(store, &change, 1, on_done, &outcomes), -1);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_uint_eq(store_queued(store), 0);
	ck_assert_int_eq(commit(store, &change), 0);
	store_close(store);
	ck_assert_int_eq(outcomes.count, 0);
}
END_TEST

/* --- kill -9 ------------------------------------------------------------ */

/* The child says on this descriptor which device is confirmed. */
struct confirming {
	int fd;
	int64_t id;
};

static void
on_confirmed(const char *error, void *arg)
{
	struct confirming *confirming = arg;

	if (error != NULL ||
	    write(confirming->fd, &confirming->id, sizeof(confirming->id)) !=
		(ssize_t)sizeof(confirming->id)) {
		_exit(1);
	}
	mem_free(confirming);
}

/* Add devices for ever, eight at a time. */
static void
add_devices(int fd)
{
	struct loop *loop = loop_new();
	struct store *store = store_open(fixture.path, &fixture.error);

	if (loop == NULL || store == NULL || store_start(store, loop) < 0) {
		_exit(1);
	}
	for (;;) {
		char name[32];
		struct store_change change = device_change(store, 1, "");
		struct confirming *confirming = mem_new(1, sizeof(*confirming));

		if (confirming == NULL) {
			_exit(1);
		}
		confirming->fd = fd;
		confirming->id = change.row.device.id;
		snprintf(
		    name, sizeof(name), "d%lld", (long long)confirming->id);
		memcpy(change.row.device.name, name, sizeof(name));
		if (store_submit(store, &change, 1, on_confirmed, confirming) <
		    0) {
			_exit(1);
		}
		while (store_queued(store) >= 8) {
			loop_poll(loop);
		}
	}
}

/* Let a child add devices, kill it, return the last device it confirmed. */
static int64_t
kill_one(int64_t confirmed)
{
	uint32_t enough = 1 + randombytes_uniform(60);
	int64_t id;
	int ends[2];
	int status;
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)close(ends[0]);
		add_devices(ends[1]);
	}
	ck_assert_int_eq(close(ends[1]), 0);
	while (read(ends[0], &id, sizeof(id)) == (ssize_t)sizeof(id)) {
		ck_assert_int_gt(id, confirmed); /* in order, none twice */
		confirmed = id;
		if (enough > 0 && --enough == 0) {
			ck_assert_int_eq(kill(child, SIGKILL), 0);
		}
	}
	ck_assert_int_eq(close(ends[0]), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return confirmed;
}

struct tally {
	int64_t count;
	int64_t last;
};

static int
on_tally(const struct store_device *row, void *arg)
{
	struct tally *tally = arg;

	tally->count++;
	tally->last = row->id;
	return 0;
}

/* As one thread commits in order, the confirmed ones are the first ones. */
START_TEST(a_killed_relay_keeps_what_it_confirmed)
{
	static const struct store_loader counting = { .device = on_tally };
	struct store_change change;
	struct store *store = open_store();
	int64_t confirmed = 0;

	change = account_change(store, "alice");
	ck_assert_int_eq(commit(store, &change), 0);
	store_close(store);
	for (int i = 0; i < 20; i++) {
		struct tally tally = { 0, 0 };

		confirmed = kill_one(confirmed);
		store = open_store();
		ck_assert_int_eq(
		    store_load(store, &counting, &tally, &fixture.error), 0);
		ck_assert_int_ge(tally.last, confirmed);
		ck_assert_int_eq(tally.count, tally.last);
		store_close(store);
		assert_query("PRAGMA integrity_check", "ok");
	}
	ck_assert_int_ge(confirmed, 20);
}
END_TEST

static void
add_opening(Suite *suite)
{
	TCase *tcase = tcase_create("opening");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_new_store_is_private);
	tcase_add_test(tcase, an_empty_database_is_brought_up_to_date);
	tcase_add_test(tcase, the_first_version_is_brought_up_to_date);
	tcase_add_test(tcase, a_migration_happens_wholly_or_not_at_all);
	tcase_add_test(tcase, what_is_not_ours_is_left_alone);
	tcase_add_test(tcase, what_is_damaged_is_left_alone);
	tcase_add_test(tcase, what_is_cut_short_is_noticed);
	tcase_add_test(tcase, a_missing_table_is_noticed);
	tcase_add_test(tcase, a_path_that_cannot_be_is_refused);
	tcase_add_test(tcase, a_directory_without_permission_is_told);
	tcase_add_test(tcase, no_memory_no_store);
	suite_add_tcase(suite, tcase);
}

static void
add_rows(Suite *suite)
{
	TCase *tcase = tcase_create("rows");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_field_survives_a_restart);
	tcase_add_test(tcase, each_change_changes_what_it_says);
	tcase_add_test(tcase, an_account_goes_with_what_it_has);
	tcase_add_test(tcase, limits_are_set_and_dropped);
	tcase_add_test(tcase, months_are_set_and_dropped);
	tcase_add_test(tcase, rules_keep_their_order);
	tcase_add_test(tcase, shares_come_and_go);
	tcase_add_test(tcase, the_audit_keeps_what_happened);
	tcase_add_test(tcase, the_audit_is_bounded);
	tcase_add_test(tcase, ids_are_never_used_again);
	tcase_add_test(tcase, rows_that_contradict_are_refused);
	tcase_add_test(tcase, a_row_that_cannot_be_is_told);
	tcase_add_test(tcase, a_loader_may_give_up);
	suite_add_tcase(suite, tcase);
}

static void
add_submissions(Suite *suite)
{
	TCase *tcase = tcase_create("submissions");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, nothing_is_confirmed_before_it_is_on_disk);
	tcase_add_test(tcase, what_waits_is_committed_together);
	tcase_add_loop_test(tcase, a_failure_is_the_submission_s_own, 0, 2);
	tcase_add_loop_test(tcase, a_bad_disk_is_told_and_survived, 0, 2);
	tcase_add_test(tcase, the_queue_has_an_end);
	tcase_add_loop_test(tcase, callbacks_may_submit, 0, 2);
	tcase_add_loop_test(tcase, closing_commits_what_is_queued, 0, 2);
	tcase_add_test(tcase, no_memory_no_submission);
	tcase_add_test(tcase, a_killed_relay_keeps_what_it_confirmed);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("store");

	if (sodium_init() < 0 || faultvfs_install() < 0) {
		return 1;
	}
	add_opening(suite);
	add_rows(suite);
	add_submissions(suite);
	return unit_main(suite);
}
