/* SPDX-License-Identifier: ISC */

#include "gateway/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/loop.h"
#include "protocol/conduit.h"
#include "protocol/stream.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

static struct loop *loop;
static struct outlet *outlet;
static struct conduit *conduit;
static int far_end = -1; /* of the outlet's socket */
static int near_end;     /* that socket, which is the outlet's */
static bool gone;

/* The owner, and what it was told. */
static struct {
	size_t to_send;
	bool fin_after;
	bool consumes;
	bool release_on_data;
	bool opened;
	enum code code;
	size_t sent;
	size_t received;
	bool in_order;
	bool fin;
	bool reset;
	enum code reset_code;
	int reset_error;
} owner;

/* Byte number i of either direction. */
static uint8_t
byte_at(size_t i)
{
	return (uint8_t)(i * 131 + (i >> 8));
}

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	size_t left = owner.to_send - owner.sent;
	size_t n = left < max ? left : max;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		out[i] = byte_at(owner.sent + i);
	}
	owner.sent += n;
	*fin = owner.fin_after && owner.sent == owner.to_send;
	if (owner.sent < owner.to_send) {
		conduit_ready(conduit);
	}
	return n;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	(void)arg;
	owner.opened = true;
	owner.code = opened->code;
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++) {
		owner.in_order =
		    owner.in_order && data[i] == byte_at(owner.received + i);
	}
	owner.received += len;
	if (owner.release_on_data) {
		conduit_release(conduit);
		conduit = NULL;
	} else if (owner.consumes) {
		conduit_consumed(conduit, len, loop_now(loop));
	}
}

static void
on_fin(void *arg)
{
	(void)arg;
	owner.fin = true;
}

static void
on_reset(void *arg, enum code code, int error)
{
	(void)arg;
	owner.reset = true;
	owner.reset_code = code;
	owner.reset_error = error;
	conduit_release(conduit);
	conduit = NULL;
}

