/* SPDX-License-Identifier: ISC */

#include "gateway/httphead.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/heads.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void
assert_span(
    const struct httphead *head, struct httphead_span span, const char *text)
{
	ck_assert_uint_eq(span.len, strlen(text));
	ck_assert_mem_eq(httphead_at(head, span), text, span.len);
}

static void
assert_target(const struct httphead *head, const char *formatted)
{
	char text[PROXYTARGET_TEXT_LEN];

	ck_assert(head->has_target);
	ck_assert_str_eq(proxytarget_format(&head->target, text), formatted);
}

START_TEST(absolute_form)
{
	struct httphead head;

	heads_request(&head, "POST http://Office:8080/a?b HTTP/1.1\r\n"
			     "Host: elsewhere\r\n"
			     "X-Empty:\r\n"
			     "Accept: \t text/html, */*\t \r\n"
			     "Content-Length: 12\r\n"
			     "\r\n");
	ck_assert_int_eq(head.form, HTTPHEAD_FORM_ABSOLUTE);
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_OTHER);
	ck_assert_uint_eq(head.minor, 1);
	assert_span(&head, head.method_text, "POST");
	assert_span(&head, head.authority, "Office:8080");
	assert_span(&head, head.path, "/a?b");
	assert_target(&head, "office:8080");
	ck_assert_uint_eq(head.field_count, 4);
	assert_span(&head, head.fields[1].name, "X-Empty");
	assert_span(&head, head.fields[1].value, "");
	ck_assert_int_eq(head.fields[1].id, HTTPHEAD_UNKNOWN);
	assert_span(&head, head.fields[2].value, "text/html, */*");
	ck_assert_int_eq(head.fields[2].id, HTTPHEAD_ACCEPT);
	ck_assert(head.has_length);
	ck_assert_uint_eq(head.length, 12);
}
END_TEST

START_TEST(origin_form)
{
	struct httphead head;

	heads_request(&head, "GET //x?http://y/ HTTP/1.1\r\nhOST: "
			     "Web.Office.localhost:1080\r\n\r\n");
	ck_assert_int_eq(head.form, HTTPHEAD_FORM_ORIGIN);
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_GET);
	assert_span(&head, head.path, "//x?http://y/");
	assert_span(&head, head.authority, "Web.Office.localhost:1080");
	assert_target(&head, "web.office.localhost:1080");
	heads_request(&head, "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n");
	assert_target(&head, "[::1]:80");
	heads_request(&head, "HEAD / HTTP/1.0\r\n\r\n");
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_HEAD);
	ck_assert_uint_eq(head.minor, 0);
	ck_assert(!head.has_target);
	heads_request(&head, "GET /m\xc3\xbc?|\"{} HTTP/1.0\r\n\r\n");
	assert_span(&head, head.path, "/m\xc3\xbc?|\"{}");
}
END_TEST

START_TEST(authority_form)
{
	struct httphead head;

	heads_request(&head, "CONNECT Office:22 HTTP/1.0\r\n\r\n");
	ck_assert_int_eq(head.form, HTTPHEAD_FORM_AUTHORITY);
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_CONNECT);
	assert_target(&head, "office:22");
	heads_request(&head,
	    "CONNECT [fd00::1]:443 HTTP/1.1\r\nHost: [fd00::1]:443\r\n"
	    "Content-Length: 0\r\n\r\n");
	assert_target(&head, "[fd00::1]:443");
	/* The target says where to go; an empty Host takes nothing away. */
	heads_request(&head, "CONNECT a:1 HTTP/1.1\r\nHost:\r\n\r\n");
	assert_target(&head, "a:1");
	heads_request(&head, "CONNECT a:1 HTTP/1.1\r\n\r\n");
	assert_target(&head, "a:1");
}
END_TEST

START_TEST(asterisk_form)
{
	struct httphead head;

	heads_request(&head, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_int_eq(head.form, HTTPHEAD_FORM_ASTERISK);
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_OPTIONS);
	assert_target(&head, "a:80");
}
END_TEST

START_TEST(one_empty_line_before_a_request)
{
	struct httphead head;

	heads_request(&head, "\r\nGET / HTTP/1.0\r\n\r\n");
	assert_span(&head, head.method_text, "GET");
}
END_TEST

