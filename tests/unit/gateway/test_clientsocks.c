/* SPDX-License-Identifier: ISC */

#include <string.h>
#include <sys/socket.h>

#include "gateway/client_impl.h"
#include "gateway/failures.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define GREETING "\x05\x01\x00"
#define OFFICE_80 "\x05\x01\x00\x03\x06office\x00\x50"
#define V4A_OFFICE_80                                                          \
	"\x04\x01\x00\x50\x00\x00\x00\x01me\0office"                           \
	"\0"

/* The bytes of a string constant, zeroes inside and all. */
#define BYTES(text) (text), sizeof(text) - 1

static const uint8_t method_none[] = { 5, 0 };
static const uint8_t granted[] = { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
static const uint8_t v4_granted[] = { 0, 90, 0, 0, 0, 0, 0, 0 };
static const uint8_t v4_rejected[] = { 0, 91, 0, 0, 0, 0, 0, 0 };

static struct clientrig rig;

static void
setup(void)
{
	clientrig_open(&rig);
}

static void
teardown(void)
{
	clientrig_close(&rig);
}

/* Wait for a SOCKS5 reply that says rep, and an end behind it. */
static void
expect_refusal(uint8_t rep)
{
	uint8_t reply[sizeof(granted)];

	memcpy(reply, granted, sizeof(reply));
	reply[1] = rep;
	clientrig_expect(&rig, reply, sizeof(reply));
	clientrig_expect_end(&rig);
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
}

/* Connect, greet and ask for office:80. */
static void
ask(void)
{
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(GREETING));
	clientrig_expect(&rig, method_none, sizeof(method_none));
	clientrig_send(&rig, BYTES(OFFICE_80));
}

/* See that the tunnel that was asked for works. */
static void
expect_tunnel(void)
{
	struct clientrig_far *far = clientrig_far(&rig);

	clientrig_far_say(far, "welcome");
	clientrig_expect_text(&rig, "welcome");
	clientrig_say(&rig, "thanks");
	clientrig_far_expect(far, "thanks");
	clientrig_shut(&rig);
	clientrig_far_expect_fin(far);
	clientrig_far_fin(far);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
}

START_TEST(connect_5)
{
	ask();
	ck_assert_str_eq(rig.asked.name, "office");
	ck_assert_uint_eq(rig.asked.port, 80);
	ck_assert(!rig.asked_outside);
	/* The reply is the true outcome, so there is none yet. */
	clientrig_expect_nothing(&rig);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_expect(&rig, granted, sizeof(granted));
	expect_tunnel();
	ck_assert_uint_eq(clientrig_outcomes(&rig, DIALECT_SOCKS5, CODE_OK), 1);
	ck_assert_uint_eq(rig.pool.served, 1);
}
END_TEST

START_TEST(connect_4)
{
	static const char by_address[] = "\x04\x01\x01\xbb\x0a\x00\x00\x05\0";

	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(V4A_OFFICE_80));
	ck_assert_str_eq(rig.asked.name, "office");
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_expect(&rig, v4_granted, sizeof(v4_granted));
	expect_tunnel();

	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, by_address, sizeof(by_address) - 1);
	ck_assert_int_eq(rig.asked.kind, PROXY_TARGET_IPV4);
	ck_assert_uint_eq(rig.asked.port, 443);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_expect(&rig, v4_granted, sizeof(v4_granted));
	expect_tunnel();
	ck_assert_uint_eq(clientrig_outcomes(&rig, DIALECT_SOCKS4, CODE_OK), 2);
}
END_TEST

/* Send the handshake and early data in pieces of chunk bytes. */
static void
converse(const char *bytes, size_t len, size_t chunk)
{
	clientrig_connect(&rig, NULL);
	for (size_t at = 0; at < len; at += chunk) {
		clientrig_send(
		    &rig, bytes + at, len - at < chunk ? len - at : chunk);
	}
}

