/* SPDX-License-Identifier: ISC */
#include "protocol/scout.h"

#include <string.h>

#include "common/loop.h"
#include "protocol/uplink.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/relayrig.h"
#include "tests/support/unit.h"

/* Of the relay that serves meanwhile. */
#define OTHER 7

static struct relayrig rig;
static struct scout *scout;
static struct uplink *found;
static int finds;

static void
on_found(struct uplink *uplink, const struct linkmsg_result *result, void *arg)
{
	ck_assert_ptr_eq(arg, &rig);
	ck_assert_uint_eq(result->incarnation, rig.relay[0].incarnation);
	ck_assert_ptr_nonnull(uplink_link(uplink));
	ck_assert(!scout_is_trying(scout));
	finds++;
	found = uplink;
}

static void
setup(void)
{
	struct uplink_config config;

	relayrig_open(&rig, 2);
	config = relayrig_config(&rig);
	found = NULL;
	finds = 0;
	scout = scout_new(
	    rig.loop, rig.resolver, &config, 5 * LIMITS_MSEC, on_found, &rig);
	ck_assert_ptr_nonnull(scout);
}

static void
teardown(void)
{
	uplink_free(found);
	scout_free(scout);
	relayrig_close(&rig);
}

START_TEST(it_looks_twice)
{
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &finds, 1));
	ck_assert_int_eq(rig.relay[0].logins, 2);
	ck_assert_int_eq(rig.relay[1].logins, 0);
	/* And then no more. */
	relayrig_linger(&rig, 50 * LIMITS_MSEC);
	ck_assert_int_eq(rig.relay[0].logins, 2);
	/* What it found lives on. */
	ck_assert_ptr_nonnull(uplink_link(found));
	ck_assert_uint_eq(uplink_relay(found), 0);
}
END_TEST

START_TEST(it_looks_until_the_relay_is_back)
{
	relayrig_leave(&rig, 0);
	scout_start(scout, OTHER);
	relayrig_linger(&rig, 100 * LIMITS_MSEC);
	ck_assert_int_eq(finds, 0);
	relayrig_return(&rig, 0);
	ck_assert(await_count(rig.loop, &finds, 1));
	ck_assert_int_eq(rig.relay[0].logins, 2);
}
END_TEST

/* One that was seen, and then was away, has to be seen twice again. */
START_TEST(a_relay_that_comes_and_goes_is_not_found)
{
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &rig.relay[0].logins, 1));
	relayrig_leave(&rig, 0);
	relayrig_linger(&rig, 50 * LIMITS_MSEC);
	relayrig_return(&rig, 0);
	ck_assert(await_count(rig.loop, &finds, 1));
	ck_assert_int_eq(rig.relay[0].logins, 3);
}
END_TEST

START_TEST(the_same_relay_is_found_at_once)
{
	rig.relay[0].incarnation = OTHER;
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &finds, 1));
	ck_assert_int_eq(rig.relay[0].logins, 1);
}
END_TEST

START_TEST(it_starts_and_stops)
{
	scout_stop(scout);
	scout_start(scout, OTHER);
	/* Again is no news. */
	scout_start(scout, OTHER);
	scout_stop(scout);
	relayrig_linger(&rig, 50 * LIMITS_MSEC);
	ck_assert_int_eq(rig.relay[0].logins, 0);
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &rig.relay[0].logins, 1));
	scout_stop(scout);
	relayrig_linger(&rig, 50 * LIMITS_MSEC);
	ck_assert_int_eq(rig.relay[0].logins, 1);
	ck_assert_int_eq(finds, 0);
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &finds, 1));
}
END_TEST

/* Relapses stretch what is between two looks; a good link ends that. */
START_TEST(it_does_not_follow_one_that_does_not_last)
{
	for (int i = 0; i < 40; i++) {
		scout_note_loss(scout, LIMITS_SEC);
	}
	scout_start(scout, OTHER);
	/* Of a range of 15 minutes. */
	relayrig_linger(&rig, 100 * LIMITS_MSEC);
	ck_assert_int_eq(rig.relay[0].logins, 0);
	scout_stop(scout);
	scout_note_loss(scout, SCOUT_YOUNG);
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &finds, 1));
}
END_TEST

START_TEST(freed_at_any_time)
{
	scout_free(NULL);
	scout_start(scout, OTHER);
	ck_assert(await_count(rig.loop, &rig.relay[0].logins, 1));
	scout_free(scout);
	scout = NULL;
	relayrig_linger(&rig, 50 * LIMITS_MSEC);
	ck_assert_int_eq(finds, 0);
}
END_TEST

START_TEST(without_memory_it_looks_later)
{
	scout_start(scout, OTHER);
	for (long n = 1; n < 12; n++) {
		failalloc_after(n);
		relayrig_linger(&rig, 20 * LIMITS_MSEC);
		failalloc_off();
	}
	ck_assert(await_count(rig.loop, &finds, 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scout");
	TCase *tcase = tcase_create("scout");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, it_looks_twice);
	tcase_add_test(tcase, it_looks_until_the_relay_is_back);
	tcase_add_test(tcase, a_relay_that_comes_and_goes_is_not_found);
	tcase_add_test(tcase, the_same_relay_is_found_at_once);
	tcase_add_test(tcase, it_starts_and_stops);
	tcase_add_test(tcase, it_does_not_follow_one_that_does_not_last);
	tcase_add_test(tcase, freed_at_any_time);
	tcase_add_test(tcase, without_memory_it_looks_later);
	return unit_main(suite);
}
