/* SPDX-License-Identifier: ISC */
/*
 * frame: the frames of a link, from frames.def (PROTOCOL.md section 5).
 *
 * A frame on the wire is a sealed header of 24 bytes and a body.  The body of
 * CARRY is a session record that the link does not open; the payload of any
 * other frame is sealed with the link's own key and the next counter.
 *
 * Pure functions over struct seal and the caller's memory.
 */
#ifndef INROAD_PROTOCOL_FRAME_H
#define INROAD_PROTOCOL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "protocol/limits.h"
#include "protocol/linkhello.h"

struct seal;

/* Frame types; PROTOCOL.md section 5. */
enum frame_type {
#define FRAME(code, name, senders, channel, min, max) FRAME_##name = (code),
#include "protocol/frames.def"
#undef FRAME
};

/* Who sends a frame, and to whom. */
enum frame_sender {
	FRAME_FROM_GATEWAY,
	FRAME_FROM_AGENT,
	FRAME_FROM_RELAY_TO_GATEWAY,
	FRAME_FROM_RELAY_TO_AGENT,
};

/* A decoded header. */
struct frame_head {
	enum frame_type type;
	uint8_t flags;
	uint16_t body_len; /* on the wire, seal included */
	uint32_t channel;
};

/* Return the name of type, "ATTACH". */
const char *frame_name(enum frame_type type);

/*
 * Seal a header to out for a body of body_len wire bytes.  The caller has
 * checked it with frame_check().
 */
void frame_head_lock(struct seal *tx, const struct frame_head *head,
    uint8_t out[LIMITS_FRAME_HEAD_LEN]);

/*
 * Open the header at in, in place, and check it against frames.def as sent by
 * sender.  Returns WIRE_OK or WIRE_BAD (seal, type, direction, channel or
 * length).
 */
enum wire_result frame_head_open(struct seal *rx, enum frame_sender sender,
    uint8_t in[LIMITS_FRAME_HEAD_LEN], struct frame_head *head);

/* Return true when frames.def lets sender send this header. */
bool frame_check(enum frame_sender sender, const struct frame_head *head);

/* Return wire bytes of a control payload of len bytes: 0, or len + tag. */
size_t frame_body_len(size_t len);

#endif
