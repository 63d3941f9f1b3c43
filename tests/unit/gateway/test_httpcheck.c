/* SPDX-License-Identifier: ISC */

#include "gateway/httpcheck.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/heads.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Parse a request to a host with these field lines. */
static enum wire_result
with_fields(struct httphead *head, const char *fields)
{
	static char text[4096];

	(void)snprintf(
	    text, sizeof(text), "POST http://a/ HTTP/1.1\r\n%s\r\n", fields);
	return heads_parse(head, false, text, strlen(text));
}

static const struct {
	const char *value;
	uint64_t length;
} lengths[] = {
	{ "0", 0 },
	{ "7", 7 },
	{ "007", 7 },
	{ "\t 42 \t", 42 },
	{ "9223372036854775807", INT64_MAX },
	{ "0000000000000000000000000000000000000000010", 10 },
};

START_TEST(lengths_that_are)
{
	char fields[128];
	struct httphead head;

	(void)snprintf(
	    fields, sizeof(fields), "content-LENGTH:%s\r\n", lengths[_i].value);
	ck_assert_int_eq(with_fields(&head, fields), WIRE_OK);
	ck_assert(head.has_length);
	ck_assert(!head.chunked);
	ck_assert_uint_eq(head.length, lengths[_i].length);
}
END_TEST

#define NO_NUMBER "a Content-Length that is not a number"
#define TOO_LARGE "a Content-Length that is too large"
#define NOT_CHUNKED "a Transfer-Encoding that is not \"chunked\""
#define BOTH "both Content-Length and Transfer-Encoding"
#define TWO_LENGTHS "two Content-Length fields"
#define TWO_ENCODINGS "two Transfer-Encoding fields"
#define FRAMING "a Connection field that names framing"

static const struct {
	const char *fields;
	const char *reason;
} conflicts[] = {
	{ "Content-Length:\r\n", "an empty Content-Length" },
	{ "Content-Length: +1\r\n", NO_NUMBER },
	{ "Content-Length: -1\r\n", NO_NUMBER },
	{ "Content-Length: 1 1\r\n", NO_NUMBER },
	{ "Content-Length: 1,1\r\n", NO_NUMBER },
	{ "Content-Length: 1, 2\r\n", NO_NUMBER },
	{ "Content-Length: 0x10\r\n", NO_NUMBER },
	{ "Content-Length: 1.0\r\n", NO_NUMBER },
	{ "Content-Length: 1e1\r\n", NO_NUMBER },
	{ "Content-Length: \"1\"\r\n", NO_NUMBER },
	{ "Content-Length: 1;\r\n", NO_NUMBER },
	{ "Content-Length: \xef\xbc\x91\r\n", NO_NUMBER },
	{ "Content-Length: 9223372036854775808\r\n", TOO_LARGE },
	{ "Content-Length: 18446744073709551616\r\n", TOO_LARGE },
	{ "Content-Length: 18446744073709551617\r\n", TOO_LARGE },
	{ "Content-Length: 99999999999999999999999\r\n", TOO_LARGE },
	{ "Content-Length: 1\r\nContent-Length: 2\r\n", TWO_LENGTHS },
	{ "Content-Length: 1\r\nContent-Length: 1\r\n", TWO_LENGTHS },
	{ "Content-Length: 1\r\nA: b\r\ncontent-length:\r\n", TWO_LENGTHS },
	{ "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", BOTH },
	{ "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", BOTH },
	{ "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", BOTH },
	{ "Transfer-Encoding: identity\r\nContent-Length: 1\r\n", BOTH },
	{ "Transfer-Encoding:\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: identity\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: gzip\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: gzip, chunked\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: chunked, gzip\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: chunked, chunked\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: chunked,\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: ,chunked\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: xchunked\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: chunkedx\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: chunked;q=1\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: \"chunked\"\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: chunke\r\n", NOT_CHUNKED },
	{ "Transfer-Encoding: \xa0"
	  "chunked\r\n",
	    NOT_CHUNKED },
	{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	    TWO_ENCODINGS },
	{ "Transfer-Encoding: chunked\r\nTransfer-encoding: identity\r\n",
	    TWO_ENCODINGS },
	{ "Transfer-Encoding:\r\nTransfer-encoding: chunked\r\n",
	    TWO_ENCODINGS },
	{ "Connection: content-length\r\nContent-Length: 1\r\n", FRAMING },
	{ "Connection: close, Transfer-Encoding\r\n", FRAMING },
	{ "Connection: close\r\nConnection: HOST\r\n", FRAMING },
	{ "Host: a\r\nHost: a\r\n", "two Host fields" },
	{ "Host:\r\nhost: a\r\n", "two Host fields" },
	{ "Host: a b\r\n", "a Host field that names no host" },
	{ "Host: a, b\r\n", "a Host field that names no host" },
	{ "Host: a:b\r\n", "a Host field that names no host" },
	{ "Host: u@a\r\n", "a Host field that names no host" },
	{ "Host: a/b\r\n", "a Host field that names no host" },
	{ "Host: http://a\r\n", "a Host field that names no host" },
};

