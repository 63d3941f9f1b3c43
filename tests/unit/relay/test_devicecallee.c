/* SPDX-License-Identifier: ISC */
/*
 * Gateways that call other gateways of their account, and ask who there is
 * (PROTOCOL.md section 5).
 */
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/link.h"
#include "protocol/resolvemsg.h"
#include "relay/device_impl.h"
#include "relay/rules.h"
#include "relay/switch.h"
#include "tests/support/await.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/hubrig.h"

/* The length of message 1 of a session handshake. */
#define MESSAGE 116

/* A body as long as the shortest record. */
#define BODY (LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN)

static struct hubrig rig;
static struct hubrig_who laptop; /* gateways of alice's */
static struct hubrig_who desk;
static struct hubrig_who office; /* her host */
static struct hubrig_who other;  /* a gateway of bob's, by the same name */
static struct hubrig_device on_laptop;
static struct hubrig_device on_desk;
static struct hubrig_device on_other;
static struct linkpair_peer caller;
static struct linkpair_peer called;
static struct resolvemsg_resolved answer;

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	hubrig_open(&rig, &config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &desk, LINKHELLO_GATEWAY, "alice", "desk");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	hubrig_enrol(&rig, &other, LINKHELLO_GATEWAY, "bob", "desk");
	hubrig_join(&rig, &on_laptop, &laptop);
	hubrig_join(&rig, &on_desk, &desk);
	hubrig_join(&rig, &on_other, &other);
}

static void
teardown(void)
{
	hubrig_leave(&on_laptop);
	hubrig_leave(&on_desk);
	hubrig_leave(&on_other);
	hubrig_close(&rig);
}

static uint32_t
circuits(void)
{
	struct switch_stats stats;

	switch_get_stats(rig.board, &stats);
	return stats.circuits;
}

/* Let `from` call a device of owner, and wait until `to` hears of it. */
static void
call(struct hubrig_device *from, struct hubrig_device *to, uint32_t channel,
    const char *name)
{
	int before = to->count[FRAME_ATTACH];

	ck_assert_int_eq(
	    linkpair_channel(&caller, &from->side, channel, NULL), 0);
	hubrig_attach(from, channel, "alice", name, MESSAGE);
	ck_assert(hubrig_await(to, FRAME_ATTACH, before + 1));
	ck_assert_int_eq(linkpair_channel(&called, &to->side,
			     to->last[FRAME_ATTACH].channel, NULL),
	    0);
	/* The pattern goes by the number, which is another one there. */
	called.tx_seed = channel;
	called.rx_seed = channel;
}

static bool
is_detached(void *arg)
{
	const struct linkpair_peer *peer = arg;

	return peer->detached > 0 || peer->side->link == NULL;
}

static void
await_detached(struct linkpair_peer *peer, enum code code)
{
	ck_assert(await(rig.loop, is_detached, peer));
	ck_assert_int_eq(peer->detached, 1);
	ck_assert_msg(peer->code == code, "%s", peer->text);
}

/* Let `from` call in vain. */
static void
is_refused(struct hubrig_device *from, uint32_t channel, const char *owner,
    const char *name, enum code code)
{
	ck_assert_int_eq(
	    linkpair_channel(&caller, &from->side, channel, NULL), 0);
	hubrig_attach(from, channel, owner, name, MESSAGE);
	await_detached(&caller, code);
	ck_assert_uint_eq(circuits(), 0);
}

/* --- calls ----------------------------------------------------------- */

START_TEST(a_gateway_is_called)
{
	const struct hubrig_frame *asked = &on_desk.last[FRAME_ATTACH];
	struct linkmsg_attach message;

	call(&on_laptop, &on_desk, 3, "desk");
	ck_assert_int_eq(
	    linkmsg_attach_decode(&message, true, asked->payload, asked->len),
	    0);
	ck_assert_str_eq(message.host, "desk");
	ck_assert_str_eq(message.device, "laptop");
	ck_assert_mem_eq(message.device_key, laptop.public_key, KEYS_LEN);
	/* None that it could choose itself. */
	ck_assert_uint_eq(asked->channel, LIMITS_CHANNEL_CALLED | 1);
	hubrig_send(&on_desk, FRAME_ATTACHED, asked->channel,
	    (const uint8_t *)"answer", 6);
	ck_assert(hubrig_await(&on_laptop, FRAME_ATTACHED, 1));
	ck_assert_uint_eq(on_laptop.last[FRAME_ATTACHED].channel, 3);
	linkpair_send(&caller, 100, 1000);
	linkpair_send(&called, 100, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 100));
	ck_assert(hubrig_await_arrived(&rig, &caller, 100));
	ck_assert(caller.good && called.good);
	channel_detach(called.channel, CODE_DENIED, "no");
	called.channel = NULL;
	await_detached(&caller, CODE_DENIED);
	hubrig_settle(&rig);
	ck_assert_uint_eq(circuits(), 0);
}
END_TEST

