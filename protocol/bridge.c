/* SPDX-License-Identifier: ISC */
#include "protocol/bridge.h"

#include <string.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/meter.h"
#include "protocol/conduit.h"
#include "protocol/limits.h"

/*
 * The queue to the socket needs no limit of its own: the conduit's window is
 * one, and this is the largest that can be configured.
 */
#define QUEUE_MAX ((size_t)64 << 20)

/* Seconds between two looks at what the kernel still has to deliver. */
#define LINGER_POLL 0.02

struct bridge {
	struct loop *loop;
	struct io *io;
	struct conduit *conduit; /* NULL once it is reset */
	struct buf *head;        /* read from io before; goes first */
	struct buf *queue;       /* what io did not take; NULL when empty */
	bool waiting;            /* for io to be readable */
	bool read_ended;         /* FIN was sent */
	bool fin_came;           /* the peer will send no more */
	bool shut;               /* and io was told so */
	uint64_t linger_until;   /* once reset: deliver until then */
	struct bridge_outcome outcome;
	struct meter *meter; /* counts the same; may be NULL */
	struct loop_task check;
	bridge_done *done; /* NULL once over */
	void *arg;
};

static void
destroy(void *object)
{
	struct bridge *bridge = object;

	buf_free(bridge->head);
	buf_free(bridge->queue);
	mem_free(bridge);
}

static void
let_go(struct bridge *bridge)
{
	bridge->done = NULL;
	bridge->io = NULL;
	bridge->conduit = NULL;
	loop_task_cancel(bridge->loop, &bridge->check);
	loop_reap(bridge->loop, bridge, destroy);
}

/* The one end: code says how; the socket is reset unless it is CODE_OK. */
static void
finish(struct bridge *bridge, enum code code, int error)
{
	bridge_done *done = bridge->done;
	struct conduit *conduit = bridge->conduit;

	if (done == NULL) {
		return;
	}
	bridge->outcome.code = code;
	bridge->outcome.error = error;
	if (code == CODE_OK) {
		io_close(bridge->io);
	} else {
		io_reset(bridge->io);
	}
	let_go(bridge);
	if (conduit != NULL) {
		conduit_reset(conduit, code, error);
	}
	done(&bridge->outcome, bridge->arg);
}

/* The socket broke. */
static void
break_off(struct bridge *bridge)
{
	int error = io_errno(bridge->io);

	finish(bridge, CODE_TARGET_RESET, error);
}

/* Count bytes that went from the socket to the conduit, and back. */
static void
count(struct bridge *bridge, size_t sent, size_t received)
{
	bridge->outcome.sent += sent;
	bridge->outcome.received += received;
	if (bridge->meter != NULL) {
		meter_add(
		    bridge->meter, sent, received, loop_now(bridge->loop));
	}
}

/* Wait for what is missing in either direction. */
static void
want(struct bridge *bridge)
{
	io_want(bridge->io, bridge->waiting && !bridge->read_ended,
	    bridge->queue != NULL);
}

/* Wait for io to be readable, or let the session pull first. */
static void
wait_readable(struct bridge *bridge, bool waiting)
{
	bridge->waiting = waiting;
	want(bridge);
}

/*
 * The conduit was reset and the queue is written.  Resetting the socket now
 * would take back what the kernel has not delivered yet, so wait until it has,
 * or until the time for that is over.
 */
static void
end_in_reset(struct bridge *bridge)
{
	if (loop_now(bridge->loop) < bridge->linger_until &&
	    io_undelivered(bridge->io) > 0) {
		want(bridge);
		io_set_timeout(bridge->io, LINGER_POLL);
		return;
	}
	finish(bridge, bridge->outcome.code, bridge->outcome.error);
}

/* Both halves may have ended by now. */
static void
check_end(void *arg)
{
	struct bridge *bridge = arg;

	if (bridge->queue != NULL || bridge->done == NULL) {
		return;
	}
	if (bridge->conduit == NULL) {
		end_in_reset(bridge);
		return;
	}
	if (bridge->fin_came && !bridge->shut) {
		bridge->shut = true;
		if (io_shutdown(bridge->io) != 0) {
			break_off(bridge);
			return;
		}
	}
	if (bridge->shut && bridge->read_ended) {
		finish(bridge, CODE_OK, 0);
	}
}

/* --- socket to conduit ----------------------------------------------- */

static size_t
pull_head(struct bridge *bridge, uint8_t *out, size_t max)
{
	size_t len;
	const uint8_t *data = buf_peek(bridge->head, &len);

	if (len > max) {
		len = max;
	}
	memcpy(out, data, len);
	buf_consume(bridge->head, len);
	if (buf_len(bridge->head) == 0) {
		buf_free(bridge->head);
		bridge->head = NULL;
	}
	conduit_ready(bridge->conduit);
	return len;
}

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct bridge *bridge = arg;
	ssize_t n;

	if (bridge->head != NULL) {
		n = (ssize_t)pull_head(bridge, out, max);
		count(bridge, (size_t)n, 0);
		return (size_t)n;
	}
	n = io_read(bridge->io, out, max);
	if (n == IO_FAIL) {
		break_off(bridge);
		return 0;
	}
	if (n == 0) {
		/* The half has ended only when this returned: check later. */
		*fin = true;
		bridge->read_ended = true;
		want(bridge);
		loop_defer(bridge->loop, &bridge->check);
		return 0;
	}
	if (n == (ssize_t)max) {
		conduit_ready(bridge->conduit);
	} else {
		wait_readable(bridge, true);
	}
	if (n == IO_AGAIN) {
		return 0;
	}
	count(bridge, (size_t)n, 0);
	return (size_t)n;
}

