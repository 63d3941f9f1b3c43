/* SPDX-License-Identifier: ISC */
/*
 * Channels between gateways and agents: who gets one, and how they end
 * (PROTOCOL.md sections 5 and 6).
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/link.h"
#include "protocol/resume.h"
#include "relay/device_impl.h"
#include "relay/switch.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/relay/faultvfs.h"
#include "tests/unit/relay/hubrig.h"

/* A body as long as the shortest record. */
#define BODY (LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN)

/* The length of message 1 of a session handshake. */
#define MESSAGE 116

static struct hubrig rig;
static struct hubrig_who laptop; /* a gateway of alice's */
static struct hubrig_who office; /* her host */
static struct hubrig_device gateway;
static struct hubrig_device agent;
static struct rawlink raw; /* either, in some tests */
static struct hubrig_frame frame;

/* The channels at the far ends. */
static struct linkpair_peer caller;
static struct linkpair_peer called;

static void
open_rig(const struct hubrig_config *config)
{
	hubrig_open(&rig, config);
	hubrig_enrol(&rig, &laptop, LINKHELLO_GATEWAY, "alice", "laptop");
	hubrig_enrol(&rig, &office, LINKHELLO_AGENT, "alice", "office");
	raw.fd = -1;
}

static void
setup(void)
{
	const struct hubrig_config config = { .budget = 0 };

	open_rig(&config);
}

static void
teardown(void)
{
	hubrig_leave(&gateway);
	hubrig_leave(&agent);
	memset(&gateway, 0, sizeof(gateway));
	memset(&agent, 0, sizeof(agent));
	rawlink_close(&raw);
	hubrig_close(&rig);
}

/* Begin anew, with a relay that is set up like this. */
static void
reopen(const struct hubrig_config *config)
{
	teardown();
	open_rig(config);
}

static void
join_both(void)
{
	hubrig_join(&rig, &agent, &office);
	hubrig_join(&rig, &gateway, &laptop);
}

static uint32_t
circuits(void)
{
	struct switch_stats stats;

	switch_get_stats(rig.board, &stats);
	return stats.circuits;
}

/* Ask for a channel of that number to office. */
static void
ask(uint32_t channel)
{
	ck_assert_int_eq(
	    linkpair_channel(&caller, &gateway.side, channel, NULL), 0);
	hubrig_attach(&gateway, channel, "alice", "office", MESSAGE);
}

/* Ask, and wait until the agent was asked. */
static void
call(uint32_t channel)
{
	int before = agent.count[FRAME_ATTACH];

	ask(channel);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, before + 1));
	ck_assert_int_eq(linkpair_channel(&called, &agent.side,
			     agent.last[FRAME_ATTACH].channel, NULL),
	    0);
	/* The pattern goes by the number, which is another one there. */
	called.tx_seed = channel;
	called.rx_seed = channel;
}

static void
answer(void)
{
	hubrig_send(&agent, FRAME_ATTACHED, agent.last[FRAME_ATTACH].channel,
	    (const uint8_t *)"answer", 6);
}

/* Ask, and have it answered. */
static void
attach(uint32_t channel)
{
	int before = gateway.count[FRAME_ATTACHED];

	call(channel);
	answer();
	ck_assert(hubrig_await(&gateway, FRAME_ATTACHED, before + 1));
}

static bool
is_detached(void *arg)
{
	const struct linkpair_peer *peer = arg;

	return peer->detached > 0 || peer->side->link == NULL;
}

/* Wait until peer's channel ends, with that code. */
static void
await_detached(struct linkpair_peer *peer, enum code code)
{
	ck_assert(await(rig.loop, is_detached, peer));
	ck_assert_int_eq(peer->detached, 1);
	ck_assert_msg(peer->code == code, "%s", peer->text);
}

static bool
has_circuits(void *arg)
{
	const uint32_t *n = arg;

	return circuits() == *n;
}

/* Wait until there are n circuits. */
static void
await_circuits(uint32_t n)
{
	ck_assert(await(rig.loop, has_circuits, &n));
}

/* --- raw links ----------------------------------------------------------- */

static void
join_raw(const struct hubrig_who *who)
{
	rawlink_close(&raw);
	ck_assert(hubrig_raw(&rig, &raw, who) == CODE_OK);
}

static bool
raw_await(const struct hubrig_who *who, enum frame_type type)
{
	return hubrig_raw_await(&raw, who->role, type, &frame);
}

/* Read until a DETACH for channel; put it to *detach. */
static void
raw_detached(const struct hubrig_who *who, uint32_t channel,
    struct linkmsg_detach *detach)
{
	ck_assert(raw_await(who, FRAME_DETACH));
	ck_assert_uint_eq(frame.channel, channel);
	ck_assert_int_eq(
	    linkmsg_detach_decode(detach, frame.payload, frame.len), 0);
}

