/* SPDX-License-Identifier: ISC */
#include "protocol/target.h"

#include <string.h>

#include "tests/support/unit.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* 63, 61 and 253 characters, in labels. */
#define A63 "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy"
#define A61 "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvw"
#define LONG A63 "." A63 "." A63 "." A61

static bool
is_host(void *arg, const char *label)
{
	ck_assert_ptr_eq(arg, NULL);
	ck_assert_str_ne(label, TARGET_RELAY);
	return strcmp(label, "office") == 0 || strcmp(label, "lab-2") == 0;
}

static const struct target_space space = { "internal", is_host, NULL };

struct row {
	const char *text;
	enum target_kind kind;
	const char *name;
	const char *host;
	const char *rest;
};

static const struct row rows[] = {
	/* Ours. */
	{ "office", TARGET_OURS, "office", "office", "" },
	{ "OFFICE.", TARGET_OURS, "office", "office", "" },
	{ "office.internal", TARGET_OURS, "office.internal", "office", "" },
	{ "Office.Internal.", TARGET_OURS, "office.internal", "office", "" },
	{ "web.office", TARGET_OURS, "web.office", "office", "web" },
	{ "web.office.internal", TARGET_OURS, "web.office.internal", "office",
	    "web" },
	{ "10.0.0.5.office", TARGET_OURS, "10.0.0.5.office", "office",
	    "10.0.0.5" },
	{ "10.0.0.5.office.internal", TARGET_OURS, "10.0.0.5.office.internal",
	    "office", "10.0.0.5" },
	{ "db.lan.lab-2", TARGET_OURS, "db.lan.lab-2", "lab-2", "db.lan" },
	{ "_x.office", TARGET_OURS, "_x.office", "office", "_x" },
	{ "office.lab-2", TARGET_OURS, "office.lab-2", "lab-2", "office" },
	{ "relay", TARGET_OURS, "relay", "relay", "" },
	{ "relay.internal", TARGET_OURS, "relay.internal", "relay", "" },
	/* Of nobody. */
	{ "offce", TARGET_UNKNOWN, "offce", "offce", "" },
	{ "Offce.", TARGET_UNKNOWN, "offce", "offce", "" },
	{ "internal", TARGET_UNKNOWN, "internal", "internal", "" },
	/* Not ours. */
	{ "example.com", TARGET_FOREIGN, "example.com", "", "" },
	{ "Example.COM.", TARGET_FOREIGN, "example.com", "", "" },
	{ "office.example.com", TARGET_FOREIGN, "office.example.com", "", "" },
	{ "offce.internal", TARGET_FOREIGN, "offce.internal", "offce", "" },
	{ "metadata.google.internal", TARGET_FOREIGN,
	    "metadata.google.internal", "google", "" },
	{ "officeinternal", TARGET_UNKNOWN, "officeinternal", "officeinternal",
	    "" },
	{ "localhost", TARGET_FOREIGN, "localhost", "", "" },
	{ LONG, TARGET_FOREIGN, LONG, "", "" },
	{ LONG ".", TARGET_FOREIGN, LONG, "", "" },
	{ LONG "x", TARGET_INVALID, "", "", "" },
	/* Addresses. */
	{ "10.0.0.5", TARGET_FOREIGN, "10.0.0.5", "", "" },
	{ "::1", TARGET_FOREIGN, "::1", "", "" },
	{ "[::1]", TARGET_FOREIGN, "::1", "", "" },
	{ "2001:DB8::1", TARGET_FOREIGN, "2001:db8::1", "", "" },
	{ "::ffff:10.0.0.1", TARGET_FOREIGN, "::ffff:10.0.0.1", "", "" },
	/* What some take for addresses, and nothing at all. */
	{ "127", TARGET_INVALID, "", "", "" },
	{ "2130706433", TARGET_INVALID, "", "", "" },
	{ "0x7f000001", TARGET_INVALID, "", "", "" },
	{ "0X7F.1", TARGET_INVALID, "", "", "" },
	{ "10.1", TARGET_INVALID, "", "", "" },
	{ "10.0.0.256", TARGET_INVALID, "", "", "" },
	{ "010.0.0.1", TARGET_INVALID, "", "", "" },
	{ "10.1.office", TARGET_INVALID, "", "", "" },
	{ "0x7f.office", TARGET_INVALID, "", "", "" },
	{ "", TARGET_INVALID, "", "", "" },
	{ ".", TARGET_INVALID, "", "", "" },
	{ "..", TARGET_INVALID, "", "", "" },
	{ ".office", TARGET_INVALID, "", "", "" },
	{ "office..", TARGET_INVALID, "", "", "" },
	{ "web..office", TARGET_INVALID, "", "", "" },
	{ "off ice", TARGET_INVALID, "", "", "" },
	{ "office:80", TARGET_INVALID, "", "", "" },
	{ "office/x", TARGET_INVALID, "", "", "" },
	{ "user@office", TARGET_INVALID, "", "", "" },
	{ "b\xc3\xbcro", TARGET_INVALID, "", "", "" },
	{ "*.office", TARGET_INVALID, "", "", "" },
	{ "[office]", TARGET_INVALID, "", "", "" },
	{ "[10.0.0.1]", TARGET_INVALID, "", "", "" },
	{ "[]", TARGET_INVALID, "", "", "" },
	{ "[", TARGET_INVALID, "", "", "" },
	{ "fe80::1%eth0", TARGET_INVALID, "", "", "" },
	{ "x" A63, TARGET_INVALID, "", "", "" },
	{ "x" A63 ".office", TARGET_INVALID, "", "", "" },
};

