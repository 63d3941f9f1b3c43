/* SPDX-License-Identifier: ISC */
/*
 * How a link begins: handshake and login, with good and bad peers and over bad
 * networks (PROTOCOL.md section 4).
 */
#include <string.h>

#include "common/addr.h"
#include "common/loop.h"
#include "protocol/link.h"
#include "tests/support/cable.h"
#include "tests/support/failalloc.h"
#include "tests/support/linkpair.h"
#include "tests/support/rawlink.h"
#include "tests/support/unit.h"

/* Times for tests in which something is waited for in vain. */
static const struct link_times short_times = {
	.handshake = 100 * LIMITS_MSEC,
	.quiet = LIMITS_LINK_QUIET,
	.dead = LIMITS_LINK_DEAD,
	.leave = LIMITS_LINK_LEAVE,
	.rekey = LIMITS_REKEY_TIME,
	.rekey_count = LIMITS_REKEY_COUNT,
};

static struct linkpair pair;
static struct rawlink raw;

static void
open_pair(const struct linkpair_config *config)
{
	ck_assert_int_eq(linkpair_open(&pair, config), 0);
}

/* Open a pair whose one side is raw. */
static void
open_raw(const struct linkpair_config *config)
{
	open_pair(config);
	rawlink_init(&raw, pair.loop, pair.fd);
}

static void
close_raw(void)
{
	rawlink_close(&raw);
	linkpair_close(&pair);
}

/* --- good ones ----------------------------------------------------------- */

static void
greet_well(bool agent)
{
	struct linkpair_config config = { .agent = agent };

	open_pair(&config);
	ck_assert(!link_is_up(pair.endpoint.link));
	ck_assert(linkpair_await_up(&pair));
	ck_assert_int_eq(pair.relay.logins, 1);
	ck_assert_str_eq(pair.relay.login.user, "alice");
	ck_assert_str_eq(pair.relay.login.device, "office");
	ck_assert_str_eq(pair.relay.login.software, "test");
	ck_assert_mem_eq(pair.relay.key, pair.device_public, KEYS_LEN);
	ck_assert_int_eq((int)pair.endpoint.result.code, (int)CODE_OK);
	ck_assert_str_eq(pair.endpoint.result.user, "alice");
	ck_assert_str_eq(pair.endpoint.result.name, "office");
	ck_assert_uint_eq(pair.endpoint.result.spread, 7);
	ck_assert(link_is_up(pair.relay.link));
	ck_assert(link_is_up(pair.endpoint.link));
	ck_assert_uint_ne(
	    link_id(pair.relay.link), link_id(pair.endpoint.link));
	linkpair_close(&pair);
}

START_TEST(a_gateway_is_let_in)
{
	greet_well(false);
}
END_TEST

START_TEST(an_agent_is_let_in)
{
	greet_well(true);
}
END_TEST

START_TEST(the_peer_has_an_address)
{
	struct linkpair_config config = { .cable = false };

	open_pair(&config);
	ck_assert(linkpair_await_up(&pair));
	ck_assert(addr_is_loopback(link_peer(pair.relay.link)));
	ck_assert(addr_is_loopback(link_peer(pair.endpoint.link)));
	/* Loopback answers within this. */
	ck_assert_uint_lt(link_rtt(pair.relay.link), LIMITS_SEC);
	ck_assert_uint_gt(link_sent(pair.relay.link), LINKHELLO_MESSAGE2_LEN);
	ck_assert_uint_eq(
	    link_sent(pair.endpoint.link), link_received(pair.relay.link));
	ck_assert_uint_eq(
	    link_sent(pair.relay.link), link_received(pair.endpoint.link));
	linkpair_close(&pair);
}
END_TEST

static bool
has_login(void *arg)
{
	(void)arg;
	return pair.relay.logins > 0;
}