/* Let the raw gateway ask. */
static void
raw_ask(uint32_t channel, const char *user, const char *owner, const char *host)
{
	uint8_t payload[2048];
	size_t len = hubrig_attach_encode(user, owner, host, MESSAGE, payload);

	ck_assert(rawlink_send(&raw, FRAME_ATTACH, channel, payload, len));
}

/* Let the raw gateway ask in vain; the relay's own word is code and text. */
static void
raw_refused(uint32_t channel, const char *owner, const char *host,
    enum code code, const char *text)
{
	struct linkmsg_detach detach;

	raw_ask(channel, "alice", owner, host);
	raw_detached(&laptop, channel, &detach);
	ck_assert_int_eq((int)detach.code, (int)code);
	ck_assert_uint_eq(detach.by, 0);
	ck_assert_str_eq(detach.text, text);
	ck_assert_uint_eq(circuits(), 0);
}

/* Return true when the raw link is there, having all that it sent handled. */
static bool
raw_lives(const struct hubrig_who *who)
{
	const uint8_t ping[8] = { 1 };

	return rawlink_send(&raw, FRAME_PING, 0, ping, sizeof(ping)) &&
	       raw_await(who, FRAME_PONG);
}

/* --- calls --------------------------------------------------------------- */

START_TEST(a_call_is_passed_on)
{
	const struct hubrig_frame *asked = &agent.last[FRAME_ATTACH];
	struct linkmsg_attach message;

	join_both();
	call(7);
	ck_assert_int_eq(
	    linkmsg_attach_decode(&message, true, asked->payload, asked->len),
	    0);
	ck_assert_str_eq(message.owner, "alice");
	ck_assert_str_eq(message.host, "office");
	ck_assert_uint_eq(message.epoch, 1);
	ck_assert_str_eq(message.caller.user, "alice");
	ck_assert_int_eq((int)message.kind, (int)LINKMSG_BEGIN);
	ck_assert_uint_eq(message.message_len, MESSAGE);
	ck_assert_int_eq(message.message[0], 1);
	/* Who calls is what the relay knows of the link. */
	ck_assert_str_eq(message.device, "laptop");
	ck_assert_mem_eq(message.device_key, laptop.public_key, KEYS_LEN);
	ck_assert_uint_eq(circuits(), 1);
}
END_TEST

/* The relay has no word in which sessions go on. */
START_TEST(a_request_to_resume_is_passed_on)
{
	static const uint8_t request[RESUME_REQUEST_LEN] = { 4, 5, 6 };
	const struct hubrig_frame *asked = &agent.last[FRAME_ATTACH];
	struct linkmsg_attach message = {
		.owner = "alice",
		.host = "office",
		.kind = LINKMSG_RESUME,
		.message = request,
		.message_len = sizeof(request),
	};
	uint8_t payload[2048];
	size_t len;

	join_both();
	ck_assert_int_eq(keys_caller_owner(&message.caller, "alice"), 0);
	len = linkmsg_attach_encode(&message, payload, sizeof(payload));
	hubrig_send(&gateway, FRAME_ATTACH, 7, payload, len);
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 1));
	ck_assert_int_eq(
	    linkmsg_attach_decode(&message, true, asked->payload, asked->len),
	    0);
	ck_assert_int_eq((int)message.kind, (int)LINKMSG_RESUME);
	ck_assert_uint_eq(message.message_len, sizeof(request));
	ck_assert_mem_eq(message.message, request, sizeof(request));
	ck_assert_str_eq(message.device, "laptop");
}
END_TEST

START_TEST(an_answer_comes_back)
{
	const struct hubrig_frame *answered = &gateway.last[FRAME_ATTACHED];

	join_both();
	attach(7);
	ck_assert_uint_eq(answered->channel, 7);
	ck_assert_uint_eq(answered->len, 6);
	ck_assert_mem_eq(answered->payload, "answer", 6);
	linkpair_send(&caller, 100, 1000);
	linkpair_send(&called, 100, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 100));
	ck_assert(hubrig_await_arrived(&rig, &caller, 100));
	ck_assert(caller.good);
	ck_assert(called.good);
}
END_TEST

static bool
has_three_attaches(void *arg)
{
	struct device_hub_stats *stats = arg;

	device_hub_get_stats(rig.hub, stats);
	return stats->attaches == 3;
}

/* From ATTACH to ATTACHED; what is refused has its code. */
START_TEST(calls_and_answers_are_counted)
{
	struct device_hub_stats stats = { .attaches = 0 };

	join_both();
	call(2);
	answer();
	ck_assert(hubrig_await(&gateway, FRAME_ATTACHED, 1));
	call(4);
	hubrig_attach(&gateway, 6, "alice", "attic", MESSAGE);
	ck_assert(await(rig.loop, has_three_attaches, &stats));
	ck_assert_uint_eq(stats.attach.count, 1);
	ck_assert_uint_gt(stats.attach.sum_ns, 0);
	ck_assert_uint_lt(stats.attach.sum_ns, 30 * LIMITS_SEC);
	ck_assert_uint_eq(stats.refused_attaches[CODES_INDEX_HOST_UNKNOWN], 1);
	ck_assert_uint_eq(stats.refused_logins[CODES_INDEX_HOST_UNKNOWN], 0);
}
END_TEST

