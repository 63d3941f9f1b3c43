/* SPDX-License-Identifier: ISC */

#include "common/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static char top[32];
static char path[64];
static struct fault fault;
static struct file_content content;

static void
setup(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/inroad-file-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(path, sizeof(path), "%s/it", top);
	fault.text[0] = '\0';
}

static void
teardown(void)
{
	(void)unlink(path);
	ck_assert_int_eq(rmdir(top), 0);
}

/* Return how many files there are, so that none is left behind. */
static int
count(void)
{
	DIR *dir = opendir(top);
	int n = 0;

	while (readdir(dir) != NULL) {
		n++;
	}
	closedir(dir);
	return n - 2;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(write_and_read_back)
{
	umask(0);
	ck_assert_int_eq(file_write(path, "one", 3, &fault), FILE_OK);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(
	    file_read(path, FILE_SECRET, 100, &content, &fault), FILE_OK);
	ck_assert_uint_eq(content.len, 3);
	ck_assert_str_eq((char *)content.data, "one");
	file_content_free(&content);
	file_content_free(&content);
	ck_assert_ptr_null(content.data);

	/* Over an older one, whatever its mode was; and empty. */
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(file_write(path, "", 0, &fault), FILE_OK);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(
	    file_read(path, FILE_SECRET, 100, &content, &fault), FILE_OK);
	ck_assert_uint_eq(content.len, 0);
	ck_assert_str_eq((char *)content.data, "");
	file_content_free(&content);
	ck_assert_int_eq(count(), 1);
}
END_TEST

START_TEST(size_is_capped)
{
	ck_assert_int_eq(file_write(path, "0123456789", 10, &fault), FILE_OK);
	ck_assert_int_eq(
	    file_read(path, FILE_PLAIN, 10, &content, &fault), FILE_OK);
	ck_assert_uint_eq(content.len, 10);
	file_content_free(&content);
	ck_assert_int_eq(
	    file_read(path, FILE_PLAIN, 9, &content, &fault), FILE_FAILED);
	ck_assert_ptr_null(content.data);
	ck_assert_ptr_nonnull(strstr(fault.text, "larger than 9 bytes"));
	ck_assert_ptr_nonnull(strstr(fault.text, path));
}
END_TEST

START_TEST(none_is_its_own_result)
{
	ck_assert_int_eq(
	    file_read(path, FILE_PLAIN, 9, &content, &fault), FILE_NONE);
	ck_assert_ptr_nonnull(strstr(fault.text, "No such file"));
	ck_assert_int_eq(file_remove(path, &fault), FILE_NONE);
	ck_assert_int_eq(file_write(path, "x", 1, &fault), FILE_OK);
	ck_assert_int_eq(file_remove(path, &fault), FILE_OK);
	ck_assert_int_eq(count(), 0);
	(void)snprintf(path, sizeof(path), "%s/no/it", top);
	ck_assert_int_eq(file_write(path, "x", 1, &fault), FILE_NONE);
}
END_TEST

START_TEST(wide_secret_is_refused)
{
	static const mode_t modes[] = { 0640, 0604, 0610, 0602, 0777 };

	ck_assert_int_eq(file_write(path, "x", 1, &fault), FILE_OK);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char advice[128];

		ck_assert_int_eq(chmod(path, modes[i]), 0);
		ck_assert_int_eq(
		    file_read(path, FILE_SECRET, 9, &content, &fault),
		    FILE_DENIED);
		ck_assert_ptr_null(content.data);
		(void)snprintf(advice, sizeof(advice), "chmod 600 %s", path);
		ck_assert_ptr_nonnull(strstr(fault.text, advice));
		ck_assert_int_eq(
		    file_read(path, FILE_PLAIN, 9, &content, &fault), FILE_OK);
		file_content_free(&content);
	}
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_assert_int_eq(
	    file_read(path, FILE_SECRET, 9, &content, &fault), FILE_OK);
	file_content_free(&content);
}
END_TEST

START_TEST(secret_of_another_is_refused)
{
	if (geteuid() != 0) {
		return;
	}
	ck_assert_int_eq(file_write(path, "x", 1, &fault), FILE_OK);
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
	ck_assert_int_eq(
	    file_read(path, FILE_SECRET, 9, &content, &fault), FILE_DENIED);
	ck_assert_ptr_nonnull(strstr(fault.text, "user 12345"));
	ck_assert_ptr_nonnull(strstr(fault.text, "chown 0 "));
}
END_TEST

START_TEST(pipe_is_plain_but_no_secret)
{
	int fd;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	/* Must come back at once, although nobody writes. */
	ck_assert_int_eq(
	    file_read(path, FILE_SECRET, 9, &content, &fault), FILE_DENIED);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "joined", 6), 6);
	/* Full is an end as well, else this would wait for the writer. */
	ck_assert_int_eq(
	    file_read(path, FILE_PLAIN, 5, &content, &fault), FILE_FAILED);
	close(fd);
	ck_assert_int_eq(
	    file_read(top, FILE_PLAIN, 5, &content, &fault), FILE_FAILED);
}
END_TEST

START_TEST(place_is_kept_when_writing_fails)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(file_write(path, "x", 1, &fault), FILE_FAILED);
	ck_assert_ptr_nonnull(strstr(fault.text, "cannot write"));
	ck_assert_int_eq(count(), 1);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(failure_of_memory)
{
	ck_assert_int_eq(file_write(path, "x", 1, &fault), FILE_OK);
	failalloc_forever_after(1);
	ck_assert_int_eq(
	    file_read(path, FILE_SECRET, 9, &content, &fault), FILE_FAILED);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_ptr_null(content.data);
	ck_assert_ptr_nonnull(strstr(fault.text, strerror(ENOMEM)));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("file");
	TCase *tcase = tcase_create("file");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, write_and_read_back);
	tcase_add_test(tcase, size_is_capped);
	tcase_add_test(tcase, none_is_its_own_result);
	tcase_add_test(tcase, wide_secret_is_refused);
	tcase_add_test(tcase, secret_of_another_is_refused);
	tcase_add_test(tcase, pipe_is_plain_but_no_secret);
	tcase_add_test(tcase, place_is_kept_when_writing_fails);
	tcase_add_test(tcase, failure_of_memory);
	return unit_main(suite);
}
