/* SPDX-License-Identifier: ISC */

#include "gateway/www.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct webfile *
find(const char *path)
{
	return webfile_find(&www_gateway, path, strlen(path));
}

START_TEST(they_are_what_was_written)
{
	static const char start[] = "<!doctype html>\n";
	const struct webfile *file = find(WWW_HOME);

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(file->len, sizeof(start));
	ck_assert_mem_eq(file->data, start, sizeof(start) - 1);
	ck_assert_mem_eq(file->data + file->len - 8, "</html>\n", 8);
}
END_TEST

START_TEST(each_has_a_type_that_browsers_take)
{
	for (size_t i = 0; i < www_gateway.count; i++) {
		ck_assert_str_ne(webfile_type(&www_gateway.files[i]),
		    "application/octet-stream");
	}
}
END_TEST

/* Nothing runs or looks different that does not come from a file of ours. */
START_TEST(nothing_in_the_page_breaks_its_policy)
{
	static const char *const forbidden[] = { "<style",
		" style=", " onclick", " onload", "javascript:", "<base",
		"<form", "src=\"http", "href=\"http" };
	const struct webfile *file = find(WWW_HOME);

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		ck_assert_msg(memmem(file->data, file->len, forbidden[i],
				  strlen(forbidden[i])) == NULL,
		    "%s is in the page", forbidden[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/www");
	TCase *tcase = tcase_create("www");

	tcase_add_test(tcase, they_are_what_was_written);
	tcase_add_test(tcase, each_has_a_type_that_browsers_take);
	tcase_add_test(tcase, nothing_in_the_page_breaks_its_policy);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
