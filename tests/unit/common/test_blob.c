/* SPDX-License-Identifier: ISC */

#include "common/blob.h"

#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

START_TEST(last_reference_frees)
{
	struct blob *blob = blob_new(10);

	ck_assert_uint_eq(blob_cap(blob), 10);
	ck_assert_uint_eq(blob_len(blob), 0);
	memcpy(blob_data(blob), "0123456789", 10);
	blob_set_len(blob, 10);
	ck_assert_ptr_eq(blob_ref(blob), blob);
	blob_unref(blob);
	/* Still ours: a sanitizer would see it if not. */
	ck_assert_uint_eq(blob_len(blob), 10);
	ck_assert_mem_eq(blob_data(blob), "0123456789", 10);
	blob_unref(blob);
	blob_unref(NULL);
}
END_TEST

START_TEST(empty_is_allowed)
{
	struct blob *blob = blob_new(0);

	ck_assert_ptr_nonnull(blob);
	ck_assert_uint_eq(blob_cap(blob), 0);
	ck_assert_ptr_eq(blob_trim(blob), blob);
	blob_unref(blob);
}
END_TEST

START_TEST(trim_copies_only_if_worth_it)
{
	struct blob *blob = blob_new(100);

	memcpy(blob_data(blob), "0123456789", 10);
	blob_set_len(blob, 50);
	blob = blob_trim(blob);
	ck_assert_uint_eq(blob_cap(blob), 100);
	blob_set_len(blob, 49);
	blob = blob_trim(blob);
	ck_assert_uint_eq(blob_cap(blob), 49);
	ck_assert_uint_eq(blob_len(blob), 49);
	ck_assert_mem_eq(blob_data(blob), "0123456789", 10);
	blob_unref(blob);
}
END_TEST

START_TEST(trim_survives_failure)
{
	struct blob *blob = blob_new(100);

	memcpy(blob_data(blob), "01234", 5);
	blob_set_len(blob, 5);
	failalloc_after(1);
	ck_assert_ptr_eq(blob_trim(blob), blob);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_uint_eq(blob_cap(blob), 100);
	ck_assert_mem_eq(blob_data(blob), "01234", 5);
	blob_unref(blob);
}
END_TEST

START_TEST(failure_is_null)
{
	failalloc_after(1);
	ck_assert_ptr_null(blob_new(10));
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_ptr_null(blob_new(SIZE_MAX));
	ck_assert_ptr_null(blob_new((size_t)UINT32_MAX + 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("blob");
	TCase *tcase = tcase_create("blob");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, last_reference_frees);
	tcase_add_test(tcase, empty_is_allowed);
	tcase_add_test(tcase, trim_copies_only_if_worth_it);
	tcase_add_test(tcase, trim_survives_failure);
	tcase_add_test(tcase, failure_is_null);
	return unit_main(suite);
}
