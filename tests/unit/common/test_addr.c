/* SPDX-License-Identifier: ISC */

#include "common/addr.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "tests/support/unit.h"

/* Return the address of text, which must be one. */
static struct addr
ip(const char *text)
{
	struct addr addr;

	ck_assert_int_eq(addr_from_ip(&addr, text, 0), 0);
	return addr;
}

START_TEST(parse_and_format_agree)
{
	static const char *const texts[] = { "10.0.0.1:80", "0.0.0.0:0",
		"255.255.255.255:65535", "[::1]:22", "[::]:0",
		"[2001:db8::1]:443", "[::ffff:10.0.0.1]:80",
		"[1111:2222:3333:4444:5555:6666:7777:8888]:65535" };
	char out[ADDR_TEXT_LEN];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr addr;

		ck_assert_int_eq(addr_parse(&addr, texts[i]), 0);
		ck_assert_str_eq(addr_format(&addr, out), texts[i]);
	}
}
END_TEST

START_TEST(parse_refuses)
{
	static const char *const texts[] = { "", ":", ":80", "10.0.0.1",
		"10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:99999",
		"10.0.0.1:000080", "10.0.0.1:-1", "10.0.0.1:+1", "10.0.0.1: 1",
		"10.0.0.1:8x", "10.0.0:80", "010.0.0.1:80", "0x7f.1:80",
		"10.0.0.1.2:80", "::1:80", "[::1]", "[::1]:", "[::1]80",
		"[::1:80", "::1]:80", "[]:80", "[10.0.0.1]:80", "[[::1]]:80",
		"office:80", "[::1%eth0]:80", "[::1]]:80", " 10.0.0.1:80",
		"10.0.0.1 :80",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999]:1",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr addr;

		if (addr_parse(&addr, texts[i]) == 0) {
			ck_abort_msg("accepted: %s", texts[i]);
		}
	}
}
END_TEST

START_TEST(truncated_never_reads_beyond)
{
	static const char text[] = "[1111:2222::192.168.100.200]:65535";

	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = strndup(text, len);
		struct addr addr;

		/* Cut within the port is a shorter port. */
		ck_assert_int_eq(
		    addr_parse(&addr, copy) == 0, len > strlen(text) - 5);
		free(copy);
	}
}
END_TEST

START_TEST(split_does_not_judge_the_host)
{
	char host[16];
	uint16_t port = 0;

	ck_assert_int_eq(addr_split("office:22", host, 16, &port), 0);
	ck_assert_str_eq(host, "office");
	ck_assert_uint_eq(port, 22);
	ck_assert_int_eq(addr_split("[::1]:65535", host, 16, &port), 0);
	ck_assert_str_eq(host, "::1");
	ck_assert_uint_eq(port, 65535);
	ck_assert_int_eq(addr_split("*:0", host, 16, &port), 0);
	ck_assert_str_eq(host, "*");
	ck_assert_uint_eq(port, 0);
	ck_assert_int_eq(addr_split("123456789012345:1", host, 16, &port), 0);
}
END_TEST

START_TEST(split_refuses_and_leaves_the_port)
{
	char host[16];
	uint16_t port = 7;

	ck_assert_int_eq(addr_split("1234567890123456:1", host, 16, &port), -1);
	ck_assert_int_eq(addr_split("office", host, 16, &port), -1);
	ck_assert_int_eq(addr_split("a:b:1", host, 16, &port), -1);
	ck_assert_int_eq(addr_split("[office]:1", host, 16, &port), -1);
	ck_assert_int_eq(addr_split("off]ice:1", host, 16, &port), -1);
	ck_assert_uint_eq(port, 7);
}
END_TEST

