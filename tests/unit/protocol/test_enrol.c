/* SPDX-License-Identifier: ISC */

#include "protocol/enrol.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fault.h"
#include "common/statedir.h"
#include "protocol/joinstring.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static char top[TEMPDIR_LEN];
static struct fault fault;
static struct statedir *dir;
static struct enrol *enrol;

/* Open top as the state of a device with role. */
static enum file_result
open_as(enum linkhello_role role)
{
	enrol_free(enrol);
	statedir_free(dir);
	enrol = NULL;
	ck_assert_int_eq(statedir_open(&dir, top, &fault), FILE_OK);
	return enrol_open(&enrol, dir, role, &fault);
}

/* Start again, as an agent. */
static void
start_again(void)
{
	ck_assert_msg(open_as(LINKHELLO_AGENT) == FILE_OK, "%s", fault.text);
}

static void
setup(void)
{
	tempdir_new(top);
	dir = NULL;
	enrol = NULL;
	start_again();
}

static void
teardown(void)
{
	enrol_free(enrol);
	statedir_free(dir);
	tempdir_remove(top);
}

/* Write a join string for role, telling it apart by mark, to out. */
static void
make_string(enum linkhello_role role, uint8_t mark, char out[JOINSTRING_MAX])
{
	struct membership membership = {
		.role = role,
		.user = "alice",
		.name = "office",
		.has_token = true,
		.key_kind = role == LINKHELLO_AGENT ? MEMBERSHIP_KEY_HOST
						    : MEMBERSHIP_KEY_NONE,
		.epoch = role == LINKHELLO_AGENT ? 1 : 0,
	};
	const char *relay = mark == 1 ? "one.example:7000" : "two.example:7000";

	ck_assert_int_eq(
	    membership_add_relay(&membership, relay, strlen(relay)), 0);
	memset(membership.relay_public, 9, sizeof(membership.relay_public));
	memset(membership.token, mark, sizeof(membership.token));
	if (role == LINKHELLO_AGENT) {
		memset(membership.key, 7, sizeof(membership.key));
	}
	ck_assert_msg(joinstring_encode(&membership, out) > 0, "%s",
	    membership_flaw(&membership));
}

/* Take the agent's string with mark. */
static enum code
take(uint8_t mark)
{
	char string[JOINSTRING_MAX];

	make_string(LINKHELLO_AGENT, mark, string);
	return enrol_take(enrol, string, NULL, NULL, &fault);
}

/* Return true when the state has the file name. */
static bool
has_file(const char *name)
{
	char path[TEMPDIR_LEN];
	struct stat st;

	if (stat(tempdir_file(top, name, path), &st) != 0) {
		return false;
	}
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	return true;
}

START_TEST(key_is_made_once)
{
	uint8_t first[KEYS_LEN];
	uint8_t public[KEYS_LEN];

	memcpy(first, enrol_public_key(enrol), KEYS_LEN);
	ck_assert(has_file("device.key"));
	start_again();
	ck_assert_mem_eq(enrol_public_key(enrol), first, KEYS_LEN);
	ck_assert_int_eq(keys_public(enrol_secret_key(enrol), public), 0);
	ck_assert_mem_eq(public, first, KEYS_LEN);
	ck_assert_ptr_null(enrol_membership(enrol));
	ck_assert(!enrol_is_joining(enrol));
}
END_TEST

START_TEST(damaged_key_is_not_replaced)
{
	static const char *const bad[] = { "", "\n", "abc\n",
		"zz00000000000000000000000000000000000000000000000000000000"
		"00000000\n",
		"0000000000000000000000000000000000000000000000000000000000"
		"00000000 \n" };
	char path[TEMPDIR_LEN];
	char text[128];

	(void)tempdir_file(top, "device.key", path);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tempdir_write(path, bad[i]);
		ck_assert_int_eq(open_as(LINKHELLO_AGENT), FILE_FAILED);
		ck_assert_ptr_nonnull(strstr(fault.text, "device.key"));
		ck_assert_int_eq(tempdir_read(path, text, sizeof(text)), 0);
		ck_assert_str_eq(text, bad[i]);
	}
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(open_as(LINKHELLO_AGENT), FILE_DENIED);
}
END_TEST

