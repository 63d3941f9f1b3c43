/* SPDX-License-Identifier: ISC */
#include "protocol/sessionout.h"

#include <string.h>

#include "common/blob.h"
#include "common/mem.h"
#include "common/wire.h"
#include "protocol/dgramqueue.h"
#include "protocol/limits.h"
#include "protocol/session_impl.h"
#include "protocol/texts.h"

#define PREFIX (LIMITS_TAG_LEN + LIMITS_RECORD_HEAD_LEN)

static bool
below(const struct session *session, uint64_t slack)
{
	return retain_bytes(&session->retain) < session_cap(session) + slack;
}

/* Return a blob for len bytes of payload that is certain to be retained. */
static struct blob *
begin(struct session *session, size_t len)
{
	struct blob *blob = NULL;

	if (retain_reserve(&session->retain) == 0) {
		blob = blob_new(PREFIX + len);
	}
	session->starved = blob == NULL;
	return blob;
}

/* The peer owes an ACK for all that was sealed up to now. */
static void
expect_ack(struct session *session)
{
	session->awaited = retain_next(&session->retain);
	if (session->stall_at == SESSION_NEVER) {
		session->stall_at = session->now + LIMITS_STALL;
	}
}

/* Seal blob, whose payload of len bytes is in place, as the next record. */
static void
finish(struct session *session, struct blob *blob, enum record_type type,
    uint8_t flags, uint32_t stream, size_t len)
{
	struct record_head head = {
		.type = type,
		.flags = flags,
		.stream = stream,
	};

	/* Near the limit: ask the peer not to wait with its next ACK. */
	if (retain_bytes(&session->retain) + blob_cap(blob) >=
	    session_cap(session) / 4 * 3) {
		head.flags |= RECORD_ACK_NOW;
	}
	record_head_encode(&head, blob_data(blob) + LIMITS_TAG_LEN);
	seal_lock(&session->tx, blob_data(blob), LIMITS_RECORD_HEAD_LEN + len);
	blob_set_len(blob, PREFIX + len);
	retain_push(&session->retain, blob);
	session->resend = retain_next(&session->retain);
	if (type != RECORD_ACK) {
		expect_ack(session);
	}
}

static struct blob *
control(struct session *session, enum record_type type, uint32_t stream,
    const void *payload, size_t len)
{
	struct blob *blob = begin(session, len);

	if (blob != NULL) {
		if (len > 0) {
			memcpy(blob_data(blob) + PREFIX, payload, len);
		}
		finish(session, blob, type, 0, stream, len);
	}
	return blob;
}

static struct blob *
control_u64(struct session *session, enum record_type type, uint64_t value)
{
	uint8_t payload[8];
	struct wire_writer writer;

	wire_write_to(&writer, payload, sizeof(payload));
	wire_put_u64(&writer, value);
	return control(session, type, 0, payload, sizeof(payload));
}

/* The record after REKEY is the first under the next key. */
static struct blob *
next_rekey(struct session *session)
{
	struct blob *blob = control(session, RECORD_REKEY, 0, NULL, 0);

	if (blob != NULL) {
		seal_ratchet(&session->tx);
		session->rekey_counter =
		    seal_counter(&session->tx) + LIMITS_REKEY_COUNT;
		session->rekey_deadline = session->now + LIMITS_REKEY_TIME;
		session->stats.rekeys++;
	}
	return blob;
}

static struct blob *
next_ack(struct session *session)
{
	struct blob *blob =
	    control_u64(session, RECORD_ACK, seal_counter(&session->rx));

	if (blob != NULL) {
		session->owes_ack = false;
		session->unacked = 0;
		session->ack_deadline = SESSION_NEVER;
	}
	return blob;
}

/* A control record of the session itself, if one is due. */
static struct blob *
next_own(struct session *session)
{
	struct blob *blob = NULL;

	if (session->owes_ack) {
		return next_ack(session);
	}
	if (!below(session, LIMITS_RETAIN_SLACK)) {
		return NULL;
	}
	if (seal_counter(&session->tx) >= session->rekey_counter ||
	    session->now >= session->rekey_deadline) {
		return next_rekey(session);
	}
	if (session->owes_pong) {
		blob = control_u64(session, RECORD_PONG, session->pong_value);
		session->owes_pong = blob == NULL;
	} else if (session->owes_ping) {
		session->ping_value = session->now;
		blob = control_u64(session, RECORD_PING, session->ping_value);
		session->owes_ping = blob == NULL;
	}
	return blob;
}

static struct blob *
next_letter(struct stream *stream, enum stream_debt debt)
{
	struct blob *blob = control(stream->session,
	    debt == STREAM_OWES_OPEN ? RECORD_OPEN : RECORD_OPENED,
	    stream->number, stream->letter, stream->letter_len);

	if (blob != NULL) {
		mem_free(stream->letter);
		stream->letter = NULL;
	}
	return blob;
}

