/* SPDX-License-Identifier: ISC */

#include "gateway/errorpage.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "gateway/httpbody.h"
#include "tests/support/failalloc.h"
#include "tests/support/heads.h"
#include "tests/support/unit.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* An answer, parsed again. */
struct answer {
	char text[8192];
	struct httphead head;
	const char *body;
};

static void
parse(struct answer *answer, const struct buf *out, bool to_head)
{
	size_t len = 0;
	const uint8_t *data = buf_peek(out, &len);

	ck_assert_uint_lt(len, sizeof(answer->text));
	memcpy(answer->text, data, len);
	answer->text[len] = '\0';
	ck_assert_int_eq(
	    heads_parse(&answer->head, true, answer->text, len), WIRE_OK);
	answer->body = answer->text + answer->head.len;
	ck_assert(answer->head.has_length);
	ck_assert_uint_eq(
	    strlen(answer->body), to_head ? 0 : answer->head.length);
}

static void
write_page(struct answer *answer, const struct errorpage *page)
{
	struct buf *out = buf_new(65536);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(errorpage_write(page, out), 0);
	parse(answer, out, page->head);
	buf_free(out);
}

static void
assert_has(const struct answer *answer, const char *line)
{
	ck_assert_msg(strstr(answer->text, line) != NULL, "no \"%s\" in %s",
	    line, answer->text);
}

static void
assert_has_not(const struct answer *answer, const char *line)
{
	ck_assert_msg(strstr(answer->text, line) == NULL, "\"%s\" in %s", line,
	    answer->text);
}

/* The status has a phrase of its own. */
static void
assert_named(const struct answer *answer)
{
	const struct httphead *head = &answer->head;

	ck_assert(head->phrase.len != 5 ||
		  memcmp(httphead_at(head, head->phrase), "Error", 5) != 0);
}

START_TEST(an_answer_in_full)
{
	struct errorpage page;
	struct answer answer;

	errorpage_init(
	    &page, CODE_HOST_OFFLINE, "\"office\" is offline \\ away");
	write_page(&answer, &page);
	ck_assert_str_eq(answer.text,
	    "HTTP/1.1 503 Service Unavailable\r\n"
	    "Proxy-Status: inroad; error=destination_unavailable; "
	    "details=\"host-offline: \\\"office\\\" is offline \\\\ away\"\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: 49\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'; style-src "
	    "'sha256-JlVTjlYe1Paz9P9LGPr5IO6v7Rz3RsZFSyJLLFySWiE='; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n"
	    "\r\n"
	    "inroad: host-offline: \"office\" is offline \\ away\n");
}
END_TEST

START_TEST(a_page_in_full)
{
	struct errorpage page;
	struct answer answer;

	errorpage_init(&page, CODE_DENIED, NULL);
	page.html = true;
	page.keep_alive = true;
	write_page(&answer, &page);
	assert_has(&answer, "HTTP/1.1 403 Forbidden\r\n");
	assert_has(&answer, "\r\nContent-Type: text/html; charset=utf-8\r\n");
	assert_has(&answer, "\r\nConnection: keep-alive\r\n");
	ck_assert_str_eq(answer.body,
	    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>403 Forbidden</title>\n"
	    "<style>body{font:1rem/1.5 system-ui,sans-serif;margin:15vh auto;"
	    "max-width:36rem;padding:0 1rem}small{opacity:.7}</style>\n"
	    "<h1>403 Forbidden</h1>\n"
	    "<p>the policy of the host does not allow that target</p>\n"
	    "<p><small>inroad: denied (205)</small></p>\n</html>\n");
}
END_TEST

START_TEST(the_policy_allows_the_style)
{
	struct errorpage page;
	struct answer answer;
	unsigned char hash[crypto_hash_sha256_BYTES];
	char expected[80];
	char base64[sodium_base64_ENCODED_LEN(
	    sizeof(hash), sodium_base64_VARIANT_ORIGINAL)];
	const char *style;
	const char *end;

	errorpage_init(&page, CODE_DENIED, NULL);
	page.html = true;
	write_page(&answer, &page);
	style = strstr(answer.body, "<style>") + strlen("<style>");
	end = strstr(style, "</style>");
	crypto_hash_sha256(hash, (const unsigned char *)style,
	    (unsigned long long)(end - style));
	sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash),
	    sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(
	    expected, sizeof(expected), "style-src 'sha256-%s'", base64);
	assert_has(&answer, expected);
}
END_TEST