static const struct stream_ops ops = {
	.pull = on_pull,
	.opened = on_opened,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

static void
on_gone(void *arg)
{
	(void)arg;
	gone = true;
}

static void
setup(void)
{
	memset(&owner, 0, sizeof(owner));
	owner.consumes = true;
	owner.in_order = true;
	gone = false;
	loop = loop_new();
	outlet = outlet_new(loop, &ops, NULL, on_gone, NULL);
	ck_assert_ptr_nonnull(outlet);
	conduit = outlet_conduit(outlet);
}

static void
teardown(void)
{
	if (conduit != NULL) {
		conduit_release(conduit);
	}
	ck_assert(gone);
	if (far_end >= 0) {
		close(far_end);
	}
	far_end = -1;
	loop_free(loop);
}

/* Give the outlet its socket. */
static void
open_outlet(void)
{
	struct stream_opened opened = { .code = CODE_OK };
	int fds[2];

	ck_assert_int_eq(netpair_connect(AF_INET, fds), 0);
	near_end = fds[0];
	far_end = fds[1];
	(void)fcntl(far_end, F_SETFL, O_NONBLOCK);
	outlet_open(outlet, io_new(loop, fds[0], NULL, NULL), &opened);
	ck_assert(owner.opened);
	ck_assert_int_eq(owner.code, CODE_OK);
}

/* What the far end has read and written. */
static struct {
	size_t read;
	size_t written;
	size_t to_write;
	bool in_order;
	bool ended;
	int error;
} far;

/* Read what is there. */
static void
far_read(void)
{
	uint8_t bytes[65536];
	ssize_t n;

	do {
		n = recv(far_end, bytes, sizeof(bytes), 0);
		for (ssize_t i = 0; i < n; i++) {
			far.in_order =
			    far.in_order &&
			    bytes[i] == byte_at(far.read + (size_t)i);
		}
		far.read += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	far.ended = far.ended || n == 0;
	far.error = n < 0 && errno != EAGAIN ? errno : far.error;
}

/* Write what fits. */
static void
far_write(void)
{
	uint8_t bytes[4096];
	ssize_t n;

	do {
		size_t len = far.to_write - far.written;

		len = len < sizeof(bytes) ? len : sizeof(bytes);
		for (size_t i = 0; i < len; i++) {
			bytes[i] = byte_at(far.written + i);
		}
		n = len == 0 ? 0
			     : send(far_end, bytes, len,
				   MSG_NOSIGNAL | MSG_DONTWAIT);
		far.written += n > 0 ? (size_t)n : 0;
	} while (n > 0);
}

static bool
far_has_all(void *arg)
{
	far_read();
	(void)arg;
	return far.read == owner.to_send && far.ended == owner.fin_after;
}

static bool
far_is_over(void *arg)
{
	(void)arg;
	far_read();
	return far.ended || far.error != 0;
}

static bool
owner_has_all(void *arg)
{
	(void)arg;
	far_write();
	return owner.received == far.to_write;
}

static void
reset_far(size_t to_write)
{
	memset(&far, 0, sizeof(far));
	far.in_order = true;
	far.to_write = to_write;
}

/* Let the loop turn until nothing moves. */
static void
settle(void)
{
	for (int i = 0; i < 200; i++) {
		loop_poll(loop);
	}
}

START_TEST(both_ways_and_both_ends)
{
	owner.to_send = 3000000;
	owner.fin_after = true;
	reset_far(5000000);
	open_outlet();
	conduit_ready(conduit);
	ck_assert(await(loop, far_has_all, NULL));
	ck_assert(far.in_order);
	/* The other half goes on for as long as it likes. */
	ck_assert(!owner.fin);
	ck_assert(await(loop, owner_has_all, NULL));
	ck_assert(owner.in_order);
	ck_assert(!conduit_has_fin(conduit));
	shutdown(far_end, SHUT_WR);
	ck_assert(await_flag(loop, &owner.fin));
	ck_assert(conduit_has_fin(conduit));
	ck_assert(!gone);
	conduit_release(conduit);
	conduit = NULL;
	ck_assert(gone);
	ck_assert_int_eq(far.error, 0);
	ck_assert(!owner.reset);
}
END_TEST

START_TEST(their_half_first)
{
	reset_far(0);
	open_outlet();
	shutdown(far_end, SHUT_WR);
	ck_assert(await_flag(loop, &owner.fin));
	owner.to_send = 1000000;
	owner.fin_after = true;
	conduit_ready(conduit);
	ck_assert(await(loop, far_has_all, NULL));
	ck_assert(far.in_order);
}
END_TEST

START_TEST(nothing_moves_before_it_is_open)
{
	owner.to_send = 5;
	reset_far(0);
	conduit_ready(conduit);
	settle();
	ck_assert_uint_eq(owner.sent, 0);
	open_outlet();
	ck_assert(await(loop, far_has_all, NULL));
}
END_TEST

START_TEST(who_does_not_consume_is_given_a_window)
{
	owner.consumes = false;
	reset_far(4 * OUTLET_WINDOW);
	open_outlet();
	for (int i = 0; i < 100; i++) {
		far_write();
		settle();
	}
	ck_assert_uint_ge(owner.received, OUTLET_WINDOW);
	ck_assert_uint_lt(
	    owner.received, OUTLET_WINDOW + LIMITS_RECORD_PAYLOAD_MAX);
	owner.consumes = true;
	conduit_consumed(conduit, owner.received, loop_now(loop));
	ck_assert(await(loop, owner_has_all, NULL));
	ck_assert(owner.in_order);
}
END_TEST

START_TEST(what_is_not_read_is_not_pulled)
{
	owner.to_send = SIZE_MAX / 2;
	reset_far(0);
	open_outlet();
	conduit_ready(conduit);
	settle();
	/* The kernel's buffers, and one piece. */
	ck_assert_uint_lt(owner.sent, (size_t)32 << 20);
}
END_TEST

START_TEST(a_reset_of_theirs)
{
	struct linger linger = { .l_onoff = 1 };

	reset_far(0);
	open_outlet();
	setsockopt(far_end, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(far_end);
	far_end = -1;
	ck_assert(await_flag(loop, &owner.reset));
	ck_assert_int_eq(owner.reset_code, CODE_TARGET_RESET);
	ck_assert_int_eq(owner.reset_error, ECONNRESET);
	ck_assert(gone);
}
END_TEST

START_TEST(a_reset_of_ours)
{
	reset_far(0);
	open_outlet();
	conduit_reset(conduit, CODE_TARGET_RESET, 0);
	conduit = NULL;
	ck_assert(gone);
	ck_assert(await(loop, far_is_over, NULL));
	ck_assert_int_eq(far.error, ECONNRESET);
}
END_TEST

START_TEST(half_an_end_is_none)
{
	owner.fin_after = true;
	reset_far(0);
	open_outlet();
	conduit_ready(conduit);
	ck_assert(await(loop, far_has_all, NULL));
	far.ended = false;
	conduit_release(conduit);
	conduit = NULL;
	/* The kernel says so to who writes. */
	settle();
	(void)send(far_end, "x", 1, MSG_NOSIGNAL);
	ck_assert_int_eq(send(far_end, "x", 1, MSG_NOSIGNAL), -1);
}
END_TEST

/* An answer that comes before the request is through, and an end. */
START_TEST(an_early_answer_is_delivered)
{
	struct linger linger = { .l_onoff = 1 };

	owner.consumes = false;
	owner.to_send = SIZE_MAX / 2;
	/* Small enough to be there before the reset. */
	reset_far(10000);
	open_outlet();
	far_write();
	ck_assert_uint_eq(far.written, far.to_write);
	setsockopt(far_end, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(far_end);
	far_end = -1;
	/* The first thing that is seen of the reset is that writing fails. */
	conduit_ready(conduit);
	ck_assert(await_flag(loop, &owner.reset));
	ck_assert_uint_eq(owner.received, far.to_write);
	ck_assert(owner.in_order);
	ck_assert(!owner.fin);
}
END_TEST

/* Fill the socket behind the outlet's back; returns how many bytes it took. */
static size_t
fill_socket(void)
{
	uint8_t bytes[4096];
	size_t filled = 0;
	ssize_t n;

	do {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			bytes[i] = byte_at(filled + i);
		}
		n = send(near_end, bytes, sizeof(bytes),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		filled += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return filled;
}

START_TEST(let_go_with_bytes_to_write)
{
	reset_far(0);
	open_outlet();
	shutdown(far_end, SHUT_WR);
	ck_assert(await_flag(loop, &owner.fin));
	owner.sent = fill_socket();
	owner.to_send = owner.sent + 10000;
	owner.fin_after = true;
	conduit_ready(conduit);
	settle();
	ck_assert_uint_eq(owner.sent, owner.to_send);
	conduit_release(conduit);
	conduit = NULL;
	/* All is pulled, but the socket takes it only now. */
	ck_assert(!gone);
	ck_assert(await(loop, far_has_all, NULL));
	ck_assert(far.in_order);
	ck_assert_int_eq(far.error, 0);
	ck_assert(await_flag(loop, &gone));
}
END_TEST

START_TEST(let_go_of_from_within)
{
	owner.release_on_data = true;
	reset_far(100000);
	open_outlet();
	far_write();
	ck_assert(await_flag(loop, &gone));
	ck_assert_uint_gt(owner.received, 0);
	ck_assert_uint_le(owner.received, LIMITS_RECORD_PAYLOAD_MAX);
}
END_TEST

START_TEST(refused)
{
	const struct stream_opened opened = { .code = CODE_SERVICE_REFUSED };

	outlet_refuse(outlet, &opened);
	ck_assert(owner.opened);
	ck_assert_int_eq(owner.code, CODE_SERVICE_REFUSED);
	ck_assert(!gone);
	conduit_release(conduit);
	conduit = NULL;
	ck_assert(gone);
	ck_assert(!owner.reset);
}
END_TEST

START_TEST(aborted)
{
	reset_far(0);
	if (_i > 0) {
		open_outlet();
	}
	outlet_abort(outlet, CODE_GOING_DOWN);
	ck_assert(owner.reset);
	ck_assert_int_eq(owner.reset_code, CODE_GOING_DOWN);
	ck_assert(gone);
}
END_TEST

START_TEST(without_memory)
{
	struct outlet *other = NULL;

	for (long n = 1;; n++) {
		bool failed;

		failalloc_after(n);
		other = outlet_new(loop, &ops, NULL, on_gone, NULL);
		failed = failalloc_hit();
		failalloc_off();
		if (!failed) {
			break;
		}
		ck_assert_ptr_null(other);
	}
	ck_assert_ptr_nonnull(other);
	conduit_release(outlet_conduit(other));
	/* What the socket does not take has no place. */
	owner.to_send = SIZE_MAX / 2;
	reset_far(0);
	open_outlet();
	failalloc_forever_after(1);
	conduit_ready(conduit);
	while (!owner.reset) {
		loop_poll(loop);
	}
	failalloc_off();
	ck_assert_int_eq(owner.reset_code, CODE_OVERLOADED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outlet");
	TCase *tc = tcase_create("outlet");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, both_ways_and_both_ends);
	tcase_add_test(tc, their_half_first);
	tcase_add_test(tc, nothing_moves_before_it_is_open);
	tcase_add_test(tc, who_does_not_consume_is_given_a_window);
	tcase_add_test(tc, what_is_not_read_is_not_pulled);
	tcase_add_test(tc, a_reset_of_theirs);
	tcase_add_test(tc, a_reset_of_ours);
	tcase_add_test(tc, half_an_end_is_none);
	tcase_add_test(tc, an_early_answer_is_delivered);
	tcase_add_test(tc, let_go_with_bytes_to_write);
	tcase_add_test(tc, let_go_of_from_within);
	tcase_add_test(tc, refused);
	tcase_add_loop_test(tc, aborted, 0, 2);
	tcase_add_test(tc, without_memory);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
