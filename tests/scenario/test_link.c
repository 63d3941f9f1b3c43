/* SPDX-License-Identifier: ISC */
/*
 * A link that is up: control frames, liveness, keys, the end, and peers that
 * break the rules (PROTOCOL.md section 5).
 */
#include <malloc.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/link.h"
#include "tests/support/cable.h"
#include "tests/support/failalloc.h"
#include "tests/support/linkpair.h"
#include "tests/support/rawlink.h"
#include "tests/support/unit.h"

/* Times for tests that wait; any of them may pass in a test that does not. */
static struct link_times times;

static struct linkpair pair;
static struct rawlink raw;
static const struct linkpair_config plain = { .times = &times };

static void
setup(void)
{
	times.handshake = LIMITS_HANDSHAKE_TIME;
	times.quiet = LIMITS_LINK_QUIET;
	times.dead = LIMITS_LINK_DEAD;
	times.leave = LIMITS_LINK_LEAVE;
	times.rekey = LIMITS_REKEY_TIME;
	times.rekey_count = LIMITS_REKEY_COUNT;
}

static void
open_up(const struct linkpair_config *config)
{
	ck_assert_int_eq(linkpair_open(&pair, config), 0);
	ck_assert(linkpair_await_up(&pair));
}

/* Open an endpoint's link to a raw relay that lets it in. */
static void
open_raw_relay(void)
{
	struct linkpair_config config = { .no_relay = true, .times = &times };
	struct linkmsg_result result = { .code = CODE_OK };
	struct linkhello_config greeting = { 0 };
	struct linkhello *hello;
	uint8_t payload[LIMITS_RESULT_MAX];
	size_t len = linkmsg_result_encode(&result, payload, sizeof(payload));

	ck_assert_int_eq(linkpair_open(&pair, &config), 0);
	rawlink_init(&raw, pair.loop, pair.fd);
	greeting.static_secret = pair.relay_secret;
	greeting.static_public = pair.relay_public;
	hello = linkhello_new_responder(&greeting);
	ck_assert_ptr_nonnull(hello);
	ck_assert(rawlink_greet(&raw, hello));
	linkhello_free(hello);
	ck_assert(rawlink_send(&raw, FRAME_RESULT, 0, payload, len));
	pair.relay.ups = 1;
	ck_assert(linkpair_await_up(&pair));
}

/* Open a relay's link to a raw endpoint that it lets in. */
static void
open_raw_endpoint(enum linkhello_role role)
{
	struct linkpair_config config = { .no_endpoint = true,
		.times = &times };
	struct linkhello_login login = { .user = "alice", .device = "office" };
	struct linkhello_config greeting = { .role = role };
	struct frame_head head;
	struct linkhello *hello;
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	size_t len;

	ck_assert_int_eq(linkpair_open(&pair, &config), 0);
	rawlink_init(&raw, pair.loop, pair.fd);
	greeting.static_secret = pair.device_secret;
	greeting.static_public = pair.device_public;
	greeting.version = LIMITS_PROTOCOL_VERSION;
	greeting.relay_public = pair.relay_public;
	greeting.login = &login;
	hello = linkhello_new_initiator(&greeting);
	ck_assert_ptr_nonnull(hello);
	ck_assert(rawlink_greet(&raw, hello));
	linkhello_free(hello);
	ck_assert(rawlink_recv(&raw,
	    role == LINKHELLO_GATEWAY ? FRAME_FROM_RELAY_TO_GATEWAY
				      : FRAME_FROM_RELAY_TO_AGENT,
	    &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_RESULT);
}

static void
close_raw(void)
{
	rawlink_close(&raw);
	linkpair_close(&pair);
}

static bool
relay_has_frames(void *arg)
{
	const int *n = arg;

	return pair.relay.frames >= *n;
}

static bool
endpoint_has_frames(void *arg)
{
	const int *n = arg;

	return pair.endpoint.frames >= *n;
}

/* --- control frames ------------------------------------------------------ */

START_TEST(control_frames_reach_the_owner)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	static const uint8_t invite[] = { 1, 2, 3, 4, 5 };
	int one = 1;

	open_up(&plain);
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	ck_assert_int_eq(link_send(pair.endpoint.link, FRAME_INVITE, 0, invite,
			     sizeof(invite)),
	    0);
	ck_assert(linkpair_await(&pair, endpoint_has_frames, &one));
	ck_assert(linkpair_await(&pair, relay_has_frames, &one));
	ck_assert_int_eq((int)pair.endpoint.type, (int)FRAME_NOTICE);
	ck_assert_uint_eq(pair.endpoint.channel, 0);
	ck_assert_uint_eq(pair.endpoint.len, sizeof(notice));
	ck_assert_mem_eq(pair.endpoint.payload, notice, sizeof(notice));
	ck_assert_int_eq((int)pair.relay.type, (int)FRAME_INVITE);
	ck_assert_mem_eq(pair.relay.payload, invite, sizeof(invite));
	linkpair_close(&pair);
}
END_TEST