static char channels[512];

/* Adds a line about channel to the text at arg. */
static void
write_channel(const struct device_channel *channel, void *arg)
{
	size_t len = strlen(arg);

	(void)snprintf((char *)arg + len, sizeof(channels) - len,
	    "%s/%s %s/%s %s %d %d\n", channel->gateway_user, channel->gateway,
	    channel->host_user, channel->host,
	    channel->answered ? "open" : "asked", channel->up > 0,
	    channel->down > 0);
}

static void
list_channels(const struct hubrig_who *who, unsigned most)
{
	channels[0] = '\0';
	device_each_channel(
	    hubrig_row(&rig, who), most, write_channel, channels);
}

START_TEST(channels_are_told)
{
	list_channels(&laptop, 9);
	ck_assert_str_eq(channels, "");
	join_both();
	attach(7);
	linkpair_send(&caller, 10, BODY);
	ck_assert(hubrig_await_arrived(&rig, &called, 10));
	call(9);
	list_channels(&office, 9);
	ck_assert_str_eq(channels, "alice/laptop alice/office asked 0 0\n"
				   "alice/laptop alice/office open 1 0\n");
	list_channels(&laptop, 1);
	ck_assert_str_eq(channels, "alice/laptop alice/office asked 0 0\n");
	hubrig_leave(&gateway);
	ck_assert(hubrig_await_down(&gateway));
}
END_TEST

/* A number is never used again, also when its channel is over. */
START_TEST(each_call_has_its_own_number)
{
	join_both();
	call(7);
	ck_assert_uint_eq(agent.last[FRAME_ATTACH].channel, 1);
	channel_detach(caller.channel, CODE_CANCELLED, NULL);
	await_detached(&called, CODE_CANCELLED);
	call(8);
	ck_assert_uint_eq(agent.last[FRAME_ATTACH].channel, 2);
	call(2000000000);
	ck_assert_uint_eq(agent.last[FRAME_ATTACH].channel, 3);
	ck_assert_uint_eq(circuits(), 2);
}
END_TEST

START_TEST(calls_that_are_refused)
{
	struct hubrig_who lab;
	struct hubrig_who other;
	struct linkmsg_detach detach;

	hubrig_enrol(&rig, &lab, LINKHELLO_AGENT, "alice", "lab");
	hubrig_enrol(&rig, &other, LINKHELLO_AGENT, "bob", "barn");
	hubrig_join(&rig, &agent, &other);
	join_raw(&laptop);
	raw_refused(1, "alice", "moon", CODE_HOST_UNKNOWN,
	    "no host \"moon\" in this account");
	raw_refused(2, "alice", "lab", CODE_HOST_OFFLINE, "\"lab\" is offline");
	/* Another account's host does not exist, online or not. */
	raw_refused(3, "bob", "barn", CODE_HOST_UNKNOWN,
	    "no host \"barn\" in this account");
	raw_refused(4, "alice", "barn", CODE_HOST_UNKNOWN,
	    "no host \"barn\" in this account");
	/* Nobody calls in the name of somebody else. */
	raw_ask(5, "bob", "bob", "barn");
	raw_detached(&laptop, 5, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_DENIED);
	raw_ask(6, "bob", "alice", "lab");
	raw_detached(&laptop, 6, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_DENIED);
	ck_assert_int_eq(agent.count[FRAME_ATTACH], 0);
	ck_assert(raw_lives(&laptop));
}
END_TEST

START_TEST(calls_come_at_a_limited_rate)
{
	struct linkmsg_detach detach;
	int unknown = 0;
	int limited = 0;

	join_raw(&laptop);
	/* Fifty more a second are let through: a slow machine takes seconds. */
	for (uint32_t i = 1; i <= 5000 && limited < 10; i++) {
		raw_ask(i, "alice", "alice", "moon");
		raw_detached(&laptop, i, &detach);
		unknown += detach.code == CODE_HOST_UNKNOWN;
		limited += detach.code == CODE_LIMIT;
	}
	ck_assert_int_ge(unknown, 1000);
	ck_assert_int_eq(limited, 10);
	ck_assert(raw_lives(&laptop));
}
END_TEST

/* --- calls that are wrong ------------------------------------------------ */

/* An ATTACH of these bytes ends the link. */
static void
ends_link(uint32_t channel, const uint8_t *payload, size_t len)
{
	ck_assert(rawlink_send(&raw, FRAME_ATTACH, channel, payload, len));
	ck_assert(rawlink_await_end(&raw));
}

