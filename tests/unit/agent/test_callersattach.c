/* SPDX-License-Identifier: ISC */

#include "agent/callers.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/egress.h"
#include "common/addr.h"
#include "common/loop.h"
#include "protocol/carrier.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/resume.h"
#include "protocol/session.h"
#include "protocol/stream.h"
#include "tests/support/asker.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"
#include "tests/unit/agent/callersrig.h"

/* Longer than any test. */
#define GRACE 600

/* It outlives the tests, because streams end with it. */
static struct callersrig rig;

static void
setup(void)
{
	callersrig_open(&rig, GRACE);
}

static void
teardown(void)
{
	callersrig_close(&rig);
}

/* --- the service --------------------------------------------------------- */

/* The far end of a stream, and how far it came. */
struct service {
	struct callersrig_opening *opening;
	int fd;
	size_t to_send;
	size_t sent;
	size_t until; /* received by either side */
	size_t received;
	bool good;
};

/* Open a stream of visit and take it at the service. */
static void
serve(struct service *service, struct callersrig_visit *visit)
{
	memset(service, 0, sizeof(*service));
	service->good = true;
	service->opening = callersrig_open_stream(visit, rig.port);
	ck_assert_int_eq(service->opening->outcome.code, CODE_OK);
	service->fd = accept(rig.service, NULL, NULL);
	ck_assert_int_ge(service->fd, 0);
}

static void
read_some(struct service *service)
{
	uint8_t bytes[16384];
	ssize_t n = recv(service->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++) {
		service->good = service->good &&
				bytes[i] == callersrig_byte(service->received);
		service->received++;
	}
}

static void
write_some(struct service *service)
{
	uint8_t bytes[16384];
	size_t left = service->to_send - service->sent;
	ssize_t n;

	if (left == 0) {
		return;
	}
	left = left < sizeof(bytes) ? left : sizeof(bytes);
	for (size_t i = 0; i < left; i++) {
		bytes[i] = callersrig_byte(service->sent + i);
	}
	n = send(service->fd, bytes, left, MSG_DONTWAIT | MSG_NOSIGNAL);
	service->sent += n > 0 ? (size_t)n : 0;
}

static bool
have_received(void *arg)
{
	struct service *service = arg;

	read_some(service);
	write_some(service);
	return service->received >= service->until &&
	       service->opening->received >= service->until;
}

/* Let both ends send n bytes more, and wait until half of that arrived. */
static void
send_both_ways(struct service *service, size_t n)
{
	service->to_send += n;
	service->opening->to_send += n;
	service->until = service->to_send - n / 2;
	stream_ready(service->opening->stream);
	ck_assert(await(rig.loop, have_received, service));
}

/* Wait until everything arrived, as it was sent. */
static void
await_all(struct service *service)
{
	service->until = service->to_send;
	ck_assert(await(rig.loop, have_received, service));
	ck_assert_uint_eq(service->received, service->to_send);
	ck_assert_uint_eq(service->opening->received, service->to_send);
	ck_assert(service->good);
	ck_assert(service->opening->good);
	ck_assert_int_eq(service->opening->resets, 0);
}

static bool
is_reset(void *arg)
{
	const struct service *service = arg;
	char byte;

	return recv(service->fd, &byte, 1, MSG_DONTWAIT) < 0 &&
	       errno == ECONNRESET;
}

static bool
is_idle(void *arg)
{
	return egress_count(arg) == 0;
}

/* --- a gateway that does as the test says -------------------------------- */

/* One channel of a puppet. */
struct way {
	struct puppet *owner;
	struct channel *channel;
	bool used; /* records go and come here */
	bool deaf; /* they only go */
	int detached;
	enum code code;
};

/* It has a session and tokens, but no carrier that keeps to the rules. */
struct puppet {
	struct callersrig_visit *visit;
	struct session *session;
	struct resume resume;
	struct session_budget budget;
	struct resume_point point; /* where it was when it went on */
	struct resume_point peer;  /* and the agent */
	int pongs;
	struct way ways[2];
};

