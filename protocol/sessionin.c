/* SPDX-License-Identifier: ISC */
#include "protocol/sessionin.h"

#include <string.h>

#include "common/buf.h"
#include "common/wire.h"
#include "protocol/dgram.h"
#include "protocol/limits.h"
#include "protocol/session_impl.h"
#include "protocol/sessiontext.h"

/* An opened record, taken apart. */
struct record {
	struct record_head head;
	const uint8_t *payload;
	size_t len;
};

/*
 * Find the stream of a record, NULL when both sides are through with it.  A
 * number that was never opened is a fault, told by *code.
 */
static struct stream *
find(struct session *session, const struct record *record, enum code *code)
{
	struct stream *stream =
	    idmap_get(session->numbers, record->head.stream);

	*code = CODE_OK;
	if (stream == NULL && record->head.stream > session->last_number) {
		*code = CODE_PROTOCOL_ERROR;
	}
	return stream;
}

/* The peer misused one stream: that stream ends, nothing else. */
static void
fault(struct stream *stream)
{
	stream_break(stream, CODE_PROTOCOL_ERROR, 0, true);
}

static void
refuse(struct stream *stream, enum code code)
{
	struct stream_opened opened = { .code = code };

	stream_answer(stream, &opened);
}

static enum code
on_open(struct session *session, const struct record *record)
{
	const struct session_ops *ops = session->config.ops;
	struct record_open open;
	struct stream *stream;

	/*
	 * An honest opener never has more than streams_max open, and one that
	 * goes on regardless, or lets us answer nothing, is not refused for
	 * ever.  Streams that it cancels while they owe a RESET count too, so
	 * the bound is a generous one.
	 */
	if (record->head.stream <= session->last_number ||
	    session->alive >= 4 * (uint64_t)session->config.streams_max ||
	    record_open_decode(&open, record->payload, record->len) != 0) {
		return CODE_PROTOCOL_ERROR;
	}
	stream = stream_new(session, record->head.stream, open.target.protocol);
	if (stream == NULL) {
		return CODE_OVERLOADED;
	}
	stream->tx_limit = open.window;
	if (session->count > session->config.streams_max) {
		refuse(stream, CODE_TOO_MANY_STREAMS);
	} else if (ops->open == NULL) {
		refuse(stream, CODE_INTERNAL);
	} else {
		ops->open(session->config.arg, stream, &open.target);
	}
	return CODE_OK;
}

static enum code
on_opened(struct session *session, const struct record *record)
{
	struct record_opened opened;
	const struct stream_ops *ops;
	struct stream *stream;
	enum code code;

	if (record_opened_decode(&opened, record->payload, record->len) != 0) {
		return CODE_PROTOCOL_ERROR;
	}
	stream = find(session, record, &code);
	if (stream == NULL) {
		return code;
	}
	if (stream->answered) {
		fault(stream);
		return CODE_OK;
	}
	if (opened.opened.code == CODE_OK) {
		stream->answered = true;
		stream->tx_limit = opened.window;
		stream_schedule(stream);
	} else {
		stream_end_tx(stream);
		stream_end_rx(stream);
	}
	ops = stream->ops;
	if (ops != NULL && ops->opened != NULL) {
		ops->opened(stream->arg, &opened.opened);
	}
	stream_settle(stream);
	return CODE_OK;
}

/* Data for a stream whose owner has not answered yet is kept for it. */
static int
hold(struct stream *stream, const struct record *record)
{
	if (stream->window.received > LIMITS_EARLY_MAX) {
		return -1;
	}
	if (record->len > 0 && stream->held == NULL) {
		stream->held = buf_new(LIMITS_EARLY_MAX);
	}
	if (record->len > 0 &&
	    (stream->held == NULL ||
		buf_append(stream->held, record->payload, record->len) != 0)) {
		return -1;
	}
	stream->held_fin = (record->head.flags & RECORD_FIN) != 0;
	return 0;
}