START_TEST(a_wrong_call_ends_the_link)
{
	uint8_t payload[2048];
	size_t len =
	    hubrig_attach_encode("alice", "alice", "office", 3, payload);

	hubrig_join(&rig, &agent, &office);
	for (size_t cut = 1; cut < len; cut++) {
		join_raw(&laptop);
		ends_link(1, payload, cut);
	}
	join_raw(&laptop);
	ends_link(1, payload, len + 1);
	/* A message of no bytes, as its length says and as its end is. */
	join_raw(&laptop);
	payload[len - 4] = 0;
	ends_link(1, payload, len - 3);
	/* What only the relay may say. */
	join_raw(&laptop);
	ck_assert(rawlink_send(&raw, FRAME_RESOLVED, 0, payload, 8));
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq(agent.count[FRAME_ATTACH], 0);
	ck_assert_ptr_null(hubrig_end(&rig, &laptop));
	ck_assert(link_is_up(agent.side.link));
}
END_TEST

START_TEST(a_number_is_not_used_again)
{
	static const uint32_t again[] = { 7, 6, 1 };
	uint8_t payload[2048];
	size_t len =
	    hubrig_attach_encode("alice", "alice", "office", 3, payload);

	hubrig_join(&rig, &agent, &office);
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		join_raw(&laptop);
		raw_ask(7, "alice", "alice", "office");
		ck_assert(hubrig_await(&agent, FRAME_ATTACH, (int)i + 1));
		ends_link(again[i], payload, len);
	}
	/* Refused ones count, too. */
	join_raw(&laptop);
	raw_refused(7, "alice", "moon", CODE_HOST_UNKNOWN,
	    "no host \"moon\" in this account");
	ends_link(7, payload, len);
	/* After the last one there is none. */
	join_raw(&laptop);
	raw_refused(LIMITS_CHANNEL_CALLED - 1, "alice", "moon",
	    CODE_HOST_UNKNOWN, "no host \"moon\" in this account");
	ends_link(1, payload, len);
}
END_TEST

START_TEST(an_agent_calls_nobody)
{
	uint8_t payload[2048];
	size_t len =
	    hubrig_attach_encode("alice", "alice", "office", 3, payload);

	join_raw(&office);
	ends_link(1, payload, len);
}
END_TEST

/* What the relay adds may not make of a good frame one that ends a link. */
START_TEST(a_call_may_be_too_long_to_pass_on)
{
	struct linkmsg_detach detach;
	uint8_t payload[2048];
	size_t bare =
	    hubrig_attach_encode("alice", "alice", "office", 1, payload);
	size_t room =
	    sizeof(payload) - bare - (1 + strlen("laptop") + KEYS_LEN);
	size_t len;

	hubrig_join(&rig, &agent, &office);
	join_raw(&laptop);
	len =
	    hubrig_attach_encode("alice", "alice", "office", 1 + room, payload);
	ck_assert(rawlink_send(&raw, FRAME_ATTACH, 1, payload, len));
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 1));
	ck_assert_uint_eq(agent.last[FRAME_ATTACH].len, sizeof(payload));
	len =
	    hubrig_attach_encode("alice", "alice", "office", 2 + room, payload);
	ck_assert(rawlink_send(&raw, FRAME_ATTACH, 2, payload, len));
	raw_detached(&laptop, 2, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_OVERLOADED);
	ck_assert(raw_lives(&laptop));
	ck_assert_uint_eq(circuits(), 1);
	ck_assert(link_is_up(agent.side.link));
}
END_TEST

/* --- answers ------------------------------------------------------------- */

START_TEST(an_answer_counts_once)
{
	join_both();
	attach(7);
	answer();
	linkpair_send(&called, 1, BODY);
	/* What comes behind it has come: it is not on its way. */
	ck_assert(hubrig_await_arrived(&rig, &caller, 1));
	ck_assert_int_eq(gateway.count[FRAME_ATTACHED], 1);
	ck_assert(link_is_up(agent.side.link));
}
END_TEST

START_TEST(an_answer_to_nothing_is_ignored)
{
	struct hubrig_who lab;

	hubrig_enrol(&rig, &lab, LINKHELLO_AGENT, "alice", "lab");
	join_both();
	call(7);
	/* Not even that of another agent, which has no such channel. */
	join_raw(&lab);
	ck_assert(rawlink_send(&raw, FRAME_ATTACHED,
	    agent.last[FRAME_ATTACH].channel, (const uint8_t *)"no", 2));
	ck_assert(
	    rawlink_send(&raw, FRAME_ATTACHED, 4711, (const uint8_t *)"no", 2));
	ck_assert(raw_lives(&lab));
	ck_assert_int_eq(gateway.count[FRAME_ATTACHED], 0);
	answer();
	ck_assert(hubrig_await(&gateway, FRAME_ATTACHED, 1));
	ck_assert_mem_eq(gateway.last[FRAME_ATTACHED].payload, "answer", 6);
}
END_TEST