/* What the other side would not take is not sent, and does no harm. */
START_TEST(illegal_frames_are_not_sent)
{
	static const uint8_t payload[LIMITS_CONTROL_MAX + 1] = { 0 };
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	struct link *relay;
	int one = 1;

	open_up(&plain);
	relay = pair.relay.link;
	ck_assert_int_eq(
	    link_send(relay, FRAME_ATTACHED, 1, payload, 1025), -1);
	ck_assert_int_eq(link_send(relay, FRAME_ATTACHED, 0, payload, 24), -1);
	ck_assert_int_eq(link_send(relay, FRAME_ATTACH, 1, payload, 24), -1);
	ck_assert_int_eq(link_send(relay, FRAME_HOSTS, 0, payload, 0), -1);
	ck_assert_int_eq(
	    link_send(relay, FRAME_HOSTS, 0, payload, sizeof(payload)), -1);
	ck_assert_int_eq(
	    link_send(pair.endpoint.link, FRAME_NOTICE, 0, notice, 4), -1);
	ck_assert_int_eq(link_send(relay, FRAME_NOTICE, 0, notice, 4), 0);
	ck_assert(linkpair_await(&pair, endpoint_has_frames, &one));
	ck_assert_int_eq((int)pair.endpoint.type, (int)FRAME_NOTICE);
	ck_assert(link_is_up(relay));
	linkpair_close(&pair);
}
END_TEST

START_TEST(frames_keep_their_order_and_bytes)
{
	static uint8_t payload[LIMITS_CONTROL_MAX];
	const int count = 50;
	int seen = 0;

	open_up(&plain);
	for (int i = 0; i < count; i++) {
		size_t len = (size_t)(i + 1) * 300;

		memset(payload, i, len);
		ck_assert_int_eq(
		    link_send(pair.relay.link, FRAME_HOSTS, 0, payload, len),
		    0);
		if (i % 7 == 0) {
			loop_poll(pair.loop);
			if (pair.endpoint.frames > seen) {
				seen = pair.endpoint.frames;
				ck_assert_uint_eq(
				    pair.endpoint.len, (size_t)seen * 300);
			}
		}
	}
	seen = count;
	ck_assert(linkpair_await(&pair, endpoint_has_frames, &seen));
	ck_assert_int_eq(pair.endpoint.frames, count);
	ck_assert_uint_eq(pair.endpoint.len, (size_t)count * 300);
	for (size_t i = 0; i < pair.endpoint.len; i++) {
		ck_assert_uint_eq(pair.endpoint.payload[i], count - 1);
	}
	linkpair_close(&pair);
}
END_TEST

