/* SPDX-License-Identifier: ISC */

#include "gateway/httpbody.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/heads.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void
init_chunked(struct httpbody *body)
{
	struct httphead head;

	httphead_init(&head, false);
	head.chunked = true;
	httpbody_init_request(body, &head);
}

/* Feed the len bytes at text in pieces of step; returns bytes taken. */
static size_t
feed_pieces(struct httpbody *body, const char *text, size_t len, size_t step,
    enum wire_result *result)
{
	size_t total = 0;

	*result = body->done ? WIRE_OK : WIRE_NEED_MORE;
	while (*result == WIRE_NEED_MORE && total < len) {
		size_t n = len - total < step ? len - total : step;
		uint8_t *piece = malloc(n);
		size_t used;

		ck_assert_ptr_nonnull(piece);
		memcpy(piece, text + total, n);
		*result = httpbody_feed(body, piece, n, &used);
		free(piece);
		ck_assert(*result != WIRE_NEED_MORE || used == n);
		total += used;
	}
	return total;
}

/*
 * Feed all of text to copies of start in pieces of every size, with the same
 * outcome each time; returns how much was taken.
 */
static size_t
feed(const struct httpbody *start, struct httpbody *body, const char *text,
    enum wire_result *result)
{
	size_t len = strlen(text);
	size_t whole;

	*body = *start;
	whole = feed_pieces(body, text, len, len > 0 ? len : 1, result);
	ck_assert_int_eq(body->done, *result == WIRE_OK);
	ck_assert_int_eq(body->reason != NULL, *result == WIRE_BAD);
	for (size_t step = 1; step < len; step++) {
		struct httpbody other = *start;
		enum wire_result got;

		ck_assert_uint_eq(
		    feed_pieces(&other, text, len, step, &got), whole);
		ck_assert_int_eq(got, *result);
		ck_assert_int_eq(other.done, body->done);
		ck_assert_ptr_eq(other.reason, body->reason);
	}
	return whole;
}

static const char *const chunked[] = {
	"0\r\n\r\n",
	"000\r\n\r\n",
	"5\r\nhello\r\n0\r\n\r\n",
	"5\r\n\r\n\r\n\r\r\n0\r\n\r\n",
	"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
	"0000000000000001\r\nx\r\n0000000000000000\r\n\r\n",
	"1;a\r\nx\r\n0;b=c;d=\"e;f\"\r\n\r\n",
	"1;\r\nx\r\n0;\t \xc3\xa4\r\n\r\n",
	"0\r\nA: b\r\nc:\r\n\r\n",
	"0\r\nContent-Lengthx: 1\r\nxhost: b\r\n\r\n",
	"0\r\nA-name-that-is-longer-than-all-that-are-looked-for: b\r\n\r\n",
};

START_TEST(chunked_bodies_end)
{
	struct httpbody start;
	struct httpbody body;
	enum wire_result result;
	char text[256];
	size_t len = strlen(chunked[_i]);

	init_chunked(&start);
	ck_assert_int_eq(start.kind, HTTPBODY_CHUNKED);
	memcpy(text, chunked[_i], len);
	/* What follows is not of the body, even if it looks like it. */
	memcpy(text + len, "0\r\n\r\n", 6);
	ck_assert_uint_eq(feed(&start, &body, text, &result), len);
	ck_assert_int_eq(result, WIRE_OK);
	/* Cut anywhere, it is not complete. */
	for (size_t cut = 0; cut < len; cut++) {
		body = start;
		ck_assert_uint_eq(
		    feed_pieces(&body, text, cut, len, &result), cut);
		ck_assert_int_eq(result, WIRE_NEED_MORE);
		ck_assert(!body.done);
	}
}
END_TEST

#define NO_SIZE "a chunk without a size"
#define NO_NUMBER "a chunk size that is not a number"
#define TOO_LARGE "a chunk size that is too large"
#define TOO_LONG "a chunk longer than its size"
#define BARE_CR "a CR without LF in the body"
#define NO_FIELD "a trailer that is not a field"
#define FOR_HEAD "a trailer that belongs into the head"

