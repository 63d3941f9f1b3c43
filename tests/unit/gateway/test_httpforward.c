/* SPDX-License-Identifier: ISC */

#include "gateway/httpforward.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/heads.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Return what out holds as a string; at most one at a time. */
static const char *
text_of(const struct buf *out)
{
	static char text[2 * (size_t)HTTPHEAD_MAX];
	size_t len = 0;
	const uint8_t *data = buf_peek(out, &len);

	ck_assert_uint_lt(len, sizeof(text));
	if (len > 0) {
		memcpy(text, data, len);
	}
	text[len] = '\0';
	return text;
}

static struct buf *
queue(void)
{
	struct buf *out = buf_new(2 * (size_t)HTTPHEAD_MAX);

	ck_assert_ptr_nonnull(out);
	return out;
}

static const struct {
	const char *in;
	const char *out;
} requests[] = {
	/* What a browser sends for http://. */
	{ "GET http://Office/a?b HTTP/1.1\r\n"
	  "Host: elsewhere\r\n"
	  "Proxy-Connection: keep-alive\r\n"
	  "Proxy-Authorization: Basic eDp5\r\n"
	  "accept:text/html\r\n"
	  "Cookie: a=b\r\n\r\n",
	    "GET /a?b HTTP/1.1\r\n"
	    "Host: Office\r\n"
	    "accept: text/html\r\n"
	    "Cookie: a=b\r\n"
	    "Connection: close\r\n\r\n" },
	/* Fields of this hop, and those that Connection names. */
	{ "GET http://office:8080/ HTTP/1.1\r\n"
	  "Connection: keep-alive, X-Hop\r\n"
	  "connection: x-other , Upgrade\r\n"
	  "Keep-Alive: timeout=5\r\n"
	  "x-hop: 1\r\n"
	  "X-OTHER: 2\r\n"
	  "X-Hope: 3\r\n"
	  "Proxy-Authenticate: Basic\r\n"
	  "TE: gzip\r\n"
	  "Trailer: X\r\n\r\n",
	    "GET / HTTP/1.1\r\n"
	    "Host: office:8080\r\n"
	    "X-Hope: 3\r\n"
	    "Trailer: X\r\n"
	    "Connection: close\r\n\r\n" },
	/* An Upgrade that nothing asks for. */
	{ "GET http://a/ HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "GET http://a/ws HTTP/1.1\r\n"
	  "Connection: keep-alive, Upgrade, TE\r\n"
	  "TE: trailers\r\n"
	  "Upgrade: websocket\r\n"
	  "Sec-WebSocket-Key: x\r\n\r\n",
	    "GET /ws HTTP/1.1\r\n"
	    "Host: a\r\n"
	    "Sec-WebSocket-Key: x\r\n"
	    "Connection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n" },
	/* An offer of HTTP/2 loses its settings and is then none. */
	{ "GET http://a/ HTTP/1.1\r\n"
	  "Connection: Upgrade, HTTP2-Settings\r\n"
	  "Upgrade: h2c\r\n"
	  "HTTP2-Settings: AAMAAABk\r\n\r\n",
	    "GET / HTTP/1.1\r\n"
	    "Host: a\r\n"
	    "Connection: upgrade\r\n"
	    "Upgrade: h2c\r\n\r\n" },
	{ "GET http://a/ HTTP/1.1\r\nTE: gzip;q=1, Trailers\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\n"
	    "TE: trailers\r\nConnection: close, TE\r\n\r\n" },
	{ "GET http://a/ HTTP/1.1\r\nTE:\r\nTE: x\r\nTE: trailers\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\n"
	    "TE: trailers\r\nConnection: close, TE\r\n\r\n" },
	/* Framing is kept. */
	{ "POST http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
	  "Expect: 100-continue\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	    "Expect: 100-continue\r\nConnection: close\r\n\r\n" },
	{ "POST http://a/ HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
	    "Connection: close\r\n\r\n" },
	/* Targets. */
	{ "GET http://a HTTP/1.1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "GET http://a?q HTTP/1.1\r\n\r\n",
	    "GET /?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "GET http://a//b//c HTTP/1.1\r\n\r\n",
	    "GET //b//c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "OPTIONS http://a HTTP/1.1\r\n\r\n",
	    "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "OPTIONS http://a/ HTTP/1.1\r\n\r\n",
	    "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "OPTIONS http://a?q HTTP/1.1\r\n\r\n",
	    "OPTIONS /?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
	    "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" },
	{ "GET http://[::1]:8/ HTTP/1.1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: [::1]:8\r\nConnection: close\r\n\r\n" },
	{ "GET /x HTTP/1.1\r\nA: b\r\nHost: office.localhost:1080\r\n\r\n",
	    "GET /x HTTP/1.1\r\nHost: office.localhost:1080\r\nA: b\r\n"
	    "Connection: close\r\n\r\n" },
	/* One hop less, for who asks for it. */
	{ "OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n",
	    "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 9\r\n"
	    "Connection: close\r\n\r\n" },
	{ "TRACE http://a/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n",
	    "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n"
	    "Connection: close\r\n\r\n" },
	{ "TRACE http://a/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1x\r\n\r\n",
	    "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1x\r\n"
	    "Connection: close\r\n\r\n" },
	{ "GET http://a/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n"
	    "Connection: close\r\n\r\n" },
	/* The version is the client's. */
	{ "GET http://a/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    "GET / HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n" },
};

START_TEST(requests_go_on)
{
	struct httphead head;
	struct buf *out = queue();

	heads_request(&head, requests[_i].in);
	ck_assert_int_eq(httpforward_request(&head, NULL, out), 0);
	ck_assert_str_eq(text_of(out), requests[_i].out);
	/* What goes out is right, and is a request to the same place. */
	heads_request(&head, text_of(out));
	buf_free(out);
}
END_TEST

START_TEST(host_and_via_may_be_given)
{
	static const struct httpforward_options options = { .host = "b:8",
		.via = "gw" };
	struct httphead head;
	struct buf *out = queue();

	heads_request(
	    &head, "GET /x HTTP/1.1\r\nHost: a\r\nVia: 1.1 y\r\n\r\n");
	ck_assert_int_eq(httpforward_request(&head, &options, out), 0);
	ck_assert_str_eq(text_of(out),
	    "GET /x HTTP/1.1\r\nHost: b:8\r\nVia: 1.1 y\r\nVia: 1.1 gw\r\n"
	    "Connection: close\r\n\r\n");
	buf_consume(out, buf_len(out));
	heads_request(&head, "GET /x HTTP/1.0\r\nHost: a\r\n\r\n");
	ck_assert_int_eq(httpforward_request(&head, &options, out), 0);
	ck_assert_str_eq(text_of(out),
	    "GET /x HTTP/1.0\r\nHost: b:8\r\nVia: 1.0 gw\r\n"
	    "Connection: close\r\n\r\n");
	buf_free(out);
}
END_TEST

START_TEST(what_was_said_to_us_goes_no_further)
{
	static const struct httpforward_options ours = {
		.own_authorization = true,
	};
	struct httphead head;
	struct buf *out = queue();

	heads_request(&head, "GET /x HTTP/1.1\r\nHost: a\r\n"
			     "Authorization: Basic YTpi\r\n"
			     "PROXY-Authorization: Basic YTpi\r\n"
			     "authorization: Basic YTpi\r\n\r\n");
	ck_assert_int_eq(httpforward_request(&head, &ours, out), 0);
	ck_assert_str_eq(text_of(out),
	    "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	buf_consume(out, buf_len(out));
	/* Else it was said to the target. */
	ck_assert_int_eq(httpforward_request(&head, NULL, out), 0);
	ck_assert_str_eq(text_of(out),
	    "GET /x HTTP/1.1\r\nHost: a\r\n"
	    "Authorization: Basic YTpi\r\n"
	    "authorization: Basic YTpi\r\nConnection: close\r\n\r\n");
	buf_free(out);
}
END_TEST

START_TEST(not_every_request_goes_on)
{
	struct httphead head;
	struct buf *out = queue();

	heads_request(&head, "CONNECT a:1 HTTP/1.1\r\n\r\n");
	ck_assert_int_eq(httpforward_request(&head, NULL, out), -1);
	heads_request(&head, "GET / HTTP/1.0\r\n\r\n");
	ck_assert_int_eq(httpforward_request(&head, NULL, out), -1);
	ck_assert_uint_eq(buf_len(out), 0);
	buf_free(out);
}
END_TEST

START_TEST(the_most_fields_fit)
{
	static char text[1024];
	struct httphead head;
	struct httpforward_exchange exchange;
	struct buf *out = queue();
	size_t len =
	    (size_t)snprintf(text, sizeof(text), "GET http://a HTTP/1.1\r\n");

	/* Each field grows by a space. */
	for (int i = 0; i < HTTPHEAD_FIELDS_MAX; i++) {
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "%s", "a:b\r\n");
	}
	(void)snprintf(text + len, sizeof(text) - len, "\r\n");
	heads_request(&head, text);
	httpforward_begin(&exchange, &head);
	ck_assert_int_eq(httpforward_request(&head, NULL, out), 0);
	ck_assert_uint_eq(
	    buf_len(out), len + 2 - 8 + HTTPHEAD_FIELDS_MAX +
			      strlen("/Host: a\r\nConnection: close\r\n"));
	buf_consume(out, buf_len(out));
	len = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200\r\n");
	for (int i = 0; i < HTTPHEAD_FIELDS_MAX; i++) {
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "%s", "a:b\r\n");
	}
	(void)snprintf(text + len, sizeof(text) - len, "\r\n");
	heads_response(&head, text);
	ck_assert_int_eq(
	    httpforward_response(&exchange, &head, HTTPBODY_LENGTH, out), 0);
	buf_free(out);
}
END_TEST

START_TEST(a_large_head_goes_on)
{
	static char text[HTTPHEAD_MAX + 1];
	struct httphead head;
	struct buf *out = queue();
	int len = snprintf(text, sizeof(text),
	    "GET http://a/ HTTP/1.1\r\nX: %0*d\r\n\r\n", HTTPHEAD_MAX - 31, 1);

	ck_assert_int_eq(len, HTTPHEAD_MAX);
	heads_request(&head, text);
	ck_assert_int_eq(httpforward_request(&head, NULL, out), 0);
	buf_free(out);
}
END_TEST

/* Begin the exchange of a request in text. */
static void
exchange_of(struct httpforward_exchange *exchange, const char *text)
{
	struct httphead head;

	heads_request(&head, text);
	httpforward_begin(exchange, &head);
}

#define PLAIN "GET http://a/ HTTP/1.1\r\n\r\n"
#define CLOSING "GET http://a/ HTTP/1.1\r\nConnection: close\r\n\r\n"
#define OLD "GET http://a/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
#define SWITCH                                                                 \
	"GET http://a/ HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define ASK "HEAD http://a/ HTTP/1.1\r\n\r\n"

#define FINAL HTTPFORWARD_FINAL
#define INTERIM HTTPFORWARD_INTERIM

static const struct {
	const char *request;
	const char *in;
	enum httpforward_next next;
	const char *out;
} responses[] = {
	{ PLAIN, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "Connection: keep-alive\r\n\r\n" },
	{ PLAIN, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	    "Connection: keep-alive\r\n\r\n" },
	{ PLAIN,
	    "HTTP/1.1 404 Not there\r\nConnection: close, x-hop\r\n"
	    "Keep-Alive: 1\r\nX-Hop: 1\r\nProxy-Connection: x\r\n"
	    "Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: t\r\n"
	    "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
	    FINAL,
	    "HTTP/1.1 404 Not there\r\nTrailer: t\r\nSet-Cookie: a\r\n"
	    "Set-Cookie: b\r\nContent-Length: 0\r\n"
	    "Connection: keep-alive\r\n\r\n" },
	/* Until close. */
	{ PLAIN, "HTTP/1.0 200 OK\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" },
	{ PLAIN, "HTTP/1.1 999\r\n\r\n", FINAL,
	    "HTTP/1.1 999 \r\nConnection: close\r\n\r\n" },
	/* The client's wish, and its version. */
	{ CLOSING, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "Connection: close\r\n\r\n" },
	{ OLD, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "Connection: close\r\n\r\n" },
	{ OLD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    HTTPFORWARD_WRONG, NULL },
	/* Without a body there is nothing to end. */
	{ ASK, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "Connection: keep-alive\r\n\r\n" },
	{ PLAIN, "HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", FINAL,
	    "HTTP/1.1 304 x\r\nContent-Length: 3\r\n"
	    "Connection: keep-alive\r\n\r\n" },
	{ PLAIN, "HTTP/1.1 204 x\r\nContent-Length: 3\r\nA: b\r\n\r\n", FINAL,
	    "HTTP/1.1 204 x\r\nA: b\r\nConnection: keep-alive\r\n\r\n" },
	{ PLAIN, "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", FINAL,
	    "HTTP/1.1 204 x\r\nConnection: keep-alive\r\n\r\n" },
	/* Interim. */
	{ PLAIN, "HTTP/1.1 100 Continue\r\n\r\n", INTERIM,
	    "HTTP/1.1 100 Continue\r\n\r\n" },
	{ PLAIN,
	    "HTTP/1.1 103 Early Hints\r\nLink: x\r\nConnection: close\r\n"
	    "Content-Length: 3\r\n\r\n",
	    INTERIM, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
	{ OLD, "HTTP/1.1 100 Continue\r\n\r\n", INTERIM, "" },
	/* Another protocol. */
	{ SWITCH,
	    "HTTP/1.1 101 Switching\r\nconnection: Upgrade\r\n"
	    "Upgrade: websocket\r\nKeep-Alive: x\r\n\r\n",
	    HTTPFORWARD_SWITCHED,
	    "HTTP/1.1 101 Switching\r\nconnection: Upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n" },
	{ SWITCH, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", FINAL,
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "Connection: keep-alive\r\n\r\n" },
	{ SWITCH,
	    "HTTP/1.1 101 Switching\r\nConnection: X-Hop, Upgrade\r\n"
	    "X-Hop: 1\r\nX-End: 2\r\nKeep-Alive: 3\r\nUpgrade: a\r\n"
	    "Content-Length: 4\r\n\r\n",
	    HTTPFORWARD_SWITCHED,
	    "HTTP/1.1 101 Switching\r\nX-End: 2\r\nUpgrade: a\r\n"
	    "Connection: upgrade\r\n\r\n" },
	{ PLAIN, "HTTP/1.1 101 Switching\r\n\r\n", HTTPFORWARD_WRONG, NULL },
	{ SWITCH, "HTTP/1.0 101 Switching\r\n\r\n", HTTPFORWARD_WRONG, NULL },
};

START_TEST(responses_come_back)
{
	struct httpforward_exchange exchange;
	struct httphead head;
	struct httpbody body;
	struct buf *out = queue();

	exchange_of(&exchange, responses[_i].request);
	heads_response(&head, responses[_i].in);
	httpbody_init_response(&body, &head, exchange.method);
	ck_assert_int_eq(
	    httpforward_next(&exchange, &head), responses[_i].next);
	if (responses[_i].out != NULL) {
		ck_assert_int_eq(
		    httpforward_response(&exchange, &head, body.kind, out), 0);
		ck_assert_str_eq(text_of(out), responses[_i].out);
	}
	buf_free(out);
}
END_TEST

START_TEST(nothing_or_all)
{
	static const char request[] = "GET http://a/ HTTP/1.1\r\nA: b\r\n\r\n";
	static const char response[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
	struct httpforward_exchange exchange;
	struct httphead head;
	struct buf *small = buf_new(50);
	struct buf *out = queue();

	ck_assert_ptr_nonnull(small);
	heads_request(&head, request);
	httpforward_begin(&exchange, &head);
	ck_assert_int_eq(httpforward_request(&head, NULL, small), -1);
	failalloc_after(1);
	ck_assert_int_eq(httpforward_request(&head, NULL, out), -1);
	failalloc_off();
	ck_assert(failalloc_hit());
	heads_response(&head, response);
	ck_assert_int_eq(
	    httpforward_response(&exchange, &head, HTTPBODY_CLOSE, small), -1);
	failalloc_after(1);
	ck_assert_int_eq(
	    httpforward_response(&exchange, &head, HTTPBODY_CLOSE, out), -1);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_uint_eq(buf_len(small), 0);
	ck_assert_uint_eq(buf_len(out), 0);
	buf_free(small);
	buf_free(out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("httpforward");
	TCase *tcase = tcase_create("httpforward");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, requests_go_on, 0, COUNT(requests));
	tcase_add_test(tcase, what_was_said_to_us_goes_no_further);
	tcase_add_test(tcase, host_and_via_may_be_given);
	tcase_add_test(tcase, not_every_request_goes_on);
	tcase_add_test(tcase, the_most_fields_fit);
	tcase_add_test(tcase, a_large_head_goes_on);
	tcase_add_loop_test(tcase, responses_come_back, 0, COUNT(responses));
	tcase_add_test(tcase, nothing_or_all);
	return unit_main(suite);
}