START_TEST(frames_may_come_byte_by_byte)
{
	struct linkpair_config config = { .cable = true, .times = &times };
	uint8_t payload[600];
	int three = 3;

	open_up(&config);
	cable_set_chunk(pair.cable, CABLE_SECOND_TO_FIRST, 1);
	memset(payload, 0x5a, sizeof(payload));
	for (int i = 0; i < three; i++) {
		ck_assert_int_eq(link_send(pair.relay.link, FRAME_HOSTS, 0,
				     payload, sizeof(payload)),
		    0);
	}
	ck_assert(linkpair_await(&pair, endpoint_has_frames, &three));
	ck_assert_mem_eq(pair.endpoint.payload, payload, sizeof(payload));
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_changed_byte_ends_the_link)
{
	/* Of the header, and of the body, of a frame behind RESULT. */
	for (uint64_t at = 0; at < 24 + 16 + 4; at++) {
		static const uint8_t notice[] = { 0, 2, 'h', 'i' };
		struct linkpair_config config = { .cable = true,
			.times = &times };

		open_up(&config);
		cable_flip_at(pair.cable, CABLE_SECOND_TO_FIRST,
		    link_sent(pair.relay.link) + at);
		ck_assert_int_eq(link_send(pair.relay.link, FRAME_NOTICE, 0,
				     notice, sizeof(notice)),
		    0);
		ck_assert(linkpair_await_down(&pair));
		ck_assert_int_eq(
		    (int)pair.endpoint.code, (int)CODE_PROTOCOL_ERROR);
		ck_assert_int_eq(pair.endpoint.frames, 0);
		linkpair_close(&pair);
	}
}
END_TEST

/* A peer that asks and does not read cannot make us hold its answers. */
START_TEST(the_queue_of_control_frames_has_an_end)
{
	struct linkpair_config config = { .cable = true, .times = &times };
	static uint8_t payload[LIMITS_CONTROL_MAX];
	int sent = 0;
	int rc = 0;

	open_up(&config);
	cable_hold(pair.cable, CABLE_SECOND_TO_FIRST, true);
	while (rc == 0) {
		rc = link_send(
		    pair.relay.link, FRAME_HOSTS, 0, payload, sizeof(payload));
		sent++;
		ck_assert_int_lt(sent, 100000);
		if (rc == 0 && sent % 8 == 0) {
			loop_poll(pair.loop);
		}
	}
	ck_assert_int_ge(sent, LIMITS_LINK_CONTROL_MAX / LIMITS_CONTROL_MAX);
	ck_assert(!link_is_up(pair.relay.link));
	/* Not before its owner has returned. */
	ck_assert_int_eq(pair.relay.downs, 0);
	loop_poll(pair.loop);
	ck_assert_int_eq(pair.relay.downs, 1);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_OVERLOADED);
	linkpair_close(&pair);
}
END_TEST

/* --- PING, PONG and death ------------------------------------------------ */

START_TEST(pings_are_answered)
{
	static const uint8_t ping[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	open_raw_relay();
	ck_assert(rawlink_send(&raw, FRAME_PING, 0, ping, sizeof(ping)));
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_PONG);
	ck_assert_uint_eq(len, sizeof(ping));
	ck_assert_mem_eq(payload, ping, sizeof(ping));
	close_raw();
}
END_TEST

/* Whatever it asks while it does not read: one answer, to the last question. */
START_TEST(a_flood_of_pings_has_one_answer_at_a_time)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	uint8_t ping[8] = { 0 };
	struct frame_head head;
	uint64_t before;
	size_t len;
	int pongs = 0;

	open_raw_relay();
	before = link_sent(pair.endpoint.link);
	for (unsigned i = 1; i <= 250; i++) {
		ping[7] = (uint8_t)i;
		/* Written without letting the loop run. */
		ck_assert(rawlink_ping(&raw, ping));
	}
	do {
		ck_assert(rawlink_recv(
		    &raw, FRAME_FROM_GATEWAY, &head, payload, &len));
		ck_assert_int_eq((int)head.type, (int)FRAME_PONG);
		pongs++;
	} while (payload[7] != 250);
	ck_assert_int_le(pongs, 2);
	ck_assert_uint_eq(link_sent(pair.endpoint.link) - before,
	    (uint64_t)pongs * (24 + 24));
	close_raw();
}
END_TEST

START_TEST(a_quiet_peer_is_asked)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	times.quiet = 10 * LIMITS_MSEC;
	open_raw_relay();
	for (int i = 0; i < 3; i++) {
		ck_assert(rawlink_recv(
		    &raw, FRAME_FROM_GATEWAY, &head, payload, &len));
		ck_assert_int_eq((int)head.type, (int)FRAME_PING);
		ck_assert(rawlink_send(&raw, FRAME_PONG, 0, payload, len));
	}
	ck_assert(link_is_up(pair.endpoint.link));
	close_raw();
}
END_TEST

