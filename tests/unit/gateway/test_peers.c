/* SPDX-License-Identifier: ISC */

#include "gateway/peers.h"

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

/* Requests that a test may have at a time. */
#define REQUESTS_MAX 10

/* One who asks for the host, and what he was told. */
struct request {
	struct peers_wait *wait; /* NULL when he does not wait */
	struct session *session;
	int done;
	enum code code;
	char text[LIMITS_TEXT_LEN];
	int again; /* how often he asks anew when he is told */
	int depth; /* calls of done inside one another */
};

static struct tetherrig rig;
static struct peers_config config;
static struct peers *peers;
static struct request requests[REQUESTS_MAX];
static size_t request_count;
static int pinned;
static struct stream *stream;
static int opened;
static int resets;
static void (*in_reset)(void);

/* --- who asks ------------------------------------------------------------ */

static void ask(struct request *request);

static void
on_done(struct session *session, enum code code, const char *text, void *arg)
{
	struct request *request = arg;

	ck_assert((session == NULL) == (code != CODE_OK));
	request->wait = NULL;
	request->session = session;
	request->code = code;
	(void)snprintf(request->text, sizeof(request->text), "%s", text);
	request->done++;
	if (request->again > 0) {
		request->again--;
		ask(request);
	}
}

static void
ask(struct request *request)
{
	struct peers_wait *wait;

	wait = peers_get(peers, "office", on_done, request);
	/* If done ran inside and asked again, that one's wait is the one. */
	if (wait != NULL) {
		request->wait = wait;
	}
}

static struct request *
new_request(void)
{
	struct request *request = &requests[request_count++];

	ck_assert_uint_le(request_count, REQUESTS_MAX);
	memset(request, 0, sizeof(*request));
	return request;
}

/* Ask for "office". */
static struct request *
get(void)
{
	struct request *request = new_request();

	ask(request);
	return request;
}

/* Ping "office". */
static struct request *
ping(void)
{
	struct request *request = new_request();

	request->wait = peers_ping(peers, "office", on_done, request);
	return request;
}

/* Wait until request was answered with code. */
static void
expect(struct request *request, enum code code)
{
	tetherrig_await(&rig, &request->done, 1);
	ck_assert_int_eq(request->done, 1);
	ck_assert_msg(request->code == code, "%s: %s",
	    codes_slug(request->code), request->text);
}

/* --- fixtures ------------------------------------------------------------ */

static void
on_attached(struct tetherrig *self, uint32_t channel, const uint8_t *payload,
    size_t len)
{
	(void)self;
	peers_attached(peers, channel, payload, len);
}

static void
on_pinned(void *arg)
{
	(void)arg;
	pinned++;
}

static void
setup(void)
{
	tetherrig_open(&rig);
	rig.on_attached = on_attached;
	config = (struct peers_config){
		.loop = rig.loop,
		.endpoint = tetherrig_endpoint(&rig),
		.hosts = rig.hosts,
		.retain_max = LIMITS_RETAIN_MAX,
		.retain_budget = LIMITS_RETAIN_BUDGET,
		.window_max = LIMITS_WINDOW_MAX,
		.streams_max = 100,
		.receive_budget = LIMITS_RECEIVE_BUDGET,
		.grace = 600,
		.wait_time = 20.,
		.pinned = on_pinned,
	};
	peers = peers_new(&config);
	ck_assert_ptr_nonnull(peers);
	peers_link_up(peers);
	request_count = 0;
	pinned = opened = resets = 0;
	stream = NULL;
	in_reset = NULL;
}

static void
teardown(void)
{
	peers_free(peers);
	tetherrig_close(&rig);
}

/* Lose the link as a gateway does. */
static void
cut(enum code code)
{
	tetherrig_cut(&rig, code);
	peers_link_down(peers, code, "cut");
}

static void
link_again(void)
{
	tetherrig_link(&rig);
	peers_link_up(peers);
}

static void
list(bool online)
{
	tetherrig_list(&rig, rig.host_public, online);
	peers_hosts_changed(peers);
}

static void
on_opened(void *arg, const struct stream_opened *outcome)
{
	(void)arg;
	(void)outcome;
	opened++;
}

static void
on_reset(void *arg, enum code code, int error)
{
	(void)arg;
	(void)code;
	(void)error;
	resets++;
	stream_release(stream);
	stream = NULL;
	if (in_reset != NULL) {
		in_reset();
	}
}

