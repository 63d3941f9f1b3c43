/* SPDX-License-Identifier: ISC */
#include "relay/rules.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

static struct rules *rules;
static int64_t last_id;

static void
setup(void)
{
	rules = rules_new();
	ck_assert_ptr_nonnull(rules);
	last_id = 0;
}

static void
teardown(void)
{
	rules_free(rules);
}

/* Add a rule at place; its id is the next one. */
static void
add(int64_t place, bool allow, const char *user, const char *target)
{
	struct store_rule row = {
		.id = ++last_id, .place = place, .allow = allow
	};
	struct rule *rule;

	ck_assert_int_eq(rules_parse(user, target, &row), 0);
	rule = rules_make(&row);
	ck_assert_ptr_nonnull(rule);
	rules_insert(rules, rule);
}

/* Return the id of the rule that denies, 0: none does. */
static int64_t
judged(const char *user, const char *owner, const char *host)
{
	const struct store_rule *row = rules_judge(rules, user, owner, host);

	return row != NULL ? row->id : 0;
}

START_TEST(without_rules_nothing_is_taken_away)
{
	ck_assert_int_eq(judged("bob", "alice", "office"), 0);
	add(1, true, "*", "*");
	ck_assert_int_eq(judged("bob", "alice", "office"), 0);
}
END_TEST

START_TEST(patterns_stand_for_names)
{
	static const struct {
		const char *user;
		const char *target;
		bool fits; /* bob, alice, db-1 */
	} cases[] = {
		{ "bob", "alice/db-1", true },
		{ "BOB", "Alice/DB-1", true },
		{ "*", "*", true },
		{ "b*", "*ice/d*1", true },
		{ "bob*", "alice*/*db-1", true },
		{ "*b", "a*e/*", true },
		{ "bo", "alice/db-1", false },
		{ "bobby", "alice/db-1", false },
		{ "b*bo", "*", false },
		{ "bob*b", "*", false },
		{ "bob", "alic/db-1", false },
		{ "bob", "alice/db-", false },
		{ "bob", "alice/*2", false },
		{ "carol", "*", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add(1, false, cases[i].user, cases[i].target);
		ck_assert_msg(judged("bob", "alice", "db-1") ==
				  (cases[i].fits ? last_id : 0),
		    "%s %s", cases[i].user, cases[i].target);
		rules_drop(rules, last_id);
	}
	ck_assert_uint_eq(rules_count(rules), 0);
}
END_TEST

START_TEST(what_is_no_pattern_is_refused)
{
	static const char *const wrong[][2] = {
		{ "", "*" },
		{ "bob", "" },
		{ "bob", "office" },
		{ "bob", "/office" },
		{ "bob", "alice/" },
		{ "bob", "alice/a/b" },
		{ "b**", "*" },
		{ "*b*", "*" },
		{ "bob", "*a*/x" },
		{ "bob", "alice/*a*" },
		{ "b b", "*" },
		{ "b?b", "*" },
		{ "bob", "alice/a.b" },
	};
	char text[2 * NAME_USER_MAX];
	struct store_rule row = { .id = 5 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(rules_parse(wrong[i][0], wrong[i][1], &row) == -1,
		    "%s %s", wrong[i][0], wrong[i][1]);
	}
	memset(text, 'a', NAME_USER_MAX + 1);
	(void)snprintf(
	    text + NAME_USER_MAX + 1, sizeof(text) - NAME_USER_MAX - 1, "/x");
	ck_assert_int_eq(rules_parse("bob", text, &row), -1);
	ck_assert_int_eq(rules_parse("bob", text + 1, &row), 0);
	ck_assert_int_eq(row.id, 5);
	ck_assert_int_eq(rules_parse("j.d_1@x+y-z", "a.b/c", &row), 0);
}
END_TEST

START_TEST(the_first_that_fits_decides)
{
	const struct store_rule *row = NULL;
	int64_t place = 0;

	add(1, false, "*", "alice/*");
	ck_assert_int_eq(judged("bob", "alice", "db"), 1);
	/* In front of it an exception, behind it none. */
	add(2, true, "bob", "alice/db");
	ck_assert_int_eq(judged("bob", "alice", "db"), 1);
	add(1, true, "bob", "alice/db");
	ck_assert_int_eq(judged("bob", "alice", "db"), 0);
	ck_assert_int_eq(judged("bob", "alice", "web"), 1);
	ck_assert_int_eq(judged("carol", "alice", "db"), 1);
	add(2, false, "bob", "*");
	ck_assert_int_eq(judged("bob", "alice", "db"), 0);
	ck_assert_int_eq(judged("bob", "alice", "web"), 4);
	rules_drop(rules, 3);
	ck_assert_int_eq(judged("bob", "alice", "db"), 4);
	rules_drop(rules, 99);
	ck_assert_uint_eq(rules_count(rules), 3);
	while ((row = rules_next(rules, row)) != NULL) {
		ck_assert_int_gt(row->place, place);
		place = row->place;
	}
	ck_assert_int_eq(rules_find(rules, 2)->allow, true);
	ck_assert_ptr_null(rules_find(rules, 3));
}
END_TEST

START_TEST(rules_have_words)
{
	char text[RULES_TEXT_LEN];
	char told[LIMITS_TEXT_LEN];
	struct store_rule row = { .id = INT64_MAX };

	ck_assert_int_eq(rules_parse("Bob", "*", &row), 0);
	ck_assert_str_eq(rules_format(&row, text), "deny bob */*");
	memset(row.user, 'u', NAME_USER_MAX);
	memset(row.owner, 'o', NAME_USER_MAX);
	memset(row.host, 'h', NAME_HOST_MAX);
	row.allow = true;
	ck_assert_uint_eq(strlen(rules_format(&row, text)),
	    strlen("allow  /") + 2 * NAME_USER_MAX + NAME_HOST_MAX);
	/* The longest is told whole. */
	ck_assert_str_eq(rules_explain(&row, told) + strlen(told) - 2, "h.");
}
END_TEST

START_TEST(no_memory_is_no_rule)
{
	struct store_rule row = { .id = 1 };

	failalloc_after(1);
	ck_assert_ptr_null(rules_make(&row));
	failalloc_after(1);
	ck_assert_ptr_null(rules_new());
	failalloc_off();
	rules_discard(NULL);
	rules_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_rules_nothing_is_taken_away);
	tcase_add_test(tcase, patterns_stand_for_names);
	tcase_add_test(tcase, what_is_no_pattern_is_refused);
	tcase_add_test(tcase, the_first_that_fits_decides);
	tcase_add_test(tcase, rules_have_words);
	tcase_add_test(tcase, no_memory_is_no_rule);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