START_TEST(string_is_used_from_the_start)
{
	const struct membership *membership;

	ck_assert_int_eq(take(1), CODE_OK);
	membership = enrol_membership(enrol);
	ck_assert_ptr_nonnull(membership);
	ck_assert_str_eq(membership->name, "office");
	ck_assert(membership->has_token);
	ck_assert(enrol_is_joining(enrol));
	ck_assert(has_file("joining"));
	ck_assert(!has_file("membership"));
	/* After a crash it is still there. */
	start_again();
	membership = enrol_membership(enrol);
	ck_assert_ptr_nonnull(membership);
	ck_assert(enrol_is_joining(enrol));
	ck_assert(membership->has_token);
	ck_assert_uint_eq(membership->token[31], 1);
}
END_TEST

START_TEST(confirmed_string_is_used_up)
{
	const struct membership *membership;
	char path[TEMPDIR_LEN];
	char text[MEMBERSHIP_TEXT_MAX];

	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert(!enrol_is_joining(enrol));
	ck_assert(!has_file("joining"));
	ck_assert_int_eq(tempdir_read(tempdir_file(top, "membership", path),
			     text, sizeof(text)),
	    0);
	ck_assert_ptr_null(strstr(text, "token"));
	for (int i = 0; i < 2; i++) {
		membership = enrol_membership(enrol);
		ck_assert_ptr_nonnull(membership);
		ck_assert(!membership->has_token);
		ck_assert_uint_eq(membership->token[0], 0);
		ck_assert_int_eq(take(1), CODE_JOIN_USED);
		ck_assert(!enrol_is_joining(enrol));
		start_again();
	}
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(take(2), CODE_OK);
	ck_assert(enrol_is_joining(enrol));
}
END_TEST

/* Adds a key, as a gateway does. */
static int
add_key(struct membership *membership, void *arg)
{
	uint8_t *next = arg;

	membership->key_kind = MEMBERSHIP_KEY_ACCOUNT;
	membership->epoch = 1;
	memset(membership->key, (*next)++, KEYS_LEN);
	return 0;
}

/* Refuses. */
static int
refuse(struct membership *membership, void *arg)
{
	(void)membership;
	(void)arg;
	return -1;
}

START_TEST(key_that_was_made_is_kept)
{
	char string[JOINSTRING_MAX];
	uint8_t next = 100;

	ck_assert_int_eq(open_as(LINKHELLO_GATEWAY), FILE_OK);
	make_string(LINKHELLO_GATEWAY, 1, string);
	ck_assert_int_eq(enrol_take(enrol, string, refuse, NULL, &fault),
	    CODE_LOGIN_REFUSED);
	ck_assert_ptr_null(enrol_membership(enrol));
	ck_assert_int_eq(
	    enrol_take(enrol, string, add_key, &next, &fault), CODE_OK);
	ck_assert_uint_eq(enrol_membership(enrol)->key[0], 100);
	/* The same string again, now and after a crash. */
	ck_assert_int_eq(
	    enrol_take(enrol, string, add_key, &next, &fault), CODE_OK);
	ck_assert_uint_eq(enrol_membership(enrol)->key[0], 100);
	ck_assert_int_eq(open_as(LINKHELLO_GATEWAY), FILE_OK);
	ck_assert_int_eq(
	    enrol_take(enrol, string, add_key, &next, &fault), CODE_OK);
	ck_assert_uint_eq(enrol_membership(enrol)->key[0], 100);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_uint_eq(enrol_membership(enrol)->key[0], 100);
}
END_TEST

START_TEST(refused_string_makes_way)
{
	ck_assert(!enrol_revert(enrol));
	ck_assert_int_eq(take(1), CODE_OK);
	/* Nothing to go back to: it is tried again. */
	ck_assert(!enrol_revert(enrol));
	ck_assert(enrol_is_joining(enrol));
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	for (int restart = 0; restart < 2; restart++) {
		ck_assert_int_eq(take(2), CODE_OK);
		ck_assert_str_eq(
		    enrol_membership(enrol)->relay[0], "two.example:7000");
		if (restart) {
			start_again();
		}
		ck_assert(enrol_revert(enrol));
		ck_assert(!enrol_is_joining(enrol));
		ck_assert_str_eq(
		    enrol_membership(enrol)->relay[0], "one.example:7000");
		ck_assert(!has_file("joining"));
		start_again();
		ck_assert_str_eq(
		    enrol_membership(enrol)->relay[0], "one.example:7000");
	}
}
END_TEST

START_TEST(newest_string_wins)
{
	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(take(2), CODE_OK);
	ck_assert_str_eq(enrol_membership(enrol)->relay[0], "two.example:7000");
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(take(2), CODE_JOIN_USED);
}
END_TEST

