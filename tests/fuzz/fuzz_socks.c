/* SPDX-License-Identifier: ISC */
/*
 * SOCKS of a client.  The first byte chooses the decoder.  Bytes that come one
 * by one say the same as all at once, what follows a unit changes nothing, and
 * a target that was read is written and read again as the same.
 */
#include "gateway/socks.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All that a decoder may say; zeroes where nothing was said. */
struct said {
	struct socks_greeting greeting;
	struct socks_password password;
	struct socks_request request;
	struct proxy_target target;
};

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static enum wire_result
decode(unsigned which, const uint8_t *data, size_t len, struct said *said,
    size_t *used)
{
	memset(said, 0, sizeof(*said));
	switch (which) {
	case 0:
		return socks_greeting_decode(data, len, &said->greeting, used);
	case 1:
		return socks_password_decode(data, len, &said->password, used);
	case 2:
		return socks_request_decode(data, len, &said->request, used);
	case 3:
		return socks_v4_request_decode(data, len, &said->request, used);
	default:
		return socks_datagram_decode(data, len, &said->target, used);
	}
}

static bool
same_target(const struct proxy_target *a, const struct proxy_target *b)
{
	return a->kind == b->kind && a->port == b->port &&
	       strcmp(a->name, b->name) == 0 &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static bool
same(const struct said *a, const struct said *b)
{
	return memcmp(&a->greeting, &b->greeting, sizeof(a->greeting)) == 0 &&
	       memcmp(&a->password, &b->password, sizeof(a->password)) == 0 &&
	       a->request.command == b->request.command &&
	       a->request.rep == b->request.rep &&
	       a->request.reason == b->request.reason &&
	       same_target(&a->request.target, &b->request.target) &&
	       same_target(&a->target, &b->target);
}

/* Write target into a datagram's header and read it again. */
static void
round_trip(const struct proxy_target *target)
{
	uint8_t out[SOCKS_REPLY_MAX];
	struct proxy_target again;
	char text[PROXYTARGET_TEXT_LEN];
	size_t used = 0;
	size_t len = socks_datagram_encode(target, out);

	require(len > 0);
	require(strlen(proxytarget_format(target, text)) > 0);
	if (target->port == 0) {
		return;
	}
	require(socks_datagram_decode(out, len, &again, &used) == WIRE_OK);
	require(used == len);
	require(same_target(target, &again));
}

static void
check_said(unsigned which, enum wire_result result, const struct said *said)
{
	if (which == 2 || which == 3) {
		require((result == WIRE_BAD) == (said->request.reason != NULL));
	}
	if (result == WIRE_OK && (which == 2 || which == 3)) {
		round_trip(&said->request.target);
	}
	if (result == WIRE_OK && which == 4) {
		round_trip(&said->target);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum wire_result result = WIRE_NEED_MORE;
	enum wire_result whole;
	struct said said;
	struct said last;
	unsigned which;
	size_t used = 0;
	size_t used_last = 0;
	size_t cut = 0;

	if (len == 0) {
		return 0;
	}
	which = data[0] % 5;
	data++;
	len--;
	whole = decode(which, data, len, &said, &used);
	check_said(which, whole, &said);
	require(whole == WIRE_OK ? used <= len : used == 0);
	if (which == 4) {
		require(whole != WIRE_NEED_MORE);
		return 0;
	}
	while (result == WIRE_NEED_MORE && cut <= len) {
		result = decode(which, data, cut, &last, &used_last);
		cut++;
	}
	require(result == whole);
	if (result != WIRE_NEED_MORE) {
		require(used == used_last);
		require(result == WIRE_BAD || cut - 1 == used);
		require(same(&said, &last));
	}
	return 0;
}
