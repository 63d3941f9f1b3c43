/* SPDX-License-Identifier: ISC */
/* Calls to other gateways; the rig is the relay and the gateway "desk". */
#include "gateway/correspondents.h"

#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "gateway/tether.h"
#include "protocol/limits.h"
#include "protocol/resolvemsg.h"
#include "protocol/session.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/tetherrig.h"

static struct tetherrig rig;
static struct tether_space space;
static struct correspondents *all;
static struct resolvemsg_gateway desk;
static bool is_given_up; /* calls are, before they are answered */
static int answers;
static struct session *given; /* with the last answer */
static enum code given_code;
static char given_text[LIMITS_TEXT_LEN];

static void
on_attached(struct tetherrig *self, uint32_t channel, const uint8_t *payload,
    size_t len)
{
	(void)self;
	ck_assert(
	    correspondents_attached(all, channel, payload, len) || is_given_up);
	ck_assert(!correspondents_attached(all, channel + 1, payload, len));
}

static void
setup(void)
{
	tetherrig_open(&rig);
	rig.on_attached = on_attached;
	rig.grace = 600;
	rig.is_gateway = true;
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
	memset(&desk, 0, sizeof(desk));
	(void)snprintf(desk.device, sizeof(desk.device), "desk");
	memcpy(desk.key, rig.host_public, sizeof(desk.key));
	desk.online = true;
	is_given_up = false;
	answers = 0;
	given = NULL;
	all = correspondents_new(&space, 0.);
	ck_assert_ptr_nonnull(all);
}

static void
teardown(void)
{
	correspondents_free(all);
	correspondents_free(NULL);
	tetherrig_close(&rig);
}

static void
on_done(struct session *session, enum code code, const char *text, void *arg)
{
	ck_assert_ptr_eq(arg, &answers);
	given = session;
	given_code = code;
	(void)snprintf(given_text, sizeof(given_text), "%s", text);
	answers++;
}

static struct correspondents_wait *
get(void)
{
	return correspondents_get(all, "alice", &desk, on_done, &answers);
}

static bool
has_answers(void *arg)
{
	return answers >= *(const int *)arg;
}

static void
await_answers(int n)
{
	ck_assert(await(rig.loop, has_answers, &n));
	ck_assert_int_eq(answers, n);
}

/* All that wait share a call, and who comes later has its session at once. */
START_TEST(one_call_serves_all)
{
	struct session *first;

	ck_assert_ptr_nonnull(get());
	ck_assert_ptr_nonnull(get());
	await_answers(2);
	ck_assert_ptr_nonnull(given);
	first = given;
	ck_assert_ptr_null(get());
	ck_assert_int_eq(answers, 3);
	ck_assert_ptr_eq(given, first);
	ck_assert_int_eq(rig.begins, 1);
}
END_TEST

START_TEST(who_cancels_is_not_told)
{
	correspondents_cancel(get());
	correspondents_cancel(NULL);
	ck_assert_ptr_nonnull(get());
	await_answers(1);
	ck_assert_int_eq(rig.begins, 1);
}
END_TEST

/* Another device has the name: the session of the old one is not used. */
START_TEST(a_session_is_one_with_a_key)
{
	ck_assert_ptr_nonnull(get());
	await_answers(1);
	desk.key[0] ^= 1;
	ck_assert_ptr_nonnull(get());
	await_answers(2);
	ck_assert_ptr_null(given);
	ck_assert_int_eq((int)given_code, (int)CODE_ACCOUNT_KEY);
}
END_TEST

/* Whoever answers with something else has not the account key. */
START_TEST(a_false_answer_is_no_session)
{
	rig.damage = true;
	ck_assert_ptr_nonnull(get());
	await_answers(1);
	ck_assert_ptr_null(given);
	ck_assert_int_eq((int)given_code, (int)CODE_HOST_KEY_CHANGED);
	ck_assert_str_eq(given_text, "The gateway could not prove its key.");
}
END_TEST