START_TEST(an_answer_may_come_too_late)
{
	join_both();
	call(7);
	channel_detach(caller.channel, CODE_CANCELLED, NULL);
	await_detached(&called, CODE_CANCELLED);
	answer();
	hubrig_settle(&rig);
	ck_assert_int_eq(gateway.count[FRAME_ATTACHED], 0);
	ck_assert(link_is_up(agent.side.link));
}
END_TEST

/* Nobody sends to channels that he does not have. */
START_TEST(what_is_for_no_channel_is_ignored)
{
	static const uint8_t body[BODY];
	struct linkmsg_detach detach = { .code = CODE_OK };
	uint8_t payload[64];
	size_t len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	struct hubrig_who who[] = { laptop, office };

	for (size_t i = 0; i < 2; i++) {
		join_raw(&who[i]);
		ck_assert(
		    rawlink_send(&raw, FRAME_CARRY, 9, body, sizeof(body)));
		ck_assert(rawlink_send(&raw, FRAME_DETACH, 9, payload, len));
		ck_assert(raw_lives(&who[i]));
		/* Credit is the relay's to give. */
		ck_assert(rawlink_send(&raw, FRAME_CREDIT, 9, body, 8));
		ck_assert(rawlink_await_end(&raw));
	}
}
END_TEST

/* --- the end ------------------------------------------------------------- */

START_TEST(either_side_ends_a_channel)
{
	join_both();
	attach(7);
	channel_detach(caller.channel, CODE_GOING_DOWN, "enough");
	await_detached(&called, CODE_GOING_DOWN);
	ck_assert_str_eq(called.text, "enough");
	ck_assert_uint_eq(circuits(), 0);
	attach(8);
	channel_detach(called.channel, CODE_DENIED, "not you");
	await_detached(&caller, CODE_DENIED);
	ck_assert_str_eq(caller.text, "not you");
	ck_assert_uint_eq(circuits(), 0);
	/* Before it was answered, too. */
	call(9);
	channel_detach(called.channel, CODE_OVERLOADED, "");
	await_detached(&caller, CODE_OVERLOADED);
	ck_assert(link_is_up(gateway.side.link));
	ck_assert(link_is_up(agent.side.link));
}
END_TEST

/* DETACH says whose word it is. */
START_TEST(an_end_has_its_author)
{
	struct linkmsg_detach detach;

	hubrig_join(&rig, &agent, &office);
	join_raw(&laptop);
	raw_ask(7, "alice", "alice", "office");
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 1));
	ck_assert_int_eq(linkpair_channel(&called, &agent.side, 1, NULL), 0);
	channel_detach(called.channel, CODE_DENIED, "no");
	raw_detached(&laptop, 7, &detach);
	ck_assert_uint_eq(detach.by, LINKHELLO_AGENT);
	/* That a link is gone is the word of the relay. */
	raw_ask(8, "alice", "alice", "office");
	ck_assert(hubrig_await(&agent, FRAME_ATTACH, 2));
	hubrig_leave(&agent);
	raw_detached(&laptop, 8, &detach);
	ck_assert_uint_eq(detach.by, 0);

	hubrig_join(&rig, &gateway, &laptop);
	join_raw(&office);
	ask(9);
	ck_assert(raw_await(&office, FRAME_ATTACH));
	channel_detach(caller.channel, CODE_CANCELLED, "");
	raw_detached(&office, 1, &detach);
	ck_assert_uint_eq(detach.by, LINKHELLO_GATEWAY);
}
END_TEST

/* How a link ended is between its ends, and all the same to the other side. */
static void
assert_lost(const struct linkpair_peer *peer)
{
	ck_assert_str_eq(peer->text,
	    peer == &caller ? "the host lost its connection to the relay"
			    : "the gateway lost its connection to the relay");
	ck_assert_uint_eq(circuits(), 0);
}

START_TEST(a_link_that_is_lost_ends_its_channels)
{
	join_both();
	attach(7);
	hubrig_leave(&agent);
	await_detached(&caller, CODE_HOST_OFFLINE);
	assert_lost(&caller);
	hubrig_join(&rig, &agent, &office);
	attach(8);
	link_goaway(agent.side.link, CODE_REVOKED, "I say so");
	await_detached(&caller, CODE_HOST_OFFLINE);
	assert_lost(&caller);
	ck_assert(hubrig_await_down(&agent));
	hubrig_join(&rig, &agent, &office);
	attach(9);
	hubrig_leave(&gateway);
	await_detached(&called, CODE_LINK_LOST);
	assert_lost(&called);
}
END_TEST

