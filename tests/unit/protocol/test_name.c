/* SPDX-License-Identifier: ISC */
#include "protocol/name.h"

#include <string.h>

#include "common/wire.h"
#include "tests/support/unit.h"

/* 63 and 64 characters. */
#define A63 "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy"
#define A64 A63 "z"

struct judged {
	const char *name;
	enum name_error error;
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct judged hosts[] = {
	{ "office", NAME_OK },
	{ "Office", NAME_OK },
	{ "a", NAME_OK },
	{ "7a", NAME_OK },
	{ "a-1", NAME_OK },
	{ "x0", NAME_OK },
	{ A63, NAME_OK },
	{ A64, NAME_TOO_LONG },
	{ "", NAME_EMPTY },
	{ "off.ice", NAME_CHARACTER },
	{ "off_ice", NAME_CHARACTER },
	{ "off ice", NAME_CHARACTER },
	{ "b\xc3\xbcro", NAME_CHARACTER },
	{ "-office", NAME_HYPHEN },
	{ "office-", NAME_HYPHEN },
	{ "-", NAME_HYPHEN },
	{ "127", NAME_NO_LETTER },
	{ "1-2", NAME_NO_LETTER },
	{ "0x7f", NAME_HEX },
	{ "0Xyz", NAME_HEX },
};

static const struct judged new_hosts[] = {
	{ "office", NAME_OK },
	{ "pi", NAME_OK },
	{ "web", NAME_OK },
	{ "comm", NAME_OK },
	{ "relay", NAME_RESERVED },
	{ "Gateway", NAME_RESERVED },
	{ "localhost", NAME_RESERVED },
	{ "wpad", NAME_RESERVED },
	{ "metadata", NAME_RESERVED },
	{ "internal", NAME_RESERVED },
	{ "local", NAME_RESERVED },
	{ "onion", NAME_RESERVED },
	{ "arpa", NAME_RESERVED },
	{ "com", NAME_WEB },
	{ "COM", NAME_WEB },
	{ "io", NAME_WEB },
	{ "ac", NAME_WEB },
	{ "zw", NAME_WEB },
	{ "dev", NAME_WEB },
	{ "127", NAME_NO_LETTER },
};

static const struct judged users[] = {
	{ "alice", NAME_OK },
	{ "7", NAME_OK },
	{ "alice@example.com", NAME_OK },
	{ "a.b_c+d-e", NAME_OK },
	{ A63, NAME_OK },
	{ A64, NAME_TOO_LONG },
	{ "", NAME_EMPTY },
	{ ".alice", NAME_HYPHEN },
	{ "alice@", NAME_HYPHEN },
	{ "al ice", NAME_CHARACTER },
	{ "al\"ice", NAME_CHARACTER },
	{ "al\nice", NAME_CHARACTER },
	{ "al/ice", NAME_CHARACTER },
};

START_TEST(hosts_are_judged)
{
	const struct judged *row = &hosts[_i];

	ck_assert_int_eq(name_check_host(row->name), row->error);
	if (row->error != NAME_OK) {
		ck_assert_int_eq(name_check_new_host(row->name), row->error);
	}
}
END_TEST

START_TEST(new_hosts_are_judged)
{
	const struct judged *row = &new_hosts[_i];

	ck_assert_int_eq(name_check_new_host(row->name), row->error);
	if (row->error == NAME_RESERVED || row->error == NAME_WEB) {
		ck_assert_int_eq(name_check_host(row->name), NAME_OK);
	}
}
END_TEST

START_TEST(users_are_judged)
{
	ck_assert_int_eq(name_check_user(users[_i].name), users[_i].error);
}
END_TEST

START_TEST(devices_are_judged)
{
	ck_assert_int_eq(name_check_device("laptop"), NAME_OK);
	ck_assert_int_eq(name_check_device("127"), NAME_OK);
	ck_assert_int_eq(name_check_device(A63), NAME_OK);
	ck_assert_int_eq(name_check_device(A64), NAME_TOO_LONG);
	ck_assert_int_eq(name_check_device("lap.top"), NAME_CHARACTER);
	ck_assert_int_eq(name_check_device("-laptop"), NAME_HYPHEN);
}
END_TEST

START_TEST(every_error_has_its_text)
{
	for (unsigned i = NAME_OK; i <= NAME_WEB; i++) {
		for (unsigned j = NAME_OK; j < i; j++) {
			ck_assert_str_ne(name_error_text((enum name_error)i),
			    name_error_text((enum name_error)j));
		}
	}
}
END_TEST

START_TEST(folding_is_lower_case)
{
	char out[7];

	ck_assert_int_eq(name_fold("OffIcE", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "office");
	ck_assert_int_eq(name_fold("offices", out, sizeof(out)), -1);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(name_fold("@[`{", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "@[`{");
}
END_TEST

START_TEST(printable_is_visible)
{
	ck_assert(name_is_printable(""));
	ck_assert(name_is_printable(" ~"));
	ck_assert(!name_is_printable("a\x1f"));
	ck_assert(!name_is_printable("\x7f"));
	ck_assert(!name_is_printable("\xc3\xbc"));
}
END_TEST

/* name_get(), or the one that takes none as well. */
typedef void getter(struct wire_reader *reader, char *out, size_t size,
    enum name_error (*check)(const char *name));

/* Read the len bytes at wire as a user; returns true if it went well. */
static bool
get_user_by(getter *get, const char *wire, size_t len, char *out)
{
	struct wire_reader reader;

	wire_read_from(&reader, wire, len);
	get(&reader, out, NAME_USER_MAX + 1, name_check_user);
	return wire_reader_done(&reader);
}

static bool
get_user(const char *wire, size_t len, char *out)
{
	return get_user_by(name_get, wire, len, out);
}

START_TEST(names_travel_in_lower_case)
{
	uint8_t wire[8];
	char out[NAME_USER_MAX + 1];
	struct wire_writer writer;

	wire_write_to(&writer, wire, sizeof(wire));
	name_put(&writer, "AlicE", name_check_user);
	ck_assert_uint_eq(wire_written(&writer), 6);
	ck_assert_mem_eq(wire, "\5alice", 6);
	ck_assert(get_user("\5alice", 6, out));
	ck_assert_str_eq(out, "alice");
	ck_assert(!get_user("\5Alice", 6, out));
	ck_assert_str_eq(out, "");
	ck_assert(!get_user("\5al ce", 6, out));
	ck_assert(!get_user("\5alic", 5, out));
	ck_assert(!get_user("\0", 1, out));
	ck_assert(!get_user("", 0, out));
	wire_write_to(&writer, wire, sizeof(wire));
	name_put(&writer, "al ice", name_check_user);
	ck_assert(!wire_writer_ok(&writer));
}
END_TEST

static bool
get_user_or_none(const char *wire, size_t len, char *out)
{
	return get_user_by(name_get_or_none, wire, len, out);
}

START_TEST(some_may_be_none)
{
	uint8_t wire[8];
	char out[NAME_USER_MAX + 1];
	struct wire_writer writer;

	wire_write_to(&writer, wire, sizeof(wire));
	name_put_or_none(&writer, "", name_check_user);
	name_put_or_none(&writer, "AlicE", name_check_user);
	ck_assert_uint_eq(wire_written(&writer), 7);
	ck_assert_mem_eq(wire, "\0\5alice", 7);
	ck_assert(get_user_or_none("\0", 1, out));
	ck_assert_str_eq(out, "");
	ck_assert(get_user_or_none("\5alice", 6, out));
	ck_assert_str_eq(out, "alice");
	ck_assert(!get_user_or_none("\5Alice", 6, out));
	ck_assert_str_eq(out, "");
	ck_assert(!get_user_or_none("\5al ce", 6, out));
	ck_assert(!get_user_or_none("", 0, out));
}
END_TEST

START_TEST(distances)
{
	static const struct {
		const char *a;
		const char *b;
		unsigned distance;
	} rows[] = {
		{ "", "", 0 },
		{ "office", "office", 0 },
		{ "office", "OFFICE", 0 },
		{ "office", "offce", 1 },
		{ "office", "ofice", 1 },
		{ "office", "offices", 1 },
		{ "office", "ofifce", 1 },
		{ "office", "orfice", 1 },
		{ "office", "fofcie", 2 },
		{ "office", "orrice", 2 },
		{ "office", "offi", 2 },
		{ "office", "off", NAME_FAR },
		{ "office", "police", NAME_FAR },
		{ "office", "", NAME_FAR },
		{ "", "ab", 2 },
		{ A63, A63, 0 },
		{ A64, A64, NAME_FAR },
		{ A64, "a", NAME_FAR },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_uint_eq(
		    name_distance(rows[i].a, rows[i].b), rows[i].distance);
		ck_assert_uint_eq(
		    name_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}
END_TEST

START_TEST(the_nearest_is_found)
{
	unsigned best = NAME_FAR;

	ck_assert(!name_is_nearer("offce", "lab", &best));
	ck_assert(name_is_nearer("offce", "offices", &best));
	ck_assert(name_is_nearer("offce", "office", &best));
	ck_assert_uint_eq(best, 1);
	ck_assert(!name_is_nearer("offce", "offcer", &best));
	best = NAME_FAR;
	ck_assert(!name_is_nearer("lab", "pub", &best));
	ck_assert(name_is_nearer("lab", "lap", &best));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *tcase = tcase_create("name");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, hosts_are_judged, 0, COUNT(hosts));
	tcase_add_loop_test(tcase, new_hosts_are_judged, 0, COUNT(new_hosts));
	tcase_add_loop_test(tcase, users_are_judged, 0, COUNT(users));
	tcase_add_test(tcase, devices_are_judged);
	tcase_add_test(tcase, every_error_has_its_text);
	tcase_add_test(tcase, folding_is_lower_case);
	tcase_add_test(tcase, printable_is_visible);
	tcase_add_test(tcase, names_travel_in_lower_case);
	tcase_add_test(tcase, some_may_be_none);
	tcase_add_test(tcase, distances);
	tcase_add_test(tcase, the_nearest_is_found);
	return unit_main(suite);
}
