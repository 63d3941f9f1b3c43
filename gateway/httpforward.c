/* SPDX-License-Identifier: ISC */
#include "gateway/httpforward.h"

#include <stdio.h>
#include <string.h>

#include "common/wire.h"
#include "gateway/httpchar.h"

/*
 * More than what is ever added to a head but for the caller's texts: a space
 * behind each colon, and lines of our own.
 */
#define ADDED_MAX (HTTPHEAD_FIELDS_MAX + 128)

static void
put_text(struct wire_writer *writer, const char *text)
{
	wire_put_bytes(writer, text, strlen(text));
}

static void
put_span(struct wire_writer *writer, const struct httphead *head,
    struct httphead_span span)
{
	wire_put_bytes(writer, httphead_at(head, span), span.len);
}

/* Reserve len bytes of out for writer; returns 0 or -1. */
static int
begin(struct wire_writer *writer, struct buf *out, size_t len)
{
	size_t got = 0;
	uint8_t *space = buf_reserve(out, len, &got);

	if (space == NULL || got < len) {
		return -1;
	}
	wire_write_to(writer, space, len);
	return 0;
}

/* Queue what writer holds, unless something did not fit; returns 0 or -1. */
static int
end(const struct wire_writer *writer, struct buf *out)
{
	if (!wire_writer_ok(writer)) {
		return -1;
	}
	buf_commit(out, wire_written(writer));
	return 0;
}

void
httpforward_begin(
    struct httpforward_exchange *exchange, const struct httphead *request)
{
	exchange->method = request->method;
	exchange->http10 = request->minor == 0;
	/*
	 * HTTP/1.0 clients are never kept: a proxy before us that does not know
	 * the field may have passed their keep-alive on (RFC 9112 9.3).
	 */
	exchange->keep_alive = request->minor > 0 && !request->close;
	exchange->upgrade = request->upgrade;
}

static bool
is_named(const struct httphead *head, const struct httphead_field *field)
{
	const uint8_t *name = httphead_at(head, field->name);
	struct httphead_cursor cursor = { NULL, 0 };
	const uint8_t *option;
	size_t len;

	do {
		option = httphead_next_option(head, &cursor, &len);
		if (option != NULL &&
		    httpchar_same(option, len, name, field->name.len)) {
			return true;
		}
	} while (option != NULL);
	return false;
}

/* Return true for a field that goes further than the next hop. */
static bool
passes(const struct httphead *head, const struct httphead_field *field)
{
	switch (field->id) {
	case HTTPHEAD_CONNECTION:
	case HTTPHEAD_KEEP_ALIVE:
	case HTTPHEAD_PROXY_AUTHENTICATE:
	case HTTPHEAD_PROXY_AUTHORIZATION:
	case HTTPHEAD_PROXY_CONNECTION:
	case HTTPHEAD_TE:
	case HTTPHEAD_UPGRADE:
		return false;
	case HTTPHEAD_UNKNOWN:
	case HTTPHEAD_ACCEPT:
	case HTTPHEAD_AUTHORIZATION:
	case HTTPHEAD_CONTENT_LENGTH:
	case HTTPHEAD_EXPECT:
	case HTTPHEAD_HOST:
	case HTTPHEAD_MAX_FORWARDS:
	case HTTPHEAD_ORIGIN:
	case HTTPHEAD_SEC_FETCH_DEST:
	case HTTPHEAD_SEC_FETCH_MODE:
	case HTTPHEAD_SEC_FETCH_SITE:
	case HTTPHEAD_TRAILER:
	case HTTPHEAD_TRANSFER_ENCODING:
	case HTTPHEAD_VIA:
		break;
	}
	return !is_named(head, field);
}

static void
put_field(struct wire_writer *writer, const struct httphead *head,
    const struct httphead_field *field)
{
	put_span(writer, head, field->name);
	put_text(writer, ": ");
	put_span(writer, head, field->value);
	put_text(writer, "\r\n");
}

/*
 * Return how far request may go, for the methods that say so, or -1 when it
 * does not say or says more than anybody counts.
 */
