/* SPDX-License-Identifier: ISC */
#include "gateway/lent.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct lent *lent;

static void
setup(void)
{
	lent = lent_new();
	ck_assert_ptr_nonnull(lent);
}

static void
teardown(void)
{
	lent_free(lent);
}

static int
put(uint64_t id, uint64_t expiry, bool ended)
{
	struct lent_share share = {
		.share = id,
		.host = "office",
		.user = "bob",
		.expiry = expiry,
		.created = 5,
		.told = 3,
		.rights = "ports=22;services=web",
		.ended = ended,
	};

	return lent_put(lent, &share);
}

START_TEST(text_and_back)
{
	static const char want[] =
	    "lent 00000000000000ff office bob 99 5 3 ports=22;services=web\n"
	    "ended fedcba9876543210 office bob 0 5 3 ports=22;services=web\n";
	struct lent *back = lent_new();
	char *text;

	ck_assert_int_eq(put(255, 99, false), 0);
	ck_assert_int_eq(put(UINT64_C(0xfedcba9876543210), 0, true), 0);
	text = lent_format(lent);
	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(lent_parse(back, text), 0);
	mem_free(text);
	text = lent_format(back);
	ck_assert_str_eq(text, want);
	ck_assert_ptr_null(lent_at(back, 2));
	mem_free(text);
	lent_free(back);
}
END_TEST

START_TEST(lines_that_are_none)
{
	static const char *const lines[] = {
		"\n",
		"lent\n",
		"kept 00000000000000ff office bob 99 5 0 \n",
		"lent 0000000000000000 office bob 99 5 0 \n",
		"lent ff office bob 99 5 0 \n",
		"lent 00000000000000FF office bob 99 5 0 \n",
		"lent 00000000000000ff off_ice bob 99 5 0 \n",
		"lent 00000000000000ff office b/b 99 5 0 \n",
		"lent 00000000000000ff office bob x 5 0 \n",
		"lent 00000000000000ff office bob 99 5 x \n",
		"lent 00000000000000ff office bob 99 5 3 ports=0\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(lent_parse(lent, lines[i]) == 1, "%s", lines[i]);
	}
	/* A relay told of a share that was made elsewhere. */
	ck_assert_uint_eq(
	    lent_parse(lent, "ended 00000000000000ff office - 0 5 0 \n"), 0);
	ck_assert_str_eq(lent_at(lent, 0)->user, "");
}
END_TEST

START_TEST(come_and_go)
{
	ck_assert_int_eq(put(1, 100, false), 0);
	ck_assert_int_eq(put(2, 0, false), 0);
	ck_assert_int_eq(put(1, 100, true), 0);
	ck_assert(lent_at(lent, 0)->ended);
	ck_assert_ptr_null(lent_at(lent, 2));
	ck_assert(!lent_expire(lent, 99));
	ck_assert(lent_expire(lent, 100));
	ck_assert_uint_eq(lent_at(lent, 0)->share, 2);
	lent_drop(lent, 7);
	lent_drop(lent, 2);
	ck_assert_ptr_null(lent_at(lent, 0));
}
END_TEST

START_TEST(bounded)
{
	failalloc_after(1);
	ck_assert_int_eq(put(1, 0, false), -1);
	failalloc_off();
	for (uint64_t i = 1; i <= LENT_MAX; i++) {
		ck_assert_int_eq(put(i, 0, false), 0);
	}
	ck_assert_int_eq(put(LENT_MAX + 1, 0, false), -1);
	/* The last place is as good as any, for who has it. */
	lent_drop(lent, LENT_MAX);
	ck_assert_int_eq(put(LENT_MAX + 1, 0, false), 0);
}
END_TEST

START_TEST(ids)
{
	char text[LENT_ID_LEN];
	uint64_t id = 0;

	ck_assert_str_eq(lent_format_id(255, text), "00000000000000ff");
	ck_assert_int_eq(lent_parse_id(text, &id), 0);
	ck_assert_uint_eq(id, 255);
	ck_assert_int_eq(lent_parse_id("bob", &id), -1);
	ck_assert_int_eq(lent_parse_id("00000000000000000", &id), -1);
	ck_assert_int_eq(lent_parse_id("0000000000000000", &id), -1);
	ck_assert_uint_eq(id, 255);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lent");
	TCase *tcase = tcase_create("lent");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, text_and_back);
	tcase_add_test(tcase, lines_that_are_none);
	tcase_add_test(tcase, come_and_go);
	tcase_add_test(tcase, bounded);
	tcase_add_test(tcase, ids);
	return unit_main(suite);
}