START_TEST(names_are_taken_apart)
{
	const struct row *row = &rows[_i];
	struct target target;

	memset(&target, 0xaa, sizeof(target));
	ck_assert_int_eq(
	    target_from_name(&target, &space, row->text, strlen(row->text), 80),
	    row->kind);
	ck_assert_int_eq(target.kind, row->kind);
	ck_assert_str_eq(target.name, row->name);
	ck_assert_str_eq(target.host, row->host);
	ck_assert_str_eq(target.rest, row->rest);
	ck_assert_uint_eq(target.port, row->kind == TARGET_INVALID ? 0 : 80);
	ck_assert_int_eq(target.rest_is_address,
	    target.rest[0] != '\0' && target_is_ipv4(target.rest));
	ck_assert_int_eq(target.is_address,
	    row->kind == TARGET_FOREIGN &&
		(strchr(row->name, ':') != NULL || target_is_ipv4(row->name)));
}
END_TEST

START_TEST(names_have_no_nul)
{
	struct target target;

	ck_assert_int_eq(target_from_name(&target, &space, "office\0x", 8, 80),
	    TARGET_INVALID);
	ck_assert_int_eq(
	    target_from_name(&target, &space, "officex", 6, 80), TARGET_OURS);
}
END_TEST

START_TEST(suffix_can_be_another_or_none)
{
	struct target_space other = { "in.example", is_host, NULL };
	struct target target;

	ck_assert_int_eq(
	    target_from_name(&target, &other, "web.office.in.example", 21, 80),
	    TARGET_OURS);
	ck_assert_str_eq(target.rest, "web");
	ck_assert_int_eq(
	    target_from_name(&target, &other, "office.internal", 15, 80),
	    TARGET_FOREIGN);
	ck_assert_str_eq(target.host, "");
	other.suffix = "localhost";
	ck_assert_int_eq(
	    target_from_name(&target, &other, "office.localhost", 16, 80),
	    TARGET_OURS);
	other.suffix = NULL;
	ck_assert_int_eq(
	    target_from_name(&target, &other, "office.internal", 15, 80),
	    TARGET_FOREIGN);
	ck_assert_int_eq(
	    target_from_name(&target, &other, "office", 6, 80), TARGET_OURS);
}
END_TEST

struct authority {
	const char *text;
	uint16_t fallback;
	enum target_kind kind;
	const char *name;
	uint16_t port;
};

static const struct authority authorities[] = {
	{ "office:22", 0, TARGET_OURS, "office", 22 },
	{ "office:65535", 80, TARGET_OURS, "office", 65535 },
	{ "office", 80, TARGET_OURS, "office", 80 },
	{ "office:", 80, TARGET_OURS, "office", 80 },
	{ "[::1]:8080", 0, TARGET_FOREIGN, "::1", 8080 },
	{ "[::1]", 443, TARGET_FOREIGN, "::1", 443 },
	{ "10.0.0.5:1", 0, TARGET_FOREIGN, "10.0.0.5", 1 },
	{ "office.:22", 0, TARGET_OURS, "office", 22 },
	{ "office", 0, TARGET_INVALID, "", 0 },
	{ "office:", 0, TARGET_INVALID, "", 0 },
	{ "office:0", 80, TARGET_INVALID, "", 0 },
	{ "office:022", 80, TARGET_INVALID, "", 0 },
	{ "office:65536", 80, TARGET_INVALID, "", 0 },
	{ "office:222222", 80, TARGET_INVALID, "", 0 },
	{ "office:22x", 80, TARGET_INVALID, "", 0 },
	{ "office:+22", 80, TARGET_INVALID, "", 0 },
	{ "office:ssh", 80, TARGET_INVALID, "", 0 },
	{ "::1", 80, TARGET_INVALID, "", 0 },
	{ "::1:80", 80, TARGET_INVALID, "", 0 },
	{ "[::1]80", 80, TARGET_INVALID, "", 0 },
	{ "[::1", 80, TARGET_INVALID, "", 0 },
	{ "[::1:80", 80, TARGET_INVALID, "", 0 },
	{ "[office]:80", 80, TARGET_INVALID, "", 0 },
	{ ":80", 80, TARGET_INVALID, "", 0 },
	{ "", 80, TARGET_INVALID, "", 0 },
};

START_TEST(authorities_are_taken_apart)
{
	const struct authority *row = &authorities[_i];
	struct target target;

	ck_assert_int_eq(target_from_authority(&target, &space, row->text,
			     strlen(row->text), row->fallback),
	    row->kind);
	ck_assert_str_eq(target.name, row->name);
	ck_assert_uint_eq(target.port, row->port);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("target");
	TCase *tcase = tcase_create("target");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, names_are_taken_apart, 0, COUNT(rows));
	tcase_add_test(tcase, names_have_no_nul);
	tcase_add_test(tcase, suffix_can_be_another_or_none);
	tcase_add_loop_test(
	    tcase, authorities_are_taken_apart, 0, COUNT(authorities));
	return unit_main(suite);
}
