/* SPDX-License-Identifier: ISC */
#include "gateway/outlet.h"

#include <errno.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/conduit.h"
#include "protocol/limits.h"
#include "protocol/stream.h"

/* Bytes handed over at once: owners are made for what a record holds. */
#define PIECE LIMITS_RECORD_PAYLOAD_MAX

/* Pieces in one turn of the loop, before others get theirs: a few 100 us. */
#define TURN 16

struct outlet {
	struct conduit conduit;
	struct loop *loop;
	const struct stream_ops *ops; /* NULL once let go of */
	void *arg;
	outlet_gone *gone;
	void *gone_arg;
	struct io *io;      /* NULL before it is open and once it is over */
	struct buf *unsent; /* pulled, and not taken by io: a piece at most */
	struct loop_task pump;
	size_t unconsumed; /* of what the owner was given */
	int broken;        /* errno of a failed write: read what is left */
	bool ready;        /* the owner has something */
	bool tx_ended;     /* nothing is pulled any more */
	bool rx_ended;     /* the socket will send no more */
};

/* --- ends ------------------------------------------------------------ */

static void
destroy(void *object)
{
	struct outlet *outlet = object;

	buf_free(outlet->unsent);
	mem_free(outlet);
}

/* Nobody has outlet any more, and it has no socket. */
static void
drop(struct outlet *outlet)
{
	loop_task_cancel(outlet->loop, &outlet->pump);
	loop_reap(outlet->loop, outlet, destroy);
	outlet->gone(outlet->gone_arg);
}

/* The socket is over: tell who has outlet. */
static void
break_off(struct outlet *outlet, enum code code, int error)
{
	const struct stream_ops *ops = outlet->ops;

	io_reset(outlet->io);
	outlet->io = NULL;
	outlet->tx_ended = true;
	outlet->rx_ended = true;
	if (ops == NULL) {
		drop(outlet);
	} else if (ops->reset != NULL) {
		ops->reset(outlet->arg, code, error);
	}
}

/* Close the socket in order; nobody has outlet any more. */
static void
part(struct outlet *outlet)
{
	io_close(outlet->io);
	outlet->io = NULL;
	drop(outlet);
}

/* --- what may happen now --------------------------------------------- */

static bool
may_read(const struct outlet *outlet)
{
	return outlet->io != NULL && !outlet->rx_ended &&
	       outlet->unconsumed < OUTLET_WINDOW && outlet->ops != NULL &&
	       outlet->ops->data != NULL;
}

static bool
may_pull(const struct outlet *outlet)
{
	return outlet->io != NULL && !outlet->tx_ended && outlet->ready &&
	       buf_len(outlet->unsent) == 0 && outlet->ops != NULL &&
	       outlet->ops->pull != NULL;
}

/* Wait for what can go on by the socket, and go on by ourselves if it can. */
static void
want(struct outlet *outlet)
{
	if (outlet->io == NULL) {
		return;
	}
	io_want(outlet->io, may_read(outlet), buf_len(outlet->unsent) > 0);
	if (may_pull(outlet)) {
		loop_defer(outlet->loop, &outlet->pump);
	}
}

/* --- owner to socket ------------------------------------------------- */

/* Writing failed: nothing more is sent, but there may be an answer. */
static void
stop_sending(struct outlet *outlet)
{
	outlet->broken = io_errno(outlet->io);
	outlet->tx_ended = true;
	buf_consume(outlet->unsent, buf_len(outlet->unsent));
	if (outlet->rx_ended || outlet->ops == NULL) {
		break_off(outlet, CODE_TARGET_RESET, outlet->broken);
	}
}

/* All that was pulled is written; the half may have ended with it. */
static void
check_end(struct outlet *outlet)
{
	if (!outlet->tx_ended || outlet->broken != 0 ||
	    buf_len(outlet->unsent) > 0) {
		return;
	}
	if (outlet->ops == NULL) {
		part(outlet);
	} else if (io_shutdown(outlet->io) != 0) {
		stop_sending(outlet);
	}
}

static void
send_piece(struct outlet *outlet, const uint8_t *data, size_t len)
{
	ssize_t n = io_write(outlet->io, data, len);

	if (n == IO_FAIL) {
		stop_sending(outlet);
		return;
	}
	n = n < 0 ? 0 : n;
	if ((size_t)n < len &&
	    buf_append(outlet->unsent, data + n, len - (size_t)n) != 0) {
		break_off(outlet, CODE_OVERLOADED, ENOMEM);
	}
}

static void
pull_piece(struct outlet *outlet)
{
	uint8_t piece[PIECE];
	bool fin = false;
	size_t n;

	outlet->ready = false;
	n = outlet->ops->pull(outlet->arg, piece, sizeof(piece), &fin);
	if (outlet->io == NULL) {
		return;
	}
	outlet->tx_ended = fin;
	if (n > 0) {
		send_piece(outlet, piece, n);
	}
	if (outlet->io != NULL) {
		check_end(outlet);
	}
}

static void
pump(void *arg)
{
	struct outlet *outlet = arg;

	for (int i = 0; i < TURN && may_pull(outlet); i++) {
		pull_piece(outlet);
	}
	want(outlet);
}