/* However it comes, and with payload behind that nobody has agreed to yet. */
START_TEST(pieces_and_pipelines)
{
	static const char v5[] = GREETING OFFICE_80 "early";
	static const char v4[] = V4A_OFFICE_80 "early";

	for (size_t chunk = 1; chunk < sizeof(v5); chunk++) {
		converse(BYTES(v5), chunk);
		clientrig_expect(&rig, method_none, sizeof(method_none));
		ck_assert_str_eq(rig.asked.name, "office");
		clientrig_open_far(clientrig_far(&rig), CODE_OK);
		clientrig_expect(&rig, granted, sizeof(granted));
		clientrig_far_expect(clientrig_far(&rig), "early");
		clientrig_again(&rig);
	}
	for (size_t chunk = 1; chunk < sizeof(v4); chunk++) {
		converse(BYTES(v4), chunk);
		clientrig_open_far(clientrig_far(&rig), CODE_OK);
		clientrig_expect(&rig, v4_granted, sizeof(v4_granted));
		clientrig_far_expect(clientrig_far(&rig), "early");
		clientrig_again(&rig);
	}
}
END_TEST

START_TEST(cut_everywhere)
{
	static const char v5[] = GREETING OFFICE_80;
	static const char v4[] = V4A_OFFICE_80;

	for (size_t len = 0; len < sizeof(v5) - 1; len++) {
		clientrig_connect(&rig, NULL);
		clientrig_send(&rig, v5, len);
		clientrig_shut(&rig);
		if (len >= sizeof(GREETING) - 1) {
			clientrig_expect(
			    &rig, method_none, sizeof(method_none));
		}
		clientrig_expect_end(&rig);
		clientrig_expect_clients(&rig, 0);
	}
	for (size_t len = 0; len < sizeof(v4) - 1; len++) {
		clientrig_connect(&rig, NULL);
		clientrig_send(&rig, v4, len);
		clientrig_shut(&rig);
		clientrig_expect_end(&rig);
		clientrig_expect_clients(&rig, 0);
	}
	ck_assert_int_eq(rig.reaches, 0);
}
END_TEST

START_TEST(methods_that_do_not_fit)
{
	static const uint8_t none_fits[] = { 5, 0xff };
	static const char gssapi[] = "\x05\x01\x01";

	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(gssapi));
	clientrig_expect(&rig, none_fits, sizeof(none_fits));
	clientrig_expect_end(&rig);
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

static const struct {
	const char *request;
	size_t len;
	uint8_t rep;
} refusals[] = {
	/* BIND, a command that there is not. */
	{ BYTES("\x05\x02\x00\x03\x06office\x00\x50"), 7 },
	{ BYTES("\x05\x09\x00\x03\x06office\x00\x50"), 7 },
	/* A type of address that there is not. */
	{ BYTES("\x05\x01\x00\x02\x06office\x00\x50"), 8 },
	/* Port 0, a name that is none, another version. */
	{ BYTES("\x05\x01\x00\x03\x06office\x00\x00"), 1 },
	{ BYTES("\x05\x01\x00\x03\x01 \x00\x50"), 1 },
	{ BYTES("\x04\x01\x00\x03\x06office\x00\x50"), 1 },
};

START_TEST(requests_that_are_refused)
{
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(GREETING));
	clientrig_expect(&rig, method_none, sizeof(method_none));
	clientrig_send(&rig, refusals[_i].request, refusals[_i].len);
	expect_refusal(refusals[_i].rep);
	ck_assert_int_eq(rig.reaches, 0);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_SOCKS5, CODE_BAD_REQUEST), 1);
}
END_TEST

START_TEST(requests_that_are_refused_4)
{
	static const char bind[] = "\x04\x02\x00\x50\x0a\x00\x00\x05\0";
	static const char port_0[] = "\x04\x01\x00\x00\x0a\x00\x00\x05\0";

	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(bind));
	clientrig_expect(&rig, v4_rejected, sizeof(v4_rejected));
	clientrig_expect_end(&rig);
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(port_0));
	clientrig_expect(&rig, v4_rejected, sizeof(v4_rejected));
	clientrig_expect_end(&rig);
	ck_assert_int_eq(rig.reaches, 0);
}
END_TEST

