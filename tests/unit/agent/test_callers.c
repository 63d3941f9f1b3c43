/* SPDX-License-Identifier: ISC */

#include "agent/callers.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/attach.h"
#include "agent/egress.h"
#include "agent/policy.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "protocol/carrier.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "tests/support/asker.h"
#include "tests/support/failalloc.h"
#include "tests/support/linkpair.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Sessions that a test may have at a time. */
#define VISITS_MAX 80

/* Streams that a test may open. */
#define OPENINGS_MAX 100

/* A session as the gateway sees it; the test is gateway and relay at once. */
struct visit {
	struct asker *asker;
	struct channel *channel; /* NULL once a carrier has it, or it ended */
	struct carrier *carrier; /* NULL before and after */
	bool returning;          /* asked to go on */
	int lost;                /* how often its channel was */
	int returned;            /* how often it went on */
	uint8_t request[RESUME_REQUEST_LEN]; /* the last one */
	struct session_budget budget;
	bool mute;    /* take no answer: nothing is ever confirmed */
	bool asks;    /* a question: nothing begins */
	int attached; /* ATTACHED came */
	int ended;    /* by DETACH, or the session did */
	enum code code;
	char text[LIMITS_TEXT_LEN];
};

/* A stream as the gateway sees it. */
struct opening {
	struct stream *stream;
	int ended; /* answered or reset */
	int opened;
	struct stream_opened outcome;
	int resets;
	enum code code;
	size_t received;
};

static struct linkpair net;
static struct resolver *resolver;
static struct egress *egress;
static struct callers *callers;
static struct asker asker;
static struct attach_self self;
static struct session_budget receive;
static struct visit visits[VISITS_MAX];
static size_t last_visit;
static struct visit *visit_of[2 * VISITS_MAX]; /* by channel number */
static uint32_t last_channel;
/* They outlive the tests, because their streams end in teardown(). */
static struct opening openings[OPENINGS_MAX];
static size_t last_opening;
static int service = -1; /* a listening socket */
static uint16_t port;

/* --- the gateway's side -------------------------------------------------- */

static void
on_visit_detached(void *arg, enum code code, const char *text)
{
	struct visit *visit = arg;

	visit->channel = NULL;
	visit->ended++;
	visit->code = code;
	(void)snprintf(visit->text, sizeof(visit->text), "%s", text);
}

static const struct channel_ops visit_channel_ops = {
	.detached = on_visit_detached,
};

static void
on_visit_lost(void *arg, enum code code, const char *text)
{
	struct visit *visit = arg;

	visit->lost++;
	visit->code = code;
	(void)snprintf(visit->text, sizeof(visit->text), "%s", text);
}

static void
on_visit_down(void *arg, enum code code, const char *text)
{
	struct visit *visit = arg;

	visit->carrier = NULL;
	on_visit_detached(visit, code, text);
}

static const struct carrier_ops visit_carrier_ops = {
	.lost = on_visit_lost,
	.down = on_visit_down,
};

/* Start the session of visit with the answer that came. */
static void
begin(struct visit *visit, const uint8_t *reply, size_t len)
{
	struct resume resume;
	struct seal tx;
	struct seal rx;
	const struct session_config config = {
		.role = SESSION_OPENER,
		.tx = &tx,
		.rx = &rx,
		.retain_max = LIMITS_RETAIN_MAX,
		.window_max = LIMITS_WINDOW_MAX,
		.streams_max = UINT32_MAX / 4,
		.receive = &visit->budget,
	};

	visit->budget.max = LIMITS_RECEIVE_BUDGET;
	ck_assert_int_eq(
	    asker_take(visit->asker, reply, len, &tx, &rx, &resume), 0);
	/* A relay that holds nobody back. */
	channel_credit(visit->channel, UINT64_C(1) << 40);
	visit->carrier = carrier_new(net.loop, visit->channel, &config,
	    visit->asker->said.grace > 0 ? &resume : NULL, &visit_carrier_ops,
	    visit);
	ck_assert_ptr_nonnull(visit->carrier);
	visit->channel = NULL;
}

