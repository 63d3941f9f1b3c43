/* SPDX-License-Identifier: ISC */

#include "relay/backup.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "tests/support/await.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static char dir[TEMPDIR_LEN];
static char source[TEMPDIR_LEN + 32];
static char target[TEMPDIR_LEN + 32];
static struct loop *loop;
static struct backup *backup;
static sqlite3 *store; /* open elsewhere, as the relay's is */
static struct backup_result ended;
static int ends;

static void
run(const char *statement)
{
	ck_assert_int_eq(
	    sqlite3_exec(store, statement, NULL, NULL, NULL), SQLITE_OK);
}

static void
setup(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	tempdir_new(dir);
	(void)snprintf(source, sizeof(source), "%s/store.db", dir);
	(void)snprintf(target, sizeof(target), "%s/copy.db", dir);
	ck_assert_int_eq(sqlite3_open(source, &store), SQLITE_OK);
	run("PRAGMA journal_mode = WAL; CREATE TABLE t (n); "
	    "INSERT INTO t VALUES (1), (2), (3)");
	ends = 0;
	loop = loop_new();
	backup = backup_new(loop, source);
	ck_assert_ptr_nonnull(backup);
}

static void
teardown(void)
{
	backup_free(backup);
	loop_free(loop);
	(void)sqlite3_close(store);
	tempdir_remove(dir);
}

static void
on_end(const struct backup_result *result, void *arg)
{
	(void)arg;
	ended = *result;
	ends++;
}

static void
make(void)
{
	ck_assert_int_eq(backup_start(backup, target), 0);
	ck_assert(backup_is_running(backup));
	backup_watch(backup, on_end, NULL);
	ck_assert(await_count(loop, &ends, ends + 1));
	ck_assert(!backup_is_running(backup));
}

/* Return the sum of what the copy has. */
static int
sum(void)
{
	sqlite3_stmt *statement;
	sqlite3 *copy;
	int found;

	ck_assert_int_eq(
	    sqlite3_open_v2(target, &copy, SQLITE_OPEN_READONLY, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(copy, "SELECT sum(n) FROM t", -1,
			     &statement, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	found = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	(void)sqlite3_close(copy);
	return found;
}

START_TEST(it_has_what_is_committed)
{
	struct stat info;

	/* What is under way elsewhere is not waited for, nor in it. */
	run("BEGIN IMMEDIATE; INSERT INTO t VALUES (100)");
	make();
	run("COMMIT");
	ck_assert(ended.ok);
	ck_assert_str_eq(ended.path, target);
	ck_assert_int_eq(stat(target, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_assert_int_eq((int64_t)ended.bytes, info.st_size);
	ck_assert_int_eq(sum(), 6);
}
END_TEST

START_TEST(one_at_a_time)
{
	ck_assert_int_eq(backup_start(backup, target), 0);
	ck_assert_int_eq(backup_start(backup, target), -1);
	backup_watch(backup, on_end, NULL);
	ck_assert(await_count(loop, &ends, 1));
	make();
	ck_assert(ended.ok);
}
END_TEST

START_TEST(what_fails_leaves_nothing)
{
	char part[sizeof(target) + 8];

	(void)snprintf(target, sizeof(target), "%s/none/copy.db", dir);
	make();
	ck_assert(!ended.ok);
	ck_assert_ptr_nonnull(strstr(ended.text, "No such file"));
	/* A store that is none is told, and the copy removed. */
	(void)snprintf(target, sizeof(target), "%s/copy.db", dir);
	(void)snprintf(part, sizeof(part), "%s.part", target);
	backup_free(backup);
	backup = backup_new(loop, dir);
	make();
	ck_assert(!ended.ok);
	ck_assert_int_ne(access(target, F_OK), 0);
	ck_assert_int_ne(access(part, F_OK), 0);
}
END_TEST

/* It ends before its memory goes, and tells nobody. */
START_TEST(an_end_waits_for_it)
{
	ck_assert_int_eq(backup_start(backup, target), 0);
	backup_watch(backup, on_end, NULL);
	backup_free(backup);
	backup = NULL;
	ck_assert_int_eq(ends, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relay/backup");
	TCase *tcase = tcase_create("backup");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, it_has_what_is_committed);
	tcase_add_test(tcase, one_at_a_time);
	tcase_add_test(tcase, what_fails_leaves_nothing);
	tcase_add_test(tcase, an_end_waits_for_it);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
