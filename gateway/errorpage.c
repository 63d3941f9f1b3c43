/* SPDX-License-Identifier: ISC */
#include "gateway/errorpage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/wire.h"
#include "gateway/httpchar.h"

/* The whole style of a page, and its SHA-256: the policy allows no other. */
#define STYLE                                                                  \
	"body{font:1rem/1.5 system-ui,sans-serif;margin:15vh auto;"            \
	"max-width:36rem;padding:0 1rem}small{opacity:.7}"
#define STYLE_HASH "JlVTjlYe1Paz9P9LGPr5IO6v7Rz3RsZFSyJLLFySWiE="

/* The longest that a byte of text becomes: &quot; */
#define ESCAPED_MAX 6

/* More than a page, or the head of an answer, without the text. */
#define FRAME_MAX 1024

#define BODY_MAX (FRAME_MAX + LIMITS_TEXT_LEN * ESCAPED_MAX)
#define HEAD_MAX (FRAME_MAX + LIMITS_TEXT_LEN * 2)

static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 414, "URI Too Long" },
	{ 421, "Misdirected Request" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 508, "Loop Detected" },
};

static const char *
phrase_of(unsigned status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].status == status) {
			return phrases[i].phrase;
		}
	}
	return "Error";
}

void
errorpage_init(struct errorpage *page, enum code code, const char *text)
{
	errorpage_init_errno(page, code, 0, text);
}

void
errorpage_init_errno(
    struct errorpage *page, enum code code, int error, const char *text)
{
	memset(page, 0, sizeof(*page));
	page->code = code;
	page->cause = codes_shown(code, error);
	page->status = codes_http(page->cause);
	/* Codes that should never reach a client have no status. */
	if (page->status == 0) {
		page->status = 500;
	}
	if (text == NULL || text[0] == '\0') {
		text = codes_summary(code);
	}
	(void)snprintf(page->text, sizeof(page->text), "%s", text);
}

void
errorpage_init_status(struct errorpage *page, unsigned status, const char *text)
{
	errorpage_init(page, CODE_BAD_REQUEST, text);
	page->status = status;
}

void
errorpage_init_bad(struct errorpage *page, const struct httphead *request)
{
	char text[LIMITS_TEXT_LEN];

	(void)snprintf(text, sizeof(text), "%s: %s",
	    codes_summary(CODE_BAD_REQUEST), request->reason);
	errorpage_init_status(page, request->error, text);
}

/* Return true when the media range of len bytes is text/html. */
static bool
is_html(const uint8_t *range, size_t len)
{
	const uint8_t *end = memchr(range, ';', len);

	len = end == NULL ? len : (size_t)(end - range);
	while (len > 0 && httpchar_is_blank(range[len - 1])) {
		len--;
	}
	return httpchar_is(range, len, "text/html");
}

/* Return true when an Accept field of request names text/html: a browser. */
static bool
wants_html(const struct httphead *request)
{
	const struct httphead_field *field =
	    httphead_find(request, HTTPHEAD_ACCEPT, NULL);
	const uint8_t *range;
	size_t at = 0;
	size_t len;

	while (field != NULL) {
		range = httpchar_next(httphead_at(request, field->value),
		    field->value.len, &at, &len);
		if (range == NULL) {
			field = httphead_find(request, HTTPHEAD_ACCEPT, field);
			at = 0;
		} else if (is_html(range, len)) {
			return true;
		}
	}
	return false;
}

void
errorpage_fit(struct errorpage *page, const struct httphead *request)
{
	page->html = wants_html(request);
	page->head = request->method == HTTPHEAD_METHOD_HEAD;
}

/* Append formatted text; cut when longer than a line of an answer can be. */
__attribute__((format(printf, 2, 3))) static void
put(struct wire_writer *writer, const char *format, ...)
{
	char line[FRAME_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	wire_put_bytes(writer, line, strlen(line));
}

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Append text, control characters as "?". */
static void
put_plain(struct wire_writer *writer, const char *text)
{
	for (; *text != '\0'; text++) {
		wire_put_u8(writer, is_control(*text) ? '?' : (uint8_t)*text);
	}
}

/* Append text as HTML; Latin-1 and broken UTF-8 cannot end a tag. */
static void
put_html(struct wire_writer *writer, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			put(writer, "&amp;");
			break;
		case '<':
			put(writer, "&lt;");
			break;
		case '>':
			put(writer, "&gt;");
			break;
		case '"':
			put(writer, "&quot;");
			break;
		case '\'':
			put(writer, "&#39;");
			break;
		default:
			wire_put_u8(
			    writer, is_control(*text) ? '?' : (uint8_t)*text);
			break;
		}
	}
}

