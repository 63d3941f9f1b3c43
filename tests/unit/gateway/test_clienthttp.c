/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/client_impl.h"
#include "gateway/failures.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define CONNECT "CONNECT office:22 HTTP/1.1\r\nHost: office:22\r\n\r\n"
#define GET "GET http://office/x HTTP/1.1\r\nHost: office\r\n\r\n"
#define GET_SENT "GET /x HTTP/1.1\r\nHost: office\r\nConnection: close\r\n\r\n"
#define ESTABLISHED                                                            \
	"HTTP/1.1 200 Connection established\r\n"                              \
	"Proxy-Status: inroad\r\n\r\n"

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

/* Connect and send a request. */
static void
request(const char *text)
{
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, text);
}

/* --- CONNECT ----------------------------------------------------------- */

static const struct {
	const char *head;
	const char *name;
	uint16_t port;
} connects[] = {
	{ CONNECT, "office", 22 },
	/* As nc and proxychains ask. */
	{ "CONNECT web.office:65535 HTTP/1.0\r\n\r\n", "web.office", 65535 },
	{ "CONNECT OFFICE.internal.:443 HTTP/1.1\r\nHost: x\r\n"
	  "Proxy-Connection: keep-alive\r\n\r\n",
	    "office.internal", 443 },
	{ "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "", 80 },
};

START_TEST(connects_any_port)
{
	struct clientrig_far *far;

	request(connects[_i].head);
	ck_assert_int_eq(rig.reaches, 1);
	ck_assert_str_eq(rig.asked.name, connects[_i].name);
	ck_assert_uint_eq(rig.asked.port, connects[_i].port);
	clientrig_expect_nothing(&rig);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_expect_text(&rig, ESTABLISHED);
	clientrig_say(&rig, "to");
	clientrig_far_expect(far, "to");
	clientrig_far_say(far, "from");
	clientrig_expect_text(&rig, "from");
	clientrig_shut(&rig);
	clientrig_far_expect_fin(far);
	clientrig_far_fin(far);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_CONNECT, CODE_OK), 1);
}
END_TEST

/* Byte by byte or whole, with the first bytes of the tunnel behind. */
START_TEST(connects_in_pieces)
{
	static const char all[] = CONNECT "early";

	for (size_t chunk = 1; chunk < sizeof(all); chunk++) {
		clientrig_connect(&rig, NULL);
		for (size_t at = 0; at < sizeof(all) - 1; at += chunk) {
			size_t left = sizeof(all) - 1 - at;

			clientrig_send(
			    &rig, all + at, left < chunk ? left : chunk);
		}
		clientrig_open_far(clientrig_far(&rig), CODE_OK);
		clientrig_expect_text(&rig, ESTABLISHED);
		clientrig_far_expect(clientrig_far(&rig), "early");
		clientrig_again(&rig);
	}
}
END_TEST

START_TEST(a_head_cut_anywhere_is_no_request)
{
	static const char *const heads[] = { CONNECT, GET };

	for (int i = 0; i < COUNT(heads); i++) {
		for (size_t len = 0; len < strlen(heads[i]); len++) {
			clientrig_connect(&rig, NULL);
			clientrig_send(&rig, heads[i], len);
			clientrig_shut(&rig);
			clientrig_expect_end(&rig);
			clientrig_expect_clients(&rig, 0);
		}
	}
	ck_assert_int_eq(rig.reaches, 0);
}
END_TEST

START_TEST(connects_fail_with_a_page)
{
	rig.code = CODE_HOST_OFFLINE;
	rig.text = "\"office\" is offline, last seen 4 min ago.";
	request(CONNECT);
	clientrig_expect_page(&rig, 503, "last seen 4 min ago");
	rig.code = CODE_OK;
	request(CONNECT);
	clientrig_open_far(clientrig_far(&rig), CODE_SERVICE_TIMEOUT);
	clientrig_expect_page(
	    &rig, 504, "Proxy-Status: inroad; error=connection_timeout");
	request(CONNECT);
	clientrig_far_reset(clientrig_far(&rig), CODE_LINK_LOST);
	clientrig_expect_page(&rig, 502, "link-lost");
	rig.no_conduit = true;
	request(CONNECT);
	clientrig_expect_page(&rig, 503, "too-many-streams");
	ck_assert_uint_eq(failures_count(rig.failures), 4);
	ck_assert_int_eq(
	    failures_at(rig.failures, 3)->dialect, DIALECT_CONNECT);
}
END_TEST

/* --- heads that are refused -------------------------------------------- */