START_TEST(methods_have_case)
{
	struct httphead head;

	heads_request(&head, "get / HTTP/1.0\r\n\r\n");
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_OTHER);
	heads_request(&head, "!#$%&'*+-.^_`|~ / HTTP/1.0\r\n\r\n");
	ck_assert_int_eq(head.method, HTTPHEAD_METHOD_OTHER);
}
END_TEST

START_TEST(responses)
{
	struct httphead head;

	heads_response(&head,
	    "HTTP/1.1 200 OK then\r\nTransfer-Encoding: Chunked\r\n"
	    "Connection: Close\r\n\r\n");
	ck_assert_uint_eq(head.status, 200);
	assert_span(&head, head.phrase, "OK then");
	ck_assert(head.chunked);
	ck_assert(head.close);
	heads_response(&head, "HTTP/1.0 404 \r\n\r\n");
	ck_assert_uint_eq(head.status, 404);
	ck_assert_uint_eq(head.minor, 0);
	assert_span(&head, head.phrase, "");
	heads_response(&head, "HTTP/1.1 999\r\nHost: a\r\nHost: b\r\n\r\n");
	ck_assert_uint_eq(head.status, 999);
	assert_span(&head, head.phrase, "");
}
END_TEST

static const struct {
	const char *text;
	unsigned error;
	const char *reason;
} bad_requests[] = {
	{ "\r\n\r\nGET / HTTP/1.0\r\n\r\n", 400,
	    "a request line without three parts" },
	{ "\nGET / HTTP/1.0\r\n\r\n", 400, "an LF without CR" },
	{ "GET / HTTP/1.0\n\n", 400, "an LF without CR" },
	{ "GET / HTTP/1.0\r\r\n\r\n", 400, "a CR without LF" },
	{ "GET /\rX HTTP/1.0\r\n\r\n", 400, "a CR without LF" },
	{ "GET / HTTP/1.0\r\nA: b\nC: d\r\n\r\n", 400, "an LF without CR" },
	{ "GET / HTTP/1.0\r\nA: b\rC: d\r\n\r\n", 400, "a CR without LF" },
	{ "GET / HTTP/1.0\r\nA: b\r\n\rX", 400, "a CR without LF" },
	{ "GET / HTTP/1.0\r\nA: b\r\n\n", 400, "an LF without CR" },
	{ "GET / HTTP/1.0\r\nA: b\x01\r\n\r\n", 400, "a control character" },
	{ "GET / HTTP/1.0\r\nA: b\x7f\r\n\r\n", 400, "a control character" },
	{ "GET / HTTP/1.0\r\nA: \x0b\r\n\r\n", 400, "a control character" },
	/* The request line. */
	{ "GET /\r\n\r\n", 400, "a request line without three parts" },
	{ "GET\r\n\r\n", 400, "a request line without three parts" },
	{ "GET  / HTTP/1.0\r\n\r\n", 400,
	    "more than two spaces in the first line" },
	{ "GET /  HTTP/1.0\r\n\r\n", 400,
	    "more than two spaces in the first line" },
	{ "GET /a b HTTP/1.0\r\n\r\n", 400,
	    "more than two spaces in the first line" },
	{ "GET / HTTP/1.0 \r\n\r\n", 400,
	    "more than two spaces in the first line" },
	{ " GET / HTTP/1.0\r\n\r\n", 400,
	    "more than two spaces in the first line" },
	{ " / HTTP/1.0\r\n\r\n", 400, "no method" },
	{ "GET\t/\tHTTP/1.0\r\n\r\n", 400,
	    "a request line without three parts" },
	{ "GET\t/ HTTP/1.0\r\n\r\n", 400,
	    "a request line without three parts" },
	{ "G\tT / HTTP/1.0\r\n\r\n", 400, "not a method" },
	{ "G(T / HTTP/1.0\r\n\r\n", 400, "not a method" },
	{ "G\xc3\xa4T / HTTP/1.0\r\n\r\n", 400, "not a method" },
	{ "GET /\tx HTTP/1.0\r\n\r\n", 400,
	    "a character in the target that may not be there" },
	{ "GET  HTTP/1.0\r\n\r\n", 400, "no target" },
	{ "GET / HTTP/1.2\r\n\r\n", 505,
	    "a version that is not HTTP/1.0 or 1.1" },
	{ "GET / HTTP/2.0\r\n\r\n", 505,
	    "a version that is not HTTP/1.0 or 1.1" },
	{ "GET / HTTP/0.9\r\n\r\n", 505,
	    "a version that is not HTTP/1.0 or 1.1" },
	{ "GET / HTTP/1.10\r\n\r\n", 400, "not an HTTP version" },
	{ "GET / HTTP/1\r\n\r\n", 400, "not an HTTP version" },
	{ "GET / HTTP/1,1\r\n\r\n", 400, "not an HTTP version" },
	{ "GET / HTTP/a.1\r\n\r\n", 400, "not an HTTP version" },
	{ "GET / HTTP/1.:\r\n\r\n", 400, "not an HTTP version" },
	{ "GET / http/1.1\r\n\r\n", 400, "not an HTTP version" },
	{ "GET / ICAP/1.0\r\n\r\n", 400, "not an HTTP version" },
	/* Forms of targets. */
	{ "CONNECT / HTTP/1.0\r\n\r\n", 400, "no port in the target" },
	{ "CONNECT office HTTP/1.0\r\n\r\n", 400, "no port in the target" },
	{ "CONNECT http://office:80/ HTTP/1.0\r\n\r\n", 400, "not a port" },
	{ "CONNECT u@office:80 HTTP/1.0\r\n\r\n", 400,
	    "a user name in the target" },
	{ "connect office:80 HTTP/1.0\r\n\r\n", 400,
	    "a target that is neither a path nor http://" },
	{ "GET office:80 HTTP/1.0\r\n\r\n", 400,
	    "a target that is neither a path nor http://" },
	{ "GET * HTTP/1.0\r\n\r\n", 400,
	    "a target that is neither a path nor http://" },
	{ "OPTIONS *x HTTP/1.0\r\n\r\n", 400,
	    "a target that is neither a path nor http://" },
	{ "GET https://office/ HTTP/1.0\r\n\r\n", 400,
	    "an https:// target, which needs CONNECT" },
	{ "GET http://u:p@office/ HTTP/1.0\r\n\r\n", 400,
	    "a user name in the target" },
	{ "GET /#x HTTP/1.0\r\n\r\n", 400, "a fragment in the target" },
	/* Field lines. */
	{ "GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n", 400, "a folded field" },
	{ "GET / HTTP/1.0\r\nA: b\r\n\tc\r\n\r\n", 400, "a folded field" },
	{ "GET / HTTP/1.0\r\n A: b\r\n\r\n", 400, "a folded field" },
	{ "GET / HTTP/1.0\r\n \r\n\r\n", 400, "a folded field" },
	{ "GET / HTTP/1.0\r\nA : b\r\n\r\n", 400, "a space before the colon" },
	{ "GET / HTTP/1.0\r\nA\t: b\r\n\r\n", 400, "a space before the colon" },
	{ "GET / HTTP/1.0\r\n: b\r\n\r\n", 400, "an empty field name" },
	{ "GET / HTTP/1.0\r\nAb\r\n\r\n", 400, "a field without a colon" },
	{ "GET / HTTP/1.0\r\nA b: c\r\n\r\n", 400, "not a field name" },
	{ "GET / HTTP/1.0\r\nA\"b: c\r\n\r\n", 400, "not a field name" },
	{ "GET / HTTP/1.0\r\nA\xc3\xa4: c\r\n\r\n", 400, "not a field name" },
	{ "GET / HTTP/1.0\r\nA(b): c\r\n\r\n", 400, "not a field name" },
};

