/* SPDX-License-Identifier: ISC */
#include "tests/support/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/blob.h"
#include "protocol/limits.h"
#include "protocol/resume.h"
#include "protocol/session_impl.h"

/* --- what a session says --------------------------------------------- */

static void
on_ready(void *arg)
{
	struct pair_end *end = arg;

	end->ready++;
}

static void
on_open(void *arg, struct stream *stream, const struct stream_target *to)
{
	struct pair_end *end = arg;

	end->opens++;
	end->opened = stream;
	end->target = *to;
	if (end->on_open != NULL) {
		end->on_open(end, stream);
	}
}

static void
on_confirmed(void *arg)
{
	struct pair_end *end = arg;

	end->confirmed++;
}

static void
on_pong(void *arg, uint64_t rtt_ns)
{
	struct pair_end *end = arg;

	(void)rtt_ns;
	end->pongs++;
}

static void
on_closed(void *arg, enum code code)
{
	struct pair_end *end = arg;

	end->closed++;
	end->close_code = code;
}

static void
on_text(void *arg, uint32_t number, const char *text, size_t len)
{
	struct pair_end *end = arg;

	end->texts++;
	end->text_number = number;
	end->text_len = len;
	memcpy(end->text, text, len);
	if (!end->hold_texts) {
		session_answer_text(end->session, number, CODE_OK, "");
	}
}

static void
on_receipt(void *arg, uint32_t number, enum code code, const char *text)
{
	struct pair_end *end = arg;

	(void)number;
	end->receipts++;
	end->receipt_code = code;
	(void)snprintf(
	    end->receipt_text, sizeof(end->receipt_text), "%s", text);
}

static void
on_stalled(void *arg)
{
	struct pair_end *end = arg;

	end->stalled++;
}

static const struct session_ops end_ops = {
	.ready = on_ready,
	.open = on_open,
	.confirmed = on_confirmed,
	.stalled = on_stalled,
	.pong = on_pong,
	.text = on_text,
	.receipt = on_receipt,
	.closed = on_closed,
};

/* --- the pair -------------------------------------------------------- */

void
pair_defaults(struct pair_config *config)
{
	config->retain_max = LIMITS_RETAIN_MAX;
	config->window_max = LIMITS_WINDOW_MAX;
	config->streams_max = LIMITS_STREAMS_MAX;
	config->budget = LIMITS_RECEIVE_BUDGET;
	config->retain = NULL;
}

static int
start(struct pair_end *end, const struct pair_config *config,
    enum session_role role, const struct seal *tx, const struct seal *rx)
{
	struct session_config session = {
		.role = role,
		.tx = tx,
		.rx = rx,
		.retain_max = config->retain_max,
		.window_max = config->window_max,
		.streams_max = config->streams_max,
		.receive = &end->budget,
		.retain = config->retain,
		.ops = &end_ops,
		.arg = end,
	};

	end->budget.max = config->budget;
	end->session = session_new(&session, end->pair->now);
	return end->session != NULL ? 0 : -1;
}

struct pair *
pair_new(const struct pair_config *config)
{
	static const uint8_t keys[2][32] = { { 1 }, { 2 } };
	static const uint8_t head[16] = { 3 };
	struct pair_config defaults;
	struct pair *pair = calloc(1, sizeof(*pair));
	struct seal up;
	struct seal down;

	if (pair == NULL) {
		return NULL;
	}
	if (config == NULL) {
		pair_defaults(&defaults);
		config = &defaults;
	}
	pair->now = 1000 * LIMITS_SEC;
	pair->seed = 1;
	pair->opener.pair = pair;
	pair->acceptor.pair = pair;
	seal_init(&up, keys[0], head);
	seal_init(&down, keys[1], head);
	if (start(&pair->opener, config, SESSION_OPENER, &up, &down) != 0 ||
	    start(&pair->acceptor, config, SESSION_ACCEPTOR, &down, &up) != 0) {
		pair_free(pair);
		return NULL;
	}
	return pair;
}

/* Free session and let go of what its peers hold, as they may not. */
static void
free_session(struct session *session)
{
	struct list *node =
	    session != NULL ? list_first(&session->streams) : NULL;

	while (node != NULL) {
		struct stream *stream = list_entry(node, struct stream, all);

		node = list_after(&session->streams, node);
		if (stream_is_over(stream)) {
			stream_release(stream);
		}
	}
	session_free(session);
}

/* Lose what is in the pipes. */
static void
drain(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		struct pair_pipe *pipe = &pair->pipes[i];

		for (size_t k = 0; k < pipe->count; k++) {
			blob_unref(
			    pipe->records[(pipe->first + k) % PAIR_PIPE_MAX]);
		}
		pipe->count = 0;
	}
}

void
pair_free(struct pair *pair)
{
	if (pair == NULL) {
		return;
	}
	free_session(pair->opener.session);
	free_session(pair->acceptor.session);
	drain(pair);
	free(pair);
}

void
pair_cut(struct pair *pair)
{
	drain(pair);
	session_pause(pair->opener.session);
	session_pause(pair->acceptor.session);
}

int
pair_resume(struct pair *pair)
{
	struct resume_point opener;
	struct resume_point acceptor;

	session_point(pair->opener.session, &opener);
	session_point(pair->acceptor.session, &acceptor);
	if (session_resume(pair->acceptor.session, &opener, pair->now) != 0) {
		return -1;
	}
	return session_resume(pair->opener.session, &acceptor, pair->now);
}