static const struct stream_ops stream_ops = {
	.opened = on_opened,
	.reset = on_reset,
};

/* Open a stream in session. */
static void
open_stream(struct session *session)
{
	static const struct stream_target target = { .protocol = STREAM_TCP,
		.port = 80 };

	stream = stream_open(session, &target, false, &stream_ops, NULL);
	ck_assert_ptr_nonnull(stream);
	tetherrig_await(&rig, &opened, opened + 1);
}

/* Have a session, with a stream in it. */
static struct session *
begin(void)
{
	struct request *request = get();

	expect(request, CODE_OK);
	open_stream(request->session);
	return request->session;
}

/* --- asking -------------------------------------------------------------- */

START_TEST(who_waits_shares_a_call)
{
	struct request *first = get();
	struct request *second = get();
	struct request *third;

	ck_assert_ptr_nonnull(first->wait);
	ck_assert_ptr_nonnull(second->wait);
	ck_assert(peers_want_link(peers));
	expect(first, CODE_OK);
	expect(second, CODE_OK);
	ck_assert_ptr_eq(first->session, second->session);
	ck_assert_int_eq(rig.begins, 1);
	ck_assert_int_eq(pinned, 1);
	ck_assert(!peers_want_link(peers));
	/* One that is live is had at once. */
	third = get();
	ck_assert_int_eq(third->done, 1);
	ck_assert_ptr_eq(third->session, first->session);
}
END_TEST

START_TEST(what_is_known_is_told_at_once)
{
	struct request *request;

	tetherrig_list(&rig, rig.host_public, false);
	config.wait_time = 0.;
	peers_configure(peers, &config);
	peers_link_up(peers);
	request = get();
	ck_assert_int_eq(request->done, 1);
	ck_assert_int_eq(request->code, CODE_HOST_OFFLINE);
	ck_assert_ptr_nonnull(strstr(request->text, "\"office\" is offline"));
	tetherrig_list(&rig, rig.host_public, true);
	cut(CODE_LINK_LOST);
	request = get();
	ck_assert_int_eq(request->done, 1);
	ck_assert_int_eq(request->code, CODE_RELAY_UNREACHABLE);
	ck_assert_str_eq(request->text, "There is no link.");
	ck_assert_int_eq(rig.begins, 0);
}
END_TEST

START_TEST(refusals_are_told)
{
	struct request *request;

	rig.refuse = CODE_DENIED;
	request = get();
	expect(request, CODE_DENIED);
	ck_assert(!peers_want_link(peers));
}
END_TEST

START_TEST(while_things_come_back_requests_wait)
{
	struct request *request;

	/* The list has it offline still; a moment ago there was no link. */
	list(false);
	request = get();
	ck_assert_int_eq(request->done, 0);
	tetherrig_settle(&rig);
	ck_assert_int_eq(rig.begins, 0);
	list(true);
	expect(request, CODE_OK);
}
END_TEST

START_TEST(a_request_waits_for_a_link)
{
	struct request *request;

	cut(CODE_LINK_LOST);
	request = get();
	ck_assert_int_eq(request->done, 0);
	ck_assert(peers_want_link(peers));
	link_again();
	expect(request, CODE_OK);
}
END_TEST

START_TEST(a_call_that_ends_with_its_link_is_made_again)
{
	static const enum code codes[] = { CODE_LINK_LOST, CODE_GOING_DOWN,
		CODE_REPLACED };
	struct request *request;

	/* The last link is a long time ago. */
	config.wait_time = 0.;
	peers_configure(peers, &config);
	peers_link_up(peers);
	config.wait_time = 20.;
	peers_configure(peers, &config);
	rig.silent = true;
	request = get();
	tetherrig_await(&rig, &rig.begins, 1);
	cut(codes[_i]);
	ck_assert_int_eq(request->done, 0);
	rig.silent = false;
	link_again();
	expect(request, CODE_OK);
}
END_TEST

/* Its link may have been replaced, of which no list tells. */
START_TEST(a_call_that_fails_in_passing_is_made_again)
{
	struct request *request;

	rig.refuse = CODE_LINK_LOST;
	request = get();
	tetherrig_await(&rig, &rig.begins, 2);
	ck_assert_int_eq(request->done, 0);
	rig.refuse = CODE_OK;
	expect(request, CODE_OK);
}
END_TEST

