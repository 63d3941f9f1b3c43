/* SPDX-License-Identifier: ISC */
#include "gateway/httpbody.h"

#include <string.h>

#include "gateway/httpchar.h"

/* As many hexadecimal digits as 64 bits have; more is padding or overflow. */
#define SIZE_DIGITS_MAX 16

/* Chunks stay below 2^63, as lengths do. */
#define SIZE_MAX_BEFORE (UINT64_MAX >> 5)

enum step {
	STEP_COUNTED, /* in a body of known length */
	STEP_CLOSE,   /* in a body until close */
	STEP_SIZE,    /* in a chunk size, or before it */
	STEP_EXTENSION,
	STEP_SIZE_LF,
	STEP_DATA,
	STEP_DATA_CR,
	STEP_DATA_LF,
	STEP_LINE, /* at the start of a trailer or of the last line */
	STEP_NAME,
	STEP_VALUE,
	STEP_LINE_LF,
	STEP_LAST_LF,
	STEP_BAD,
};

/* What would change how the message is read, were trailers joined to it. */
static const char *const refused_trailers[] = {
	"content-length",
	"host",
	"transfer-encoding",
};

static void
init(struct httpbody *body, enum httpbody_kind kind, uint64_t length)
{
	memset(body, 0, sizeof(*body));
	body->kind = kind;
	switch (kind) {
	case HTTPBODY_NONE:
		body->done = true;
		break;
	case HTTPBODY_LENGTH:
		body->step = STEP_COUNTED;
		body->left = length;
		body->done = length == 0;
		break;
	case HTTPBODY_CHUNKED:
		body->step = STEP_SIZE;
		break;
	case HTTPBODY_CLOSE:
		body->step = STEP_CLOSE;
		break;
	}
}

void
httpbody_init_request(struct httpbody *body, const struct httphead *request)
{
	if (request->chunked) {
		init(body, HTTPBODY_CHUNKED, 0);
	} else if (request->has_length) {
		init(body, HTTPBODY_LENGTH, request->length);
	} else {
		init(body, HTTPBODY_NONE, 0);
	}
}

/* Return true when response has no body, whatever its fields say. */
static bool
is_bodiless(const struct httphead *response, enum httphead_method method)
{
	unsigned status = response->status;

	return method == HTTPHEAD_METHOD_HEAD || status < 200 ||
	       status == 204 || status == 304 ||
	       (method == HTTPHEAD_METHOD_CONNECT && status < 300);
}

void
httpbody_init_response(struct httpbody *body, const struct httphead *response,
    enum httphead_method method)
{
	if (is_bodiless(response, method)) {
		init(body, HTTPBODY_NONE, 0);
	} else if (response->chunked) {
		init(body, HTTPBODY_CHUNKED, 0);
	} else if (response->has_length) {
		init(body, HTTPBODY_LENGTH, response->length);
	} else {
		init(body, HTTPBODY_CLOSE, 0);
	}
}

/* Return NULL: the byte was fine and the next one is for step. */
static const char *
go(struct httpbody *body, enum step step)
{
	body->step = step;
	return NULL;
}

/* The LF after a CR, and then step. */
static const char *
take_lf(struct httpbody *body, uint8_t c, enum step next)
{
	return c == '\n' ? go(body, next) : "a CR without LF in the body";
}

static const char *
take_size(struct httpbody *body, uint8_t c)
{
	int digit = httpchar_hex(c);

	if (digit < 0 && body->count == 0) {
		return "a chunk without a size";
	}
	if (c == ';') {
		return go(body, STEP_EXTENSION);
	}
	if (c == '\r') {
		return go(body, STEP_SIZE_LF);
	}
	if (digit < 0) {
		return "a chunk size that is not a number";
	}
	if (body->count == SIZE_DIGITS_MAX || body->left > SIZE_MAX_BEFORE) {
		return "a chunk size that is too large";
	}
	body->count++;
	body->left = body->left << 4 | (uint64_t)digit;
	return NULL;
}

static const char *
take_extension(struct httpbody *body, uint8_t c)
{
	if (c == '\r') {
		return go(body, STEP_SIZE_LF);
	}
	if (!httpchar_is_value(c)) {
		return "a control character in a chunk extension";
	}
	if (body->extensions == HTTPBODY_EXTENSIONS_MAX) {
		return "chunk extensions above 16 KiB";
	}
	body->extensions++;
	return NULL;
}