static struct blob *
on_pull(void *arg)
{
	struct way *way = arg;

	return way->used ? session_pull(way->owner->session, loop_now(rig.loop))
			 : NULL;
}

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	struct way *way = arg;

	if (way->used && !way->deaf) {
		ck_assert_int_eq(session_receive(way->owner->session, body, len,
				     loop_now(rig.loop)),
		    CODE_OK);
	}
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct way *way = arg;

	(void)text;
	way->channel = NULL;
	way->detached++;
	way->code = code;
}

static const struct channel_ops way_ops = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

static void
on_puppet_pong(void *arg, uint64_t rtt_ns)
{
	struct puppet *self = arg;

	(void)rtt_ns;
	self->pongs++;
}

static const struct session_ops puppet_ops = {
	.pong = on_puppet_pong,
};

/* Let the channel that visit has be number i of self. */
static void
take_way(struct puppet *self, size_t i)
{
	struct way *way = &self->ways[i];

	memset(way, 0, sizeof(*way));
	way->owner = self;
	way->channel = self->visit->channel;
	self->visit->channel = NULL;
	channel_set_owner(way->channel, &way_ops, way);
	channel_credit(way->channel, UINT64_C(1) << 40);
}

/* Send and receive on the first way. */
static void
use_way(struct puppet *self)
{
	self->ways[0].used = true;
	channel_ready(self->ways[0].channel);
}

/* The answer to a request came: go on by it over the second way. */
static void
on_reply(struct callersrig_visit *visit, void *arg)
{
	struct puppet *self = arg;

	take_way(self, 1);
	ck_assert_int_eq(resume_hear(&self->resume, visit->reply,
			     visit->reply_len, &self->peer),
	    0);
	session_pause(self->session);
	session_point(self->session, &self->point);
	ck_assert_int_eq(
	    session_resume(self->session, &self->peer, loop_now(rig.loop)), 0);
	self->ways[1].used = true;
	channel_ready(self->ways[1].channel);
}

/* Begin a session that sends no record yet. */
static void
puppet_begin(struct puppet *self)
{
	struct seal tx;
	struct seal rx;
	const struct session_config config = {
		.role = SESSION_OPENER,
		.tx = &tx,
		.rx = &rx,
		.retain_max = LIMITS_RETAIN_MAX,
		.window_max = LIMITS_WINDOW_MAX,
		.streams_max = 10,
		.receive = &self->budget,
		.ops = &puppet_ops,
		.arg = self,
	};

	memset(self, 0, sizeof(*self));
	self->visit = callersrig_attach(&rig, &rig.asker);
	self->visit->mute = true;
	callersrig_await_settled(self->visit);
	ck_assert_int_eq(asker_take(&rig.asker, self->visit->reply,
			     self->visit->reply_len, &tx, &rx, &self->resume),
	    0);
	self->session = session_new(&config, loop_now(rig.loop));
	ck_assert_ptr_nonnull(self->session);
	take_way(self, 0);
}

/* Ask to go on from point over another channel; true when that is granted. */
static bool
puppet_return(struct puppet *self, const struct resume_point *point)
{
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t payload[ASKER_PAYLOAD_MAX];

	ck_assert_int_eq(resume_ask(&self->resume, point, request), 0);
	self->visit->on_reply = on_reply;
	self->visit->arg = self;
	callersrig_send(self->visit, payload,
	    asker_ask_again(&rig.asker, request, payload));
	if (self->ways[0].channel != NULL) {
		/* What is ready goes out behind that. */
		channel_ready(self->ways[0].channel);
	}
	callersrig_await_settled(self->visit);
	return self->visit->attached > 0;
}

/* Forget what there is. */
static void
puppet_end(struct puppet *self)
{
	for (size_t i = 0; i < 2; i++) {
		channel_free(self->ways[i].channel);
	}
	session_free(self->session);
}

/* --- what a session survives --------------------------------------------- */

START_TEST(session_survives_its_channel)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct service service;

	serve(&service, visit);
	send_both_ways(&service, 1000);
	carrier_lose(visit->carrier, CODE_OVERLOADED, "The relay sheds it.");
	callersrig_await_lost(&rig, 1);
	callersrig_await_sessions(&rig, 1, 1);
	ck_assert_uint_eq(egress_count(rig.egress), 1);
	callersrig_resume(visit);
	ck_assert_uint_eq(callers_lost(rig.callers), 0);
	send_both_ways(&service, 1000);
	await_all(&service);
	(void)close(service.fd);
}
END_TEST