START_TEST(the_relay_may_take_its_time)
{
	struct linkpair_config config = { .silent = true };
	struct linkmsg_result result = { .code = CODE_OK };

	open_pair(&config);
	ck_assert(linkpair_await(&pair, has_login, NULL));
	for (int i = 0; i < 10; i++) {
		loop_poll(pair.loop);
	}
	ck_assert_int_eq(pair.endpoint.ups, 0);
	ck_assert_int_eq(
	    link_send(pair.relay.link, FRAME_REKEY, 0, NULL, 0), -1);
	link_admit(pair.relay.link, &result);
	pair.relay.ups = 1;
	ck_assert(linkpair_await_up(&pair));
	/* The second word does not count. */
	link_admit(pair.relay.link, &result);
	link_refuse(pair.relay.link, CODE_REVOKED, NULL, 0);
	ck_assert(link_is_up(pair.relay.link));
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_greeting_may_come_in_pieces)
{
	for (size_t chunk = 1; chunk < 8; chunk++) {
		struct linkpair_config config = { .cable = true };

		open_pair(&config);
		cable_set_chunk(pair.cable, CABLE_FIRST_TO_SECOND, chunk);
		cable_set_chunk(pair.cable, CABLE_SECOND_TO_FIRST, chunk);
		ck_assert(linkpair_await_up(&pair));
		ck_assert_str_eq(pair.relay.login.device, "office");
		linkpair_close(&pair);
	}
}
END_TEST

/* --- refusals ------------------------------------------------------------ */

static void
refuse_login(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_LOGIN) {
		link_refuse(side->link, CODE_REVOKED, "ask your admin", 90);
	}
}

START_TEST(a_refusal_comes_with_its_reason)
{
	struct linkpair_config config = { .cable = false };

	open_pair(&config);
	pair.relay.hook = refuse_login;
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(pair.endpoint.ups, 0);
	ck_assert_int_eq(pair.endpoint.downs, 1);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_REVOKED);
	ck_assert_str_eq(pair.endpoint.text, "ask your admin");
	ck_assert_uint_eq(pair.endpoint.retry_after, 90);
	ck_assert_int_eq(pair.relay.downs, 1);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_REVOKED);
	linkpair_close(&pair);
}
END_TEST

static void
refuse_plainly(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == LINKPAIR_LOGIN) {
		link_refuse(side->link, CODE_DISABLED, NULL, 0);
	}
}

START_TEST(a_refusal_without_words_gets_the_usual_ones)
{
	struct linkpair_config config = { .cable = false };

	open_pair(&config);
	pair.relay.hook = refuse_plainly;
	ck_assert(linkpair_await_down(&pair));
	ck_assert_str_eq(pair.endpoint.text, codes_summary(CODE_DISABLED));
	ck_assert_uint_eq(pair.endpoint.retry_after, 0);
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_login_that_nobody_decides_is_refused)
{
	struct linkpair_config config = { .silent = true };
	struct link_times times = short_times;

	config.times = &times;
	open_pair(&config);
	ck_assert(linkpair_await(&pair, has_login, NULL));
	/* The relay's time began later; the endpoint has more of it. */
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(pair.endpoint.ups, 0);
	ck_assert((int)pair.endpoint.code == (int)CODE_OVERLOADED ||
		  (int)pair.endpoint.code == (int)CODE_RELAY_UNREACHABLE);
	linkpair_close(&pair);
}
END_TEST

/* --- wrong keys and garbage ---------------------------------------------- */

START_TEST(a_relay_with_another_key_is_found_out)
{
	struct linkpair_config config = {
		.wrong_key = true,
		.times = &short_times,
	};

	open_pair(&config);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_RELAY_KEY_CHANGED);
	ck_assert_ptr_nonnull(strstr(pair.endpoint.text, "did not prove"));
	/* It said nothing at all. */
	ck_assert_int_eq(pair.relay.logins, 0);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_PROTOCOL_ERROR);
	linkpair_close(&pair);
}
END_TEST

START_TEST(a_changed_byte_ends_the_handshake)
{
	/* Every byte of message 1, or of message 2. */
	for (uint64_t at = 0;
	     at < LINKHELLO_MESSAGE1_LEN + LINKHELLO_MESSAGE2_LEN; at++) {
		struct linkpair_config config = {
			.cable = true,
			.times = &short_times,
		};

		open_pair(&config);
		if (at < LINKHELLO_MESSAGE1_LEN) {
			cable_flip_at(pair.cable, CABLE_FIRST_TO_SECOND, at);
			/* A relay that waits in vain is tested elsewhere. */
			cable_cut_after(pair.cable, CABLE_FIRST_TO_SECOND,
			    LINKHELLO_MESSAGE1_LEN + 1);
		} else {
			cable_flip_at(pair.cable, CABLE_SECOND_TO_FIRST,
			    at - LINKHELLO_MESSAGE1_LEN);
		}
		ck_assert(linkpair_await_down(&pair));
		ck_assert_int_eq(pair.relay.logins, 0);
		ck_assert_int_eq(pair.endpoint.ups, 0);
		ck_assert_int_eq(
		    (int)pair.endpoint.code, (int)CODE_RELAY_KEY_CHANGED);
		linkpair_close(&pair);
	}
}
END_TEST