START_TEST(bytes_round_trip)
{
	static const uint8_t in4[] = { 10, 0, 0, 1 };
	static const uint8_t in6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	uint8_t out[16];
	struct addr addr;
	char text[ADDR_TEXT_LEN];

	ck_assert_int_eq(addr_from_bytes(&addr, in4, 4, 80), 0);
	ck_assert_str_eq(addr_format(&addr, text), "10.0.0.1:80");
	ck_assert_uint_eq(addr_to_bytes(&addr, out), 4);
	ck_assert_mem_eq(out, in4, 4);
	ck_assert_int_eq(addr_from_bytes(&addr, in6, 16, 80), 0);
	ck_assert_str_eq(addr_format_ip(&addr, text), "2001:db8::1");
	ck_assert_uint_eq(addr_to_bytes(&addr, out), 16);
	ck_assert_mem_eq(out, in6, 16);
	for (size_t len = 0; len < 16; len++) {
		ck_assert_int_eq(
		    addr_from_bytes(&addr, in6, len, 80), len == 4 ? 0 : -1);
	}
}
END_TEST

START_TEST(port_is_set)
{
	struct addr addr = { .len = 0 };
	char text[ADDR_TEXT_LEN];

	addr_set_port(&addr, 5);
	ck_assert_uint_eq(addr_port(&addr), 0);
	ck_assert_int_eq(addr_family(&addr), AF_UNSPEC);
	ck_assert_str_eq(addr_format(&addr, text), "-");
	addr = ip("10.0.0.1");
	addr_set_port(&addr, 300);
	ck_assert_str_eq(addr_format(&addr, text), "10.0.0.1:300");
	addr = ip("::1");
	addr_set_port(&addr, 300);
	ck_assert_uint_eq(addr_port(&addr), 300);
	ck_assert_str_eq(addr_format(&addr, text), "[::1]:300");
}
END_TEST

START_TEST(equal_looks_at_address_and_port)
{
	struct addr a;
	struct addr b;

	ck_assert_int_eq(addr_from_ip(&a, "10.0.0.1", 80), 0);
	ck_assert_int_eq(addr_from_ip(&b, "10.0.0.1", 80), 0);
	ck_assert(addr_equal(&a, &b));
	addr_set_port(&b, 81);
	ck_assert(!addr_equal(&a, &b));
	ck_assert_int_eq(addr_from_ip(&b, "10.0.0.2", 80), 0);
	ck_assert(!addr_equal(&a, &b));
	ck_assert_int_eq(addr_from_ip(&b, "::ffff:10.0.0.1", 80), 0);
	ck_assert(!addr_equal(&a, &b));
	a = b;
	ck_assert(addr_equal(&a, &b));
	a.len = 0;
	ck_assert(!addr_equal(&a, &b));
	b.len = 0;
	ck_assert(addr_equal(&a, &b));
}
END_TEST

/* Return the unix address of the len bytes at path. */
static struct addr
unix_addr(const char *path, size_t len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct addr addr = { .len = 0 };

	memcpy(un.sun_path, path, len);
	memcpy(&addr.ss, &un, sizeof(un));
	addr.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return addr;
}

START_TEST(unix_addresses_have_a_text)
{
	struct addr addr = unix_addr("/run/x", 7);
	struct addr other = unix_addr("/run/y", 7);
	char text[ADDR_TEXT_LEN];
	char path[109];
	uint8_t bytes[16];

	ck_assert_str_eq(addr_format(&addr, text), "unix:/run/x");
	ck_assert(addr_equal(&addr, &addr));
	ck_assert(!addr_equal(&addr, &other));
	ck_assert_uint_eq(addr_to_bytes(&addr, bytes), 0);
	ck_assert_uint_eq(addr_port(&addr), 0);
	ck_assert(!addr_is_loopback(&addr));
	ck_assert(!addr_is_any(&addr));
	ck_assert(!addr_is_guarded(&addr));
	/* Not terminated, as the kernel allows; abstract; unnamed. */
	memset(path, 'p', 108);
	path[108] = '\0';
	addr = unix_addr(path, 108);
	ck_assert_uint_eq(strlen(addr_format(&addr, text)), 5 + 108);
	addr = unix_addr("\0name", 5);
	ck_assert_str_eq(addr_format(&addr, text), "unix:@name");
	addr = unix_addr("", 0);
	ck_assert_str_eq(addr_format(&addr, text), "unix:");
}
END_TEST

