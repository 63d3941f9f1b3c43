/* SPDX-License-Identifier: ISC */
#include "tests/unit/agent/callersrig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/egress.h"
#include "agent/policy.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "protocol/carrier.h"
#include "protocol/link.h"
#include "tests/support/await.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* What a relay that holds nobody back gives. */
#define CREDIT (UINT64_C(1) << 40)

/* --- the gateway's side -------------------------------------------------- */

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct callersrig_visit *visit = arg;

	visit->channel = NULL;
	visit->ended++;
	visit->code = code;
	(void)snprintf(visit->text, sizeof(visit->text), "%s", text);
}

static const struct channel_ops channel_ops = {
	.detached = on_detached,
};

static void
on_lost(void *arg, enum code code, const char *text)
{
	struct callersrig_visit *visit = arg;

	visit->lost++;
	visit->code = code;
	(void)snprintf(visit->text, sizeof(visit->text), "%s", text);
}

static void
on_down(void *arg, enum code code, const char *text)
{
	struct callersrig_visit *visit = arg;

	visit->carrier = NULL;
	on_detached(visit, code, text);
}

static void
on_pong(void *arg, uint64_t rtt_ns)
{
	struct callersrig_visit *visit = arg;

	(void)rtt_ns;
	visit->pongs++;
}

static const struct carrier_ops carrier_ops = {
	.pong = on_pong,
	.lost = on_lost,
	.down = on_down,
};

/* Start the session of visit with the answer that came. */
static void
begin(struct callersrig_visit *visit, const uint8_t *reply, size_t len)
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
	memcpy(visit->id, visit->asker->said.id, sizeof(visit->id));
	channel_credit(visit->channel, CREDIT);
	visit->carrier = carrier_new(visit->rig->loop, visit->channel, &config,
	    visit->asker->said.grace > 0 ? &resume : NULL, &carrier_ops, visit);
	ck_assert_ptr_nonnull(visit->carrier);
	visit->channel = NULL;
}

/* Go on with the session of visit by the answer that came. */
static void
go_on(struct callersrig_visit *visit, const uint8_t *answer, size_t len)
{
	struct channel *channel = visit->channel;

	ck_assert_int_eq(carrier_hear(visit->carrier, channel, answer, len), 0);
	channel_credit(channel, CREDIT);
	visit->channel = NULL;
	visit->returning = false;
	visit->returned++;
}

/* The relay heard something of the agent. */
static void
relay_hook(struct linkpair_side *side, enum linkpair_event event)
{
	struct callersrig *rig = side->arg;
	struct callersrig_visit *visit;

	if (event != LINKPAIR_FRAME || side->type != FRAME_ATTACHED) {
		return;
	}
	ck_assert_uint_lt(side->channel, CALLERSRIG_CHANNELS_MAX);
	visit = rig->visit_of[side->channel];
	visit->attached++;
	visit->reply_len = side->len;
	memcpy(visit->reply, side->payload, side->len);
	if (visit->on_reply != NULL) {
		visit->on_reply(visit, visit->arg);
	}
	if (visit->mute) {
		return;
	}
	if (visit->returning) {
		go_on(visit, side->payload, side->len);
	} else if (visit->asks) {
		ck_assert_int_eq(
		    asker_hear(visit->asker, side->payload, side->len), 0);
	} else {
		begin(visit, side->payload, side->len);
	}
}

/* The agent heard something of the relay. */
static void
agent_hook(struct linkpair_side *side, enum linkpair_event event)
{
	struct callersrig *rig = side->arg;

	if (event == LINKPAIR_FRAME && side->type == FRAME_ATTACH) {
		callers_attach(rig->callers, side->link, side->channel,
		    side->payload, side->len);
	}
}

/* --- the rig ------------------------------------------------------------- */

void
callersrig_start(struct callersrig *rig, const struct callers_config *config)
{
	struct callers_config own = *config;

	own.self = &rig->self;
	own.egress = rig->egress;
	own.receive = &rig->receive;
	own.retain = &rig->retain;
	own.retain_max = LIMITS_RETAIN_MAX;
	own.window_max = LIMITS_WINDOW_MAX;
	if (own.streams_max == 0) {
		own.streams_max = LIMITS_STREAMS_MAX;
	}
	callers_free(rig->callers);
	rig->callers = callers_new(rig->loop, &own);
	ck_assert_ptr_nonnull(rig->callers);
}

static void
open_link(struct callersrig *rig)
{
	const struct linkpair_config config = {
		.agent = true,
		.loop = rig->loop,
	};

	ck_assert_int_eq(linkpair_open(&rig->net, &config), 0);
	ck_assert(linkpair_await_up(&rig->net));
	rig->net.relay.hook = relay_hook;
	rig->net.relay.arg = rig;
	rig->net.endpoint.hook = agent_hook;
	rig->net.endpoint.arg = rig;
	rig->last_channel = 0;
}