static void
deliver(struct stream *stream, const struct record *record)
{
	if (record->len > 0 && stream->ops != NULL &&
	    stream->ops->data != NULL) {
		stream->ops->data(stream->arg, record->payload, record->len);
	}
	if ((record->head.flags & RECORD_FIN) == 0 || stream->rx_ended) {
		return;
	}
	stream_end_rx(stream);
	if (stream->ops != NULL && stream->ops->fin != NULL) {
		stream->ops->fin(stream->arg);
	}
	stream_settle(stream);
}

static enum code
on_data(struct session *session, const struct record *record)
{
	enum code code;
	struct stream *stream = find(session, record, &code);

	if (stream == NULL) {
		return code;
	}
	if (stream->rx_ended || stream->held_fin ||
	    stream_is_association(stream) ||
	    window_received(&stream->window, record->len) != 0) {
		fault(stream);
		return CODE_OK;
	}
	session->stats.received += record->len;
	if (stream->answered) {
		deliver(stream, record);
	} else if (session->config.role == SESSION_OPENER ||
		   hold(stream, record) != 0) {
		fault(stream);
	}
	return CODE_OK;
}

static enum code
on_reset(struct session *session, const struct record *record)
{
	struct wire_reader reader;
	enum code code;
	enum code why;
	int error;
	struct stream *stream = find(session, record, &code);

	wire_read_from(&reader, record->payload, record->len);
	why = codes_from_number(wire_get_u16(&reader));
	error = wire_get_u16(&reader);
	if (stream != NULL) {
		stream_break(stream, why == CODE_OK ? CODE_CANCELLED : why,
		    error, false);
	}
	return code;
}

static enum code
on_window(struct session *session, const struct record *record)
{
	struct wire_reader reader;
	uint64_t limit;
	uint64_t consumed;
	enum code code;
	struct stream *stream = find(session, record, &code);

	wire_read_from(&reader, record->payload, record->len);
	limit = wire_get_u64(&reader);
	consumed = wire_get_u64(&reader);
	if (stream == NULL) {
		return code;
	}
	if (consumed > stream->tx_offset || !stream->answered ||
	    stream_is_association(stream)) {
		fault(stream);
		return CODE_OK;
	}
	if (limit > stream->tx_limit) {
		stream->tx_limit = limit;
		stream_schedule(stream);
	}
	return CODE_OK;
}

/*
 * What the peer sends again after a resume was sealed before the way was lost:
 * late by the length of the loss, and without knowing how long that was.
 */
static bool
is_replayed(const struct session *session)
{
	/* The record that is being handled is counted already. */
	return seal_counter(&session->rx) <= session->replay_end;
}

static enum code
on_dgram(struct session *session, const struct record *record)
{
	struct dgram_address address;
	const uint8_t *data;
	size_t len;
	enum code code;
	struct stream *stream = find(session, record, &code);

	if (stream == NULL) {
		return code;
	}
	if (!stream_is_association(stream) ||
	    (session->config.role == SESSION_OPENER && !stream->answered) ||
	    dgram_decode(&address, &data, &len, record->payload, record->len) !=
		0) {
		fault(stream);
		return CODE_OK;
	}
	if (is_replayed(session)) {
		session->stats.dgrams_late++;
		return CODE_OK;
	}
	session->stats.dgrams_received++;
	session->stats.received += len;
	stream->window.received += len;
	/* One that comes before the answer is lost. */
	if (stream->answered && stream->ops != NULL &&
	    stream->ops->datagram != NULL) {
		stream->ops->datagram(stream->arg, &address, data, len);
	}
	return CODE_OK;
}

static enum code
on_ack(struct session *session, const struct record *record)
{
	struct wire_reader reader;
	uint64_t expected;

	wire_read_from(&reader, record->payload, record->len);
	expected = wire_get_u64(&reader);
	/*
	 * What is still to be sent again cannot have arrived.  ACKs only rise,
	 * but one that is sent again may be behind what a resume told.
	 */
	if (expected > session->resend || expected < session->acked) {
		return CODE_PROTOCOL_ERROR;
	}
	session->acked = expected;
	if (expected > retain_first(&session->retain)) {
		(void)retain_acknowledge(&session->retain, expected);
	}
	session->stall_at = expected < session->awaited
				? session->now + LIMITS_STALL
				: SESSION_NEVER;
	/* There may be room again for what had to wait. */
	association_go_on(session);
	session_notify(session);
	return CODE_OK;
}