static const struct {
	const char *text;
	size_t used;
	const char *reason;
} broken[] = {
	{ "\r\n", 0, NO_SIZE },
	{ ";a\r\n", 0, NO_SIZE },
	{ " 5\r\n", 0, NO_SIZE },
	{ "-5\r\n", 0, NO_SIZE },
	{ "+5\r\n", 0, NO_SIZE },
	{ "x\r\n", 0, NO_SIZE },
	{ "5 \r\nhello", 1, NO_NUMBER },
	{ "5 ;a\r\nhello", 1, NO_NUMBER },
	{ "5\t\r\nhello", 1, NO_NUMBER },
	{ "0x5\r\nhello", 1, NO_NUMBER },
	{ "5_0\r\nhello", 1, NO_NUMBER },
	{ "5,0\r\nhello", 1, NO_NUMBER },
	{ "5\nhello", 1, NO_NUMBER },
	{ "5\rhello", 2, BARE_CR },
	{ "5\r\r\nhello", 2, BARE_CR },
	{ "8000000000000000\r\n", 15, TOO_LARGE },
	{ "ffffffffffffffff\r\n", 15, TOO_LARGE },
	{ "10000000000000000\r\n", 16, TOO_LARGE },
	{ "00000000000000005\r\n", 16, TOO_LARGE },
	{ "1\r\nxy\r\n0\r\n\r\n", 4, TOO_LONG },
	{ "1\r\nx\n0\r\n\r\n", 4, TOO_LONG },
	{ "1\r\nx0\r\n\r\n", 4, TOO_LONG },
	{ "1\r\nx\rx", 5, BARE_CR },
	{ "1\r\nx\r\n\r\n", 6, NO_SIZE },
	{ "1;a\nx\r\n0\r\n\r\n", 3,
	    "a control character in a chunk extension" },
	{ "1;a\x01\r\n", 3, "a control character in a chunk extension" },
	{ "1;a\rx", 4, BARE_CR },
	{ "0\r\n\n", 3, NO_FIELD },
	{ "0\r\n\rx", 4, BARE_CR },
	{ "0\r\nx\r\n\r\n", 4, NO_FIELD },
	{ "0\r\n: x\r\n\r\n", 3, NO_FIELD },
	{ "0\r\na : x\r\n\r\n", 4, NO_FIELD },
	{ "0\r\n a: x\r\n\r\n", 3, "a folded trailer" },
	{ "0\r\na: x\r\n\ty\r\n\r\n", 9, "a folded trailer" },
	{ "0\r\na: x\n\r\n", 7, "a control character in a trailer" },
	{ "0\r\na: x\x7f\r\n\r\n", 7, "a control character in a trailer" },
	{ "0\r\na: x\ry\r\n", 8, BARE_CR },
	{ "0\r\nContent-Length: 5\r\n\r\n", 17, FOR_HEAD },
	{ "0\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n", 26, FOR_HEAD },
	{ "0\r\nHOST: a\r\n\r\n", 7, FOR_HEAD },
};

START_TEST(broken_chunks_say_why)
{
	struct httpbody start;
	struct httpbody body;
	enum wire_result result;
	size_t used;

	init_chunked(&start);
	used = feed(&start, &body, broken[_i].text, &result);
	ck_assert_int_eq(result, WIRE_BAD);
	ck_assert_str_eq(body.reason, broken[_i].reason);
	ck_assert_uint_eq(used, broken[_i].used);
	/* And it stays broken. */
	ck_assert_int_eq(
	    httpbody_feed(&body, (const uint8_t *)"0\r\n\r\n", 5, &used),
	    WIRE_BAD);
	ck_assert_uint_eq(used, 0);
}
END_TEST

START_TEST(a_nul_in_framing)
{
	static const char text[] = "1;a\r\nx\r\n0\r\nb: c\r\n\r\n";
	struct httpbody body;
	char copy[sizeof(text)];
	size_t used;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		init_chunked(&body);
		/* Only content may be any byte. */
		ck_assert_int_eq(httpbody_feed(&body, (const uint8_t *)copy,
				     sizeof(text) - 1, &used),
		    text[i] == 'x' ? WIRE_OK : WIRE_BAD);
	}
}
END_TEST