START_TEST(session_survives_its_link)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct service service;

	serve(&service, visit);
	for (int i = 0; i < 5; i++) {
		/* In the middle of everything. */
		send_both_ways(&service, 2000000);
		callersrig_relink(&rig);
		ck_assert_uint_eq(callers_lost(rig.callers), 1);
		callersrig_resume(visit);
	}
	await_all(&service);
	/* And a stream of after that is as good as one of before. */
	(void)close(service.fd);
	serve(&service, visit);
	send_both_ways(&service, 1000);
	await_all(&service);
	(void)close(service.fd);
}
END_TEST

START_TEST(each_caller_gets_its_own_back)
{
	struct asker other;
	struct callersrig_visit *first = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *second = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *third;
	struct service services[3];

	asker_init_other(&other, &rig.asker);
	third = callersrig_begin(&rig, &other);
	serve(&services[0], first);
	serve(&services[1], second);
	serve(&services[2], third);
	callersrig_relink(&rig);
	ck_assert_uint_eq(callers_lost(rig.callers), 3);
	callersrig_resume(third);
	callersrig_resume(first);
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_resume(second);
	for (size_t i = 0; i < 3; i++) {
		send_both_ways(&services[i], 1000 * (i + 1));
		await_all(&services[i]);
		(void)close(services[i].fd);
	}
	callersrig_await_sessions(&rig, 2, 3);
	asker_end(&other);
}
END_TEST

/* --- requests that are not good ------------------------------------------ */

/* Let who send request; it is refused. */
static void
refuse_request(struct asker *who, const uint8_t request[RESUME_REQUEST_LEN])
{
	static struct callersrig_visit *visit;
	uint8_t payload[ASKER_PAYLOAD_MAX];

	visit = callersrig_visit(&rig, who);
	visit->mute = true;
	callersrig_send(visit, payload, asker_ask_again(who, request, payload));
	callersrig_await_ended(visit);
	ck_assert_int_eq(visit->attached, 0);
	ck_assert_int_eq(visit->code, CODE_SESSION_LOST);
	ck_assert_str_eq(visit->text, "The host has no such session.");
}

START_TEST(replayed_requests_change_nothing)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	uint8_t requests[2][RESUME_REQUEST_LEN];

	for (int i = 0; i < 2; i++) {
		callersrig_relink(&rig);
		callersrig_resume(visit);
		memcpy(requests[i], visit->request, sizeof(requests[i]));
	}
	/* While it is carried. */
	visit->lost = 0;
	refuse_request(&rig.asker, requests[0]);
	refuse_request(&rig.asker, requests[1]);
	callersrig_ping(visit);
	ck_assert_int_eq(visit->lost, 0);
	/* While it is lost. */
	callersrig_relink(&rig);
	refuse_request(&rig.asker, requests[0]);
	refuse_request(&rig.asker, requests[1]);
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_resume(visit);
	callersrig_ping(visit);
}
END_TEST

START_TEST(overtaken_request_changes_nothing)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	uint8_t late[RESUME_REQUEST_LEN];

	/* The relay holds it back until a later one went through. */
	ck_assert_int_eq(carrier_ask(visit->carrier, late), 0);
	callersrig_await_lost(&rig, 1);
	callersrig_resume(visit);
	visit->lost = 0;
	refuse_request(&rig.asker, late);
	callersrig_ping(visit);
	ck_assert_int_eq(visit->lost, 0);
}
END_TEST

START_TEST(altered_requests_change_nothing)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	uint8_t request[RESUME_REQUEST_LEN];

	ck_assert_int_eq(carrier_ask(visit->carrier, request), 0);
	callersrig_await_lost(&rig, 1);
	for (size_t i = 0; i < sizeof(request); i++) {
		uint8_t bit = (uint8_t)(1U << (i % 8));

		request[i] ^= bit;
		refuse_request(&rig.asker, request);
		request[i] ^= bit;
	}
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	/* A counter that was taken from one would block all that follow. */
	callersrig_resume(visit);
	callersrig_ping(visit);
}
END_TEST

