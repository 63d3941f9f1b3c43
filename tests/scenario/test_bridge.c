/* SPDX-License-Identifier: ISC */
/*
 * Two bridges with a pair of sessions in between:
 *
 *	near socket -- bridge -- opener ==== acceptor -- bridge -- far socket
 *
 * The test holds the outer ends of both socket pairs.
 */

#include "protocol/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/loop.h"
#include "common/meter.h"
#include "protocol/session.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/pair.h"
#include "tests/support/unit.h"

#define ROUNDS 200000

/* One side of it. */
struct side {
	int fd; /* the test's end */
	struct io *io;
	struct bridge *bridge;
	struct stream *stream;
	unsigned done;
	struct bridge_outcome outcome;
	uint64_t sent;     /* by the test */
	uint64_t received; /* by the test */
	bool ended;        /* the test read an end */
	bool reset;        /* or a reset */
	bool good;
};

struct span {
	struct loop *loop;
	struct pair *pair;
	struct side near;
	struct side far;
};

static void
on_done(const struct bridge_outcome *outcome, void *arg)
{
	struct side *side = arg;

	side->done++;
	side->outcome = *outcome;
	side->bridge = NULL;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	(void)arg;
	ck_assert_int_eq(opened->code, CODE_OK);
}

static const struct stream_ops opener_ops = {
	.opened = on_opened,
};

static void
ignore(struct io *io, enum io_event event, void *arg)
{
	(void)io;
	(void)event;
	(void)arg;
}

/* A TCP pair, because a reset has to be seen. */
static void
side_open(struct span *span, struct side *side)
{
	int fds[2];

	memset(side, 0, sizeof(*side));
	side->good = true;
	ck_assert_int_eq(netpair_connect(AF_INET, fds), 0);
	side->fd = fds[0];
	ck_assert_int_eq(fcntl(side->fd, F_SETFL, O_NONBLOCK), 0);
	side->io = io_new(span->loop, fds[1], ignore, NULL);
	ck_assert_ptr_nonnull(side->io);
}

static void
span_open(struct span *span, const struct pair_config *config)
{
	static const struct stream_target target = { STREAM_TCP, "x", 1 };
	static const struct stream_opened good = { .code = CODE_OK };

	span->loop = loop_new();
	span->pair = pair_new(config);
	ck_assert_ptr_nonnull(span->pair);
	span->pair->now = loop_now(span->loop);
	side_open(span, &span->near);
	side_open(span, &span->far);
	span->near.stream = stream_open(
	    span->pair->opener.session, &target, false, &opener_ops, NULL);
	pair_settle(span->pair);
	span->far.stream = span->pair->acceptor.opened;
	span->near.bridge = bridge_new(span->loop, span->near.io,
	    stream_conduit(span->near.stream), NULL, on_done, &span->near);
	span->far.bridge = bridge_new(span->loop, span->far.io,
	    stream_conduit(span->far.stream), NULL, on_done, &span->far);
	ck_assert_ptr_nonnull(span->near.bridge);
	ck_assert_ptr_nonnull(span->far.bridge);
	stream_answer(span->far.stream, &good);
	pair_settle(span->pair);
}

static void
span_close(struct span *span)
{
	bridge_abort(span->near.bridge, CODE_CANCELLED);
	bridge_abort(span->far.bridge, CODE_CANCELLED);
	if (span->near.fd >= 0) {
		(void)close(span->near.fd);
	}
	if (span->far.fd >= 0) {
		(void)close(span->far.fd);
	}
	loop_poll(span->loop);
	pair_free(span->pair);
	loop_free(span->loop);
}

static uint8_t
pattern(uint64_t offset)
{
	return (uint8_t)(offset * 7 + (offset >> 9));
}

/* Send what the socket takes of up to n more bytes. */
static void
side_send(struct side *side, uint64_t n)
{
	uint8_t piece[8192];
	ssize_t took = 1;

	while (n > 0 && took > 0) {
		size_t len = n < sizeof(piece) ? (size_t)n : sizeof(piece);

		for (size_t i = 0; i < len; i++) {
			piece[i] = pattern(side->sent + i);
		}
		took = send(side->fd, piece, len, MSG_NOSIGNAL);
		if (took > 0) {
			side->sent += (uint64_t)took;
			n -= (uint64_t)took;
		}
	}
}

/* Read what there is and check it. */
static void
side_receive(struct side *side)
{
	uint8_t piece[8192];

	while (!side->ended && !side->reset) {
		ssize_t got = recv(side->fd, piece, sizeof(piece), 0);

		if (got < 0) {
			side->reset = errno == ECONNRESET;
			return;
		}
		side->ended = got == 0;
		for (ssize_t i = 0; i < got; i++) {
			if (piece[i] != pattern(side->received + (uint64_t)i)) {
				side->good = false;
			}
		}
		side->received += (uint64_t)got;
	}
}

