/* SPDX-License-Identifier: ISC */

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fault.h"
#include "common/users.h"
#include "gateway/client_impl.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define GREETING "\x05\x02\x00\x02"
#define PASSWORD                                                               \
	"\x01\x04"                                                             \
	"anna\x06secret"
#define WRONG                                                                  \
	"\x01\x04"                                                             \
	"anna\x05wrong"
#define OFFICE_80 "\x05\x01\x00\x03\x06office\x00\x50"
#define V4A_OFFICE_80                                                          \
	"\x04\x01\x00\x50\x00\x00\x00\x01me\0office"                           \
	"\0"
#define BASIC "Basic YW5uYTpzZWNyZXQ="       /* anna:secret */
#define BASIC_WRONG "Basic YW5uYTp3cm9uZw==" /* anna:wrong */

/* The bytes of a string constant, zeroes inside and all. */
#define BYTES(text) (text), sizeof(text) - 1

static const uint8_t method_password[] = { 5, 2 };
static const uint8_t method_refused[] = { 5, 0xff };
static const uint8_t accepted[] = { 1, 0 };
static const uint8_t rejected[] = { 1, 1 };
static const uint8_t granted[] = { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
static const uint8_t v4_rejected[] = { 0, 91, 0, 0, 0, 0, 0, 0 };

static char hash[USERS_HASH_LEN];
static struct users *users;
static struct auth *auth;
static struct clientrig rig;

static void
hash_once(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	/* As users_hash() does it, but cheap: wrong words in a row are told. */
	ck_assert_int_eq(
	    crypto_pwhash_str(hash, "secret", 6, crypto_pwhash_OPSLIMIT_MIN,
		crypto_pwhash_MEMLIMIT_MIN),
	    0);
}

/* Let the gateway ask for a password; it has verified none. */
static void
begin(void)
{
	auth = auth_new(rig.loop);
	ck_assert_ptr_nonnull(auth);
	auth_set_users(auth, users);
	rig.pool.auth = auth;
}

static void
setup(void)
{
	struct fault fault;
	char text[256];

	clientrig_open(&rig);
	(void)snprintf(text, sizeof(text), "anna:%s\n", hash);
	users = users_parse("users", text, strlen(text), &fault);
	ck_assert_msg(users != NULL, "%s", fault.text);
	begin();
}

static void
end(void)
{
	clientrig_again(&rig);
	rig.pool.auth = NULL;
	auth_free(auth);
	auth = NULL;
}

static void
teardown(void)
{
	end();
	users_free(users);
	clientrig_close(&rig);
}

/* Send bytes in pieces of chunk bytes. */
static void
send_in_pieces(const char *bytes, size_t len, size_t chunk)
{
	clientrig_connect(&rig, NULL);
	for (size_t at = 0; at < len; at += chunk) {
		clientrig_send(
		    &rig, bytes + at, len - at < chunk ? len - at : chunk);
	}
}

/* Wait until the way is found. */
static void
await_far(void)
{
	while (rig.far_count == 0) {
		clientrig_settle(&rig);
	}
}

/* See that everything up to early data has come through. */
static void
expect_tunnel(void)
{
	clientrig_expect(&rig, method_password, sizeof(method_password));
	clientrig_expect(&rig, accepted, sizeof(accepted));
	await_far();
	ck_assert_str_eq(rig.asked.name, "office");
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_expect(&rig, granted, sizeof(granted));
	clientrig_far_expect(clientrig_far(&rig), "early");
}

START_TEST(socks_in_pieces_and_pipelined)
{
	static const char all[] = GREETING PASSWORD OFFICE_80 "early";

	/* Whole, while nobody knows the password; then while it is known. */
	send_in_pieces(BYTES(all), sizeof(all));
	expect_tunnel();
	clientrig_again(&rig);
	for (size_t chunk = 1; chunk < sizeof(all); chunk++) {
		send_in_pieces(BYTES(all), chunk);
		expect_tunnel();
		clientrig_again(&rig);
	}
	/* What follows comes while it is being verified. */
	for (size_t chunk = 1; chunk < sizeof(all); chunk += 7) {
		end();
		begin();
		send_in_pieces(BYTES(all), chunk);
		expect_tunnel();
	}
}
END_TEST

START_TEST(socks_refused)
{
	static const char none[] = "\x05\x01\x00";

	send_in_pieces(BYTES(GREETING WRONG OFFICE_80), 100);
	clientrig_expect(&rig, method_password, sizeof(method_password));
	clientrig_expect(&rig, rejected, sizeof(rejected));
	clientrig_expect_end(&rig);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_SOCKS5, CODE_DENIED), 1);
	send_in_pieces(BYTES(none), 100);
	clientrig_expect(&rig, method_refused, sizeof(method_refused));
	clientrig_expect_end(&rig);
	send_in_pieces(BYTES(V4A_OFFICE_80), 100);
	clientrig_expect(&rig, v4_rejected, sizeof(v4_rejected));
	clientrig_expect_end(&rig);
	/* Another version of the words is no answer to the question. */
	send_in_pieces(BYTES(GREETING "\x05\x04"), 100);
	clientrig_expect(&rig, method_password, sizeof(method_password));
	clientrig_expect_end(&rig);
	ck_assert_int_eq(rig.reaches, 0);
}
END_TEST