START_TEST(a_silent_peer_is_dead)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	times.quiet = 10 * LIMITS_MSEC;
	times.dead = 50 * LIMITS_MSEC;
	open_raw_relay();
	/* It is asked once, and not again. */
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_PING);
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq(pair.endpoint.downs, 1);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_LINK_LOST);
	ck_assert_uint_eq(pair.endpoint.retry_after, 0);
	close_raw();
}
END_TEST

static bool
has_lived(void *arg)
{
	const uint64_t *until = arg;

	return loop_now(pair.loop) >= *until || pair.relay.downs > 0 ||
	       pair.endpoint.downs > 0;
}

START_TEST(two_links_keep_each_other_alive)
{
	uint64_t until;

	times.quiet = 5 * LIMITS_MSEC;
	/* Long enough for a machine that is busy with other tests. */
	times.dead = 20 * LIMITS_SEC;
	open_up(&plain);
	until = loop_now(pair.loop) + 200 * LIMITS_MSEC;
	ck_assert(linkpair_await(&pair, has_lived, &until));
	ck_assert_int_eq(pair.relay.downs, 0);
	ck_assert_int_eq(pair.endpoint.downs, 0);
	/* At least some questions and answers passed. */
	ck_assert_uint_gt(
	    link_sent(pair.relay.link) + link_sent(pair.endpoint.link),
	    600 + 10 * 48);
	linkpair_close(&pair);
}
END_TEST

/* Make busy links impatient, and idle ones patient. */
static void
be_impatient_when_busy(uint64_t busy)
{
	times.busy = busy;
	times.busy_quiet = 10 * LIMITS_MSEC;
	times.busy_dead = 50 * LIMITS_MSEC;
}

/* Let the endpoint carry one body to the raw relay, which reads it. */
static void
carry_one(struct linkpair_peer *peer)
{
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	ck_assert_int_eq(linkpair_channel(peer, &pair.endpoint, 5, NULL), 0);
	linkpair_send(peer, 1, 100);
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_CARRY);
}

START_TEST(a_busy_link_is_found_dead_sooner)
{
	struct linkpair_peer peer = { .side = NULL };
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	uint64_t begin;
	size_t len;

	be_impatient_when_busy(LIMITS_LINK_BUSY);
	open_raw_relay();
	carry_one(&peer);
	begin = loop_now(pair.loop);
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_PING);
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_LINK_LOST);
	ck_assert_int_eq(peer.detached, 1);
	/* Long before LIMITS_LINK_QUIET. */
	ck_assert_uint_lt(loop_now(pair.loop) - begin, 15 * LIMITS_SEC);
	close_raw();
}
END_TEST

/* Return how many bytes the endpoint sends within 100 ms of doing nothing. */
static uint64_t
sent_meanwhile(void)
{
	uint64_t until = loop_now(pair.loop) + 100 * LIMITS_MSEC;
	uint64_t before = link_sent(pair.endpoint.link);

	ck_assert(linkpair_await(&pair, has_lived, &until));
	ck_assert(link_is_up(pair.endpoint.link));
	return link_sent(pair.endpoint.link) - before;
}

START_TEST(an_idle_link_is_left_alone)
{
	be_impatient_when_busy(LIMITS_LINK_BUSY);
	open_raw_relay();
	ck_assert_uint_eq(sent_meanwhile(), 0);
	close_raw();
}
END_TEST

/* What was carried long before the last sign of life does not count. */
START_TEST(a_busy_link_becomes_idle)
{
	struct linkpair_peer peer = { .side = NULL };
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	uint64_t before;
	size_t len;

	be_impatient_when_busy(LIMITS_MSEC);
	times.busy_dead = 60 * LIMITS_SEC;
	open_raw_relay();
	carry_one(&peer);
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_PING);
	before = link_received(pair.endpoint.link);
	ck_assert(rawlink_send(&raw, FRAME_PONG, 0, payload, len));
	while (link_received(pair.endpoint.link) == before) {
		loop_poll(pair.loop);
	}
	ck_assert_uint_eq(sent_meanwhile(), 0);
	close_raw();
}
END_TEST

/* --- keys ---------------------------------------------------------------- */