static void
turn(struct span *span)
{
	loop_poll(span->loop);
	span->pair->now = loop_now(span->loop);
	pair_settle(span->pair);
}

/* --- cases ---------------------------------------------------------------- */

START_TEST(both_ways_to_the_last_byte)
{
	const uint64_t size = 5000000;
	struct meter *meter = meter_new();
	struct meter_count count;
	struct span span;

	span_open(&span, NULL);
	bridge_set_meter(span.near.bridge, meter);
	for (int i = 0; i < ROUNDS && !(span.near.ended && span.far.ended);
	     i++) {
		side_send(&span.near, size - span.near.sent);
		side_send(&span.far, size - span.far.sent);
		if (span.near.sent == size) {
			(void)shutdown(span.near.fd, SHUT_WR);
		}
		if (span.far.sent == size) {
			(void)shutdown(span.far.fd, SHUT_WR);
		}
		turn(&span);
		side_receive(&span.near);
		side_receive(&span.far);
	}
	turn(&span);
	ck_assert_uint_eq(span.near.received, size);
	ck_assert_uint_eq(span.far.received, size);
	ck_assert(span.near.good && span.far.good);
	ck_assert_uint_eq(span.near.done, 1);
	ck_assert_uint_eq(span.far.done, 1);
	ck_assert_int_eq(span.near.outcome.code, CODE_OK);
	ck_assert_int_eq(span.far.outcome.code, CODE_OK);
	ck_assert_uint_eq(span.near.outcome.sent, size);
	ck_assert_uint_eq(span.near.outcome.received, size);
	ck_assert_uint_eq(span.pair->opener.budget.used, 0);
	meter_total(meter, &count);
	ck_assert_uint_eq(count.sent, size);
	ck_assert_uint_eq(count.received, size);
	span_close(&span);
	meter_free(meter);
}
END_TEST

/* One half ends; the other goes on as long as it likes. */
START_TEST(half_close_is_kept)
{
	struct span span;

	span_open(&span, NULL);
	side_send(&span.near, 1000);
	(void)shutdown(span.near.fd, SHUT_WR);
	for (int i = 0; i < ROUNDS && !span.far.ended; i++) {
		turn(&span);
		side_receive(&span.far);
	}
	ck_assert_uint_eq(span.far.received, 1000);
	ck_assert_uint_eq(span.near.done + span.far.done, 0);
	for (uint64_t want = 100000; want <= 300000; want += 100000) {
		for (int i = 0; i < ROUNDS && span.near.received < want; i++) {
			side_send(&span.far, want - span.far.sent);
			turn(&span);
			side_receive(&span.near);
		}
		ck_assert_uint_eq(span.near.received, want);
		ck_assert(!span.near.ended);
	}
	(void)shutdown(span.far.fd, SHUT_WR);
	for (int i = 0; i < ROUNDS && !span.near.ended; i++) {
		turn(&span);
		side_receive(&span.near);
	}
	turn(&span);
	ck_assert(span.near.ended && span.near.good && span.far.good);
	ck_assert_uint_eq(span.near.done, 1);
	ck_assert_uint_eq(span.far.done, 1);
	span_close(&span);
}
END_TEST

/* Make the test's end of side send a reset. */
static void
side_reset(struct side *side)
{
	const struct linger now = { 1, 0 };

	(void)setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(side->fd);
	side->fd = -1;
}

START_TEST(reset_stays_a_reset)
{
	struct span span;

	span_open(&span, NULL);
	side_send(&span.near, 5000);
	for (int i = 0; i < ROUNDS && span.far.received < 5000; i++) {
		turn(&span);
		side_receive(&span.far);
	}
	side_reset(&span.near);
	for (int i = 0; i < ROUNDS && !span.far.reset; i++) {
		turn(&span);
		side_receive(&span.far);
	}
	ck_assert(span.far.reset);
	ck_assert(!span.far.ended);
	ck_assert_uint_eq(span.near.done, 1);
	ck_assert_int_eq(span.near.outcome.code, CODE_TARGET_RESET);
	ck_assert_uint_eq(span.far.done, 1);
	ck_assert_int_eq(span.far.outcome.code, CODE_TARGET_RESET);
	span_close(&span);
}
END_TEST