void
callersrig_open(struct callersrig *rig, uint16_t grace)
{
	static const struct resolver_config plain = { .timeout = 5. };
	static const struct callers_config usual = { .streams_max = 0 };
	struct addr addr;

	memset(rig, 0, sizeof(*rig));
	rig->loop = loop_new();
	ck_assert_ptr_nonnull(rig->loop);
	open_link(rig);
	asker_init(&rig->asker);
	rig->asker.grace = grace;
	rig->self.grace = grace;
	rig->self.membership = &rig->asker.membership;
	rig->self.public_key = rig->asker.agent_public;
	rig->self.secret_key = rig->asker.agent_secret;
	rig->receive.max = LIMITS_RECEIVE_BUDGET;
	rig->retain.max = LIMITS_RETAIN_BUDGET;
	rig->resolver = resolver_new(rig->loop, &plain);
	rig->egress = egress_new(rig->loop, rig->resolver);
	egress_set_host(rig->egress, "office");
	egress_configure(rig->egress, policy_new(), services_new());
	rig->service = netpair_listen(AF_INET, &addr);
	ck_assert_int_ge(rig->service, 0);
	rig->port = addr_port(&addr);
	callersrig_start(rig, &usual);
}

void
callersrig_close(struct callersrig *rig)
{
	for (size_t i = 0; i < rig->last_visit; i++) {
		carrier_close(rig->visits[i].carrier, CODE_CANCELLED);
	}
	callers_free(rig->callers);
	egress_free(rig->egress);
	resolver_free(rig->resolver);
	linkpair_close(&rig->net);
	loop_free(rig->loop);
	asker_end(&rig->asker);
	(void)close(rig->service);
}

void
callersrig_cut(struct callersrig *rig)
{
	rig->net.relay.hook = NULL;
	rig->net.endpoint.hook = NULL;
	link_close(rig->net.endpoint.link, CODE_LINK_LOST, "cut");
	ck_assert(linkpair_await_down(&rig->net));
}

void
callersrig_relink(struct callersrig *rig)
{
	callersrig_cut(rig);
	linkpair_close(&rig->net);
	open_link(rig);
}

/* --- attaching ----------------------------------------------------------- */

void
callersrig_send(
    struct callersrig_visit *visit, const uint8_t *payload, size_t len)
{
	struct callersrig *rig = visit->rig;
	uint32_t id = ++rig->last_channel;

	ck_assert_uint_lt(id, CALLERSRIG_CHANNELS_MAX);
	rig->visit_of[id] = visit;
	visit->attached = 0;
	visit->ended = 0;
	visit->channel =
	    channel_new(rig->net.relay.link, id, NULL, &channel_ops, visit);
	ck_assert_ptr_nonnull(visit->channel);
	ck_assert_int_eq(
	    link_send(rig->net.relay.link, FRAME_ATTACH, id, payload, len), 0);
}

struct callersrig_visit *
callersrig_visit(struct callersrig *rig, struct asker *who)
{
	struct callersrig_visit *visit = &rig->visits[rig->last_visit++];

	ck_assert_uint_le(rig->last_visit, CALLERSRIG_VISITS_MAX);
	memset(visit, 0, sizeof(*visit));
	visit->rig = rig;
	visit->asker = who;
	return visit;
}

struct callersrig_visit *
callersrig_attach(struct callersrig *rig, struct asker *who)
{
	struct callersrig_visit *visit = callersrig_visit(rig, who);
	uint8_t payload[ASKER_PAYLOAD_MAX];

	callersrig_send(visit, payload, asker_ask(who, payload));
	return visit;
}

struct callersrig_visit *
callersrig_begin(struct callersrig *rig, struct asker *who)
{
	struct callersrig_visit *visit = callersrig_attach(rig, who);

	callersrig_await_settled(visit);
	ck_assert_int_eq(visit->attached, 1);
	callersrig_ping(visit);
	return visit;
}

enum code
callersrig_question(struct callersrig *rig, struct asker *who,
    const uint8_t id[SESSIONHELLO_ID_LEN])
{
	struct callersrig_visit *visit;

	memcpy(who->question, id, sizeof(who->question));
	visit = callersrig_attach(rig, who);
	visit->asks = true;
	memset(who->question, 0, sizeof(who->question));
	callersrig_await_ended(visit);
	ck_assert_int_eq(visit->attached, 1);
	ck_assert_int_eq(visit->code, CODE_OK);
	ck_assert_mem_eq(who->said.id, id, sizeof(who->said.id));
	return codes_from_number(who->said.status);
}