/* Go on with the session of visit by the answer that came. */
static void
go_on(struct visit *visit, const uint8_t *answer, size_t len)
{
	struct channel *channel = visit->channel;

	ck_assert_int_eq(carrier_hear(visit->carrier, channel, answer, len), 0);
	channel_credit(channel, UINT64_C(1) << 40);
	visit->channel = NULL;
	visit->returning = false;
	visit->returned++;
}

/* The relay heard something of the agent. */
static void
relay_hook(struct linkpair_side *side, enum linkpair_event event)
{
	struct visit *visit;

	if (event != LINKPAIR_FRAME || side->type != FRAME_ATTACHED) {
		return;
	}
	visit = visit_of[side->channel];
	visit->attached++;
	if (visit->returning) {
		go_on(visit, side->payload, side->len);
	} else if (visit->asks) {
		ck_assert_int_eq(
		    asker_hear(visit->asker, side->payload, side->len), 0);
	} else if (!visit->mute) {
		begin(visit, side->payload, side->len);
	}
}

/* The agent heard something of the relay. */
static void
agent_hook(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_FRAME && side->type == FRAME_ATTACH) {
		callers_attach(callers, side->link, side->channel,
		    side->payload, side->len);
	}
}

/* Send an ATTACH with this payload for visit, over a new channel. */
static void
send_for(struct visit *visit, const uint8_t *payload, size_t len)
{
	uint32_t id = ++last_channel;

	ck_assert_uint_lt(id, 2 * VISITS_MAX);
	visit_of[id] = visit;
	visit->channel =
	    channel_new(net.relay.link, id, NULL, &visit_channel_ops, visit);
	ck_assert_ptr_nonnull(visit->channel);
	ck_assert_int_eq(
	    link_send(net.relay.link, FRAME_ATTACH, id, payload, len), 0);
}

/* Send an ATTACH with this payload; returns the visit that it begins. */
static struct visit *
send_attach(struct asker *who, const uint8_t *payload, size_t len)
{
	struct visit *visit = &visits[last_visit++];

	ck_assert_uint_le(last_visit, VISITS_MAX);
	memset(visit, 0, sizeof(*visit));
	visit->asker = who;
	send_for(visit, payload, len);
	return visit;
}

/* Let who ask for a session. */
static struct visit *
attach(struct asker *who)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];

	return send_attach(who, payload, asker_ask(who, payload));
}

static bool
is_settled(void *arg)
{
	const struct visit *visit = arg;

	return visit->attached > 0 || visit->ended > 0;
}

static bool
has_ended(void *arg)
{
	const struct visit *visit = arg;

	return visit->ended > 0;
}

/* Count the callers with confirmed sessions, and those sessions. */
static void
count_one(const struct callers_info *info, void *arg)
{
	size_t *counts = arg;

	counts[0]++;
	counts[1] += info->sessions;
	ck_assert_str_eq(info->user, "alice");
}

static bool
has_sessions(void *arg)
{
	const size_t *wanted = arg;
	size_t counts[2] = { 0, 0 };

	callers_each(callers, count_one, counts);
	return counts[0] == wanted[0] && counts[1] == wanted[1];
}

/* Wait for so many callers with so many confirmed sessions in all. */
static void
await_sessions(size_t count, size_t sessions)
{
	size_t wanted[2] = { count, sessions };

	ck_assert(linkpair_await(&net, has_sessions, wanted));
}

static bool
is_stream_settled(void *arg)
{
	const struct opening *opening = arg;

	return opening->ended > 0;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct opening *opening = arg;

	opening->opened++;
	opening->ended++;
	opening->outcome = *opened;
	if (opened->code != CODE_OK) {
		stream_release(opening->stream);
		opening->stream = NULL;
	}
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct opening *opening = arg;

	(void)data;
	opening->received += len;
	stream_consumed(opening->stream, len, loop_now(net.loop));
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct opening *opening = arg;

	(void)error;
	opening->resets++;
	opening->ended++;
	opening->code = code;
	stream_release(opening->stream);
	opening->stream = NULL;
}