static int
forwards_left(const struct httphead *request)
{
	const struct httphead_field *field =
	    httphead_find(request, HTTPHEAD_MAX_FORWARDS, NULL);
	const uint8_t *value;
	int left = 0;

	if (field == NULL || field->value.len == 0 || field->value.len > 5 ||
	    (request->method != HTTPHEAD_METHOD_OPTIONS &&
		request->method != HTTPHEAD_METHOD_TRACE)) {
		return -1;
	}
	value = httphead_at(request, field->value);
	for (size_t i = 0; i < field->value.len; i++) {
		if (!httpchar_is_digit(value[i])) {
			return -1;
		}
		left = left * 10 + (value[i] - '0');
	}
	return left;
}

bool
httpforward_may_go_on(const struct httphead *request)
{
	return forwards_left(request) != 0;
}

/* Put how far request may go from here, if it says so. */
static void
put_forwards(struct wire_writer *writer, const struct httphead *request)
{
	char line[40];
	int left = forwards_left(request);

	if (left > 0) {
		(void)snprintf(
		    line, sizeof(line), "Max-Forwards: %d\r\n", left - 1);
		put_text(writer, line);
	}
}

/* Return true when a TE field of head lists "trailers". */
static bool
takes_trailers(const struct httphead *head)
{
	const struct httphead_field *field =
	    httphead_find(head, HTTPHEAD_TE, NULL);
	const uint8_t *coding;
	size_t at = 0;
	size_t len;

	while (field != NULL) {
		coding = httpchar_next(httphead_at(head, field->value),
		    field->value.len, &at, &len);
		if (coding == NULL) {
			field = httphead_find(head, HTTPHEAD_TE, field);
			at = 0;
		} else if (httpchar_is(coding, len, "trailers")) {
			return true;
		}
	}
	return false;
}