/* Append text as the inside of an sf-string (RFC 8941 section 3.3.3). */
static void
put_sf_string(struct wire_writer *writer, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			wire_put_u8(writer, '\\');
		}
		wire_put_u8(
		    writer, is_control(*text) || (unsigned char)*text > 0x7e
				? '?'
				: (uint8_t)*text);
	}
}

static void
put_page(struct wire_writer *writer, const struct errorpage *page)
{
	const char *phrase = phrase_of(page->status);

	put(writer,
	    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n");
	put(writer, "<title>%u %s</title>\n<style>" STYLE "</style>\n",
	    page->status, phrase);
	put(writer, "<h1>%u %s</h1>\n<p>", page->status, phrase);
	put_html(writer, page->text);
	put(writer, "</p>\n<p><small>inroad: %s (%u)</small></p>\n</html>\n",
	    codes_slug(page->code), (unsigned)page->code);
}

static void
put_line(struct wire_writer *writer, const struct errorpage *page)
{
	put(writer, "inroad: %s: ", codes_slug(page->code));
	put_plain(writer, page->text);
	put(writer, "\n");
}

static void
put_proxy_status(struct wire_writer *writer, const struct errorpage *page)
{
	const char *error = codes_proxy_status(page->cause);

	put(writer, "Proxy-Status: inroad; ");
	if (error[0] != '\0') {
		put(writer, "error=%s; ", error);
	}
	put(writer, "details=\"%s: ", codes_slug(page->code));
	put_sf_string(writer, page->text);
	put(writer, "\"\r\n");
}

static void
put_head(
    struct wire_writer *writer, const struct errorpage *page, size_t body_len)
{
	put(writer, "HTTP/1.1 %u %s\r\n", page->status,
	    phrase_of(page->status));
	put_proxy_status(writer, page);
	put(writer, "Content-Type: text/%s; charset=utf-8\r\n",
	    page->html ? "html" : "plain");
	put(writer, "Content-Length: %zu\r\nCache-Control: no-store\r\n",
	    body_len);
	put(writer, "Content-Security-Policy: default-src 'none'; "
		    "style-src 'sha256-" STYLE_HASH "'; base-uri 'none'; "
		    "form-action 'none'; frame-ancestors 'none'\r\n"
		    "X-Content-Type-Options: nosniff\r\n");
	if (page->authenticate) {
		put(writer,
		    "%s-Authenticate: Basic realm=\"inroad\", "
		    "charset=\"UTF-8\"\r\n",
		    page->status == 407 ? "Proxy" : "WWW");
	}
	if (page->allow != NULL) {
		put(writer, "Allow: %s\r\n", page->allow);
	}
	if (page->retry_after > 0) {
		put(writer, "Retry-After: %u\r\n", page->retry_after);
	}
	put(writer, "Connection: %s\r\n\r\n",
	    page->keep_alive ? "keep-alive" : "close");
}

int
errorpage_write(const struct errorpage *page, struct buf *out)
{
	struct wire_writer body;
	struct wire_writer head;
	uint8_t bytes[BODY_MAX];
	size_t got = 0;
	uint8_t *space = buf_reserve(out, HEAD_MAX + BODY_MAX, &got);

	if (space == NULL) {
		return -1;
	}
	wire_write_to(&body, bytes, sizeof(bytes));
	if (page->html) {
		put_page(&body, page);
	} else {
		put_line(&body, page);
	}
	wire_write_to(&head, space, got);
	put_head(&head, page, wire_written(&body));
	if (!page->head) {
		wire_put_bytes(&head, bytes, wire_written(&body));
	}
	if (!wire_writer_ok(&body) || !wire_writer_ok(&head)) {
		return -1;
	}
	buf_commit(out, wire_written(&head));
	return 0;
}

int
errorpage_established(struct buf *out)
{
	static const char answer[] = "HTTP/1.1 200 Connection established\r\n"
				     "Proxy-Status: inroad\r\n\r\n";

	return buf_append(out, answer, sizeof(answer) - 1);
}