START_TEST(garbage_is_read_until_the_deadline)
{
	static const char garbage[] = "GET / HTTP/1.1\r\nHost: relay\r\n\r\n";
	uint64_t begin;

	open_raw(&(struct linkpair_config){
	    .no_endpoint = true, .times = &short_times });
	begin = loop_now(pair.loop);
	for (int i = 0; i < 100; i++) {
		ck_assert(rawlink_write(
		    &raw, (const uint8_t *)garbage, sizeof(garbage) - 1));
	}
	/* Not a byte comes back, and the end not before its time. */
	ck_assert(rawlink_await_end(&raw));
	loop_poll(pair.loop);
	ck_assert_uint_ge(loop_now(pair.loop) - begin, short_times.handshake);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_PROTOCOL_ERROR);
	close_raw();
}
END_TEST

START_TEST(a_silent_client_is_closed_at_the_deadline)
{
	open_raw(&(struct linkpair_config){
	    .no_endpoint = true, .times = &short_times });
	ck_assert(rawlink_await_end(&raw));
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_PROTOCOL_ERROR);
	close_raw();
}
END_TEST

START_TEST(a_client_that_goes_is_forgotten_at_once)
{
	open_raw(&(struct linkpair_config){ .no_endpoint = true });
	ck_assert(rawlink_write(&raw, (const uint8_t *)"", 1));
	rawlink_close(&raw);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_LINK_LOST);
	close_raw();
}
END_TEST

START_TEST(another_server_is_no_relay)
{
	static const uint8_t answer[] =
	    "HTTP/1.1 400 Bad Request\r\nServer: nobody\r\n"
	    "Content-Length: 0\r\n\r\n";

	open_raw(&(struct linkpair_config){ .no_relay = true });
	ck_assert(rawlink_write(&raw, answer, sizeof(answer) - 1));
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_RELAY_KEY_CHANGED);
	close_raw();
}
END_TEST

START_TEST(a_server_that_says_nothing_is_no_relay)
{
	open_raw(&(struct linkpair_config){
	    .no_relay = true, .times = &short_times });
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_RELAY_KEY_CHANGED);
	ck_assert_ptr_nonnull(strstr(pair.endpoint.text, "did not prove"));
	close_raw();
}
END_TEST

START_TEST(a_server_that_closes_at_once_is_lost)
{
	open_raw(&(struct linkpair_config){ .no_relay = true });
	rawlink_close(&raw);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_LINK_LOST);
	close_raw();
}
END_TEST

/* Go through the handshake as a relay with the right key. */
static void
greet_as_relay(void)
{
	struct linkhello_config config = {
		.static_secret = pair.relay_secret,
		.static_public = pair.relay_public,
	};
	struct linkhello *hello = linkhello_new_responder(&config);

	ck_assert_ptr_nonnull(hello);
	ck_assert(rawlink_greet(&raw, hello));
	linkhello_free(hello);
}

/* Go through the handshake as an endpoint that speaks version. */
static void
greet_as_endpoint(uint8_t version)
{
	struct linkhello_login login = { .user = "alice", .device = "office" };
	struct linkhello_config config = {
		.static_secret = pair.device_secret,
		.static_public = pair.device_public,
		.version = version,
		.role = LINKHELLO_AGENT,
		.relay_public = pair.relay_public,
		.login = &login,
	};
	struct linkhello *hello = linkhello_new_initiator(&config);

	ck_assert_ptr_nonnull(hello);
	ck_assert(rawlink_greet(&raw, hello));
	linkhello_free(hello);
}

START_TEST(another_version_is_refused_with_both_named)
{
	struct linkmsg_result result;
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct frame_head head;
	size_t len;

	open_raw(&(struct linkpair_config){ .no_endpoint = true });
	greet_as_endpoint(LIMITS_PROTOCOL_VERSION + 41);
	ck_assert(rawlink_recv(
	    &raw, FRAME_FROM_RELAY_TO_AGENT, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_RESULT);
	ck_assert_int_eq(linkmsg_result_decode(&result, payload, len), 0);
	ck_assert_int_eq((int)result.code, (int)CODE_VERSION);
	ck_assert_ptr_nonnull(strstr(result.text, "version 1 "));
	ck_assert_ptr_nonnull(strstr(result.text, "version 42;"));
	ck_assert(rawlink_await_end(&raw));
	/* Its owner heard of no login. */
	ck_assert_int_eq(pair.relay.logins, 0);
	rawlink_close(&raw);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_VERSION);
	close_raw();
}
END_TEST