/* Each is caller and called, with the same numbers, and either may go. */
START_TEST(both_call_one_another)
{
	static struct linkpair_peer there[2];
	struct device *end = hubrig_end(&rig, &laptop);

	call(&on_laptop, &on_desk, 1, "desk");
	there[0] = caller;
	ck_assert_int_eq(
	    linkpair_channel(&there[1], &on_desk.side, 1, NULL), 0);
	hubrig_attach(&on_desk, 1, "alice", "laptop", MESSAGE);
	ck_assert(hubrig_await(&on_laptop, FRAME_ATTACH, 1));
	ck_assert_uint_eq(
	    on_laptop.last[FRAME_ATTACH].channel, LIMITS_CHANNEL_CALLED | 1);
	ck_assert_uint_eq(circuits(), 2);
	ck_assert_uint_eq(end->channels, 2);
	ck_assert(!list_empty(&end->made) && !list_empty(&end->taken));
	hubrig_leave(&on_laptop);
	await_detached(&there[1], CODE_HOST_OFFLINE);
	await_detached(&called, CODE_LINK_LOST);
	hubrig_settle(&rig);
	ck_assert_uint_eq(circuits(), 0);
	ck_assert_uint_eq(hubrig_end(&rig, &desk)->channels, 0);
}
END_TEST

/* What the relay shows of the channels of a device has both kinds. */
static void
count_one(const struct device_channel *channel, void *arg)
{
	int *count = arg;

	ck_assert_str_eq(channel->gateway_user, "alice");
	ck_assert_str_eq(channel->host_user, "alice");
	++*count;
}

START_TEST(both_are_shown)
{
	int count = 0;

	call(&on_laptop, &on_desk, 1, "desk");
	hubrig_attach(&on_desk, 1, "alice", "laptop", MESSAGE);
	ck_assert(hubrig_await(&on_laptop, FRAME_ATTACH, 1));
	device_each_channel(hubrig_row(&rig, &desk), 9, count_one, &count);
	ck_assert_int_eq(count, 2);
	device_each_channel(hubrig_row(&rig, &desk), 1, count_one, &count);
	ck_assert_int_eq(count, 3);
	device_cut(hubrig_row(&rig, &desk), "cut");
	hubrig_settle(&rig);
	ck_assert_uint_eq(circuits(), 0);
}
END_TEST

START_TEST(calls_that_are_refused)
{
	/* Another account's looks like one that does not exist. */
	is_refused(&on_other, 1, "alice", "laptop", CODE_HOST_UNKNOWN);
	is_refused(&on_other, 2, "bob", "laptop", CODE_HOST_UNKNOWN);
	is_refused(&on_laptop, 1, "bob", "desk", CODE_HOST_UNKNOWN);
	is_refused(&on_laptop, 2, "alice", "laptop", CODE_HOST_UNKNOWN);
	is_refused(&on_laptop, 3, "alice", "attic", CODE_HOST_UNKNOWN);
	hubrig_leave(&on_desk);
	hubrig_settle(&rig);
	is_refused(&on_laptop, 4, "alice", "desk", CODE_HOST_OFFLINE);
}
END_TEST

/* Those numbers are the relay's. */
START_TEST(a_number_of_the_relay_is_none_of_a_gateway)
{
	hubrig_attach(
	    &on_laptop, LIMITS_CHANNEL_CALLED, "alice", "desk", MESSAGE);
	ck_assert(hubrig_await_down(&on_laptop));
	ck_assert_uint_eq(circuits(), 0);
	ck_assert_int_eq(on_desk.count[FRAME_ATTACH], 0);
}
END_TEST

/* Who is removed is called no more, and what it had ends. */
START_TEST(a_removed_gateway_is_gone)
{
	call(&on_laptop, &on_desk, 1, "desk");
	device_expel(hubrig_row(&rig, &desk), CODE_REVOKED, "removed");
	await_detached(&caller, CODE_HOST_OFFLINE);
	hubrig_settle(&rig);
	ck_assert_uint_eq(circuits(), 0);
}
END_TEST

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	*(enum code *)arg = outcome->code;
}

/* Deny alice what target says; in force when this returns. */
static void
deny(const char *target)
{
	const struct account_by by = { .user = "admin" };
	enum code code = CODE_INTERNAL;
	struct store_rule row;

	memset(&row, 0, sizeof(row));
	ck_assert_int_eq(rules_parse("alice", target, &row), 0);
	(void)account_add_rule(rig.book, &row, 0, &by, on_done, &code);
	hubrig_commit(&rig);
	ck_assert_int_eq((int)code, (int)CODE_OK);
}

/* --- who there is ---------------------------------------------------- */

/* Let `from` ask for name; the answer is in `answer`. */
static void
resolve(struct hubrig_device *from, const char *name)
{
	struct resolvemsg_resolve ask = { .request = 77 };
	const struct hubrig_frame *frame = &from->last[FRAME_RESOLVED];
	int before = from->count[FRAME_RESOLVED];
	uint8_t payload[128];
	size_t len;

	(void)snprintf(ask.name, sizeof(ask.name), "%s", name);
	len = resolvemsg_resolve_encode(&ask, payload, sizeof(payload));
	hubrig_send(from, FRAME_RESOLVE, 0, payload, len);
	ck_assert(hubrig_await(from, FRAME_RESOLVED, before + 1));
	ck_assert_int_eq(
	    resolvemsg_resolved_decode(&answer, frame->payload, frame->len), 0);
	ck_assert_uint_eq(answer.request, 77);
}