static struct blob *
next_reset(struct stream *stream)
{
	uint8_t payload[4];
	struct wire_writer writer;

	wire_write_to(&writer, payload, sizeof(payload));
	wire_put_u16(&writer, stream->reset_code);
	wire_put_u16(&writer, stream->reset_error);
	return control(stream->session, RECORD_RESET, stream->number, payload,
	    sizeof(payload));
}

static struct blob *
next_window(struct stream *stream)
{
	uint8_t payload[16];
	struct wire_writer writer;

	wire_write_to(&writer, payload, sizeof(payload));
	wire_put_u64(&writer, window_announce(&stream->window));
	wire_put_u64(&writer, stream->window.consumed);
	return control(stream->session, RECORD_WINDOW, stream->number, payload,
	    sizeof(payload));
}

/* The most urgent record that stream owes; *debt is what it settles. */
static struct blob *
next_of_debtor(struct stream *stream, enum stream_debt *debt)
{
	if ((stream->debts & STREAM_OWES_OPEN) != 0) {
		*debt = STREAM_OWES_OPEN;
		return next_letter(stream, *debt);
	}
	if ((stream->debts & STREAM_OWES_OPENED) != 0) {
		*debt = STREAM_OWES_OPENED;
		return next_letter(stream, *debt);
	}
	if ((stream->debts & STREAM_OWES_RESET) != 0) {
		*debt = STREAM_OWES_RESET;
		return next_reset(stream);
	}
	*debt = STREAM_OWES_WINDOW;
	return next_window(stream);
}

/*
 * The first debtor whose record fits.  OPEN and OPENED wait for room as data
 * does; beyond the limit the search passes over streams that owe those.
 */
static struct blob *
next_debt(struct session *session)
{
	bool room = below(session, 0);
	struct list *node = list_first(&session->debtors);

	for (; node != NULL; node = list_after(&session->debtors, node)) {
		struct stream *stream = list_entry(node, struct stream, debtor);
		enum stream_debt debt;
		struct blob *blob;

		if (!room && (stream->debts & (STREAM_OWES_OPEN |
						  STREAM_OWES_OPENED)) != 0) {
			continue;
		}
		blob = next_of_debtor(stream, &debt);
		if (blob == NULL) {
			return NULL;
		}
		stream->debts &= ~(unsigned)debt;
		if (stream->debts == 0) {
			list_remove(&stream->debtor);
		}
		stream_settle(stream);
		return blob;
	}
	return NULL;
}

/*
 * Make what was pulled into the spare the record: as it is when it is well
 * filled, else copied, so that a keystroke does not pin a whole buffer until
 * it is acknowledged.
 */
static struct blob *
take_spare(struct session *session, size_t len)
{
	struct blob *spare = session->spare;
	struct blob *small;

	if (len <= LIMITS_RECORD_PAYLOAD_MAX / 2) {
		small = blob_new(PREFIX + len);
		if (small != NULL) {
			memcpy(blob_data(small) + PREFIX,
			    blob_data(spare) + PREFIX, len);
			return small;
		}
	}
	session->spare = NULL;
	return spare;
}

/* Let stream send one record of data, if it really has something. */
static struct blob *
pull_from(struct session *session, struct stream *stream)
{
	uint64_t max = stream_allowance(stream);
	bool fin = false;
	struct blob *blob;
	size_t len;

	if (max > LIMITS_RECORD_PAYLOAD_MAX) {
		max = LIMITS_RECORD_PAYLOAD_MAX;
	}
	stream->ready = false;
	len = stream->ops->pull(
	    stream->arg, blob_data(session->spare) + PREFIX, (size_t)max, &fin);
	if (stream->tx_ended || session->closed || (len == 0 && !fin)) {
		/* Nothing after all, or ended by its owner meanwhile. */
		if (!stream->ready) {
			schedule_remove(&session->schedule, &stream->flow);
		}
		return NULL;
	}
	stream->tx_offset += len;
	session->stats.sent += len;
	schedule_charge(
	    &session->schedule, &stream->flow, len + LIMITS_RECORD_HEAD_LEN);
	blob = take_spare(session, len);
	finish(session, blob, RECORD_DATA, fin ? RECORD_FIN : 0, stream->number,
	    len);
	if (fin) {
		stream_end_tx(stream);
		stream_settle(stream);
	} else if (!stream->ready || stream_allowance(stream) == 0) {
		schedule_remove(&session->schedule, &stream->flow);
	}
	return blob;
}

/*
 * Let stream, an association, send one datagram.  One that waited too long is
 * lost here, and what is sealed near the limit would wait behind all that is
 * unacknowledged: that is left to those who know how to wait.
 */