START_TEST(nobody_waits_for_ever)
{
	struct request *request;

	config.wait_time = 0.2;
	peers_configure(peers, &config);
	if (_i == 0) {
		rig.silent = true;
	} else if (_i == 1) {
		(void)begin();
		rig.silent = true;
		tetherrig_detach(&rig, 0, CODE_LINK_LOST);
		tetherrig_await(&rig, &rig.requests, 1);
	} else {
		(void)begin();
		cut(CODE_LINK_LOST);
	}
	request = get();
	ck_assert_int_eq(request->done, 0);
	expect(request, _i == 2 ? CODE_RELAY_UNREACHABLE : CODE_HOST_OFFLINE);
	ck_assert_str_eq(request->text,
	    _i == 2 ? "There is no link." : "\"office\" does not answer.");
	/* The session itself goes on waiting. */
	ck_assert_int_eq(resets, 0);
}
END_TEST

START_TEST(who_cancels_is_not_told)
{
	struct request *first = get();
	struct request *second = get();

	peers_cancel(first->wait);
	peers_cancel(NULL);
	expect(second, CODE_OK);
	ck_assert_int_eq(first->done, 0);
	/* With the last one the call is not worth less. */
	first = get();
	ck_assert_int_eq(first->done, 1);
}
END_TEST

START_TEST(who_is_shut_out_is_told)
{
	struct request *request;

	(void)begin();
	rig.silent = true;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	request = get();
	ck_assert_int_eq(request->done, 0);
	cut(CODE_REVOKED);
	expect(request, CODE_REVOKED);
	ck_assert_int_eq(resets, 1);
	ck_assert(!peers_want_link(peers));
}
END_TEST

/* --- losses -------------------------------------------------------------- */

START_TEST(requests_wait_for_a_lost_session)
{
	struct session *session = begin();
	struct request *request;
	struct peers_info info;

	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert(!info.is_lost);
	ck_assert_uint_eq(info.waiting, 0);
	ck_assert_uint_eq(info.last_gap_ns, 0);
	cut(CODE_LINK_LOST);
	request = get();
	ck_assert_int_eq(request->done, 0);
	ck_assert(peers_want_link(peers));
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert(info.is_lost);
	/* The stream and the request. */
	ck_assert_uint_eq(info.waiting, 2);
	ck_assert_uint_eq(info.stats.streams, 1);
	ck_assert_uint_eq(peers_streams(peers), 1);
	link_again();
	expect(request, CODE_OK);
	ck_assert_ptr_eq(request->session, session);
	ck_assert_int_eq(resets, 0);
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert(!info.is_lost);
	ck_assert_uint_gt(info.last_gap_ns, 0);
	ck_assert_uint_eq(info.waiting, 0);
	ck_assert_uint_eq(info.stats.resumes, 1);
}
END_TEST

/* Nobody waits for a month to end; what is open does, and goes on. */
START_TEST(a_month_that_is_used_up_is_told)
{
	struct request *first = get();
	struct request *waiting;
	struct request *later;

	expect(first, CODE_OK);
	rig.refuse = CODE_QUOTA;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_settle(&rig);
	waiting = get();
	expect(waiting, CODE_QUOTA);
	later = get();
	ck_assert_int_eq(later->done, 1);
	ck_assert_int_eq(later->code, CODE_QUOTA);
	rig.refuse = CODE_OK;
	tetherrig_await(&rig, &rig.requests, rig.requests + 1);
	tetherrig_settle(&rig);
	later = get();
	expect(later, CODE_OK);
	ck_assert_ptr_eq(later->session, first->session);
}
END_TEST

START_TEST(a_ping_waits_for_a_lost_session)
{
	struct session *session = begin();
	struct request *request = ping();

	expect(request, CODE_OK);
	ck_assert_ptr_eq(request->session, session);
	cut(CODE_LINK_LOST);
	request = ping();
	ck_assert_int_eq(request->done, 0);
	link_again();
	expect(request, CODE_OK);
	ck_assert_ptr_eq(request->session, session);
}
END_TEST

START_TEST(a_ping_under_way_survives_a_loss)
{
	struct request *request;

	(void)begin();
	request = ping();
	cut(CODE_LINK_LOST);
	ck_assert_int_eq(request->done, 0);
	link_again();
	expect(request, CODE_OK);
}
END_TEST

