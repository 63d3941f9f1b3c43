/* SPDX-License-Identifier: ISC */

#include "gateway/httptarget.h"

#include <string.h>

#include "tests/support/unit.h"

static const struct {
	const char *text;
	uint16_t default_port;
	const char *formatted;
} authorities[] = {
	{ "office:22", 0, "office:22" },
	{ "office", 80, "office:80" },
	{ "Office.:8080", 80, "office:8080" },
	{ "[::1]:443", 0, "[::1]:443" },
	{ "[::1]", 80, "[::1]:80" },
	{ "10.0.0.1:1", 0, "10.0.0.1:1" },
	{ "office:65535", 0, "office:65535" },
	{ "office:00080", 0, "office:80" },
};

START_TEST(authorities_that_are)
{
	struct proxy_target target;
	char text[PROXYTARGET_TEXT_LEN];
	const char *given = authorities[_i].text;

	ck_assert_ptr_null(httptarget_authority((const uint8_t *)given,
	    strlen(given), authorities[_i].default_port, &target));
	ck_assert_str_eq(
	    proxytarget_format(&target, text), authorities[_i].formatted);
}
END_TEST

static const struct {
	const char *text;
	uint16_t default_port;
	const char *reason;
} bad_authorities[] = {
	{ "", 80, "an empty host" },
	{ "office", 0, "no port in the target" },
	{ "[::1]", 0, "no port in the target" },
	{ "office:", 80, "not a port" },
	{ "office:0", 80, "not a port" },
	{ "office:65536", 80, "not a port" },
	{ "office:000080", 80, "not a port" },
	{ "office:99999", 80, "not a port" },
	{ "office:-1", 80, "not a port" },
	{ "office:+1", 80, "not a port" },
	{ "office:8 0", 80, "not a port" },
	{ "office:80:80", 80, "not a port" },
	{ "::1", 80, "not a host name" },
	{ "[::1", 80, "not a host name" },
	{ "[::1]80", 80, "not a host name" },
	{ "[]:80", 80, "not a host name" },
	{ "[office]:80", 80, "not a host name" },
	{ "[10.0.0.1]:80", 80, "not a host name" },
	{ "[fe80::1%25eth0]:80", 80, "not a host name" },
	{ ":80", 80, "not a host name" },
	{ "of%66ice:80", 80, "not a host name" },
	{ "a,b:80", 80, "not a host name" },
	{ "user@office:80", 80, "a user name in the target" },
	{ "user:pw@office:80", 80, "a user name in the target" },
};

START_TEST(authorities_that_are_not)
{
	struct proxy_target target = { .port = 7 };
	const char *given = bad_authorities[_i].text;
	const char *reason = httptarget_authority((const uint8_t *)given,
	    strlen(given), bad_authorities[_i].default_port, &target);

	ck_assert_ptr_nonnull(reason);
	ck_assert_str_eq(reason, bad_authorities[_i].reason);
	ck_assert_uint_eq(target.port, 7);
}
END_TEST

static const struct {
	const char *text;
	const char *formatted;
	const char *authority;
	const char *path;
} absolutes[] = {
	{ "http://office/", "office:80", "office", "/" },
	{ "HTTP://office", "office:80", "office", "" },
	{ "http://Office:8080/a?b=/", "office:8080", "Office:8080", "/a?b=/" },
	{ "http://office?q", "office:80", "office", "?q" },
	{ "http://[::1]:8/x", "[::1]:8", "[::1]:8", "/x" },
	{ "http://office//host:9/@", "office:80", "office", "//host:9/@" },
};

START_TEST(absolute_forms)
{
	struct httptarget_absolute found;
	char text[PROXYTARGET_TEXT_LEN];
	const char *given = absolutes[_i].text;
	const char *authority = absolutes[_i].authority;

	ck_assert_ptr_null(
	    httptarget_absolute((const uint8_t *)given, strlen(given), &found));
	ck_assert_str_eq(
	    proxytarget_format(&found.target, text), absolutes[_i].formatted);
	ck_assert_uint_eq(found.authority_len, strlen(authority));
	ck_assert_mem_eq(
	    given + found.authority, authority, found.authority_len);
	ck_assert_str_eq(given + found.path, absolutes[_i].path);
}
END_TEST

static const struct {
	const char *text;
	const char *reason;
} bad_absolutes[] = {
	{ "https://office/", "an https:// target, which needs CONNECT" },
	{ "HTTPS://office/", "an https:// target, which needs CONNECT" },
	{ "ftp://office/", "a target that is neither a path nor http://" },
	{ "http:/office/", "a target that is neither a path nor http://" },
	{ "http", "a target that is neither a path nor http://" },
	{ "office:80", "a target that is neither a path nor http://" },
	{ "*", "a target that is neither a path nor http://" },
	{ "http://", "an empty host" },
	{ "http:///", "an empty host" },
	{ "http://?q", "an empty host" },
	{ "http://u:p@office/", "a user name in the target" },
	{ "http://office:/", "not a port" },
	{ "http://office\\evil/", "not a host name" },
	{ "http://office#x", "a fragment in the target" },
	{ "http://office/#x", "a fragment in the target" },
	{ "http://office/\x7f",
	    "a character in the target that may not be there" },
	{ "http://office/a\tb",
	    "a character in the target that may not be there" },
};

START_TEST(absolute_forms_that_are_not)
{
	struct httptarget_absolute found = { .path = 7 };
	const char *given = bad_absolutes[_i].text;
	const char *reason =
	    httptarget_absolute((const uint8_t *)given, strlen(given), &found);

	ck_assert_ptr_nonnull(reason);
	ck_assert_str_eq(reason, bad_absolutes[_i].reason);
	ck_assert_uint_eq(found.path, 7);
}
END_TEST

START_TEST(bytes_of_paths)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t path[2] = { '/', (uint8_t)i };

		ck_assert_int_eq(httptarget_path(path, 2) == NULL,
		    i > 0x20 && i != 0x7f && i != '#');
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("httptarget");
	TCase *tcase = tcase_create("httptarget");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, authorities_that_are, 0,
	    (int)(sizeof(authorities) / sizeof(authorities[0])));
	tcase_add_loop_test(tcase, authorities_that_are_not, 0,
	    (int)(sizeof(bad_authorities) / sizeof(bad_authorities[0])));
	tcase_add_loop_test(tcase, absolute_forms, 0,
	    (int)(sizeof(absolutes) / sizeof(absolutes[0])));
	tcase_add_loop_test(tcase, absolute_forms_that_are_not, 0,
	    (int)(sizeof(bad_absolutes) / sizeof(bad_absolutes[0])));
	tcase_add_test(tcase, bytes_of_paths);
	return unit_main(suite);
}
