/* SPDX-License-Identifier: ISC */

#include "gateway/www.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct www_file *
find(const char *path)
{
	return www_find(path, strlen(path));
}

START_TEST(files_are_found_by_their_whole_path)
{
	const struct www_file *file = find("/style.css");

	ck_assert_ptr_nonnull(file);
	ck_assert_str_eq(file->path, "/style.css");
	ck_assert_ptr_null(find(""));
	ck_assert_ptr_null(find("/"));
	ck_assert_ptr_null(find("style.css"));
	ck_assert_ptr_null(find("/style.cs"));
	ck_assert_ptr_null(find("/style.css2"));
	ck_assert_ptr_null(find("/embed"));
}
END_TEST

START_TEST(they_are_what_was_written)
{
	static const char start[] = "<!doctype html>\n";
	const struct www_file *file = find(WWW_HOME);

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(file->len, sizeof(start));
	ck_assert_mem_eq(file->data, start, sizeof(start) - 1);
	ck_assert_mem_eq(file->data + file->len - 8, "</html>\n", 8);
}
END_TEST

START_TEST(each_has_a_type_that_browsers_take)
{
	const struct www_file unknown = { .path = "/x.y" };
	const struct www_file bare = { .path = "/x" };

	for (size_t i = 0; i < www_count; i++) {
		ck_assert_str_ne(
		    www_type(&www_files[i]), "application/octet-stream");
	}
	ck_assert_str_eq(
	    www_type(find("/page.js")), "text/javascript; charset=utf-8");
	ck_assert_str_eq(www_type(find("/icon.svg")), "image/svg+xml");
	ck_assert_str_eq(www_type(&unknown), "application/octet-stream");
	ck_assert_str_eq(www_type(&bare), "application/octet-stream");
}
END_TEST

/* Nothing runs or looks different that does not come from a file of ours. */
START_TEST(nothing_in_the_page_breaks_its_policy)
{
	static const char *const forbidden[] = { "<style",
		" style=", " onclick", " onload", "javascript:", "<base",
		"<form", "src=\"http", "href=\"http" };
	const struct www_file *file = find(WWW_HOME);

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

	tcase_add_test(tcase, files_are_found_by_their_whole_path);
	tcase_add_test(tcase, they_are_what_was_written);
	tcase_add_test(tcase, each_has_a_type_that_browsers_take);
	tcase_add_test(tcase, nothing_in_the_page_breaks_its_policy);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
