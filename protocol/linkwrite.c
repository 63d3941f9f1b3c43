/* SPDX-License-Identifier: ISC */
/*
 * From control queue and channels to the socket (PROTOCOL.md section 6).
 *
 * Frames are sealed in the order in which they are written, as late as
 * possible: what is sealed cannot be overtaken.  So no more than one batch
 * lies between the choice of a frame and the kernel, and while the kernel
 * takes nothing no channel is asked for anything.
 */
#include <assert.h>
#include <string.h>
#include <sys/uio.h>

#include "common/blob.h"
#include "common/io.h"
#include "common/mem.h"
#include "common/wire.h"
#include "protocol/link_impl.h"

/* What a queued control frame costs beside its payload; an estimate. */
#define LINK_CONTROL_OVERHEAD (sizeof(struct link_control) + 64)

/* --- the batch ------------------------------------------------------- */

static struct link_batch *
get_batch(struct link *link)
{
	if (link->batch == NULL) {
		link->batch = mem_grow(NULL, 1, sizeof(*link->batch));
		if (link->batch != NULL) {
			link->batch->first = 0;
			link->batch->count = 0;
			link->batch->bytes = 0;
			link->batch->done = 0;
		}
	}
	return link->batch;
}

static bool
is_full(const struct link *link)
{
	return link->batch->count == LIMITS_LINK_BATCH_FRAMES ||
	       link->batch->bytes >= link->lowat;
}

static struct link_entry *
entry_at(struct link_batch *batch, size_t i)
{
	return &batch->entries[(batch->first + i) % LIMITS_LINK_BATCH_FRAMES];
}

static size_t
entry_len(const struct link_entry *entry)
{
	size_t body = entry->body != NULL ? blob_len(entry->body) : 0;

	return entry->bytes_len + body;
}

/* Put the entry behind the last one, which the caller filled, into batch. */
static void
commit_entry(struct link_batch *batch)
{
	batch->bytes += entry_len(entry_at(batch, batch->count));
	batch->count++;
}

/* Drop the first n bytes. */
static void
consume(struct link_batch *batch, size_t n)
{
	batch->bytes -= n;
	batch->done += n;
	while (batch->count > 0) {
		struct link_entry *entry = entry_at(batch, 0);
		size_t len = entry_len(entry);

		if (batch->done < len) {
			break;
		}
		batch->done -= len;
		blob_unref(entry->body);
		batch->first = (batch->first + 1) % LIMITS_LINK_BATCH_FRAMES;
		batch->count--;
	}
}

static void
free_batch(struct link *link)
{
	if (link->batch != NULL) {
		consume(link->batch, link->batch->bytes);
		mem_free(link->batch);
		link->batch = NULL;
	}
}

/* --- frames into the batch ------------------------------------------- */

/* Begin an entry with the sealed header of a frame. */
static struct link_entry *
put_head(
    struct link *link, enum frame_type type, uint32_t channel, size_t body_len)
{
	struct link_entry *entry = entry_at(link->batch, link->batch->count);
	struct frame_head head = {
		.type = type,
		.body_len = (uint16_t)body_len,
		.channel = channel,
	};

	frame_head_lock(&link->tx, &head, entry->bytes);
	entry->bytes_len = LIMITS_FRAME_HEAD_LEN;
	entry->body = NULL;
	link->tx_frames++;
	return entry;
}

/* A control frame with LINK_SMALL_LEN bytes of payload. */
static void
put_small(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload)
{
	size_t len = SEAL_OVERHEAD + LINK_SMALL_LEN;
	struct link_entry *entry = put_head(link, type, channel, len);
	uint8_t *box = entry->bytes + LIMITS_FRAME_HEAD_LEN;

	memcpy(box + SEAL_OVERHEAD, payload, LINK_SMALL_LEN);
	seal_lock(&link->tx, box, LINK_SMALL_LEN);
	entry->bytes_len = (uint8_t)(entry->bytes_len + len);
	commit_entry(link->batch);
}