START_TEST(bad_strings_are_explained)
{
	char string[JOINSTRING_MAX];

	ck_assert_int_eq(
	    enrol_take(enrol, "hello", NULL, NULL, &fault), CODE_JOIN_TYPO);
	make_string(LINKHELLO_AGENT, 1, string);
	string[30] = string[30] == 'a' ? 'b' : 'a';
	ck_assert_int_eq(
	    enrol_take(enrol, string, NULL, NULL, &fault), CODE_JOIN_TYPO);
	ck_assert_msg(
	    strstr(fault.text, "character 31") != NULL, "%s", fault.text);
	make_string(LINKHELLO_GATEWAY, 1, string);
	ck_assert_int_eq(
	    enrol_take(enrol, string, NULL, NULL, &fault), CODE_LOGIN_REFUSED);
	ck_assert_str_eq(
	    fault.text, "The join string is for a gateway, this is an agent.");
	ck_assert_ptr_null(enrol_membership(enrol));
	ck_assert(!has_file("joining"));
}
END_TEST

START_TEST(left_string_is_taken)
{
	char string[JOINSTRING_MAX + 1];
	char path[TEMPDIR_LEN];

	(void)tempdir_file(top, "join", path);
	ck_assert_int_eq(enrol_take_left(enrol, NULL, NULL, &fault), CODE_OK);
	ck_assert_ptr_null(enrol_membership(enrol));
	make_string(LINKHELLO_AGENT, 1, string);
	(void)snprintf(string + strlen(string), 2, "\n");
	tempdir_write(path, string);
	ck_assert_int_eq(enrol_take_left(enrol, NULL, NULL, &fault), CODE_OK);
	ck_assert(enrol_is_joining(enrol));
	ck_assert(!has_file("join"));
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	/* Without the line end it is the same string. */
	ck_assert_int_eq(take(1), CODE_JOIN_USED);
	tempdir_write(path, string);
	ck_assert_int_eq(
	    enrol_take_left(enrol, NULL, NULL, &fault), CODE_JOIN_USED);
	ck_assert(!has_file("join"));
	tempdir_write(path, "nonsense");
	ck_assert_int_eq(
	    enrol_take_left(enrol, NULL, NULL, &fault), CODE_JOIN_TYPO);
	ck_assert(has_file("join"));
}
END_TEST

START_TEST(leaving_forgets)
{
	uint8_t key[KEYS_LEN];

	memcpy(key, enrol_public_key(enrol), KEYS_LEN);
	ck_assert_int_eq(enrol_leave(enrol, &fault), 0);
	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(take(2), CODE_OK);
	ck_assert_int_eq(enrol_leave(enrol, &fault), 0);
	ck_assert_ptr_null(enrol_membership(enrol));
	ck_assert(!enrol_is_joining(enrol));
	ck_assert(!enrol_revert(enrol));
	start_again();
	ck_assert_ptr_null(enrol_membership(enrol));
	ck_assert_mem_eq(enrol_public_key(enrol), key, KEYS_LEN);
	ck_assert_int_eq(take(1), CODE_JOIN_USED);
}
END_TEST

static int
give_key(struct membership *membership, void *arg)
{
	(void)arg;
	membership->key_kind = MEMBERSHIP_KEY_ACCOUNT;
	membership->epoch = 1;
	return 0;
}

/* A gateway is called what the relay calls it; an agent's name is its key's. */
START_TEST(a_gateway_learns_its_name)
{
	struct linkmsg_result result = { .name = "office-2" };
	char string[JOINSTRING_MAX];

	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_learn(enrol, &result, &fault), 0);
	ck_assert_str_eq(enrol_membership(enrol)->name, "office");
	teardown();
	tempdir_new(top);
	dir = NULL;
	enrol = NULL;
	ck_assert_int_eq(open_as(LINKHELLO_GATEWAY), FILE_OK);
	make_string(LINKHELLO_GATEWAY, 1, string);
	ck_assert_int_eq(
	    enrol_take(enrol, string, give_key, NULL, &fault), CODE_OK);
	ck_assert_int_eq(enrol_learn(enrol, &result, &fault), 0);
	ck_assert_str_eq(enrol_membership(enrol)->name, "office-2");
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(open_as(LINKHELLO_GATEWAY), FILE_OK);
	ck_assert_str_eq(enrol_membership(enrol)->name, "office-2");
	(void)snprintf(result.name, sizeof(result.name), "-");
	ck_assert_int_eq(enrol_learn(enrol, &result, &fault), 0);
	ck_assert_str_eq(enrol_membership(enrol)->name, "office-2");
}
END_TEST