START_TEST(the_largest_chunk)
{
	struct httpbody body;
	size_t used;
	enum wire_result result;

	init_chunked(&body);
	result = httpbody_feed(
	    &body, (const uint8_t *)"7fffffffffffffff\r\nxyz", 21, &used);
	ck_assert_int_eq(result, WIRE_NEED_MORE);
	ck_assert_uint_eq(used, 21);
	ck_assert_uint_eq(body.left, (uint64_t)INT64_MAX - 3);
}
END_TEST

/* Feed text, which may be NULL, and then count times c; the bytes taken. */
static size_t
feed_many(struct httpbody *body, const char *text, uint8_t c, size_t count)
{
	size_t used;
	size_t taken = 0;

	httpbody_feed(body, (const uint8_t *)text, strlen(text), &used);
	ck_assert_uint_eq(used, strlen(text));
	while (taken < count &&
	       httpbody_feed(body, &c, 1, &used) == WIRE_NEED_MORE) {
		taken++;
	}
	return taken;
}

START_TEST(extensions_have_a_limit_for_all_chunks)
{
	struct httpbody body;

	init_chunked(&body);
	ck_assert_uint_eq(feed_many(&body, "1;", 'a', 1000), 1000);
	ck_assert_uint_eq(
	    feed_many(&body, "\r\nx\r\n1;", 'a', HTTPBODY_EXTENSIONS_MAX),
	    HTTPBODY_EXTENSIONS_MAX - 1000);
	ck_assert_str_eq(body.reason, "chunk extensions above 16 KiB");
}
END_TEST

START_TEST(trailers_have_a_limit)
{
	struct httpbody body;

	init_chunked(&body);
	ck_assert_uint_eq(
	    feed_many(&body, "0\r\na:", 'b', HTTPBODY_TRAILERS_MAX),
	    HTTPBODY_TRAILERS_MAX - 2);
	ck_assert_str_eq(body.reason, "trailers above 8 KiB");
	init_chunked(&body);
	ck_assert_uint_eq(
	    feed_many(&body, "0\r\n", 'a', HTTPBODY_TRAILERS_MAX + 1),
	    HTTPBODY_TRAILERS_MAX);
	/* With four bytes left for the end, it fits. */
	init_chunked(&body);
	ck_assert_uint_eq(
	    feed_many(&body, "0\r\na:", 'b', HTTPBODY_TRAILERS_MAX - 6),
	    HTTPBODY_TRAILERS_MAX - 6);
	feed_many(&body, "\r\n\r\n", 0, 0);
	ck_assert(body.done);
}
END_TEST

START_TEST(lengths_are_counted)
{
	struct httpbody start;
	struct httpbody body;
	struct httphead head;
	enum wire_result result;

	heads_request(&head, "PUT / HTTP/1.0\r\nContent-Length: 10\r\n\r\n");
	httpbody_init_request(&start, &head);
	ck_assert_int_eq(start.kind, HTTPBODY_LENGTH);
	ck_assert_uint_eq(feed(&start, &body, "0123456789GET", &result), 10);
	ck_assert_int_eq(result, WIRE_OK);
	ck_assert_uint_eq(feed(&start, &body, "012345678", &result), 9);
	ck_assert_int_eq(result, WIRE_NEED_MORE);
}
END_TEST