START_TEST(cut_requests_change_nothing)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *cut = callersrig_visit(&rig, &rig.asker);
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t payload[ASKER_PAYLOAD_MAX];
	size_t len;

	ck_assert_int_eq(carrier_ask(visit->carrier, request), 0);
	len = asker_ask_again(&rig.asker, request, payload);
	/* Shorter ones are no frames. */
	for (size_t n = 31; n < len; n++) {
		callersrig_send(cut, payload, n);
		callersrig_await_ended(cut);
		ck_assert_int_eq(cut->attached, 0);
		ck_assert_int_eq(cut->code, CODE_PROTOCOL_ERROR);
	}
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_resume(visit);
}
END_TEST

START_TEST(requests_are_good_for_one_session)
{
	struct asker other;
	struct callersrig_visit *first = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *second = callersrig_begin(&rig, &rig.asker);
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t mixed[RESUME_REQUEST_LEN];

	ck_assert_int_eq(carrier_ask(first->carrier, request), 0);
	callersrig_await_lost(&rig, 1);
	/* In the name of the second session of the same gateway. */
	memcpy(mixed, request, sizeof(mixed));
	memcpy(mixed, second->id, sizeof(second->id));
	refuse_request(&rig.asker, mixed);
	/* By another gateway, with no session and with one. */
	asker_init_other(&other, &rig.asker);
	refuse_request(&other, request);
	(void)callersrig_begin(&rig, &other);
	refuse_request(&other, request);
	callersrig_ping(second);
	ck_assert_int_eq(second->lost, 0);
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	/* By whom it belongs to. */
	callersrig_resume(first);
	asker_end(&other);
}
END_TEST

START_TEST(a_liar_ends_its_own_session_only)
{
	struct callersrig_visit *good = callersrig_begin(&rig, &rig.asker);
	struct resume_point point;
	struct puppet liar;

	puppet_begin(&liar);
	session_point(liar.session, &point);
	point.expects = 1000;
	ck_assert(!puppet_return(&liar, &point));
	ck_assert_int_eq(liar.visit->code, CODE_SESSION_LOST);
	ck_assert_int_eq(liar.ways[0].detached, 1);
	callersrig_await_sessions(&rig, 1, 1);
	callersrig_ping(good);
	ck_assert_int_eq(callersrig_question(&rig, &rig.asker, liar.resume.id),
	    CODE_SESSION_LOST);
	puppet_end(&liar);
}
END_TEST

/* --- two channels of one session ----------------------------------------- */

static bool
has_pong(void *arg)
{
	const struct puppet *self = arg;

	return self->pongs > 0;
}

START_TEST(older_channel_is_not_read_behind_a_request)
{
	struct puppet self;
	struct resume_point point;
	uint64_t sent;

	puppet_begin(&self);
	use_way(&self);
	ck_assert(await(rig.loop, has_pong, &self));
	/* A record goes out on the old channel behind the request. */
	session_point(self.session, &point);
	sent = point.next;
	/* Whoever states a point reads no more. */
	self.ways[0].deaf = true;
	session_ping(self.session, loop_now(rig.loop));
	self.pongs = 0;
	ck_assert(puppet_return(&self, &point));
	/* The old one ended, and the record was sent and did not count. */
	ck_assert_int_eq(self.ways[0].detached, 1);
	ck_assert_int_eq(self.ways[0].code, CODE_REPLACED);
	ck_assert_uint_gt(self.point.next, sent);
	ck_assert_uint_eq(self.peer.expects, sent);
	/* It counts where it is sent again. */
	ck_assert(await(rig.loop, has_pong, &self));
	ck_assert_uint_eq(callers_lost(rig.callers), 0);
	puppet_end(&self);
}
END_TEST

/* --- how long it is kept ------------------------------------------------- */