/* Clients that offer nothing else say something; anything will do. */
START_TEST(socks_when_nobody_is_asked)
{
	static const char all[] = "\x05\x01\x02" WRONG OFFICE_80 "early";

	auth_set_users(auth, NULL);
	for (size_t chunk = 1; chunk < sizeof(all); chunk++) {
		send_in_pieces(BYTES(all), chunk);
		expect_tunnel();
		clientrig_again(&rig);
	}
}
END_TEST

static void
request(const char *text)
{
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, text);
}

START_TEST(http_refused)
{
	request("GET http://office/ HTTP/1.1\r\nHost: office\r\n\r\n");
	clientrig_expect_page(&rig, 407, "Proxy-Authenticate: Basic realm=");
	request("CONNECT office:1 HTTP/1.1\r\n\r\n");
	clientrig_expect_page(&rig, 407, "asks for a user name");
	/* Said to the target, not to us; and to us, in the other way. */
	request("GET http://office/ HTTP/1.1\r\nHost: office\r\n"
		"Authorization: " BASIC "\r\n\r\n");
	clientrig_expect_page(&rig, 407, "asks for");
	request("GET / HTTP/1.1\r\nHost: office.localhost\r\n"
		"Proxy-Authorization: " BASIC "\r\n\r\n");
	clientrig_expect_page(&rig, 401, "WWW-Authenticate: Basic realm=");
	request("GET http://office/ HTTP/1.1\r\nHost: office\r\n"
		"Proxy-Authorization: Bearer YW5uYTpzZWNyZXQ=\r\n\r\n");
	clientrig_expect_page(&rig, 407, "asks for");
	ck_assert_uint_eq(rig.pool.served, 0);
	request("POST http://office/ HTTP/1.1\r\nHost: office\r\n"
		"Proxy-Authorization: " BASIC_WRONG "\r\n"
		"Content-Length: 4\r\n\r\nbody");
	clientrig_expect_page(&rig, 407, "Wrong user name or password.");
	request("CONNECT office:1 HTTP/1.1\r\n"
		"Proxy-Authorization: " BASIC_WRONG "\r\n\r\n");
	clientrig_expect_page(&rig, 407, "Wrong");
	request("GET / HTTP/1.1\r\nHost: office.localhost\r\n"
		"Authorization: " BASIC_WRONG "\r\n\r\n");
	clientrig_expect_page(&rig, 401, "Wrong");
	ck_assert_int_eq(rig.reaches, 0);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_HTTP, CODE_DENIED), 1);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_CONNECT, CODE_DENIED), 1);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_LOCALHOST, CODE_DENIED), 1);
	/* Not ours to ask for: 421 comes first. */
	request("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
	clientrig_expect_page(&rig, 421, "");
}
END_TEST

