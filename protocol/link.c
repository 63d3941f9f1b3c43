/* SPDX-License-Identifier: ISC */
#include "protocol/link.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/idmap.h"
#include "common/io.h"
#include "common/log.h"
#include "common/mem.h"
#include "protocol/link_impl.h"

static const struct link_times default_times = {
	.handshake = LIMITS_HANDSHAKE_TIME,
	.quiet = LIMITS_LINK_QUIET,
	.dead = LIMITS_LINK_DEAD,
	.busy = LIMITS_LINK_BUSY,
	.busy_quiet = LIMITS_LINK_BUSY_QUIET,
	.busy_dead = LIMITS_LINK_BUSY_DEAD,
	.leave = LIMITS_LINK_LEAVE,
	.rekey = LIMITS_REKEY_TIME,
	.rekey_count = LIMITS_REKEY_COUNT,
};

/* --- states ---------------------------------------------------------- */

/*
 *   GREETING --> LOGIN --> UP
 *      |           | \      | \
 *      v           |  v     |  v
 *   DISCARDING     | LEAVING<-' |
 *      |           |    |       |
 *      '-----------+----+-------'--> CLOSED   (and from GREETING)
 */
#define TO(state) (1U << (state))

static const struct {
	const char *name;
	unsigned next;
} states[] = {
	[LINK_GREETING] = { "greeting",
	    TO(LINK_DISCARDING) | TO(LINK_LOGIN) | TO(LINK_CLOSED) },
	[LINK_DISCARDING] = { "discarding", TO(LINK_CLOSED) },
	[LINK_LOGIN] = { "login",
	    TO(LINK_UP) | TO(LINK_LEAVING) | TO(LINK_CLOSED) },
	[LINK_UP] = { "up", TO(LINK_LEAVING) | TO(LINK_CLOSED) },
	[LINK_LEAVING] = { "leaving", TO(LINK_CLOSED) },
	[LINK_CLOSED] = { "closed", 0 },
};

/* Return when something is to be done if nothing is heard until then. */
static uint64_t
deadline(const struct link *link)
{
	switch (link->state) {
	case LINK_GREETING:
	case LINK_DISCARDING:
	case LINK_LOGIN:
		return link->since + link->times->handshake;
	case LINK_UP:
		return linklive_deadline(link);
	case LINK_LEAVING:
		return link->since + (link->hurry ? link->times->leave
						  : link->times->leave / 2);
	case LINK_CLOSED:
		break;
	}
	return UINT64_MAX;
}

void
link_set_timer(struct link *link)
{
	uint64_t now = loop_now(link->loop);
	uint64_t due = deadline(link);
	double seconds = 0.001;

	if (due > now + LIMITS_MSEC) {
		seconds = (double)(due - now) / (double)LIMITS_SEC;
	}
	io_set_timeout(link->io, seconds);
}

void
link_move(struct link *link, enum link_state state)
{
	assert((states[link->state].next & TO(state)) != 0);
	log_write(LOG_LEVEL_DEBUG, "link", link->id, "%s -> %s",
	    states[link->state].name, states[state].name);
	link->state = state;
	if (state == LINK_CLOSED) {
		return;
	}
	/* Garbage does not lengthen the time for a handshake. */
	if (state != LINK_DISCARDING) {
		link->since = loop_now(link->loop);
	}
	link->heard = link->since;
	link->asked = 0;
	link_set_timer(link);
	link_want(link);
}

bool
link_takes_frames(const struct link *link)
{
	return link->state == LINK_UP ||
	       (link->state == LINK_LOGIN && !link->is_relay);
}

void
link_want(struct link *link)
{
	/* Nothing may follow message 3 until its sender is let in. */
	bool readable = link->state != LINK_LOGIN || !link->is_relay;

	if (link->state != LINK_CLOSED) {
		io_want(link->io, readable, link->blocked);
	}
}

/* --- events ---------------------------------------------------------- */

/* Channels had half of the time for what they had left. */
static void
leaving_timeout(struct link *link)
{
	if (link->hurry) {
		link_end(link, link->code, link->text, 0);
		return;
	}
	link->hurry = true;
	linkwrite_soon(link);
	link_set_timer(link);
}

static void
on_timeout(struct link *link)
{
	if (loop_now(link->loop) < deadline(link)) {
		link_set_timer(link);
		return;
	}
	switch (link->state) {
	case LINK_GREETING:
	case LINK_LOGIN:
		linkgreet_timeout(link);
		break;
	case LINK_DISCARDING:
		link_close(link, CODE_PROTOCOL_ERROR, "no valid handshake");
		break;
	case LINK_UP:
		linklive_timeout(link);
		break;
	case LINK_LEAVING:
		leaving_timeout(link);
		break;
	case LINK_CLOSED:
		break;
	}
}