START_TEST(a_device_that_is_replaced_or_expelled_loses_them)
{
	struct hubrig_device newer;

	join_both();
	attach(7);
	hubrig_join(&rig, &newer, &office);
	await_detached(&caller, CODE_HOST_OFFLINE);
	assert_lost(&caller);
	hubrig_leave(&newer);
	ck_assert(hubrig_await_down(&agent));

	hubrig_join(&rig, &agent, &office);
	attach(8);
	hubrig_join(&rig, &newer, &laptop);
	await_detached(&called, CODE_LINK_LOST);
	assert_lost(&called);
	hubrig_leave(&newer);
	ck_assert(hubrig_await_down(&gateway));

	hubrig_join(&rig, &gateway, &laptop);
	attach(9);
	device_expel(hubrig_row(&rig, &office), CODE_REVOKED, "out");
	await_detached(&caller, CODE_HOST_OFFLINE);
	assert_lost(&caller);
	ck_assert(hubrig_await_down(&agent));

	hubrig_join(&rig, &agent, &office);
	attach(10);
	device_expel(hubrig_row(&rig, &laptop), CODE_REVOKED, "out");
	await_detached(&called, CODE_LINK_LOST);
	assert_lost(&called);
	ck_assert(hubrig_await_down(&gateway));
}
END_TEST

struct waiting {
	uint64_t queued;
	int polls;
};

/* Wait until the relay holds more than it can hand on. */
static bool
is_stalled(void *arg)
{
	struct waiting *waiting = arg;
	struct switch_stats stats;

	switch_get_stats(rig.board, &stats);
	if (stats.queued != waiting->queued) {
		waiting->queued = stats.queued;
		waiting->polls = 0;
	}
	return stats.queued > 0 && ++waiting->polls > 20;
}

/* Have a channel of that number to a raw office that reads nothing. */
static void
stall(uint32_t channel)
{
	struct waiting waiting = { .queued = 0 };

	ask(channel);
	linkpair_send(&caller, 1000000, LIMITS_FRAME_BODY_MAX);
	ck_assert(await(rig.loop, is_stalled, &waiting));
}

/* Read all that office has to get of channel; returns how many bodies. */
static uint64_t
raw_drain(uint32_t channel, struct linkmsg_detach *detach)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	uint64_t bodies = 0;
	size_t len;

	do {
		ck_assert(rawlink_recv(&raw, hubrig_sender(LINKHELLO_AGENT),
		    &head, payload, &len));
		bodies += head.type == FRAME_CARRY && head.channel == channel;
	} while (head.type != FRAME_DETACH);
	ck_assert_uint_eq(head.channel, channel);
	ck_assert_int_eq(linkmsg_detach_decode(detach, payload, len), 0);
	return bodies;
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* A gateway that ends a channel is through with it before its host is. */
START_TEST(what_was_said_comes_before_the_end)
{
	struct linkmsg_detach detach;

	join_raw(&office);
	hubrig_join(&rig, &gateway, &laptop);
	stall(7);
	channel_detach(caller.channel, CODE_GOING_DOWN, "enough");
	hubrig_settle(&rig);
	ck_assert_uint_eq(circuits(), 1);
	ck_assert_uint_eq(hubrig_end(&rig, &laptop)->channels, 0);
	ck_assert_uint_eq(hubrig_end(&rig, &office)->channels, 1);
	/* An answer that crossed the end is for nobody. */
	ck_assert(
	    rawlink_send(&raw, FRAME_ATTACHED, 1, (const uint8_t *)"late", 4));
	ck_assert_uint_eq(raw_drain(1, &detach), caller.pulled);
	ck_assert_int_eq((int)detach.code, (int)CODE_GOING_DOWN);
	ck_assert_uint_eq(detach.by, LINKHELLO_GATEWAY);
	ck_assert_int_eq(gateway.count[FRAME_ATTACHED], 0);
	ck_assert_uint_eq(circuits(), 0);
	ck_assert_uint_eq(hubrig_end(&rig, &office)->channels, 0);
}
END_TEST

/* One that is gone for good leaves what it had sent, and its tenant. */
START_TEST(what_was_said_comes_before_a_loss)
{
	struct linkmsg_detach detach;
	uint64_t pulled;

	join_raw(&office);
	hubrig_join(&rig, &gateway, &laptop);
	stall(7);
	pulled = caller.pulled;
	hubrig_leave(&gateway);
	hubrig_settle(&rig);
	ck_assert_ptr_null(hubrig_end(&rig, &laptop));
	ck_assert_uint_eq(circuits(), 1);
	/* Back before the host has read it all. */
	hubrig_join(&rig, &gateway, &laptop);
	ask(7);
	ck_assert_uint_eq(raw_drain(1, &detach), pulled);
	ck_assert_int_eq((int)detach.code, (int)CODE_LINK_LOST);
	ck_assert_uint_eq(circuits(), 1);
	ck_assert_uint_eq(hubrig_end(&rig, &office)->channels, 1);
	/* And gone before that, both. */
	linkpair_send(&caller, 1000000, LIMITS_FRAME_BODY_MAX);
	hubrig_settle(&rig);
	hubrig_leave(&gateway);
	hubrig_settle(&rig);
	rawlink_close(&raw);
	await_circuits(0);
}
END_TEST

