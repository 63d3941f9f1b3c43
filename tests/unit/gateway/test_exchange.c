/* SPDX-License-Identifier: ISC */

#include "gateway/exchange.h"

#include <string.h>
#include <sys/socket.h>

#include "common/meter.h"
#include "gateway/client_impl.h"
#include "gateway/failures.h"
#include "gateway/gate.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/unit.h"
#include "tests/unit/gateway/clientrig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define GET "GET http://office/ HTTP/1.1\r\nHost: office\r\n\r\n"
#define GET_SENT "GET / HTTP/1.1\r\nHost: office\r\nConnection: close\r\n\r\n"
#define POST(field, body)                                                      \
	"POST http://office/ HTTP/1.1\r\nHost: office\r\n" field "\r\n\r"      \
	"\n" body
#define POST_SENT(field, body)                                                 \
	"POST / HTTP/1.1\r\nHost: office\r\n" field                            \
	"\r\nConnection: close\r\n\r\n" body
#define CHUNKED "Transfer-Encoding: chunked"
#define KEPT "Connection: keep-alive\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OK_2_KEPT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" KEPT "\r\nok"

static struct clientrig rig;
static struct clientrig_far *far;

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

/* Connect, send text, and open the conduit that it leads to. */
static void
request(const char *text)
{
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, text);
	far = clientrig_far(&rig);
	ck_assert(!far->told);
	clientrig_open_far(far, CODE_OK);
}

/* As request() with GET, which has gone its way. */
static void
get(void)
{
	request(GET);
	clientrig_far_expect(far, GET_SENT);
}

/* --- requests ------------------------------------------------------------- */

START_TEST(the_head_travels_with_the_opening)
{
	struct meter_count total;

	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET);
	far = clientrig_far(&rig);
	ck_assert(far->early);
	ck_assert(!far->told);
	clientrig_far_expect(far, GET_SENT);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	meter_total(rig.meter, &total);
	ck_assert_uint_eq(total.sent, strlen(GET_SENT));
	ck_assert_uint_eq(total.received, strlen(OK_2));
	ck_assert_uint_eq(far->consumed, far->said);
	ck_assert_uint_eq(clientrig_outcomes(&rig, DIALECT_HTTP, CODE_OK), 1);
}
END_TEST

static const struct {
	const char *in;
	const char *out;
} bodies[] = {
	{ POST("Content-Length: 5", "hello"),
	    POST_SENT("Content-Length: 5", "hello") },
	{ POST("Content-Length: 0", ""), POST_SENT("Content-Length: 0", "") },
	{ POST(CHUNKED, "5\r\nhello\r\n0\r\n\r\n"),
	    POST_SENT(CHUNKED, "5\r\nhello\r\n0\r\n\r\n") },
	{ POST(CHUNKED, "1;a=b\r\nx\r\n0\r\nEtag: \"1\"\r\n\r\n"),
	    POST_SENT(CHUNKED, "1;a=b\r\nx\r\n0\r\nEtag: \"1\"\r\n\r\n") },
};

/* However it comes, and however little the session takes at once. */
START_TEST(requests_pass_in_pieces)
{
	const char *in = bodies[_i].in;
	size_t len = strlen(in);

	for (size_t chunk = 1; chunk <= len; chunk++) {
		clientrig_connect(&rig, NULL);
		for (size_t at = 0; at < len; at += chunk) {
			clientrig_send(
			    &rig, in + at, len - at < chunk ? len - at : chunk);
		}
		far = clientrig_far(&rig);
		clientrig_open_far(far, CODE_OK);
		clientrig_far_expect(far, bodies[_i].out);
		clientrig_far_say(far, OK_2);
		clientrig_expect_text(&rig, OK_2_KEPT);
		clientrig_again(&rig);
	}
	rig.held = true;
	for (size_t chunk = 1; chunk <= 3; chunk++) {
		clientrig_connect(&rig, NULL);
		clientrig_say(&rig, in);
		far = clientrig_far(&rig);
		clientrig_open_far(far, CODE_OK);
		for (size_t at = 0; at < strlen(bodies[_i].out); at += chunk) {
			clientrig_far_room(far, chunk);
		}
		clientrig_far_expect(far, bodies[_i].out);
		clientrig_far_say(far, OK_2);
		clientrig_expect_text(&rig, OK_2_KEPT);
		clientrig_again(&rig);
	}
}
END_TEST

