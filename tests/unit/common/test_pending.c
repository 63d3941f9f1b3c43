/* SPDX-License-Identifier: ISC */

#include "common/pending.h"

#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static char got[64];

static void
on_each(void *arg, const uint8_t *data, size_t len)
{
	(void)arg;
	if (len > 0) {
		strncat(got, (const char *)data, len);
	}
	strncat(got, ";", 2);
}

static int
put(struct pending *pending, const char *text, uint64_t now)
{
	return pending_put(pending, (const uint8_t *)text, strlen(text), now);
}

START_TEST(comes_out_as_it_went_in)
{
	struct pending pending;

	pending_init(&pending);
	got[0] = '\0';
	ck_assert_int_eq(put(&pending, "one", 5), 0);
	ck_assert_int_eq(put(&pending, "", 5), 0);
	ck_assert_int_eq(put(&pending, "two", 5), 0);
	ck_assert_uint_eq(pending_flush(&pending, 5, on_each, NULL), 0);
	ck_assert_str_eq(got, "one;;two;");
	ck_assert_uint_eq(pending_flush(&pending, 5, on_each, NULL), 0);
	ck_assert_str_eq(got, "one;;two;");
}
END_TEST

START_TEST(is_bounded)
{
	static const uint8_t big[PENDING_BYTES + 1];
	struct pending pending;

	pending_init(&pending);
	ck_assert_int_eq(pending_put(&pending, big, sizeof(big), 0), -1);
	ck_assert_int_eq(pending_put(&pending, big, sizeof(big) - 1, 0), 0);
	ck_assert_int_eq(put(&pending, "x", 0), -1);
	ck_assert_uint_eq(pending_flush(&pending, 0, NULL, NULL), 1);
	for (int i = 0; i < PENDING_MAX; i++) {
		ck_assert_int_eq(put(&pending, "x", 0), 0);
	}
	ck_assert_int_eq(put(&pending, "x", 0), -1);
	ck_assert_uint_eq(pending_flush(&pending, 0, NULL, NULL), PENDING_MAX);
}
END_TEST

START_TEST(old_ones_are_not_given)
{
	struct pending pending;

	pending_init(&pending);
	got[0] = '\0';
	(void)put(&pending, "old", 0);
	(void)put(&pending, "new", 1);
	ck_assert_uint_eq(
	    pending_flush(&pending, PENDING_AGE + 1, on_each, NULL), 1);
	ck_assert_str_eq(got, "new;");
}
END_TEST

START_TEST(no_memory_is_a_loss)
{
	struct pending pending;

	pending_init(&pending);
	failalloc_after(1);
	ck_assert_int_eq(put(&pending, "x", 0), -1);
	failalloc_off();
	ck_assert_uint_eq(pending_flush(&pending, 0, NULL, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pending");
	TCase *tc = tcase_create("pending");

	tcase_add_test(tc, comes_out_as_it_went_in);
	tcase_add_test(tc, is_bounded);
	tcase_add_test(tc, old_ones_are_not_given);
	tcase_add_test(tc, no_memory_is_a_loss);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