static const struct stream_ops opening_ops = {
	.opened = on_opened,
	.data = on_data,
	.reset = on_reset,
};

/*
 * Open a stream of visit to port number to of the agent's loopback and wait
 * for its end or for the answer.
 */
static struct opening *
open_stream(struct visit *visit, uint16_t to)
{
	struct stream_target target = { .protocol = STREAM_TCP, .port = to };
	struct opening *opening = &openings[last_opening++];

	ck_assert_uint_lt(last_opening, OPENINGS_MAX);
	memset(opening, 0, sizeof(*opening));
	opening->stream = stream_open(carrier_session(visit->carrier), &target,
	    false, &opening_ops, opening);
	ck_assert_ptr_nonnull(opening->stream);
	ck_assert(linkpair_await(&net, is_stream_settled, opening));
	return opening;
}

/* --- fixtures ------------------------------------------------------------ */

/* Make the agent, with limits as config says. */
static void
start_agent(const struct callers_config *config)
{
	struct callers_config own = *config;

	own.self = &self;
	own.egress = egress;
	own.receive = &receive;
	own.retain_max = LIMITS_RETAIN_MAX;
	own.window_max = LIMITS_WINDOW_MAX;
	if (own.streams_max == 0) {
		own.streams_max = LIMITS_STREAMS_MAX;
	}
	callers_free(callers);
	callers = callers_new(net.loop, &own);
	ck_assert_ptr_nonnull(callers);
}

static void
setup(void)
{
	static const struct linkpair_config config = { .agent = true };
	static const struct resolver_config plain = { .timeout = 1. };
	static const struct callers_config usual = { .streams_max = 0 };
	struct addr addr;

	ck_assert_int_eq(linkpair_open(&net, &config), 0);
	ck_assert(linkpair_await_up(&net));
	net.relay.hook = relay_hook;
	net.endpoint.hook = agent_hook;
	asker_init(&asker);
	self.membership = &asker.membership;
	self.public_key = asker.agent_public;
	self.secret_key = asker.agent_secret;
	receive = (struct session_budget){ .max = LIMITS_RECEIVE_BUDGET };
	resolver = resolver_new(net.loop, &plain);
	egress = egress_new(net.loop, resolver);
	egress_set_host(egress, "office");
	egress_configure(egress, policy_new(), services_new());
	last_channel = 0;
	last_visit = 0;
	last_opening = 0;
	service = netpair_listen(AF_INET, &addr);
	port = addr_port(&addr);
	callers = NULL;
	start_agent(&usual);
}

static void
teardown(void)
{
	for (size_t i = 0; i < last_visit; i++) {
		carrier_close(visits[i].carrier, CODE_CANCELLED);
	}
	callers_free(callers);
	egress_free(egress);
	resolver_free(resolver);
	linkpair_close(&net);
	asker_end(&asker);
	(void)close(service);
}

/* --- sessions ------------------------------------------------------------ */

START_TEST(session_carries_streams)
{
	struct visit *visit = attach(&asker);
	struct opening *opening;
	int fd;

	ck_assert(linkpair_await(&net, is_settled, visit));
	ck_assert_int_eq(visit->attached, 1);
	opening = open_stream(visit, port);
	ck_assert_int_eq(opening->outcome.code, CODE_OK);
	await_sessions(1, 1);
	fd = accept(service, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(egress_count(egress), 1);
	/* The session ends, and the socket with it. */
	carrier_close(visit->carrier, CODE_CANCELLED);
	visit->carrier = NULL;
	await_sessions(0, 0);
	ck_assert_uint_eq(egress_count(egress), 0);
	(void)close(fd);
}
END_TEST

START_TEST(refusals_reach_the_gateway)
{
	struct visit *visit;

	asker.host_key[0] ^= 1;
	visit = attach(&asker);
	ck_assert(linkpair_await(&net, is_settled, visit));
	ck_assert_int_eq(visit->attached, 0);
	ck_assert_int_eq(visit->code, CODE_ACCOUNT_KEY);
	ck_assert_ptr_nonnull(strstr(visit->text, "inroad invite office"));
}
END_TEST

START_TEST(replay_has_no_effect)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];
	size_t len = asker_ask(&asker, payload);
	struct visit *visit = send_attach(&asker, payload, len);
	struct visit *replay;
	struct opening *opening;

	ck_assert(linkpair_await(&net, is_settled, visit));
	opening = open_stream(visit, port);
	await_sessions(1, 1);
	replay = send_attach(&asker, payload, len);
	/* Nobody who replays can use the answer. */
	replay->mute = true;
	ck_assert(linkpair_await(&net, is_settled, replay));
	ck_assert_int_eq(replay->attached, 1);
	await_sessions(1, 1);
	ck_assert_int_eq(visit->ended, 0);
	ck_assert_int_eq(opening->resets, 0);
	opening = open_stream(visit, port);
	ck_assert_int_eq(opening->outcome.code, CODE_OK);
}
END_TEST