START_TEST(grace_ends)
{
	struct callersrig_visit *visit;
	struct callersrig_opening *dial;
	struct service service;
	struct addr hole;
	int fds[3];

	ck_assert_int_eq(netpair_black_hole(fds, &hole), 0);
	rig.asker.grace = 1;
	visit = callersrig_begin(&rig, &rig.asker);
	serve(&service, visit);
	dial = callersrig_stream(visit, addr_port(&hole));
	callersrig_ping(visit);
	ck_assert_uint_eq(egress_count(rig.egress), 2);
	carrier_lose(visit->carrier, CODE_LINK_LOST, "");
	callersrig_await_lost(&rig, 1);
	ck_assert_uint_eq(egress_count(rig.egress), 2);
	ck_assert_int_eq(
	    callersrig_question(&rig, &rig.asker, visit->id), CODE_OK);
	callersrig_await_lost(&rig, 0);
	/* Never a clean end. */
	ck_assert(await(rig.loop, is_reset, &service));
	ck_assert(await(rig.loop, is_idle, rig.egress));
	callersrig_await_sessions(&rig, 0, 0);
	ck_assert_int_eq(callersrig_question(&rig, &rig.asker, visit->id),
	    CODE_SESSION_LOST);
	ck_assert_int_eq(carrier_ask(visit->carrier, visit->request), 0);
	refuse_request(&rig.asker, visit->request);
	ck_assert_int_eq(dial->ended, 0);
	(void)close(service.fd);
	for (int i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
}
END_TEST

START_TEST(grace_begins_anew_with_each_loss)
{
	struct callersrig_visit *visit;
	struct callersrig_visit *fresh;

	rig.asker.grace = 1;
	visit = callersrig_begin(&rig, &rig.asker);
	carrier_lose(visit->carrier, CODE_LINK_LOST, "");
	callersrig_await_lost(&rig, 1);
	callersrig_resume(visit);
	/* It is carried when the first time would be over. */
	fresh = callersrig_begin(&rig, &rig.asker);
	carrier_lose(fresh->carrier, CODE_LINK_LOST, "");
	callersrig_await_lost(&rig, 1);
	callersrig_await_lost(&rig, 0);
	callersrig_ping(visit);
	callersrig_await_sessions(&rig, 1, 1);
}
END_TEST

START_TEST(the_smaller_grace_counts)
{
	struct callersrig_visit *visit;
	struct callersrig_visit *other;

	rig.self.grace = 0;
	visit = callersrig_begin(&rig, &rig.asker);
	carrier_lose(visit->carrier, CODE_LINK_LOST, "");
	callersrig_await_ended(visit);
	callersrig_await_sessions(&rig, 0, 0);
	ck_assert_uint_eq(callers_lost(rig.callers), 0);
	rig.self.grace = GRACE;
	rig.asker.grace = 0;
	other = callersrig_begin(&rig, &rig.asker);
	carrier_lose(other->carrier, CODE_LINK_LOST, "");
	callersrig_await_ended(other);
	callersrig_await_sessions(&rig, 0, 0);
}
END_TEST

START_TEST(without_grace_a_request_changes_nothing)
{
	struct puppet self;
	struct resume_point point;

	rig.asker.grace = 0;
	puppet_begin(&self);
	use_way(&self);
	ck_assert(await(rig.loop, has_pong, &self));
	session_point(self.session, &point);
	ck_assert(!puppet_return(&self, &point));
	ck_assert_int_eq(self.visit->code, CODE_SESSION_LOST);
	self.pongs = 0;
	session_ping(self.session, loop_now(rig.loop));
	channel_ready(self.ways[0].channel);
	ck_assert(await(rig.loop, has_pong, &self));
	callersrig_await_sessions(&rig, 1, 1);
	puppet_end(&self);
}
END_TEST

START_TEST(unconfirmed_sessions_keep_their_deadline)
{
	static const struct callers_config hasty = { .confirm_time = 0.1 };
	uint8_t id[SESSIONHELLO_ID_LEN];
	struct callersrig_visit *visit;

	callersrig_start(&rig, &hasty);
	visit = callersrig_attach(&rig, &rig.asker);
	visit->mute = true;
	callersrig_await_settled(visit);
	ck_assert_int_eq(
	    asker_hear(&rig.asker, visit->reply, visit->reply_len), 0);
	memcpy(id, rig.asker.said.id, sizeof(id));
	channel_detach(visit->channel, CODE_LINK_LOST, "");
	visit->channel = NULL;
	callersrig_await_lost(&rig, 1);
	callersrig_await_lost(&rig, 0);
	ck_assert_int_eq(
	    callersrig_question(&rig, &rig.asker, id), CODE_SESSION_LOST);
}
END_TEST

START_TEST(a_request_confirms)
{
	static const struct callers_config short_ = { .confirm_time = 2. };
	struct asker other;
	struct callersrig_visit *later;
	struct resume_point point;
	struct puppet self;

	callersrig_start(&rig, &short_);
	puppet_begin(&self);
	channel_detach(self.ways[0].channel, CODE_LINK_LOST, "");
	self.ways[0].channel = NULL;
	callersrig_await_lost(&rig, 1);
	callersrig_await_sessions(&rig, 0, 0);
	session_point(self.session, &point);
	ck_assert(puppet_return(&self, &point));
	callersrig_await_sessions(&rig, 1, 1);
	/* It is there when the time of one that began later is over. */
	asker_init_other(&other, &rig.asker);
	later = callersrig_attach(&rig, &other);
	later->mute = true;
	callersrig_await_ended(later);
	ck_assert_int_eq(later->attached, 1);
	callersrig_await_sessions(&rig, 1, 1);
	asker_end(&other);
	puppet_end(&self);
}
END_TEST

START_TEST(restarted_gateway_ends_lost_sessions)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *beside = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *fresh;
	struct service service;
	uint8_t old[RESUME_REQUEST_LEN];

	serve(&service, visit);
	callersrig_relink(&rig);
	ck_assert_uint_eq(callers_lost(rig.callers), 2);
	ck_assert_int_eq(carrier_ask(visit->carrier, old), 0);
	rig.asker.boot[0] ^= 1;
	/* Whoever only repeats its first message ends nothing. */
	fresh = callersrig_attach(&rig, &rig.asker);
	fresh->mute = true;
	callersrig_await_settled(fresh);
	ck_assert_uint_eq(callers_lost(rig.callers), 2);
	fresh = callersrig_begin(&rig, &rig.asker);
	ck_assert_uint_eq(callers_lost(rig.callers), 0);
	callersrig_await_sessions(&rig, 1, 1);
	ck_assert(await(rig.loop, is_reset, &service));
	refuse_request(&rig.asker, old);
	ck_assert_int_eq(callersrig_question(&rig, &rig.asker, beside->id),
	    CODE_SESSION_LOST);
	callersrig_ping(fresh);
	(void)close(service.fd);
}
END_TEST

