/* SPDX-License-Identifier: ISC */

#include "common/webfile.h"

#include <string.h>

#include "tests/support/unit.h"

static const uint8_t bytes[] = "body{}";

static const struct webfile files[] = {
	{ "/page.js", bytes, 6 },
	{ "/style.css", bytes, 6 },
};

static const struct webfile_table table = { files, 2 };

static const struct webfile *
find(const char *path)
{
	return webfile_find(&table, path, strlen(path));
}

START_TEST(files_are_found_by_their_whole_path)
{
	ck_assert_ptr_eq(find("/style.css"), &files[1]);
	ck_assert_ptr_null(find(""));
	ck_assert_ptr_null(find("/"));
	ck_assert_ptr_null(find("style.css"));
	ck_assert_ptr_null(find("/style.cs"));
	ck_assert_ptr_null(find("/style.css2"));
}
END_TEST

START_TEST(the_ending_tells_the_type)
{
	const struct webfile icon = { .path = "/icon.svg" };
	const struct webfile page = { .path = "/a.b.html" };
	const struct webfile unknown = { .path = "/x.y" };
	const struct webfile bare = { .path = "/x" };

	ck_assert_str_eq(
	    webfile_type(&files[0]), "text/javascript; charset=utf-8");
	ck_assert_str_eq(webfile_type(&files[1]), "text/css; charset=utf-8");
	ck_assert_str_eq(webfile_type(&icon), "image/svg+xml");
	ck_assert_str_eq(webfile_type(&page), "text/html; charset=utf-8");
	ck_assert_str_eq(webfile_type(&unknown), "application/octet-stream");
	ck_assert_str_eq(webfile_type(&bare), "application/octet-stream");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("common/webfile");
	TCase *tcase = tcase_create("webfile");

	tcase_add_test(tcase, files_are_found_by_their_whole_path);
	tcase_add_test(tcase, the_ending_tells_the_type);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
