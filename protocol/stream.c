/* SPDX-License-Identifier: ISC */
#include "protocol/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "protocol/dgramqueue.h"
#include "protocol/session_impl.h"

/* --- as a conduit ---------------------------------------------------- */

static struct stream *
of(struct conduit *conduit)
{
	return list_entry(conduit, struct stream, conduit);
}

static void
set_owner(struct conduit *conduit, const struct stream_ops *ops, void *arg)
{
	stream_set_owner(of(conduit), ops, arg);
}

static void
ready(struct conduit *conduit)
{
	stream_ready(of(conduit));
}

static void
consumed(struct conduit *conduit, size_t n, uint64_t now_ns)
{
	stream_consumed(of(conduit), n, now_ns);
}

static bool
has_fin(const struct conduit *conduit)
{
	const char *start = (const char *)conduit;

	start -= offsetof(struct stream, conduit);
	return stream_has_fin((const struct stream *)(const void *)start);
}

static void
reset(struct conduit *conduit, enum code code, int error)
{
	stream_reset(of(conduit), code, error);
}

static const struct conduit_type conduit_type = {
	.set_owner = set_owner,
	.ready = ready,
	.consumed = consumed,
	.has_fin = has_fin,
	.reset = reset,
};

struct conduit *
stream_conduit(struct stream *stream)
{
	return &stream->conduit;
}

/* --- life ------------------------------------------------------------ */

/* Give stream what it receives into: a window, or as an association none. */
static void
init_window(struct stream *stream)
{
	struct session *session = stream->session;
	const struct session_config *config = &session->config;

	if (stream_is_association(stream)) {
		window_init(&stream->window, NULL, 0, 0, session->now);
	} else {
		window_init(&stream->window, config->receive,
		    window_first(config->receive, config->window_max),
		    config->window_max, session->now);
	}
}

/* Return a stream that nobody knows yet, or NULL. */
static struct stream *
create(struct session *session, uint32_t number, enum stream_protocol protocol)
{
	struct stream *stream = mem_new(1, sizeof(*stream));

	if (stream == NULL) {
		return NULL;
	}
	if (protocol == STREAM_UDP) {
		stream->dgrams = mem_new(1, sizeof(*stream->dgrams));
		if (stream->dgrams == NULL) {
			mem_free(stream);
			return NULL;
		}
		dgramqueue_init(stream->dgrams, &session->dgram_bytes,
		    &session->stats.dgrams_dropped);
	}
	if (idmap_put(session->numbers, number, stream) != 0) {
		mem_free(stream->dgrams);
		mem_free(stream);
		return NULL;
	}
	return stream;
}

struct stream *
stream_new(
    struct session *session, uint32_t number, enum stream_protocol protocol)
{
	struct stream *stream = create(session, number, protocol);

	if (stream == NULL) {
		return NULL;
	}
	stream->conduit.type = &conduit_type;
	stream->session = session;
	stream->number = number;
	init_window(stream);
	schedule_flow_init(&stream->flow, &session->group);
	list_init(&stream->all);
	list_init(&stream->debtor);
	list_init(&stream->held_back);
	list_push_back(&session->streams, &stream->all);
	session->last_number = number;
	session->count++;
	session->alive++;
	session->stats.streams_ever++;
	return stream;
}

void
stream_orphan(struct stream *stream)
{
	schedule_remove(&stream->session->schedule, &stream->flow);
	window_end(&stream->window);
	if (stream->dgrams != NULL) {
		dgramqueue_clear(stream->dgrams);
	}
	list_remove(&stream->all);
	list_remove(&stream->debtor);
	list_remove(&stream->held_back);
	stream->debts = 0;
	stream->session = NULL;
}

void
stream_destroy(struct stream *stream)
{
	if (stream->session != NULL) {
		stream_orphan(stream);
	}
	mem_free(stream->letter);
	mem_free(stream->dgrams);
	buf_free(stream->held);
	mem_free(stream);
}

void
stream_owe(struct stream *stream, enum stream_debt debt)
{
	struct session *session = stream->session;

	if (session->closed) {
		return;
	}
	stream->debts |= debt;
	if (!list_linked(&stream->debtor)) {
		list_push_back(&session->debtors, &stream->debtor);
	}
	session_notify(session);
}