START_TEST(keys_are_replaced_after_so_many_frames)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	int count = 1000;

	times.rekey_count = 3;
	open_up(&plain);
	for (int i = 0; i < count; i++) {
		ck_assert_int_eq(link_send(pair.relay.link, FRAME_NOTICE, 0,
				     notice, sizeof(notice)),
		    0);
		if (i % 100 == 0) {
			loop_poll(pair.loop);
		}
	}
	ck_assert(linkpair_await(&pair, endpoint_has_frames, &count));
	/* One frame in four is REKEY. */
	ck_assert_uint_ge(link_sent(pair.relay.link),
	    (uint64_t)count * (24 + 16 + 4) + (uint64_t)count / 3 * 24);
	linkpair_close(&pair);
}
END_TEST

START_TEST(keys_are_replaced_after_some_time)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	uint64_t before;
	uint64_t until;
	int two = 2;

	times.rekey = LIMITS_MSEC;
	open_up(&plain);
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	loop_poll(pair.loop);
	until = loop_now(pair.loop) + 2 * LIMITS_MSEC;
	ck_assert(linkpair_await(&pair, has_lived, &until));
	before = link_sent(pair.relay.link);
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	ck_assert(linkpair_await(&pair, endpoint_has_frames, &two));
	ck_assert_uint_eq(
	    link_sent(pair.relay.link) - before, 24 + 24 + 16 + sizeof(notice));
	linkpair_close(&pair);
}
END_TEST

/* --- the end ------------------------------------------------------------- */

START_TEST(goodbyes_have_code_text_and_spread)
{
	open_up(&plain);
	link_goaway(pair.relay.link, CODE_GOING_DOWN, "back in a minute");
	ck_assert(!link_is_up(pair.relay.link));
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_REKEY, 0, NULL, 0), -1);
	/* Saying it again changes nothing. */
	link_goaway(pair.relay.link, CODE_REPLACED, "no");
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_GOING_DOWN);
	ck_assert_str_eq(pair.endpoint.text, "back in a minute");
	/* What RESULT said, as that is where the relay said it. */
	ck_assert_uint_eq(pair.endpoint.retry_after, 7);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_GOING_DOWN);
	ck_assert_int_eq(pair.relay.downs, 1);
	ck_assert_int_eq(pair.endpoint.downs, 1);
	linkpair_close(&pair);
}
END_TEST

START_TEST(an_endpoint_says_goodbye_too)
{
	open_up(&plain);
	link_goaway(pair.endpoint.link, CODE_GOING_DOWN, NULL);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_GOING_DOWN);
	ck_assert_str_eq(pair.relay.text, codes_summary(CODE_GOING_DOWN));
	linkpair_close(&pair);
}
END_TEST

/* Frames queued before a goodbye are written before it. */
START_TEST(a_goodbye_comes_last)
{
	static uint8_t payload[LIMITS_CONTROL_MAX];

	open_up(&plain);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(link_send(pair.relay.link, FRAME_HOSTS, 0,
				     payload, sizeof(payload)),
		    0);
	}
	link_goaway(pair.relay.link, CODE_GOING_DOWN, NULL);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(pair.endpoint.frames, 40);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_GOING_DOWN);
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_goodbye_does_not_wait_for_ever)
{
	struct linkpair_config config = { .cable = true, .times = &times };

	times.leave = 50 * LIMITS_MSEC;
	open_up(&config);
	cable_hold(pair.cable, CABLE_FIRST_TO_SECOND, true);
	cable_hold(pair.cable, CABLE_SECOND_TO_FIRST, true);
	link_goaway(pair.relay.link, CODE_GOING_DOWN, NULL);
	ck_assert_int_eq(pair.relay.downs, 0);
	pair.endpoint.downs = 0;
	link_close(pair.endpoint.link, CODE_CANCELLED, NULL);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_GOING_DOWN);
	linkpair_close(&pair);
}
END_TEST

START_TEST(what_comes_after_a_goodbye_is_ignored)
{
	static const uint8_t ping[8] = { 1 };
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	open_raw_relay();
	link_goaway(pair.endpoint.link, CODE_GOING_DOWN, NULL);
	ck_assert(rawlink_send(&raw, FRAME_PING, 0, ping, sizeof(ping)));
	ck_assert(rawlink_send(&raw, FRAME_NOTICE, 0, ping, sizeof(ping)));
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_GOAWAY);
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq(pair.endpoint.frames, 0);
	ck_assert_int_eq(pair.endpoint.downs, 0);
	rawlink_close(&raw);
	ck_assert(linkpair_await(&pair, has_lived, &(uint64_t){ UINT64_MAX }));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_GOING_DOWN);
	close_raw();
}
END_TEST

