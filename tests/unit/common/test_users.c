/* SPDX-License-Identifier: ISC */

#include "common/users.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fault.h"
#include "common/mem.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static char anna[USERS_HASH_LEN]; /* of "secret" */
static char bert[USERS_HASH_LEN]; /* of "" */
static struct users *users;
static struct fault fault;

/* Once for all cases: it takes its time. */
static void
hash_once(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(users_hash("secret", 6, anna), 0);
	ck_assert_int_eq(users_hash("", 0, bert), 0);
}

static void
teardown(void)
{
	users_free(users);
	users = NULL;
}

static struct users *
parse(const char *text)
{
	teardown();
	fault.text[0] = '\0';
	users = users_parse("users", text, strlen(text), &fault);
	return users;
}

/* Assert that pattern, with the hash of anna for each @, is refused. */
static void
refuses(const char *pattern, const char *words)
{
	char text[512] = "";
	size_t len = 0;

	for (; *pattern != '\0'; pattern++) {
		int n = *pattern == '@' ? (int)strlen(anna) : 1;

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%.*s",
		    n, *pattern == '@' ? anna : pattern);
	}
	ck_assert_ptr_null(parse(text));
	ck_assert_msg(strstr(fault.text, words) != NULL, "\"%s\"", fault.text);
}

static bool
finds(const char *name, const char *hash)
{
	char found[USERS_HASH_LEN];
	bool there = users_find(users, name, strlen(name), found);

	ck_assert_str_eq(found, hash);
	return there;
}

START_TEST(passwords)
{
	char again[USERS_HASH_LEN];

	ck_assert_str_ne(anna, bert);
	ck_assert_ptr_eq(strstr(anna, "$argon2id$"), anna);
	ck_assert(users_verify(anna, "secret", 6));
	ck_assert(!users_verify(anna, "secre", 5));
	ck_assert(!users_verify(anna, "Secret", 6));
	ck_assert(!users_verify(anna, "secret\0", 7));
	ck_assert(!users_verify(anna, "", 0));
	ck_assert(users_verify(bert, "", 0));
	ck_assert(!users_verify("", "", 0));
	/* With a salt of its own each time. */
	ck_assert_int_eq(users_hash("secret", 6, again), 0);
	ck_assert_str_ne(again, anna);
}
END_TEST

START_TEST(a_file)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "# who may\n\nanna:%s\nb\xc3\xa9rt:%s", anna, bert);
	ck_assert_ptr_nonnull(parse(text));
	ck_assert_uint_eq(users_count(users), 2);
	ck_assert(finds("anna", anna));
	ck_assert(finds("b\xc3\xa9rt", bert));
	/* Nobody, but with a hash that takes as long. */
	ck_assert(!finds("Anna", bert));
	ck_assert(!finds("ann", bert));
	ck_assert(!finds("annaa", bert));
	ck_assert(!finds("", bert));
	ck_assert(!finds("# who may", bert));
}
END_TEST

START_TEST(nobody)
{
	ck_assert_ptr_nonnull(parse("# nobody\n"));
	ck_assert_uint_eq(users_count(users), 0);
	ck_assert(!finds("anna", ""));
	ck_assert_ptr_nonnull(parse(""));
	ck_assert(!finds("", ""));
}
END_TEST

START_TEST(what_is_not_right)
{
	char cut[128];

	refuses("anna\n", "users:1: a user is written");
	refuses("\nanna:secret\n", "users:2: what follows the colon");
	refuses("anna:\n", "users:1: what follows");
	refuses("anna:@ \n", "users:1: what follows");
	refuses("anna:@\r\n", "users:1: what follows");
	refuses("anna:@@\n", "users:1: what follows");
	refuses(":@\n", "users:1: a name has 1");
	refuses("an na:@\n", "users:1: a name has no blanks");
	refuses(" anna:@\n", "users:1: a name has no blanks");
	refuses("anna:@\nanna:@\n", "users:2: this user is there");
	(void)snprintf(cut, sizeof(cut), "anna:%.40s\n", anna);
	refuses(cut, "users:1: what follows");
	ck_assert_ptr_null(users_parse("users", "#\0\n", 3, &fault));
	ck_assert_str_eq(fault.text, "users:1: a NUL byte");
	ck_assert_ptr_nonnull(users_name_flaw("#anna", 5));
	ck_assert_ptr_nonnull(users_name_flaw("an:na", 5));
	ck_assert_ptr_null(users_name_flaw("anna", 4));
}
END_TEST