START_TEST(hidden_addresses_are_unmapped)
{
	static const char *const pairs[][2] = {
		{ "::ffff:10.0.0.1", "10.0.0.1" },
		{ "64:ff9b::10.0.0.1", "10.0.0.1" },
		{ "10.0.0.1", "10.0.0.1" },
		{ "64:ff9b:1::a00:1", "64:ff9b:1::a00:1" },
		{ "::fffe:a00:1", "::fffe:a00:1" },
		{ "::1", "::1" },
	};
	char text[ADDR_TEXT_LEN];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct addr addr = ip(pairs[i][0]);
		struct addr out;

		addr_set_port(&addr, 80);
		addr_unmap(&addr, &out);
		ck_assert_str_eq(addr_format_ip(&out, text), pairs[i][1]);
		ck_assert_uint_eq(addr_port(&out), 80);
		addr_unmap(&addr, &addr);
		ck_assert(addr_equal(&addr, &out));
	}
}
END_TEST

START_TEST(classes)
{
	static const struct {
		const char *text;
		bool loopback;
		bool any;
		bool guarded;
		bool here;
	} rows[] = {
		{ "127.0.0.1", true, false, false, true },
		{ "127.255.255.255", true, false, false, true },
		{ "128.0.0.0", false, false, false, false },
		{ "126.255.255.255", false, false, false, false },
		{ "::1", true, false, false, true },
		{ "::2", false, false, false, false },
		{ "::ffff:127.0.0.1", true, false, false, true },
		{ "64:ff9b::7f00:1", true, false, false, true },
		{ "0.0.0.0", false, true, true, true },
		{ "::", false, true, true, true },
		{ "::ffff:0.0.0.0", false, false, true, true },
		{ "10.0.0.1", false, false, false, false },
		{ "169.253.255.255", false, false, false, false },
		{ "169.254.0.0", false, false, true, false },
		{ "169.254.169.254", false, false, true, false },
		{ "169.255.0.0", false, false, false, false },
		{ "::ffff:169.254.169.254", false, false, true, false },
		{ "64:ff9b::a9fe:a9fe", false, false, true, false },
		{ "fe80::1", false, false, true, false },
		{ "febf:ffff::1", false, false, true, false },
		{ "fec0::1", false, false, false, false },
		{ "fd00:ec2::254", false, false, true, false },
		{ "fd00:ec2::253", false, false, false, false },
		{ "100.100.100.200", false, false, true, false },
		{ "100.100.100.201", false, false, false, false },
		{ "168.63.129.16", false, false, true, false },
		{ "224.0.0.1", false, false, true, false },
		{ "239.255.255.255", false, false, true, false },
		{ "240.0.0.1", false, false, false, false },
		{ "255.255.255.255", false, false, true, false },
		{ "ff02::1", false, false, true, false },
		{ "2001:db8::1", false, false, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr addr = ip(rows[i].text);

		if (addr_is_loopback(&addr) != rows[i].loopback ||
		    addr_is_any(&addr) != rows[i].any ||
		    addr_is_guarded(&addr) != rows[i].guarded ||
		    addr_is_this_host(&addr) != rows[i].here) {
			ck_abort_msg("wrong class: %s", rows[i].text);
		}
	}
}
END_TEST

START_TEST(prefixes_hold_what_lies_inside)
{
	static const struct {
		const char *prefix;
		const char *inside;
		const char *outside;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.255.255", "11.0.0.0" },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.0.0.0" },
		{ "10.0.0.0/8", "64:ff9b::a01:203", "64:ff9b:1::a01:203" },
		{ "192.168.8.0/21", "192.168.15.255", "192.168.16.0" },
		{ "192.168.8.0/21", "192.168.8.0", "192.168.7.255" },
		{ "10.0.0.1", "10.0.0.1", "10.0.0.0" },
		{ "10.0.0.1/32", "10.0.0.1", "10.0.0.2" },
		{ "0.0.0.0/0", "255.255.255.255", "::1" },
		{ "::/0", "2001:db8::1", "10.0.0.1" },
		{ "fd00::/8", "fdff::1", "fe00::1" },
		{ "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::" },
		{ "::1", "::1", "::2" },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0" },
		{ "::ffff:0:0/96", "10.1.2.3", "::1" },
		{ "64:ff9b::a00:1", "10.0.0.1", "10.0.0.2" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr inside = ip(rows[i].inside);
		struct addr outside = ip(rows[i].outside);
		struct addr_prefix prefix;

		ck_assert_int_eq(addr_prefix_parse(&prefix, rows[i].prefix), 0);
		if (!addr_prefix_has(&prefix, &inside) ||
		    addr_prefix_has(&prefix, &outside)) {
			ck_abort_msg("wrong: %s", rows[i].prefix);
		}
	}
}
END_TEST

START_TEST(prefix_refuses)
{
	static const char *const texts[] = { "", "/", "/8", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/0008",
		"10.0.0.1/8", "10.128.0.0/8", "fd00::1/8", "::/129", "10/8",
		"fd00::/8/8", "[fd00::]/8", "office", "64:ff9b::/96",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/8" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr_prefix prefix;

		if (addr_prefix_parse(&prefix, texts[i]) == 0) {
			ck_abort_msg("accepted: %s", texts[i]);
		}
	}
}
END_TEST

/* What one customer has is one origin. */
START_TEST(origins_are_customers)
{
	static const struct {
		const char *ip;
		uint64_t origin;
	} rows[] = {
		{ "192.0.2.7", 0xc0000207 },
		{ "::ffff:192.0.2.7", 0xc0000207 },
		{ "2001:db8:1:2::5", UINT64_C(0x20010db800010002) },
		{ "2001:db8:1:2:ffff::9", UINT64_C(0x20010db800010002) },
		{ "2001:db8:1:3::5", UINT64_C(0x20010db800010003) },
		{ "::1", 0 },
	};
	struct addr addr;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(addr_from_ip(&addr, rows[i].ip, 80), 0);
		ck_assert_uint_eq(addr_origin(&addr), rows[i].origin);
	}
	ck_assert_int_eq(addr_from_path(&addr, "/run/x"), 0);
	ck_assert_uint_eq(addr_origin(&addr), 0);
}
END_TEST

