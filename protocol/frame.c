/* SPDX-License-Identifier: ISC */
#include "protocol/frame.h"

#include <assert.h>

#include "protocol/seal.h"

/* What a row of frames.def says about the channel. */
enum frame_channel {
	ZERO,
	SOME,
	ANY,
};

/* What it says about senders: one bit for each. */
#define G (1U << FRAME_FROM_GATEWAY)
#define A (1U << FRAME_FROM_AGENT)
#define RG (1U << FRAME_FROM_RELAY_TO_GATEWAY)
#define RA (1U << FRAME_FROM_RELAY_TO_AGENT)
#define R (RG | RA)

struct frame_rule {
	const char *name; /* NULL: no such type */
	unsigned senders;
	enum frame_channel channel;
	size_t min; /* bounds of the payload */
	size_t max;
};

static const struct frame_rule frame_rules[] = {
#define FRAME(code, name, senders, channel, min, max)                          \
	[code] = { #name, (senders), channel, min, max },
#include "protocol/frames.def"
#undef FRAME
};

#define FRAME_RULES (sizeof(frame_rules) / sizeof(frame_rules[0]))

/* Every payload fits a body and every sealed control payload does. */
#define FRAME(code, name, senders, channel, min, max)                          \
	_Static_assert((min) <= (max), #name);                                 \
	_Static_assert((max) <= ((code) == FRAME_CARRY ? LIMITS_FRAME_BODY_MAX \
						       : LIMITS_CONTROL_MAX),  \
	    #name);
#include "protocol/frames.def"
#undef FRAME
_Static_assert(LIMITS_CONTROL_MAX + SEAL_OVERHEAD <= LIMITS_FRAME_BODY_MAX,
    "the longest control frame fits where a record does");
_Static_assert(LIMITS_FRAME_HEAD_LEN == SEAL_OVERHEAD + LIMITS_FRAME_PLAIN_LEN,
    "a header is a box");

/* Return the rule of type, or NULL. */
static const struct frame_rule *
rule_of(unsigned type)
{
	if (type >= FRAME_RULES || frame_rules[type].name == NULL) {
		return NULL;
	}
	return &frame_rules[type];
}

const char *
frame_name(enum frame_type type)
{
	const struct frame_rule *rule = rule_of(type);

	return rule != NULL ? rule->name : "unknown";
}

void
frame_head_lock(struct seal *tx, const struct frame_head *head,
    uint8_t out[LIMITS_FRAME_HEAD_LEN])
{
	struct wire_writer writer;

	wire_write_to(&writer, out + SEAL_OVERHEAD, LIMITS_FRAME_PLAIN_LEN);
	wire_put_u8(&writer, (uint8_t)head->type);
	wire_put_u8(&writer, head->flags);
	wire_put_u16(&writer, head->body_len);
	wire_put_u32(&writer, head->channel);
	assert(wire_written(&writer) == LIMITS_FRAME_PLAIN_LEN);
	seal_lock(tx, out, LIMITS_FRAME_PLAIN_LEN);
}

enum wire_result
frame_head_open(struct seal *rx, enum frame_sender sender,
    uint8_t in[LIMITS_FRAME_HEAD_LEN], struct frame_head *head)
{
	struct wire_reader reader;
	uint8_t type;

	if (seal_open(rx, in, LIMITS_FRAME_PLAIN_LEN) != 0) {
		return WIRE_BAD;
	}
	wire_read_from(&reader, in + SEAL_OVERHEAD, LIMITS_FRAME_PLAIN_LEN);
	type = wire_get_u8(&reader);
	if (rule_of(type) == NULL) {
		return WIRE_BAD;
	}
	head->type = (enum frame_type)type;
	head->flags = wire_get_u8(&reader);
	head->body_len = wire_get_u16(&reader);
	head->channel = wire_get_u32(&reader);
	return frame_check(sender, head) ? WIRE_OK : WIRE_BAD;
}

/* Return true when a body of len wire bytes is within rule. */
static bool
length_fits(const struct frame_rule *rule, enum frame_type type, size_t len)
{
	if (type != FRAME_CARRY && len > 0) {
		if (len <= SEAL_OVERHEAD) {
			return false;
		}
		len -= SEAL_OVERHEAD;
	}
	return len >= rule->min && len <= rule->max;
}

bool
frame_check(enum frame_sender sender, const struct frame_head *head)
{
	const struct frame_rule *rule = rule_of(head->type);

	if (rule == NULL || (rule->senders & (1U << sender)) == 0) {
		return false;
	}
	if (rule->channel != ANY &&
	    (rule->channel == SOME) != (head->channel != 0)) {
		return false;
	}
	return length_fits(rule, head->type, head->body_len);
}

size_t
frame_body_len(size_t len)
{
	return len > 0 ? len + SEAL_OVERHEAD : 0;
}