static struct blob *
next_datagram(struct session *session, struct stream *stream)
{
	const uint8_t *payload;
	struct blob *blob;
	size_t len;

	if (retain_bytes(&session->retain) >= session_dgram_cap(session)) {
		association_hold_back(stream);
		return NULL;
	}
	payload = dgramqueue_first(stream->dgrams, session->now, &len);
	if (payload == NULL) {
		schedule_remove(&session->schedule, &stream->flow);
		return NULL;
	}
	blob = begin(session, len);
	if (blob == NULL) {
		return NULL;
	}
	memcpy(blob_data(blob) + PREFIX, payload, len);
	dgramqueue_pop(stream->dgrams);
	stream->tx_offset += len;
	session->stats.sent += len;
	session->stats.dgrams_sent++;
	schedule_charge(
	    &session->schedule, &stream->flow, len + LIMITS_RECORD_HEAD_LEN);
	if (dgramqueue_is_empty(stream->dgrams)) {
		schedule_remove(&session->schedule, &stream->flow);
	}
	finish(session, blob, RECORD_DGRAM, 0, stream->number, len);
	return blob;
}

/* Let stream, whose turn it is, send one record, if it has something. */
static struct blob *
next_of(struct session *session, struct stream *stream)
{
	if (stream_is_association(stream)) {
		return next_datagram(session, stream);
	}
	if (stream->ops == NULL || stream->ops->pull == NULL ||
	    stream_allowance(stream) == 0) {
		schedule_remove(&session->schedule, &stream->flow);
		return NULL;
	}
	if (session->spare == NULL) {
		session->spare = begin(session, LIMITS_RECORD_PAYLOAD_MAX);
	} else if (retain_reserve(&session->retain) != 0) {
		session->starved = true;
	}
	return session->starved ? NULL : pull_from(session, stream);
}

static struct blob *
next_data(struct session *session)
{
	struct schedule_flow *flow = schedule_next(&session->schedule);

	while (flow != NULL && !session->closed && !session->starved) {
		struct stream *stream = list_entry(flow, struct stream, flow);
		struct blob *blob = next_of(session, stream);

		if (blob != NULL) {
			return blob;
		}
		flow = schedule_next(&session->schedule);
	}
	return NULL;
}

/* What became of a message that came, if that is not told yet. */
static struct blob *
next_receipt(struct session *session)
{
	uint8_t payload[TEXTS_RECEIPT_MAX];
	struct blob *blob = NULL;
	size_t len = 0;

	if (session->texts != NULL) {
		len = texts_receipt(session->texts, payload);
	}
	if (len > 0) {
		blob = control(session, RECORD_RECEIPT, 0, payload, len);
	}
	if (blob != NULL) {
		texts_receipt_sent(session->texts);
	}
	return blob;
}

/* The next part of a message. */
static struct blob *
next_text(struct session *session)
{
	struct blob *blob = NULL;
	size_t len = 0;

	if (session->texts != NULL) {
		len = texts_part_len(session->texts);
	}
	if (len > 0) {
		blob = begin(session, len);
	}
	if (blob != NULL) {
		texts_take_part(session->texts, blob_data(blob) + PREFIX);
		finish(session, blob, RECORD_TEXT, 0, 0, len);
	}
	return blob;
}

/*
 * Messages and data, of which messages come first, but never twice in a row
 * while there is data.
 */
static struct blob *
next_content(struct session *session)
{
	const bool data_first = session->text_last;
	struct blob *blob = data_first ? next_data(session) : NULL;

	session->text_last = false;
	if (blob != NULL || session->closed || session->starved) {
		return blob;
	}
	blob = next_text(session);
	session->text_last = blob != NULL;
	if (blob != NULL || session->closed || session->starved) {
		return blob;
	}
	return data_first ? NULL : next_data(session);
}

static struct blob *
next_close(struct session *session)
{
	uint8_t payload[2];
	struct wire_writer writer;

	if (!session->owes_close) {
		return NULL;
	}
	session->owes_close = false;
	wire_write_to(&writer, payload, sizeof(payload));
	wire_put_u16(&writer, (uint16_t)session->code);
	return control(session, RECORD_CLOSE, 0, payload, sizeof(payload));
}

/* The next record that the peer lacks: the bytes that were sealed before. */
static struct blob *
next_again(struct session *session)
{
	struct blob *blob = retain_get(&session->retain, session->resend);

	session->resend++;
	session->stats.resent++;
	return blob_ref(blob);
}

struct blob *
sessionout_next(struct session *session)
{
	struct blob *blob;

	if (session->paused) {
		return NULL;
	}
	if (session->resend < retain_next(&session->retain)) {
		return next_again(session);
	}
	session->starved = false;
	if (session->closed) {
		return next_close(session);
	}
	blob = next_own(session);
	if (blob == NULL && below(session, LIMITS_RETAIN_SLACK)) {
		blob = next_receipt(session);
		if (blob == NULL) {
			blob = next_debt(session);
		}
	}
	if (blob == NULL && !session->closed && session_has_room(session)) {
		blob = next_content(session);
	}
	if (blob == NULL) {
		/* Nothing more for now: an idle session holds no buffer. */
		blob_unref(session->spare);
		session->spare = NULL;
	}
	return blob;
}
