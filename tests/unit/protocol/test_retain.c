/* SPDX-License-Identifier: ISC */

#include "protocol/retain.h"

#include "common/blob.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct blob *
push(struct retain *retain, size_t len)
{
	struct blob *blob = blob_new(len);

	ck_assert_ptr_nonnull(blob);
	ck_assert_int_eq(retain_reserve(retain), 0);
	retain_push(retain, blob);
	blob_unref(blob);
	return blob;
}

START_TEST(keeps_until_acknowledged)
{
	struct retain retain;
	struct blob *third;

	retain_init(&retain, NULL);
	(void)push(&retain, 100);
	(void)push(&retain, 200);
	third = push(&retain, 300);
	ck_assert_uint_ge(retain_bytes(&retain), 600);
	ck_assert_int_eq(retain_acknowledge(&retain, 2), 0);
	ck_assert_ptr_null(retain_get(&retain, 1));
	ck_assert_ptr_eq(retain_get(&retain, 2), third);
	ck_assert_ptr_null(retain_get(&retain, 3));
	ck_assert_int_eq(retain_acknowledge(&retain, 3), 0);
	ck_assert_uint_eq(retain_bytes(&retain), 0);
	retain_end(&retain);
}
END_TEST

START_TEST(impossible_numbers_are_refused)
{
	struct retain retain;

	retain_init(&retain, NULL);
	ck_assert_int_eq(retain_acknowledge(&retain, 1), -1);
	ck_assert_int_eq(retain_acknowledge(&retain, 0), 0);
	(void)push(&retain, 1);
	(void)push(&retain, 1);
	ck_assert_int_eq(retain_acknowledge(&retain, 1), 0);
	ck_assert_int_eq(retain_acknowledge(&retain, 0), -1);
	ck_assert_int_eq(retain_acknowledge(&retain, 3), -1);
	ck_assert_int_eq(retain_acknowledge(&retain, UINT64_MAX), -1);
	retain_end(&retain);
}
END_TEST

/* The ring turns many times and grows while it is not empty. */
START_TEST(numbers_go_on)
{
	struct retain retain;
	struct blob *blobs[5000];
	uint64_t acknowledged = 0;

	retain_init(&retain, NULL);
	for (uint64_t n = 0; n < 5000; n++) {
		blobs[n] = push(&retain, 8);
		if (n % 7 == 0) {
			acknowledged = n / 2;
			ck_assert_int_eq(
			    retain_acknowledge(&retain, acknowledged), 0);
		}
		for (uint64_t k = acknowledged; k <= n; k += 97) {
			ck_assert_ptr_eq(retain_get(&retain, k), blobs[k]);
		}
	}
	retain_end(&retain);
}
END_TEST

START_TEST(short_of_memory_keeps_what_there_is)
{
	struct retain retain;

	retain_init(&retain, NULL);
	for (unsigned n = 0; n < 100; n++) {
		failalloc_after(1);
		if (retain_reserve(&retain) != 0) {
			ck_assert(failalloc_hit());
		}
		failalloc_off();
		(void)push(&retain, 8);
		ck_assert_ptr_nonnull(retain_get(&retain, n));
		ck_assert_ptr_nonnull(retain_get(&retain, 0));
	}
	retain_end(&retain);
}
END_TEST

/* What several queues hold is counted together, too, until they end. */
START_TEST(totals_are_shared)
{
	struct retain one;
	struct retain two;
	uint64_t total = 0;

	retain_init(&one, &total);
	retain_init(&two, &total);
	(void)push(&one, 100);
	(void)push(&two, 200);
	(void)push(&two, 300);
	ck_assert_uint_eq(total, retain_bytes(&one) + retain_bytes(&two));
	ck_assert_uint_eq(retain_first(&two), 0);
	ck_assert_uint_eq(retain_next(&two), 2);
	ck_assert_int_eq(retain_acknowledge(&two, 1), 0);
	ck_assert_uint_eq(retain_first(&two), 1);
	ck_assert_uint_eq(total, retain_bytes(&one) + retain_bytes(&two));
	retain_end(&one);
	ck_assert_uint_eq(total, retain_bytes(&two));
	retain_end(&two);
	ck_assert_uint_eq(total, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retain");
	TCase *tc = tcase_create("retain");

	tcase_add_test(tc, keeps_until_acknowledged);
	tcase_add_test(tc, impossible_numbers_are_refused);
	tcase_add_test(tc, numbers_go_on);
	tcase_add_test(tc, totals_are_shared);
	tcase_add_test(tc, short_of_memory_keeps_what_there_is);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