void
stream_settle(struct stream *stream)
{
	if (stream->dead || stream->ops != NULL || stream->debts != 0 ||
	    !stream->tx_ended || !stream->rx_ended) {
		return;
	}
	if (stream->session == NULL) {
		stream_destroy(stream);
		return;
	}
	list_remove(&stream->debtor);
	list_remove(&stream->all);
	stream->dead = true;
	list_push_back(&stream->session->dead, &stream->all);
	stream->session->alive--;
}

/* Nobody speaks of the number any more once both halves ended. */
static void
forget_number(struct stream *stream)
{
	struct session *session = stream->session;

	if (stream->tx_ended && stream->rx_ended) {
		(void)idmap_remove(session->numbers, stream->number);
		session->count--;
	}
}

void
stream_end_tx(struct stream *stream)
{
	if (!stream->tx_ended) {
		stream->tx_ended = true;
		stream->ready = false;
		schedule_remove(&stream->session->schedule, &stream->flow);
		list_remove(&stream->held_back);
		if (stream->dgrams != NULL) {
			dgramqueue_clear(stream->dgrams);
		}
		forget_number(stream);
	}
}

void
stream_end_rx(struct stream *stream)
{
	if (!stream->rx_ended) {
		stream->rx_ended = true;
		stream->debts &= ~(unsigned)STREAM_OWES_WINDOW;
		forget_number(stream);
	}
}

/* End both halves and drop what was owed. */
static void
end_both(struct stream *stream)
{
	stream_end_tx(stream);
	stream_end_rx(stream);
	stream->debts = 0;
	list_remove(&stream->debtor);
	mem_free(stream->letter);
	stream->letter = NULL;
	buf_free(stream->held);
	stream->held = NULL;
}

void
stream_break(struct stream *stream, enum code code, int error, bool tell)
{
	const struct stream_ops *ops = stream->ops;

	end_both(stream);
	if (tell) {
		stream->reset_code = (uint16_t)code;
		stream->reset_error = (uint16_t)error;
		stream_owe(stream, STREAM_OWES_RESET);
	}
	if (ops != NULL && ops->reset != NULL) {
		ops->reset(stream->arg, code, error);
	}
	stream_settle(stream);
}

uint64_t
stream_allowance(const struct stream *stream)
{
	uint64_t limit = stream->tx_limit;

	if (!stream->answered) {
		limit = stream->early ? LIMITS_EARLY_MAX : 0;
	}
	return limit > stream->tx_offset ? limit - stream->tx_offset : 0;
}

void
stream_schedule(struct stream *stream)
{
	struct session *session = stream->session;

	if (!stream->ready || session->closed ||
	    stream_allowance(stream) == 0) {
		return;
	}
	schedule_add(&session->schedule, &stream->flow);
	session_notify(session);
}

/* Keep the payload of OPEN or OPENED until it is sent; 0 or -1. */
static int
write_letter(struct stream *stream, const uint8_t *payload, size_t len)
{
	mem_free(stream->letter);
	stream->letter_len = 0;
	stream->letter = mem_new(len, 1);
	if (stream->letter == NULL || len == 0) {
		return -1;
	}
	memcpy(stream->letter, payload, len);
	stream->letter_len = len;
	return 0;
}

/* Return the window that OPEN or OPENED states; an association has none. */
static uint32_t
first_window(struct stream *stream)
{
	if (stream_is_association(stream)) {
		return LIMITS_WINDOW_MIN;
	}
	return (uint32_t)window_announce(&stream->window);
}

struct stream *
stream_open(struct session *session, const struct stream_target *target,
    bool early, const struct stream_ops *ops, void *arg)
{
	uint8_t payload[LIMITS_NAME_LEN + 16];
	struct record_open open = { .target = *target };
	struct stream *stream;
	size_t len;

	if (session->closed || session->config.role != SESSION_OPENER ||
	    session->count >= session->config.streams_max ||
	    session->last_number == UINT32_MAX) {
		return NULL;
	}
	stream =
	    stream_new(session, session->last_number + 1, target->protocol);
	if (stream == NULL) {
		return NULL;
	}
	open.window = first_window(stream);
	len = record_open_encode(&open, payload, sizeof(payload));
	if (write_letter(stream, payload, len) != 0) {
		end_both(stream);
		stream_settle(stream);
		return NULL;
	}
	stream->early = early;
	stream->ops = ops;
	stream->arg = arg;
	stream_owe(stream, STREAM_OWES_OPEN);
	return stream;
}

