/* SPDX-License-Identifier: ISC */
/*
 * HTTP bodies.  The first byte is the kind of body, the second its length or
 * the size of the pieces that it comes in.  Any pieces say the same as all at
 * once, and where a chunked body is found complete, a second reader that is
 * written the simple way finds the same end.
 */
#include "gateway/httpbody.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

/* Return the length of the line at text with its CRLF; 0 when it has none. */
static size_t
line_len(const uint8_t *text, size_t len)
{
	const uint8_t *end = memmem(text, len, "\r\n", 2);

	return end == NULL ? 0 : (size_t)(end - text) + 2;
}

/* Return where the chunked body at data ends, 0 when it does not. */
static size_t
simple_end(const uint8_t *data, size_t len)
{
	size_t at = 0;
	size_t line;
	unsigned long long size = 1;

	while (size > 0) {
		line = line_len(data + at, len - at);
		if (line < 3) {
			return 0;
		}
		size = strtoull((const char *)data + at, NULL, 16);
		at += line;
		if (size > 0 && (size > len || size + 2 > len - at)) {
			return 0;
		}
		at += size > 0 ? (size_t)size + 2 : 0;
	}
	do {
		line = line_len(data + at, len - at);
		at += line;
	} while (line > 2);
	return line == 2 ? at : 0;
}

static void
init(struct httpbody *body, unsigned kind, unsigned length)
{
	struct httphead head;

	httphead_init(&head, kind == 2);
	head.minor = 1;
	head.status = 200;
	head.chunked = kind == 0;
	head.has_length = kind == 1;
	head.length = kind == 1 ? length : 0;
	if (kind == 2) {
		httpbody_init_response(body, &head, HTTPHEAD_METHOD_GET);
	} else {
		httpbody_init_request(body, &head);
	}
}

/* Feed all in pieces; returns what was taken, the outcome in *result. */
static size_t
feed(struct httpbody *body, const uint8_t *data, size_t len, size_t piece,
    enum wire_result *result)
{
	size_t total = 0;

	*result = body->done ? WIRE_OK : WIRE_NEED_MORE;
	while (*result == WIRE_NEED_MORE && total < len) {
		size_t n = len - total < piece ? len - total : piece;
		size_t used = 0;

		*result = httpbody_feed(body, data + total, n, &used);
		require(*result == WIRE_NEED_MORE ? used == n : used <= n);
		total += used;
	}
	return total;
}

static void
check(unsigned kind, unsigned param, const uint8_t *data, size_t len)
{
	struct httpbody whole;
	struct httpbody pieces;
	enum wire_result result;
	enum wire_result got;
	size_t used;

	init(&whole, kind, param);
	used = feed(&whole, data, len, len > 0 ? len : 1, &result);
	require(whole.done == (result == WIRE_OK));
	require((whole.reason != NULL) == (result == WIRE_BAD));
	init(&pieces, kind, param);
	require(feed(&pieces, data, len, 1 + param % 16, &got) == used);
	require(got == result && pieces.reason == whole.reason);
	if (kind == 0 && result == WIRE_OK) {
		require(simple_end(data, len) == used);
	}
	if (kind == 1) {
		require(used == (len < param ? len : param));
	}
	if (kind == 2) {
		require(used == len && result == WIRE_NEED_MORE);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *copy;

	if (len < 2) {
		return 0;
	}
	/* With a terminator, for the simple reader alone. */
	copy = malloc(len - 1);
	require(copy != NULL);
	memcpy(copy, data + 2, len - 2);
	copy[len - 2] = 0;
	check(data[0] % 3, data[1], copy, len - 2);
	free(copy);
	return 0;
}