START_TEST(conflicts_are_refused)
{
	struct httphead head;

	ck_assert_int_eq(with_fields(&head, conflicts[_i].fields), WIRE_BAD);
	ck_assert_str_eq(head.reason, conflicts[_i].reason);
	ck_assert_uint_eq(head.error, 400);
}
END_TEST

START_TEST(conflicts_in_responses)
{
	char text[512];
	struct httphead head;
	bool about_host = strstr(conflicts[_i].reason, "Host") != NULL;

	(void)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%s\r\n",
	    conflicts[_i].fields);
	/* Host means nothing in a response, and thus nothing wrong. */
	ck_assert_int_eq(heads_parse(&head, true, text, strlen(text)),
	    about_host ? WIRE_OK : WIRE_BAD);
	if (!about_host) {
		ck_assert_str_eq(head.reason, conflicts[_i].reason);
		ck_assert_uint_eq(head.error, 502);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *reason;
} whole[] = {
	{ "GET / HTTP/1.1\r\n\r\n", "no Host field" },
	{ "OPTIONS * HTTP/1.1\r\n\r\n", "no Host field" },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n",
	    "a Host field that names no host" },
	{ "GET / HTTP/1.0\r\nHost:\r\n\r\n",
	    "a Host field that names no host" },
	{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "Transfer-Encoding in HTTP/1.0" },
	{ "CONNECT a:1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
	    "a body in CONNECT" },
	{ "CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "a body in CONNECT" },
	{ "CONNECT a:1 HTTP/1.1\r\nHost: a b\r\n\r\n",
	    "a Host field that names no host" },
};

START_TEST(requests_in_conflict_with_their_line)
{
	struct httphead head;
	const char *text = whole[_i].text;

	ck_assert_int_eq(
	    heads_parse(&head, false, text, strlen(text)), WIRE_BAD);
	ck_assert_str_eq(head.reason, whole[_i].reason);
}
END_TEST

static const struct {
	const char *fields;
	bool close;
	bool keep_alive;
	bool upgrade;
} connections[] = {
	{ "", false, false, false },
	{ "Connection: close\r\n", true, false, false },
	{ "Connection: Keep-Alive\r\n", false, true, false },
	{ "Connection: keep-alive\r\nConnection: CLOSE\r\n", true, true,
	    false },
	{ "Connection: closed, xclose\r\n", false, false, false },
	{ "Connection: close upgrade\r\nUpgrade: x\r\n", false, false, false },
	{ "Connection: upgrade\r\n", false, false, false },
	{ "Upgrade: websocket\r\n", false, false, false },
	{ "Connection: x, Upgrade\r\nUpgrade: websocket\r\n", false, false,
	    true },
	{ "Proxy-Connection: close\r\n", false, false, false },
};

START_TEST(connection_options)
{
	struct httphead head;

	ck_assert_int_eq(with_fields(&head, connections[_i].fields), WIRE_OK);
	ck_assert_int_eq(head.close, connections[_i].close);
	ck_assert_int_eq(head.keep_alive, connections[_i].keep_alive);
	ck_assert_int_eq(head.upgrade, connections[_i].upgrade);
}
END_TEST

START_TEST(no_upgrade_in_http10)
{
	struct httphead head;

	heads_request(&head,
	    "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
	ck_assert(!head.upgrade);
}
END_TEST

START_TEST(options_have_a_limit)
{
	struct httphead head;
	char fields[256] = "Connection: a";

	for (int i = 1; i < HTTPHEAD_OPTIONS_MAX; i++) {
		strncat(fields, ",a", 3);
	}
	strncat(fields, "\r\n", 3);
	ck_assert_int_eq(with_fields(&head, fields), WIRE_OK);
	strncat(fields, "Connection: close\r\n", 20);
	ck_assert_int_eq(with_fields(&head, fields), WIRE_BAD);
	ck_assert_str_eq(head.reason, "more than 32 Connection options");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("httpcheck");
	TCase *tcase = tcase_create("httpcheck");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, lengths_that_are, 0, COUNT(lengths));
	tcase_add_loop_test(tcase, conflicts_are_refused, 0, COUNT(conflicts));
	tcase_add_loop_test(tcase, conflicts_in_responses, 0, COUNT(conflicts));
	tcase_add_loop_test(
	    tcase, requests_in_conflict_with_their_line, 0, COUNT(whole));
	tcase_add_loop_test(tcase, connection_options, 0, COUNT(connections));
	tcase_add_test(tcase, no_upgrade_in_http10);
	tcase_add_test(tcase, options_have_a_limit);
	return unit_main(suite);
}