/* --- how many there are -------------------------------------------------- */

/* Let visit be lost. */
static void
lose(struct callersrig_visit *visit)
{
	size_t before = callers_lost(rig.callers);

	carrier_lose(visit->carrier, CODE_LINK_LOST, "");
	callersrig_await_lost(&rig, before + 1);
}

START_TEST(sessions_of_a_caller_are_bounded)
{
	struct callersrig_visit *visits[LIMITS_CALLER_SESSIONS];
	struct callersrig_visit *more;

	for (size_t i = 0; i < LIMITS_CALLER_SESSIONS; i++) {
		visits[i] = callersrig_begin(&rig, &rig.asker);
	}
	more = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(more);
	ck_assert_int_eq(more->attached, 0);
	ck_assert_int_eq(more->code, CODE_OVERLOADED);
	/* The one that has been lost longest goes, not the oldest. */
	lose(visits[3]);
	lose(visits[1]);
	(void)callersrig_begin(&rig, &rig.asker);
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_await_sessions(&rig, 1, LIMITS_CALLER_SESSIONS);
	ck_assert_int_eq(
	    carrier_ask(visits[3]->carrier, visits[3]->request), 0);
	refuse_request(&rig.asker, visits[3]->request);
	callersrig_resume(visits[1]);
}
END_TEST

START_TEST(sessions_of_an_agent_are_bounded)
{
	static const struct callers_config few = { .sessions_max = 3 };
	struct asker askers[4];
	struct callersrig_visit *visits[3];
	struct callersrig_visit *more;

	callersrig_start(&rig, &few);
	for (size_t i = 0; i < 4; i++) {
		asker_init_other(&askers[i], &rig.asker);
	}
	for (size_t i = 0; i < 3; i++) {
		visits[i] = callersrig_begin(&rig, &askers[i]);
	}
	more = callersrig_attach(&rig, &askers[3]);
	callersrig_await_settled(more);
	ck_assert_int_eq(more->attached, 0);
	ck_assert_int_eq(more->code, CODE_OVERLOADED);
	lose(visits[2]);
	lose(visits[0]);
	(void)callersrig_begin(&rig, &askers[3]);
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_await_sessions(&rig, 3, 3);
	ck_assert_int_eq(
	    carrier_ask(visits[2]->carrier, visits[2]->request), 0);
	refuse_request(&askers[2], visits[2]->request);
	callersrig_resume(visits[0]);
	for (size_t i = 0; i < 4; i++) {
		asker_end(&askers[i]);
	}
}
END_TEST

