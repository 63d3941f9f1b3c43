/* SPDX-License-Identifier: ISC */

#include "gateway/proxytarget.h"

#include <string.h>

#include "common/addr.h"
#include "tests/support/unit.h"

/* 63 bytes. */
#define LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *text;
	enum proxy_target_kind kind;
	const char *host;
	const char *formatted;
} good[] = {
	{ "office", PROXY_TARGET_NAME, "office", "office:80" },
	{ "OFFICE.Internal.", PROXY_TARGET_NAME, "office.internal",
	    "office.internal:80" },
	{ "_srv.a-b.x1", PROXY_TARGET_NAME, "_srv.a-b.x1", "_srv.a-b.x1:80" },
	{ "10.0.0.5.office", PROXY_TARGET_NAME, "10.0.0.5.office",
	    "10.0.0.5.office:80" },
	{ "0xg", PROXY_TARGET_NAME, "0xg", "0xg:80" },
	{ LABEL ".x", PROXY_TARGET_NAME, LABEL ".x", LABEL ".x:80" },
	{ "127.0.0.1", PROXY_TARGET_IPV4, "127.0.0.1", "127.0.0.1:80" },
	{ "::1", PROXY_TARGET_IPV6, "::1", "[::1]:80" },
	{ "FE80:0::A", PROXY_TARGET_IPV6, "fe80::a", "[fe80::a]:80" },
	{ "::ffff:10.0.0.1", PROXY_TARGET_IPV6, "::ffff:10.0.0.1",
	    "[::ffff:10.0.0.1]:80" },
};

START_TEST(hosts_are_told_apart)
{
	struct proxy_target target;
	char text[PROXYTARGET_TEXT_LEN];
	char formatted[ADDR_TEXT_LEN];
	struct addr addr;

	ck_assert_int_eq(proxytarget_set_host(
			     &target, good[_i].text, strlen(good[_i].text), 80),
	    0);
	ck_assert_int_eq(target.kind, good[_i].kind);
	ck_assert_uint_eq(target.port, 80);
	ck_assert_str_eq(proxytarget_host(&target, text), good[_i].host);
	ck_assert_str_eq(proxytarget_format(&target, text), good[_i].formatted);
	ck_assert_int_eq(proxytarget_addr(&target, &addr),
	    good[_i].kind == PROXY_TARGET_NAME ? -1 : 0);
	if (good[_i].kind != PROXY_TARGET_NAME) {
		ck_assert_str_eq(
		    addr_format(&addr, formatted), good[_i].formatted);
	}
	ck_assert_str_eq(target.name,
	    good[_i].kind == PROXY_TARGET_NAME ? good[_i].host : "");
}
END_TEST

static const char *const bad[] = {
	"",
	".",
	"..",
	".office",
	"office..",
	"a..b",
	LABEL "l.x",
	"off ice",
	"office\t",
	"@agent",
	"a/b",
	"a:b",
	"[::1]",
	"fe80::1%eth0",
	"m\xc3\xbcnchen",
	/* What resolvers would take for an address. */
	"127.1",
	"2130706433",
	"0x7f.1",
	"1.0x7F",
	"0x7f000001",
	"0x",
	"127.0.0.1.",
	"127.0.0.01",
	"256.0.0.1",
	"office.1",
};

START_TEST(what_is_no_host_changes_nothing)
{
	struct proxy_target target = { .port = 7 };

	ck_assert_int_eq(
	    proxytarget_set_host(&target, bad[_i], strlen(bad[_i]), 80), -1);
	ck_assert_uint_eq(target.port, 7);
	ck_assert_str_eq(target.name, "");
}
END_TEST

START_TEST(names_have_253_bytes_at_most)
{
	struct proxy_target target;
	char name[300];

	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50) {
		name[i] = '.';
	}
	for (size_t len = 240; len < sizeof(name); len++) {
		if (name[len - 1] == '.') {
			continue;
		}
		ck_assert_int_eq(proxytarget_set_host(&target, name, len, 1),
		    len <= 253 ? 0 : -1);
		/* One dot at the end is not counted. */
		name[len] = '.';
		ck_assert_int_eq(
		    proxytarget_set_host(&target, name, len + 1, 1),
		    len <= 253 ? 0 : -1);
		name[len] = len % 50 == 0 ? '.' : 'a';
	}
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
	struct proxy_target target;

	ck_assert_int_eq(
	    proxytarget_set_host(&target, "office\0.evil", 12, 1), -1);
	ck_assert_int_eq(
	    proxytarget_set_host(&target, "127.0.0.1\0", 10, 1), -1);
}
END_TEST

START_TEST(raw_addresses)
{
	static const uint8_t bytes[16] = { 0xfd, 1, 2, 3, [15] = 9 };
	struct proxy_target target = { .kind = PROXY_TARGET_NAME };
	char text[PROXYTARGET_TEXT_LEN];

	for (size_t len = 0; len <= 16; len++) {
		ck_assert_int_eq(
		    proxytarget_set_address(&target, bytes, len, 65535),
		    len == 4 || len == 16 ? 0 : -1);
		if (len == 4) {
			ck_assert_str_eq(proxytarget_format(&target, text),
			    "253.1.2.3:65535");
		}
	}
	ck_assert_str_eq(
	    proxytarget_format(&target, text), "[fd01:203::9]:65535");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proxytarget");
	TCase *tcase = tcase_create("proxytarget");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, hosts_are_told_apart, 0,
	    (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tcase, what_is_no_host_changes_nothing, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tcase, names_have_253_bytes_at_most);
	tcase_add_test(tcase, a_nul_ends_nothing);
	tcase_add_test(tcase, raw_addresses);
	return unit_main(suite);
}
