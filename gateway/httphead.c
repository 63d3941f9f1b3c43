/* SPDX-License-Identifier: ISC */
#include "gateway/httphead.h"

#include <string.h>

#include "gateway/httpchar.h"
#include "gateway/httpcheck.h"
#include "gateway/httptarget.h"

_Static_assert(HTTPHEAD_MAX <= UINT16_MAX, "a span reaches the whole head");

enum step {
	STEP_FIRST,     /* before the first line */
	STEP_FIRST_TRY, /* the same, one empty line was skipped */
	STEP_FIELDS,    /* in the fields */
	STEP_DONE,
	STEP_BAD,
};

static const struct {
	enum httphead_id id;
	const char *name;
} names[] = {
	{ HTTPHEAD_ACCEPT, "accept" },
	{ HTTPHEAD_AUTHORIZATION, "authorization" },
	{ HTTPHEAD_CONNECTION, "connection" },
	{ HTTPHEAD_CONTENT_LENGTH, "content-length" },
	{ HTTPHEAD_EXPECT, "expect" },
	{ HTTPHEAD_HOST, "host" },
	{ HTTPHEAD_KEEP_ALIVE, "keep-alive" },
	{ HTTPHEAD_MAX_FORWARDS, "max-forwards" },
	{ HTTPHEAD_ORIGIN, "origin" },
	{ HTTPHEAD_PROXY_AUTHENTICATE, "proxy-authenticate" },
	{ HTTPHEAD_PROXY_AUTHORIZATION, "proxy-authorization" },
	{ HTTPHEAD_PROXY_CONNECTION, "proxy-connection" },
	{ HTTPHEAD_SEC_FETCH_DEST, "sec-fetch-dest" },
	{ HTTPHEAD_SEC_FETCH_MODE, "sec-fetch-mode" },
	{ HTTPHEAD_SEC_FETCH_SITE, "sec-fetch-site" },
	{ HTTPHEAD_TE, "te" },
	{ HTTPHEAD_TRAILER, "trailer" },
	{ HTTPHEAD_TRANSFER_ENCODING, "transfer-encoding" },
	{ HTTPHEAD_UPGRADE, "upgrade" },
	{ HTTPHEAD_VIA, "via" },
};

static const struct {
	enum httphead_method method;
	const char *name;
} methods[] = {
	{ HTTPHEAD_METHOD_CONNECT, "CONNECT" },
	{ HTTPHEAD_METHOD_GET, "GET" },
	{ HTTPHEAD_METHOD_HEAD, "HEAD" },
	{ HTTPHEAD_METHOD_OPTIONS, "OPTIONS" },
	{ HTTPHEAD_METHOD_TRACE, "TRACE" },
};

/* Settle that head is bad, with the status for a request. */
static enum wire_result
bad(struct httphead *head, unsigned status, const char *reason)
{
	head->step = STEP_BAD;
	head->error = head->is_response ? 502 : status;
	head->reason = reason;
	return WIRE_BAD;
}

static struct httphead_span
span_of(size_t at, size_t len)
{
	return (struct httphead_span){ (uint16_t)at, (uint16_t)len };
}

void
httphead_init(struct httphead *head, bool is_response)
{
	memset(head, 0, sizeof(*head));
	head->is_response = is_response;
}

/* Return the words for a control byte that stands where it must not. */
static const char *
control_reason(uint8_t c)
{
	switch (c) {
	case '\0':
		return "a NUL byte";
	case '\r':
		return "a CR without LF";
	case '\n':
		return "an LF without CR";
	default:
		return "a control character";
	}
}

/*
 * Look at the next byte, c, after before.  WIRE_OK: a line ended with it.
 * Limits are by place alone, so that pieces never change the outcome.
 */
static enum wire_result
scan_byte(struct httphead *head, uint8_t before, uint8_t c)
{
	if (head->scanned >= HTTPHEAD_MAX) {
		return bad(head, 431, "a head above 32 KiB");
	}
	if (head->step != STEP_FIELDS &&
	    head->scanned - head->line >= HTTPHEAD_LINE_MAX) {
		return bad(head, 414, "a first line above 16 KiB");
	}
	if (before == '\r') {
		return c == '\n' ? WIRE_OK
				 : bad(head, 400, control_reason(before));
	}
	if (c != '\r' && !httpchar_is_value(c)) {
		return bad(head, 400, control_reason(c));
	}
	return WIRE_NEED_MORE;
}

/* Move scanned behind the end of the current line.  WIRE_OK: it is whole. */
static enum wire_result
scan_line(struct httphead *head, size_t len)
{
	enum wire_result result = WIRE_NEED_MORE;

	while (result == WIRE_NEED_MORE && head->scanned < len) {
		uint8_t before = head->scanned > head->line
				     ? head->data[head->scanned - 1]
				     : 0;

		result = scan_byte(head, before, head->data[head->scanned]);
		head->scanned++;
	}
	return result;
}

