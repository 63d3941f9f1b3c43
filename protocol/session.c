/* SPDX-License-Identifier: ISC */
#include "protocol/session.h"

#include <string.h>

#include "common/blob.h"
#include "common/mem.h"
#include "protocol/session_impl.h"
#include "protocol/sessionin.h"
#include "protocol/sessionout.h"

/* How soon a pull that failed for want of memory is tried again. */
#define STARVED_RETRY (100 * LIMITS_MSEC)

struct session *
session_new(const struct session_config *config, uint64_t now_ns)
{
	struct session *session = mem_new(1, sizeof(*session));

	if (session == NULL) {
		return NULL;
	}
	session->numbers = idmap_new();
	if (session->numbers == NULL) {
		mem_free(session);
		return NULL;
	}
	session->config = *config;
	session->tx = *config->tx;
	session->rx = *config->rx;
	session->config.tx = NULL;
	session->config.rx = NULL;
	retain_init(&session->retain);
	list_init(&session->streams);
	list_init(&session->dead);
	list_init(&session->debtors);
	schedule_init(&session->schedule);
	schedule_group_init(&session->group);
	session->now = now_ns;
	session->ack_deadline = SESSION_NEVER;
	session->rekey_deadline = now_ns + LIMITS_REKEY_TIME;
	session->rekey_counter = LIMITS_REKEY_COUNT;
	/* The opener's first record confirms the keys to the acceptor. */
	session->owes_ping = config->role == SESSION_OPENER;
	return session;
}

static void
destroy_all(struct list *streams)
{
	struct list *node = list_first(streams);

	while (node != NULL) {
		stream_destroy(list_entry(node, struct stream, all));
		node = list_first(streams);
	}
}

/*
 * A stream that ended cleanly is not told of the end of its session, and its
 * owner may still be busy with what it received.
 */
static void
orphan_held(struct session *session)
{
	struct list *node = list_first(&session->streams);

	while (node != NULL) {
		struct stream *stream = list_entry(node, struct stream, all);

		node = list_after(&session->streams, node);
		if (stream->ops != NULL && stream_is_over(stream)) {
			stream_orphan(stream);
		}
	}
}

void
session_free(struct session *session)
{
	if (session == NULL) {
		return;
	}
	orphan_held(session);
	destroy_all(&session->streams);
	destroy_all(&session->dead);
	idmap_free(session->numbers);
	retain_end(&session->retain);
	blob_unref(session->spare);
	seal_wipe(&session->tx);
	seal_wipe(&session->rx);
	mem_free_wiped(session, sizeof(*session));
}

void
session_notify(struct session *session)
{
	if (session->config.ops->ready != NULL) {
		session->config.ops->ready(session->config.arg);
	}
}

void
session_bury(struct session *session)
{
	destroy_all(&session->dead);
}

/* The first record under the new keys: the peer really has them. */
static void
confirm(struct session *session)
{
	if (session->confirmed) {
		return;
	}
	session->confirmed = true;
	if (session->config.role == SESSION_ACCEPTOR) {
		session->owes_ping = true;
		session_notify(session);
	}
	if (session->config.ops->confirmed != NULL) {
		session->config.ops->confirmed(session->config.arg);
	}
}

enum code
session_receive(
    struct session *session, uint8_t *box, size_t len, uint64_t now_ns)
{
	session->now = now_ns;
	session_bury(session);
	if (session->closed) {
		return CODE_OK;
	}
	if (len < LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN ||
	    len > LIMITS_RECORD_MAX ||
	    seal_open(&session->rx, box, len - LIMITS_TAG_LEN) != 0) {
		return CODE_PROTOCOL_ERROR;
	}
	confirm(session);
	if (session->closed) {
		return CODE_OK;
	}
	return sessionin_record(
	    session, box + LIMITS_TAG_LEN, len - LIMITS_TAG_LEN);
}

struct blob *
session_pull(struct session *session, uint64_t now_ns)
{
	session->now = now_ns;
	session_bury(session);
	return sessionout_next(session);
}

bool
session_is_ready(const struct session *session)
{
	bool room = retain_bytes(&session->retain) < session->config.retain_max;

	if (session->closed) {
		return session->owes_close;
	}
	return session->owes_ack || session->owes_pong || session->owes_ping ||
	       !list_empty(&session->debtors) ||
	       (room && session->schedule.groups.head != NULL);
}

void
session_tick(struct session *session, uint64_t now_ns)
{
	session->now = now_ns;
	session_bury(session);
	if (session->closed) {
		return;
	}
	if (session->ack_deadline <= now_ns) {
		session->ack_deadline = SESSION_NEVER;
		session->owes_ack = true;
		session_notify(session);
	}
	if (session->starved) {
		session_notify(session);
	}
}

uint64_t
session_deadline(const struct session *session)
{
	uint64_t deadline = session->ack_deadline;

	if (session->closed) {
		return SESSION_NEVER;
	}
	if (session->starved && session->now + STARVED_RETRY < deadline) {
		deadline = session->now + STARVED_RETRY;
	}
	return deadline;
}

void
session_ping(struct session *session, uint64_t now_ns)
{
	session->now = now_ns;
	session->owes_ping = true;
	session_notify(session);
}

/* Tell every stream that it is over; their owners let go meanwhile. */
static void
break_streams(struct session *session, enum code code)
{
	struct list *node = list_first(&session->streams);
	struct list broken;

	list_init(&broken);
	while (node != NULL) {
		struct stream *stream = list_entry(node, struct stream, all);

		list_remove(node);
		list_push_back(&broken, node);
		if (!stream_is_over(stream)) {
			stream_break(stream, code, 0, false);
		}
		node = list_first(&session->streams);
	}
	for (node = list_first(&broken); node != NULL;
	     node = list_first(&broken)) {
		list_remove(node);
		list_push_back(&session->streams, node);
	}
}

static void
end(struct session *session, enum code code)
{
	session->closed = true;
	session->code = code;
	break_streams(session, code == CODE_OK ? CODE_SESSION_LOST : code);
	if (session->config.ops->closed != NULL) {
		session->config.ops->closed(session->config.arg, code);
	}
}

void
session_close(struct session *session, enum code code, uint64_t now_ns)
{
	if (session->closed) {
		return;
	}
	session->now = now_ns;
	session->owes_close = true;
	end(session, code);
	session_notify(session);
}

void
session_fail(struct session *session, enum code code)
{
	if (!session->closed) {
		end(session, code);
	}
}

bool
session_is_closed(const struct session *session)
{
	return session->closed;
}

uint64_t
session_rtt(const struct session *session)
{
	return session->rtt;
}

void
session_get_stats(const struct session *session, struct session_stats *out)
{
	*out = session->stats;
	out->streams = session->count;
	out->retained = retain_bytes(&session->retain);
}