START_TEST(one_too_many)
{
	char *text = mem_new(USERS_MAX + 1, 256);
	size_t len = 0;

	for (int i = 0; i <= USERS_MAX; i++) {
		if (i == USERS_MAX) {
			ck_assert_ptr_nonnull(parse(text));
			ck_assert_uint_eq(users_count(users), USERS_MAX);
			ck_assert(finds("user0", anna));
		}
		len +=
		    (size_t)snprintf(text + len, 256, "user%d:%s\n", i, anna);
	}
	ck_assert_ptr_null(parse(text));
	ck_assert_str_eq(fault.text, "users:257: more than 256 users");
	mem_free(text);
}
END_TEST

/* Change users to what users_change() says, and assert what it says. */
static void
change(const char *name, const char *hash, const char *want)
{
	char *text = users_change(users, name, hash);

	ck_assert_str_eq(text, want);
	ck_assert_ptr_nonnull(parse(text));
	mem_free(text);
}

START_TEST(changes)
{
	char want[1024];

	(void)snprintf(want, sizeof(want), "anna:%s\n", anna);
	change("anna", anna, want);
	ck_assert_ptr_nonnull(parse("# first"));
	(void)snprintf(want, sizeof(want), "# first\nanna:%s\n", anna);
	change("anna", anna, want);
	(void)snprintf(
	    want, sizeof(want), "# first\nanna:%s\nbert:%s\n", anna, bert);
	change("bert", bert, want);
	(void)snprintf(
	    want, sizeof(want), "# first\nanna:%s\nbert:%s\n", bert, bert);
	change("anna", bert, want);
	(void)snprintf(want, sizeof(want), "# first\nbert:%s\n", bert);
	change("anna", NULL, want);
	change("carl", NULL, want);
	change("bert", NULL, "# first\n");
}
END_TEST

START_TEST(a_file_of_our_own)
{
	char dir[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];
	char text[256];

	tempdir_new(dir);
	tempdir_file(dir, "users", path);
	ck_assert_ptr_null(users_load(path, &fault));
	ck_assert_ptr_nonnull(strstr(fault.text, "No such file"));
	(void)snprintf(text, sizeof(text), "anna:%s\n", anna);
	tempdir_write(path, text);
	users = users_load(path, &fault);
	ck_assert_msg(users != NULL, "%s", fault.text);
	ck_assert(finds("anna", anna));
	teardown();
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_ptr_null(users_load(path, &fault));
	ck_assert_ptr_nonnull(strstr(fault.text, "chmod 600"));
	tempdir_remove(dir);
}
END_TEST

START_TEST(out_of_memory)
{
	failalloc_after(1);
	ck_assert_ptr_null(parse("#\n"));
	failalloc_off();
	ck_assert_str_eq(fault.text, "users: out of memory");
	ck_assert_ptr_nonnull(parse("#\n"));
	failalloc_after(1);
	ck_assert_ptr_null(users_change(users, "anna", anna));
	failalloc_off();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("users");
	TCase *tests = tcase_create("tests");

	tcase_add_unchecked_fixture(tests, hash_once, NULL);
	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_test(tests, passwords);
	tcase_add_test(tests, a_file);
	tcase_add_test(tests, nobody);
	tcase_add_test(tests, what_is_not_right);
	tcase_add_test(tests, one_too_many);
	tcase_add_test(tests, changes);
	tcase_add_test(tests, a_file_of_our_own);
	tcase_add_test(tests, out_of_memory);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