static void
put_number(
    struct link *link, enum frame_type type, uint32_t channel, uint64_t number)
{
	uint8_t payload[LINK_SMALL_LEN];
	struct wire_writer writer;

	wire_write_to(&writer, payload, sizeof(payload));
	wire_put_u64(&writer, number);
	put_small(link, type, channel, payload);
}

static bool
put_rekey(struct link *link)
{
	uint64_t now = loop_now(link->loop);

	if (link->tx_frames < link->times->rekey_count &&
	    (link->tx_frames == 0 ||
		now - link->tx_since < link->times->rekey)) {
		return false;
	}
	(void)put_head(link, FRAME_REKEY, 0, 0);
	commit_entry(link->batch);
	seal_ratchet(&link->tx);
	link->tx_frames = 0;
	link->tx_since = now;
	return true;
}

/* PONG, PING, or the CREDIT of one channel. */
static bool
put_state(struct link *link)
{
	struct list *node = list_first(&link->credits);
	struct channel *channel;

	if (link->pong_due) {
		link->pong_due = false;
		put_small(link, FRAME_PONG, 0, link->pong);
		return true;
	}
	if (link->ping_due) {
		link->ping_due = false;
		link->pinged = loop_now(link->loop);
		put_number(link, FRAME_PING, 0, link->pinged);
		return true;
	}
	if (node == NULL) {
		return false;
	}
	list_remove(node);
	channel = list_entry(node, struct channel, credit_node);
	put_number(link, FRAME_CREDIT, channel->id, channel->credit);
	return true;
}

/* Seal control, put it into the batch, free it; returns its body's length. */
static size_t
put_queued(struct link *link, struct link_control *control)
{
	struct blob *body = control->body;
	size_t len = body != NULL ? blob_len(body) : 0;
	struct link_entry *entry =
	    put_head(link, control->type, control->channel, len);

	if (len > 0) {
		seal_lock(&link->tx, blob_data(body), len - SEAL_OVERHEAD);
	}
	entry->body = body;
	commit_entry(link->batch);
	mem_free(control);
	return len;
}

static bool
put_control(struct link *link)
{
	struct list *node = list_first(&link->controls);
	size_t len;

	if (node == NULL) {
		return false;
	}
	list_remove(node);
	len = put_queued(link, list_entry(node, struct link_control, node));
	link->controls_bytes -= len + LINK_CONTROL_OVERHEAD;
	return true;
}

static bool
put_farewell(struct link *link)
{
	struct link_control *farewell = link->farewell;

	if (farewell == NULL) {
		return false;
	}
	link->farewell = NULL;
	(void)put_queued(link, farewell);
	return true;
}

/* A body that channel has pulled. */
static void
put_carry(struct link *link, struct channel *channel, struct blob *body)
{
	size_t len = blob_len(body);
	struct link_entry *entry;

	assert(len >= LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN);
	assert(len <= LIMITS_FRAME_BODY_MAX);
	entry = put_head(link, FRAME_CARRY, channel->id, len);
	entry->body = body;
	commit_entry(link->batch);
	linklive_carried(link);
	if (link->since_room < LIMITS_LINK_ROOM_GAP) {
		link->since_room += (uint32_t)len;
	}
	channel->sent += LIMITS_FRAME_HEAD_LEN + len;
	schedule_charge(
	    &link->schedule, &channel->flow, LIMITS_FRAME_HEAD_LEN + len);
}

/*
 * Return a body of channel, or NULL: then it is out of the schedule unless it
 * became ready meanwhile, or even the link is closed.
 */
static struct blob *
pull(struct channel *channel)
{
	struct schedule *schedule = &channel->link->schedule;
	struct blob *body = NULL;

	if (!channel_may_send(channel)) {
		schedule_remove(schedule, &channel->flow);
		return NULL;
	}
	/* Who becomes ready inside has something after what it returns. */
	channel->ready = false;
	if (channel->ops->pull != NULL) {
		body = channel->ops->pull(channel->arg);
	}
	if (channel->dead) {
		blob_unref(body);
		return NULL;
	}
	if (body != NULL) {
		channel->ready = true;
	} else if (!channel->ready) {
		schedule_remove(schedule, &channel->flow);
	}
	return body;
}

