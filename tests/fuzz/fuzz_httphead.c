/* SPDX-License-Identifier: ISC */
/*
 * HTTP heads.  The lowest bit of the first byte says whether a response is
 * read, the others what it answers.  Bytes that come one by one say the same as
 * all at once; and a head that was accepted is accepted again after it was
 * forwarded, with the same target and framing, so that nothing can hide from
 * us what the next one sees.
 */
#include "gateway/httphead.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/httpbody.h"
#include "gateway/httpchar.h"
#include "gateway/httpforward.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool
same_target(const struct httphead *a, const struct httphead *b)
{
	return a->has_target == b->has_target &&
	       a->target.kind == b->target.kind &&
	       a->target.port == b->target.port &&
	       strcmp(a->target.name, b->target.name) == 0 &&
	       memcmp(a->target.addr, b->target.addr, 16) == 0;
}

static bool
same_framing(const struct httphead *a, const struct httphead *b)
{
	return a->has_length == b->has_length && a->length == b->length &&
	       a->chunked == b->chunked;
}

static void
check_span(const struct httphead *head, struct httphead_span span)
{
	require((size_t)span.at + span.len <= head->len);
}

/* No control byte is in a span, nor blanks around it. */
static void
check_value(const struct httphead *head, struct httphead_span span)
{
	const uint8_t *text = httphead_at(head, span);

	check_span(head, span);
	for (size_t i = 0; i < span.len; i++) {
		require(httpchar_is_value(text[i]));
	}
	if (span.len > 0) {
		require(!httpchar_is_blank(text[0]));
		require(!httpchar_is_blank(text[span.len - 1]));
	}
}

static void
check_head(const struct httphead *head)
{
	require(head->len <= HTTPHEAD_MAX && head->len >= 4);
	require(memcmp(head->data + head->len - 2, "\r\n", 2) == 0);
	check_span(head, head->method_text);
	check_span(head, head->authority);
	check_span(head, head->path);
	check_span(head, head->phrase);
	require(!head->chunked || (!head->has_length && head->minor > 0));
	for (size_t i = 0; i < head->field_count; i++) {
		const struct httphead_field *field = &head->fields[i];

		require(field->name.len > 0);
		check_value(head, field->name);
		check_value(head, field->value);
		require(field->id ==
			httphead_identify(
			    httphead_at(head, field->name), field->name.len));
	}
}

/* Parse all that out holds as one head, which must be right. */
static void
parse_output(struct httphead *head, const struct buf *out, bool is_response)
{
	size_t len = 0;
	const uint8_t *data = buf_peek(out, &len);
	enum wire_result result;

	httphead_init(head, is_response);
	result = httphead_parse(head, data, len);
	/* A head at a limit may have grown over it: a target will say so. */
	if (result == WIRE_BAD &&
	    (len > HTTPHEAD_LINE_MAX ||
		head->field_count == HTTPHEAD_FIELDS_MAX)) {
		head->len = 0;
		return;
	}
	require(result == WIRE_OK && head->len == len);
	check_head(head);
}

static void
check_hop_fields(const struct httphead *head)
{
	require(httphead_find(head, HTTPHEAD_PROXY_CONNECTION, NULL) == NULL);
	require(httphead_find(head, HTTPHEAD_KEEP_ALIVE, NULL) == NULL);
	require(
	    httphead_find(head, HTTPHEAD_PROXY_AUTHORIZATION, NULL) == NULL);
	require(httphead_find(head, HTTPHEAD_PROXY_AUTHENTICATE, NULL) == NULL);
}

static void
forward_request(const struct httphead *head, struct buf *out)
{
	struct httphead next;

	if (httpforward_request(head, NULL, out) != 0) {
		require(
		    head->form == HTTPHEAD_FORM_AUTHORITY || !head->has_target);
		require(buf_len(out) == 0);
		return;
	}
	parse_output(&next, out, false);
	if (next.len == 0) {
		return;
	}
	require(next.form != HTTPHEAD_FORM_ABSOLUTE);
	require(next.minor == head->minor);
	require(next.method == head->method);
	require(same_target(&next, head));
	require(same_framing(&next, head));
	require(next.upgrade == head->upgrade);
	require(next.close != next.upgrade);
	check_hop_fields(&next);
}

static void
forward_response(const struct httphead *head, unsigned chosen, struct buf *out)
{
	struct httpforward_exchange exchange = {
		.method = (chosen & 2) != 0 ? HTTPHEAD_METHOD_HEAD
					    : HTTPHEAD_METHOD_GET,
		.http10 = (chosen & 4) != 0,
		.keep_alive = (chosen & 12) == 8,
		.upgrade = (chosen & 20) == 16,
	};
	enum httpforward_next what = httpforward_next(&exchange, head);
	struct httphead next;
	struct httpbody body;
	struct httpbody passed;

	if (what == HTTPFORWARD_WRONG) {
		return;
	}
	httpbody_init_response(&body, head, exchange.method);
	require(httpforward_response(&exchange, head, body.kind, out) == 0);
	if (buf_len(out) == 0) {
		require(what == HTTPFORWARD_INTERIM && exchange.http10);
		return;
	}
	parse_output(&next, out, true);
	if (next.len == 0) {
		return;
	}
	require(next.status == head->status);
	httpbody_init_response(&passed, &next, exchange.method);
	require(passed.kind == body.kind && passed.left == body.left);
	if (what != HTTPFORWARD_SWITCHED) {
		check_hop_fields(&next);
	}
	if (what == HTTPFORWARD_FINAL) {
		require(next.keep_alive ==
			httpforward_keeps_alive(&exchange, body.kind));
		require(next.close != next.keep_alive);
	}
}

/* Parse byte by byte and compare with what came of all at once. */
static void
check_pieces(const struct httphead *whole, enum wire_result expected,
    const uint8_t *data, size_t len)
{
	enum wire_result result = WIRE_NEED_MORE;
	struct httphead head;

	httphead_init(&head, whole->is_response);
	for (size_t n = 0; n <= len && result == WIRE_NEED_MORE; n++) {
		result = httphead_parse(&head, data, n);
		require(result != WIRE_OK || n == head.len);
	}
	require(result == expected);
	require(head.reason == whole->reason && head.error == whole->error);
	if (result == WIRE_OK) {
		require(head.len == whole->len);
		require(head.field_count == whole->field_count);
		require(same_framing(&head, whole));
		require(same_target(&head, whole));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct httphead head;
	enum wire_result result;
	struct buf *out;

	if (len == 0) {
		return 0;
	}
	httphead_init(&head, (data[0] & 1) != 0);
	result = httphead_parse(&head, data + 1, len - 1);
	require((result == WIRE_BAD) == (head.reason != NULL));
	check_pieces(&head, result, data + 1, len - 1);
	if (result != WIRE_OK) {
		return 0;
	}
	check_head(&head);
	out = buf_new(2 * (size_t)HTTPHEAD_MAX);
	require(out != NULL);
	if (head.is_response) {
		forward_response(&head, data[0], out);
	} else {
		forward_request(&head, out);
	}
	buf_free(out);
	return 0;
}