/* See that a request has come to the target as text, and answer it. */
static void
expect_request(const char *text)
{
	struct clientrig_far *far;

	await_far();
	far = clientrig_far(&rig);
	clientrig_far_expect(far, text);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, "HTTP/1.1 204 No Content\r\n\r\n");
	clientrig_expect_text(
	    &rig, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

START_TEST(http_let_in)
{
	/* Verified, then known, with the next one behind it. */
	for (int round = 0; round < 2; round++) {
		request("GET http://office/1 HTTP/1.1\r\nHost: office\r\n"
			"Authorization: Basic eDp5\r\n"
			"Proxy-Authorization: " BASIC "\r\n\r\n"
			"GET http://office/2 HTTP/1.1\r\nHost: office\r\n"
			"Proxy-Authorization: " BASIC "\r\n\r\n"
			"GET http://office/3 HTTP/1.1\r\nHost: office\r\n\r\n");
		expect_request("GET /1 HTTP/1.1\r\nHost: office\r\n"
			       "Authorization: Basic eDp5\r\n"
			       "Connection: close\r\n\r\n");
		expect_request("GET /2 HTTP/1.1\r\nHost: office\r\n"
			       "Connection: close\r\n\r\n");
		/* Each request says it, or not. */
		clientrig_expect_page(&rig, 407, "asks for");
		clientrig_again(&rig);
	}
	request("GET / HTTP/1.1\r\nHost: office.localhost\r\n"
		"Authorization: " BASIC "\r\n\r\n");
	expect_request("GET / HTTP/1.1\r\nHost: office.localhost\r\n"
		       "Connection: close\r\n\r\n");
	end();
	begin();
	request("CONNECT office:1 HTTP/1.1\r\nProxy-Authorization: " BASIC
		"\r\n\r\nearly");
	await_far();
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_far_expect(clientrig_far(&rig), "early");
}
END_TEST

START_TEST(who_guesses_has_to_wait)
{
	for (int i = 0; i <= AUTH_FAILURES_MAX; i++) {
		request("GET http://office/ HTTP/1.1\r\nHost: office\r\n"
			"Proxy-Authorization: " BASIC_WRONG "\r\n\r\n");
		clientrig_expect_page(&rig, i < AUTH_FAILURES_MAX ? 407 : 429,
		    i < AUTH_FAILURES_MAX ? "Wrong" : "too many wrong");
	}
	/* The password was not looked at, so that was no verdict on it. */
	request("GET http://office/ HTTP/1.1\r\nHost: office\r\n"
		"Proxy-Authorization: " BASIC "\r\n\r\n");
	clientrig_expect_page(&rig, 429, "too many wrong");
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_HTTP, CODE_LIMIT), 2);
}
END_TEST

START_TEST(a_forward_does_not_ask)
{
	struct proxy_target target;

	ck_assert_int_eq(proxytarget_set_host(&target, "office", 6, 1), 0);
	clientrig_connect(&rig, &target);
	clientrig_settle(&rig);
	ck_assert_int_eq(rig.reaches, 1);
}
END_TEST

START_TEST(who_leaves_meanwhile_is_forgotten)
{
	send_in_pieces(BYTES(GREETING PASSWORD), 100);
	clientrig_break(&rig);
	clientrig_again(&rig);
	send_in_pieces(BYTES(GREETING PASSWORD), 100);
	/* It is not thrown out as one that does nothing. */
	client_pool_close_idle(&rig.pool);
	clientrig_expect(&rig, method_password, sizeof(method_password));
	clientrig_expect(&rig, accepted, sizeof(accepted));
	client_pool_close_idle(&rig.pool);
	clientrig_expect_end(&rig);
}
END_TEST

START_TEST(memory_is_short)
{
	static const char all[] = GREETING PASSWORD OFFICE_80;
	bool hit = true;

	for (long n = 1; hit; n++) {
		end();
		begin();
		failalloc_after(n);
		clientrig_connect(&rig, NULL);
		(void)send(rig.fd, BYTES(all), MSG_NOSIGNAL);
		while (rig.far_count == 0 && !failalloc_hit()) {
			clientrig_settle(&rig);
		}
		hit = failalloc_hit();
		failalloc_off();
		if (!hit) {
			clientrig_expect(
			    &rig, method_password, sizeof(method_password));
			clientrig_expect(&rig, accepted, sizeof(accepted));
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clientauth");
	TCase *tests = tcase_create("tests");

	tcase_add_unchecked_fixture(tests, hash_once, NULL);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, socks_in_pieces_and_pipelined);
	tcase_add_test(tests, socks_refused);
	tcase_add_test(tests, socks_when_nobody_is_asked);
	tcase_add_test(tests, http_refused);
	tcase_add_test(tests, http_let_in);
	tcase_add_test(tests, who_guesses_has_to_wait);
	tcase_add_test(tests, a_forward_does_not_ask);
	tcase_add_test(tests, who_leaves_meanwhile_is_forgotten);
	tcase_add_test(tests, memory_is_short);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