/* A relay that stops hands on what it holds, and then says so. */
START_TEST(what_was_said_comes_before_goaway)
{
	struct switch_stats stats;
	uint64_t want;
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	uint64_t bodies = 0;
	size_t len;

	join_raw(&office);
	hubrig_join(&rig, &gateway, &laptop);
	stall(7);
	switch_get_stats(rig.board, &stats);
	want = stats.copied[SWITCH_GATEWAY] /
		   (LIMITS_FRAME_HEAD_LEN + LIMITS_FRAME_BODY_MAX) +
	       stats.queued / (LIMITS_FRAME_HEAD_LEN + LIMITS_FRAME_BODY_MAX +
				  LIMITS_QUEUE_OVERHEAD);
	device_hub_goaway(rig.hub, CODE_GOING_DOWN, "bye", nothing, NULL);
	/* The gateway has nothing to get, and is gone before. */
	ck_assert(hubrig_await_down(&gateway));
	do {
		ck_assert(rawlink_recv(&raw, hubrig_sender(LINKHELLO_AGENT),
		    &head, payload, &len));
		bodies += head.type == FRAME_CARRY;
		ck_assert(head.type != FRAME_DETACH);
	} while (head.type != FRAME_GOAWAY);
	ck_assert_uint_eq(bodies, want);
	ck_assert_uint_eq(circuits(), 0);
}
END_TEST

START_TEST(both_links_may_go_at_once)
{
	join_both();
	attach(7);
	hubrig_leave(&agent);
	hubrig_leave(&gateway);
	await_circuits(0);
}
END_TEST

START_TEST(a_hub_may_go_with_channels)
{
	join_both();
	attach(7);
	call(8);
	device_hub_free(rig.hub);
	rig.hub = NULL;
	ck_assert_uint_eq(circuits(), 0);
	ck_assert(hubrig_await_down(&gateway));
	ck_assert(hubrig_await_down(&agent));
}
END_TEST

/* --- limits -------------------------------------------------------------- */

/* An account shares what may be promised, whatever its gateways. */
START_TEST(an_account_has_its_share)
{
	const struct hubrig_config config = {
		.account_promise = 4 * LIMITS_CREDIT_START,
	};
	struct hubrig_who second;
	struct hubrig_who tablet;
	struct hubrig_who barn;
	struct hubrig_device host;
	struct linkmsg_detach detach;

	reopen(&config);
	hubrig_enrol(&rig, &second, LINKHELLO_GATEWAY, "alice", "second");
	hubrig_enrol(&rig, &tablet, LINKHELLO_GATEWAY, "bob", "tablet");
	hubrig_enrol(&rig, &barn, LINKHELLO_AGENT, "bob", "barn");
	join_both();
	call(1);
	call(2);
	ask(3);
	await_detached(&caller, CODE_OVERLOADED);
	join_raw(&second);
	raw_ask(1, "alice", "alice", "office");
	raw_detached(&second, 1, &detach);
	ck_assert_int_eq((int)detach.code, (int)CODE_OVERLOADED);
	ck_assert_uint_eq(circuits(), 2);
	/* Somebody else has his own. */
	hubrig_join(&rig, &host, &barn);
	join_raw(&tablet);
	raw_ask(1, "bob", "bob", "barn");
	ck_assert(hubrig_await(&host, FRAME_ATTACH, 1));
	/* What ends leaves its room. */
	channel_detach(called.channel, CODE_OK, NULL);
	await_circuits(2);
	call(4);
	ck_assert_uint_eq(circuits(), 3);
	hubrig_leave(&host);
}
END_TEST

START_TEST(a_link_has_so_many_channels)
{
	struct hubrig_who lab;

	hubrig_enrol(&rig, &lab, LINKHELLO_AGENT, "alice", "lab");
	join_both();
	hubrig_end(&rig, &laptop)->channels = LIMITS_CHANNELS_MAX - 1;
	call(1);
	ask(2);
	await_detached(&caller, CODE_LIMIT);
	channel_detach(called.channel, CODE_OK, NULL);
	await_circuits(0);
	call(3);
	hubrig_end(&rig, &laptop)->channels = 1;
	hubrig_end(&rig, &office)->channels = LIMITS_CHANNELS_MAX - 1;
	call(4);
	ask(5);
	await_detached(&caller, CODE_OVERLOADED);
	ck_assert_str_eq(caller.text, "\"office\" has too many channels");
	channel_detach(called.channel, CODE_OK, NULL);
	await_circuits(1);
	call(6);
	ck_assert_int_eq((int)hubrig_end(&rig, &laptop)->channels, 2);
}
END_TEST

START_TEST(a_link_that_used_its_numbers_is_replaced)
{
	join_both();
	hubrig_end(&rig, &office)->next_channel = UINT32_MAX;
	call(1);
	ck_assert_uint_eq(agent.last[FRAME_ATTACH].channel, UINT32_MAX);
	ask(2);
	await_detached(&caller, CODE_HOST_OFFLINE);
	ck_assert(hubrig_await_down(&agent));
	ck_assert_int_eq((int)agent.code, (int)CODE_LIMIT);
	hubrig_join(&rig, &agent, &office);
	call(3);
	ck_assert_uint_eq(agent.last[FRAME_ATTACH].channel, 1);
}
END_TEST

