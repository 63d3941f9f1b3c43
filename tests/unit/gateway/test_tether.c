/* SPDX-License-Identifier: ISC */

#include "gateway/tether.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "gateway/hosts.h"
#include "protocol/carrier.h"
#include "protocol/limits.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/tetherrig.h"

static struct tetherrig rig;
static struct tether_space space;
static struct tether *tether; /* NULL once it is down */
static int lives;
static int losses;
static int pongs;
static int downs;
static enum code code;
static char text[LIMITS_TEXT_LEN];
static struct stream *stream;
static int resets;
static int opened;

/* --- what the tether says ------------------------------------------------ */

static void
on_live(void *arg)
{
	(void)arg;
	ck_assert(tether_is_live(tether));
	lives++;
}

static void
on_lost(void *arg, enum code why, const char *words)
{
	(void)arg;
	(void)words;
	ck_assert(tether_is_lost(tether));
	ck_assert(!tether_is_live(tether));
	losses++;
	code = why;
}

static void
on_pong(void *arg)
{
	(void)arg;
	pongs++;
}

static void
on_down(void *arg, enum code why, const char *words)
{
	(void)arg;
	tether = NULL;
	downs++;
	code = why;
	(void)snprintf(text, sizeof(text), "%s", words);
}

static const struct tether_ops ops = {
	.live = on_live,
	.lost = on_lost,
	.pong = on_pong,
	.down = on_down,
};

static void
on_attached(struct tetherrig *self, uint32_t channel, const uint8_t *payload,
    size_t len)
{
	(void)self;
	if (tether != NULL) {
		(void)tether_attached(tether, channel, payload, len);
	}
}

/* --- the tests' side ----------------------------------------------------- */

static void
setup(void)
{
	tetherrig_open(&rig);
	rig.on_attached = on_attached;
	memset(&space, 0, sizeof(space));
	space.loop = rig.loop;
	space.endpoint = tetherrig_endpoint(&rig);
	space.hosts = rig.hosts;
	space.next_channel = 1;
	space.grace = 600;
	space.streams_max = 100;
	space.retain_max = LIMITS_RETAIN_MAX;
	space.window_max = LIMITS_WINDOW_MAX;
	space.receive.max = LIMITS_RECEIVE_BUDGET;
	space.retain.max = LIMITS_RETAIN_BUDGET;
	lives = losses = pongs = downs = resets = opened = 0;
	stream = NULL;
	tether = NULL;
}

static void
teardown(void)
{
	tether_close(tether, CODE_CANCELLED);
	tetherrig_close(&rig);
}

/* Call the host. */
static void
start(void)
{
	enum code why = CODE_OK;

	tether = tether_new(
	    &space, hosts_find(rig.hosts, "office"), &ops, NULL, &why);
	ck_assert_msg(tether != NULL, "%s", codes_slug(why));
}

static void
on_opened(void *arg, const struct stream_opened *outcome)
{
	(void)arg;
	ck_assert_int_eq(outcome->code, CODE_OK);
	opened++;
}

static void
on_reset(void *arg, enum code why, int error)
{
	(void)arg;
	(void)why;
	(void)error;
	resets++;
	stream_release(stream);
	stream = NULL;
}

static const struct stream_ops stream_ops = {
	.opened = on_opened,
	.reset = on_reset,
};

/* Open a stream. */
static void
open_stream(void)
{
	static const struct stream_target target = { .protocol = STREAM_TCP,
		.port = 80 };

	stream = stream_open(
	    tether_session(tether), &target, false, &stream_ops, NULL);
	ck_assert_ptr_nonnull(stream);
	tetherrig_await(&rig, &opened, opened + 1);
}

/* Begin a session with a stream in it. */
static void
begin(void)
{
	start();
	tetherrig_await(&rig, &lives, 1);
	open_stream();
}

static void
ping(void)
{
	pongs = 0;
	session_ping(tether_session(tether), loop_now(rig.loop));
	tetherrig_await(&rig, &pongs, 1);
}

/* It goes on, and nothing was lost but time. */
static void
expect_return(int count)
{
	tetherrig_await(&rig, &lives, count);
	ck_assert(tether_is_live(tether));
	ck_assert(!tether_is_lost(tether));
	ck_assert_uint_gt(tether_last_gap(tether), 0);
	ck_assert_int_eq(resets, 0);
	ck_assert_int_eq(downs, 0);
	ping();
}

/* It is over, with code. */
static void
expect_down(enum code why)
{
	tetherrig_await(&rig, &downs, 1);
	ck_assert_msg(code == why, "%s: %s", codes_slug(code), text);
}

