/* SPDX-License-Identifier: ISC */
#include "agent/revoked.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fault.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

#define NOW 1000

static char directory[TEMPDIR_LEN];
static char path[TEMPDIR_LEN + 16];
static struct fault fault;

static void
setup(void)
{
	tempdir_new(directory);
	(void)snprintf(path, sizeof(path), "%s/revoked", directory);
}

static void
teardown(void)
{
	tempdir_remove(directory);
}

START_TEST(kept_over_restarts)
{
	struct revoked *revoked = revoked_open(directory, &fault);
	struct stat st;

	ck_assert_ptr_nonnull(revoked);
	ck_assert(!revoked_has(revoked, 7));
	ck_assert_int_eq(revoked_add(revoked, 7, 0, NOW, &fault), REVOKED_KEPT);
	ck_assert_int_eq(
	    revoked_add(revoked, UINT64_MAX, 2000, NOW, &fault), REVOKED_KEPT);
	/* One that is over needs no note. */
	ck_assert_int_eq(
	    revoked_add(revoked, 9, NOW, NOW, &fault), REVOKED_KEPT);
	revoked_free(revoked);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	revoked = revoked_open(directory, &fault);
	ck_assert_ptr_nonnull(revoked);
	ck_assert(revoked_has(revoked, 7));
	ck_assert(revoked_has(revoked, UINT64_MAX));
	ck_assert(!revoked_has(revoked, 9));
	/* What expires by itself is forgotten with the next one. */
	ck_assert_int_eq(
	    revoked_add(revoked, 10, 0, 2000, &fault), REVOKED_KEPT);
	ck_assert(!revoked_has(revoked, UINT64_MAX));
	ck_assert(revoked_has(revoked, 7));
	revoked_free(revoked);
}
END_TEST

START_TEST(later_expiry_counts)
{
	struct revoked *revoked = revoked_open(directory, &fault);

	(void)revoked_add(revoked, 7, 2000, NOW, &fault);
	(void)revoked_add(revoked, 7, 3000, NOW, &fault);
	(void)revoked_add(revoked, 7, 1500, NOW, &fault);
	(void)revoked_add(revoked, 8, 0, 2500, &fault);
	ck_assert(revoked_has(revoked, 7));
	(void)revoked_add(revoked, 8, 5, 1, &fault);
	(void)revoked_add(revoked, 9, 0, 3000, &fault);
	ck_assert(!revoked_has(revoked, 7));
	ck_assert(revoked_has(revoked, 8));
	revoked_free(revoked);
}
END_TEST

START_TEST(bounded)
{
	struct revoked *revoked;
	static char text[REVOKED_MAX * 12];
	size_t used = 0;

	for (unsigned i = 1; i <= REVOKED_MAX; i++) {
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%u 0\n", i);
	}
	tempdir_write(path, text);
	revoked = revoked_open(directory, &fault);
	ck_assert_ptr_nonnull(revoked);
	ck_assert_int_eq(
	    revoked_add(revoked, 99999, 0, NOW, &fault), REVOKED_FULL);
	ck_assert_int_eq(revoked_add(revoked, 5, 0, NOW, &fault), REVOKED_KEPT);
	revoked_free(revoked);
}
END_TEST

START_TEST(a_file_that_is_not_right_stops_the_start)
{
	static const char *const texts[] = { "7\n", "7 x\n", "0 0\n", " 0\n",
		"7 0\n\n8 0\n", "7 0 1\n",
		"123456789012345678901234567890123456789012345 0\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tempdir_write(path, texts[i]);
		ck_assert_msg(
		    revoked_open(directory, &fault) == NULL, "%s", texts[i]);
		ck_assert(strstr(fault.text, "line") != NULL);
	}
}
END_TEST

START_TEST(not_saved_counts_all_the_same)
{
	struct revoked *revoked = revoked_open(directory, &fault);

	ck_assert_ptr_nonnull(revoked);
	failalloc_after(1);
	ck_assert_int_eq(
	    revoked_add(revoked, 7, 0, NOW, &fault), REVOKED_FAILED);
	failalloc_off();
	ck_assert(revoked_has(revoked, 7));
	revoked_free(revoked);
	for (long n = 1; n <= 3; n++) {
		failalloc_after(n);
		ck_assert_ptr_null(revoked_open(directory, &fault));
		failalloc_off();
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("revoked");
	TCase *tcase = tcase_create("revoked");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, kept_over_restarts);
	tcase_add_test(tcase, later_expiry_counts);
	tcase_add_test(tcase, bounded);
	tcase_add_test(tcase, a_file_that_is_not_right_stops_the_start);
	tcase_add_test(tcase, not_saved_counts_all_the_same);
	return unit_main(suite);
}
