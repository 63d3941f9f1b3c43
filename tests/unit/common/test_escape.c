/* SPDX-License-Identifier: ISC */

#include "common/escape.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct {
	const char *in;
	const char *text;
	const char *json;
} rows[] = {
	{ "", "", "" },
	{ "plain /?<>'&", "plain /?<>'&", "plain /?<>'&" },
	{ "a\"b\\c", "a\\\"b\\\\c", "a\\\"b\\\\c" },
	{ "\n\r\t", "\\n\\r\\t", "\\n\\r\\t" },
	{ "\b\f", "\\u0008\\u000c", "\\b\\f" },
	{ "\x01\x1b[31m\x7f", "\\u0001\\u001b[31m\\u007f",
	    "\\u0001\\u001b[31m\\u007f" },
	{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
	/* C1 controls, right-to-left override, line separator, BOM. */
	{ "\xc2\x9b", "\\u009b", "\\u009b" },
	{ "\xe2\x80\xae", "\\u202e", "\\u202e" },
	{ "\xe2\x80\xa8", "\\u2028", "\\u2028" },
	{ "\xef\xbb\xbf", "\\ufeff", "\\ufeff" },
	/* Not UTF-8: lone, cut, overlong, surrogate, too large. */
	{ "\x80", "\\x80", "\\ufffd" },
	{ "\xc3", "\\xc3", "\\ufffd" },
	{ "\xc3(", "\\xc3(", "\\ufffd(" },
	{ "\xe2\x82", "\\xe2\\x82", "\\ufffd\\ufffd" },
	{ "\xc0\xaf", "\\xc0\\xaf", "\\ufffd\\ufffd" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
	    "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xff\xfe", "\\xff\\xfe", "\\ufffd\\ufffd" },
};

START_TEST(forms)
{
	char out[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len =
		    escape_text(ESCAPE_TEXT, rows[i].in, out, sizeof(out));

		ck_assert_str_eq(out, rows[i].text);
		ck_assert_uint_eq(len, strlen(out));
		escape_text(ESCAPE_JSON, rows[i].in, out, sizeof(out));
		ck_assert_str_eq(out, rows[i].json);
	}
}
END_TEST

START_TEST(what_is_utf8)
{
	static const char whole[] = "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\n";
	static const size_t ends[] = { 0, 1, 2, 4, 6, 7, 11, 12 };
	size_t next = 0;

	for (size_t len = 0; len < sizeof(whole); len++) {
		bool is = len == ends[next];

		ck_assert_int_eq(escape_is_utf8(whole, len), is);
		next += is ? 1 : 0;
	}
	/* NUL is none, nor is anything that the table above replaces. */
	ck_assert(!escape_is_utf8(whole, sizeof(whole)));
	ck_assert(!escape_is_utf8("\xc0\xaf", 2));
	ck_assert(!escape_is_utf8("\xed\xa0\x80", 3));
	ck_assert(!escape_is_utf8("\xf4\x90\x80\x80", 4));
}
END_TEST

START_TEST(plain_keeps_quotes)
{
	char out[64];

	(void)escape_text(
	    ESCAPE_PLAIN, "a\"b\\c\n\x1b[m\xff", out, sizeof(out));
	ck_assert_str_eq(out, "a\"b\\c\\n\\u001b[m\\xff");
}
END_TEST

START_TEST(cut_between_characters)
{
	/* Forms end at 1, 7, 9 and 13. */
	static const char in[] = "a\x01\xc3\xbc\xff";
	static const char whole[] = "a\\u0001\xc3\xbc\\xff";

	for (size_t size = 1; size <= sizeof(whole); size++) {
		size_t len = size - 1;
		size_t want = len >= 13  ? 13
			      : len >= 9 ? 9
			      : len >= 7 ? 7
			      : len >= 1 ? 1
					 : 0;
		char out[sizeof(whole) + 1];

		memset(out, '#', sizeof(out));
		ck_assert_uint_eq(
		    escape_text(ESCAPE_TEXT, in, out, size), want);
		ck_assert_mem_eq(out, whole, want);
		ck_assert_int_eq(out[want], '\0');
		ck_assert_int_eq(out[size], '#');
	}
}
END_TEST

START_TEST(text_with_nul)
{
	static const char in[] = { 'a', '\0', 'b' };
	const char *pos = in;
	char out[ESCAPE_MAX];

	ck_assert_uint_eq(escape_next(ESCAPE_JSON, &pos, in + 3, out), 1);
	ck_assert_uint_eq(escape_next(ESCAPE_JSON, &pos, in + 3, out), 6);
	ck_assert_mem_eq(out, "\\u0000", 6);
	ck_assert_uint_eq(escape_next(ESCAPE_JSON, &pos, in + 3, out), 1);
	ck_assert_ptr_eq(pos, in + 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("escape");
	TCase *tcase = tcase_create("escape");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, forms);
	tcase_add_test(tcase, plain_keeps_quotes);
	tcase_add_test(tcase, what_is_utf8);
	tcase_add_test(tcase, cut_between_characters);
	tcase_add_test(tcase, text_with_nul);
	return unit_main(suite);
}