/* --- broken rules -------------------------------------------------------- */

/* The relay sends this; the endpoint must close. */
static void
endpoint_refuses(
    enum frame_type type, uint32_t channel, const uint8_t *payload, size_t len)
{
	open_raw_relay();
	(void)rawlink_send(&raw, type, channel, payload, len);
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq(pair.endpoint.downs, 1);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(pair.endpoint.frames, 0);
	close_raw();
}

/* An endpoint of role sends this; the relay must close. */
static void
relay_refuses(enum linkhello_role role, enum frame_type type, uint32_t channel,
    size_t len)
{
	static const uint8_t payload[64] = { 0 };

	open_raw_endpoint(role);
	(void)rawlink_send(&raw, type, channel, payload, len);
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq(pair.relay.downs, 1);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(pair.relay.frames, 0);
	close_raw();
}

START_TEST(frames_that_are_not_for_the_sender_end_the_link)
{
	static const uint8_t payload[64] = { 0 };

	endpoint_refuses(FRAME_INVITE, 0, payload, 8);
	endpoint_refuses(FRAME_RESOLVE, 0, payload, 8);
	endpoint_refuses((enum frame_type)200, 0, payload, 8);
	relay_refuses(LINKHELLO_GATEWAY, FRAME_CREDIT, 1, 8);
	relay_refuses(LINKHELLO_GATEWAY, FRAME_RESULT, 0, 16);
	relay_refuses(LINKHELLO_GATEWAY, FRAME_RESOLVED, 0, 16);
	relay_refuses(LINKHELLO_AGENT, FRAME_RESOLVE, 0, 16);
	relay_refuses(LINKHELLO_AGENT, FRAME_ATTACH, 1, 16);
	relay_refuses(LINKHELLO_AGENT, FRAME_INVITE, 0, 16);
}
END_TEST

START_TEST(wrong_channels_and_lengths_end_the_link)
{
	static const uint8_t payload[64] = { 0 };

	endpoint_refuses(FRAME_PING, 0, payload, 7);
	endpoint_refuses(FRAME_PING, 0, payload, 9);
	endpoint_refuses(FRAME_PING, 5, payload, 8);
	endpoint_refuses(FRAME_CREDIT, 0, payload, 8);
	endpoint_refuses(FRAME_CARRY, 0, payload, 24);
	endpoint_refuses(FRAME_CARRY, 1, payload, 23);
	endpoint_refuses(FRAME_REKEY, 0, payload, 1);
}
END_TEST

START_TEST(wrong_payloads_end_the_link)
{
	static const uint8_t wrong[7] = { 0, 0, 0, 0, 0, 0, 9 };

	endpoint_refuses(FRAME_GOAWAY, 0, wrong, sizeof(wrong));
	endpoint_refuses(FRAME_DETACH, 1, wrong, sizeof(wrong));
}
END_TEST

START_TEST(a_body_that_does_not_authenticate_ends_the_link)
{
	static const uint8_t payload[8] = { 0 };

	open_raw_relay();
	/* Sealed under a counter that is not the next one. */
	raw.tx.counter++;
	(void)rawlink_send(&raw, FRAME_PING, 0, payload, sizeof(payload));
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_PROTOCOL_ERROR);
	close_raw();
}
END_TEST

