/* SPDX-License-Identifier: ISC */

#include "common/mem.h"

#include <stdint.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

START_TEST(new_is_zeroed)
{
	unsigned char *p = mem_new(100, 3);

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < 300; i++) {
		ck_assert_uint_eq(p[i], 0);
	}
	mem_free(p);
}
END_TEST

START_TEST(nothing_is_not_failure)
{
	void *p = mem_new(0, 8);
	void *q = mem_new(8, 0);

	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(q);
	p = mem_grow(p, 0, 8);
	ck_assert_ptr_nonnull(p);
	mem_free(p);
	mem_free(q);
	mem_free(NULL);
}
END_TEST

START_TEST(product_that_overflows_is_refused)
{
	char *p = mem_strdup("kept");

	ck_assert_ptr_null(mem_new(SIZE_MAX / 2 + 1, 2));
	ck_assert_ptr_null(mem_grow(p, SIZE_MAX / 2 + 1, 2));
	ck_assert_str_eq(p, "kept");
	mem_free(p);
}
END_TEST

START_TEST(grow_keeps_content)
{
	char *p = mem_grow(NULL, 5, 1);

	ck_assert_ptr_nonnull(p);
	memcpy(p, "kept", 5);
	p = mem_grow(p, 10000, 7);
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p, "kept");
	p[69999] = 1;
	mem_free(p);
}
END_TEST

START_TEST(strings_are_copied)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };
	char *all = mem_strdup("name");
	char *none = mem_strdup("");
	char *cut = mem_strndup(unterminated, 3);
	char *shorter = mem_strndup("name", 100);

	ck_assert_str_eq(all, "name");
	ck_assert_str_eq(none, "");
	ck_assert_str_eq(cut, "abc");
	ck_assert_str_eq(shorter, "name");
	mem_free(all);
	mem_free(none);
	mem_free(cut);
	mem_free(shorter);
}
END_TEST

START_TEST(failure_is_null)
{
	char *p = mem_strdup("kept");

	failalloc_forever_after(1);
	ck_assert_ptr_null(mem_new(1, 1));
	ck_assert_ptr_null(mem_new(0, 0));
	ck_assert_ptr_null(mem_grow(p, 100, 1));
	ck_assert_ptr_null(mem_strdup("name"));
	ck_assert_ptr_null(mem_strndup("name", 2));
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_str_eq(p, "kept");
	mem_free(p);
}
END_TEST

START_TEST(only_the_nth_fails)
{
	void *p;
	void *q;

	failalloc_after(2);
	p = mem_new(1, 1);
	ck_assert_ptr_nonnull(p);
	ck_assert(!failalloc_hit());
	ck_assert_ptr_null(mem_new(1, 1));
	ck_assert(failalloc_hit());
	q = mem_new(1, 1);
	ck_assert_ptr_nonnull(q);
	mem_free(p);
	mem_free(q);
}
END_TEST

START_TEST(wipe_clears_only_its_bytes)
{
	char secret[8] = "secret!";

	mem_wipe(secret, 4);
	ck_assert_mem_eq(secret, "\0\0\0\0et!", 8);
	mem_wipe(NULL, 0);
	mem_free_wiped(NULL, 8);
	mem_free_wiped(mem_strdup("secret"), 6);
}
END_TEST

/* Tuning changes no result. */
START_TEST(tuning_changes_nothing)
{
	char *p;

	mem_tune();
	p = mem_new(1, 3 * 1024 * 1024);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p[3 * 1024 * 1024 - 1], 0);
	mem_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mem");
	TCase *tcase = tcase_create("mem");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, new_is_zeroed);
	tcase_add_test(tcase, nothing_is_not_failure);
	tcase_add_test(tcase, product_that_overflows_is_refused);
	tcase_add_test(tcase, grow_keeps_content);
	tcase_add_test(tcase, strings_are_copied);
	tcase_add_test(tcase, failure_is_null);
	tcase_add_test(tcase, only_the_nth_fails);
	tcase_add_test(tcase, wipe_clears_only_its_bytes);
	tcase_add_test(tcase, tuning_changes_nothing);
	return unit_main(suite);
}
