/* SPDX-License-Identifier: ISC */
/*
 * agentorder: what an owner's gateway tells an agent itself (PROTOCOL.md
 * section 8.1).
 *
 * A stream to the reserved target "@agent" carries orders one way and an
 * answer to each the other way, in their order.  Only the account that owns the
 * host may open one.  The relay, which carries it all, can neither read, make
 * nor change any of it.
 *
 * Encoders return the number of bytes written, which always fit.  Decoders read
 * from the beginning of len bytes and put to *used how many a whole message
 * took; they hold to the sizes below, so a buffer of that size is enough.
 * Pure.
 */
#ifndef INROAD_PROTOCOL_AGENTORDER_H
#define INROAD_PROTOCOL_AGENTORDER_H

#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "protocol/codes.h"
#include "protocol/limits.h"

/* The target of such a stream; names of targets never begin with '@'. */
#define AGENTORDER_TARGET "@agent"

/* Longest order and answer, their length included. */
#define AGENTORDER_MAX 256
#define AGENTORDER_ANSWER_MAX (2 + 2 + 1 + LIMITS_TEXT_LEN)

enum agentorder_verb {
	AGENTORDER_UNKNOWN = 0, /* one of a later version: answer "version" */
	AGENTORDER_REVOKE = 1,  /* a share is over */
};

/* An order. */
struct agentorder {
	enum agentorder_verb verb;
	uint64_t share;  /* REVOKE: its id, not 0 */
	uint64_t expiry; /* REVOKE: when it ends anyway; 0: never */
};

/* What came of an order. */
struct agentorder_answer {
	enum code code;
	char text[LIMITS_TEXT_LEN]; /* a sentence, or empty */
};

/* Write order, whose verb is known, to out. */
size_t agentorder_encode(
    const struct agentorder *order, uint8_t out[AGENTORDER_MAX]);

/* Read an order. */
enum wire_result agentorder_decode(
    struct agentorder *out, const uint8_t *data, size_t len, size_t *used);

/* Write answer to out. */
size_t agentorder_encode_answer(
    const struct agentorder_answer *answer, uint8_t out[AGENTORDER_ANSWER_MAX]);

/* Read an answer. */
enum wire_result agentorder_decode_answer(struct agentorder_answer *out,
    const uint8_t *data, size_t len, size_t *used);

#endif