/* The first byte of a line after the last chunk. */
static const char *
take_line(struct httpbody *body, uint8_t c)
{
	if (c == '\r') {
		return go(body, STEP_LAST_LF);
	}
	if (httpchar_is_blank(c)) {
		return "a folded trailer";
	}
	if (!httpchar_is_token(c)) {
		return "a trailer that is not a field";
	}
	body->name[0] = httpchar_lower(c);
	body->count = 1;
	return go(body, STEP_NAME);
}

static const char *
check_trailer(const struct httpbody *body)
{
	size_t count = sizeof(refused_trailers) / sizeof(refused_trailers[0]);

	for (size_t i = 0; i < count; i++) {
		if (httpchar_is(body->name, body->count, refused_trailers[i])) {
			return "a trailer that belongs into the head";
		}
	}
	return NULL;
}

static const char *
take_name(struct httpbody *body, uint8_t c)
{
	if (c == ':') {
		body->step = STEP_VALUE;
		return check_trailer(body);
	}
	if (!httpchar_is_token(c)) {
		return "a trailer that is not a field";
	}
	/* A name that fills the room is none of those looked for. */
	if (body->count < HTTPBODY_NAME_LEN) {
		body->name[body->count] = httpchar_lower(c);
		body->count++;
	}
	return NULL;
}

static const char *
take_value(struct httpbody *body, uint8_t c)
{
	if (c == '\r') {
		return go(body, STEP_LINE_LF);
	}
	return httpchar_is_value(c) ? NULL : "a control character in a trailer";
}

/* One byte of the trailer section. */
static const char *
take_trailer(struct httpbody *body, uint8_t c)
{
	if (body->trailers == HTTPBODY_TRAILERS_MAX) {
		return "trailers above 8 KiB";
	}
	body->trailers++;
	switch (body->step) {
	case STEP_LINE:
		return take_line(body, c);
	case STEP_NAME:
		return take_name(body, c);
	case STEP_VALUE:
		return take_value(body, c);
	case STEP_LINE_LF:
		return take_lf(body, c, STEP_LINE);
	default:
		body->done = c == '\n';
		return take_lf(body, c, STEP_LAST_LF);
	}
}

/* The LF that ends the line of a chunk's size. */
static const char *
take_size_lf(struct httpbody *body, uint8_t c)
{
	body->count = 0;
	return take_lf(body, c, body->left == 0 ? STEP_LINE : STEP_DATA);
}

/* One byte that is not content; returns the words if it is wrong. */
static const char *
take_framing(struct httpbody *body, uint8_t c)
{
	switch (body->step) {
	case STEP_SIZE:
		return take_size(body, c);
	case STEP_EXTENSION:
		return take_extension(body, c);
	case STEP_SIZE_LF:
		return take_size_lf(body, c);
	case STEP_DATA_CR:
		return c == '\r' ? go(body, STEP_DATA_LF)
				 : "a chunk longer than its size";
	case STEP_DATA_LF:
		return take_lf(body, c, STEP_SIZE);
	default:
		return take_trailer(body, c);
	}
}

/* Take what is content of the len bytes; returns how many. */
static size_t
take_content(struct httpbody *body, size_t len)
{
	size_t take = body->left < len ? (size_t)body->left : len;

	body->left -= take;
	if (body->left == 0 && body->step == STEP_DATA) {
		body->step = STEP_DATA_CR;
	} else if (body->left == 0) {
		body->done = true;
	}
	return take;
}

static enum wire_result
fail(struct httpbody *body, const char *reason)
{
	body->step = STEP_BAD;
	body->reason = reason;
	return WIRE_BAD;
}

enum wire_result
httpbody_feed(
    struct httpbody *body, const uint8_t *data, size_t len, size_t *used)
{
	*used = 0;
	if (body->step == STEP_BAD) {
		return WIRE_BAD;
	}
	if (body->step == STEP_CLOSE) {
		*used = len;
		return WIRE_NEED_MORE;
	}
	while (!body->done && *used < len) {
		const char *wrong;

		if (body->step == STEP_COUNTED || body->step == STEP_DATA) {
			*used += take_content(body, len - *used);
			continue;
		}
		wrong = take_framing(body, data[*used]);
		if (wrong != NULL) {
			return fail(body, wrong);
		}
		(*used)++;
	}
	return body->done ? WIRE_OK : WIRE_NEED_MORE;
}
