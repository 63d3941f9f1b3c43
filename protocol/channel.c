/* SPDX-License-Identifier: ISC */
/* Channels of a link (PROTOCOL.md section 6); declared in protocol/link.h. */
#include <assert.h>
#include <stdio.h>

#include "common/idmap.h"
#include "common/mem.h"
#include "protocol/link_impl.h"

struct channel *
channel_new(struct link *link, uint32_t id, struct schedule_group *group,
    const struct channel_ops *ops, void *arg)
{
	struct channel *channel;

	assert(id != 0);
	if (!link_is_up(link) || idmap_get(link->channels, id) != NULL) {
		return NULL;
	}
	channel = mem_new(1, sizeof(*channel));
	if (channel == NULL) {
		return NULL;
	}
	if (idmap_put(link->channels, id, channel) != 0) {
		mem_free(channel);
		return NULL;
	}
	schedule_flow_init(
	    &channel->flow, group != NULL ? group : &link->group);
	list_init(&channel->credit_node);
	channel->link = link;
	channel->ops = ops;
	channel->arg = arg;
	channel->id = id;
	/* An endpoint always reads its link, so it needs to give no credit. */
	channel->limit = link->is_relay ? UINT64_MAX : LIMITS_CREDIT_START;
	if (link->is_relay && link->pong_rtt == 0 && link->pinged == 0) {
		/* Credit is reckoned with the round trip: find it out. */
		link->ping_due = true;
		linkwrite_soon(link);
	}
	return channel;
}

void
channel_set_owner(
    struct channel *channel, const struct channel_ops *ops, void *arg)
{
	channel->ops = ops;
	channel->arg = arg;
}

struct channel *
channel_find(struct link *link, uint32_t id)
{
	return idmap_get(link->channels, id);
}

struct channel *
channel_of_flow(struct schedule_flow *flow)
{
	return list_entry(flow, struct channel, flow);
}

bool
channel_may_send(const struct channel *channel)
{
	return channel->sent < channel->limit;
}

void
channel_ready(struct channel *channel)
{
	if (channel->dead) {
		return;
	}
	channel->ready = true;
	if (channel_may_send(channel)) {
		schedule_add(&channel->link->schedule, &channel->flow);
		linkwrite_soon(channel->link);
	}
}

void
channel_credited(struct channel *channel, uint64_t offset)
{
	/* Offsets that go back are stale or mistaken: credit only rises. */
	if (offset <= channel->limit) {
		return;
	}
	channel->limit = offset;
	if (channel->ready) {
		channel_ready(channel);
	}
}

void
channel_credit(struct channel *channel, uint64_t offset)
{
	if (channel->dead || offset <= channel->credit) {
		return;
	}
	channel->credit = offset;
	if (!list_linked(&channel->credit_node)) {
		list_push_back(&channel->link->credits, &channel->credit_node);
	}
	linkwrite_soon(channel->link);
}

/* Take channel out of everything; its memory waits. */
static void
forget(struct channel *channel)
{
	struct link *link = channel->link;

	(void)idmap_remove(link->channels, channel->id);
	schedule_remove(&link->schedule, &channel->flow);
	list_remove(&channel->credit_node);
	channel->dead = true;
	loop_reap(link->loop, channel, mem_free);
}

static void
say_detach(
    struct channel *channel, uint8_t by, enum code code, const char *text)
{
	struct link *link = channel->link;
	struct linkmsg_detach detach = { .code = code, .by = by };
	uint8_t payload[LIMITS_TEXT_LEN + 16];
	size_t len;

	if (channel->dead) {
		return;
	}
	(void)snprintf(
	    detach.text, sizeof(detach.text), "%s", text != NULL ? text : "");
	len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	/* Without a link there is nobody to tell. */
	(void)link_send(link, FRAME_DETACH, channel->id, payload, len);
	forget(channel);
}

void
channel_detach(struct channel *channel, enum code code, const char *text)
{
	const struct link *link = channel->link;

	say_detach(
	    channel, link->is_relay ? 0 : (uint8_t)link->role, code, text);
}

void
channel_detach_by(struct channel *channel, enum linkhello_role by,
    enum code code, const char *text)
{
	say_detach(channel, (uint8_t)by, code, text);
}

void
channel_end(struct channel *channel, enum code code, const char *text)
{
	forget(channel);
	if (channel->ops->detached != NULL) {
		channel->ops->detached(channel->arg, code, text);
	}
}

void
channel_free(struct channel *channel)
{
	if (channel != NULL && !channel->dead) {
		forget(channel);
	}
}

uint32_t
channel_id(const struct channel *channel)
{
	return channel->id;
}

struct link *
channel_link(const struct channel *channel)
{
	return channel->link;
}
