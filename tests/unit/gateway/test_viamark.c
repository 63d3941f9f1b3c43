/* SPDX-License-Identifier: ISC */

#include "gateway/viamark.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct viamark *ours;

static void
setup(void)
{
	ours = viamark_new();
	ck_assert_ptr_nonnull(ours);
}

static void
teardown(void)
{
	viamark_free(ours);
}

/* Is a mark of viamark in the field text? */
static bool
is_in(const struct viamark *viamark, const char *text)
{
	return viamark_is_in(viamark, (const uint8_t *)text, strlen(text));
}

START_TEST(own_marks_are_known)
{
	char mark[VIAMARK_LEN];
	char field[256];

	(void)viamark_make(ours, mark);
	ck_assert_uint_eq(strlen(mark), strlen("inroad-") + 32);
	ck_assert(is_in(ours, mark));
	(void)snprintf(field, sizeof(field), "1.1 %s", mark);
	ck_assert(is_in(ours, field));
	(void)snprintf(field, sizeof(field),
	    "1.0 fred, 1.1 inroad-0 (x), 1.1 %s (y), 1.1 p.example", mark);
	ck_assert(is_in(ours, field));
	/* Cut at every length. */
	for (size_t len = 0; len < strlen(mark); len++) {
		ck_assert(!viamark_is_in(ours, (const uint8_t *)mark, len));
	}
}
END_TEST

START_TEST(no_two_are_alike)
{
	char first[VIAMARK_LEN];
	char second[VIAMARK_LEN];

	(void)viamark_make(ours, first);
	(void)viamark_make(ours, second);
	ck_assert_str_ne(first, second);
	ck_assert(is_in(ours, first));
	ck_assert(is_in(ours, second));
}
END_TEST

START_TEST(those_of_others_are_not)
{
	struct viamark *other = viamark_new();
	char mark[VIAMARK_LEN];

	(void)viamark_make(other, mark);
	ck_assert(!is_in(ours, mark));
	(void)viamark_make(ours, mark);
	ck_assert(!is_in(other, mark));
	/* Any change of a mark of ours makes it one of somebody else. */
	for (size_t i = 0; i < strlen(mark); i++) {
		char changed[VIAMARK_LEN];

		memcpy(changed, mark, sizeof(changed));
		changed[i] = changed[i] == '0' ? '1' : '0';
		ck_assert(!is_in(ours, changed));
	}
	ck_assert(!is_in(ours, ""));
	ck_assert(!is_in(ours, "1.1 vegur"));
	ck_assert(!is_in(ours, "inroad-zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"));
	viamark_free(other);
	viamark_free(NULL);
}
END_TEST

START_TEST(without_memory)
{
	failalloc_after(1);
	ck_assert_ptr_null(viamark_new());
	failalloc_off();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("viamark");
	TCase *tc = tcase_create("viamark");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, own_marks_are_known);
	tcase_add_test(tc, no_two_are_alike);
	tcase_add_test(tc, those_of_others_are_not);
	tcase_add_test(tc, without_memory);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
