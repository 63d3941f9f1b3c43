/* SPDX-License-Identifier: ISC */
#include "tests/scenario/relayrig.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/callers.h"
#include "agent/egress.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/hosts.h"
#include "protocol/endpoint.h"
#include "tests/scenario/fakeworld.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* --- in place of endpoint.h ----------------------------------------------- */

/* A struct endpoint is the relayrig_side of a gateway. */
static const struct relayrig_side *
side_of(const struct endpoint *endpoint)
{
	return (const struct relayrig_side *)endpoint;
}

const struct membership *
endpoint_membership(const struct endpoint *endpoint)
{
	return &side_of(endpoint)->membership;
}

const uint8_t *
endpoint_public_key(const struct endpoint *endpoint)
{
	return side_of(endpoint)->public_key;
}

const uint8_t *
endpoint_secret_key(const struct endpoint *endpoint)
{
	return side_of(endpoint)->secret_key;
}

const uint8_t *
endpoint_boot_id(const struct endpoint *endpoint)
{
	return side_of(endpoint)->boot;
}

struct link *
endpoint_link(struct endpoint *endpoint)
{
	const struct relayrig_side *side = side_of(endpoint);

	return side->is_up ? side->link : NULL;
}

/* --- talkers -------------------------------------------------------------- */

static uint8_t
byte_at(uint64_t seed, uint64_t n)
{
	uint64_t word = (seed + n) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint8_t)(word >> 56);
}

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct relayrig_talker *talker = arg;
	uint64_t left = talker->to_send - talker->sent;
	size_t n = left < max ? (size_t)left : max;

	for (size_t i = 0; i < n; i++) {
		out[i] = byte_at(talker->seed, talker->sent + i);
	}
	talker->sent += n;
	talker->fin_sent = talker->sent == talker->to_send;
	*fin = talker->fin_sent;
	if (!talker->fin_sent) {
		stream_ready(talker->stream);
	}
	talker->talk->rig->relay.events++;
	return n;
}

/* Let go of a stream whose halves have both ended. */
static void
release_if_over(struct relayrig_talker *talker)
{
	if (talker->fin_came && talker->fin_sent && talker->stream != NULL &&
	    stream_is_over(talker->stream)) {
		stream_release(talker->stream);
		talker->stream = NULL;
	}
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct relayrig_talker *talker = arg;
	/* Check notes every assertion in a file: none for each byte. */
	bool good = true;

	ck_assert(!talker->fin_came && !talker->is_reset);
	ck_assert_uint_le(talker->received + len, talker->to_receive);
	for (size_t i = 0; i < len; i++) {
		uint64_t n = talker->received + i;

		good = good && data[i] == byte_at(talker->expects, n);
	}
	ck_assert(good);
	talker->received += len;
	if (!talker->holds) {
		stream_consumed(
		    talker->stream, len, loop_now(talker->talk->rig->loop));
	}
	talker->talk->rig->relay.events++;
}

static void
on_fin(void *arg)
{
	struct relayrig_talker *talker = arg;

	ck_assert(!talker->fin_came && !talker->is_reset);
	ck_assert_uint_eq(talker->received, talker->to_receive);
	talker->fin_came = true;
	release_if_over(talker);
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct relayrig_talker *talker = arg;

	(void)error;
	ck_assert(!talker->is_reset);
	ck_assert_int_ne(code, CODE_OK);
	talker->is_reset = true;
	talker->code = code;
	stream_release(talker->stream);
	talker->stream = NULL;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	if (opened->code != CODE_OK) {
		on_reset(arg, opened->code, 0);
	}
}