START_TEST(paths_up_to_their_limit)
{
	struct sockaddr_un un;
	char path[sizeof(un.sun_path) + 1];
	char out[ADDR_TEXT_LEN];
	struct addr addr;

	ck_assert_int_eq(addr_from_path(&addr, "/run/x"), 0);
	ck_assert_int_eq(addr_family(&addr), AF_UNIX);
	ck_assert_str_eq(addr_format(&addr, out), "unix:/run/x");
	ck_assert_int_eq(addr_from_path(&addr, ""), -1);
	memset(path, 'p', sizeof(path));
	path[sizeof(un.sun_path)] = '\0';
	ck_assert_int_eq(addr_from_path(&addr, path), -1);
	path[sizeof(un.sun_path) - 1] = '\0';
	ck_assert_int_eq(addr_from_path(&addr, path), 0);
	ck_assert_str_eq(addr_format(&addr, out) + 5, path);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("addr");
	TCase *tcase = tcase_create("addr");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, parse_and_format_agree);
	tcase_add_test(tcase, parse_refuses);
	tcase_add_test(tcase, truncated_never_reads_beyond);
	tcase_add_test(tcase, split_does_not_judge_the_host);
	tcase_add_test(tcase, split_refuses_and_leaves_the_port);
	tcase_add_test(tcase, bytes_round_trip);
	tcase_add_test(tcase, port_is_set);
	tcase_add_test(tcase, equal_looks_at_address_and_port);
	tcase_add_test(tcase, unix_addresses_have_a_text);
	tcase_add_test(tcase, hidden_addresses_are_unmapped);
	tcase_add_test(tcase, classes);
	tcase_add_test(tcase, prefixes_hold_what_lies_inside);
	tcase_add_test(tcase, prefix_refuses);
	tcase_add_test(tcase, origins_are_customers);
	tcase_add_test(tcase, paths_up_to_their_limit);
	return unit_main(suite);
}