/* Read "HTTP/1.x" in the len bytes at text into head->minor. */
static enum wire_result
parse_version(struct httphead *head, const uint8_t *text, size_t len)
{
	if (len != 8 || memcmp(text, "HTTP/", 5) != 0 || text[6] != '.' ||
	    !httpchar_is_digit(text[5]) || !httpchar_is_digit(text[7])) {
		return bad(head, 400, "not an HTTP version");
	}
	if (text[5] != '1' || text[7] > '1') {
		return bad(head, 505, "a version that is not HTTP/1.0 or 1.1");
	}
	head->minor = (uint8_t)(text[7] - '0');
	return WIRE_OK;
}

static enum wire_result
parse_method(struct httphead *head, size_t at, size_t len)
{
	const uint8_t *text = head->data + at;

	if (len == 0) {
		return bad(head, 400, "no method");
	}
	for (size_t i = 0; i < len; i++) {
		if (!httpchar_is_token(text[i])) {
			return bad(head, 400, "not a method");
		}
	}
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strlen(methods[i].name) == len &&
		    memcmp(methods[i].name, text, len) == 0) {
			head->method = methods[i].method;
		}
	}
	head->method_text = span_of(at, len);
	return WIRE_OK;
}

/* Read the target of CONNECT. */
static const char *
parse_authority_form(struct httphead *head, const uint8_t *text, size_t len)
{
	const char *wrong = httptarget_authority(text, len, 0, &head->target);

	head->form = HTTPHEAD_FORM_AUTHORITY;
	head->has_target = true;
	head->authority = span_of((size_t)(text - head->data), len);
	return wrong;
}

static const char *
parse_absolute_form(struct httphead *head, const uint8_t *text, size_t len)
{
	struct httptarget_absolute found;
	const char *wrong = httptarget_absolute(text, len, &found);
	size_t at = (size_t)(text - head->data);

	if (wrong != NULL) {
		return wrong;
	}
	head->form = HTTPHEAD_FORM_ABSOLUTE;
	head->has_target = true;
	head->target = found.target;
	head->authority = span_of(at + found.authority, found.authority_len);
	head->path = span_of(at + found.path, len - found.path);
	return NULL;
}

/* Read a target, whose form follows from the method and its first byte. */
static enum wire_result
parse_target(struct httphead *head, size_t at, size_t len)
{
	const uint8_t *text = head->data + at;
	const char *wrong = NULL;

	if (len == 0) {
		wrong = "no target";
	} else if (head->method == HTTPHEAD_METHOD_CONNECT) {
		wrong = parse_authority_form(head, text, len);
	} else if (text[0] == '/') {
		head->form = HTTPHEAD_FORM_ORIGIN;
		head->path = span_of(at, len);
		wrong = httptarget_path(text, len);
	} else if (len == 1 && text[0] == '*' &&
		   head->method == HTTPHEAD_METHOD_OPTIONS) {
		head->form = HTTPHEAD_FORM_ASTERISK;
		head->path = span_of(at, len);
	} else {
		wrong = parse_absolute_form(head, text, len);
	}
	return wrong == NULL ? WIRE_OK : bad(head, 400, wrong);
}

/* Read method SP target SP version. */
static enum wire_result
parse_request_line(struct httphead *head, size_t len)
{
	const uint8_t *line = head->data + head->line;
	const uint8_t *first = memchr(line, ' ', len);
	const uint8_t *last = memrchr(line, ' ', len);
	enum wire_result result;
	size_t target;
	size_t version;

	if (first == NULL || first == last) {
		return bad(head, 400, "a request line without three parts");
	}
	if (memchr(first + 1, ' ', (size_t)(last - first) - 1) != NULL) {
		return bad(head, 400, "more than two spaces in the first line");
	}
	target = (size_t)(first - line) + 1;
	version = (size_t)(last - line) + 1;
	result = parse_version(head, line + version, len - version);
	if (result == WIRE_OK) {
		result = parse_method(head, head->line, target - 1);
	}
	if (result == WIRE_OK) {
		result = parse_target(
		    head, head->line + target, version - 1 - target);
	}
	return result;
}

/* Read version SP status [SP phrase]. */
static enum wire_result
parse_status_line(struct httphead *head, size_t len)
{
	const uint8_t *line = head->data + head->line;

	if (len < 12 || line[8] != ' ' || (len > 12 && line[12] != ' ')) {
		return bad(head, 502, "not a status line");
	}
	for (size_t i = 9; i < 12; i++) {
		if (!httpchar_is_digit(line[i])) {
			return bad(head, 502, "not a status");
		}
		head->status = (uint16_t)(head->status * 10 + (line[i] - '0'));
	}
	if (head->status < 100) {
		return bad(head, 502, "not a status");
	}
	head->phrase =
	    span_of(head->line + (len > 12 ? 13 : 12), len > 12 ? len - 13 : 0);
	return parse_version(head, line, 8);
}