size_t
pair_pull(struct pair *pair, int pipe, size_t max)
{
	struct pair_pipe *p = &pair->pipes[pipe];
	struct session *from = pipe == PAIR_TO_ACCEPTOR
				   ? pair->opener.session
				   : pair->acceptor.session;
	size_t n = 0;

	while (n < max && p->count < PAIR_PIPE_MAX) {
		struct blob *blob = session_pull(from, pair->now);

		if (blob == NULL) {
			break;
		}
		p->records[(p->first + p->count) % PAIR_PIPE_MAX] = blob;
		p->count++;
		p->ever++;
		n++;
	}
	return n;
}

enum code
pair_deliver(struct pair *pair, int pipe)
{
	struct pair_pipe *p = &pair->pipes[pipe];
	struct session *to = pipe == PAIR_TO_ACCEPTOR ? pair->acceptor.session
						      : pair->opener.session;
	uint8_t box[LIMITS_RECORD_MAX];
	struct blob *blob;
	size_t len;

	if (p->count == 0) {
		return CODE_OK;
	}
	blob = p->records[p->first];
	p->first = (p->first + 1) % PAIR_PIPE_MAX;
	p->count--;
	/* As on a wire: the sender's own bytes stay as they are. */
	len = blob_len(blob);
	memcpy(box, blob_data(blob), len);
	blob_unref(blob);
	return session_receive(to, box, len, pair->now);
}

void
pair_settle(struct pair *pair)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			moved |= pair_pull(pair, i, 16) > 0;
			while (pair->pipes[i].count > 0) {
				if (pair_deliver(pair, i) != CODE_OK) {
					abort();
				}
				moved = true;
			}
		}
	}
}

void
pair_wait(struct pair *pair, uint64_t ns)
{
	pair->now += ns;
	session_tick(pair->opener.session, pair->now);
	session_tick(pair->acceptor.session, pair->now);
}

uint64_t
pair_random(struct pair *pair, uint64_t n)
{
	/* xorshift64: any row of numbers will do. */
	pair->seed ^= pair->seed << 13;
	pair->seed ^= pair->seed >> 7;
	pair->seed ^= pair->seed << 17;
	return pair->seed % n;
}

/* --- a stream's owner ------------------------------------------------ */

static uint8_t
pattern(uint64_t offset)
{
	return (uint8_t)((offset * 131) ^ (offset >> 8) ^ (offset >> 16));
}

static size_t
peer_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct pair_peer *peer = arg;
	size_t n = max;

	if (peer->chunk > 0 && n > peer->chunk) {
		n = (size_t)peer->chunk;
	}
	if (n > peer->to_send) {
		n = (size_t)peer->to_send;
	}
	for (size_t i = 0; i < n; i++) {
		out[i] = pattern(peer->sent + i);
	}
	peer->sent += n;
	peer->to_send -= n;
	if (peer->to_send > 0) {
		stream_ready(peer->stream);
	} else {
		*fin = peer->fin_after;
	}
	return n;
}

static void
peer_opened(void *arg, const struct stream_opened *opened)
{
	struct pair_peer *peer = arg;

	peer->opened++;
	peer->outcome = *opened;
	if (opened->code != CODE_OK) {
		stream_release(peer->stream);
		peer->stream = NULL;
	}
}

static void
peer_data(void *arg, const uint8_t *data, size_t len)
{
	struct pair_peer *peer = arg;

	for (size_t i = 0; i < len; i++) {
		if (data[i] != pattern(peer->received + i)) {
			peer->good = false;
		}
	}
	peer->received += len;
	if (peer->hold) {
		peer->unconsumed += len;
	} else {
		stream_consumed(peer->stream, len, peer->pair->now);
	}
}

/* Let go of a stream that is over in both directions. */
static void
peer_check(struct pair_peer *peer)
{
	if (peer->stream != NULL && stream_is_over(peer->stream)) {
		stream_release(peer->stream);
		peer->stream = NULL;
	}
}

static void
peer_fin(void *arg)
{
	struct pair_peer *peer = arg;

	peer->fins++;
	peer_check(peer);
}

static void
peer_reset(void *arg, enum code code, int error)
{
	struct pair_peer *peer = arg;

	peer->resets++;
	peer->reset_code = code;
	peer->reset_error = error;
	stream_release(peer->stream);
	peer->stream = NULL;
}

const struct stream_ops pair_peer_ops = {
	.pull = peer_pull,
	.opened = peer_opened,
	.data = peer_data,
	.fin = peer_fin,
	.reset = peer_reset,
};

void
pair_peer_init(struct pair_peer *peer, struct pair *pair, uint64_t n, bool fin)
{
	memset(peer, 0, sizeof(*peer));
	peer->pair = pair;
	peer->to_send = n;
	peer->fin_after = fin;
	peer->good = true;
}

void
pair_open(struct pair *pair, struct pair_peer *peer, bool early)
{
	static const struct stream_target target = {
		.protocol = STREAM_TCP,
		.name = "target",
		.port = 80,
	};

	peer->stream = stream_open(
	    pair->opener.session, &target, early, &pair_peer_ops, peer);
	if (peer->stream != NULL && (peer->to_send > 0 || peer->fin_after)) {
		stream_ready(peer->stream);
	}
}

void
pair_accept(struct stream *stream, struct pair_peer *peer)
{
	static const struct stream_opened opened = {
		.code = CODE_OK,
		.address = { 127, 0, 0, 1 },
		.address_len = 4,
		.port = 80,
	};

	peer->stream = stream;
	stream_set_owner(stream, &pair_peer_ops, peer);
	stream_answer(stream, &opened);
	if (peer->stream != NULL && (peer->to_send > 0 || peer->fin_after)) {
		stream_ready(peer->stream);
	}
}

void
pair_consume(struct pair_peer *peer)
{
	uint64_t n = peer->unconsumed;

	peer->unconsumed = 0;
	if (peer->stream != NULL) {
		stream_consumed(peer->stream, (size_t)n, peer->pair->now);
	}
}
