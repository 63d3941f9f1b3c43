/* SPDX-License-Identifier: ISC */
#include "gateway/exchange.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/client_impl.h"
#include "gateway/exchange_impl.h"
#include "gateway/httpbody.h"
#include "gateway/httpforward.h"
#include "gateway/httphead.h"
#include "gateway/parting.h"
#include "gateway/viamark.h"
#include "protocol/conduit.h"

/* The queue to the client is bounded by the conduit's window. */
#define OUT_MAX ((size_t)65 << 20)

/* A response head and what came behind it in one record. */
#define ANSWER_MAX ((size_t)HTTPHEAD_MAX + LIMITS_RECORD_PAYLOAD_MAX)

/* Seconds between two looks at what the kernel still has to deliver. */
#define LINGER_POLL 0.02

/* The rewritten head of a request: never much longer than it was. */
#define HEAD_MAX ((size_t)HTTPHEAD_MAX + 1024)

static void check_end(void *arg);

static void
destroy(void *object)
{
	struct exchange *exchange = object;

	buf_free(exchange->head);
	buf_free(exchange->answer);
	buf_free(exchange->out);
	mem_free(exchange->answer_head);
	mem_free(exchange);
}

/* Nothing of exchange runs after this; its conduit ends one way or other. */
static void
retire(struct exchange *exchange)
{
	struct conduit *conduit = exchange->conduit;
	struct loop *loop = exchange->client->pool->loop;

	exchange->conduit = NULL;
	if (conduit != NULL) {
		conduit_release(conduit);
	}
	loop_task_cancel(loop, &exchange->check);
	loop_reap(loop, exchange, destroy);
}

void
exchange_free(struct exchange *exchange)
{
	if (exchange != NULL) {
		retire(exchange);
	}
}

/* --- failure --------------------------------------------------------- */

static void end_in_reset(struct exchange *exchange);

/* The answer ends in the middle: nothing more comes, what came is delivered. */
static void
cut_off(struct exchange *exchange)
{
	struct conduit *conduit = exchange->conduit;

	exchange->conduit = NULL;
	if (conduit != NULL) {
		conduit_release(conduit);
	}
	exchange->cut = true;
	exchange->read_ended = true;
	exchange->linger_until =
	    loop_now(exchange->client->pool->loop) + LIMITS_LINGER;
	end_in_reset(exchange);
}

static void
fail(struct exchange *exchange, enum code code, int error, const char *text)
{
	struct client *client = exchange->client;
	bool begun = exchange->begun;

	client_log_failure(client, code, text);
	if (begun) {
		cut_off(exchange);
		return;
	}
	client->exchange = NULL;
	retire(exchange);
	clienthttp_refuse(client, code, error, text);
}

void
exchange_fail(struct exchange *exchange, enum code code, const char *text)
{
	fail(exchange, code, 0, text);
}

/* --- target to client ------------------------------------------------ */

/* Write what waits; false when the client is gone. */
static bool
flush(struct exchange *exchange)
{
	struct client *client = exchange->client;
	size_t before = buf_len(exchange->out);
	ssize_t left = io_drain(client->io, exchange->out);
	uint64_t n;

	if (left == IO_FAIL) {
		client_end(client, true);
		return false;
	}
	n = before - (size_t)left;
	/* Heads change their length: all is consumed when all is written. */
	if (left == 0 || n > exchange->unconsumed) {
		n = exchange->unconsumed;
	}
	exchange->unconsumed -= n;
	if (exchange->conduit != NULL && n > 0) {
		conduit_consumed(
		    exchange->conduit, (size_t)n, loop_now(client->pool->loop));
	}
	exchangeup_want(exchange);
	return true;
}

static int
pass(struct exchange *exchange, const uint8_t *data, size_t len)
{
	if (len > 0 && buf_append(exchange->out, data, len) != 0) {
		exchange_fail(
		    exchange, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED));
		return -1;
	}
	return 0;
}

/* Follow and pass the response's body. */
static int
pass_body(struct exchange *exchange, const uint8_t *data, size_t len)
{
	size_t used = len;

	if (exchange->tunnel) {
		return pass(exchange, data, len);
	}
	if (exchange->complete) {
		return 0;
	}
	switch (httpbody_feed(&exchange->response, data, len, &used)) {
	case WIRE_BAD:
		exchange_fail(
		    exchange, CODE_PROTOCOL_ERROR, exchange->response.reason);
		return -1;
	case WIRE_NEED_MORE:
		used = len;
		break;
	case WIRE_OK:
		exchange->complete = true;
		/* More than was announced: not a connection to go on with. */
		exchange->keep = exchange->keep && used == len;
		break;
	}
	return pass(exchange, data, used);
}