static void
on_event(struct io *io, enum io_event event, void *arg)
{
	struct link *link = arg;

	(void)io;
	switch (event) {
	case IO_READABLE:
		linkread_ready(link);
		break;
	case IO_WRITABLE:
		linkwrite_writable(link);
		break;
	case IO_TIMEOUT:
		on_timeout(link);
		break;
	}
}

/* --- creation -------------------------------------------------------- */

/* Free the memory of a link that is closed or never came to be. */
static void
destroy(void *object)
{
	struct link *link = object;

	if (link == NULL) {
		return;
	}
	linkhello_free(link->hello);
	idmap_free(link->channels);
	mem_free(link->text);
	mem_free_wiped(link, sizeof(*link));
}

/* Set up a link that owns nothing but hello, which may be NULL. */
static struct link *
new_link(struct loop *loop, struct linkhello *hello,
    const struct link_times *times, const struct link_ops *ops, void *arg)
{
	struct link *link = mem_new(1, sizeof(*link));

	if (link == NULL) {
		linkhello_free(hello);
		return NULL;
	}
	link->loop = loop;
	link->ops = ops;
	link->arg = arg;
	link->times = times != NULL ? times : &default_times;
	link->id = loop_number(loop);
	link->state = LINK_GREETING;
	link->hello = hello;
	link->since = loop_now(loop);
	loop_task_init(&link->task, linkwrite_flush, link);
	list_init(&link->controls);
	list_init(&link->credits);
	schedule_init(&link->schedule);
	schedule_group_init(&link->group);
	return link;
}

/* Give link its socket, as the last thing that can fail; 0 or -1. */
static int
open_link(struct link *link, int fd)
{
	if (link->hello == NULL) {
		return -1;
	}
	link->channels = idmap_new();
	if (link->channels == NULL) {
		return -1;
	}
	link->io = io_new(link->loop, fd, on_event, link);
	if (link->io == NULL) {
		return -1;
	}
	linktcp_init(link);
	/* Without an address (.len is 0) when the peer has gone already. */
	(void)io_peer(link->io, &link->peer);
	link_set_timer(link);
	link_want(link);
	return 0;
}

struct link *
link_accept(struct loop *loop, int fd, const struct link_relay_config *config,
    const struct link_ops *ops, void *arg)
{
	struct linkhello_config hello = {
		.static_secret = config->secret_key,
		.static_public = config->public_key,
	};
	struct link *link = new_link(
	    loop, linkhello_new_responder(&hello), config->times, ops, arg);

	if (link == NULL || open_link(link, fd) != 0) {
		destroy(link);
		return NULL;
	}
	link->is_relay = true;
	return link;
}

struct link *
link_connect(struct loop *loop, int fd,
    const struct link_endpoint_config *config, const struct link_ops *ops,
    void *arg)
{
	struct linkhello_config hello = {
		.static_secret = config->secret_key,
		.static_public = config->public_key,
		.version = LIMITS_PROTOCOL_VERSION,
		.role = config->role,
		.relay_public = config->relay_key,
		.login = config->login,
	};
	struct link *link = new_link(
	    loop, linkhello_new_initiator(&hello), config->times, ops, arg);

	if (link == NULL || open_link(link, fd) != 0) {
		destroy(link);
		return NULL;
	}
	link->role = config->role;
	linkgreet_start(link);
	return link;
}

void
link_set_owner(struct link *link, const struct link_ops *ops, void *arg)
{
	link->ops = ops;
	link->arg = arg;
}

/* --- the end --------------------------------------------------------- */

void
link_end(
    struct link *link, enum code code, const char *text, uint32_t retry_after)
{
	struct channel *channel;

	if (link == NULL || link->state == LINK_CLOSED) {
		return;
	}
	if (text == NULL || text[0] == '\0') {
		text = codes_summary(code);
	}
	link_move(link, LINK_CLOSED);
	loop_task_cancel(link->loop, &link->task);
	io_close(link->io);
	seal_wipe(&link->tx);
	seal_wipe(&link->rx);
	linkread_free(link);
	linkwrite_free(link);
	for (channel = idmap_any(link->channels); channel != NULL;
	     channel = idmap_any(link->channels)) {
		channel_end(channel, code, text);
	}
	if (link->ops->down != NULL) {
		link->ops->down(link, code, text, retry_after, link->arg);
	}
	loop_reap(link->loop, link, destroy);
}

void
link_close(struct link *link, enum code code, const char *text)
{
	link_end(link, code, text, 0);
}

/* Remember how link is to end. */
static void
set_end(struct link *link, enum code code, const char *text)
{
	link->code = code;
	mem_free(link->text);
	/* Without memory the summary of code has to do. */
	link->text = text != NULL ? mem_strdup(text) : NULL;
}

void
link_doom(struct link *link, enum code code, const char *text)
{
	if (link->doomed || link->state == LINK_CLOSED) {
		return;
	}
	link->doomed = true;
	set_end(link, code, text);
	loop_defer(link->loop, &link->task);
}

void
link_violation(struct link *link, const char *what)
{
	link_close(link, CODE_PROTOCOL_ERROR, what);
}