/* A request that is cut anywhere never looks whole at the other end. */
START_TEST(a_request_cut_anywhere_is_a_reset)
{
	const char *in = bodies[_i].in;
	size_t head = (size_t)(strstr(in, "\r\n\r\n") + 4 - in);

	for (size_t len = head; len < strlen(in); len++) {
		clientrig_connect(&rig, NULL);
		clientrig_send(&rig, in, len);
		clientrig_shut(&rig);
		clientrig_far_expect_release(
		    clientrig_far(&rig), CODE_CANCELLED);
		ck_assert(!clientrig_far(&rig)->ended);
		clientrig_expect_reset(&rig);
		clientrig_again(&rig);
	}
}
END_TEST

static const struct {
	const char *body;
	const char *reason;
} broken[] = {
	{ "x\r\n", "a chunk without a size" },
	{ "5 \r\n", "a chunk size that is not a number" },
	{ "5\r\nhelloX", "a chunk longer than its size" },
	{ "ffffffffffffffffff\r\n", "a chunk size that is too large" },
	{ "5\rX", "a CR without LF in the body" },
	{ "5;\x01", "a control character in a chunk extension" },
	{ "0\r\nContent-Length: 1\r\n\r\n",
	    "a trailer that belongs into the head" },
	{ "0\r\nA : b\r\n\r\n", "a trailer that is not a field" },
};

START_TEST(broken_chunks_are_refused_with_the_reason)
{
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, POST(CHUNKED, ""));
	clientrig_say(&rig, broken[_i].body);
	clientrig_expect_page(&rig, 400, "bad-request: ");
	ck_assert_msg(strstr((char *)rig.bytes, broken[_i].reason) != NULL,
	    "%s has no \"%s\"", (char *)rig.bytes, broken[_i].reason);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_HTTP, CODE_BAD_REQUEST), 1);
}
END_TEST

/* Behind the end of one body there is the next request, and it waits. */
START_TEST(what_follows_a_body_is_a_request)
{
	request(POST(CHUNKED, "1\r\nx\r\n0\r\n\r\n") GET);
	clientrig_far_expect(far, POST_SENT(CHUNKED, "1\r\nx\r\n0\r\n\r\n"));
	ck_assert_int_eq(rig.reaches, 1);
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	far = clientrig_far(&rig);
	clientrig_far_expect(far, GET_SENT);
	clientrig_open_far(far, CODE_OK);
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
}
END_TEST

START_TEST(continue_is_passed)
{
	request(POST("Content-Length: 2\r\nExpect: 100-continue", ""));
	clientrig_far_expect(
	    far, POST_SENT("Content-Length: 2\r\nExpect: 100-continue", ""));
	clientrig_expect_nothing(&rig);
	clientrig_far_say(far, "HTTP/1.1 100 Continue\r\n\r\n");
	clientrig_expect_text(&rig, "HTTP/1.1 100 Continue\r\n\r\n");
	clientrig_say(&rig, "hi");
	clientrig_far_expect(far, "hi");
	clientrig_far_say(
	    far, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK_2);
	clientrig_expect_text(
	    &rig, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK_2_KEPT);
	ck_assert_uint_eq(rig.pool.count, 1);
}
END_TEST