START_TEST(the_relay_refuses)
{
	rig.refuse = CODE_DENIED;
	ck_assert_ptr_nonnull(get());
	await_answers(1);
	ck_assert_ptr_null(given);
	ck_assert_int_eq((int)given_code, (int)CODE_DENIED);
}
END_TEST

START_TEST(some_cannot_be_called)
{
	(void)snprintf(desk.device, sizeof(desk.device), "123");
	ck_assert_ptr_null(get());
	ck_assert_int_eq((int)given_code, (int)CODE_NAME_INVALID);
	(void)snprintf(desk.device, sizeof(desk.device), "desk");
	tetherrig_cut(&rig, CODE_LINK_LOST);
	ck_assert_ptr_null(get());
	ck_assert_int_eq((int)given_code, (int)CODE_LINK_LOST);
	ck_assert_int_eq(answers, 2);
}
END_TEST

/* It is for a moment: nothing of it outlives its channel, or its use. */
START_TEST(a_session_ends_with_its_channel)
{
	ck_assert_ptr_nonnull(get());
	await_answers(1);
	tetherrig_settle(&rig);
	tetherrig_cut(&rig, CODE_LINK_LOST);
	tetherrig_settle(&rig);
	tetherrig_link(&rig);
	space.next_channel = 1;
	ck_assert_ptr_nonnull(get());
	await_answers(2);
	ck_assert_ptr_nonnull(given);
	ck_assert_int_eq(rig.begins, 2);
	ck_assert_int_eq(rig.requests, 0);
}
END_TEST

START_TEST(an_idle_session_ends)
{
	correspondents_free(all);
	all = correspondents_new(&space, 0.05);
	ck_assert_ptr_nonnull(get());
	await_answers(1);
	correspondents_used(all, given);
	tetherrig_await(&rig, &rig.sessions[0].downs, 1);
	ck_assert_ptr_nonnull(get());
	await_answers(2);
	ck_assert_int_eq(rig.begins, 2);
}
END_TEST

START_TEST(who_waits_is_told_of_the_end)
{
	rig.silent = true;
	ck_assert_ptr_nonnull(get());
	tetherrig_settle(&rig);
	correspondents_close(all, CODE_GOING_DOWN);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq((int)given_code, (int)CODE_GOING_DOWN);
	ck_assert_ptr_null(given);
}
END_TEST

START_TEST(the_end_tells_nobody)
{
	rig.silent = true;
	ck_assert_ptr_nonnull(get());
	tetherrig_settle(&rig);
	correspondents_free(all);
	all = NULL;
	ck_assert_int_eq(answers, 0);
}
END_TEST

START_TEST(short_of_memory)
{
	bool failed = true;

	is_given_up = true;
	for (long n = 1; failed; n++) {
		struct correspondents_wait *wait;
		int before = answers;

		failalloc_after(n);
		wait = get();
		failed = failalloc_hit();
		failalloc_off();
		if (!failed) {
			ck_assert_ptr_nonnull(wait);
		} else {
			/* Or the call is under way, and this one not told. */
			ck_assert(wait != NULL || answers == before + 1);
		}
		correspondents_close(all, CODE_CANCELLED);
		tetherrig_settle(&rig);
		if (rig.net.endpoint.link == NULL) {
			tetherrig_cut(&rig, CODE_LINK_LOST);
			tetherrig_link(&rig);
			space.next_channel = 1;
		}
		tetherrig_restart(&rig);
		rig.session_count = 0;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("correspondents");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, one_call_serves_all);
	tcase_add_test(tcase, who_cancels_is_not_told);
	tcase_add_test(tcase, a_session_is_one_with_a_key);
	tcase_add_test(tcase, a_false_answer_is_no_session);
	tcase_add_test(tcase, the_relay_refuses);
	tcase_add_test(tcase, some_cannot_be_called);
	tcase_add_test(tcase, a_session_ends_with_its_channel);
	tcase_add_test(tcase, an_idle_session_ends);
	tcase_add_test(tcase, who_waits_is_told_of_the_end);
	tcase_add_test(tcase, the_end_tells_nobody);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