/* A whole response head: write what the client gets of it. */
static int
pass_head(struct exchange *exchange)
{
	struct httphead *head = exchange->answer_head;
	enum httpforward_next next = httpforward_next(&exchange->memory, head);

	if (next == HTTPFORWARD_WRONG) {
		exchange_fail(exchange, CODE_PROTOCOL_ERROR,
		    "The target's answer does not fit the request.");
		return -1;
	}
	httpbody_init_response(
	    &exchange->response, head, exchange->memory.method);
	/* Before all of the request was read: the rest may never come. */
	if (next == HTTPFORWARD_FINAL && !exchangeup_done(exchange)) {
		exchange->memory.keep_alive = false;
	}
	if (httpforward_response(&exchange->memory, head,
		exchange->response.kind, exchange->out) != 0) {
		exchange_fail(
		    exchange, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED));
		return -1;
	}
	exchange->begun = next != HTTPFORWARD_INTERIM;
	exchange->tunnel = next == HTTPFORWARD_SWITCHED;
	if (exchange->tunnel) {
		client_settle(exchange->client, CODE_OK);
		conduit_ready(exchange->conduit);
	}
	exchange->complete =
	    next == HTTPFORWARD_FINAL && exchange->response.done;
	exchange->keep =
	    httpforward_keeps_alive(&exchange->memory, exchange->response.kind);
	return 0;
}

/* Parse heads until the final one; then what is left is body. */
static int
parse_heads(struct exchange *exchange)
{
	while (!exchange->begun) {
		size_t len;
		const uint8_t *data = buf_peek(exchange->answer, &len);
		struct httphead *head = exchange->answer_head;

		if (len == 0) {
			return 0;
		}
		switch (httphead_parse(head, data, len)) {
		case WIRE_NEED_MORE:
			return 0;
		case WIRE_BAD:
			exchange_fail(
			    exchange, CODE_PROTOCOL_ERROR, head->reason);
			return -1;
		case WIRE_OK:
			break;
		}
		if (pass_head(exchange) != 0) {
			return -1;
		}
		buf_consume(exchange->answer, head->len);
		httphead_init(head, true);
	}
	return 0;
}

static int
collect_head(struct exchange *exchange, const uint8_t *data, size_t len)
{
	const uint8_t *rest;
	size_t rest_len;
	int result;

	if (buf_append(exchange->answer, data, len) != 0) {
		exchange_fail(exchange, CODE_PROTOCOL_ERROR,
		    "The target's answer has too long a head.");
		return -1;
	}
	if (parse_heads(exchange) != 0 || !exchange->begun) {
		return exchange->begun ? -1 : 0;
	}
	rest = buf_peek(exchange->answer, &rest_len);
	result = rest_len > 0 ? pass_body(exchange, rest, rest_len) : 0;
	if (result == 0) {
		buf_free(exchange->answer);
		exchange->answer = NULL;
	}
	return result;
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct exchange *exchange = arg;
	struct client *client = exchange->client;
	int result;

	exchange->unconsumed += len;
	client_pool_count_bytes(client->pool, 0, len);
	result = exchange->begun ? pass_body(exchange, data, len)
				 : collect_head(exchange, data, len);
	if (result != 0 || client->exchange != exchange) {
		return;
	}
	if (flush(exchange)) {
		check_end(exchange);
	}
}

/* --- ends ------------------------------------------------------------ */

/* Let what is left of the conduit end by itself. */
static void
part(struct exchange *exchange)
{
	struct conduit *conduit = exchange->conduit;

	exchange->conduit = NULL;
	if (conduit != NULL) {
		parting_start(exchange->client->pool, conduit);
	}
}

/* Deliver what came before a reset; a reset takes back what is under way. */
static void
end_in_reset(struct exchange *exchange)
{
	struct client *client = exchange->client;
	bool waiting =
	    buf_len(exchange->out) > 0 || io_undelivered(client->io) > 0;

	if (waiting && loop_now(client->pool->loop) < exchange->linger_until) {
		exchangeup_want(exchange);
		io_set_timeout(client->io, LINGER_POLL);
		return;
	}
	client_end(client, true);
}

/* Act on the end of either half once everything is written. */
static void
check_end(void *arg)
{
	struct exchange *exchange = arg;
	struct client *client = exchange->client;

	if (client->exchange != exchange || exchange->cut ||
	    buf_len(exchange->out) > 0) {
		return;
	}
	if (exchange->tunnel) {
		if (exchange->shut && exchange->read_ended) {
			client_end(client, false);
		}
		return;
	}
	if (!exchange->complete) {
		return;
	}
	client_settle(client, CODE_OK);
	if (exchange->keep && exchangeup_done(exchange)) {
		part(exchange);
		client->exchange = NULL;
		retire(exchange);
		client_serve_next(client);
		return;
	}
	part(exchange);
	client->exchange = NULL;
	retire(exchange);
	client_take_back(client);
	client_finish(client);
}