/* --- beginning ----------------------------------------------------------- */

START_TEST(begins)
{
	start();
	ck_assert_ptr_null(tether_session(tether));
	ck_assert(!tether_is_live(tether));
	ck_assert_uint_eq(tether_begun_at(tether), 0);
	tetherrig_await(&rig, &lives, 1);
	ck_assert_uint_gt(tether_begun_at(tether), 0);
	ck_assert(!tether_is_lost(tether));
	ck_assert_uint_eq(tether_last_gap(tether), 0);
	open_stream();
	ping();
	ck_assert_int_eq(rig.begins, 1);
	tether_close(tether, CODE_GOING_DOWN);
	tether = NULL;
	tetherrig_await(&rig, &rig.sessions[0].downs, 1);
	ck_assert_int_eq(rig.sessions[0].code, CODE_GOING_DOWN);
	ck_assert_int_eq(downs, 0);
	ck_assert_int_eq(resets, 1);
}
END_TEST

START_TEST(refused_it_does_not_begin)
{
	rig.refuse = CODE_HOST_OFFLINE;
	start();
	expect_down(CODE_HOST_OFFLINE);
	ck_assert_int_eq(rig.begins, 1);
	ck_assert_int_eq(lives, 0);
}
END_TEST

START_TEST(a_damaged_answer_does_not_begin)
{
	rig.damage = true;
	start();
	expect_down(CODE_HOST_KEY_CHANGED);
}
END_TEST

START_TEST(without_a_link_nothing_begins)
{
	enum code why = CODE_OK;

	tetherrig_cut(&rig, CODE_LINK_LOST);
	ck_assert_ptr_null(tether_new(
	    &space, hosts_find(rig.hosts, "office"), &ops, NULL, &why));
	ck_assert_int_eq(why, CODE_LINK_LOST);
	tetherrig_link(&rig);
	space.next_channel = 1;
	/* A call ends with its link. */
	start();
	tetherrig_cut(&rig, CODE_LINK_LOST);
	expect_down(CODE_LINK_LOST);
}
END_TEST

/* --- going on ------------------------------------------------------------ */

START_TEST(goes_on_at_once)
{
	begin();
	for (int i = 1; i <= 3; i++) {
		uint64_t before = loop_now(rig.loop);

		tetherrig_detach(&rig, 0, CODE_LINK_LOST);
		tetherrig_await(&rig, &losses, i);
		ck_assert_uint_gt(tether_lost_at(tether), 0);
		expect_return(1 + i);
		ck_assert_int_eq(rig.requests, i);
		ck_assert_uint_lt(loop_now(rig.loop) - before, LIMITS_SEC);
	}
	ck_assert_int_eq(rig.begins, 1);
	ck_assert_int_eq(rig.questions, 0);
}
END_TEST

START_TEST(waits_for_its_host)
{
	begin();
	tetherrig_list(&rig, rig.host_public, false);
	rig.refuse = CODE_HOST_OFFLINE;
	tetherrig_detach(&rig, 0, CODE_HOST_OFFLINE);
	tetherrig_await(&rig, &losses, 1);
	tetherrig_settle(&rig);
	/* There is no use in asking before the host is back. */
	tether_retry(tether);
	tetherrig_settle(&rig);
	ck_assert_int_eq(rig.requests, 0);
	rig.refuse = CODE_OK;
	tetherrig_list(&rig, rig.host_public, true);
	tether_retry(tether);
	expect_return(2);
	ck_assert_int_eq(rig.requests, 1);
}
END_TEST

START_TEST(asks_again_when_the_list_is_behind)
{
	begin();
	/* The relay says offline and the list has it still. */
	rig.refuse = CODE_HOST_OFFLINE;
	tetherrig_detach(&rig, 0, CODE_HOST_OFFLINE);
	tetherrig_await(&rig, &rig.requests, 2);
	rig.refuse = CODE_OK;
	expect_return(2);
}
END_TEST

START_TEST(goes_on_over_a_new_link)
{
	begin();
	for (int i = 1; i <= 3; i++) {
		tetherrig_cut(&rig, CODE_LINK_LOST);
		ck_assert_int_eq(losses, i);
		tetherrig_settle(&rig);
		ck_assert(!tether_is_live(tether));
		tether_retry(tether);
		tetherrig_link(&rig);
		space.next_channel = 1;
		tether_retry(tether);
		expect_return(1 + i);
	}
}
END_TEST