void
link_lost(struct link *link, ssize_t n)
{
	char text[LIMITS_TEXT_LEN] = "the other side closed the connection";

	if (link->state == LINK_GREETING || link->state == LINK_LOGIN) {
		linkgreet_lost(link, n);
		return;
	}
	if (link->state == LINK_LEAVING) {
		link_end(link, link->code, link->text, 0);
		return;
	}
	if (n != 0) {
		(void)snprintf(text, sizeof(text), "the connection broke: %s",
		    strerror(io_errno(link->io)));
	}
	link_close(link, CODE_LINK_LOST, text);
}

/* Write what is queued, then close; set_end() said how. */
static void
leave(struct link *link)
{
	link_move(link, LINK_LEAVING);
	linkwrite_soon(link);
}

void
link_admit(struct link *link, const struct linkmsg_result *result)
{
	uint8_t payload[LIMITS_RESULT_MAX];
	size_t len = linkmsg_result_encode(result, payload, sizeof(payload));

	if (link->state != LINK_LOGIN || !link->is_relay) {
		return;
	}
	assert(result->code == CODE_OK && len > 0);
	link_move(link, LINK_UP);
	link->spread = result->spread;
	linkgreet_over(link);
	/* A failure dooms the link. */
	(void)linkwrite_control(link, FRAME_RESULT, 0, payload, len);
}

void
link_refuse(
    struct link *link, enum code code, const char *text, uint32_t retry_after)
{
	struct linkmsg_result result = {
		.code = code,
		.retry_after = retry_after,
	};
	uint8_t payload[LIMITS_RESULT_MAX];
	size_t len;

	if (link->state != LINK_LOGIN || !link->is_relay) {
		return;
	}
	(void)snprintf(result.text, sizeof(result.text), "%s",
	    text != NULL ? text : codes_summary(code));
	len = linkmsg_result_encode(&result, payload, sizeof(payload));
	set_end(link, code, text);
	linkgreet_over(link);
	if (linkwrite_control(link, FRAME_RESULT, 0, payload, len) == 0) {
		leave(link);
	}
}

void
link_set_spread(struct link *link, uint32_t spread)
{
	link->spread = spread;
}

void
link_goaway(struct link *link, enum code code, const char *text)
{
	struct linkmsg_goaway goaway = {
		.code = code,
		.spread = link->spread,
	};
	uint8_t payload[LIMITS_TEXT_LEN + 16];
	size_t len;

	if (!link_is_up(link)) {
		if (link->state != LINK_LEAVING) {
			link_close(link, code, text);
		}
		return;
	}
	(void)snprintf(goaway.text, sizeof(goaway.text), "%s",
	    text != NULL ? text : codes_summary(code));
	len = linkmsg_goaway_encode(&goaway, payload, sizeof(payload));
	if (linkwrite_farewell(link, payload, len) == 0) {
		set_end(link, code, text);
		leave(link);
	}
}

/* --- use ------------------------------------------------------------- */

/* What link sends as. */
static enum frame_sender
sender(const struct link *link)
{
	bool gateway = link->role == LINKHELLO_GATEWAY;

	if (link->is_relay) {
		return gateway ? FRAME_FROM_RELAY_TO_GATEWAY
			       : FRAME_FROM_RELAY_TO_AGENT;
	}
	return gateway ? FRAME_FROM_GATEWAY : FRAME_FROM_AGENT;
}

/*
 * A frame that the table does not allow would make the peer close the link.
 * That must not follow from what a third party sent: a gateway's longest
 * ATTACH, for example, is too long once a relay has added the device.
 */
static bool
is_legal(
    const struct link *link, enum frame_type type, uint32_t channel, size_t len)
{
	struct frame_head head = { .type = type, .channel = channel };

	if (len > LIMITS_CONTROL_MAX) {
		return false;
	}
	head.body_len = (uint16_t)frame_body_len(len);
	return frame_check(sender(link), &head);
}

int
link_send(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	if (!link_is_up(link)) {
		return -1;
	}
	if (!is_legal(link, type, channel, len)) {
		log_write(LOG_LEVEL_WARN, "link", link->id,
		    "%s not sent: %zu bytes on channel %u are not allowed",
		    frame_name(type), len, channel);
		return -1;
	}
	return linkwrite_control(link, type, channel, payload, len);
}

void
link_ask_room(struct link *link)
{
	link->wants_room = true;
	linkwrite_soon(link);
}

bool
link_is_up(const struct link *link)
{
	return link->state == LINK_UP && !link->doomed;
}

enum linkhello_role
link_role(const struct link *link)
{
	return link->role;
}

const struct addr *
link_peer(const struct link *link)
{
	return &link->peer;
}

uint64_t
link_id(const struct link *link)
{
	return link->id;
}

uint64_t
link_sent(const struct link *link)
{
	return link->sent;
}

uint64_t
link_received(const struct link *link)
{
	return link->received;
}