START_TEST(one_is_told)
{
	resolve(&on_laptop, "desk");
	ck_assert_int_eq((int)answer.code, (int)CODE_OK);
	ck_assert_uint_eq(answer.count, 1);
	ck_assert_str_eq(answer.list[0].device, "desk");
	ck_assert_mem_eq(answer.list[0].key, desk.public_key, KEYS_LEN);
	ck_assert(answer.list[0].online);
	hubrig_leave(&on_desk);
	hubrig_settle(&rig);
	resolve(&on_laptop, "desk");
	ck_assert(!answer.list[0].online);
}
END_TEST

START_TEST(some_are_none)
{
	static const struct {
		const char *name;
		enum code code;
	} rows[] = {
		{ "laptop", CODE_HOST_UNKNOWN }, /* who asks */
		{ "office", CODE_HOST_UNKNOWN }, /* a host */
		{ "attic", CODE_HOST_UNKNOWN },
		{ "bob", CODE_DENIED }, /* another account */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		resolve(&on_laptop, rows[i].name);
		ck_assert_msg(answer.code == rows[i].code, "%s: %s",
		    rows[i].name, answer.text);
		ck_assert_uint_eq(answer.count, 0);
		ck_assert_str_ne(answer.text, "");
	}
	ck_assert(strstr(answer.text, "no key is shared") != NULL);
}
END_TEST

START_TEST(all_are_told)
{
	struct hubrig_who late;

	hubrig_enrol(&rig, &late, LINKHELLO_GATEWAY, "alice", "aaa");
	resolve(&on_laptop, "");
	ck_assert_int_eq((int)answer.code, (int)CODE_OK);
	ck_assert_uint_eq(answer.count, 2);
	/* Those first that have it at once. */
	ck_assert_str_eq(answer.list[0].device, "desk");
	ck_assert_str_eq(answer.list[1].device, "aaa");
	ck_assert(answer.list[0].online && !answer.list[1].online);
	resolve(&on_other, "");
	ck_assert_uint_eq(answer.count, 0);
}
END_TEST

START_TEST(not_more_than_fit)
{
	char name[16];

	for (int i = 0; i < RESOLVEMSG_GATEWAYS_MAX; i++) {
		struct hubrig_who one;

		(void)snprintf(name, sizeof(name), "spare-%d", i);
		hubrig_enrol(&rig, &one, LINKHELLO_GATEWAY, "alice", name);
	}
	resolve(&on_laptop, "");
	ck_assert_int_eq((int)answer.code, (int)CODE_LIMIT);
	ck_assert_uint_eq(answer.count, RESOLVEMSG_GATEWAYS_MAX);
	ck_assert_str_eq(answer.list[0].device, "desk");
}
END_TEST

START_TEST(garbage_ends_the_link)
{
	static const uint8_t garbage[] = { 0, 0, 0, 1, 9, 'a' };

	hubrig_send(&on_laptop, FRAME_RESOLVE, 0, garbage, sizeof(garbage));
	ck_assert(hubrig_await_down(&on_laptop));
}
END_TEST

/* What a rule takes away is neither told nor called, and ends. */
START_TEST(rules_hold)
{
	call(&on_laptop, &on_desk, 1, "desk");
	deny("alice/desk");
	device_hub_ruled(
	    rig.hub, rules_next(account_book_rules(rig.book), NULL));
	await_detached(&caller, CODE_DENIED);
	hubrig_settle(&rig);
	is_refused(&on_laptop, 2, "alice", "desk", CODE_DENIED);
	resolve(&on_laptop, "");
	ck_assert_uint_eq(answer.count, 0);
	resolve(&on_laptop, "desk");
	ck_assert_int_eq((int)answer.code, (int)CODE_DENIED);
	ck_assert_uint_eq(answer.count, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("devicecallee");
	TCase *calls = tcase_create("calls");
	TCase *asking = tcase_create("asking");

	tcase_add_checked_fixture(calls, setup, teardown);
	tcase_add_test(calls, a_gateway_is_called);
	tcase_add_test(calls, both_call_one_another);
	tcase_add_test(calls, both_are_shown);
	tcase_add_test(calls, calls_that_are_refused);
	tcase_add_test(calls, a_number_of_the_relay_is_none_of_a_gateway);
	tcase_add_test(calls, a_removed_gateway_is_gone);
	suite_add_tcase(suite, calls);
	tcase_add_checked_fixture(asking, setup, teardown);
	tcase_add_test(asking, one_is_told);
	tcase_add_test(asking, some_are_none);
	tcase_add_test(asking, all_are_told);
	tcase_add_test(asking, not_more_than_fit);
	tcase_add_test(asking, garbage_ends_the_link);
	tcase_add_test(asking, rules_hold);
	suite_add_tcase(suite, asking);
	return unit_main(suite);
}