/* Who is refused does not send its body, so the connection is over. */
START_TEST(an_answer_instead_of_continue_ends_the_connection)
{
	request(POST("Content-Length: 2\r\nExpect: 100-continue", ""));
	clientrig_far_say(far, "HTTP/1.1 417 Expectation Failed\r\n"
			       "Content-Length: 0\r\n\r\n");
	clientrig_expect_text(&rig, "HTTP/1.1 417 Expectation Failed\r\n"
				    "Content-Length: 0\r\n"
				    "Connection: close\r\n\r\n");
	clientrig_expect_end(&rig);
	clientrig_leave(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* A body is read from the client no faster than the session takes it. */
START_TEST(a_stalled_session_stalls_the_client)
{
	static char body[200000];

	memset(body, 'b', sizeof(body));
	rig.held = true;
	request(POST("Content-Length: 200000", ""));
	clientrig_far_room(far, 1000);
	clientrig_send(&rig, body, sizeof(body));
	ck_assert_uint_eq(far->len, 1000);
	clientrig_far_room(far, CLIENTRIG_KEPT_MAX);
	while (far->len <
	       sizeof(body) + strlen(POST_SENT("Content-Length: 200000", ""))) {
		loop_poll(rig.loop);
	}
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
}
END_TEST

/* --- responses ------------------------------------------------------------ */

static const struct {
	const char *in; /* without its end if the target closes behind it */
	const char *out;
	bool closes;
} responses[] = {
	{ OK_2, OK_2_KEPT, false },
	{ "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 204 No Content\r\n" KEPT "\r\n", false },
	{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n" KEPT "\r\n",
	    false },
	{ "HTTP/1.1 200 OK\r\n" CHUNKED
	  "\r\n\r\n3;x\r\nabc\r\n0\r\nT: v\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n" CHUNKED "\r\n" KEPT
	    "\r\n3;x\r\nabc\r\n0\r\nT: v\r\n\r\n",
	    false },
	{ "HTTP/1.0 200 OK\r\n\r\nall the rest",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall the rest", true },
};

START_TEST(responses_pass_in_pieces)
{
	const char *in = responses[_i].in;
	size_t len = strlen(in);

	for (size_t chunk = 1; chunk <= len; chunk++) {
		get();
		for (size_t at = 0; at < len; at += chunk) {
			clientrig_far_send(
			    far, in + at, len - at < chunk ? len - at : chunk);
		}
		ck_assert_uint_eq(far->consumed, len);
		if (responses[_i].closes) {
			clientrig_far_fin(far);
		}
		clientrig_expect_text(&rig, responses[_i].out);
		if (responses[_i].closes) {
			clientrig_expect_end(&rig);
		} else {
			clientrig_expect_nothing(&rig);
			ck_assert_int_eq(
			    clientrig_client(&rig)->state, CLIENT_HTTP);
			/* The target is told that nobody waits any more. */
			clientrig_far_expect_fin(far);
			clientrig_far_fin(far);
		}
		ck_assert(far->released);
		clientrig_again(&rig);
	}
}
END_TEST

/* A target that closes, or resets, where there must be more. */
START_TEST(a_response_cut_anywhere_never_looks_whole)
{
	const char *in = responses[_i].in;
	size_t len = strlen(in);
	size_t head = (size_t)(strstr(in, "\r\n\r\n") + 4 - in);

	for (size_t cut = 0; cut < len; cut++) {
		bool by_reset = cut % 2 == 0;

		get();
		if (cut > 0) {
			clientrig_far_send(far, in, cut);
		}
		if (by_reset) {
			clientrig_far_reset(far, CODE_TARGET_RESET);
		} else if (cut < head || !responses[_i].closes) {
			clientrig_far_fin(far);
		} else {
			clientrig_again(&rig);
			continue;
		}
		if (cut < head) {
			clientrig_expect_page(&rig, 502, "target-reset");
		} else {
			clientrig_expect(&rig, responses[_i].out,
			    strlen(responses[_i].out) - (len - cut));
			clientrig_expect_reset(&rig);
		}
		ck_assert(far->released);
		clientrig_again(&rig);
	}
}
END_TEST

START_TEST(head_has_no_body)
{
	request("HEAD http://office/ HTTP/1.1\r\nHost: office\r\n\r\n");
	clientrig_far_say(
	    far, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	clientrig_expect_text(
	    &rig, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n" KEPT "\r\n");
	ck_assert_int_eq(clientrig_client(&rig)->state, CLIENT_HTTP);
}
END_TEST

START_TEST(old_clients_are_closed)
{
	request("GET http://office/ HTTP/1.0\r\n\r\n");
	clientrig_far_expect(far, "GET / HTTP/1.0\r\nHost: office\r\n"
				  "Connection: close\r\n\r\n");
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				    "Connection: close\r\n\r\nok");
	clientrig_expect_end(&rig);
}
END_TEST

/* Events of a stream go out one by one, as they come. */
START_TEST(nothing_is_held_back)
{
	get();
	clientrig_far_say(
	    far, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
	clientrig_expect_text(&rig, "HTTP/1.1 200 OK\r\n"
				    "Content-Type: text/event-stream\r\n"
				    "Connection: close\r\n\r\n");
	for (int i = 0; i < 3; i++) {
		clientrig_far_say(far, "data: 1\n\n");
		clientrig_expect_text(&rig, "data: 1\n\n");
	}
}
END_TEST

START_TEST(more_than_was_announced_is_not_passed)
{
	get();
	clientrig_far_say(far, OK_2 "HTTP/1.1 200 OK\r\n\r\nevil");
	clientrig_expect_text(&rig, OK_2_KEPT);
	clientrig_expect_end(&rig);
	/* And late, when the connection is kept already. */
	get();
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	clientrig_far_say(far, "evil");
	ck_assert(far->released);
	clientrig_expect_nothing(&rig);
}
END_TEST

static const char *const wrong_heads[] = {
	"SSH-2.0-OpenSSH_9.2\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	"HTTP/3 200\r\n\r\n",
};

START_TEST(wrong_responses_are_an_error_of_the_target)
{
	get();
	clientrig_far_say(far, wrong_heads[_i]);
	clientrig_expect_page(&rig, 502, "protocol-error");
	ck_assert(far->released);
}
END_TEST

START_TEST(a_response_head_has_a_limit)
{
	static char head[HTTPHEAD_MAX];

	memset(head, 'h', sizeof(head));
	get();
	clientrig_far_say(far, "HTTP/1.1 200 OK\r\nA: ");
	for (int i = 0; i < 4 && !far->released; i++) {
		clientrig_far_send(far, head, sizeof(head) / 2);
	}
	clientrig_expect_page(&rig, 502, "protocol-error");
	ck_assert(far->released);
}
END_TEST

/* What the client does not take is not paid for, and comes in the end. */
START_TEST(a_slow_client_holds_the_window)
{
	static char body[1000000];
	uint64_t stalled;

	memset(body, 'b', sizeof(body));
	get();
	clientrig_far_say(
	    far, "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n");
	for (int i = 0; i < 8; i++) {
		clientrig_far_send(far, body, sizeof(body));
	}
	stalled = far->consumed;
	ck_assert_uint_lt(stalled, far->said);
	clientrig_settle(&rig);
	ck_assert_uint_eq(far->consumed, stalled);
	clientrig_expect_text(
	    &rig, "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n" KEPT "\r\n");
	for (int i = 0; i < 80; i++) {
		clientrig_expect(&rig, body, 100000);
	}
	ck_assert_uint_eq(far->consumed, far->said);
	ck_assert_int_eq(clientrig_client(&rig)->state, CLIENT_HTTP);
}
END_TEST

/* What came before the cut is delivered to a slow client, then it is cut. */
START_TEST(a_slow_client_gets_what_came_before_the_reset)
{
	static char body[4000000];

	memset(body, 'b', sizeof(body));
	get();
	clientrig_far_say(
	    far, "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n");
	clientrig_far_send(far, body, sizeof(body));
	clientrig_far_reset(far, CODE_LINK_LOST);
	clientrig_expect_text(
	    &rig, "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n" KEPT "\r\n");
	for (int i = 0; i < 40; i++) {
		clientrig_expect(&rig, body, 100000);
	}
	clientrig_expect_reset(&rig);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_HTTP, CODE_LINK_LOST), 1);
}
END_TEST

/* --- failures
 * ----------------------------------------------------------------- */

START_TEST(failures_are_pages)
{
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET);
	clientrig_open_far(clientrig_far(&rig), CODE_SERVICE_REFUSED);
	clientrig_expect_page(&rig, 502, "service-refused");
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET);
	clientrig_far_reset(clientrig_far(&rig), CODE_LINK_LOST);
	clientrig_expect_page(&rig, 502, "link-lost");
	rig.no_conduit = true;
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET);
	clientrig_expect_page(&rig, 503, "too-many-streams");
	ck_assert_uint_eq(failures_count(rig.failures), 3);
}
END_TEST

