/* SPDX-License-Identifier: ISC */
/* What an account moves, how fast, and what happens when it may no more. */
#include "relay/tenant.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/loop.h"
#include "relay/switch.h"
#include "relay/usage.h"
#include "tests/support/await.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

/* A whole record, and as it is counted. */
#define BODY LIMITS_FRAME_BODY_MAX
#define WIRE ((uint64_t)LIMITS_FRAME_HEAD_LEN + BODY)

static struct hubrig rig;
static struct hubrig_who office;
static struct hubrig_who laptop;
static struct hubrig_device agent;
static struct hubrig_device gateway;
static struct linkpair_peer caller;
static struct linkpair_peer called;
static struct account *alice;

static uint64_t
now(void)
{
	return (uint64_t)time(NULL);
}

static void
setup(void)
{
	static const struct hubrig_config config = { .budget = 16 << 20,
		.account_promise = 16 << 20 };

	log_set_level(LOG_LEVEL_ERROR);
	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	alice = account_find(rig.book, "alice");
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &gateway, &laptop);
}

static void
teardown(void)
{
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	memset(&gateway, 0, sizeof(gateway));
	memset(&agent, 0, sizeof(agent));
	hubrig_close(&rig);
}

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	(void)arg;
	ck_assert_int_eq((int)outcome->code, (int)CODE_OK);
}

/* Have word hold for alice. */
static void
limit(const char *word)
{
	const struct account_by by = { "admin", "here", 1 };
	struct allowance change = { .set = { false } };
	const char *why;

	ck_assert_int_eq(allowance_change(word, &change, &why), 0);
	(void)account_set_limits(alice, &change, &by, on_done, NULL);
	hubrig_commit(&rig);
	devicetenant_limit(rig.hub, alice);
}

/* Have a channel of that number to office. */
static void
attach(uint32_t channel)
{
	int before = agent.count[FRAME_ATTACH];

	ck_assert_int_eq(
	    linkpair_channel(&caller, &gateway.side, channel, NULL), 0);
	hubrig_attach(&gateway, channel, "alice", "office", 132);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, before + 1));
	ck_assert_int_eq(linkpair_channel(&called, &agent.side,
			     agent.last[FRAME_ATTACH].channel, NULL),
	    0);
	called.tx_seed = channel;
	called.rx_seed = channel;
}

static bool
is_detached(void *arg)
{
	const struct linkpair_peer *peer = arg;

	return peer->detached > 0;
}

static bool
is_counted(void *arg)
{
	const uint64_t *bytes = arg;

	return account_spent(alice, now()) >= *bytes;
}

START_TEST(what_is_moved_is_counted)
{
	uint64_t bytes = 30 * WIRE;
	const struct usage *usage;

	attach(1);
	ck_assert_uint_eq(tenant_circuits(alice), 1);
	linkpair_send(&caller, 10, BODY);
	linkpair_send(&called, 20, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 10));
	ck_assert(hubrig_await_arrived(&rig, &caller, 20));
	ck_assert(await(rig.loop, is_counted, &bytes));
	usage = account_months(alice);
	ck_assert_uint_eq(usage->count, 1);
	ck_assert_uint_eq(usage->months[0].up, 10 * WIRE);
	ck_assert_uint_eq(usage->months[0].down, 20 * WIRE);
}
END_TEST

/* The bytes of somebody who is gone are not lost with him. */
START_TEST(what_was_moved_at_the_end_is_counted)
{
	attach(1);
	linkpair_send(&caller, 10, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 10));
	hubrig_leave(&gateway);
	hubrig_settle(&rig);
	device_hub_free(rig.hub);
	rig.hub = NULL;
	ck_assert_uint_eq(account_spent(alice, now()), 10 * WIRE);
	ck_assert_ptr_null(account_tenant(alice));
}
END_TEST

START_TEST(a_month_ends_channels)
{
	char text[LIMITS_TEXT_LEN];
	struct hubrig_frame *notice = &gateway.last[FRAME_NOTICE];

	limit("month=1MiB");
	attach(1);
	linkpair_send(&caller, 1000000, BODY);
	ck_assert(await(rig.loop, is_detached, &caller));
	ck_assert_msg(caller.code == CODE_QUOTA, "%s", caller.text);
	account_quota_text(alice, now(), text);
	ck_assert_str_eq(caller.text, text);
	ck_assert_ptr_nonnull(strstr(text, "Monthly limit of 1 MiB used up"));
	ck_assert(hubrig_await(&gateway, FRAME_NOTICE, 1));
	ck_assert_ptr_nonnull(strstr((char *)&notice->payload[2], "Monthly"));
	/* Not much more than that passed, and nothing comes after it. */
	ck_assert_uint_ge(account_spent(alice, now()), 1 << 20);
	ck_assert_uint_le(account_spent(alice, now()), 3 << 20);
	hubrig_attach(&gateway, 2, "alice", "office", 132);
	ck_assert(hubrig_await(&gateway, FRAME_DETACH, 0));
	hubrig_settle(&rig);
	ck_assert_int_eq(agent.count[FRAME_ATTACH], 1);
	/* Until there is more. */
	limit("month=none");
	attach(3);
	linkpair_send(&caller, 10, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 10));
}
END_TEST