START_TEST(after_a_restart_requests_get_a_new_session)
{
	struct request *request;
	struct request *pinger;
	struct peers_info info;

	(void)begin();
	rig.silent = true;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	request = get();
	pinger = ping();
	cut(CODE_LINK_LOST);
	tetherrig_restart(&rig);
	rig.silent = false;
	link_again();
	expect(request, CODE_OK);
	expect(pinger, CODE_OK);
	ck_assert_int_eq(rig.questions, 1);
	ck_assert_int_eq(rig.begins, 2);
	/* Its streams are reset, never ended cleanly. */
	ck_assert_int_eq(resets, 1);
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert_uint_eq(info.stats.streams, 0);
	ck_assert_uint_eq(info.stats.resumes, 0);
}
END_TEST

START_TEST(after_grace_requests_get_a_new_session)
{
	struct request *request;

	config.grace = 1;
	peers_configure(peers, &config);
	(void)begin();
	/* The relay is there, and lets nobody go on. */
	rig.refuse = CODE_OVERLOADED;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	request = get();
	ck_assert_int_eq(request->done, 0);
	cut(CODE_LINK_LOST);
	tetherrig_await(&rig, &resets, 1);
	ck_assert_int_eq(request->done, 0);
	rig.refuse = CODE_OK;
	link_again();
	expect(request, CODE_OK);
	ck_assert_int_eq(rig.begins, 2);
}
END_TEST

/* --- keys ---------------------------------------------------------------- */

START_TEST(only_a_proved_key_is_pinned)
{
	uint8_t other[KEYS_LEN];
	uint8_t secret[KEYS_LEN];
	struct request *request = get();
	const struct host *host;

	keys_generate(secret, other);
	if (_i == 1) {
		expect(request, CODE_OK);
		ck_assert_int_eq(pinned, 1);
	}
	/* The relay names another key, and the session begins or goes on. */
	tetherrig_list(&rig, other, true);
	peers_hosts_changed(peers);
	if (_i == 1) {
		tetherrig_detach(&rig, 0, CODE_LINK_LOST);
		tetherrig_settle(&rig);
		tetherrig_await(&rig, &rig.requests, 1);
		request = get();
	}
	tetherrig_await(&rig, &request->done, 1);
	ck_assert_int_eq(request->code, CODE_OK);
	ck_assert_int_eq(pinned, 1);
	host = hosts_find(rig.hosts, "office");
	ck_assert(host->has_pin);
	ck_assert_mem_eq(host->pin, rig.host_public, KEYS_LEN);
	ck_assert(hosts_key_changed(host));
}
END_TEST

START_TEST(another_key_is_the_users_to_accept)
{
	struct request *request;

	(void)begin();
	rig.silent = true;
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	tetherrig_await(&rig, &rig.requests, 1);
	request = get();
	cut(CODE_LINK_LOST);
	/* The host is installed anew, and cannot read what is said to it. */
	tetherrig_restart(&rig);
	keys_generate(rig.host_secret, rig.host_public);
	tetherrig_list(&rig, rig.host_public, true);
	rig.silent = false;
	link_again();
	expect(request, CODE_HOST_KEY_CHANGED);
	ck_assert_ptr_nonnull(strstr(request->text, "accept-key office"));
	ck_assert_int_eq(pinned, 1);
	ck_assert_int_eq(resets, 1);
}
END_TEST

/* --- old sessions -------------------------------------------------------- */

/* It is another host now: nothing of the old session goes on. */
START_TEST(a_forsaken_host_is_called_anew)
{
	struct request *request = get();
	struct request *waits;
	struct request *pings;

	expect(request, CODE_OK);
	cut(CODE_LINK_LOST);
	waits = get();
	pings = ping();
	ck_assert_int_eq(waits->done, 0);
	peers_forsake(peers, "lab", CODE_SESSION_LOST);
	peers_forsake(peers, "office", CODE_SESSION_LOST);
	ck_assert_int_eq(waits->done, 0);
	ck_assert_int_eq(pings->done, 0);
	link_again();
	expect(waits, CODE_OK);
	ck_assert_int_eq(rig.begins, 2);
	ck_assert_int_eq(rig.requests, 0);
	ck_assert_int_eq(rig.questions, 0);
	expect(pings, CODE_OK);
}
END_TEST