START_TEST(the_first_frame_is_result)
{
	static const uint8_t ping[8] = { 1 };

	open_raw(&(struct linkpair_config){ .no_relay = true });
	greet_as_relay();
	(void)rawlink_send(&raw, FRAME_PING, 0, ping, sizeof(ping));
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_PROTOCOL_ERROR);
	ck_assert_int_eq(pair.endpoint.ups, 0);
	close_raw();
}
END_TEST

START_TEST(a_wrong_result_is_refused)
{
	static const uint8_t wrong[12] = { 0 };

	open_raw(&(struct linkpair_config){ .no_relay = true });
	greet_as_relay();
	(void)rawlink_send(&raw, FRAME_RESULT, 0, wrong, sizeof(wrong));
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_PROTOCOL_ERROR);
	close_raw();
}
END_TEST

START_TEST(a_second_result_is_refused)
{
	struct linkmsg_result result = { .code = CODE_OK };
	uint8_t payload[LIMITS_RESULT_MAX];
	size_t len = linkmsg_result_encode(&result, payload, sizeof(payload));

	open_raw(&(struct linkpair_config){ .no_relay = true });
	greet_as_relay();
	(void)rawlink_send(&raw, FRAME_RESULT, 0, payload, len);
	(void)rawlink_send(&raw, FRAME_RESULT, 0, payload, len);
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(pair.endpoint.ups, 1);
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_PROTOCOL_ERROR);
	close_raw();
}
END_TEST

START_TEST(a_login_without_an_answer_is_given_up)
{
	open_raw(&(struct linkpair_config){
	    .no_relay = true, .times = &short_times });
	greet_as_relay();
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_RELAY_UNREACHABLE);
	close_raw();
}
END_TEST

/* What an endpoint says before it is let in is not even read. */
START_TEST(frames_before_result_wait)
{
	static const uint8_t ping[8] = { 1 };
	uint8_t payload[LIMITS_FRAME_BODY_MAX];
	struct linkmsg_result result = { .code = CODE_OK };
	struct frame_head head;
	size_t len;

	open_raw(
	    &(struct linkpair_config){ .no_endpoint = true, .silent = true });
	greet_as_endpoint(LIMITS_PROTOCOL_VERSION);
	ck_assert(rawlink_send(&raw, FRAME_PING, 0, ping, sizeof(ping)));
	ck_assert(linkpair_await(&pair, has_login, NULL));
	loop_poll(pair.loop);
	loop_poll(pair.loop);
	link_admit(pair.relay.link, &result);
	ck_assert(rawlink_recv(
	    &raw, FRAME_FROM_RELAY_TO_AGENT, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_RESULT);
	ck_assert(rawlink_recv(
	    &raw, FRAME_FROM_RELAY_TO_AGENT, &head, payload, &len));
	ck_assert_int_eq((int)head.type, (int)FRAME_PONG);
	ck_assert_mem_eq(payload, ping, sizeof(ping));
	close_raw();
}
END_TEST

/* --- cuts ---------------------------------------------------------------- */

/* Cut way at ever greater lengths until the greeting survives. */
static void
cut_everywhere(enum cable_way way)
{
	bool up = false;

	for (uint64_t at = 0; !up; at++) {
		struct linkpair_config config = { .cable = true };

		ck_assert_uint_lt(at, 1000);
		open_pair(&config);
		cable_cut_after(pair.cable, way, at);
		up = linkpair_await_up(&pair);
		ck_assert(linkpair_await_down(&pair));
		ck_assert_int_eq(pair.relay.downs, 1);
		ck_assert_int_eq(pair.endpoint.downs, 1);
		ck_assert_int_eq((int)pair.endpoint.code, (int)CODE_LINK_LOST);
		ck_assert_int_eq((int)pair.relay.code, (int)CODE_LINK_LOST);
		linkpair_close(&pair);
	}
}

START_TEST(cut_at_every_length_towards_the_relay)
{
	cut_everywhere(CABLE_FIRST_TO_SECOND);
}
END_TEST

START_TEST(cut_at_every_length_towards_the_endpoint)
{
	cut_everywhere(CABLE_SECOND_TO_FIRST);
}
END_TEST

/* --- no memory ----------------------------------------------------------- */

static bool
is_over(void *arg)
{
	(void)arg;
	return (pair.relay.ups > 0 && pair.endpoint.ups > 0) ||
	       (pair.relay.link == NULL && pair.endpoint.link == NULL);
}

/*
 * Whatever allocation fails, both links end in an orderly way or come up; and
 * what is broken on one side is noticed by the other.
 */
START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		struct linkpair_config config = { .cable = false };
		int rc;

		failalloc_after(n);
		rc = linkpair_open(&pair, &config);
		if (rc == 0) {
			ck_assert(linkpair_await(&pair, is_over, NULL));
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert(failed || pair.endpoint.ups == 1);
		linkpair_close(&pair);
	}
}
END_TEST

