/* SPDX-License-Identifier: ISC */
/*
 * An endpoint that has several relays to go to (PROTOCOL.md section 4).
 */
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/uplink.h"
#include "tests/support/await.h"
#include "tests/support/relayrig.h"
#include "tests/support/unit.h"

static struct relayrig rig;
static struct uplink *uplink;
static int ups;
static int downs;
static enum code code;
static char text[LIMITS_TEXT_LEN];
static uint64_t retry_ns;
static bool urgent;

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	(void)link;
	(void)result;
	(void)arg;
	ups++;
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	(void)link;
	(void)type;
	(void)channel;
	(void)payload;
	(void)len;
	(void)arg;
}

static void
on_down(enum code why, const char *words, uint64_t retry, void *arg)
{
	(void)arg;
	downs++;
	code = why;
	(void)snprintf(text, sizeof(text), "%s", words);
	retry_ns = retry;
}

static bool
is_urgent(void *arg)
{
	(void)arg;
	return urgent;
}

static const struct uplink_ops ops = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
	.is_urgent = is_urgent,
};

static void
setup(void)
{
	ups = 0;
	downs = 0;
	urgent = false;
	uplink = NULL;
	relayrig_open(&rig, 3);
}

static void
teardown(void)
{
	uplink_free(uplink);
	relayrig_close(&rig);
}

/* Start an uplink whose links are good ones after good_age. */
static void
start(uint64_t good_age)
{
	struct uplink_config config = relayrig_config(&rig);

	config.ops = &ops;
	config.good_age = good_age;
	uplink = uplink_new(rig.loop, rig.resolver, &config);
	ck_assert_ptr_nonnull(uplink);
	uplink_start(uplink);
}

/* --- going round ---------------------------------------------------------- */

START_TEST(the_first_one_is_preferred)
{
	start(0);
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 0);
	ck_assert_int_eq(rig.relay[1].logins, 0);
}
END_TEST

START_TEST(a_relay_that_goes_is_followed_by_the_next)
{
	start(0);
	ck_assert(await_count(rig.loop, &ups, 1));
	relayrig_leave(&rig, 0);
	ck_assert(await_count(rig.loop, &ups, 2));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
	/* The attempts in between are no news. */
	ck_assert_int_eq(downs, 1);
}
END_TEST

START_TEST(a_link_that_is_lost_comes_back_to_the_same_relay)
{
	relayrig_leave(&rig, 0);
	start(1);
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
	relayrig_return(&rig, 0);
	relayrig_cut(&rig, 1);
	ck_assert(await_count(rig.loop, &ups, 2));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
	ck_assert_int_eq(rig.relay[0].logins, 0);
}
END_TEST

START_TEST(one_that_did_not_last_is_lost_to_the_next)
{
	start(LIMITS_SEC * 3600);
	ck_assert(await_count(rig.loop, &ups, 1));
	relayrig_cut(&rig, 0);
	ck_assert(await_count(rig.loop, &ups, 2));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
	ck_assert_int_eq(rig.relay[0].logins, 1);
}
END_TEST

START_TEST(the_next_round_begins_with_the_first)
{
	for (size_t i = 0; i < 3; i++) {
		relayrig_leave(&rig, i);
	}
	start(0);
	/* Until there is time to act before the next one. */
	for (int n = 1; n == 1 || retry_ns < 50 * LIMITS_MSEC; n++) {
		ck_assert(await_count(rig.loop, &downs, n));
	}
	ck_assert_int_eq((int)code, (int)CODE_RELAY_UNREACHABLE);
	/* The words are about the preferred one. */
	ck_assert_ptr_nonnull(strstr(text, rig.relays.address[0]));
	relayrig_return(&rig, 0);
	relayrig_return(&rig, 1);
	uplink_start(uplink);
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 0);
}
END_TEST

START_TEST(a_list_may_grow)
{
	rig.relays.count = 1;
	relayrig_leave(&rig, 0);
	start(0);
	ck_assert(await_count(rig.loop, &downs, 1));
	rig.relays.count = 3;
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
}
END_TEST

/* --- refusals ------------------------------------------------------------- */

START_TEST(a_token_that_one_does_not_know_is_shown_to_the_next)
{
	rig.membership.has_token = true;
	rig.relay[0].refusal = CODE_LOGIN_REFUSED;
	start(0);
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
	ck_assert(rig.relay[0].had_token && rig.relay[1].had_token);
	ck_assert_int_eq(downs, 0);
}
END_TEST

/* Whichever of them says it. */
START_TEST(what_one_says_for_good_is_the_verdict)
{
	for (size_t i = 0; i < 3; i++) {
		if (i == (size_t)_i) {
			rig.relay[i].refusal = CODE_REVOKED;
		} else {
			relayrig_leave(&rig, i);
		}
	}
	start(0);
	ck_assert(await_count(rig.loop, &downs, 1));
	ck_assert_int_eq((int)code, (int)CODE_REVOKED);
	ck_assert_str_eq(text, "because");
	ck_assert_uint_ge(retry_ns, 60 * LIMITS_SEC);
}
END_TEST

START_TEST(one_that_wants_a_pause_is_passed_over)
{
	rig.relay[0].refusal = CODE_OVERLOADED;
	rig.relay[0].pause = 600;
	rig.relay[1].refusal = CODE_OVERLOADED;
	rig.relay[2].refusal = CODE_OVERLOADED;
	rig.relay[2].pause = 600;
	start(0);
	ck_assert(await_count(rig.loop, &downs, 2));
	ck_assert_uint_lt(retry_ns, 60 * LIMITS_SEC);
	ck_assert_int_eq(rig.relay[0].logins, 1);
	ck_assert_int_eq(rig.relay[1].logins, 2);
	ck_assert_int_eq(rig.relay[2].logins, 1);
}
END_TEST