static void
on_writable(struct outlet *outlet)
{
	if (io_drain(outlet->io, outlet->unsent) == IO_FAIL) {
		stop_sending(outlet);
	} else {
		check_end(outlet);
	}
}

/* --- socket to owner ------------------------------------------------- */

static void
end_receiving(struct outlet *outlet)
{
	outlet->rx_ended = true;
	if (outlet->broken != 0) {
		break_off(outlet, CODE_TARGET_RESET, outlet->broken);
	} else if (outlet->ops->fin != NULL) {
		outlet->ops->fin(outlet->arg);
	}
}

/* Hand over one piece; false when there is no other one now. */
static bool
receive_piece(struct outlet *outlet)
{
	uint8_t piece[PIECE];
	ssize_t n = io_read(outlet->io, piece, sizeof(piece));

	if (n == IO_AGAIN) {
		return false;
	}
	if (n == IO_FAIL) {
		break_off(outlet, CODE_TARGET_RESET, io_errno(outlet->io));
		return false;
	}
	if (n == 0) {
		end_receiving(outlet);
		return false;
	}
	outlet->unconsumed += (size_t)n;
	outlet->ops->data(outlet->arg, piece, (size_t)n);
	return true;
}

static void
on_readable(struct outlet *outlet)
{
	for (int i = 0; i < TURN && may_read(outlet); i++) {
		if (!receive_piece(outlet)) {
			break;
		}
	}
}

static void
on_io(struct io *io, enum io_event event, void *arg)
{
	struct outlet *outlet = arg;

	(void)io;
	switch (event) {
	case IO_READABLE:
		on_readable(outlet);
		break;
	case IO_WRITABLE:
		on_writable(outlet);
		break;
	case IO_TIMEOUT:
		/* Let go of, and the socket does not take what was pulled. */
		break_off(outlet, CODE_CANCELLED, 0);
		break;
	}
	want(outlet);
}

/* --- as a conduit ---------------------------------------------------- */

static struct outlet *
of(struct conduit *conduit)
{
	return list_entry(conduit, struct outlet, conduit);
}

static void
set_owner(struct conduit *conduit, const struct stream_ops *ops, void *arg)
{
	struct outlet *outlet = of(conduit);

	outlet->ops = ops;
	outlet->arg = arg;
	want(outlet);
}

static void
ready(struct conduit *conduit)
{
	struct outlet *outlet = of(conduit);

	outlet->ready = true;
	if (may_pull(outlet)) {
		loop_defer(outlet->loop, &outlet->pump);
	}
}

static void
consumed(struct conduit *conduit, size_t n, uint64_t now_ns)
{
	struct outlet *outlet = of(conduit);

	(void)now_ns;
	outlet->unconsumed -= n;
	want(outlet);
}

static bool
has_fin(const struct conduit *conduit)
{
	const char *start = (const char *)conduit;

	start -= offsetof(struct outlet, conduit);
	return ((const struct outlet *)(const void *)start)->rx_ended;
}

/* The owner lets go. */
static void
reset(struct conduit *conduit, enum code code, int error)
{
	struct outlet *outlet = of(conduit);
	bool clean =
	    outlet->tx_ended && outlet->rx_ended && outlet->broken == 0;

	outlet->ops = NULL;
	if (outlet->io == NULL) {
		drop(outlet);
	} else if (!clean) {
		break_off(outlet, code, error);
	} else if (buf_len(outlet->unsent) == 0) {
		part(outlet);
	} else {
		io_set_timeout(
		    outlet->io, (double)LIMITS_LINGER / (double)LIMITS_SEC);
	}
}

static const struct conduit_type conduit_type = {
	.set_owner = set_owner,
	.ready = ready,
	.consumed = consumed,
	.has_fin = has_fin,
	.reset = reset,
};

struct conduit *
outlet_conduit(struct outlet *outlet)
{
	return &outlet->conduit;
}

/* --- life ------------------------------------------------------------ */

struct outlet *
outlet_new(struct loop *loop, const struct stream_ops *ops, void *ops_arg,
    outlet_gone *gone, void *arg)
{
	struct outlet *outlet = mem_new(1, sizeof(*outlet));

	if (outlet == NULL) {
		return NULL;
	}
	outlet->unsent = buf_new(PIECE);
	if (outlet->unsent == NULL) {
		mem_free(outlet);
		return NULL;
	}
	outlet->conduit.type = &conduit_type;
	outlet->loop = loop;
	outlet->ops = ops;
	outlet->arg = ops_arg;
	outlet->gone = gone;
	outlet->gone_arg = arg;
	loop_task_init(&outlet->pump, pump, outlet);
	return outlet;
}

void
outlet_open(
    struct outlet *outlet, struct io *io, const struct stream_opened *opened)
{
	io_set_owner(io, on_io, outlet);
	outlet->io = io;
	if (outlet->ops->opened != NULL) {
		outlet->ops->opened(outlet->arg, opened);
	}
	want(outlet);
}

void
outlet_refuse(struct outlet *outlet, const struct stream_opened *opened)
{
	outlet->tx_ended = true;
	outlet->rx_ended = true;
	if (outlet->ops->opened != NULL) {
		outlet->ops->opened(outlet->arg, opened);
	}
}

void
outlet_abort(struct outlet *outlet, enum code code)
{
	break_off(outlet, code, 0);
}
