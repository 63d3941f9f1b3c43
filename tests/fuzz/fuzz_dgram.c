/* SPDX-License-Identifier: ISC */
/*
 * The payload of DGRAM.  What is taken lies inside the input and, written
 * again, is the same bytes.
 */
#include "protocol/dgram.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dgram_address address;
	const uint8_t *body;
	size_t body_len;
	uint8_t head[DGRAM_HEAD_MAX];
	size_t head_len;

	if (dgram_decode(&address, &body, &body_len, data, len) != 0) {
		return 0;
	}
	require(dgram_address_equal(&address, &address));
	require(body_len <= LIMITS_DGRAM_MAX);
	head_len = dgram_encode_head(&address, head, sizeof(head));
	require(head_len > 0 && head_len + body_len == len);
	require(memcmp(head, data, head_len) == 0);
	require(body == data + head_len);
	return 0;
}