START_TEST(an_old_session_goes_with_its_last_stream)
{
	struct session *old;
	struct request *request;
	struct peers_info info;

	config.session_age = 1e-9;
	peers_configure(peers, &config);
	old = begin();
	rig.silent = true;
	request = get();
	ck_assert_int_eq(request->done, 0);
	tetherrig_await(&rig, &rig.begins, 2);
	/* What only the old one has is seen meanwhile. */
	ck_assert_uint_eq(peers_streams(peers), 1);
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert_uint_eq(info.stats.streams, 1);
	cut(CODE_LINK_LOST);
	ck_assert(peers_want_link(peers));
	rig.silent = false;
	config.session_age = 0.;
	peers_configure(peers, &config);
	link_again();
	expect(request, CODE_OK);
	ck_assert_ptr_ne(request->session, old);
	/* Both went on, or began. */
	tetherrig_await(&rig, &rig.requests, 1);
	tetherrig_settle(&rig);
	ck_assert_int_eq(resets, 0);
	ck_assert_uint_eq(peers_streams(peers), 1);
	request = get();
	ck_assert_int_eq(request->done, 1);
	ck_assert_ptr_ne(request->session, old);
	ck_assert_int_eq(rig.sessions[0].downs, 0);
	/* Its last stream ends, and the next request takes it away. */
	stream_release(stream);
	stream = NULL;
	tetherrig_settle(&rig);
	(void)get();
	tetherrig_await(&rig, &rig.sessions[0].downs, 1);
	ck_assert_uint_eq(peers_streams(peers), 0);
	ck_assert(peers_get_info(peers, "office", &info));
}
END_TEST

START_TEST(an_old_session_may_end_by_itself)
{
	struct request *request;

	config.session_age = 1e-9;
	peers_configure(peers, &config);
	(void)begin();
	config.session_age = 1e-9;
	request = get();
	expect(request, CODE_OK);
	ck_assert_int_eq(rig.begins, 2);
	carrier_close(rig.sessions[0].carrier, CODE_GOING_DOWN);
	rig.sessions[0].carrier = NULL;
	tetherrig_await(&rig, &resets, 1);
	ck_assert_uint_eq(peers_streams(peers), 0);
}
END_TEST

/* --- the end ------------------------------------------------------------- */

START_TEST(closed_who_waits_is_told)
{
	struct request *first;
	struct request *second;

	rig.silent = true;
	first = get();
	second = get();
	/* They ask again at once, and are told again. */
	first->again = 3;
	second->again = 3;
	peers_close(peers, CODE_GOING_DOWN);
	ck_assert_int_eq(first->done, 4);
	ck_assert_int_eq(second->done, 4);
	ck_assert_int_eq(first->code, CODE_GOING_DOWN);
	ck_assert_int_eq(second->code, CODE_GOING_DOWN);
	tetherrig_settle(&rig);
	ck_assert_int_eq(rig.begins, 1);
	ck_assert(!peers_want_link(peers));
}
END_TEST

START_TEST(shut_out_who_asks_again_may_wait_anew)
{
	struct request *request;

	rig.silent = true;
	request = get();
	/* As long as he likes; he does not keep anybody else. */
	request->again = 1000000;
	cut(CODE_LINK_LOST);
	peers_link_down(peers, CODE_REVOKED, "revoked");
	ck_assert_int_le(request->done, 2);
	peers_cancel(request->wait);
}
END_TEST

static void
ask_in_reset(void)
{
	(void)get();
}

START_TEST(streams_that_end_may_ask)
{
	in_reset = ask_in_reset;
	if (_i > 0) {
		config.session_age = 1e-9;
		peers_configure(peers, &config);
	}
	(void)begin();
	if (_i > 0) {
		struct request *request = get();

		expect(request, CODE_OK);
	}
	peers_close(peers, CODE_GOING_DOWN);
	ck_assert_int_eq(resets, 1);
	ck_assert_int_eq(requests[request_count - 1].done, 1);
	ck_assert_int_eq(requests[request_count - 1].code, CODE_GOING_DOWN);
	ck_assert(!peers_want_link(peers));
}
END_TEST

