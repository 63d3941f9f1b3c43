/* SPDX-License-Identifier: ISC */
/*
 * Frame headers.  The first byte says who sends.  The next eight are sealed
 * rightly and opened, as from a peer that holds the key; the rest is opened as
 * it is, as from somebody in between.
 */
#include "protocol/frame.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t key[SEAL_KEY_LEN] = { 1 };
static const uint8_t nonce[SEAL_HEAD_LEN] = { 2 };

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void
open_sealed(enum frame_sender sender, const uint8_t *plain)
{
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];
	struct frame_head head;
	struct seal tx;
	struct seal rx;

	seal_init(&tx, key, nonce);
	seal_init(&rx, key, nonce);
	memcpy(wire + SEAL_OVERHEAD, plain, LIMITS_FRAME_PLAIN_LEN);
	seal_lock(&tx, wire, LIMITS_FRAME_PLAIN_LEN);
	if (frame_head_open(&rx, sender, wire, &head) != WIRE_OK) {
		return;
	}
	require(frame_check(sender, &head));
	require(head.body_len <= LIMITS_FRAME_BODY_MAX);
	require(strcmp(frame_name(head.type), "unknown") != 0);
	frame_head_lock(&tx, &head, wire);
	require(seal_open(&rx, wire, LIMITS_FRAME_PLAIN_LEN) == 0);
	require(
	    memcmp(wire + SEAL_OVERHEAD, plain, LIMITS_FRAME_PLAIN_LEN) == 0);
}

static void
open_raw(enum frame_sender sender, const uint8_t *data)
{
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];
	struct frame_head head;
	struct seal rx;

	seal_init(&rx, key, nonce);
	memcpy(wire, data, sizeof(wire));
	(void)frame_head_open(&rx, sender, wire, &head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum frame_sender sender;

	if (len < 1 + LIMITS_FRAME_PLAIN_LEN) {
		return 0;
	}
	sender = (enum frame_sender)(data[0] % 4);
	open_sealed(sender, data + 1);
	data += 1 + LIMITS_FRAME_PLAIN_LEN;
	len -= 1 + LIMITS_FRAME_PLAIN_LEN;
	if (len >= LIMITS_FRAME_HEAD_LEN) {
		open_raw(sender, data);
	}
	return 0;
}