/* Return true when a frame was put; false also when the link was closed. */
static bool
put_channel(struct link *link)
{
	struct schedule_flow *flow = schedule_next(&link->schedule);

	while (flow != NULL && !link->hurry) {
		struct channel *channel = channel_of_flow(flow);
		struct blob *body = pull(channel);

		if (body != NULL) {
			put_carry(link, channel, body);
			return true;
		}
		flow = schedule_next(&link->schedule);
	}
	return false;
}

/*
 * Ask the owner for one more part of what is long, if it has that, and put it;
 * false also when that closed the link.
 */
static bool
put_part(struct link *link)
{
	if (!link->wants_room || !link_is_up(link)) {
		return false;
	}
	link->wants_room = false;
	link->since_room = 0;
	if (link->ops->room != NULL) {
		link->ops->room(link, link->arg);
	}
	return link->state != LINK_CLOSED && put_control(link);
}

/* The same, when channels had their share. */
static bool
put_part_in_turn(struct link *link)
{
	return link->since_room >= LIMITS_LINK_ROOM_GAP && put_part(link);
}

/*
 * Put the next frame into the batch.  What is queued goes before what is
 * state: a CREDIT must not overtake the ATTACHED of its channel.
 */
static bool
put_frame(struct link *link)
{
	return put_rekey(link) || put_control(link) || put_state(link) ||
	       put_part_in_turn(link) || put_channel(link) || put_part(link) ||
	       put_farewell(link);
}

/* Fill the batch; false when that ended the link. */
static bool
fill(struct link *link)
{
	bool more = link->state == LINK_UP || link->state == LINK_LEAVING;

	if (get_batch(link) == NULL) {
		link_close(link, CODE_INTERNAL, "out of memory");
		return false;
	}
	while (more && !is_full(link)) {
		more = put_frame(link);
		if (link->state == LINK_CLOSED) {
			return false;
		}
	}
	return true;
}

/* --- writing --------------------------------------------------------- */

/* Point at what is to be written; returns the number of pieces. */
static int
point(struct link_batch *batch, struct iovec *iov)
{
	size_t skip = batch->done;
	int count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct link_entry *entry = entry_at(batch, i);

		if (skip < entry->bytes_len) {
			iov[count].iov_base = entry->bytes + skip;
			iov[count].iov_len = entry->bytes_len - skip;
			count++;
			skip = 0;
		} else {
			skip -= entry->bytes_len;
		}
		if (entry->body != NULL) {
			iov[count].iov_base = blob_data(entry->body) + skip;
			iov[count].iov_len = blob_len(entry->body) - skip;
			count++;
		}
		skip = 0;
	}
	return count;
}

/* The socket is full: wait for it. */
static void
set_blocked(struct link *link)
{
	link->blocked = true;
	linktcp_tune(link);
}

/* Write the batch; returns how many bytes the socket took. */
static size_t
write_batch(struct link *link)
{
	struct iovec iov[2 * LIMITS_LINK_BATCH_FRAMES];
	int count = point(link->batch, iov);
	ssize_t n = io_writev(link->io, iov, count);

	if (n == IO_FAIL) {
		link_lost(link, n);
		return 0;
	}
	if (n == IO_AGAIN) {
		set_blocked(link);
		return 0;
	}
	consume(link->batch, (size_t)n);
	link->sent += (uint64_t)n;
	if (link->batch->count > 0) {
		set_blocked(link);
	}
	return (size_t)n;
}

/* Nothing is left to write. */
static void
drained(struct link *link)
{
	free_batch(link);
	if (link->state == LINK_LEAVING && !link->shut) {
		link->shut = true;
		/* Fails when the peer is gone, which reading tells too. */
		(void)io_shutdown(link->io);
	}
	link_want(link);
}