START_TEST(relays_are_added)
{
	struct linkmsg_result result = { .relays = 3,
		.relay = { "three.example:1", "one.example:7000", "bad" } };
	const struct membership *membership;

	ck_assert_int_eq(enrol_learn(enrol, &result, &fault), 0);
	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_learn(enrol, &result, &fault), 0);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	start_again();
	membership = enrol_membership(enrol);
	ck_assert_uint_eq(membership->relays, 2);
	ck_assert_str_eq(membership->relay[0], "one.example:7000");
	ck_assert_str_eq(membership->relay[1], "three.example:1");
	result.relays = 1;
	for (unsigned i = 0; i < 2 * MEMBERSHIP_RELAYS_MAX; i++) {
		(void)snprintf(result.relay[0], sizeof(result.relay[0]),
		    "r%u.example:1", i);
		ck_assert_int_eq(enrol_learn(enrol, &result, &fault), 0);
	}
	start_again();
	membership = enrol_membership(enrol);
	ck_assert_uint_eq(membership->relays, MEMBERSHIP_RELAYS_MAX);
	ck_assert_str_eq(membership->relay[0], "one.example:7000");
}
END_TEST

START_TEST(key_can_be_replaced)
{
	uint8_t key[KEYS_LEN];

	memset(key, 77, sizeof(key));
	ck_assert_int_eq(enrol_set_key(enrol, key, 2, &fault), -1);
	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(enrol_set_key(enrol, key, 2, &fault), 0);
	start_again();
	ck_assert_mem_eq(enrol_membership(enrol)->key, key, KEYS_LEN);
	ck_assert_uint_eq(enrol_membership(enrol)->epoch, 2);
}
END_TEST

START_TEST(damaged_files_are_named)
{
	char path[TEMPDIR_LEN];

	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(open_as(LINKHELLO_GATEWAY), FILE_FAILED);
	ck_assert_ptr_nonnull(strstr(fault.text, "belongs to an agent"));
	tempdir_write(tempdir_file(top, "membership", path),
	    "inroad-membership 1\nrelay nonsense\n");
	ck_assert_int_eq(open_as(LINKHELLO_AGENT), FILE_FAILED);
	ck_assert_ptr_nonnull(strstr(fault.text, "membership, line 2"));
	ck_assert_int_eq(remove(path), 0);
	tempdir_write(tempdir_file(top, "joining", path), "abc");
	ck_assert_int_eq(open_as(LINKHELLO_AGENT), FILE_FAILED);
	ck_assert_ptr_nonnull(strstr(fault.text, "joining, line 2"));
	ck_assert_int_eq(remove(path), 0);
	start_again();
}
END_TEST

START_TEST(digests_are_bounded)
{
	char path[TEMPDIR_LEN];
	char text[16384];
	struct stat st;
	size_t len = 0;

	for (unsigned i = 0; i < 128; i++) {
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "%064u\n", i);
	}
	tempdir_write(tempdir_file(top, "joined", path), text);
	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 128 * 65);
	ck_assert_int_eq(take(1), CODE_JOIN_USED);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	ck_assert_int_eq(take(1), CODE_OK);
	ck_assert_int_eq(enrol_confirm(enrol, &fault), 0);
	for (long n = 1; failed; n++) {
		struct enrol *other = NULL;
		enum file_result result;

		failalloc_after(n);
		result = enrol_open(&other, dir, LINKHELLO_AGENT, &fault);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert((result == FILE_OK) == !failed);
		ck_assert((other != NULL) == !failed);
		enrol_free(other);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("enrol");
	TCase *tcase = tcase_create("enrol");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, key_is_made_once);
	tcase_add_test(tcase, damaged_key_is_not_replaced);
	tcase_add_test(tcase, string_is_used_from_the_start);
	tcase_add_test(tcase, confirmed_string_is_used_up);
	tcase_add_test(tcase, key_that_was_made_is_kept);
	tcase_add_test(tcase, refused_string_makes_way);
	tcase_add_test(tcase, newest_string_wins);
	tcase_add_test(tcase, bad_strings_are_explained);
	tcase_add_test(tcase, left_string_is_taken);
	tcase_add_test(tcase, leaving_forgets);
	tcase_add_test(tcase, relays_are_added);
	tcase_add_test(tcase, a_gateway_learns_its_name);
	tcase_add_test(tcase, key_can_be_replaced);
	tcase_add_test(tcase, damaged_files_are_named);
	tcase_add_test(tcase, digests_are_bounded);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
