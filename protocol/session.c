/* SPDX-License-Identifier: ISC */
#include "protocol/session.h"

#include <string.h>

#include "common/blob.h"
#include "common/mem.h"
#include "protocol/resume.h"
#include "protocol/session_impl.h"
#include "protocol/sessionin.h"
#include "protocol/sessionout.h"
#include "protocol/texts.h"

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
	retain_init(&session->retain,
	    config->retain != NULL ? &config->retain->used : NULL);
	session->stall_at = SESSION_NEVER;
	list_init(&session->streams);
	list_init(&session->dead);
	list_init(&session->debtors);
	list_init(&session->held_back);
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
	texts_free(session->texts);
	blob_unref(session->spare);
	seal_wipe(&session->tx);
	seal_wipe(&session->rx);
	mem_free_wiped(session, sizeof(*session));
}

uint64_t
session_cap(const struct session *session)
{
	const struct session_budget *all = session->config.retain;

	if (all != NULL && all->used >= all->max &&
	    session->config.retain_max > LIMITS_RETAIN_MIN) {
		return LIMITS_RETAIN_MIN;
	}
	return session->config.retain_max;
}

uint64_t
session_dgram_cap(const struct session *session)
{
	return session_cap(session) / 4 * 3;
}

bool
session_has_room(const struct session *session)
{
	uint64_t max = list_empty(&session->held_back)
			   ? session_cap(session)
			   : session_dgram_cap(session);

	return retain_bytes(&session->retain) < max;
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

/* A record or an attach token under the new keys: the peer has them. */
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
		return CODE_LINK_LOST;
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

static bool
owes_receipt(const struct session *session)
{
	uint8_t payload[TEXTS_RECEIPT_MAX];

	return session->texts != NULL &&
	       texts_receipt(session->texts, payload) > 0;
}

static bool
has_text(const struct session *session)
{
	return session->texts != NULL && texts_part_len(session->texts) > 0;
}

bool
session_is_ready(const struct session *session)
{
	if (session->paused) {
		return false;
	}
	if (session->resend < retain_next(&session->retain)) {
		return true;
	}
	if (session->closed) {
		return session->owes_close;
	}
	return session->owes_ack || session->owes_pong || session->owes_ping ||
	       !list_empty(&session->debtors) || owes_receipt(session) ||
	       (session_has_room(session) &&
		   (session->schedule.groups.head != NULL ||
		       has_text(session)));
}

void
session_tick(struct session *session, uint64_t now_ns)
{
	session->now = now_ns;
	session_bury(session);
	if (session->closed || session->paused) {
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
	if (session->stall_at <= now_ns) {
		session->stall_at = now_ns + LIMITS_STALL;
		if (session->config.ops->stalled != NULL) {
			session->config.ops->stalled(session->config.arg);
		}
	}
}

uint64_t
session_deadline(const struct session *session)
{
	uint64_t deadline = session->ack_deadline;

	if (session->closed || session->paused) {
		return SESSION_NEVER;
	}
	if (session->stall_at < deadline) {
		deadline = session->stall_at;
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

/* --- messages ------------------------------------------------------------ */

/* Most sessions never see a message: the room for them comes with the first. */
struct texts *
session_texts(struct session *session)
{
	if (session->texts == NULL) {
		session->texts = texts_new(session->config.receive);
	}
	return session->texts;
}

uint32_t
session_send_text(
    struct session *session, const char *text, size_t len, uint64_t now_ns)
{
	uint32_t number;

	session->now = now_ns;
	if (session->closed || session_texts(session) == NULL) {
		return 0;
	}
	number = texts_send(session->texts, text, len);
	if (number != 0) {
		session_notify(session);
	}
	return number;
}

bool
session_forget_text(struct session *session, uint32_t number)
{
	return session->texts != NULL && texts_forget(session->texts, number);
}

void
session_answer_text(
    struct session *session, uint32_t number, enum code code, const char *text)
{
	if (session->texts != NULL && !session->closed) {
		texts_answer(session->texts, number, code, text);
		session_notify(session);
	}
}

/* --- resuming ------------------------------------------------------------ */

void
session_pause(struct session *session)
{
	session->paused = true;
	session->stall_at = SESSION_NEVER;
	association_lose_all(session);
}

void
session_point(const struct session *session, struct resume_point *out)
{
	out->expects = seal_counter(&session->rx);
	out->next = retain_next(&session->retain);
}

/*
 * A peer that says it sent less than we have, or has less than it acknowledged,
 * is not the one that we know.
 */
int
session_resume(
    struct session *session, const struct resume_point *peer, uint64_t now_ns)
{
	session->now = now_ns;
	session_bury(session);
	if (session->closed || peer->next < seal_counter(&session->rx) ||
	    retain_acknowledge(&session->retain, peer->expects) != 0) {
		return -1;
	}
	session->paused = false;
	session->replay_end = peer->next;
	session->resend = retain_first(&session->retain);
	session->stall_at = session->resend < session->awaited
				? now_ns + LIMITS_STALL
				: SESSION_NEVER;
	/* Our point told the peer what an ACK would. */
	session->owes_ack = false;
	session->unacked = 0;
	session->ack_deadline = SESSION_NEVER;
	/* The new way has a round trip of its own. */
	session->rtt = 0;
	session->owes_ping = true;
	session->stats.resumes++;
	confirm(session);
	session_notify(session);
	return 0;
}

/* --- the end ------------------------------------------------------------- */

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
end_windows(const struct list *streams)
{
	struct list *node = list_first(streams);

	for (; node != NULL; node = list_after(streams, node)) {
		window_end(&list_entry(node, struct stream, all)->window);
	}
}

/*
 * Give back what the session took of the budgets.  Whose they are may go as
 * soon as it is over, and the session is there until its last record is sent.
 */
static void
leave_budgets(struct session *session)
{
	end_windows(&session->streams);
	end_windows(&session->dead);
	texts_free(session->texts);
	session->texts = NULL;
	retain_disown(&session->retain);
	session->config.retain = NULL;
}

static void
end(struct session *session, enum code code)
{
	session->closed = true;
	session->code = code;
	break_streams(session, code == CODE_OK ? CODE_SESSION_LOST : code);
	leave_budgets(session);
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
