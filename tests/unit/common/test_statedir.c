/* SPDX-License-Identifier: ISC */

#include "common/statedir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fault.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static char top[32];
static char path[64];
static struct fault fault;
static struct statedir *dir;

static void
setup(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/inroad-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(path, sizeof(path), "%s/a/b", top);
	(void)unsetenv("STATE_DIRECTORY");
	(void)unsetenv("XDG_STATE_HOME");
	(void)setenv("HOME", "/home/u", 1);
	dir = NULL;
}

static void
teardown(void)
{
	char name[128];

	statedir_free(dir);
	(void)snprintf(name, sizeof(name), "%s/lock", path);
	(void)unlink(name);
	(void)rmdir(path);
	(void)snprintf(name, sizeof(name), "%s/a", top);
	(void)rmdir(name);
	ck_assert_int_eq(rmdir(top), 0);
}

/* Check that the choice for the gateway is want. */
static void
expect_choice(const char *chosen, const char *want)
{
	char out[STATEDIR_PATH_LEN];

	ck_assert_int_eq(statedir_choose("gateway", chosen, out, &fault), 0);
	ck_assert_str_eq(out, want);
}

START_TEST(choice_follows_the_environment)
{
	expect_choice(NULL, "/home/u/.local/state/inroad/gateway");
	(void)setenv("XDG_STATE_HOME", "relative", 1);
	expect_choice(NULL, "/home/u/.local/state/inroad/gateway");
	(void)setenv("XDG_STATE_HOME", "/xdg", 1);
	expect_choice(NULL, "/xdg/inroad/gateway");
	(void)setenv("STATE_DIRECTORY", "/var/lib/inroad:/var/lib/b", 1);
	expect_choice(NULL, "/var/lib/inroad");
	expect_choice("here//", "here");
	expect_choice("/", "/");
}
END_TEST

START_TEST(choice_refuses)
{
	char out[STATEDIR_PATH_LEN];
	char longest[STATEDIR_PATH_LEN];

	ck_assert_int_eq(statedir_choose("gateway", "", out, &fault), -1);
	memset(longest, 'x', sizeof(longest));
	longest[STATEDIR_PATH_LEN - 16] = '\0';
	ck_assert_int_eq(statedir_choose("gateway", longest, out, &fault), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "shorter --state"));
	ck_assert_int_eq(statedir_open(&dir, longest, &fault), FILE_FAILED);
	longest[STATEDIR_PATH_LEN - 17] = '\0';
	ck_assert_int_eq(statedir_choose("gateway", longest, out, &fault), 0);
	(void)unsetenv("HOME");
	ck_assert_int_eq(statedir_choose("gateway", NULL, out, &fault), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "--state DIR"));
}
END_TEST

START_TEST(directory_is_made_for_us_alone)
{
	struct stat st;

	umask(0);
	ck_assert_int_eq(statedir_open_existing(&dir, path, &fault), FILE_NONE);
	ck_assert_ptr_null(dir);
	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_str_eq(statedir_path(dir), path);
	statedir_free(dir);
	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	statedir_free(dir);
	ck_assert_int_eq(statedir_open_existing(&dir, path, &fault), FILE_OK);
}
END_TEST

START_TEST(open_directory_is_refused)
{
	char advice[128];

	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	statedir_free(dir);
	(void)snprintf(advice, sizeof(advice), "chmod 700 %s", path);
	ck_assert_int_eq(chmod(path, 0770), 0);
	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_DENIED);
	ck_assert_ptr_null(dir);
	ck_assert_ptr_nonnull(strstr(fault.text, advice));
	/* What systemd makes can be looked into; its files cannot. */
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	if (geteuid() == 0) {
		statedir_free(dir);
		ck_assert_int_eq(chown(path, 12345, 12345), 0);
		ck_assert_int_eq(
		    statedir_open(&dir, path, &fault), FILE_DENIED);
		ck_assert_ptr_nonnull(strstr(fault.text, "user 12345"));
	}
}
END_TEST

START_TEST(what_is_no_directory_is_refused)
{
	ck_assert_int_eq(statedir_open(&dir, "/dev/null", &fault), FILE_FAILED);
	ck_assert_ptr_nonnull(strstr(fault.text, "not a directory"));
	ck_assert_int_eq(
	    statedir_open(&dir, "/dev/null/x", &fault), FILE_FAILED);
}
END_TEST

START_TEST(files_inside)
{
	char name[STATEDIR_PATH_LEN];
	char want[128];
	struct file_content content;

	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	(void)snprintf(want, sizeof(want), "%s/control", path);
	ck_assert_str_eq(statedir_file(dir, "control", name), want);
	ck_assert_int_eq(
	    statedir_write(dir, "key", "secret", 6, &fault), FILE_OK);
	ck_assert_int_eq(
	    statedir_read(dir, "key", FILE_SECRET, 6, &content, &fault),
	    FILE_OK);
	ck_assert_str_eq((char *)content.data, "secret");
	file_content_free(&content);
	ck_assert_int_eq(statedir_remove(dir, "key", &fault), FILE_OK);
	ck_assert_int_eq(
	    statedir_read(dir, "key", FILE_SECRET, 6, &content, &fault),
	    FILE_NONE);
}
END_TEST

START_TEST(second_lock_is_busy)
{
	struct statedir *other = NULL;
	char number[32];

	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	ck_assert_int_eq(statedir_open(&other, path, &fault), FILE_OK);
	ck_assert_int_eq(statedir_lock(dir, &fault), STATEDIR_LOCKED);
	ck_assert_int_eq(statedir_lock(other, &fault), STATEDIR_BUSY);
	(void)snprintf(number, sizeof(number), "process %ld:", (long)getpid());
	ck_assert_ptr_nonnull(strstr(fault.text, number));
	ck_assert_ptr_nonnull(strstr(fault.text, path));
	statedir_free(dir);
	dir = NULL;
	ck_assert_int_eq(statedir_lock(other, &fault), STATEDIR_LOCKED);
	statedir_free(other);
}
END_TEST

START_TEST(lock_dies_with_its_process)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_OK);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(statedir_lock(dir, &fault) == STATEDIR_LOCKED ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(statedir_lock(dir, &fault), STATEDIR_LOCKED);
}
END_TEST

START_TEST(failure_of_memory)
{
	failalloc_forever_after(1);
	ck_assert_int_eq(statedir_open(&dir, path, &fault), FILE_FAILED);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_ptr_null(dir);
	statedir_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("statedir");
	TCase *tcase = tcase_create("statedir");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, choice_follows_the_environment);
	tcase_add_test(tcase, choice_refuses);
	tcase_add_test(tcase, directory_is_made_for_us_alone);
	tcase_add_test(tcase, open_directory_is_refused);
	tcase_add_test(tcase, what_is_no_directory_is_refused);
	tcase_add_test(tcase, files_inside);
	tcase_add_test(tcase, second_lock_is_busy);
	tcase_add_test(tcase, lock_dies_with_its_process);
	tcase_add_test(tcase, failure_of_memory);
	return unit_main(suite);
}