void
linkwrite_flush(void *arg)
{
	struct link *link = arg;
	size_t written = 0;

	if (link->doomed) {
		link_end(link, link->code, link->text, 0);
		return;
	}
	while (!link->blocked && !link->shut && written < LIMITS_LINK_TURN) {
		if (!fill(link)) {
			return;
		}
		if (link->batch->count == 0) {
			drained(link);
			return;
		}
		written += write_batch(link);
		if (link->state == LINK_CLOSED) {
			return;
		}
	}
	if (!link->blocked && !link->shut) {
		/* Others have their turn; this link goes on after them. */
		loop_defer(link->loop, &link->task);
	}
	link_want(link);
}

void
linkwrite_soon(struct link *link)
{
	if (!link->blocked && !link->shut && link->state != LINK_CLOSED) {
		loop_defer(link->loop, &link->task);
	}
}

void
linkwrite_writable(struct link *link)
{
	/* What is wanted stays until the flush knows better. */
	link->blocked = false;
	linkwrite_soon(link);
}

int
linkwrite_raw(struct link *link, const uint8_t *data, size_t len)
{
	struct link_batch *batch = get_batch(link);
	struct blob *blob = blob_new(len);
	struct link_entry *entry;

	if (batch == NULL || blob == NULL) {
		blob_unref(blob);
		return -1;
	}
	assert(!is_full(link));
	memcpy(blob_data(blob), data, len);
	blob_set_len(blob, len);
	entry = entry_at(batch, batch->count);
	entry->bytes_len = 0;
	entry->body = blob;
	commit_entry(batch);
	linkwrite_soon(link);
	return 0;
}

/* Return a queue entry with a copy of payload, or NULL. */
static struct link_control *
new_control(
    enum frame_type type, uint32_t channel, const uint8_t *payload, size_t len)
{
	struct link_control *control = mem_new(1, sizeof(*control));

	if (control == NULL) {
		return NULL;
	}
	control->type = type;
	control->channel = channel;
	if (len == 0) {
		return control;
	}
	control->body = blob_new(SEAL_OVERHEAD + len);
	if (control->body == NULL) {
		mem_free(control);
		return NULL;
	}
	memcpy(blob_data(control->body) + SEAL_OVERHEAD, payload, len);
	blob_set_len(control->body, SEAL_OVERHEAD + len);
	return control;
}

int
linkwrite_farewell(struct link *link, const uint8_t *payload, size_t len)
{
	link->farewell = new_control(FRAME_GOAWAY, 0, payload, len);
	if (link->farewell == NULL) {
		link_doom(link, CODE_INTERNAL, "out of memory");
		return -1;
	}
	return 0;
}

int
linkwrite_control(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	size_t cost = frame_body_len(len) + LINK_CONTROL_OVERHEAD;
	struct link_control *control;

	if (link->controls_bytes + cost > LIMITS_LINK_CONTROL_MAX) {
		link_doom(link, CODE_OVERLOADED,
		    "the other side does not read what it asks for");
		return -1;
	}
	control = new_control(type, channel, payload, len);
	if (control == NULL) {
		link_doom(link, CODE_INTERNAL, "out of memory");
		return -1;
	}
	list_push_back(&link->controls, &control->node);
	link->controls_bytes += cost;
	linkwrite_soon(link);
	return 0;
}

static void
free_control(struct link_control *control)
{
	if (control != NULL) {
		blob_unref(control->body);
		mem_free(control);
	}
}

void
linkwrite_free(struct link *link)
{
	struct list *node;

	free_batch(link);
	for (node = list_first(&link->controls); node != NULL;
	     node = list_first(&link->controls)) {
		list_remove(node);
		free_control(list_entry(node, struct link_control, node));
	}
	free_control(link->farewell);
	link->farewell = NULL;
}