/* --- conduit to socket ----------------------------------------------- */

/* Queue what the socket did not take. */
static void
enqueue(struct bridge *bridge, const uint8_t *data, size_t len)
{
	bool first = bridge->queue == NULL;

	if (first) {
		bridge->queue = buf_new(QUEUE_MAX);
	}
	if (bridge->queue == NULL ||
	    buf_append(bridge->queue, data, len) != 0) {
		finish(bridge, CODE_OVERLOADED, 0);
		return;
	}
	if (first) {
		want(bridge);
	}
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct bridge *bridge = arg;
	ssize_t n = IO_AGAIN;

	if (bridge->queue == NULL) {
		n = io_write(bridge->io, data, len);
	}
	if (n == IO_FAIL) {
		break_off(bridge);
		return;
	}
	if (n > 0) {
		count(bridge, 0, (size_t)n);
		conduit_consumed(
		    bridge->conduit, (size_t)n, loop_now(bridge->loop));
		data += n;
		len -= (size_t)n;
	}
	if (len > 0) {
		enqueue(bridge, data, len);
	}
}

static void
on_fin(void *arg)
{
	struct bridge *bridge = arg;

	bridge->fin_came = true;
	check_end(bridge);
}

/* What was received before the reset is delivered first, for a while. */
static void
on_reset(void *arg, enum code code, int error)
{
	struct bridge *bridge = arg;
	struct conduit *conduit = bridge->conduit;

	bridge->conduit = NULL;
	bridge->outcome.code = code;
	bridge->outcome.error = error;
	bridge->read_ended = true;
	conduit_release(conduit);
	bridge->linger_until = loop_now(bridge->loop) + LIMITS_LINGER;
	if (bridge->queue != NULL) {
		want(bridge);
		io_set_timeout(
		    bridge->io, (double)LIMITS_LINGER / (double)LIMITS_SEC);
		return;
	}
	check_end(bridge);
}

static const struct stream_ops conduit_ops = {
	.pull = on_pull,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

static void
on_writable(struct bridge *bridge)
{
	size_t before = buf_len(bridge->queue);
	ssize_t left = io_drain(bridge->io, bridge->queue);
	size_t n;

	if (left == IO_FAIL) {
		break_off(bridge);
		return;
	}
	n = before - (size_t)left;
	count(bridge, 0, n);
	if (bridge->conduit != NULL) {
		conduit_consumed(bridge->conduit, n, loop_now(bridge->loop));
	}
	if (left == 0) {
		buf_free(bridge->queue);
		bridge->queue = NULL;
		want(bridge);
		check_end(bridge);
	}
}

static void
on_io(struct io *io, enum io_event event, void *arg)
{
	struct bridge *bridge = arg;

	(void)io;
	switch (event) {
	case IO_READABLE:
		/* The session reads when it may send; until then be quiet. */
		wait_readable(bridge, false);
		conduit_ready(bridge->conduit);
		break;
	case IO_WRITABLE:
		on_writable(bridge);
		break;
	case IO_TIMEOUT:
		/* The queue did not empty in time, or it is time to look. */
		end_in_reset(bridge);
		break;
	}
}

struct bridge *
bridge_new(struct loop *loop, struct io *io, struct conduit *conduit,
    struct buf *head, bridge_done *done, void *arg)
{
	struct bridge *bridge = mem_new(1, sizeof(*bridge));

	if (bridge == NULL) {
		return NULL;
	}
	bridge->loop = loop;
	bridge->io = io;
	bridge->conduit = conduit;
	bridge->done = done;
	bridge->arg = arg;
	if (head != NULL && buf_len(head) > 0) {
		bridge->head = head;
	} else {
		buf_free(head);
	}
	loop_task_init(&bridge->check, check_end, bridge);
	io_set_owner(io, on_io, bridge);
	conduit_set_owner(conduit, &conduit_ops, bridge);
	if (bridge->head != NULL) {
		conduit_ready(conduit);
	} else {
		wait_readable(bridge, true);
	}
	return bridge;
}

void
bridge_set_meter(struct bridge *bridge, struct meter *meter)
{
	bridge->meter = meter;
}

void
bridge_abort(struct bridge *bridge, enum code code)
{
	struct conduit *conduit;

	if (bridge == NULL || bridge->done == NULL) {
		return;
	}
	conduit = bridge->conduit;
	io_reset(bridge->io);
	let_go(bridge);
	if (conduit != NULL) {
		conduit_reset(conduit, code, 0);
	}
}