START_TEST(freed_nobody_is_told)
{
	struct request *request;

	rig.silent = true;
	request = get();
	(void)ping();
	peers_free(peers);
	peers = NULL;
	tetherrig_settle(&rig);
	ck_assert_int_eq(request->done, 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		struct request *request;

		request_count = 0;
		failalloc_after(n);
		request = get();
		failed = failalloc_hit();
		failalloc_off();
		tetherrig_settle(&rig);
		if (rig.net.endpoint.link == NULL) {
			cut(CODE_LINK_LOST);
			link_again();
		}
		tetherrig_await(&rig, &request->done, 1);
		ck_assert_int_eq(request->done, 1);
		ck_assert_msg(request->code == CODE_OK ||
				  request->code == CODE_OVERLOADED,
		    "%s: %s", codes_slug(request->code), request->text);
		peers_free(peers);
		tetherrig_settle(&rig);
		tetherrig_restart(&rig);
		rig.session_count = 0;
		peers = peers_new(&config);
		ck_assert_ptr_nonnull(peers);
		rig.last_channel = 0;
		peers_link_up(peers);
		tetherrig_cut(&rig, CODE_LINK_LOST);
		peers_link_down(peers, CODE_LINK_LOST, "cut");
		link_again();
	}
}
END_TEST

/* --- replicas ------------------------------------------------------------ */

/* Say of that replica of "office" how it is; all of them have one key here. */
static void
list_replica(uint8_t replica, enum linkmsg_host_state state)
{
	struct linkmsg_host host = {
		.owner = "alice",
		.name = "office",
		.replica = replica,
		.state = state,
	};
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { 0 };
	size_t used;

	memcpy(host.key, rig.host_public, sizeof(host.key));
	used = linkmsg_host_append(&host, payload, sizeof(payload), 1);
	ck_assert_int_eq(hosts_apply(rig.hosts, payload, used), 0);
	peers_hosts_changed(peers);
}

/* Streams of which there are several. */
static struct stream *more[8];

static void
on_more_reset(void *arg, enum code code, int error)
{
	struct stream **slot = arg;

	(void)code;
	(void)error;
	stream_release(*slot);
	*slot = NULL;
}

static const struct stream_ops more_ops = {
	.opened = on_opened,
	.reset = on_more_reset,
};

/* Open stream number i in the session that one gets. */
static struct session *
begin_more(size_t i)
{
	static const struct stream_target target = { .protocol = STREAM_TCP,
		.port = 80 };
	struct request *request = get();

	expect(request, CODE_OK);
	more[i] =
	    stream_open(request->session, &target, false, &more_ops, &more[i]);
	ck_assert_ptr_nonnull(more[i]);
	tetherrig_await(&rig, &opened, opened + 1);
	return request->session;
}

START_TEST(streams_are_spread)
{
	struct session *sessions[3];
	struct peers_info info;

	list_replica(2, LINKMSG_ONLINE);
	list_replica(3, LINKMSG_ONLINE);
	for (size_t i = 0; i < 3; i++) {
		sessions[i] = begin_more(i);
	}
	/* Each has one by now, and a session; there are no more of those. */
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ptr_ne(sessions[i], sessions[(i + 1) % 3]);
		ck_assert_uint_le(peers_replica(peers, sessions[i]), 3);
		(void)begin_more(3 + i);
	}
	ck_assert_int_eq(rig.begins, 3);
	for (size_t i = 0; i < 3; i++) {
		struct session_stats stats;

		session_get_stats(sessions[i], &stats);
		ck_assert_uint_eq(stats.streams, 2);
	}
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert_uint_eq(info.stats.streams, 6);
	ck_assert_uint_eq(peers_streams(peers), 6);
	ck_assert(!info.is_lost);
}
END_TEST

START_TEST(one_that_is_idle_and_live_is_taken)
{
	struct request *first = get();

	list_replica(2, LINKMSG_ONLINE);
	expect(first, CODE_OK);
	for (int i = 0; i < 5; i++) {
		struct request *next = get();

		ck_assert_int_eq(next->done, 1);
		ck_assert_ptr_eq(next->session, first->session);
	}
}
END_TEST

START_TEST(a_lost_one_is_passed_over)
{
	struct session *first;
	struct request *request;
	struct peers_info info;

	list_replica(2, LINKMSG_OFFLINE);
	first = begin();
	list_replica(2, LINKMSG_ONLINE);
	tetherrig_detach(&rig, 0, CODE_HOST_OFFLINE);
	list_replica(0, LINKMSG_OFFLINE);
	tetherrig_settle(&rig);
	request = get();
	expect(request, CODE_OK);
	ck_assert_ptr_ne(request->session, first);
	ck_assert_uint_eq(peers_replica(peers, request->session), 2);
	/* It is kept, for what it has open. */
	ck_assert_int_eq(resets, 0);
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert(!info.is_lost);
	ck_assert_uint_eq(info.waiting, 1);
	list_replica(0, LINKMSG_ONLINE);
	tetherrig_await(&rig, &rig.requests, 1);
	tetherrig_settle(&rig);
	ck_assert(peers_get_info(peers, "office", &info));
	ck_assert_uint_eq(info.waiting, 0);
}
END_TEST