static const struct stream_ops talker_ops = {
	.pull = on_pull,
	.opened = on_opened,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

struct relayrig_talk *
relayrig_talk(struct relayrig *rig, int gateway, int agent, uint64_t near_bytes,
    uint64_t far_bytes)
{
	struct relayrig_talk *talk = &rig->talks[rig->last_talk++];
	struct stream_target target = {
		.protocol = STREAM_TCP,
		.port = (uint16_t)rig->last_talk,
	};

	ck_assert_uint_le(rig->last_talk, RELAYRIG_TALKS_MAX);
	release_if_over(&talk->near);
	release_if_over(&talk->far);
	memset(talk, 0, sizeof(*talk));
	talk->rig = rig;
	talk->near.talk = talk;
	talk->near.seed = 1000 * rig->last_talk;
	talk->near.to_send = near_bytes;
	talk->near.to_receive = far_bytes;
	talk->far.talk = talk;
	talk->far.seed = 1000 * rig->last_talk + 500;
	talk->far.to_send = far_bytes;
	talk->far.to_receive = near_bytes;
	talk->near.expects = talk->far.seed;
	talk->far.expects = talk->near.seed;
	talk->near.stream = stream_open(relayrig_session(rig, gateway, agent),
	    &target, false, &talker_ops, &talk->near);
	ck_assert_ptr_nonnull(talk->near.stream);
	stream_ready(talk->near.stream);
	return talk;
}

bool
relayrig_is_whole(const struct relayrig_talk *talk)
{
	return talk->near.fin_came && talk->far.fin_came &&
	       !talk->near.is_reset && !talk->far.is_reset;
}

bool
relayrig_is_broken(const struct relayrig_talk *talk)
{
	return talk->near.is_reset &&
	       (talk->far.is_reset || !talk->far.has_begun);
}

bool
relayrig_is_settled(struct relayrig *rig)
{
	for (size_t i = 0; i < rig->last_talk; i++) {
		const struct relayrig_talk *talk = &rig->talks[i];

		if (!relayrig_is_whole(talk) && !relayrig_is_broken(talk)) {
			return false;
		}
	}
	return true;
}

/* --- in place of egress.h ------------------------------------------------- */

struct egress {
	struct relayrig *rig;
};

struct egress_caller {
	struct relayrig *rig;
};

/* The rig itself is the egress of all its agents. */
struct egress_caller *
egress_caller_new(struct egress *egress)
{
	struct egress_caller *caller = mem_new(1, sizeof(*caller));

	ck_assert_ptr_nonnull(caller);
	caller->rig = (struct relayrig *)egress;
	return caller;
}

void
egress_caller_free(struct egress_caller *caller)
{
	mem_free(caller);
}

size_t
egress_caller_count(const struct egress_caller *caller)
{
	(void)caller;
	return 0;
}

void
egress_open(struct egress_caller *caller, const char *rights,
    struct stream *stream, const struct stream_target *target)
{
	static const struct stream_opened good = { .code = CODE_OK };
	struct relayrig_talk *talk = &caller->rig->talks[target->port - 1];

	(void)rights;
	/* No OPEN comes twice. */
	ck_assert_uint_le(target->port, caller->rig->last_talk);
	ck_assert(!talk->far.has_begun);
	talk->far.has_begun = true;
	talk->far.stream = stream;
	stream_set_owner(stream, &talker_ops, &talk->far);
	stream_answer(stream, &good);
	if (talk->far.stream != NULL) {
		stream_ready(stream);
	}
}

/* --- sessions of gateways ------------------------------------------------- */

static void
on_live(void *arg)
{
	struct relayrig_bond *bond = arg;

	bond->lives++;
}

static void
on_lost(void *arg, enum code code, const char *text)
{
	struct relayrig_bond *bond = arg;

	(void)code;
	(void)text;
	bond->losses++;
}

static void
on_pong(void *arg)
{
	(void)arg;
}

static void
on_tether_down(void *arg, enum code code, const char *text)
{
	struct relayrig_bond *bond = arg;

	(void)text;
	bond->tether = NULL;
	bond->downs++;
	bond->code = code;
}

const struct tether_ops relayrig_bond_ops = {
	.live = on_live,
	.lost = on_lost,
	.pong = on_pong,
	.down = on_tether_down,
};

struct session *
relayrig_session(struct relayrig *rig, int gateway, int agent)
{
	const struct relayrig_bond *bond = &rig->gateways[gateway].bonds[agent];

	return bond->tether != NULL ? tether_session(bond->tether) : NULL;
}

/* --- links ---------------------------------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct relayrig_side *side = arg;
	struct relayrig_gateway *gateway;

	(void)link;
	(void)result;
	side->is_up = true;
	side->rig->relay.events++;
	if (side->side == HOSTILE_AGENT) {
		return;
	}
	gateway = &side->rig->gateways[side->number];
	gateway->space.next_channel = 1;
	for (int i = 0; i < RELAYRIG_BONDS; i++) {
		if (gateway->bonds[i].tether != NULL) {
			tether_retry(gateway->bonds[i].tether);
		}
	}
}

static void
on_gateway_frame(struct relayrig_gateway *gateway, enum frame_type type,
    uint32_t channel, const uint8_t *payload, size_t len)
{
	if (type == FRAME_HOSTS) {
		ck_assert_int_eq(hosts_apply(gateway->hosts, payload, len), 0);
	}
	for (int i = 0; i < RELAYRIG_BONDS; i++) {
		struct tether *tether = gateway->bonds[i].tether;

		if (tether != NULL && type == FRAME_HOSTS) {
			tether_retry(tether);
		} else if (tether != NULL && type == FRAME_ATTACHED) {
			(void)tether_attached(tether, channel, payload, len);
		}
	}
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct relayrig_side *side = arg;

	side->rig->relay.events++;
	if (side->side == HOSTILE_GATEWAY) {
		on_gateway_frame(&side->rig->gateways[side->number], type,
		    channel, payload, len);
	} else if (type == FRAME_ATTACH) {
		callers_attach(side->rig->agents[side->number].callers, link,
		    channel, payload, len);
	}
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct relayrig_side *side = arg;

	(void)code;
	(void)text;
	(void)retry_after;
	side->rig->relay.events++;
	if (side->link == link) {
		side->link = NULL;
		side->is_up = false;
	}
}

static const struct link_ops link_ops = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};

static void
drop_cable(struct relayrig_side *side)
{
	if (side->cable != NULL && side->links == 1) {
		for (int i = 0; i < CABLE_WAYS; i++) {
			side->passed[i] =
			    cable_passed(side->cable, (enum cable_way)i);
		}
	}
	cable_free(side->cable);
	side->cable = NULL;
}

/* Join the sockets of side, fds[0], and of the relay by a cable. */
static void
lay_cable(struct relayrig_side *side, int fds[2])
{
	int others[2];

	ck_assert_int_eq(netpair_connect(AF_UNIX, others), 0);
	side->cable = cable_new(side->rig->loop, fds[1], others[0]);
	ck_assert_ptr_nonnull(side->cable);
	fds[1] = others[1];
	if (side->cut.is_set) {
		side->cut.is_set = false;
		cable_cut_after(side->cable, side->cut.way, side->cut.after);
	}
}

static void
dial(struct relayrig_side *side)
{
	struct linkhello_login login = { .software = "test" };
	const struct link_endpoint_config config = {
		.role = side->membership.role,
		.relay_key = side->rig->relay.public_key,
		.public_key = side->public_key,
		.secret_key = side->secret_key,
		.login = &login,
	};
	int fds[2];

	drop_cable(side);
	(void)snprintf(
	    login.user, sizeof(login.user), "%s", side->membership.user);
	(void)snprintf(
	    login.device, sizeof(login.device), "%s", side->membership.name);
	memcpy(login.boot, side->boot, sizeof(login.boot));
	ck_assert_int_eq(netpair_connect(AF_UNIX, fds), 0);
	if (side->has_cable) {
		lay_cable(side, fds);
	}
	side->links++;
	side->link =
	    link_connect(side->rig->loop, fds[0], &config, &link_ops, side);
	ck_assert_ptr_nonnull(side->link);
	ck_assert_int_eq(
	    hostile_accept(&side->rig->relay, side->side, side->number, fds[1]),
	    0);
}

/* The side number n of all, gateways first. */
static struct relayrig_side *
side_at(struct relayrig *rig, int n)
{
	return n < rig->count ? &rig->gateways[n].side
			      : &rig->agents[n - rig->count].side;
}

void
relayrig_cut(struct relayrig_side *side)
{
	struct link *link = side->link;

	side->link = NULL;
	side->is_up = false;
	link_close(link, CODE_LINK_LOST, "cut");
}

uint64_t
relayrig_passed(const struct relayrig_side *side, enum cable_way way)
{
	return side->links == 1 && side->cable != NULL
		   ? cable_passed(side->cable, way)
		   : side->passed[way];
}

/* --- time ----------------------------------------------------------------- */

/* Turns of the loop in which nothing happens before time may pass. */
#define IDLE_TURNS 3

/* So much of it at once, at first and at last. */
#define STEP_MIN LIMITS_MSEC
#define STEP_MAX (250 * LIMITS_MSEC)

/* What moves when anything does. */
static uint64_t
count_events(struct relayrig *rig)
{
	uint64_t total = rig->relay.events;

	for (int i = 0; i < 2 * rig->count; i++) {
		const struct relayrig_side *side = side_at(rig, i);

		total += side->links;
		for (int way = 0; side->cable != NULL && way < CABLE_WAYS;
		     way++) {
			total += cable_passed(side->cable, (enum cable_way)way);
		}
	}
	return total;
}

/* Let happen what can happen now; true when something did. */
static bool
turn(struct relayrig *rig)
{
	uint64_t before = count_events(rig);

	for (int i = 0; i < 2 * rig->count; i++) {
		struct relayrig_side *side = side_at(rig, i);

		if (side->link == NULL && !side->stays_down) {
			dial(side);
		}
	}
	loop_poll(rig->loop);
	return count_events(rig) != before;
}

bool
relayrig_run(
    struct relayrig *rig, bool (*done)(struct relayrig *rig), unsigned seconds)
{
	uint64_t end = fakeworld_now() + seconds * LIMITS_SEC;
	uint64_t step = STEP_MIN;
	int idle = 0;

	while (!done(rig)) {
		if (turn(rig)) {
			idle = 0;
			step = STEP_MIN;
			/* Nothing is so fast that it takes no time. */
			fakeworld_pass(LIMITS_MSEC / 100);
		} else if (idle < IDLE_TURNS) {
			idle++;
		} else if (fakeworld_now() >= end) {
			return false;
		} else {
			idle = 0;
			fakeworld_pass(step);
			step = step < STEP_MAX ? 2 * step : step;
		}
	}
	return true;
}

static bool
never(struct relayrig *rig)
{
	(void)rig;
	return false;
}

void
relayrig_wait(struct relayrig *rig, unsigned seconds)
{
	(void)relayrig_run(rig, never, seconds);
}

/* --- the rig -------------------------------------------------------------- */

static void
init_side(struct relayrig *rig, struct relayrig_side *side,
    enum hostile_side kind, int number, const struct keys_account *account)
{
	static const char *const names[HOSTILE_SIDES][HOSTILE_MAX] = {
		{ "laptop", "tablet" },
		{ "office", "home" },
	};
	struct membership *membership = &side->membership;
	bool is_agent = kind == HOSTILE_AGENT;

	side->rig = rig;
	side->side = kind;
	side->number = number;
	membership->role = is_agent ? LINKHELLO_AGENT : LINKHELLO_GATEWAY;
	(void)snprintf(membership->user, sizeof(membership->user), "alice");
	(void)snprintf(membership->name, sizeof(membership->name), "%s",
	    names[kind][number]);
	membership->key_kind =
	    is_agent ? MEMBERSHIP_KEY_HOST : MEMBERSHIP_KEY_ACCOUNT;
	membership->epoch = account->epoch;
	memcpy(membership->key, account->key, sizeof(membership->key));
	if (is_agent) {
		ck_assert_int_eq(
		    keys_host(account, membership->name, membership->key), 0);
	}
	keys_generate(side->secret_key, side->public_key);
	randombytes_buf(side->boot, sizeof(side->boot));
	hostile_know(
	    &rig->relay, kind, number, membership->name, side->public_key);
}

static void
init_gateway(struct relayrig *rig, struct relayrig_gateway *gateway)
{
	gateway->hosts = hosts_new();
	ck_assert_ptr_nonnull(gateway->hosts);
	gateway->space = (struct tether_space){
		.loop = rig->loop,
		.endpoint = (struct endpoint *)&gateway->side,
		.hosts = gateway->hosts,
		.next_channel = 1,
		.grace = RELAYRIG_GRACE,
		.streams_max = LIMITS_STREAMS_MAX,
		.retain_max = LIMITS_RETAIN_MAX,
		.window_max = LIMITS_WINDOW_MAX,
		.receive.max = LIMITS_RECEIVE_BUDGET,
		.retain.max = LIMITS_RETAIN_BUDGET,
	};
}

static void
start_agent(struct relayrig *rig, struct relayrig_agent *agent)
{
	const struct callers_config config = {
		.self = &agent->self,
		.egress = (struct egress *)rig,
		.receive = &agent->receive,
		.streams_max = LIMITS_STREAMS_MAX,
		.retain_max = LIMITS_RETAIN_MAX,
		.retain = &agent->retain,
		.sessions_max = agent->sessions_max,
		.window_max = LIMITS_WINDOW_MAX,
	};

	agent->self = (struct attach_self){
		.membership = &agent->side.membership,
		.public_key = agent->side.public_key,
		.secret_key = agent->side.secret_key,
		.grace = RELAYRIG_GRACE,
	};
	agent->receive.max = LIMITS_RECEIVE_BUDGET;
	agent->retain.max = LIMITS_RETAIN_BUDGET;
	agent->callers = callers_new(rig->loop, &config);
	ck_assert_ptr_nonnull(agent->callers);
}

void
relayrig_restart_agent(struct relayrig *rig, int number)
{
	struct relayrig_agent *agent = &rig->agents[number];

	/* A process that was killed says nothing. */
	relayrig_cut(&agent->side);
	callers_free(agent->callers);
	start_agent(rig, agent);
}

void
relayrig_open(struct relayrig *rig, int count, uint64_t seed)
{
	struct keys_account account;

	memset(rig, 0, sizeof(*rig));
	fakeworld_seed(seed);
	rig->loop = loop_new();
	ck_assert_ptr_nonnull(rig->loop);
	rig->count = count;
	hostile_init(&rig->relay, rig->loop);
	keys_account_generate(&account, 1);
	for (int i = 0; i < count; i++) {
		init_side(
		    rig, &rig->gateways[i].side, HOSTILE_GATEWAY, i, &account);
		init_side(
		    rig, &rig->agents[i].side, HOSTILE_AGENT, i, &account);
		init_gateway(rig, &rig->gateways[i]);
		start_agent(rig, &rig->agents[i]);
	}
}

void
relayrig_close(struct relayrig *rig)
{
	for (size_t i = 0; i < RELAYRIG_TALKS_MAX; i++) {
		release_if_over(&rig->talks[i].near);
		release_if_over(&rig->talks[i].far);
	}
	for (int i = 0; i < 2 * rig->count; i++) {
		side_at(rig, i)->stays_down = true;
		relayrig_cut(side_at(rig, i));
	}
	for (int i = 0; i < rig->count; i++) {
		for (int k = 0; k < RELAYRIG_BONDS; k++) {
			tether_close(
			    rig->gateways[i].bonds[k].tether, CODE_CANCELLED);
		}
		callers_free(rig->agents[i].callers);
	}
	hostile_end(&rig->relay);
	loop_poll(rig->loop);
	for (int i = 0; i < rig->count; i++) {
		ck_assert_uint_eq(rig->gateways[i].space.retain.used, 0);
		ck_assert_uint_eq(rig->gateways[i].space.receive.used, 0);
		ck_assert_uint_eq(rig->agents[i].retain.used, 0);
		ck_assert_uint_eq(rig->agents[i].receive.used, 0);
		hosts_free(rig->gateways[i].hosts);
	}
	for (int i = 0; i < 2 * rig->count; i++) {
		drop_cable(side_at(rig, i));
	}
	loop_free(rig->loop);
}

static bool
can_call(struct relayrig *rig)
{
	for (int i = 0; i < rig->count; i++) {
		const struct host *host = hosts_find(rig->gateways[i].hosts,
		    rig->agents[i].side.membership.name);

		if (!rig->gateways[i].side.is_up ||
		    !rig->agents[i].side.is_up || host == NULL ||
		    !host->online) {
			return false;
		}
	}
	return true;
}

/* Live, and the agent has confirmed it. */
static bool
is_usable(const struct tether *tether)
{
	return tether_is_live(tether) &&
	       session_rtt(tether_session(tether)) != 0;
}

static bool
is_settled_call(struct relayrig *rig)
{
	for (int i = 0; i < rig->count; i++) {
		for (int k = 0; k < RELAYRIG_BONDS; k++) {
			const struct tether *tether =
			    rig->gateways[i].bonds[k].tether;

			if (tether != NULL && !is_usable(tether)) {
				return false;
			}
		}
	}
	return true;
}

struct relayrig_bond *
relayrig_call_as(struct relayrig *rig, int gateway, int agent, int slot)
{
	struct relayrig_gateway *from = &rig->gateways[gateway];
	struct relayrig_bond *bond = &from->bonds[slot];
	enum code why;

	/* Whatever is cut meanwhile, somewhen it works. */
	while (bond->tether == NULL || !is_usable(bond->tether)) {
		ck_assert(relayrig_run(rig, can_call, 60));
		if (bond->tether == NULL) {
			bond->tether = tether_new(&from->space,
			    hosts_find(from->hosts,
				rig->agents[agent].side.membership.name),
			    &relayrig_bond_ops, bond, &why);
		}
		ck_assert(relayrig_run(rig, is_settled_call, 60));
	}
	return bond;
}

struct relayrig_bond *
relayrig_call(struct relayrig *rig, int gateway, int agent)
{
	return relayrig_call_as(rig, gateway, agent, agent);
}
