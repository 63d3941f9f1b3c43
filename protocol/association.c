/* SPDX-License-Identifier: ISC */
#include "protocol/association.h"

#include "protocol/dgramqueue.h"
#include "protocol/session_impl.h"

/* Let stream take its turn. */
static void
schedule(struct stream *stream)
{
	struct session *session = stream->session;

	if (!list_linked(&stream->held_back)) {
		schedule_add(&session->schedule, &stream->flow);
		session_notify(session);
	}
}

/* Return true when what stream sends now could be sealed at some time. */
static bool
may_send(const struct stream *stream)
{
	const struct session *session = stream->session;

	return !stream->tx_ended && !session->closed && !session->paused &&
	       (stream->answered || session->config.role == SESSION_OPENER);
}

void
association_send(struct stream *stream, const struct dgram_address *address,
    const uint8_t *data, size_t len, uint64_t now_ns)
{
	if (stream->session == NULL) {
		return;
	}
	if (!may_send(stream)) {
		stream->session->stats.dgrams_dropped++;
	} else if (dgramqueue_push(
		       stream->dgrams, address, data, len, now_ns) == 0) {
		schedule(stream);
	}
}

void
association_hold_back(struct stream *stream)
{
	struct session *session = stream->session;

	schedule_remove(&session->schedule, &stream->flow);
	if (!list_linked(&stream->held_back)) {
		list_push_back(&session->held_back, &stream->held_back);
	}
}

void
association_go_on(struct session *session)
{
	struct list *node;

	if (retain_bytes(&session->retain) >= session_dgram_cap(session)) {
		return;
	}
	node = list_first(&session->held_back);
	while (node != NULL) {
		struct stream *stream =
		    list_entry(node, struct stream, held_back);

		list_remove(node);
		schedule_add(&session->schedule, &stream->flow);
		node = list_first(&session->held_back);
	}
}

void
association_lose_all(struct session *session)
{
	struct list *node = list_first(&session->streams);

	for (; node != NULL; node = list_after(&session->streams, node)) {
		struct stream *stream = list_entry(node, struct stream, all);

		if (stream->dgrams != NULL) {
			dgramqueue_clear(stream->dgrams);
			schedule_remove(&session->schedule, &stream->flow);
			list_remove(&stream->held_back);
		}
	}
}