START_TEST(a_caller_may_replace_its_only_session)
{
	static const struct callers_config one = { .sessions_max = 1 };
	struct callersrig_visit *visit;
	struct callersrig_visit *fresh;

	callersrig_start(&rig, &one);
	visit = callersrig_begin(&rig, &rig.asker);
	lose(visit);
	fresh = callersrig_begin(&rig, &rig.asker);
	ck_assert_uint_eq(callers_lost(rig.callers), 0);
	callersrig_await_sessions(&rig, 1, 1);
	callersrig_ping(fresh);
}
END_TEST

START_TEST(many_beginners_end_nothing)
{
	static const struct callers_config few = {
		.sessions_max = LIMITS_PENDING_SESSIONS + 1,
	};
	static struct asker others[LIMITS_PENDING_SESSIONS + 1];
	struct callersrig_visit *visit;

	callersrig_start(&rig, &few);
	visit = callersrig_begin(&rig, &rig.asker);
	lose(visit);
	for (size_t i = 0; i <= LIMITS_PENDING_SESSIONS; i++) {
		struct callersrig_visit *pending;

		asker_init_other(&others[i], &rig.asker);
		pending = callersrig_attach(&rig, &others[i]);
		pending->mute = true;
		callersrig_await_settled(pending);
		ck_assert_int_eq(
		    pending->attached, i < LIMITS_PENDING_SESSIONS);
	}
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_resume(visit);
	for (size_t i = 0; i <= LIMITS_PENDING_SESSIONS; i++) {
		asker_end(&others[i]);
	}
}
END_TEST

START_TEST(a_greedy_caller_ends_nothing)
{
	static const struct callers_config few = {
		.sessions_max = LIMITS_CALLER_SESSIONS + 1,
	};
	struct asker other;
	struct callersrig_visit *visit;
	struct callersrig_visit *more;

	callersrig_start(&rig, &few);
	visit = callersrig_begin(&rig, &rig.asker);
	lose(visit);
	asker_init_other(&other, &rig.asker);
	for (size_t i = 0; i < LIMITS_CALLER_SESSIONS; i++) {
		(void)callersrig_begin(&rig, &other);
	}
	more = callersrig_attach(&rig, &other);
	callersrig_await_settled(more);
	ck_assert_int_eq(more->attached, 0);
	ck_assert_int_eq(more->code, CODE_OVERLOADED);
	ck_assert_uint_eq(callers_lost(rig.callers), 1);
	callersrig_resume(visit);
	asker_end(&other);
}
END_TEST

/* --- the rest ------------------------------------------------------------ */

START_TEST(finishing_keeps_what_there_is)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *other;
	struct service service;

	serve(&service, visit);
	lose(visit);
	callers_finish(rig.callers);
	callersrig_resume(visit);
	send_both_ways(&service, 1000);
	await_all(&service);
	ck_assert_int_eq(callersrig_open_stream(visit, rig.port)->outcome.code,
	    CODE_GOING_DOWN);
	other = callersrig_attach(&rig, &rig.asker);
	callersrig_await_settled(other);
	ck_assert_int_eq(other->code, CODE_GOING_DOWN);
	lose(visit);
	callers_close(rig.callers, CODE_GOING_DOWN);
	ck_assert_uint_eq(callers_lost(rig.callers), 0);
	ck_assert(await(rig.loop, is_reset, &service));
	(void)close(service.fd);
}
END_TEST

static void
copy_info(const struct callers_info *info, void *arg)
{
	struct callers_info *out = arg;

	*out = *info;
}