static const struct {
	const char *head;
	unsigned status;
	const char *words;
} refusals[] = {
	{ "GET http://office/ HTTP/1.1\r\nContent-Length: 1\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n",
	    400, "bad-request: " },
	{ "GET http://office/ HTTP/1.1\r\nContent-Length: 1\r\n"
	  "Content-Length: 2\r\n\r\n",
	    400, "Content-Length" },
	{ "GET http://office/ HTTP/1.1\r\nHost : office\r\n\r\n", 400, "" },
	{ "GET http://office/ HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400, "" },
	{ "GET http://office/ HTTP/1.1\n\n", 400, "" },
	{ "GET http://office/ HTTP/2.0\r\n\r\n", 505, "" },
	{ "GET ftp://office/ HTTP/1.1\r\n\r\n", 400, "" },
	{ "CONNECT office HTTP/1.1\r\nHost: office\r\n\r\n", 400, "" },
	{ "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 421, "as a proxy" },
	{ "GET / HTTP/1.1\r\nHost: 127.0.0.1:1080\r\n\r\n", 421, "" },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 421, "" },
	{ "GET / HTTP/1.1\r\nHost: .localhost\r\n\r\n", 400, "" },
	{ "GET / HTTP/1.0\r\n\r\n", 421, "" },
	{ "TRACE http://office/ HTTP/1.1\r\nHost: office\r\n"
	  "Max-Forwards: 0\r\n\r\n",
	    501, "as far as the gateway" },
	{ "OPTIONS * HTTP/1.1\r\nHost: office.localhost\r\n\r\n", 421, "" },
};

START_TEST(refused)
{
	request(refusals[_i].head);
	clientrig_expect_page(&rig, refusals[_i].status, refusals[_i].words);
	ck_assert_int_eq(rig.reaches, 0);
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* Send a request with a field of len bytes. */
static void
request_of(size_t len)
{
	char *field = malloc(len + 1);

	ck_assert_ptr_nonnull(field);
	memset(field, 'x', len);
	field[len] = '\0';
	request("GET http://office/ HTTP/1.1\r\nCookie: ");
	clientrig_say(&rig, field);
	free(field);
}

START_TEST(heads_have_a_limit)
{
	request_of(HTTPHEAD_MAX);
	clientrig_expect_page(&rig, 431, "");
	request_of(HTTPHEAD_MAX / 2);
	clientrig_say(&rig, "\r\n\r\n");
	ck_assert_int_eq(rig.reaches, 1);
}
END_TEST

START_TEST(slow_heads_have_a_limit)
{
	request("GET http://office/ HTTP/1.1\r\nHost:");
	clientrig_hurry(&rig);
	clientrig_expect_page(&rig, 408, "did not arrive in time");
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_HTTP, CODE_BAD_REQUEST), 1);
}
END_TEST

/* A connection that has nothing under way just ends. */
START_TEST(idle_connections_end_without_a_word)
{
	struct clientrig_far *far;

	request(GET);
	far = clientrig_far(&rig);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, "HTTP/1.1 204 No Content\r\n\r\n");
	clientrig_expect_text(
	    &rig, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
	clientrig_hurry(&rig);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* --- pages ---------------------------------------------------------------- */

/* HEAD has no body, a browser gets a page, all others a line. */
START_TEST(pages_fit)
{
	rig.code = CODE_HOST_UNKNOWN;
	rig.text = "No host <b>.";
	request("HEAD http://office/ HTTP/1.1\r\nHost: office\r\n\r\n");
	clientrig_expect_page(&rig, 502, "Connection: close\r\n\r\n");
	ck_assert_ptr_null(strstr((char *)rig.bytes, "\r\n\r\ninroad"));
	request("GET http://office/ HTTP/1.1\r\nHost: office\r\n"
		"Accept: text/html\r\n\r\n");
	clientrig_expect_page(&rig, 502, "No host &lt;b&gt;.");
	request(GET);
	clientrig_expect_page(&rig, 502, "\r\n\r\ninroad: host-unknown: No");
}
END_TEST

/* An answer is not lost to a client that is still sending its body. */
START_TEST(a_page_outlives_what_is_sent)
{
	static char body[300000];

	memset(body, 'b', sizeof(body));
	rig.code = CODE_HOST_OFFLINE;
	request("POST http://office/ HTTP/1.1\r\nHost: office\r\n"
		"Content-Length: 300000\r\n\r\n");
	clientrig_send(&rig, body, sizeof(body));
	clientrig_expect_page(&rig, 503, "host-offline");
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* --- names under localhost ------------------------------------------------ */

START_TEST(localhost_leads_to_the_web)
{
	struct clientrig_far *far;

	request("GET /x HTTP/1.1\r\nHost: web.office.localhost:1080\r\n\r\n");
	ck_assert_str_eq(rig.asked.name, "web.office");
	ck_assert_uint_eq(rig.asked.port, 80);
	far = clientrig_far(&rig);
	clientrig_far_expect(far, "GET /x HTTP/1.1\r\n"
				  "Host: web.office.localhost:1080\r\n"
				  "Connection: close\r\n\r\n");
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, "HTTP/1.1 204 No Content\r\n\r\n");
	clientrig_expect_text(
	    &rig, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_LOCALHOST, CODE_OK), 1);
}
END_TEST