/* Calls that an agent does not read end its link, and nobody else's. */
START_TEST(an_agent_that_does_not_read)
{
	const struct hubrig_config config = {
		.budget = UINT64_C(1) << 30,
		.account_promise = UINT64_C(1) << 30,
	};
	uint32_t channel = 0;

	reopen(&config);
	join_raw(&office);
	hubrig_join(&rig, &gateway, &laptop);
	ask(++channel);
	while (caller.detached == 0 && channel < 900) {
		hubrig_attach(&gateway, ++channel, "alice", "office", 1900);
		loop_poll(rig.loop);
	}
	await_detached(&caller, CODE_HOST_OFFLINE);
	await_circuits(0);
	ck_assert(link_is_up(gateway.side.link));
	ck_assert(rawlink_await_end(&raw));
}
END_TEST

/* --- no memory ----------------------------------------------------------- */

/* Have both raw links up, as far as the last failure ended them. */
static void
rejoin(struct rawlink *host)
{
	if (hubrig_end(&rig, &laptop) == NULL) {
		join_raw(&laptop);
	}
	if (hubrig_end(&rig, &office) == NULL) {
		rawlink_close(host);
		ck_assert(hubrig_raw(&rig, host, &office) == CODE_OK);
	}
}

/* A call of that number, while there may be no memory. */
static void
try_call(uint32_t channel)
{
	uint8_t payload[2048];
	size_t len =
	    hubrig_attach_encode("alice", "alice", "office", MESSAGE, payload);

	ck_assert(rawlink_send(&raw, FRAME_ATTACH, channel, payload, len));
	hubrig_settle(&rig);
}

START_TEST(no_memory_refuses_a_call)
{
	struct linkmsg_detach bye = { .code = CODE_CANCELLED };
	struct rawlink host = { .fd = -1 };
	uint8_t payload[64];
	size_t len = linkmsg_detach_encode(&bye, payload, sizeof(payload));
	uint32_t channel = 0;
	long n = 0;

	do {
		rejoin(&host);
		ck_assert_uint_eq(circuits(), 0);
		failalloc_after(++n);
		try_call(++channel);
		failalloc_off();
		hubrig_settle(&rig);
		if (hubrig_end(&rig, &laptop) != NULL) {
			ck_assert(rawlink_send(
			    &raw, FRAME_DETACH, channel, payload, len));
			ck_assert(raw_lives(&laptop));
		}
	} while (failalloc_hit());
	ck_assert_int_gt(n, 10);
	rawlink_close(&host);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deviceattach");
	TCase *tcase = tcase_create("deviceattach");

	if (sodium_init() < 0 || faultvfs_install() != 0) {
		return 1;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_call_is_passed_on);
	tcase_add_test(tcase, a_request_to_resume_is_passed_on);
	tcase_add_test(tcase, an_answer_comes_back);
	tcase_add_test(tcase, calls_and_answers_are_counted);
	tcase_add_test(tcase, channels_are_told);
	tcase_add_test(tcase, each_call_has_its_own_number);
	tcase_add_test(tcase, calls_that_are_refused);
	tcase_add_test(tcase, calls_come_at_a_limited_rate);
	tcase_add_test(tcase, a_wrong_call_ends_the_link);
	tcase_add_test(tcase, a_number_is_not_used_again);
	tcase_add_test(tcase, an_agent_calls_nobody);
	tcase_add_test(tcase, a_call_may_be_too_long_to_pass_on);
	tcase_add_test(tcase, an_answer_counts_once);
	tcase_add_test(tcase, an_answer_to_nothing_is_ignored);
	tcase_add_test(tcase, an_answer_may_come_too_late);
	tcase_add_test(tcase, what_is_for_no_channel_is_ignored);
	tcase_add_test(tcase, either_side_ends_a_channel);
	tcase_add_test(tcase, an_end_has_its_author);
	tcase_add_test(tcase, a_link_that_is_lost_ends_its_channels);
	tcase_add_test(tcase, a_device_that_is_replaced_or_expelled_loses_them);
	tcase_add_test(tcase, what_was_said_comes_before_the_end);
	tcase_add_test(tcase, what_was_said_comes_before_a_loss);
	tcase_add_test(tcase, what_was_said_comes_before_goaway);
	tcase_add_test(tcase, both_links_may_go_at_once);
	tcase_add_test(tcase, a_hub_may_go_with_channels);
	tcase_add_test(tcase, an_account_has_its_share);
	tcase_add_test(tcase, a_link_has_so_many_channels);
	tcase_add_test(tcase, a_link_that_used_its_numbers_is_replaced);
	tcase_add_test(tcase, an_agent_that_does_not_read);
	tcase_add_test(tcase, no_memory_refuses_a_call);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