static void
on_fin(void *arg)
{
	struct exchange *exchange = arg;
	struct client *client = exchange->client;

	if (exchange->tunnel) {
		exchange->shut = true;
		if (buf_len(exchange->out) == 0) {
			(void)io_shutdown(client->io);
		}
		check_end(exchange);
		return;
	}
	if (!exchange->begun) {
		exchange_fail(exchange, CODE_TARGET_RESET,
		    "The target closed the connection without an answer.");
		return;
	}
	if (exchange->response.kind == HTTPBODY_CLOSE) {
		exchange->complete = true;
		exchange->keep = false;
	}
	if (!exchange->complete) {
		exchange_fail(exchange, CODE_TARGET_RESET,
		    "The target closed the connection in mid-answer.");
		return;
	}
	check_end(exchange);
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct exchange *exchange = arg;
	struct conduit *conduit = exchange->conduit;

	(void)error;
	exchange->conduit = NULL;
	conduit_release(conduit);
	if (!exchange->complete) {
		exchange_fail(exchange, code, codes_summary(code));
	}
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct exchange *exchange = arg;
	struct conduit *conduit = exchange->conduit;

	if (opened->code == CODE_OK) {
		return;
	}
	exchange->conduit = NULL;
	conduit_release(conduit);
	fail(exchange, opened->code, opened->error,
	    opened->text[0] != '\0' ? opened->text
				    : codes_summary(opened->code));
}

static const struct stream_ops conduit_ops = {
	.pull = exchangeup_pull,
	.opened = on_opened,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

/* --- the client's socket --------------------------------------------- */

static void
on_readable(struct exchange *exchange)
{
	struct client *client = exchange->client;

	if (exchangeup_done(exchange)) {
		client_read_ahead(client);
		if (client->exchange == exchange) {
			exchangeup_want(exchange);
		}
		return;
	}
	exchangeup_wait(exchange, false);
	if (exchange->conduit != NULL) {
		conduit_ready(exchange->conduit);
	}
}

static void
on_io(struct io *io, enum io_event event, void *arg)
{
	struct exchange *exchange = arg;

	(void)io;
	switch (event) {
	case IO_READABLE:
		on_readable(exchange);
		break;
	case IO_WRITABLE:
		if (!flush(exchange)) {
			return;
		}
		if (exchange->cut) {
			end_in_reset(exchange);
			return;
		}
		if (exchange->shut && buf_len(exchange->out) == 0) {
			(void)io_shutdown(exchange->client->io);
		}
		check_end(exchange);
		break;
	case IO_TIMEOUT:
		if (exchange->cut) {
			end_in_reset(exchange);
		} else if (!exchange->tunnel) {
			client_look(exchange->client);
		}
		break;
	}
}

static int
prepare(struct exchange *exchange, const struct client *client)
{
	struct httpforward_options options = {
		.own_authorization = auth_is_on(client->pool->auth) &&
				     client->dialect == DIALECT_LOCALHOST,
	};
	char mark[VIAMARK_LEN];
	size_t len;

	if (client->pool->viamark != NULL) {
		options.via = viamark_make(client->pool->viamark, mark);
	}
	exchange->head = buf_new(HEAD_MAX);
	exchange->answer = buf_new(ANSWER_MAX);
	exchange->out = buf_new(OUT_MAX);
	exchange->answer_head = mem_new(1, sizeof(*exchange->answer_head));
	if (exchange->head == NULL || exchange->answer == NULL ||
	    exchange->out == NULL || exchange->answer_head == NULL) {
		return -1;
	}
	httphead_init(exchange->answer_head, true);
	/* More may have come meanwhile, and moved what was there. */
	client->head->data = buf_peek(client->in, &len);
	httpforward_begin(&exchange->memory, client->head);
	httpbody_init_request(&exchange->request, client->head);
	return httpforward_request(client->head, &options, exchange->head);
}

struct exchange *
exchange_new(struct client *client, const struct reach_result *result)
{
	struct exchange *exchange = mem_new(1, sizeof(*exchange));

	if (exchange == NULL) {
		return NULL;
	}
	exchange->client = client;
	loop_task_init(&exchange->check, check_end, exchange);
	if (prepare(exchange, client) == 0) {
		exchange->conduit =
		    reach_open(result, true, &conduit_ops, exchange);
	}
	if (exchange->conduit == NULL) {
		destroy(exchange);
		return NULL;
	}
	buf_consume(client->in, client->head->len);
	io_set_owner(client->io, on_io, exchange);
	/* If it has ended its half, the socket says so again. */
	client->read_ended = false;
	conduit_ready(exchange->conduit);
	return exchange;
}