/* Channels that we gave up: what was on its way is dropped in silence. */
START_TEST(frames_for_unknown_channels_are_ignored)
{
	static const uint8_t payload[64] = { 0, 0, 0, 0 };
	uint8_t answer[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	open_raw_relay();
	ck_assert(rawlink_send(&raw, FRAME_CARRY, 9, payload, 64));
	ck_assert(rawlink_send(&raw, FRAME_CREDIT, 9, payload, 8));
	ck_assert(rawlink_send(&raw, FRAME_DETACH, 9, payload, 4));
	ck_assert(rawlink_send(&raw, FRAME_PING, 0, payload, 8));
	ck_assert(rawlink_recv(&raw, FRAME_FROM_GATEWAY, &head, answer, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_PONG);
	ck_assert_int_eq(pair.endpoint.frames, 0);
	close_raw();
}
END_TEST

START_TEST(a_lost_socket_ends_the_link)
{
	open_raw_relay();
	rawlink_close(&raw);
	ck_assert(linkpair_await(&pair, has_lived, &(uint64_t){ UINT64_MAX }));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_LINK_LOST);
	close_raw();
}
END_TEST

/* --- callbacks ----------------------------------------------------------- */

static void
close_on_frame(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_FRAME) {
		link_close(side->link, CODE_CANCELLED, "enough");
	}
}

START_TEST(a_frame_may_close_the_link)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };

	open_up(&plain);
	pair.endpoint.hook = close_on_frame;
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(link_send(pair.relay.link, FRAME_NOTICE, 0,
				     notice, sizeof(notice)),
		    0);
	}
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(pair.endpoint.frames, 1);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_CANCELLED);
	linkpair_close(&pair);
}
END_TEST

static void
say_goodbye_on_frame(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_FRAME) {
		link_goaway(side->link, CODE_GOING_DOWN, "bye");
	}
}

START_TEST(a_frame_may_say_goodbye)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };

	open_up(&plain);
	pair.endpoint.hook = say_goodbye_on_frame;
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(link_send(pair.relay.link, FRAME_NOTICE, 0,
				     notice, sizeof(notice)),
		    0);
	}
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(pair.endpoint.frames, 1);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_GOING_DOWN);
	linkpair_close(&pair);
}
END_TEST

static void
send_on_frame(struct linkpair_side *side, enum linkpair_event event)
{
	static const uint8_t invite[] = { 1, 2, 3, 4 };

	if (event == LINKPAIR_FRAME) {
		ck_assert_int_eq(link_send(side->link, FRAME_INVITE, 0, invite,
				     sizeof(invite)),
		    0);
	}
}

static struct linkpair_side other;

static void
count_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct linkpair_side *side = arg;

	(void)link;
	(void)code;
	(void)text;
	(void)retry_after;
	side->downs++;
}

START_TEST(a_link_may_change_hands)
{
	static const struct link_ops ops = { .down = count_down };
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	int one = 1;

	open_up(&plain);
	pair.endpoint.hook = send_on_frame;
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_NOTICE, 0, notice, sizeof(notice)),
	    0);
	ck_assert(linkpair_await(&pair, relay_has_frames, &one));
	other.downs = 0;
	link_set_owner(pair.relay.link, &ops, &other);
	link_close(pair.relay.link, CODE_CANCELLED, NULL);
	ck_assert_int_eq(other.downs, 1);
	ck_assert_int_eq(pair.relay.downs, 0);
	pair.relay.link = NULL;
	linkpair_close(&pair);
}
END_TEST

/* --- no memory ----------------------------------------------------------- */

static bool
has_frame_or_end(void *arg)
{
	(void)arg;
	return pair.endpoint.frames >= 3 || pair.endpoint.downs > 0 ||
	       pair.relay.downs > 0;
}

START_TEST(every_allocation_may_fail)
{
	static uint8_t payload[LIMITS_CONTROL_MAX];
	bool failed = true;

	for (long n = 1; failed; n++) {
		open_up(&plain);
		failalloc_after(n);
		for (int i = 0; i < 3; i++) {
			(void)link_send(pair.relay.link, FRAME_HOSTS, 0,
			    payload, sizeof(payload));
		}
		ck_assert(linkpair_await(&pair, has_frame_or_end, NULL));
		if (pair.relay.downs == 0) {
			link_goaway(pair.relay.link, CODE_GOING_DOWN, "bye");
		}
		ck_assert(linkpair_await_down(&pair));
		failed = failalloc_hit();
		failalloc_off();
		ck_assert(failed || pair.endpoint.frames == 3);
		linkpair_close(&pair);
	}
}
END_TEST

/* --- size ---------------------------------------------------------------- */

#define CROWD 100

static struct linkpair crowd[CROWD];