START_TEST(pending_session_is_dropped_in_time)
{
	static const struct callers_config hasty = { .confirm_time = 0.01 };
	struct visit *visit;

	start_agent(&hasty);
	visit = attach(&asker);
	visit->mute = true;
	ck_assert(linkpair_await(&net, has_ended, visit));
	ck_assert_int_eq(visit->attached, 1);
	await_sessions(0, 0);
}
END_TEST

START_TEST(newer_attach_replaces_pending)
{
	struct visit *first = attach(&asker);
	struct visit *second;

	first->mute = true;
	ck_assert(linkpair_await(&net, is_settled, first));
	second = attach(&asker);
	ck_assert(linkpair_await(&net, has_ended, first));
	ck_assert(linkpair_await(&net, is_settled, second));
	ck_assert_int_eq(second->attached, 1);
	session_ping(carrier_session(second->carrier), loop_now(net.loop));
	await_sessions(1, 1);
}
END_TEST

/* Ask as who about the session id; returns the code of the answer. */
static enum code
ask_about(struct asker *who, const uint8_t id[SESSIONHELLO_ID_LEN])
{
	struct visit *visit;

	memcpy(who->question, id, sizeof(who->question));
	visit = attach(who);
	visit->asks = true;
	memset(who->question, 0, sizeof(who->question));
	ck_assert(linkpair_await(&net, has_ended, visit));
	ck_assert_int_eq(visit->attached, 1);
	ck_assert_int_eq(visit->code, CODE_OK);
	ck_assert_mem_eq(who->said.id, id, sizeof(who->said.id));
	return codes_from_number(who->said.status);
}

START_TEST(a_question_is_answered_by_the_table)
{
	uint8_t id[SESSIONHELLO_ID_LEN];
	struct asker other;
	struct visit *visit = attach(&asker);
	struct visit *pending;

	ck_assert(linkpair_await(&net, is_settled, visit));
	session_ping(carrier_session(visit->carrier), loop_now(net.loop));
	await_sessions(1, 1);
	memcpy(id, asker.said.id, sizeof(id));
	pending = attach(&asker);
	pending->mute = true;
	ck_assert(linkpair_await(&net, is_settled, pending));
	ck_assert_int_eq(ask_about(&asker, id), CODE_OK);
	id[15] ^= 1;
	ck_assert_int_eq(ask_about(&asker, id), CODE_SESSION_LOST);
	id[15] ^= 1;
	/* It is nobody else's. */
	asker_init_other(&other, &asker);
	ck_assert_int_eq(ask_about(&other, id), CODE_SESSION_LOST);
	asker_end(&other);
	/* Neither touched what there is or begins, nor left anything. */
	await_sessions(1, 1);
	ck_assert_int_eq(visit->ended, 0);
	ck_assert_int_eq(pending->ended, 0);
	carrier_close(visit->carrier, CODE_CANCELLED);
	visit->carrier = NULL;
	await_sessions(0, 0);
	ck_assert_int_eq(ask_about(&asker, id), CODE_SESSION_LOST);
	await_sessions(0, 0);
}
END_TEST