/* Read the first line, of len bytes without its CRLF. */
static enum wire_result
parse_first(struct httphead *head, size_t len)
{
	if (head->is_response) {
		head->step = STEP_FIELDS;
		return parse_status_line(head, len);
	}
	if (len == 0 && head->step == STEP_FIRST) {
		/* RFC 9112 section 2.2: one stray CRLF after a body. */
		head->step = STEP_FIRST_TRY;
		return WIRE_OK;
	}
	head->step = STEP_FIELDS;
	return parse_request_line(head, len);
}

enum httphead_id
httphead_identify(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (httpchar_is(name, len, names[i].name)) {
			return names[i].id;
		}
	}
	return HTTPHEAD_UNKNOWN;
}

/* Return what is wrong with the len bytes at name, or NULL. */
static const char *
name_reason(const uint8_t *name, size_t len)
{
	if (len == 0) {
		return "an empty field name";
	}
	if (httpchar_is_blank(name[len - 1])) {
		return "a space before the colon";
	}
	for (size_t i = 0; i < len; i++) {
		if (!httpchar_is_token(name[i])) {
			return "not a field name";
		}
	}
	return NULL;
}

/* Read a field line of len bytes, not empty. */
static enum wire_result
parse_field(struct httphead *head, size_t len)
{
	const uint8_t *line = head->data + head->line;
	const uint8_t *colon = memchr(line, ':', len);
	struct httphead_field *field = &head->fields[head->field_count];
	size_t name_len;
	size_t start;
	const char *wrong;

	if (httpchar_is_blank(line[0])) {
		return bad(head, 400, "a folded field");
	}
	if (colon == NULL) {
		return bad(head, 400, "a field without a colon");
	}
	name_len = (size_t)(colon - line);
	wrong = name_reason(line, name_len);
	if (wrong != NULL) {
		return bad(head, 400, wrong);
	}
	if (head->field_count == HTTPHEAD_FIELDS_MAX) {
		return bad(head, 431, "more than 128 fields");
	}
	start = name_len + 1;
	while (start < len && httpchar_is_blank(line[start])) {
		start++;
	}
	while (len > start && httpchar_is_blank(line[len - 1])) {
		len--;
	}
	field->id = httphead_identify(line, name_len);
	field->name = span_of(head->line, name_len);
	field->value = span_of(head->line + start, len - start);
	head->field_count++;
	return WIRE_OK;
}

/* The empty line has come. */
static enum wire_result
finish(struct httphead *head)
{
	const char *wrong = httpcheck_fields(head);

	if (wrong != NULL) {
		return bad(head, 400, wrong);
	}
	head->step = STEP_DONE;
	head->len = head->scanned;
	return WIRE_OK;
}

/* Read the line that ends at scanned. */
static enum wire_result
parse_line(struct httphead *head)
{
	size_t len = head->scanned - head->line - 2;
	enum wire_result result;

	if (head->step != STEP_FIELDS) {
		result = parse_first(head, len);
	} else if (len > 0) {
		result = parse_field(head, len);
	} else {
		result = finish(head);
	}
	head->line = head->scanned;
	return result;
}

enum wire_result
httphead_parse(struct httphead *head, const uint8_t *data, size_t len)
{
	enum wire_result result = WIRE_OK;

	head->data = data;
	while (head->step != STEP_DONE && result == WIRE_OK) {
		if (head->step == STEP_BAD) {
			return WIRE_BAD;
		}
		result = scan_line(head, len);
		if (result == WIRE_OK) {
			result = parse_line(head);
		}
	}
	return result;
}

const uint8_t *
httphead_at(const struct httphead *head, struct httphead_span span)
{
	return head->data + span.at;
}

const struct httphead_field *
httphead_find(const struct httphead *head, enum httphead_id id,
    const struct httphead_field *after)
{
	const struct httphead_field *end = head->fields + head->field_count;

	for (after = after == NULL ? head->fields : after + 1; after < end;
	     after++) {
		if (after->id == id) {
			return after;
		}
	}
	return NULL;
}

const uint8_t *
httphead_next_option(
    const struct httphead *head, struct httphead_cursor *cursor, size_t *len)
{
	const uint8_t *option = NULL;

	while (option == NULL) {
		if (cursor->field == NULL ||
		    cursor->at == cursor->field->value.len) {
			cursor->at = 0;
			cursor->field = httphead_find(
			    head, HTTPHEAD_CONNECTION, cursor->field);
		}
		if (cursor->field == NULL) {
			return NULL;
		}
		option = httpchar_next(httphead_at(head, cursor->field->value),
		    cursor->field->value.len, &cursor->at, len);
	}
	return option;
}