/* Return the bytes allocated, 0 when the allocator does not tell. */
static size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Open, use and leave alone a crowd of links in one loop. */
static void
open_crowd(struct loop *loop)
{
	static const uint8_t notice[] = { 0, 2, 'h', 'i' };
	struct linkpair_config config = { .loop = loop };

	for (int i = 0; i < CROWD; i++) {
		ck_assert_int_eq(linkpair_open(&crowd[i], &config), 0);
		ck_assert(linkpair_await_up(&crowd[i]));
		ck_assert_int_eq(link_send(crowd[i].relay.link, FRAME_NOTICE, 0,
				     notice, sizeof(notice)),
		    0);
		while (crowd[i].endpoint.frames == 0) {
			loop_poll(loop);
		}
	}
	loop_poll(loop);
}

static void
close_crowd(void)
{
	for (int i = 0; i < CROWD; i++) {
		linkpair_close(&crowd[i]);
	}
}

/*
 * A relay holds 100,000 links that do nothing, in 4 KiB each with what else it
 * keeps for them; here are both ends of each.
 */
START_TEST(an_idle_link_is_small)
{
	struct loop *loop = loop_new();
	size_t before;
	size_t links;

	ck_assert_ptr_nonnull(loop);
	/* The loop's own tables grow with the first crowd. */
	open_crowd(loop);
	close_crowd();
	loop_poll(loop);
	before = allocated();
	open_crowd(loop);
	links = allocated() - before;
	ck_assert_uint_le(links, (size_t)2 * CROWD * 2048);
	/* Unless the allocator tells nothing, as under a sanitizer. */
	ck_assert(before == 0 || links > (size_t)2 * CROWD * 500);
	close_crowd();
	loop_poll(loop);
	loop_free(loop);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, control_frames_reach_the_owner);
	tcase_add_test(tcase, illegal_frames_are_not_sent);
	tcase_add_test(tcase, frames_keep_their_order_and_bytes);
	tcase_add_test(tcase, frames_may_come_byte_by_byte);
	tcase_add_test(tcase, a_changed_byte_ends_the_link);
	tcase_add_test(tcase, the_queue_of_control_frames_has_an_end);
	tcase_add_test(tcase, pings_are_answered);
	tcase_add_test(tcase, a_flood_of_pings_has_one_answer_at_a_time);
	tcase_add_test(tcase, a_quiet_peer_is_asked);
	tcase_add_test(tcase, a_silent_peer_is_dead);
	tcase_add_test(tcase, a_busy_link_is_found_dead_sooner);
	tcase_add_test(tcase, an_idle_link_is_left_alone);
	tcase_add_test(tcase, a_busy_link_becomes_idle);
	tcase_add_test(tcase, two_links_keep_each_other_alive);
	tcase_add_test(tcase, keys_are_replaced_after_so_many_frames);
	tcase_add_test(tcase, keys_are_replaced_after_some_time);
	tcase_add_test(tcase, goodbyes_have_code_text_and_spread);
	tcase_add_test(tcase, an_endpoint_says_goodbye_too);
	tcase_add_test(tcase, a_goodbye_comes_last);
	tcase_add_test(tcase, a_goodbye_does_not_wait_for_ever);
	tcase_add_test(tcase, what_comes_after_a_goodbye_is_ignored);
	tcase_add_test(tcase, frames_that_are_not_for_the_sender_end_the_link);
	tcase_add_test(tcase, wrong_channels_and_lengths_end_the_link);
	tcase_add_test(tcase, wrong_payloads_end_the_link);
	tcase_add_test(tcase, a_body_that_does_not_authenticate_ends_the_link);
	tcase_add_test(tcase, frames_for_unknown_channels_are_ignored);
	tcase_add_test(tcase, a_lost_socket_ends_the_link);
	tcase_add_test(tcase, a_frame_may_close_the_link);
	tcase_add_test(tcase, a_frame_may_say_goodbye);
	tcase_add_test(tcase, a_link_may_change_hands);
	tcase_add_test(tcase, every_allocation_may_fail);
	tcase_add_test(tcase, an_idle_link_is_small);
}

int
main(void)
{
	Suite *suite = suite_create("link");
	TCase *tcase = tcase_create("link");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 120);
	add_tests(tcase);
	return unit_main(suite);
}