START_TEST(restarted_gateway_ends_older_sessions)
{
	struct visit *first = attach(&asker);
	struct visit *second;
	struct visit *third;

	ck_assert(linkpair_await(&net, is_settled, first));
	session_ping(carrier_session(first->carrier), loop_now(net.loop));
	await_sessions(1, 1);
	/* A second session of the same start goes beside it. */
	second = attach(&asker);
	ck_assert(linkpair_await(&net, is_settled, second));
	session_ping(carrier_session(second->carrier), loop_now(net.loop));
	await_sessions(1, 2);
	asker.boot[0] ^= 1;
	third = attach(&asker);
	ck_assert(linkpair_await(&net, is_settled, third));
	/* Not before it is confirmed. */
	ck_assert_int_eq(first->ended, 0);
	ck_assert_int_eq(second->ended, 0);
	session_ping(carrier_session(third->carrier), loop_now(net.loop));
	ck_assert(linkpair_await(&net, has_ended, first));
	ck_assert(linkpair_await(&net, has_ended, second));
	await_sessions(1, 1);
	ck_assert_int_eq(third->ended, 0);
}
END_TEST

START_TEST(callers_do_not_touch_one_another)
{
	struct asker other;
	struct visit *first = attach(&asker);
	struct visit *second;

	ck_assert(linkpair_await(&net, is_settled, first));
	session_ping(carrier_session(first->carrier), loop_now(net.loop));
	asker_init_other(&other, &asker);
	second = attach(&other);
	ck_assert(linkpair_await(&net, is_settled, second));
	session_ping(carrier_session(second->carrier), loop_now(net.loop));
	await_sessions(2, 2);
	ck_assert_int_eq(first->ended, 0);
	asker_end(&other);
}
END_TEST

START_TEST(pending_sessions_are_bounded)
{
	static struct asker others[LIMITS_PENDING_SESSIONS + 1];
	struct visit *visit = NULL;

	for (size_t i = 0; i <= LIMITS_PENDING_SESSIONS; i++) {
		asker_init_other(&others[i], &asker);
		visit = attach(&others[i]);
		visit->mute = true;
		ck_assert(linkpair_await(&net, is_settled, visit));
		ck_assert_int_eq(visit->attached, i < LIMITS_PENDING_SESSIONS);
	}
	ck_assert_int_eq(visit->code, CODE_OVERLOADED);
	/* One that replaces its own elder is no more than there were. */
	visit = attach(&others[0]);
	ck_assert(linkpair_await(&net, is_settled, visit));
	ck_assert_int_eq(visit->attached, 1);
	/* And confirmed it makes room. */
	session_ping(carrier_session(visit->carrier), loop_now(net.loop));
	await_sessions(1, 1);
	visit = attach(&others[LIMITS_PENDING_SESSIONS]);
	visit->mute = true;
	ck_assert(linkpair_await(&net, is_settled, visit));
	ck_assert_int_eq(visit->attached, 1);
	for (size_t i = 0; i <= LIMITS_PENDING_SESSIONS; i++) {
		asker_end(&others[i]);
	}
}
END_TEST

/* --- streams ------------------------------------------------------------- */

START_TEST(streams_of_a_caller_are_bounded)
{
	static const struct callers_config few = { .streams_max = 2 };
	struct opening *first[2];
	struct opening *third;
	struct visit *two[2];

	start_agent(&few);
	for (int i = 0; i < 2; i++) {
		two[i] = attach(&asker);
		ck_assert(linkpair_await(&net, is_settled, two[i]));
		first[i] = open_stream(two[i], port);
		ck_assert_int_eq(first[i]->outcome.code, CODE_OK);
	}
	third = open_stream(two[1], port);
	ck_assert_int_eq(third->outcome.code, CODE_TOO_MANY_STREAMS);
	ck_assert_str_eq(third->outcome.text, "2 connections open, the limit.");
	stream_reset(first[0]->stream, CODE_CANCELLED, 0);
	do {
		third = open_stream(two[1], port);
	} while (third->outcome.code == CODE_TOO_MANY_STREAMS);
	ck_assert_int_eq(third->outcome.code, CODE_OK);
}
END_TEST