/* A target that never closes holds no more than some conduits. */
START_TEST(conduits_that_do_not_end_are_reset)
{
	get();
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	ck_assert_uint_eq(rig.pool.parting, 1);
	ck_assert(!far->released);
	/* As if there were many: the next one does not wait. */
	rig.pool.parting = 64;
	clientrig_say(&rig, GET);
	clientrig_open_far(clientrig_far(&rig), CODE_OK);
	clientrig_far_say(clientrig_far(&rig), OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
	rig.pool.parting = 1;
}
END_TEST

/* --- clients that go away ----------------------------------------------- */

/* One turn of the loop after a reset nothing is left of the request. */
START_TEST(a_reset_ends_the_request)
{
	/* Nobody has answered there yet. */
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET);
	clientrig_break(&rig);
	loop_poll(rig.loop);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
	ck_assert_uint_eq(rig.pool.count, 0);
	/* A long poll. */
	get();
	clientrig_break(&rig);
	loop_poll(rig.loop);
	ck_assert(far->released);
	ck_assert_uint_eq(rig.pool.count, 0);
	/* A stream of events between two of them. */
	get();
	clientrig_far_say(far, "HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n");
	clientrig_break(&rig);
	loop_poll(rig.loop);
	ck_assert(far->released);
	ck_assert_uint_eq(rig.pool.count, 0);
	ck_assert_uint_eq(
	    clientrig_outcomes(&rig, DIALECT_HTTP, CODE_CANCELLED), 3);
}
END_TEST

