/* SPDX-License-Identifier: ISC */
#include "relay/rivals.h"

#include <string.h>

#include "tests/support/unit.h"

/* A link of the program with this boot id; replaces last if that is there. */
struct run {
	struct rivals last;
	bool is_first;
	uint64_t now;
};

static struct run run;

static void
setup(void)
{
	memset(&run, 0, sizeof(run));
	run.is_first = true;
	run.now = LIMITS_SEC;
}

/* Let the program that is called name log in. */
static enum rivals_verdict
login(char name)
{
	enum rivals_verdict verdict = RIVALS_RETURN;
	struct rivals next;
	uint8_t boot[LINKHELLO_BOOT_LEN];

	memset(&next, 0, sizeof(next));
	memset(boot, name, sizeof(boot));
	rivals_login(&next, boot);
	if (!run.is_first) {
		verdict = rivals_replace(&next, &run.last, run.now);
	}
	run.is_first = false;
	run.last = next;
	return verdict;
}

START_TEST(a_program_may_come_back)
{
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(login('a'), RIVALS_RETURN);
	}
}
END_TEST

START_TEST(a_program_may_be_started_anew)
{
	ck_assert_int_eq(login('a'), RIVALS_RETURN);
	ck_assert_int_eq(login('b'), RIVALS_ANOTHER);
	ck_assert_int_eq(login('b'), RIVALS_RETURN);
	ck_assert_int_eq(login('c'), RIVALS_ANOTHER);
}
END_TEST

START_TEST(two_that_take_turns_fight)
{
	(void)login('a');
	ck_assert_int_eq(login('b'), RIVALS_ANOTHER);
	ck_assert_int_eq(login('a'), RIVALS_FIGHT);
}
END_TEST

/* Each may lose its connection in between. */
START_TEST(a_return_does_not_hide_a_fight)
{
	(void)login('a');
	(void)login('b');
	ck_assert_int_eq(login('b'), RIVALS_RETURN);
	ck_assert_int_eq(login('a'), RIVALS_FIGHT);
}
END_TEST

START_TEST(a_fight_is_told_once_in_a_while)
{
	(void)login('a');
	(void)login('b');
	ck_assert_int_eq(login('a'), RIVALS_FIGHT);
	run.now += RIVALS_QUIET / 2;
	ck_assert_int_eq(login('b'), RIVALS_ANOTHER);
	ck_assert_int_eq(login('b'), RIVALS_RETURN);
	run.now += RIVALS_QUIET / 2 - 1;
	ck_assert_int_eq(login('a'), RIVALS_ANOTHER);
	run.now += 1;
	ck_assert_int_eq(login('b'), RIVALS_FIGHT);
	ck_assert_int_eq(login('a'), RIVALS_ANOTHER);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rivals");
	TCase *tcase = tcase_create("rivals");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, a_program_may_come_back);
	tcase_add_test(tcase, a_program_may_be_started_anew);
	tcase_add_test(tcase, two_that_take_turns_fight);
	tcase_add_test(tcase, a_return_does_not_hide_a_fight);
	tcase_add_test(tcase, a_fight_is_told_once_in_a_while);
	return unit_main(suite);
}
