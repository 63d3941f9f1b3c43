/* SPDX-License-Identifier: ISC */

#include "gateway/textout.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

static int
write_html(struct buf *out, const void *arg)
{
	struct textout text;

	textout_begin(&text, out);
	textout_html(&text, arg);
	return textout_end(&text);
}

static const struct {
	const char *words;
	const char *html;
} escapes[] = {
	{ "", "" },
	{ "office", "office" },
	{ "<script>alert(1)</script>",
	    "&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "\" onclick='x'&amp;", "&quot; onclick=&#39;x&#39;&amp;amp;" },
	{ "B\xc3\xbcro", "B\xc3\xbcro" },
	/* A byte that is no UTF-8 cannot swallow what ends an attribute. */
	{ "\xc3\"", "\\xc3&quot;" },
	{ "a\nb\x1b[31m", "a\\nb\\u001b[31m" },
	{ "\xe2\x80\xae"
	  "cba",
	    "\\u202ecba" },
};

START_TEST(what_anybody_says_is_escaped)
{
	char *html = written(write_html, escapes[_i].words);

	ck_assert_str_eq(html, escapes[_i].html);
	free(html);
}
END_TEST

static int
write_all(struct buf *out, const void *arg)
{
	struct textout text;

	textout_begin(&text, out);
	textout_format(&text, "<%s %d>", (const char *)arg, 7);
	textout_bytes(&text, "a\"b", 3);
	textout_html(&text, "<");
	return textout_end(&text);
}

START_TEST(what_is_ours_is_not)
{
	char *text = written(write_all, "b");

	ck_assert_str_eq(text, "<b 7>a\"b&lt;");
	free(text);
}
END_TEST

START_TEST(a_piece_that_is_too_long_is_told)
{
	char longest[TEXTOUT_MAX + 1];
	struct buf *out = buf_new(65536);
	struct textout text;

	memset(longest, 'x', sizeof(longest));
	longest[TEXTOUT_MAX - 1] = '\0';
	textout_begin(&text, out);
	textout_format(&text, "%s", longest);
	ck_assert_int_eq(textout_end(&text), 0);
	longest[TEXTOUT_MAX - 1] = 'x';
	longest[TEXTOUT_MAX] = '\0';
	textout_format(&text, "%s", longest);
	textout_html(&text, "not any more");
	ck_assert_int_eq(textout_end(&text), -1);
	ck_assert_uint_eq(buf_len(out), TEXTOUT_MAX - 1);
	buf_free(out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/textout");
	TCase *tcase = tcase_create("textout");

	tcase_add_loop_test(tcase, what_anybody_says_is_escaped, 0,
	    (int)(sizeof(escapes) / sizeof(escapes[0])));
	tcase_add_test(tcase, what_is_ours_is_not);
	tcase_add_test(tcase, a_piece_that_is_too_long_is_told);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
