/* SPDX-License-Identifier: ISC */
#include "protocol/relaylist.h"

#include <stdio.h>
#include <string.h>

#include "common/fault.h"
#include "common/options.h"
#include "common/options_argv.h"
#include "tests/support/unit.h"

static const struct options_row rows[] = {
	{ .name = "relay", .kind = OPTIONS_LIST, .value = "HOST:PORT" },
	{ .name = NULL },
};

static const struct options_table table = {
	.program = "test",
	.synopsis = "",
	.about = "",
	.rows = rows,
};

static struct relaylist list;
static struct fault fault;

static void
setup(void)
{
	memset(&list, 0, sizeof(list));
	fault.text[0] = '\0';
}

/* Read the relays in words, as on a command line; as relaylist_read(). */
static int
read_words(int count, const char *const *words)
{
	struct options *options = options_new(&table);
	char text[MEMBERSHIP_RELAYS_MAX + 4][300];
	char *argv[MEMBERSHIP_RELAYS_MAX + 4];
	int result;

	ck_assert_ptr_nonnull(options);
	argv[0] = text[0];
	for (int i = 0; i < count; i++) {
		(void)snprintf(
		    text[i], sizeof(text[i]), "--relay=%s", words[i]);
		argv[i + 1] = text[i];
	}
	ck_assert_int_eq(options_argv_parse(options, count + 1, argv, &fault),
	    OPTIONS_ARGV_OK);
	result = relaylist_read(&list, options, &fault);
	options_free(options);
	return result;
}

START_TEST(what_is_added_is_in_lower_case_and_once)
{
	ck_assert_int_eq(relaylist_add(&list, "Relay.Example:7000"), 0);
	ck_assert_int_eq(relaylist_add(&list, "relay.example:7000"), 0);
	ck_assert_int_eq(relaylist_add(&list, "[2001:DB8::1]:7000"), 0);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.address[0], "relay.example:7000");
	ck_assert_str_eq(list.address[1], "[2001:db8::1]:7000");
}
END_TEST

START_TEST(what_is_no_address_is_not_added)
{
	ck_assert_int_eq(relaylist_add(&list, ""), -1);
	ck_assert_int_eq(relaylist_add(&list, "relay.example"), -1);
	ck_assert_int_eq(relaylist_add(&list, "relay.example:0"), -1);
	ck_assert_int_eq(relaylist_add(&list, "http://relay:7000"), -1);
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

/* Fill list with as many as it holds. */
static void
fill(void)
{
	char text[32];

	for (int i = 0; i < MEMBERSHIP_RELAYS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "r%d.example:7000", i);
		ck_assert_int_eq(relaylist_add(&list, text), 0);
	}
}

START_TEST(there_is_room_for_so_many)
{
	fill();
	ck_assert_int_eq(relaylist_add(&list, "more.example:7000"), -1);
	ck_assert_int_eq(relaylist_add(&list, "r3.example:7000"), 0);
	ck_assert_uint_eq(list.count, MEMBERSHIP_RELAYS_MAX);
}
END_TEST

START_TEST(a_membership_is_added_behind)
{
	struct membership membership = { .relays = 0 };

	ck_assert_int_eq(relaylist_add(&list, "b.example:1"), 0);
	ck_assert_int_eq(
	    membership_add_relay(&membership, "a.example:1", 11), 0);
	ck_assert_int_eq(
	    membership_add_relay(&membership, "b.example:1", 11), 0);
	relaylist_merge(&list, &membership);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.address[0], "b.example:1");
	ck_assert_str_eq(list.address[1], "a.example:1");
}
END_TEST

START_TEST(options_are_read)
{
	static const char *const words[] = { "A.example:7000", "10.0.0.1:1" };
	static const char *const bad[] = { "a.example:7000", "nonsense" };

	ck_assert_int_eq(read_words(2, words), 0);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.address[0], "a.example:7000");
	ck_assert_str_eq(list.address[1], "10.0.0.1:1");
	ck_assert_int_eq(read_words(0, NULL), 0);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_int_eq(read_words(2, bad), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "\"nonsense\" is no relay"));
}
END_TEST

START_TEST(too_many_options_are_refused)
{
	static const char *const words[] = { "a:1", "b:1", "c:1", "d:1", "e:1",
		"f:1", "g:1", "h:1", "i:1" };

	ck_assert_int_eq(read_words(MEMBERSHIP_RELAYS_MAX + 1, words), -1);
	ck_assert_ptr_nonnull(strstr(fault.text, "more than 8 relays"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("relaylist");
	TCase *tcase = tcase_create("relaylist");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, what_is_added_is_in_lower_case_and_once);
	tcase_add_test(tcase, what_is_no_address_is_not_added);
	tcase_add_test(tcase, there_is_room_for_so_many);
	tcase_add_test(tcase, a_membership_is_added_behind);
	tcase_add_test(tcase, options_are_read);
	tcase_add_test(tcase, too_many_options_are_refused);
	return unit_main(suite);
}