START_TEST(a_month_that_is_nearly_used_up_is_told)
{
	struct hubrig_frame *notice = &gateway.last[FRAME_NOTICE];
	uint64_t bytes = 110 * WIRE;

	limit("month=2MiB");
	attach(1);
	linkpair_send(&caller, 110, BODY);
	ck_assert(hubrig_await(&gateway, FRAME_NOTICE, 1));
	ck_assert_ptr_nonnull(strstr((char *)&notice->payload[2],
	    "Four fifths of the monthly limit of "
	    "2 MiB are used; resets on 1 "));
	ck_assert(await(rig.loop, is_counted, &bytes));
	ck_assert_int_eq(caller.detached, 0);
}
END_TEST

/* A limit that is set below what was used ends what is there. */
START_TEST(a_month_that_is_over_ends_channels)
{
	uint64_t bytes = 100 * WIRE;

	attach(1);
	linkpair_send(&caller, 100, BODY);
	/* What is not accounted for yet counts as well. */
	ck_assert(hubrig_await_arrived(&rig, &called, 100));
	if (_i == 1) {
		ck_assert(await(rig.loop, is_counted, &bytes));
	}
	limit("month=1MiB");
	ck_assert(await(rig.loop, is_detached, &caller));
	ck_assert(caller.code == CODE_QUOTA);
}
END_TEST

/* One second of accounting has passed. */
static bool
is_fast(void *arg)
{
	(void)arg;
	return tenant_rate(alice, TENANT_UP) > 0;
}

START_TEST(rates_are_told)
{
	ck_assert_uint_eq(tenant_rate(alice, TENANT_UP), 0);
	attach(1);
	linkpair_send(&caller, 100, BODY);
	ck_assert(await(rig.loop, is_fast, NULL));
	ck_assert_uint_le(tenant_rate(alice, TENANT_UP), 100 * WIRE * 8 / 5);
	ck_assert_uint_eq(tenant_rate(alice, TENANT_DOWN), 0);
}
END_TEST

/* The least rate: what is sent at once takes its time, and is not lost. */
START_TEST(rates_are_kept)
{
	attach(1);
	linkpair_send(&caller, 30, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 30));
	limit("rate-up=64kbit");
	attach(2);
	linkpair_send(&caller, 1000, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 1));
	hubrig_settle(&rig);
	ck_assert_uint_le(called.arrived, 3);
	/* The other way has none, and none is left at once. */
	linkpair_send(&called, 50, BODY);
	ck_assert(hubrig_await_arrived(&rig, &caller, 50));
	limit("rate=none");
	ck_assert(hubrig_await_arrived(&rig, &called, 1000));
	ck_assert(called.good);
}
END_TEST

/* Hanging up and calling again gets nobody another burst. */
START_TEST(who_calls_again_has_the_same_bucket)
{
	limit("rate-up=64kbit");
	attach(1);
	linkpair_send(&caller, 1000, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 1));
	for (uint32_t channel = 2; channel < 10; channel++) {
		hubrig_leave(&gateway);
		memset(&gateway, 0, sizeof(gateway));
		hubrig_join(&rig, &gateway, &laptop);
		attach(channel);
		linkpair_send(&caller, 1000, BODY);
		hubrig_settle(&rig);
		ck_assert_uint_le(called.arrived, 1);
	}
}
END_TEST

START_TEST(an_account_may_go)
{
	const struct account_by by = { "admin", "here", 1 };

	attach(1);
	linkpair_send(&caller, 10, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 10));
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	hubrig_settle(&rig);
	(void)account_delete(alice, &by, on_done, NULL);
	hubrig_commit(&rig);
	ck_assert_ptr_null(account_find(rig.book, "alice"));
	devicetenant_limit(rig.hub, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tenant");
	TCase *tcase = tcase_create("tenant");

	if (sodium_init() < 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_is_moved_is_counted);
	tcase_add_test(tcase, what_was_moved_at_the_end_is_counted);
	tcase_add_test(tcase, a_month_ends_channels);
	tcase_add_test(tcase, a_month_that_is_nearly_used_up_is_told);
	tcase_add_loop_test(tcase, a_month_that_is_over_ends_channels, 0, 2);
	tcase_add_test(tcase, rates_are_told);
	tcase_add_test(tcase, rates_are_kept);
	tcase_add_test(tcase, who_calls_again_has_the_same_bucket);
	tcase_add_test(tcase, an_account_may_go);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