static enum code
on_ping(struct session *session, const struct record *record)
{
	struct wire_reader reader;

	wire_read_from(&reader, record->payload, record->len);
	session->pong_value = wire_get_u64(&reader);
	session->owes_pong = true;
	session_notify(session);
	return CODE_OK;
}

static enum code
on_pong(struct session *session, const struct record *record)
{
	struct wire_reader reader;
	uint64_t value;
	uint64_t rtt;

	wire_read_from(&reader, record->payload, record->len);
	value = wire_get_u64(&reader);
	if (value != session->ping_value || value == 0) {
		return CODE_OK;
	}
	session->ping_value = 0;
	rtt = session->now - value;
	if (session->rtt == 0 || rtt < session->rtt) {
		session->rtt = rtt;
	}
	if (session->config.ops->pong != NULL) {
		session->config.ops->pong(session->config.arg, rtt);
	}
	return CODE_OK;
}

static enum code
on_text(struct session *session, const struct record *record)
{
	return sessiontext_part(session, record->payload, record->len);
}

static enum code
on_receipt(struct session *session, const struct record *record)
{
	return sessiontext_receipt(session, record->payload, record->len);
}

static enum code
on_rekey(struct session *session, const struct record *record)
{
	(void)record;
	seal_ratchet(&session->rx);
	return CODE_OK;
}

static enum code
on_close(struct session *session, const struct record *record)
{
	struct wire_reader reader;

	wire_read_from(&reader, record->payload, record->len);
	session_fail(session, codes_from_number(wire_get_u16(&reader)));
	return CODE_OK;
}

/*
 * Owe an ACK by size, by time, or because the peer asks for it.  ACK may exceed
 * the limit of what is retained, so a peer that asks and never acknowledges
 * would fill the memory: what an honest one makes us retain in a round trip
 * is no more than it retains itself.
 */
static enum code
account(struct session *session, const struct record *record)
{
	if (record->head.type != RECORD_ACK) {
		session->unacked += record->len + LIMITS_RECORD_HEAD_LEN;
		if (session->ack_deadline == SESSION_NEVER) {
			session->ack_deadline = session->now + LIMITS_ACK_DELAY;
		}
	}
	if (session->unacked >= LIMITS_ACK_BYTES ||
	    (record->head.flags & RECORD_ACK_NOW) != 0) {
		if (retain_bytes(&session->retain) >
		    2 * session->config.retain_max + LIMITS_RETAIN_SLACK) {
			return CODE_PROTOCOL_ERROR;
		}
		session->owes_ack = true;
		session_notify(session);
	}
	return CODE_OK;
}

enum code
sessionin_record(struct session *session, const uint8_t *data, size_t len)
{
	static enum code (*const handlers[])(
	    struct session *, const struct record *) = {
		[RECORD_OPEN] = on_open,
		[RECORD_OPENED] = on_opened,
		[RECORD_DATA] = on_data,
		[RECORD_RESET] = on_reset,
		[RECORD_WINDOW] = on_window,
		[RECORD_DGRAM] = on_dgram,
		[RECORD_ACK] = on_ack,
		[RECORD_PING] = on_ping,
		[RECORD_PONG] = on_pong,
		[RECORD_TEXT] = on_text,
		[RECORD_REKEY] = on_rekey,
		[RECORD_CLOSE] = on_close,
		[RECORD_RECEIPT] = on_receipt,
	};
	enum record_sender sender = session->config.role == SESSION_OPENER
					? RECORD_FROM_ACCEPTOR
					: RECORD_FROM_OPENER;
	struct record record;

	if (record_head_decode(&record.head, sender, data, len) != 0) {
		return CODE_PROTOCOL_ERROR;
	}
	record.payload = data + LIMITS_RECORD_HEAD_LEN;
	record.len = len - LIMITS_RECORD_HEAD_LEN;
	if (account(session, &record) != CODE_OK) {
		return CODE_PROTOCOL_ERROR;
	}
	return handlers[record.head.type](session, &record);
}