START_TEST(bad_requests_say_why)
{
	struct httphead head;
	const char *text = bad_requests[_i].text;

	ck_assert_int_eq(
	    heads_parse(&head, false, text, strlen(text)), WIRE_BAD);
	ck_assert_str_eq(head.reason, bad_requests[_i].reason);
	ck_assert_uint_eq(head.error, bad_requests[_i].error);
}
END_TEST

static const struct {
	const char *text;
	const char *reason;
} bad_responses[] = {
	{ "\r\nHTTP/1.1 200 OK\r\n\r\n", "not a status line" },
	{ "HTTP/1.1 20\r\n\r\n", "not a status line" },
	{ "HTTP/1.1  200 OK\r\n\r\n", "not a status line" },
	{ "HTTP/1.1 2000\r\n\r\n", "not a status line" },
	{ "HTTP/1.1 200\tOK\r\n\r\n", "not a status line" },
	{ "HTTP/1.1 2x0 OK\r\n\r\n", "not a status" },
	{ "HTTP/1.1 099 OK\r\n\r\n", "not a status" },
	{ "HTTP/2.0 200 OK\r\n\r\n", "a version that is not HTTP/1.0 or 1.1" },
	{ "http/1.1 200 OK\r\n\r\n", "not an HTTP version" },
	{ "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "not a status line" },
	{ "ICY 200 OK and more\r\n\r\n", "not a status line" },
	{ "HTTP/1.1 200 O\x01K\r\n\r\n", "a control character" },
	{ "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "a folded field" },
	{ "HTTP/1.1 200 OK\nA: b\n\n", "an LF without CR" },
	{ "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n",
	    "a space before the colon" },
	{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "Transfer-Encoding in HTTP/1.0" },
};

START_TEST(bad_responses_say_why)
{
	struct httphead head;
	const char *text = bad_responses[_i].text;

	ck_assert_int_eq(
	    heads_parse(&head, true, text, strlen(text)), WIRE_BAD);
	ck_assert_str_eq(head.reason, bad_responses[_i].reason);
	ck_assert_uint_eq(head.error, 502);
}
END_TEST

START_TEST(a_nul_is_seen_anywhere)
{
	static const char text[] = "GET / HTTP/1.0\r\nA: b\r\n\r\n";
	char copy[sizeof(text)];
	struct httphead head;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		ck_assert_int_eq(
		    heads_parse(&head, false, copy, sizeof(text) - 1),
		    WIRE_BAD);
		/* After a CR it is the CR that is wrong. */
		ck_assert_str_eq(head.reason, i > 0 && text[i - 1] == '\r'
						  ? "a CR without LF"
						  : "a NUL byte");
	}
}
END_TEST

/* Write a request whose first line, with CRLF, has len bytes; returns its end.
 */
static char *
first_line(char *out, size_t len)
{
	memcpy(out, "GET /", 5);
	memset(out + 5, 'x', len - 5 - 11);
	memcpy(out + len - 11, " HTTP/1.0\r\n", 11);
	return out + len;
}

static char *
big(void)
{
	char *text = malloc((size_t)HTTPHEAD_MAX * 2);

	ck_assert_ptr_nonnull(text);
	return text;
}

START_TEST(the_first_line_has_a_limit)
{
	char *text = big();
	struct httphead head;

	for (size_t over = 0; over < 2; over++) {
		size_t len = HTTPHEAD_LINE_MAX + over;

		memcpy(first_line(text, len), "\r\n", 2);
		ck_assert_int_eq(heads_parse(&head, false, text, len + 2),
		    over == 0 ? WIRE_OK : WIRE_BAD);
	}
	ck_assert_uint_eq(head.error, 414);
	/* Said as soon as it is known, not when the line ends. */
	httphead_init(&head, false);
	ck_assert_int_eq(
	    httphead_parse(&head, (uint8_t *)text, HTTPHEAD_LINE_MAX),
	    WIRE_NEED_MORE);
	ck_assert_int_eq(
	    httphead_parse(&head, (uint8_t *)text, HTTPHEAD_LINE_MAX + 1),
	    WIRE_BAD);
	free(text);
}
END_TEST

START_TEST(the_head_has_a_limit)
{
	char *text = big();
	struct httphead head;

	for (size_t over = 0; over < 2; over++) {
		char *end = first_line(text, HTTPHEAD_LINE_MAX);
		size_t len = HTTPHEAD_MAX - HTTPHEAD_LINE_MAX - 4 + over;

		memset(end, 'v', len);
		memcpy(end, "A:", 2);
		memcpy(end + len, "\r\n\r\n", 4);
		ck_assert_int_eq(
		    heads_parse(&head, false, text, HTTPHEAD_MAX + over),
		    over == 0 ? WIRE_OK : WIRE_BAD);
	}
	ck_assert_uint_eq(head.error, 431);
	ck_assert_str_eq(head.reason, "a head above 32 KiB");
	free(text);
}
END_TEST

START_TEST(fields_have_a_limit)
{
	char *text = big();
	struct httphead head;

	for (size_t over = 0; over < 2; over++) {
		char *end = first_line(text, 20);

		for (size_t i = 0; i < HTTPHEAD_FIELDS_MAX + over; i++) {
			memcpy(end, "a:b\r\n", 5);
			end += 5;
		}
		memcpy(end, "\r\n", 2);
		ck_assert_int_eq(
		    heads_parse(&head, false, text, (size_t)(end + 2 - text)),
		    over == 0 ? WIRE_OK : WIRE_BAD);
		ck_assert_uint_eq(head.field_count, HTTPHEAD_FIELDS_MAX);
	}
	ck_assert_uint_eq(head.error, 431);
	ck_assert_str_eq(head.reason, "more than 128 fields");
	free(text);
}
END_TEST

START_TEST(the_answer_stays)
{
	static const char good[] =
	    "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n";
	static const char bad[] = "GET / HTTP/1.0\n\r\n";
	struct httphead head;

	httphead_init(&head, false);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(httphead_parse(&head, (const uint8_t *)good,
				     sizeof(good) - 1),
		    WIRE_OK);
		ck_assert_uint_eq(head.len, 18);
	}
	httphead_init(&head, false);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(httphead_parse(&head, (const uint8_t *)bad,
				     sizeof(bad) - 1),
		    WIRE_BAD);
	}
}
END_TEST