/* Put the first line; the target in origin form. */
static void
put_request_line(struct wire_writer *writer, const struct httphead *request)
{
	put_span(writer, request, request->method_text);
	put_text(writer, " ");
	if (request->form == HTTPHEAD_FORM_ABSOLUTE && request->path.len == 0 &&
	    request->method == HTTPHEAD_METHOD_OPTIONS) {
		put_text(writer, "*"); /* RFC 9112 section 3.2.4 */
	} else if (request->path.len == 0 ||
		   *httphead_at(request, request->path) == '?') {
		put_text(writer, "/");
	}
	put_span(writer, request, request->path);
	put_text(
	    writer, request->minor > 0 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
}

/* Return true for a field of a request that somebody else puts, or nobody. */
static bool
is_replaced(const struct httphead *request, const struct httphead_field *field,
    const struct httpforward_options *options)
{
	return field->id == HTTPHEAD_HOST ||
	       (field->id == HTTPHEAD_MAX_FORWARDS &&
		   forwards_left(request) >= 0) ||
	       (field->id == HTTPHEAD_AUTHORIZATION &&
		   options->own_authorization);
}

/* Put what this hop says itself to the target. */
static void
put_request_hop(
    struct wire_writer *writer, const struct httphead *request, const char *via)
{
	const struct httphead_field *field = NULL;

	if (via != NULL) {
		put_text(
		    writer, request->minor > 0 ? "Via: 1.1 " : "Via: 1.0 ");
		put_text(writer, via);
		put_text(writer, "\r\n");
	}
	if (!request->upgrade) {
		put_text(
		    writer, takes_trailers(request)
				? "TE: trailers\r\nConnection: close, TE\r\n"
				: "Connection: close\r\n");
		return;
	}
	put_text(writer, "Connection: upgrade\r\n");
	do {
		field = httphead_find(request, HTTPHEAD_UPGRADE, field);
		if (field != NULL) {
			put_field(writer, request, field);
		}
	} while (field != NULL);
}

static const struct httpforward_options no_options;

int
httpforward_request(const struct httphead *request,
    const struct httpforward_options *options, struct buf *out)
{
	struct wire_writer writer;
	size_t room = request->len + ADDED_MAX;

	options = options == NULL ? &no_options : options;
	room += options->host == NULL ? 0 : strlen(options->host);
	room += options->via == NULL ? 0 : strlen(options->via);
	if (request->form == HTTPHEAD_FORM_AUTHORITY || !request->has_target ||
	    begin(&writer, out, room) != 0) {
		return -1;
	}
	put_request_line(&writer, request);
	put_text(&writer, "Host: ");
	if (options->host != NULL) {
		put_text(&writer, options->host);
	} else {
		put_span(&writer, request, request->authority);
	}
	put_text(&writer, "\r\n");
	for (size_t i = 0; i < request->field_count; i++) {
		const struct httphead_field *field = &request->fields[i];

		if (!is_replaced(request, field, options) &&
		    passes(request, field)) {
			put_field(&writer, request, field);
		}
	}
	put_forwards(&writer, request);
	put_request_hop(&writer, request, options->via);
	put_text(&writer, "\r\n");
	return end(&writer, out);
}

enum httpforward_next
httpforward_next(const struct httpforward_exchange *exchange,
    const struct httphead *response)
{
	if (response->status == 101) {
		return exchange->upgrade && response->minor > 0
			   ? HTTPFORWARD_SWITCHED
			   : HTTPFORWARD_WRONG;
	}
	if (response->status < 200) {
		return HTTPFORWARD_INTERIM;
	}
	/* It was asked in HTTP/1.0, and the client cannot read this. */
	if (response->chunked && exchange->http10) {
		return HTTPFORWARD_WRONG;
	}
	return HTTPFORWARD_FINAL;
}

bool
httpforward_keeps_alive(
    const struct httpforward_exchange *exchange, enum httpbody_kind kind)
{
	return exchange->keep_alive && kind != HTTPBODY_CLOSE;
}

static void
put_status_line(struct wire_writer *writer, const struct httphead *response)
{
	unsigned status = response->status;

	put_text(writer, "HTTP/1.1 ");
	wire_put_u8(writer, (uint8_t)('0' + status / 100));
	wire_put_u8(writer, (uint8_t)('0' + status / 10 % 10));
	wire_put_u8(writer, (uint8_t)('0' + status % 10));
	put_text(writer, " ");
	put_span(writer, response, response->phrase);
	put_text(writer, "\r\n");
}

/*
 * Return true for framing where there is none: a 1xx or 204 ends with its head
 * (RFC 9110 section 8.6), but not everybody knows.
 */
static bool
is_stray_framing(
    const struct httphead *response, const struct httphead_field *field)
{
	return (response->status < 200 || response->status == 204) &&
	       (field->id == HTTPHEAD_CONTENT_LENGTH ||
		   field->id == HTTPHEAD_TRANSFER_ENCODING);
}

/*
 * Put the fields of a 101, which is for this hop and the next: what it says of
 * the switch stays, what else is for one hop does not.
 */
static void
put_switch_fields(struct wire_writer *writer, const struct httphead *response)
{
	bool said = false;

	for (size_t i = 0; i < response->field_count; i++) {
		const struct httphead_field *field = &response->fields[i];
		bool upgrade = field->id == HTTPHEAD_CONNECTION && !said &&
			       httpchar_is(httphead_at(response, field->value),
				   field->value.len, "upgrade");

		said |= upgrade;
		if (upgrade || field->id == HTTPHEAD_UPGRADE ||
		    (passes(response, field) &&
			!is_stray_framing(response, field))) {
			put_field(writer, response, field);
		}
	}
	put_text(writer, said ? "\r\n" : "Connection: upgrade\r\n\r\n");
}

int
httpforward_response(const struct httpforward_exchange *exchange,
    const struct httphead *response, enum httpbody_kind kind, struct buf *out)
{
	enum httpforward_next next = httpforward_next(exchange, response);
	struct wire_writer writer;

	if (next == HTTPFORWARD_INTERIM && exchange->http10) {
		return 0;
	}
	if (begin(&writer, out, response->len + ADDED_MAX) != 0) {
		return -1;
	}
	put_status_line(&writer, response);
	if (next == HTTPFORWARD_SWITCHED) {
		put_switch_fields(&writer, response);
		return end(&writer, out);
	}
	for (size_t i = 0; i < response->field_count; i++) {
		const struct httphead_field *field = &response->fields[i];

		if (passes(response, field) &&
		    !is_stray_framing(response, field)) {
			put_field(&writer, response, field);
		}
	}
	if (next == HTTPFORWARD_FINAL) {
		put_text(&writer, httpforward_keeps_alive(exchange, kind)
				      ? "Connection: keep-alive\r\n"
				      : "Connection: close\r\n");
	}
	put_text(&writer, "\r\n");
	return end(&writer, out);
}
