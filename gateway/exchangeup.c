/* SPDX-License-Identifier: ISC */
/* A request, from the client to the target. */
#include <string.h>

#include "common/buf.h"
#include "common/io.h"
#include "gateway/client_impl.h"
#include "gateway/exchange_impl.h"
#include "protocol/conduit.h"

/* --- client to target ------------------------------------------------ */

void
exchangeup_want(struct exchange *exchange)
{
	const struct client *client = exchange->client;
	bool reading = exchangeup_done(exchange) ? client_can_read_ahead(client)
						 : exchange->waiting;

	io_want(client->io, reading && !exchange->read_ended,
	    buf_len(exchange->out) > 0);
}

void
exchangeup_wait(struct exchange *exchange, bool waiting)
{
	exchange->waiting = waiting;
	exchangeup_want(exchange);
}

bool
exchangeup_done(const struct exchange *exchange)
{
	return exchange->head == NULL && exchange->request.done &&
	       !exchange->tunnel;
}

static size_t
take(struct buf *from, uint8_t *out, size_t n)
{
	size_t len;
	const uint8_t *data = buf_peek(from, &len);

	memcpy(out, data, n);
	buf_consume(from, n);
	return n;
}

/* What of the client's bytes goes to the target: all of a body, no more. */
static size_t
pull_body(struct exchange *exchange, uint8_t *out, size_t max)
{
	struct buf *in = exchange->client->in;
	size_t len;
	size_t used;
	const uint8_t *data = buf_peek(in, &len);

	if (len > max) {
		len = max;
	}
	if (exchange->tunnel) {
		return take(in, out, len);
	}
	switch (httpbody_feed(&exchange->request, data, len, &used)) {
	case WIRE_BAD:
		exchange_fail(
		    exchange, CODE_BAD_REQUEST, exchange->request.reason);
		return 0;
	case WIRE_NEED_MORE:
		return take(in, out, len);
	case WIRE_OK:
		break;
	}
	return take(in, out, used);
}

static size_t
pull_head(struct exchange *exchange, uint8_t *out, size_t max)
{
	size_t len = buf_len(exchange->head);

	len = take(exchange->head, out, len < max ? len : max);
	if (buf_len(exchange->head) == 0) {
		buf_free(exchange->head);
		exchange->head = NULL;
	}
	if (!exchangeup_done(exchange)) {
		conduit_ready(exchange->conduit);
	}
	return len;
}

static size_t
pull(struct exchange *exchange, uint8_t *out, size_t max, bool *fin)
{
	struct client *client = exchange->client;
	ssize_t n;

	if (exchange->head != NULL) {
		return pull_head(exchange, out, max);
	}
	if (exchangeup_done(exchange) || exchange->read_ended) {
		return 0;
	}
	if (buf_len(client->in) > 0) {
		conduit_ready(exchange->conduit);
		return pull_body(exchange, out, max);
	}
	n = io_fill(client->io, client->in);
	if (n == IO_AGAIN) {
		exchangeup_wait(exchange, true);
		return 0;
	}
	if (n == 0 && exchange->tunnel) {
		exchange->read_ended = true;
		*fin = true;
		loop_defer(client->pool->loop, &exchange->check);
		return 0;
	}
	if (n <= 0) {
		/* The client left in the middle of its request. */
		client_end(client, true);
		return 0;
	}
	conduit_ready(exchange->conduit);
	return pull_body(exchange, out, max);
}

size_t
exchangeup_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct exchange *exchange = arg;
	struct client *client = exchange->client;
	size_t n = pull(exchange, out, max, fin);

	client_pool_count_bytes(client->pool, n, 0);
	if (client->exchange == exchange && exchangeup_done(exchange)) {
		/* From now on the client waits. */
		exchangeup_want(exchange);
	}
	return n;
}