/* The list may not say yet that it is gone. */
START_TEST(one_that_waits_for_its_host_is_passed_over)
{
	struct peers_info info;
	struct request *request;

	list_replica(2, LINKMSG_ONLINE);
	expect(get(), CODE_OK);
	tetherrig_detach(&rig, 0, CODE_LINK_LOST);
	do {
		loop_poll(rig.loop);
		ck_assert(peers_get_info(peers, "office", &info));
	} while (!info.is_lost);
	request = get();
	expect(request, CODE_OK);
	ck_assert_int_eq(rig.begins, 2);
}
END_TEST

/* Who waits for one that is gone is handed to one that comes. */
START_TEST(who_waits_is_handed_on)
{
	struct request *request;

	list_replica(2, LINKMSG_OFFLINE);
	(void)begin();
	tetherrig_detach(&rig, 0, CODE_HOST_OFFLINE);
	list_replica(0, LINKMSG_OFFLINE);
	tetherrig_settle(&rig);
	request = get();
	ck_assert_ptr_nonnull(request->wait);
	list_replica(2, LINKMSG_ONLINE);
	expect(request, CODE_OK);
	ck_assert_uint_eq(peers_replica(peers, request->session), 2);
}
END_TEST

/* Who is refused by all is told so in the end. */
START_TEST(all_may_refuse)
{
	struct request *request;

	list_replica(2, LINKMSG_ONLINE);
	rig.refuse = CODE_OVERLOADED;
	request = get();
	expect(request, CODE_OVERLOADED);
	ck_assert(!peers_want_link(peers));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("peers");
	TCase *tcase = tcase_create("peers");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_waits_shares_a_call);
	tcase_add_test(tcase, what_is_known_is_told_at_once);
	tcase_add_test(tcase, refusals_are_told);
	tcase_add_test(tcase, while_things_come_back_requests_wait);
	tcase_add_test(tcase, a_request_waits_for_a_link);
	tcase_add_loop_test(
	    tcase, a_call_that_ends_with_its_link_is_made_again, 0, 3);
	tcase_add_test(tcase, a_call_that_fails_in_passing_is_made_again);
	tcase_add_loop_test(tcase, nobody_waits_for_ever, 0, 3);
	tcase_add_test(tcase, who_cancels_is_not_told);
	tcase_add_test(tcase, who_is_shut_out_is_told);
	tcase_add_test(tcase, requests_wait_for_a_lost_session);
	tcase_add_test(tcase, a_month_that_is_used_up_is_told);
	tcase_add_test(tcase, streams_are_spread);
	tcase_add_test(tcase, one_that_is_idle_and_live_is_taken);
	tcase_add_test(tcase, a_lost_one_is_passed_over);
	/* By chance it may go well without; not as often as this. */
	tcase_add_loop_test(
	    tcase, one_that_waits_for_its_host_is_passed_over, 0, 8);
	tcase_add_test(tcase, who_waits_is_handed_on);
	tcase_add_test(tcase, all_may_refuse);
	tcase_add_test(tcase, a_ping_waits_for_a_lost_session);
	tcase_add_test(tcase, a_ping_under_way_survives_a_loss);
	tcase_add_test(tcase, after_a_restart_requests_get_a_new_session);
	tcase_add_test(tcase, after_grace_requests_get_a_new_session);
	tcase_add_loop_test(tcase, only_a_proved_key_is_pinned, 0, 2);
	tcase_add_test(tcase, another_key_is_the_users_to_accept);
	tcase_add_test(tcase, a_forsaken_host_is_called_anew);
	tcase_add_test(tcase, an_old_session_goes_with_its_last_stream);
	tcase_add_test(tcase, an_old_session_may_end_by_itself);
	tcase_add_test(tcase, closed_who_waits_is_told);
	tcase_add_test(tcase, shut_out_who_asks_again_may_wait_anew);
	tcase_add_loop_test(tcase, streams_that_end_may_ask, 0, 2);
	tcase_add_test(tcase, freed_nobody_is_told);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