/* What came before the reset is delivered to a reader who is slow. */
START_TEST(reset_comes_after_what_was_received)
{
	struct span span;
	uint64_t sent;

	span_open(&span, NULL);
	/* More than the far socket takes, within the stream's window. */
	for (int i = 0; i < 2000; i++) {
		side_send(&span.near, 65536);
		turn(&span);
	}
	sent = stream_received(span.far.stream);
	ck_assert_uint_gt(sent, 0);
	bridge_abort(span.near.bridge, CODE_TARGET_RESET);
	span.near.bridge = NULL;
	pair_settle(span.pair);
	ck_assert_uint_eq(span.far.done, 0);
	for (int i = 0; i < ROUNDS && !span.far.reset && !span.far.ended; i++) {
		turn(&span);
		side_receive(&span.far);
	}
	ck_assert_uint_eq(span.far.received, sent);
	ck_assert(span.far.good);
	ck_assert(span.far.reset);
	ck_assert_uint_eq(span.far.done, 1);
	span_close(&span);
}
END_TEST

/* A reader that stalls stops its stream at the window, and no queue grows. */
START_TEST(stalled_reader_holds_the_sender)
{
	struct pair_config config;
	struct span span;
	uint64_t held;

	pair_defaults(&config);
	config.window_max = 262144;
	span_open(&span, &config);
	for (int i = 0; i < 5000; i++) {
		side_send(&span.near, 65536);
		turn(&span);
	}
	held = stream_received(span.far.stream);
	for (int i = 0; i < 1000; i++) {
		side_send(&span.near, 65536);
		turn(&span);
	}
	ck_assert_uint_eq(stream_received(span.far.stream), held);
	(void)shutdown(span.near.fd, SHUT_WR);
	for (int i = 0; i < ROUNDS && !span.far.ended; i++) {
		turn(&span);
		side_receive(&span.far);
	}
	ck_assert_uint_eq(span.far.received, span.near.sent);
	ck_assert(span.far.good);
	span_close(&span);
}
END_TEST

/* Bytes that were read before the bridge was built go first. */
START_TEST(head_goes_first)
{
	static const struct stream_target target = { STREAM_TCP, "x", 1 };
	struct pair_peer peer;
	struct span span;
	struct buf *head = buf_new(100000);
	struct meter *meter = meter_new();
	struct meter_count count;
	uint8_t bytes[50000];

	span.loop = loop_new();
	span.pair = pair_new(NULL);
	span.pair->now = loop_now(span.loop);
	side_open(&span, &span.near);
	span.far.fd = -1;
	span.far.bridge = NULL;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = pattern(i);
	}
	ck_assert_int_eq(buf_append(head, bytes, sizeof(bytes)), 0);
	span.near.sent = sizeof(bytes);
	span.near.stream = stream_open(
	    span.pair->opener.session, &target, false, &opener_ops, NULL);
	span.near.bridge = bridge_new(span.loop, span.near.io,
	    stream_conduit(span.near.stream), head, on_done, &span.near);
	bridge_set_meter(span.near.bridge, meter);
	pair_settle(span.pair);
	pair_peer_init(&peer, span.pair, 0, true);
	pair_accept(span.pair->acceptor.opened, &peer);
	side_send(&span.near, 1000);
	(void)shutdown(span.near.fd, SHUT_WR);
	for (int i = 0; i < ROUNDS && span.near.done == 0; i++) {
		turn(&span);
	}
	ck_assert_uint_eq(peer.received, 51000);
	ck_assert_uint_eq(span.near.outcome.sent, 51000);
	meter_total(meter, &count);
	ck_assert_uint_eq(count.sent, 51000);
	ck_assert_uint_eq(count.received, 0);
	span_close(&span);
	meter_free(meter);
}
END_TEST

START_TEST(session_that_ends_resets_the_socket)
{
	struct span span;

	span_open(&span, NULL);
	session_fail(span.pair->opener.session, CODE_LINK_LOST);
	for (int i = 0; i < ROUNDS && !span.near.reset; i++) {
		turn(&span);
		side_receive(&span.near);
	}
	ck_assert(span.near.reset && !span.near.ended);
	ck_assert_int_eq(span.near.outcome.code, CODE_LINK_LOST);
	span_close(&span);
}
END_TEST

START_TEST(no_memory_for_a_bridge)
{
	struct span span;

	span_open(&span, NULL);
	bridge_abort(span.near.bridge, CODE_CANCELLED);
	span.near.bridge = NULL;
	failalloc_after(1);
	ck_assert_ptr_null(
	    bridge_new(span.loop, span.far.io, NULL, NULL, on_done, NULL));
	failalloc_off();
	span_close(&span);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bridge");
	TCase *tc = tcase_create("bridge");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, both_ways_to_the_last_byte);
	tcase_add_test(tc, half_close_is_kept);
	tcase_add_test(tc, reset_stays_a_reset);
	tcase_add_test(tc, reset_comes_after_what_was_received);
	tcase_add_test(tc, stalled_reader_holds_the_sender);
	tcase_add_test(tc, head_goes_first);
	tcase_add_test(tc, session_that_ends_resets_the_socket);
	tcase_add_test(tc, no_memory_for_a_bridge);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