START_TEST(an_attach_dies_with_its_link)
{
	begin();
	rig.silent = true;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	tetherrig_cut(&rig, CODE_LINK_LOST);
	tetherrig_settle(&rig);
	rig.silent = false;
	tetherrig_link(&rig);
	space.next_channel = 1;
	tether_retry(tether);
	expect_return(2);
	ck_assert_int_eq(losses, 1);
}
END_TEST

START_TEST(an_attach_has_a_deadline)
{
	uint64_t before;

	begin();
	rig.silent = true;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	before = loop_now(rig.loop);
	/* It lets go of the channel, and tries another. */
	tetherrig_await(&rig, &rig.detaches, 1);
	ck_assert_uint_ge(
	    loop_now(rig.loop) - before + 100 * LIMITS_MSEC, 5 * LIMITS_SEC);
	rig.silent = false;
	expect_return(2);
	ck_assert_int_eq(rig.requests, 2);
}
END_TEST

START_TEST(losses_of_links_do_not_lengthen_deadlines)
{
	uint64_t before;

	begin();
	/* With a link that is gone there is nothing to be patient with. */
	tetherrig_cut(&rig, CODE_LINK_LOST);
	tetherrig_settle(&rig);
	rig.silent = true;
	tetherrig_link(&rig);
	space.next_channel = 1;
	tether_retry(tether);
	tetherrig_await(&rig, &rig.requests, 1);
	before = loop_now(rig.loop);
	tetherrig_await(&rig, &rig.detaches, 1);
	ck_assert_uint_lt(loop_now(rig.loop) - before, 8 * LIMITS_SEC);
}
END_TEST

START_TEST(damaged_answers_are_asked_for_again)
{
	begin();
	rig.damage = true;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 3);
	rig.damage = false;
	expect_return(2);
	ck_assert_int_eq(rig.questions, 0);
}
END_TEST

/* Who asks anew need not wait for a month to end. */
START_TEST(a_month_that_is_used_up_is_told)
{
	const char *why = NULL;

	begin();
	ck_assert(tether_refusal(tether, &why) == CODE_OK);
	rig.refuse = CODE_QUOTA;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &losses, 2);
	ck_assert(tether_refusal(tether, &why) == CODE_QUOTA);
	ck_assert_ptr_nonnull(why);
	/* And it goes on when it may. */
	rig.refuse = CODE_OK;
	expect_return(2);
	ck_assert(tether_refusal(tether, &why) == CODE_OK);
	ck_assert_int_eq(downs, 0);
}
END_TEST

/* --- whether the host still has it --------------------------------------- */

START_TEST(a_relay_is_not_believed)
{
	begin();
	rig.forgetful = true;
	tetherrig_detach(&rig, 0, CODE_SESSION_LOST);
	/* "Session lost" is asked about, and the host has it. */
	tetherrig_await(&rig, &rig.questions, 2);
	rig.forgetful = false;
	expect_return(2);
	ck_assert_int_ge(rig.requests, 3);
	ck_assert_int_eq(rig.begins, 1);
}
END_TEST

START_TEST(the_host_is_believed)
{
	begin();
	tetherrig_restart(&rig);
	expect_down(CODE_SESSION_LOST);
	ck_assert_int_eq(rig.questions, 1);
	ck_assert_int_eq(resets, 1);
	ck_assert_ptr_nonnull(strstr(text, "started anew"));
}
END_TEST

START_TEST(an_answer_that_is_not_genuine_is_no_answer)
{
	begin();
	rig.forgetful = true;
	rig.damage = true;
	tetherrig_detach(&rig, 0, CODE_SESSION_LOST);
	tetherrig_await(&rig, &rig.questions, 2);
	ck_assert_int_eq(downs, 0);
	rig.forgetful = false;
	rig.damage = false;
	expect_return(2);
}
END_TEST