START_TEST(the_shortest_pause_counts_when_all_want_one)
{
	for (size_t i = 0; i < 3; i++) {
		rig.relay[i].refusal = CODE_OVERLOADED;
		rig.relay[i].pause = 300 - 100 * (uint32_t)i;
	}
	start(0);
	ck_assert(await_count(rig.loop, &downs, 1));
	ck_assert_uint_ge(retry_ns, 99 * LIMITS_SEC);
	ck_assert_uint_le(retry_ns, 101 * LIMITS_SEC);
}
END_TEST

START_TEST(who_is_waited_for_does_not_wait_long)
{
	urgent = true;
	for (size_t i = 0; i < 3; i++) {
		rig.relay[i].refusal = CODE_OVERLOADED;
		rig.relay[i].pause = 600;
	}
	start(0);
	ck_assert(await_count(rig.loop, &downs, 1));
	ck_assert_uint_le(retry_ns, LIMITS_URGENT_WAIT);
	/* And then the pauses are forgotten. */
	rig.relay[0].refusal = CODE_OK;
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 0);
}
END_TEST

/* --- pinned, parked ------------------------------------------------------- */

START_TEST(a_pinned_one_knows_one_relay)
{
	struct uplink_config config = relayrig_config(&rig);

	relayrig_leave(&rig, 1);
	config.ops = &ops;
	config.relay = 1;
	config.pinned = true;
	uplink = uplink_new(rig.loop, rig.resolver, &config);
	uplink_start(uplink);
	ck_assert(await_count(rig.loop, &downs, 2));
	ck_assert_int_eq(rig.relay[0].logins + rig.relay[2].logins, 0);
	relayrig_return(&rig, 1);
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 1);
	/* Until it is let go. */
	uplink_pin(uplink, false);
	relayrig_leave(&rig, 1);
	ck_assert(await_count(rig.loop, &ups, 2));
	ck_assert_uint_eq(uplink_relay(uplink), 2);
}
END_TEST

START_TEST(a_parked_one_rests)
{
	struct uplink_status status;

	start(0);
	ck_assert(await_count(rig.loop, &ups, 1));
	uplink_park(uplink, 3600 * LIMITS_SEC, "elsewhere");
	ck_assert_ptr_null(uplink_link(uplink));
	ck_assert(await_count(rig.loop, &rig.relay[0].downs, 1));
	relayrig_linger(&rig, 50 * LIMITS_MSEC);
	uplink_get_status(uplink, &status);
	ck_assert_str_eq(status.text, "elsewhere");
	ck_assert_uint_gt(status.retry_ns, loop_now(rig.loop));
	ck_assert_int_eq(ups, 1);
	ck_assert_int_eq(downs, 0);
	uplink_park(uplink, LIMITS_MSEC, "not any more");
	ck_assert(await_count(rig.loop, &ups, 2));
}
END_TEST

START_TEST(one_that_is_needed_hurries)
{
	for (size_t i = 0; i < 3; i++) {
		rig.relay[i].refusal = CODE_OVERLOADED;
		rig.relay[i].pause = 600;
	}
	start(0);
	ck_assert(await_count(rig.loop, &downs, 1));
	ck_assert_uint_ge(retry_ns, 500 * LIMITS_SEC);
	rig.relay[0].refusal = CODE_OK;
	uplink_hurry(uplink);
	ck_assert(await_count(rig.loop, &ups, 1));
	ck_assert_uint_eq(uplink_relay(uplink), 0);
	/* Not that there is anything to hurry for now. */
	uplink_hurry(uplink);
	ck_assert_ptr_nonnull(uplink_link(uplink));
}
END_TEST

START_TEST(what_time_does_not_heal_is_not_hurried)
{
	struct uplink_status before;
	struct uplink_status after;

	for (size_t i = 0; i < 3; i++) {
		rig.relay[i].refusal = CODE_REVOKED;
	}
	start(0);
	ck_assert(await_count(rig.loop, &downs, 1));
	uplink_get_status(uplink, &before);
	uplink_hurry(uplink);
	uplink_get_status(uplink, &after);
	ck_assert_uint_eq(before.retry_ns, after.retry_ns);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, the_first_one_is_preferred);
	tcase_add_test(tcase, a_relay_that_goes_is_followed_by_the_next);
	tcase_add_test(tcase, a_link_that_is_lost_comes_back_to_the_same_relay);
	tcase_add_test(tcase, one_that_did_not_last_is_lost_to_the_next);
	tcase_add_test(tcase, the_next_round_begins_with_the_first);
	tcase_add_test(tcase, a_list_may_grow);
	tcase_add_test(
	    tcase, a_token_that_one_does_not_know_is_shown_to_the_next);
	tcase_add_loop_test(tcase, what_one_says_for_good_is_the_verdict, 0, 3);
	tcase_add_test(tcase, one_that_wants_a_pause_is_passed_over);
	tcase_add_test(tcase, the_shortest_pause_counts_when_all_want_one);
	tcase_add_test(tcase, who_is_waited_for_does_not_wait_long);
	tcase_add_test(tcase, a_pinned_one_knows_one_relay);
	tcase_add_test(tcase, a_parked_one_rests);
	tcase_add_test(tcase, one_that_is_needed_hurries);
	tcase_add_test(tcase, what_time_does_not_heal_is_not_hurried);
}

int
main(void)
{
	Suite *suite = suite_create("uplinks");
	TCase *tcase = tcase_create("uplinks");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	add_tests(tcase);
	return unit_main(suite);
}