void
stream_set_owner(struct stream *stream, const struct stream_ops *ops, void *arg)
{
	stream->ops = ops;
	stream->arg = arg;
}

/* Hand over what came before the answer. */
static void
deliver_held(struct stream *stream)
{
	struct buf *held = stream->held;
	const uint8_t *data;
	size_t len;

	stream->held = NULL;
	if (held != NULL) {
		data = buf_peek(held, &len);
		if (stream->ops != NULL && stream->ops->data != NULL) {
			stream->ops->data(stream->arg, data, len);
		}
		buf_free(held);
	}
	if (stream->held_fin && !stream->rx_ended) {
		stream_end_rx(stream);
		if (stream->ops != NULL && stream->ops->fin != NULL) {
			stream->ops->fin(stream->arg);
		}
	}
}

void
stream_answer(struct stream *stream, const struct stream_opened *opened)
{
	uint8_t payload[LIMITS_TEXT_LEN + 32];
	struct record_opened record = { .opened = *opened };
	bool good = opened->code == CODE_OK;
	size_t len;

	if (stream->tx_ended || stream->session->closed) {
		if (!good) {
			stream_release(stream);
		}
		return;
	}
	record.window = first_window(stream);
	len = record_opened_encode(&record, payload, sizeof(payload));
	if (write_letter(stream, payload, len) != 0) {
		if (good) {
			/* The owner goes on to hold it until it is told. */
			stream_break(stream, CODE_OVERLOADED, 0, true);
		} else {
			stream_reset(stream, CODE_OVERLOADED, 0);
		}
		return;
	}
	stream_owe(stream, STREAM_OWES_OPENED);
	if (good) {
		stream->answered = true;
		stream_schedule(stream);
		deliver_held(stream);
		return;
	}
	stream->ops = NULL;
	stream_end_tx(stream);
	stream_end_rx(stream);
}

void
stream_refuse(struct stream *stream, enum code code, const char *format, ...)
{
	struct stream_opened opened = { .code = code };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(opened.text, sizeof(opened.text), format, args);
	va_end(args);
	stream_answer(stream, &opened);
}

void
stream_ready(struct stream *stream)
{
	if (!stream->tx_ended) {
		stream->ready = true;
		stream_schedule(stream);
	}
}

void
stream_consumed(struct stream *stream, size_t n, uint64_t now_ns)
{
	if (stream->rx_ended) {
		return;
	}
	if (window_consumed(&stream->window, n, stream->session->rtt, now_ns)) {
		stream_owe(stream, STREAM_OWES_WINDOW);
	}
}

void
stream_reset(struct stream *stream, enum code code, int error)
{
	bool told = (stream->debts & STREAM_OWES_OPEN) == 0;
	bool over = stream->tx_ended && stream->rx_ended;

	stream->ops = NULL;
	if (!over) {
		end_both(stream);
		stream->reset_code = (uint16_t)code;
		stream->reset_error = (uint16_t)error;
		if (told) {
			stream_owe(stream, STREAM_OWES_RESET);
		}
	}
	stream_settle(stream);
}

void
stream_release(struct stream *stream)
{
	stream_reset(stream, CODE_CANCELLED, 0);
}

bool
stream_is_association(const struct stream *stream)
{
	return stream->dgrams != NULL;
}

bool
stream_is_over(const struct stream *stream)
{
	return stream->tx_ended && stream->rx_ended;
}

bool
stream_has_fin(const struct stream *stream)
{
	return stream->rx_ended;
}

uint32_t
stream_number(const struct stream *stream)
{
	return stream->number;
}

struct session *
stream_session(const struct stream *stream)
{
	return stream->session;
}

uint64_t
stream_sent(const struct stream *stream)
{
	return stream->tx_offset;
}

uint64_t
stream_received(const struct stream *stream)
{
	return stream->window.received;
}