static const struct {
	const char *text;
	enum httpbody_kind kind;
	bool done;
} requests[] = {
	{ "GET / HTTP/1.0\r\n\r\n", HTTPBODY_NONE, true },
	{ "POST http://a/ HTTP/1.1\r\n\r\n", HTTPBODY_NONE, true },
	{ "CONNECT a:1 HTTP/1.1\r\n\r\n", HTTPBODY_NONE, true },
	{ "GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", HTTPBODY_LENGTH,
	    true },
	{ "GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", HTTPBODY_LENGTH,
	    false },
	{ "POST http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    HTTPBODY_CHUNKED, false },
};

START_TEST(kinds_of_requests)
{
	struct httphead head;
	struct httpbody body;
	size_t used = 9;

	heads_request(&head, requests[_i].text);
	httpbody_init_request(&body, &head);
	ck_assert_int_eq(body.kind, requests[_i].kind);
	ck_assert_int_eq(body.done, requests[_i].done);
	ck_assert_int_eq(httpbody_feed(&body, NULL, 0, &used),
	    body.done ? WIRE_OK : WIRE_NEED_MORE);
	ck_assert_uint_eq(used, 0);
}
END_TEST

#define GET HTTPHEAD_METHOD_GET
#define HEAD HTTPHEAD_METHOD_HEAD
#define CONNECT HTTPHEAD_METHOD_CONNECT

static const struct {
	const char *text;
	enum httphead_method method;
	enum httpbody_kind kind;
} responses[] = {
	{ "HTTP/1.1 200 OK\r\n\r\n", GET, HTTPBODY_CLOSE },
	{ "HTTP/1.0 200 OK\r\n\r\n", GET, HTTPBODY_CLOSE },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", GET,
	    HTTPBODY_LENGTH },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", GET,
	    HTTPBODY_CHUNKED },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", HEAD, HTTPBODY_NONE },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HEAD,
	    HTTPBODY_NONE },
	{ "HTTP/1.1 404 No\r\n\r\n", HEAD, HTTPBODY_NONE },
	{ "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n", GET,
	    HTTPBODY_NONE },
	{ "HTTP/1.1 199 x\r\n\r\n", GET, HTTPBODY_NONE },
	{ "HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n", GET, HTTPBODY_NONE },
	{ "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", GET,
	    HTTPBODY_NONE },
	{ "HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", GET, HTTPBODY_NONE },
	{ "HTTP/1.1 205 x\r\nContent-Length: 3\r\n\r\n", GET, HTTPBODY_LENGTH },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", CONNECT,
	    HTTPBODY_NONE },
	{ "HTTP/1.1 299 OK\r\n\r\n", CONNECT, HTTPBODY_NONE },
	{ "HTTP/1.1 300 OK\r\nContent-Length: 3\r\n\r\n", CONNECT,
	    HTTPBODY_LENGTH },
	{ "HTTP/1.1 502 x\r\nContent-Length: 3\r\n\r\n", CONNECT,
	    HTTPBODY_LENGTH },
};

START_TEST(kinds_of_responses)
{
	struct httphead head;
	struct httpbody body;

	heads_response(&head, responses[_i].text);
	httpbody_init_response(&body, &head, responses[_i].method);
	ck_assert_int_eq(body.kind, responses[_i].kind);
	ck_assert_int_eq(body.done, responses[_i].kind == HTTPBODY_NONE);
}
END_TEST

START_TEST(until_close_never_ends)
{
	struct httphead head;
	struct httpbody start;
	struct httpbody body;
	enum wire_result result;

	heads_response(&head, "HTTP/1.1 200 OK\r\n\r\n");
	httpbody_init_response(&start, &head, HTTPHEAD_METHOD_GET);
	ck_assert_uint_eq(feed(&start, &body, "0\r\n\r\n", &result), 5);
	ck_assert_int_eq(result, WIRE_NEED_MORE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("httpbody");
	TCase *tcase = tcase_create("httpbody");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, chunked_bodies_end, 0, COUNT(chunked));
	tcase_add_loop_test(tcase, broken_chunks_say_why, 0, COUNT(broken));
	tcase_add_test(tcase, a_nul_in_framing);
	tcase_add_test(tcase, the_largest_chunk);
	tcase_add_test(tcase, extensions_have_a_limit_for_all_chunks);
	tcase_add_test(tcase, trailers_have_a_limit);
	tcase_add_test(tcase, lengths_are_counted);
	tcase_add_loop_test(tcase, kinds_of_requests, 0, COUNT(requests));
	tcase_add_loop_test(tcase, kinds_of_responses, 0, COUNT(responses));
	tcase_add_test(tcase, until_close_never_ends);
	return unit_main(suite);
}