START_TEST(text_cannot_leave_its_place)
{
	static const char evil[] = "<script>\"x\"&'y'</p>\r\n\r\nSet-Cookie: a"
				   "\x01\x7f\x1b[0m\xc3\xa9";
	struct errorpage page;
	struct answer answer;

	errorpage_init(&page, CODE_HOST_UNKNOWN, evil);
	page.html = true;
	write_page(&answer, &page);
	assert_has(&answer,
	    "<p>&lt;script&gt;&quot;x&quot;&amp;&#39;y&#39;&lt;/p&gt;"
	    "????Set-Cookie: a???[0m\xc3\xa9</p>");
	assert_has(&answer,
	    "details=\"host-unknown: <script>\\\"x\\\"&'y'</p>????"
	    "Set-Cookie: a???[0m??\"\r\n");
	assert_has_not(&answer, "\nSet-Cookie");
	page.html = false;
	write_page(&answer, &page);
	ck_assert_str_eq(answer.body,
	    "inroad: host-unknown: <script>\"x\"&'y'</p>????Set-Cookie: a"
	    "???[0m\xc3\xa9\n");
}
END_TEST

START_TEST(the_longest_text_fits)
{
	struct errorpage page;
	struct answer answer;
	char text[1000];

	memset(text, '"', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	errorpage_init(&page, CODE_HOST_KEY_CHANGED, text);
	page.html = true;
	page.authenticate = true;
	page.retry_after = 4294967295u;
	page.status = 431;
	write_page(&answer, &page);
	ck_assert_uint_eq(strlen(page.text), LIMITS_TEXT_LEN - 1);
}
END_TEST

START_TEST(every_code_has_an_answer)
{
	static const enum code codes[] = {
#define CODE(number, name, slug, socks5, http, proxy_status, summary)          \
	CODE_##name,
#include "protocol/codes.def"
#undef CODE
	};
	char line[64];

	for (int i = 0; i < COUNT(codes); i++) {
		unsigned status = codes_http(codes[i]);
		struct errorpage page;
		struct answer answer;

		errorpage_init(&page, codes[i], "");
		ck_assert_str_eq(page.text, codes_summary(codes[i]));
		write_page(&answer, &page);
		ck_assert_uint_eq(
		    answer.head.status, status == 0 ? 500 : status);
		assert_named(&answer);
		(void)snprintf(line, sizeof(line),
		    "; details=\"%s: ", codes_slug(codes[i]));
		assert_has(&answer, line);
		assert_has_not(&answer, "error=;");
	}
}
END_TEST

START_TEST(statuses_of_their_own)
{
	static const unsigned statuses[] = { 400, 404, 405, 407, 408, 414, 421,
		431, 505 };

	for (int i = 0; i < COUNT(statuses); i++) {
		struct errorpage page;
		struct answer answer;

		errorpage_init_status(&page, statuses[i], "why");
		write_page(&answer, &page);
		ck_assert_uint_eq(answer.head.status, statuses[i]);
		assert_named(&answer);
		assert_has(&answer,
		    "error=http_request_error; details=\"bad-request: why\"");
	}
}
END_TEST

START_TEST(what_failed_directly_has_its_own_numbers)
{
	static const struct {
		int error;
		unsigned status;
		const char *token;
	} cases[] = {
		{ 0, 502, "error=dns_error; " },
		{ ECONNREFUSED, 502, "error=connection_refused; " },
		{ ETIMEDOUT, 504, "error=connection_timeout; " },
		{ ENETUNREACH, 502, "error=destination_ip_unroutable; " },
		{ EINVAL, 502, "error=destination_ip_unroutable; " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct errorpage page;
		struct answer answer;

		errorpage_init_errno(
		    &page, CODE_DIRECT_FAILED, cases[i].error, "why");
		write_page(&answer, &page);
		ck_assert_uint_eq(answer.head.status, cases[i].status);
		assert_has(&answer, cases[i].token);
		assert_has(&answer, "inroad: direct-failed: why");
	}
}
END_TEST

START_TEST(bad_heads_are_explained)
{
	static const char request[] = "GET / HTTP/1.1\r\nContent-Length: 1\r\n"
				      "Content-Length: 2\r\n\r\n";
	struct httphead head;
	struct errorpage page;
	struct answer answer;

	ck_assert_int_eq(
	    heads_parse(&head, false, request, sizeof(request) - 1), WIRE_BAD);
	errorpage_init_bad(&page, &head);
	write_page(&answer, &page);
	ck_assert_uint_eq(answer.head.status, 400);
	ck_assert_str_eq(answer.body,
	    "inroad: bad-request: not a valid proxy request: "
	    "two Content-Length fields\n");
}
END_TEST

static const struct {
	const char *accept;
	bool html;
} accepts[] = {
	{ "", false },
	{ "Accept: */*\r\n", false },
	{ "Accept: text/html\r\n", true },
	{ "Accept: application/xhtml+xml, TEXT/HTML;q=0.9\r\n", true },
	{ "Accept: application/json\r\nAccept: text/html\r\n", true },
	{ "Accept: text/plain, x/text/html\r\n", false },
	{ "Accept: text/plain,text/html ;q=1\r\n", true },
	{ "Accept: text/htmlx\r\n", false },
	{ "X-Accept: text/html\r\n", false },
};

START_TEST(browsers_get_pages)
{
	struct httphead head;
	struct errorpage page;
	char request[256];

	(void)snprintf(request, sizeof(request), "GET / HTTP/1.0\r\n%s\r\n",
	    accepts[_i].accept);
	heads_request(&head, request);
	errorpage_init(&page, CODE_DENIED, NULL);
	errorpage_fit(&page, &head);
	ck_assert_int_eq(page.html, accepts[_i].html);
	ck_assert(!page.head);
}
END_TEST

START_TEST(head_gets_no_body)
{
	struct httphead head;
	struct errorpage page;
	struct answer with;
	struct answer without;

	errorpage_init(&page, CODE_DENIED, NULL);
	write_page(&with, &page);
	heads_request(&head, "HEAD / HTTP/1.0\r\n\r\n");
	errorpage_fit(&page, &head);
	write_page(&without, &page);
	ck_assert_uint_eq(without.head.length, with.head.length);
	ck_assert_str_eq(without.body, "");
}
END_TEST

START_TEST(fields_on_demand)
{
	struct errorpage page;
	struct answer answer;

	errorpage_init(&page, CODE_LIMIT, NULL);
	write_page(&answer, &page);
	assert_has_not(&answer, "Retry-After");
	assert_has_not(&answer, "-Authenticate");
	page.retry_after = 8;
	page.authenticate = true;
	page.status = 407;
	write_page(&answer, &page);
	assert_has(&answer, "\r\nRetry-After: 8\r\n");
	assert_has(&answer, "\r\nProxy-Authenticate: Basic "
			    "realm=\"inroad\", charset=\"UTF-8\"\r\n");
	assert_has_not(&answer, "WWW-");
	page.status = 401;
	write_page(&answer, &page);
	assert_has(&answer, "\r\nWWW-Authenticate: Basic "
			    "realm=\"inroad\", charset=\"UTF-8\"\r\n");
	assert_has_not(&answer, "Proxy-Authenticate");
}
END_TEST

START_TEST(a_tunnel_is_announced)
{
	static const char expected[] = "HTTP/1.1 200 Connection established\r\n"
				       "Proxy-Status: inroad\r\n\r\n";
	struct buf *out = buf_new(1000);
	struct httphead head;
	struct httpbody body;
	size_t len = 0;
	const uint8_t *data;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(errorpage_established(out), 0);
	data = buf_peek(out, &len);
	ck_assert_uint_eq(len, sizeof(expected) - 1);
	ck_assert_mem_eq(data, expected, len);
	heads_response(&head, expected);
	httpbody_init_response(&body, &head, HTTPHEAD_METHOD_CONNECT);
	ck_assert(body.done);
	buf_free(out);
}
END_TEST

START_TEST(nothing_or_all)
{
	struct errorpage page;
	struct buf *small = buf_new(100);
	struct buf *out = buf_new(10000);

	ck_assert_ptr_nonnull(small);
	ck_assert_ptr_nonnull(out);
	errorpage_init(&page, CODE_DENIED, NULL);
	ck_assert_int_eq(errorpage_write(&page, small), -1);
	ck_assert_int_eq(buf_append(small, "1234567890", 10), 0);
	failalloc_after(1);
	ck_assert_int_eq(errorpage_write(&page, out), -1);
	failalloc_after(1);
	ck_assert_int_eq(errorpage_established(out), -1);
	failalloc_off();
	ck_assert(failalloc_hit());
	ck_assert_uint_eq(buf_len(small), 10);
	ck_assert_uint_eq(buf_len(out), 0);
	buf_free(small);
	buf_free(out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("errorpage");
	TCase *tcase = tcase_create("errorpage");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, an_answer_in_full);
	tcase_add_test(tcase, a_page_in_full);
	tcase_add_test(tcase, the_policy_allows_the_style);
	tcase_add_test(tcase, text_cannot_leave_its_place);
	tcase_add_test(tcase, the_longest_text_fits);
	tcase_add_test(tcase, every_code_has_an_answer);
	tcase_add_test(tcase, statuses_of_their_own);
	tcase_add_test(tcase, what_failed_directly_has_its_own_numbers);
	tcase_add_test(tcase, bad_heads_are_explained);
	tcase_add_loop_test(tcase, browsers_get_pages, 0, COUNT(accepts));
	tcase_add_test(tcase, head_gets_no_body);
	tcase_add_test(tcase, fields_on_demand);
	tcase_add_test(tcase, a_tunnel_is_announced);
	tcase_add_test(tcase, nothing_or_all);
	return unit_main(suite);
}