/* No more requests, that is all that an end says. */
START_TEST(an_end_is_no_departure)
{
	get();
	clientrig_shut(&rig);
	clientrig_hurry(&rig);
	clientrig_settle(&rig);
	clientrig_far_expect_nothing(far);
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

/* The same, from a process that is there and from one that is not. */
START_TEST(leaving_is_told_from_an_end)
{
	static const struct gate_rules rules;
	struct gate *gate = gate_new(&rules);

	ck_assert_ptr_nonnull(gate);
	rig.pool.gate = gate;
	get();
	clientrig_shut(&rig);
	clientrig_hurry(&rig);
	clientrig_settle(&rig);
	clientrig_far_expect_nothing(far);
	clientrig_leave(&rig);
	clientrig_hurry(&rig);
	clientrig_far_expect_release(far, CODE_CANCELLED);
	get();
	clientrig_leave(&rig);
	clientrig_far_expect_release(far, CODE_CANCELLED);
	ck_assert_uint_eq(rig.pool.count, 0);
	/* It ended while the way was looked for, when nobody could tell. */
	rig.pool.gate = NULL;
	rig.way = CLIENTRIG_LATER;
	clientrig_connect(&rig, NULL);
	clientrig_say(&rig, GET);
	clientrig_leave(&rig);
	rig.pool.gate = gate;
	clientrig_arrive(&rig);
	clientrig_far_expect_release(clientrig_far(&rig), CODE_CANCELLED);
	rig.pool.gate = NULL;
	gate_free(gate);
}
END_TEST

/* What is read ahead to notice that has a limit, and is served then. */
START_TEST(requests_ahead_have_a_limit)
{
	static const char request_text[] = GET;
	size_t len = sizeof(request_text) - 1;
	size_t count = 2 * (size_t)CLIENT_IN_MAX / len;

	get();
	for (size_t i = 0; i < count; i++) {
		clientrig_say(&rig, GET);
	}
	ck_assert_int_eq(rig.reaches, 1);
	for (size_t i = 0; i < 5; i++) {
		clientrig_far_say(clientrig_far(&rig), OK_2);
		clientrig_expect_text(&rig, OK_2_KEPT);
		ck_assert_int_eq(rig.reaches, (int)i + 2);
	}
}
END_TEST

/* --- other protocols -------------------------------------------------------
 */

#define UPGRADE                                                                \
	"GET http://office/ws HTTP/1.1\r\nHost: office\r\n"                    \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCHED                                                               \
	"HTTP/1.1 101 Switching Protocols\r\n"                                 \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

START_TEST(upgrades_become_tunnels)
{
	/* Bytes of the other protocol may come before it is agreed. */
	request(UPGRADE "early");
	clientrig_far_expect(far,
	    "GET /ws HTTP/1.1\r\nHost: office\r\n"
	    "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	clientrig_far_say(far, SWITCHED "first");
	clientrig_expect_text(&rig, SWITCHED "first");
	clientrig_far_expect(far, "early");
	clientrig_say(&rig, "to");
	clientrig_far_expect(far, "to");
	clientrig_far_say(far, "from");
	clientrig_expect_text(&rig, "from");
	ck_assert_uint_eq(clientrig_outcomes(&rig, DIALECT_HTTP, CODE_OK), 1);
	clientrig_shut(&rig);
	clientrig_far_expect_fin(far);
	clientrig_far_say(far, "last");
	clientrig_far_fin(far);
	clientrig_expect_text(&rig, "last");
	clientrig_expect_end(&rig);
	clientrig_expect_clients(&rig, 0);
	ck_assert(far->released);
}
END_TEST

START_TEST(upgrades_that_are_declined_are_answers)
{
	request(UPGRADE);
	clientrig_far_say(far, OK_2);
	clientrig_expect_text(&rig, OK_2_KEPT);
	ck_assert_int_eq(clientrig_client(&rig)->state, CLIENT_HTTP);
}
END_TEST

START_TEST(tunnels_end_in_reset)
{
	request(UPGRADE);
	clientrig_far_say(far, SWITCHED);
	clientrig_expect_text(&rig, SWITCHED);
	clientrig_far_reset(far, CODE_TARGET_RESET);
	clientrig_expect_reset(&rig);
	clientrig_expect_clients(&rig, 0);
	request(UPGRADE);
	clientrig_far_say(far, SWITCHED);
	clientrig_expect_text(&rig, SWITCHED);
	clientrig_break(&rig);
	clientrig_far_expect_release(far, CODE_CANCELLED);
	clientrig_expect_clients(&rig, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("exchange");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_head_travels_with_the_opening);
	tcase_add_loop_test(tests, requests_pass_in_pieces, 0, COUNT(bodies));
	tcase_add_loop_test(
	    tests, a_request_cut_anywhere_is_a_reset, 0, COUNT(bodies));
	tcase_add_loop_test(
	    tests, broken_chunks_are_refused_with_the_reason, 0, COUNT(broken));
	tcase_add_test(tests, what_follows_a_body_is_a_request);
	tcase_add_test(tests, continue_is_passed);
	tcase_add_test(
	    tests, an_answer_instead_of_continue_ends_the_connection);
	tcase_add_test(tests, a_stalled_session_stalls_the_client);
	tcase_add_loop_test(
	    tests, responses_pass_in_pieces, 0, COUNT(responses));
	tcase_add_loop_test(tests, a_response_cut_anywhere_never_looks_whole, 0,
	    COUNT(responses));
	tcase_add_test(tests, head_has_no_body);
	tcase_add_test(tests, old_clients_are_closed);
	tcase_add_test(tests, nothing_is_held_back);
	tcase_add_test(tests, more_than_was_announced_is_not_passed);
	tcase_add_loop_test(tests, wrong_responses_are_an_error_of_the_target,
	    0, COUNT(wrong_heads));
	tcase_add_test(tests, a_response_head_has_a_limit);
	tcase_add_test(tests, a_slow_client_holds_the_window);
	tcase_add_test(tests, a_slow_client_gets_what_came_before_the_reset);
	tcase_add_test(tests, failures_are_pages);
	tcase_add_test(tests, conduits_that_do_not_end_are_reset);
	tcase_add_test(tests, a_reset_ends_the_request);
	tcase_add_test(tests, an_end_is_no_departure);
	tcase_add_test(tests, leaving_is_told_from_an_end);
	tcase_add_test(tests, requests_ahead_have_a_limit);
	tcase_add_test(tests, upgrades_become_tunnels);
	tcase_add_test(tests, upgrades_that_are_declined_are_answers);
	tcase_add_test(tests, tunnels_end_in_reset);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
