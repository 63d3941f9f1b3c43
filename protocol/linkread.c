/* SPDX-License-Identifier: ISC */
/*
 * From the socket to the frames of a link (PROTOCOL.md section 5).
 *
 * One system call reads what the socket has into the scratch memory of the
 * loop, behind what was left over from the last time; frames are opened and
 * handled in place, and what is left is kept.  A busy link so costs one read
 * for sixteen records and one copy of half a record, and an idle one nothing.
 */
#include <string.h>

#include "common/idmap.h"
#include "common/io.h"
#include "common/mem.h"
#include "common/wire.h"
#include "protocol/link_impl.h"

/* --- frames ---------------------------------------------------------- */

/* Handles the payload of a frame whose header is link->head. */
typedef void frame_handler(
    struct link *link, const uint8_t *payload, size_t len);

static void
on_result(struct link *link, const uint8_t *payload, size_t len)
{
	if (link->state != LINK_LOGIN) {
		link_violation(link, "the relay sent a second RESULT");
		return;
	}
	linkgreet_result(link, payload, len);
}

static void
on_ping(struct link *link, const uint8_t *payload, size_t len)
{
	(void)len;
	memcpy(link->pong, payload, sizeof(link->pong));
	link->pong_due = true;
	linkwrite_soon(link);
}

/* That it came is a sign of life, and how soon tells the round trip. */
static void
on_pong(struct link *link, const uint8_t *payload, size_t len)
{
	struct wire_reader reader;
	uint64_t rtt;

	wire_read_from(&reader, payload, len);
	if (link->pinged == 0 || wire_get_u64(&reader) != link->pinged) {
		return;
	}
	rtt = loop_now(link->loop) - link->pinged;
	link->pinged = 0;
	if (link->pong_rtt == 0 || rtt < link->pong_rtt) {
		link->pong_rtt = rtt;
	}
}

static void
on_goaway(struct link *link, const uint8_t *payload, size_t len)
{
	struct linkmsg_goaway goaway;

	if (linkmsg_goaway_decode(&goaway, payload, len) != 0) {
		link_violation(link, "the other side sent a wrong GOAWAY");
		return;
	}
	link_end(link, goaway.code, goaway.text, goaway.spread);
}

static void
on_rekey(struct link *link, const uint8_t *payload, size_t len)
{
	(void)payload;
	(void)len;
	seal_ratchet(&link->rx);
}

static void
on_detach(struct link *link, const uint8_t *payload, size_t len)
{
	struct channel *channel = channel_find(link, link->head.channel);
	struct linkmsg_detach detach;

	if (linkmsg_detach_decode(&detach, payload, len) != 0) {
		link_violation(link, "the other side sent a wrong DETACH");
		return;
	}
	if (channel != NULL) {
		channel_end(channel, detach.code,
		    detach.text[0] != '\0' ? detach.text
					   : codes_summary(detach.code));
	}
}

static void
on_credit(struct link *link, const uint8_t *payload, size_t len)
{
	struct channel *channel = channel_find(link, link->head.channel);
	struct wire_reader reader;

	wire_read_from(&reader, payload, len);
	if (channel != NULL) {
		channel_credited(channel, wire_get_u64(&reader));
	}
}

static void
on_other(struct link *link, const uint8_t *payload, size_t len)
{
	if (link->ops->frame != NULL) {
		link->ops->frame(link, link->head.type, link->head.channel,
		    payload, len, link->arg);
	}
}

/* What is not here is the owner's business. */
static frame_handler *const handlers[] = {
	[FRAME_RESULT] = on_result,
	[FRAME_PING] = on_ping,
	[FRAME_PONG] = on_pong,
	[FRAME_GOAWAY] = on_goaway,
	[FRAME_REKEY] = on_rekey,
	[FRAME_DETACH] = on_detach,
	[FRAME_CREDIT] = on_credit,
};

static void
take_control(struct link *link, uint8_t *body, size_t len)
{
	size_t type = (size_t)link->head.type;
	frame_handler *handler = on_other;

	if (len > 0) {
		if (seal_open(&link->rx, body, len - SEAL_OVERHEAD) != 0) {
			link_violation(link, "a frame does not authenticate");
			return;
		}
		body += SEAL_OVERHEAD;
		len -= SEAL_OVERHEAD;
	}
	if (type < sizeof(handlers) / sizeof(handlers[0]) &&
	    handlers[type] != NULL) {
		handler = handlers[type];
	}
	handler(link, body, len);
}