void
callersrig_resume(struct callersrig_visit *visit)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];
	int before = visit->returned;

	ck_assert_int_eq(carrier_ask(visit->carrier, visit->request), 0);
	visit->returning = true;
	callersrig_send(visit, payload,
	    asker_ask_again(visit->asker, visit->request, payload));
	callersrig_await_settled(visit);
	ck_assert_msg(visit->returned == before + 1, "%s: %s",
	    codes_slug(visit->code), visit->text);
}

/* --- waiting ------------------------------------------------------------- */

static bool
is_settled(void *arg)
{
	const struct callersrig_visit *visit = arg;

	return visit->attached > 0 || visit->ended > 0;
}

void
callersrig_await_settled(struct callersrig_visit *visit)
{
	ck_assert(await(visit->rig->loop, is_settled, visit));
}

void
callersrig_await_ended(struct callersrig_visit *visit)
{
	ck_assert(await_count(visit->rig->loop, &visit->ended, 1));
}

struct wanted {
	const struct callers *agent;
	size_t callers;
	size_t sessions;
	size_t found_callers;
	size_t found_sessions;
};

static bool
are_lost(void *arg)
{
	const struct wanted *wanted = arg;

	return callers_lost(wanted->agent) == wanted->sessions;
}

void
callersrig_await_lost(struct callersrig *rig, size_t count)
{
	struct wanted wanted = { .agent = rig->callers, .sessions = count };

	ck_assert(await(rig->loop, are_lost, &wanted));
}

static void
count_one(const struct callers_info *info, void *arg)
{
	struct wanted *wanted = arg;

	wanted->found_callers++;
	wanted->found_sessions += info->sessions;
	ck_assert_str_eq(info->user, "alice");
}

static bool
are_there(void *arg)
{
	struct wanted *wanted = arg;

	wanted->found_callers = 0;
	wanted->found_sessions = 0;
	callers_each(wanted->agent, count_one, wanted);
	return wanted->found_callers == wanted->callers &&
	       wanted->found_sessions == wanted->sessions;
}

void
callersrig_await_sessions(
    struct callersrig *rig, size_t callers, size_t sessions)
{
	struct wanted wanted = {
		.agent = rig->callers,
		.callers = callers,
		.sessions = sessions,
	};

	ck_assert(await(rig->loop, are_there, &wanted));
}

void
callersrig_ping(struct callersrig_visit *visit)
{
	ck_assert_ptr_nonnull(visit->carrier);
	visit->pongs = 0;
	session_ping(
	    carrier_session(visit->carrier), loop_now(visit->rig->loop));
	ck_assert(await_count(visit->rig->loop, &visit->pongs, 1));
}

/* --- streams ------------------------------------------------------------- */

uint8_t
callersrig_byte(size_t n)
{
	return (uint8_t)(n * 7 + (n >> 8) + (n >> 16));
}

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct callersrig_opening *opening = arg;
	size_t left = opening->to_send - opening->sent;
	size_t len = left < max ? left : max;

	(void)fin;
	for (size_t i = 0; i < len; i++) {
		out[i] = callersrig_byte(opening->sent + i);
	}
	opening->sent += len;
	if (opening->sent < opening->to_send) {
		stream_ready(opening->stream);
	}
	return len;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct callersrig_opening *opening = arg;

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
	struct callersrig_opening *opening = arg;

	for (size_t i = 0; i < len; i++) {
		opening->good = opening->good &&
				data[i] == callersrig_byte(opening->received);
		opening->received++;
	}
	stream_consumed(opening->stream, len, loop_now(opening->rig->loop));
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct callersrig_opening *opening = arg;

	(void)error;
	opening->resets++;
	opening->ended++;
	opening->code = code;
	stream_release(opening->stream);
	opening->stream = NULL;
}

static const struct stream_ops stream_ops = {
	.pull = on_pull,
	.opened = on_opened,
	.data = on_data,
	.reset = on_reset,
};

struct callersrig_opening *
callersrig_stream(struct callersrig_visit *visit, uint16_t to)
{
	struct stream_target target = { .protocol = STREAM_TCP, .port = to };
	struct callersrig *rig = visit->rig;
	struct callersrig_opening *opening =
	    &rig->openings[rig->last_opening++];

	ck_assert_uint_le(rig->last_opening, CALLERSRIG_OPENINGS_MAX);
	memset(opening, 0, sizeof(*opening));
	opening->rig = rig;
	opening->good = true;
	opening->stream = stream_open(carrier_session(visit->carrier), &target,
	    false, &stream_ops, opening);
	ck_assert_ptr_nonnull(opening->stream);
	return opening;
}

struct callersrig_opening *
callersrig_open_stream(struct callersrig_visit *visit, uint16_t to)
{
	struct callersrig_opening *opening = callersrig_stream(visit, to);

	ck_assert(await_count(opening->rig->loop, &opening->ended, 1));
	return opening;
}