/* --- closing inside callbacks -------------------------------------------- */

static enum linkpair_event close_at;

static void
close_there(struct linkpair_side *side, enum linkpair_event event)
{
	if (event == close_at) {
		link_close(side->link, CODE_CANCELLED, "enough");
	}
}

static void
close_inside(struct linkpair_side *side, enum linkpair_event event)
{
	struct linkpair_config config = { .cable = false };

	open_pair(&config);
	close_at = event;
	side->hook = close_there;
	ck_assert(linkpair_await_down(&pair));
	ck_assert_int_eq(side->downs, 1);
	ck_assert_int_eq((int)side->code, (int)CODE_CANCELLED);
	ck_assert_str_eq(side->text, "enough");
	linkpair_close(&pair);
}

START_TEST(a_login_may_close)
{
	close_inside(&pair.relay, LINKPAIR_LOGIN);
	close_inside(&pair.relay, LINKPAIR_UP);
	close_inside(&pair.endpoint, LINKPAIR_UP);
}
END_TEST

START_TEST(closing_before_anything_happened)
{
	struct linkpair_config config = { .cable = false };

	open_pair(&config);
	link_close(pair.endpoint.link, CODE_CANCELLED, NULL);
	ck_assert_int_eq(pair.endpoint.downs, 1);
	ck_assert_str_eq(pair.endpoint.text, codes_summary(CODE_CANCELLED));
	link_goaway(pair.relay.link, CODE_GOING_DOWN, "bye");
	ck_assert_int_eq(pair.relay.downs, 1);
	ck_assert_int_eq((int)pair.relay.code, (int)CODE_GOING_DOWN);
	link_close(NULL, CODE_OK, NULL);
	linkpair_close(&pair);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("linkgreet");
	TCase *tcase = tcase_create("linkgreet");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_gateway_is_let_in);
	tcase_add_test(tcase, an_agent_is_let_in);
	tcase_add_test(tcase, the_peer_has_an_address);
	tcase_add_test(tcase, the_relay_may_take_its_time);
	tcase_add_test(tcase, a_greeting_may_come_in_pieces);
	tcase_add_test(tcase, a_refusal_comes_with_its_reason);
	tcase_add_test(tcase, a_refusal_without_words_gets_the_usual_ones);
	tcase_add_test(tcase, a_login_that_nobody_decides_is_refused);
	tcase_add_test(tcase, a_relay_with_another_key_is_found_out);
	tcase_add_test(tcase, a_changed_byte_ends_the_handshake);
	tcase_add_test(tcase, garbage_is_read_until_the_deadline);
	tcase_add_test(tcase, a_silent_client_is_closed_at_the_deadline);
	tcase_add_test(tcase, a_client_that_goes_is_forgotten_at_once);
	tcase_add_test(tcase, another_server_is_no_relay);
	tcase_add_test(tcase, a_server_that_says_nothing_is_no_relay);
	tcase_add_test(tcase, a_server_that_closes_at_once_is_lost);
	tcase_add_test(tcase, another_version_is_refused_with_both_named);
	tcase_add_test(tcase, the_first_frame_is_result);
	tcase_add_test(tcase, a_wrong_result_is_refused);
	tcase_add_test(tcase, a_second_result_is_refused);
	tcase_add_test(tcase, a_login_without_an_answer_is_given_up);
	tcase_add_test(tcase, frames_before_result_wait);
	tcase_add_test(tcase, cut_at_every_length_towards_the_relay);
	tcase_add_test(tcase, cut_at_every_length_towards_the_endpoint);
	tcase_add_test(tcase, every_allocation_may_fail);
	tcase_add_test(tcase, a_login_may_close);
	tcase_add_test(tcase, closing_before_anything_happened);
	return unit_main(suite);
}