START_TEST(numbers_tell_of_losses)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct callersrig_visit *beside;
	struct callers_info info;

	callers_each(rig.callers, copy_info, &info);
	ck_assert_uint_eq(info.lost, 0);
	ck_assert_uint_eq(info.last_gap_ns, 0);
	lose(visit);
	callers_each(rig.callers, copy_info, &info);
	ck_assert_uint_eq(info.sessions, 1);
	ck_assert_uint_eq(info.lost, 1);
	callersrig_resume(visit);
	callers_each(rig.callers, copy_info, &info);
	ck_assert_uint_eq(info.lost, 0);
	ck_assert_uint_gt(info.last_gap_ns, 0);
	/* One that was never lost does not hide that. */
	beside = callersrig_begin(&rig, &rig.asker);
	callers_each(rig.callers, copy_info, &info);
	ck_assert_uint_eq(info.sessions, 2);
	ck_assert_uint_gt(info.last_gap_ns, 0);
	lose(beside);
	callers_each(rig.callers, copy_info, &info);
	ck_assert_uint_eq(info.lost, 1);
}
END_TEST

/* Ask for visit with the n-th allocation failing; true when one did. */
static bool
return_without_memory(struct callersrig_visit *visit, long n)
{
	uint8_t payload[ASKER_PAYLOAD_MAX];
	bool failed;
	size_t len;

	ck_assert_int_eq(carrier_ask(visit->carrier, visit->request), 0);
	len = asker_ask_again(visit->asker, visit->request, payload);
	rig.net.endpoint.hook = NULL;
	visit->returning = true;
	callersrig_send(visit, payload, len);
	failalloc_after(n);
	callers_attach(
	    rig.callers, rig.net.endpoint.link, rig.last_channel, payload, len);
	failed = failalloc_hit();
	failalloc_off();
	callersrig_await_settled(visit);
	return failed;
}

START_TEST(every_allocation_may_fail)
{
	struct callersrig_visit *visit = callersrig_begin(&rig, &rig.asker);
	struct service service;
	bool failed = true;

	serve(&service, visit);
	for (long n = 1; failed && n < 30; n++) {
		callersrig_relink(&rig);
		ck_assert_uint_eq(callers_lost(rig.callers), 1);
		failed = return_without_memory(visit, n);
		ck_assert_uint_eq(
		    callers_lost(rig.callers), visit->attached > 0 ? 0 : 1);
		/* Whatever failed, the next request is good. */
		callersrig_relink(&rig);
		callersrig_resume(visit);
		send_both_ways(&service, 1000);
		await_all(&service);
	}
	ck_assert(!failed);
	(void)close(service.fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("callersattach");
	TCase *tcase = tcase_create("callersattach");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, session_survives_its_channel);
	tcase_add_test(tcase, session_survives_its_link);
	tcase_add_test(tcase, each_caller_gets_its_own_back);
	tcase_add_test(tcase, replayed_requests_change_nothing);
	tcase_add_test(tcase, overtaken_request_changes_nothing);
	tcase_add_test(tcase, altered_requests_change_nothing);
	tcase_add_test(tcase, cut_requests_change_nothing);
	tcase_add_test(tcase, requests_are_good_for_one_session);
	tcase_add_test(tcase, a_liar_ends_its_own_session_only);
	tcase_add_test(tcase, older_channel_is_not_read_behind_a_request);
	tcase_add_test(tcase, grace_ends);
	tcase_add_test(tcase, grace_begins_anew_with_each_loss);
	tcase_add_test(tcase, the_smaller_grace_counts);
	tcase_add_test(tcase, without_grace_a_request_changes_nothing);
	tcase_add_test(tcase, unconfirmed_sessions_keep_their_deadline);
	tcase_add_test(tcase, a_request_confirms);
	tcase_add_test(tcase, restarted_gateway_ends_lost_sessions);
	tcase_add_test(tcase, sessions_of_a_caller_are_bounded);
	tcase_add_test(tcase, sessions_of_an_agent_are_bounded);
	tcase_add_test(tcase, a_caller_may_replace_its_only_session);
	tcase_add_test(tcase, many_beginners_end_nothing);
	tcase_add_test(tcase, a_greedy_caller_ends_nothing);
	tcase_add_test(tcase, finishing_keeps_what_there_is);
	tcase_add_test(tcase, numbers_tell_of_losses);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