/* A frame for a channel that we gave up may still be on its way: ignore it. */
static void
take_carry(struct link *link, uint8_t *body, size_t len)
{
	struct channel *channel = channel_find(link, link->head.channel);

	if (channel != NULL && channel->ops->carry != NULL) {
		channel->ops->carry(channel->arg, body, len);
	}
}

static void
take_frame(struct link *link, uint8_t *body)
{
	size_t len = link->head.body_len;

	if (link->state == LINK_LOGIN && link->head.type != FRAME_RESULT) {
		link_violation(link, "the relay's first frame is no RESULT");
	} else if (link->head.type == FRAME_CARRY) {
		take_carry(link, body, len);
	} else {
		take_control(link, body, len);
	}
}

/* --- bytes ----------------------------------------------------------- */

static enum frame_sender
sender_of(const struct link *link)
{
	bool gateway = link->role == LINKHELLO_GATEWAY;

	if (link->is_relay) {
		return gateway ? FRAME_FROM_GATEWAY : FRAME_FROM_AGENT;
	}
	return gateway ? FRAME_FROM_RELAY_TO_GATEWAY
		       : FRAME_FROM_RELAY_TO_AGENT;
}

/*
 * Open the header at *pos of the len bytes at data, unless that is done, and
 * move *pos behind it.  Returns false when it is not whole or not right.
 */
static bool
take_head(struct link *link, uint8_t *data, size_t len, size_t *pos)
{
	if (link->has_head) {
		return true;
	}
	if (len - *pos < LIMITS_FRAME_HEAD_LEN) {
		return false;
	}
	if (frame_head_open(&link->rx, sender_of(link), data + *pos,
		&link->head) != WIRE_OK) {
		link_violation(link, "a wrong frame header");
		return false;
	}
	link->has_head = true;
	*pos += LIMITS_FRAME_HEAD_LEN;
	return true;
}

/*
 * Handle the frames in the len bytes at data, until the last whole one or
 * until the link does not want them any more.  Returns how many bytes they
 * had.
 */
static size_t
take_frames(struct link *link, uint8_t *data, size_t len)
{
	size_t pos = 0;

	while (link_takes_frames(link) && take_head(link, data, len, &pos)) {
		uint8_t *body = data + pos;

		if (len - pos < link->head.body_len) {
			break;
		}
		link->has_head = false;
		pos += link->head.body_len;
		take_frame(link, body);
	}
	return pos;
}

/* Keep the len bytes at data until more comes; 0, or -1 without memory. */
static int
keep(struct link *link, const uint8_t *data, size_t len)
{
	linkread_free(link);
	if (len == 0) {
		return 0;
	}
	link->rest = mem_grow(NULL, len, 1);
	if (link->rest == NULL) {
		return -1;
	}
	memcpy(link->rest, data, len);
	link->rest_len = len;
	return 0;
}

static void
read_frames(struct link *link)
{
	uint8_t *scratch = loop_scratch(link->loop);
	size_t len = link->rest_len;
	size_t used;
	ssize_t n;

	if (len > 0) {
		memcpy(scratch, link->rest, len);
	}
	n = io_read(link->io, scratch + len, LOOP_SCRATCH_LEN - len);
	if (n == IO_AGAIN) {
		return;
	}
	if (n <= 0) {
		link_lost(link, n);
		return;
	}
	linklive_heard(link);
	link->received += (uint64_t)n;
	len += (size_t)n;
	used = take_frames(link, scratch, len);
	if (link_takes_frames(link) &&
	    keep(link, scratch + used, len - used) != 0) {
		link_close(link, CODE_INTERNAL, "out of memory");
	}
}

/* Nothing that comes matters any more, but its end does. */
static void
discard(struct link *link)
{
	ssize_t n =
	    io_read(link->io, loop_scratch(link->loop), LOOP_SCRATCH_LEN);

	if (n > 0) {
		link->received += (uint64_t)n;
	} else if (n != IO_AGAIN) {
		link_lost(link, n);
	}
}

void
linkread_ready(struct link *link)
{
	switch (link->state) {
	case LINK_GREETING:
		linkgreet_read(link);
		break;
	case LINK_LOGIN:
	case LINK_UP:
		read_frames(link);
		break;
	case LINK_DISCARDING:
	case LINK_LEAVING:
		discard(link);
		break;
	case LINK_CLOSED:
		break;
	}
}

void
linkread_free(struct link *link)
{
	mem_free(link->rest);
	link->rest = NULL;
	link->rest_len = 0;
}