/* Each outcome has its byte, whether the way or the opening has it. */
START_TEST(outcomes_have_their_bytes)
{
	static const struct {
		enum code code;
		uint8_t rep;
	} outcomes[] = {
		{ CODE_HOST_UNKNOWN, 4 },
		{ CODE_HOST_OFFLINE, 4 },
		{ CODE_SERVICE_REFUSED, 5 },
		{ CODE_SERVICE_TIMEOUT, 4 },
		{ CODE_NET_UNREACHABLE, 3 },
		{ CODE_DENIED, 2 },
		{ CODE_TOO_MANY_STREAMS, 1 },
	};

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		rig.code = outcomes[i].code;
		ask();
		expect_refusal(outcomes[i].rep);
		rig.code = CODE_OK;
		ask();
		clientrig_open_far(clientrig_far(&rig), outcomes[i].code);
		expect_refusal(outcomes[i].rep);
		ck_assert_uint_eq(
		    clientrig_outcomes(&rig, DIALECT_SOCKS5, outcomes[i].code),
		    2);
	}
	ck_assert_uint_eq(failures_count(rig.failures),
	    sizeof(outcomes) / sizeof(outcomes[0]));
}
END_TEST

START_TEST(a_session_that_is_lost_is_an_outcome)
{
	ask();
	clientrig_far_reset(clientrig_far(&rig), CODE_LINK_LOST);
	expect_refusal(1);
	rig.no_conduit = true;
	ask();
	expect_refusal(1);
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(V4A_OFFICE_80));
	clientrig_expect(&rig, v4_rejected, sizeof(v4_rejected));
	clientrig_expect_end(&rig);
}
END_TEST

/* Who stops in the middle is let go, without a word that fits nowhere. */
START_TEST(slow_ones_are_let_go)
{
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, "\x05", 1);
	clientrig_hurry(&rig);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
	clientrig_connect(&rig, NULL);
	clientrig_send(&rig, BYTES(GREETING "\x05\x01"));
	clientrig_expect(&rig, method_none, sizeof(method_none));
	clientrig_hurry(&rig);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* A refused client that does not close is not waited for. */
START_TEST(who_does_not_hear_is_let_go)
{
	rig.code = CODE_DENIED;
	ask();
	clientrig_settle(&rig);
	ck_assert_uint_eq(rig.pool.count, 1);
	clientrig_hurry(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* Nobody waits for ever for an answer that no memory was there for. */
START_TEST(memory_is_short)
{
	static const char all[] = GREETING OFFICE_80;
	bool hit = true;

	for (long n = 1; hit; n++) {
		failalloc_after(n);
		clientrig_connect(&rig, NULL);
		(void)send(rig.fd, BYTES(all), MSG_NOSIGNAL);
		clientrig_settle(&rig);
		if (rig.far_count > 0) {
			clientrig_open_far(clientrig_far(&rig), CODE_OK);
		}
		hit = failalloc_hit();
		failalloc_off();
		clientrig_settle(&rig);
		if (rig.pool.count == 1) {
			clientrig_expect(
			    &rig, method_none, sizeof(method_none));
			clientrig_expect(&rig, granted, sizeof(granted));
		} else {
			ck_assert(hit);
		}
		clientrig_again(&rig);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clientsocks");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, connect_5);
	tcase_add_test(tests, connect_4);
	tcase_add_test(tests, pieces_and_pipelines);
	tcase_add_test(tests, cut_everywhere);
	tcase_add_test(tests, methods_that_do_not_fit);
	tcase_add_loop_test(tests, requests_that_are_refused, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tests, requests_that_are_refused_4);
	tcase_add_test(tests, outcomes_have_their_bytes);
	tcase_add_test(tests, a_session_that_is_lost_is_an_outcome);
	tcase_add_test(tests, slow_ones_are_let_go);
	tcase_add_test(tests, who_does_not_hear_is_let_go);
	tcase_add_test(tests, memory_is_short);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