START_TEST(a_question_may_stay_without_an_answer)
{
	begin();
	rig.forgetful = true;
	tetherrig_detach(&rig, 0, CODE_SESSION_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	rig.silent = true;
	tetherrig_await(&rig, &rig.questions, 1);
	tetherrig_await(&rig, &rig.detaches, 1);
	rig.silent = false;
	rig.forgetful = false;
	expect_return(2);
}
END_TEST

/* --- the end ------------------------------------------------------------- */

START_TEST(who_is_shut_out_does_not_wait)
{
	static const enum code lasting[] = { CODE_REVOKED, CODE_DISABLED,
		CODE_ACCOUNT_KEY };

	begin();
	if (_i % 2 == 0) {
		tetherrig_detach(&rig, 0, lasting[_i / 2]);
	} else {
		rig.refuse = lasting[_i / 2];
		tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	}
	expect_down(lasting[_i / 2]);
	ck_assert_int_eq(losses, _i % 2);
	ck_assert_int_eq(resets, 1);
}
END_TEST

START_TEST(grace_ends)
{
	space.grace = _i == 0 ? 1 : 600;
	rig.grace = _i == 0 ? 600 : 1;
	begin();
	rig.refuse = CODE_OVERLOADED;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	/* The last reason is told. */
	expect_down(CODE_OVERLOADED);
	ck_assert_int_eq(resets, 1);
}
END_TEST

START_TEST(without_grace_it_ends_with_its_channel)
{
	space.grace = _i == 0 ? 0 : 600;
	rig.grace = _i == 0 ? 600 : 0;
	begin();
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	expect_down(CODE_LINK_LOST);
	ck_assert_int_eq(losses, 0);
	ck_assert_int_eq(resets, 1);
}
END_TEST

START_TEST(the_peer_ends_it)
{
	begin();
	carrier_close(rig.sessions[0].carrier, CODE_GOING_DOWN);
	rig.sessions[0].carrier = NULL;
	expect_down(CODE_GOING_DOWN);
	ck_assert_int_eq(losses, 0);
}
END_TEST

START_TEST(it_may_be_closed_in_any_state)
{
	static const char *const states[] = { "calling", "live", "lost",
		"returning", "asking" };

	rig.silent = strcmp(states[_i], "calling") == 0;
	start();
	if (!rig.silent) {
		tetherrig_await(&rig, &lives, 1);
		open_stream();
	}
	if (_i >= 2) {
		rig.silent = true;
		rig.forgetful = _i == 4;
		tetherrig_detach(&rig, 0, CODE_LINK_LOST);
		tetherrig_await(&rig, &losses, 1);
	}
	if (_i == 3) {
		tetherrig_await(&rig, &rig.requests, 1);
	} else if (_i == 4) {
		rig.silent = false;
		tetherrig_await(&rig, &rig.questions, 1);
	}
	tether_close(tether, CODE_CANCELLED);
	tether_close(tether, CODE_CANCELLED);
	tether = NULL;
	tetherrig_settle(&rig);
	ck_assert_int_eq(downs, 0);
	ck_assert_int_eq(resets, _i > 0 ? 1 : 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		enum code why = CODE_OK;

		failalloc_after(n);
		tether = tether_new(
		    &space, hosts_find(rig.hosts, "office"), &ops, NULL, &why);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert((tether == NULL) == (why != CODE_OK));
		tetherrig_settle(&rig);
		tether_close(tether, CODE_CANCELLED);
		tether = NULL;
		if (rig.net.endpoint.link == NULL) {
			tetherrig_cut(&rig, CODE_LINK_LOST);
			tetherrig_link(&rig);
			space.next_channel = 1;
		}
		tetherrig_settle(&rig);
		tetherrig_restart(&rig);
		rig.session_count = 0;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tether");
	TCase *tcase = tcase_create("tether");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, begins);
	tcase_add_test(tcase, refused_it_does_not_begin);
	tcase_add_test(tcase, a_damaged_answer_does_not_begin);
	tcase_add_test(tcase, without_a_link_nothing_begins);
	tcase_add_test(tcase, goes_on_at_once);
	tcase_add_test(tcase, waits_for_its_host);
	tcase_add_test(tcase, asks_again_when_the_list_is_behind);
	tcase_add_test(tcase, goes_on_over_a_new_link);
	tcase_add_test(tcase, an_attach_dies_with_its_link);
	tcase_add_test(tcase, an_attach_has_a_deadline);
	tcase_add_test(tcase, losses_of_links_do_not_lengthen_deadlines);
	tcase_add_test(tcase, damaged_answers_are_asked_for_again);
	tcase_add_test(tcase, a_month_that_is_used_up_is_told);
	tcase_add_test(tcase, a_relay_is_not_believed);
	tcase_add_test(tcase, the_host_is_believed);
	tcase_add_test(tcase, an_answer_that_is_not_genuine_is_no_answer);
	tcase_add_test(tcase, a_question_may_stay_without_an_answer);
	tcase_add_loop_test(tcase, who_is_shut_out_does_not_wait, 0, 6);
	tcase_add_loop_test(tcase, grace_ends, 0, 2);
	tcase_add_loop_test(
	    tcase, without_grace_it_ends_with_its_channel, 0, 2);
	tcase_add_test(tcase, the_peer_ends_it);
	tcase_add_loop_test(tcase, it_may_be_closed_in_any_state, 0, 5);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
