/* SPDX-License-Identifier: ISC */

#include "tests/support/heads.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Above this length not every cut is tried: time grows with its square. */
#define EVERY_CUT_MAX 4096

static void
assert_same_span(struct httphead_span a, struct httphead_span b)
{
	ck_assert_uint_eq(a.at, b.at);
	ck_assert_uint_eq(a.len, b.len);
}

static void
assert_same_target(const struct proxy_target *a, const struct proxy_target *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->port, b->port);
	ck_assert_str_eq(a->name, b->name);
	ck_assert_mem_eq(a->addr, b->addr, sizeof(a->addr));
}

static void
assert_same_fields(const struct httphead *a, const struct httphead *b)
{
	ck_assert_uint_eq(a->field_count, b->field_count);
	for (size_t i = 0; i < a->field_count; i++) {
		ck_assert_int_eq(a->fields[i].id, b->fields[i].id);
		assert_same_span(a->fields[i].name, b->fields[i].name);
		assert_same_span(a->fields[i].value, b->fields[i].value);
	}
}

static void
assert_same(const struct httphead *a, const struct httphead *b)
{
	ck_assert_uint_eq(a->error, b->error);
	ck_assert_ptr_eq(a->reason, b->reason);
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_uint_eq(a->minor, b->minor);
	ck_assert_int_eq(a->method, b->method);
	ck_assert_int_eq(a->form, b->form);
	ck_assert_uint_eq(a->status, b->status);
	ck_assert_uint_eq(a->has_length, b->has_length);
	ck_assert_uint_eq(a->length, b->length);
	ck_assert_int_eq(a->chunked, b->chunked);
	ck_assert_int_eq(a->close, b->close);
	ck_assert_int_eq(a->keep_alive, b->keep_alive);
	ck_assert_int_eq(a->upgrade, b->upgrade);
	ck_assert_int_eq(a->has_target, b->has_target);
	assert_same_span(a->method_text, b->method_text);
	assert_same_span(a->authority, b->authority);
	assert_same_span(a->path, b->path);
	assert_same_span(a->phrase, b->phrase);
	assert_same_target(&a->target, &b->target);
	assert_same_fields(a, b);
}

/* Go on with exactly the first len bytes of text, at a new address. */
static enum wire_result
parse_moved(struct httphead *head, const char *text, size_t len)
{
	uint8_t *bytes = malloc(len > 0 ? len : 1);
	enum wire_result result;

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, text, len);
	result = httphead_parse(head, bytes, len);
	free(bytes);
	return result;
}

static void
assert_pieces(
    const struct httphead *whole, const char *text, size_t len, size_t step)
{
	struct httphead growing;
	struct httphead cut;
	enum wire_result result = WIRE_NEED_MORE;

	httphead_init(&growing, whole->is_response);
	for (size_t n = 0; n < len && result == WIRE_NEED_MORE; n += step) {
		httphead_init(&cut, whole->is_response);
		result = parse_moved(&growing, text, n);
		ck_assert_int_eq(parse_moved(&cut, text, n), result);
		if (result == WIRE_OK) {
			ck_assert_uint_ge(n, whole->len);
		}
		if (result == WIRE_NEED_MORE && whole->reason == NULL) {
			ck_assert_uint_lt(n, whole->len);
		}
		if (result != WIRE_NEED_MORE) {
			assert_same(&cut, whole);
		}
	}
	parse_moved(&growing, text, len);
	assert_same(&growing, whole);
}

static void
assert_more_behind(const struct httphead *whole, const char *text, size_t len)
{
	static const char more[] = "GET / HTTP/1.1\r\n\r\n";
	struct httphead head;
	char *longer = malloc(len + sizeof(more));

	ck_assert_ptr_nonnull(longer);
	memcpy(longer, text, len);
	memcpy(longer + len, more, sizeof(more));
	httphead_init(&head, whole->is_response);
	httphead_parse(&head, (const uint8_t *)longer, len + sizeof(more));
	assert_same(&head, whole);
	free(longer);
}

enum wire_result
heads_parse(
    struct httphead *head, bool is_response, const char *text, size_t len)
{
	enum wire_result result;

	httphead_init(head, is_response);
	result = parse_moved(head, text, len);
	ck_assert_int_eq(
	    httphead_parse(head, (const uint8_t *)text, len), result);
	ck_assert_int_eq(result == WIRE_BAD, head->reason != NULL);
	if (result == WIRE_NEED_MORE) {
		return result;
	}
	assert_pieces(head, text, len, len > EVERY_CUT_MAX ? 487 : 1);
	assert_more_behind(head, text, len);
	return result;
}

void
heads_request(struct httphead *head, const char *text)
{
	enum wire_result result = heads_parse(head, false, text, strlen(text));

	ck_assert_msg(result == WIRE_OK, "%d %s: %s", (int)result,
	    head->reason == NULL ? "" : head->reason, text);
	ck_assert_uint_eq(head->len, strlen(text));
}

void
heads_response(struct httphead *head, const char *text)
{
	enum wire_result result = heads_parse(head, true, text, strlen(text));

	ck_assert_msg(result == WIRE_OK, "%d %s: %s", (int)result,
	    head->reason == NULL ? "" : head->reason, text);
	ck_assert_uint_eq(head->len, strlen(text));
}