START_TEST(fields_are_found_in_order)
{
	struct httphead head;
	const struct httphead_field *field;

	heads_request(
	    &head, "GET / HTTP/1.0\r\nVIA: 1\r\nX: y\r\nvia: 2\r\n\r\n");
	field = httphead_find(&head, HTTPHEAD_VIA, NULL);
	assert_span(&head, field->value, "1");
	field = httphead_find(&head, HTTPHEAD_VIA, field);
	assert_span(&head, field->value, "2");
	ck_assert_ptr_null(httphead_find(&head, HTTPHEAD_VIA, field));
	ck_assert_ptr_null(httphead_find(&head, HTTPHEAD_TE, NULL));
}
END_TEST

START_TEST(options_of_all_connection_fields)
{
	struct httphead head;
	struct httphead_cursor cursor = { NULL, 0 };
	char joined[32] = "";
	const uint8_t *option;
	size_t len;

	heads_request(&head,
	    "GET / HTTP/1.0\r\nConnection:\r\nConnection: a, b,\r\nA: x\r\n"
	    "Connection: ,\r\nconnection: c\r\n\r\n");
	for (;;) {
		option = httphead_next_option(&head, &cursor, &len);
		if (option == NULL) {
			break;
		}
		ck_assert_uint_eq(len, 1);
		strncat(joined, (const char *)option, len);
	}
	ck_assert_str_eq(joined, "abc");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("httphead");
	TCase *tcase = tcase_create("httphead");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, absolute_form);
	tcase_add_test(tcase, origin_form);
	tcase_add_test(tcase, authority_form);
	tcase_add_test(tcase, asterisk_form);
	tcase_add_test(tcase, one_empty_line_before_a_request);
	tcase_add_test(tcase, methods_have_case);
	tcase_add_test(tcase, responses);
	tcase_add_loop_test(
	    tcase, bad_requests_say_why, 0, COUNT(bad_requests));
	tcase_add_loop_test(
	    tcase, bad_responses_say_why, 0, COUNT(bad_responses));
	tcase_add_test(tcase, a_nul_is_seen_anywhere);
	tcase_add_test(tcase, the_first_line_has_a_limit);
	tcase_add_test(tcase, the_head_has_a_limit);
	tcase_add_test(tcase, fields_have_a_limit);
	tcase_add_test(tcase, the_answer_stays);
	tcase_add_test(tcase, fields_are_found_in_order);
	tcase_add_test(tcase, options_of_all_connection_fields);
	return unit_main(suite);
}