/* --- one connection, many requests ------------------------------------------
 */

/* See that the newest conduit carries a GET for /x, and answer with text. */
static void
serve(const char *text)
{
	struct clientrig_far *far = clientrig_far(&rig);
	char answer[100];

	clientrig_far_expect(far, GET_SENT);
	clientrig_open_far(far, CODE_OK);
	(void)snprintf(answer, sizeof(answer),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(text),
	    text);
	clientrig_far_say(far, answer);
	(void)snprintf(answer, sizeof(answer),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
	    "Connection: keep-alive\r\n\r\n%s",
	    strlen(text), text);
	clientrig_expect_text(&rig, answer);
}

START_TEST(origins_change)
{
	request(GET);
	ck_assert_str_eq(rig.asked.name, "office");
	serve("one");
	clientrig_say(&rig, "GET http://lab:8080/ HTTP/1.1\r\n"
			    "Host: lab:8080\r\n\r\n");
	ck_assert_str_eq(rig.asked.name, "lab");
	ck_assert_uint_eq(rig.asked.port, 8080);
	clientrig_far_expect(clientrig_far(&rig),
	    "GET / HTTP/1.1\r\nHost: lab:8080\r\n"
	    "Connection: close\r\n\r\n");
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_far_say(
	    clientrig_far(&rig), "HTTP/1.1 304 Not Modified\r\n\r\n");
	clientrig_expect_text(&rig,
	    "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
	clientrig_say(&rig, GET);
	serve("three");
	/* And at last a tunnel. */
	clientrig_say(&rig, CONNECT);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_expect_text(&rig, ESTABLISHED);
	ck_assert_int_eq(rig.reaches, 4);
	ck_assert_uint_eq(rig.pool.served, 4);
	ck_assert_uint_eq(rig.pool.count, 1);
}
END_TEST

/* Requests that come at once are served one by one, in their order. */
START_TEST(pipelined)
{
	request(GET GET GET);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(rig.reaches, i);
		serve("answer");
	}
	clientrig_expect_nothing(&rig);
	/* A refusal ends the connection, whatever comes behind it. */
	clientrig_say(&rig, GET "GET / HTTP/2.0\r\n\r\n" GET);
	serve("last");
	clientrig_expect_page(&rig, 505, "");
	ck_assert_int_eq(rig.reaches, 4);
}
END_TEST

/* Two and a half requests, and an end: two answers, and an end. */
START_TEST(pipelined_and_cut)
{
	request(GET GET "GET http://off");
	clientrig_shut(&rig);
	serve("one");
	serve("two");
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* --- memory ------------------------------------------------------------------
 */

/* What is sent to a client is whole, or it is closed; nobody waits for ever. */
static void
sweep(const char *text, const char *answer, const char *got)
{
	bool hit = true;

	for (long n = 1; hit; n++) {
		struct clientrig_far *far;

		failalloc_after(n);
		clientrig_connect(&rig, NULL);
		(void)send(rig.fd, text, strlen(text), MSG_NOSIGNAL);
		clientrig_settle(&rig);
		if (rig.far_count > 0) {
			far = clientrig_far(&rig);
			if (!far->released) {
				clientrig_open_far(far, CODE_OK);
			}
			if (!far->released) {
				clientrig_far_say(far, answer);
			}
		}
		hit = failalloc_hit();
		failalloc_off();
		clientrig_settle(&rig);
		if (!hit) {
			clientrig_expect_text(&rig, got);
		} else if (rig.pool.count > 0) {
			/* It goes on, or an answer of ours is being read. */
			struct client *client = clientrig_client(&rig);

			if (client->state != CLIENT_CLOSING) {
				clientrig_expect_text(&rig, got);
			}
		}
		clientrig_again(&rig);
	}
}

START_TEST(memory_is_short)
{
	sweep(CONNECT, "hello", ESTABLISHED "hello");
	sweep(GET, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	    "Connection: keep-alive\r\n\r\nok");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clienthttp");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, connects_any_port, 0, COUNT(connects));
	tcase_add_test(tests, connects_in_pieces);
	tcase_add_test(tests, a_head_cut_anywhere_is_no_request);
	tcase_add_test(tests, connects_fail_with_a_page);
	tcase_add_loop_test(tests, refused, 0, COUNT(refusals));
	tcase_add_test(tests, heads_have_a_limit);
	tcase_add_test(tests, slow_heads_have_a_limit);
	tcase_add_test(tests, idle_connections_end_without_a_word);
	tcase_add_test(tests, pages_fit);
	tcase_add_test(tests, a_page_outlives_what_is_sent);
	tcase_add_test(tests, localhost_leads_to_the_web);
	tcase_add_test(tests, origins_change);
	tcase_add_test(tests, pipelined);
	tcase_add_test(tests, pipelined_and_cut);
	tcase_add_test(tests, memory_is_short);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