START_TEST(opens_are_rationed)
{
	static const struct callers_config slow = { .open_rate = 1,
		.open_burst = 5 };
	struct visit *visit;
	int opened = 0;
	struct opening *opening;

	start_agent(&slow);
	visit = attach(&asker);
	ck_assert(linkpair_await(&net, is_settled, visit));
	do {
		opening = open_stream(visit, port);
		opened++;
	} while (opening->outcome.code == CODE_OK && opened < 50);
	ck_assert_int_eq(opening->outcome.code, CODE_OVERLOADED);
	ck_assert_str_eq(opening->outcome.text,
	    "More than 1 new connections a second to \"office\".");
	ck_assert_int_gt(opened, 5);
}
END_TEST

/* --- the end ------------------------------------------------------------- */

START_TEST(lost_link_ends_sessions)
{
	struct visit *visit = attach(&asker);
	struct opening *opening;
	int fd;
	char byte;

	ck_assert(linkpair_await(&net, is_settled, visit));
	opening = open_stream(visit, port);
	fd = accept(service, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	link_close(net.endpoint.link, CODE_LINK_LOST, "the test cuts it");
	await_sessions(0, 0);
	ck_assert(linkpair_await(&net, has_ended, visit));
	ck_assert_int_eq(opening->resets, 1);
	ck_assert_uint_eq(egress_count(egress), 0);
	/* Never a clean end: the target reads a reset. */
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	(void)close(fd);
}
END_TEST

START_TEST(finishing_takes_nothing_new)
{
	struct visit *visit = attach(&asker);
	struct opening *opening;
	struct opening *late;
	struct visit *other;

	ck_assert(linkpair_await(&net, is_settled, visit));
	opening = open_stream(visit, port);
	callers_finish(callers);
	late = open_stream(visit, port);
	ck_assert_int_eq(late->outcome.code, CODE_GOING_DOWN);
	other = attach(&asker);
	ck_assert(linkpair_await(&net, is_settled, other));
	ck_assert_int_eq(other->code, CODE_GOING_DOWN);
	ck_assert_int_eq(opening->resets, 0);
	callers_close(callers, CODE_GOING_DOWN);
	ck_assert(linkpair_await(&net, has_ended, visit));
	ck_assert_int_eq(visit->code, CODE_GOING_DOWN);
	ck_assert_int_eq(opening->resets, 1);
	await_sessions(0, 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed && n < 60; n++) {
		uint8_t payload[ASKER_PAYLOAD_MAX];
		struct visit *visit;
		size_t len;

		if (net.endpoint.link == NULL || net.relay.link == NULL) {
			/* What could not be said was the link's end. */
			teardown();
			setup();
		}
		net.endpoint.hook = NULL;
		len = asker_ask(&asker, payload);
		visit = send_attach(&asker, payload, len);
		visit->mute = true;
		failalloc_after(n);
		callers_attach(
		    callers, net.endpoint.link, last_channel, payload, len);
		failed = failalloc_hit();
		failalloc_off();
		ck_assert(linkpair_await(&net, is_settled, visit));
		ck_assert_int_eq(visit->attached == 1, !failed);
	}
	ck_assert(!failed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("callers");
	TCase *tcase = tcase_create("callers");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, session_carries_streams);
	tcase_add_test(tcase, refusals_reach_the_gateway);
	tcase_add_test(tcase, replay_has_no_effect);
	tcase_add_test(tcase, pending_session_is_dropped_in_time);
	tcase_add_test(tcase, newer_attach_replaces_pending);
	tcase_add_test(tcase, a_question_is_answered_by_the_table);
	tcase_add_test(tcase, restarted_gateway_ends_older_sessions);
	tcase_add_test(tcase, callers_do_not_touch_one_another);
	tcase_add_test(tcase, pending_sessions_are_bounded);
	tcase_add_test(tcase, streams_of_a_caller_are_bounded);
	tcase_add_test(tcase, opens_are_rationed);
	tcase_add_test(tcase, lost_link_ends_sessions);
	tcase_add_test(tcase, finishing_takes_nothing_new);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
