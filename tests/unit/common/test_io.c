/* SPDX-License-Identifier: ISC */
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/buf.h"
#include "common/loop.h"
#include "common/mem.h"
#include "tests/support/await.h"
#include "tests/support/failalloc.h"
#include "tests/support/netpair.h"
#include "tests/support/unit.h"

/* Every case runs over each kind of socket that there is. */
static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
#define FAMILIES 3

/* One io, its peer as a plain blocking socket, and what was heard. */
struct fixture {
	struct loop *loop;
	struct io *io;
	int peer;
	int readable;
	int writable;
	int timeouts;
	bool close_on_event;
};

static void
on_event(struct io *io, enum io_event event, void *arg)
{
	struct fixture *fixture = arg;

	ck_assert_ptr_eq(io, fixture->io);
	switch (event) {
	case IO_READABLE:
		fixture->readable++;
		break;
	case IO_WRITABLE:
		fixture->writable++;
		break;
	case IO_TIMEOUT:
		fixture->timeouts++;
		break;
	}
	if (fixture->close_on_event) {
		io_close(io);
		/* Still there until the end of the iteration. */
		ck_assert_int_eq(io_fd(io), -1);
	}
}

/* False when this machine does not have that kind of socket. */
static bool
setup(struct fixture *fixture, int index)
{
	int fds[2];

	memset(fixture, 0, sizeof(*fixture));
	if (families[index] != AF_UNIX && !netpair_has(families[index])) {
		return false;
	}
	fixture->loop = loop_new();
	ck_assert_int_eq(netpair_connect(families[index], fds), 0);
	fixture->peer = fds[1];
	fixture->io = io_new(fixture->loop, fds[0], on_event, fixture);
	ck_assert_ptr_nonnull(fixture->io);
	return true;
}

static void
teardown(struct fixture *fixture)
{
	io_close(fixture->io);
	if (fixture->peer >= 0) {
		close(fixture->peer);
	}
	loop_free(fixture->loop);
}

/* Read len bytes of pattern from the peer's end. */
static void
peer_expect(struct fixture *fixture, const char *data, size_t len)
{
	char got[256];

	ck_assert_uint_le(len, sizeof(got));
	ck_assert_int_eq(
	    recv(fixture->peer, got, len, MSG_WAITALL), (ssize_t)len);
	ck_assert_mem_eq(got, data, len);
}

START_TEST(reads_and_writes)
{
	struct fixture f;
	char data[16];

	if (!setup(&f, _i)) {
		return;
	}
	ck_assert_int_eq(io_read(f.io, data, sizeof(data)), IO_AGAIN);
	io_want(f.io, true, false);
	ck_assert_int_eq(write(f.peer, "hello", 5), 5);
	ck_assert(await_count(f.loop, &f.readable, 1));
	ck_assert_int_eq(io_read(f.io, data, 2), 2);
	/* Level-triggered: the rest is told again. */
	ck_assert(await_count(f.loop, &f.readable, f.readable + 1));
	ck_assert_int_eq(io_read(f.io, data, sizeof(data)), 3);
	ck_assert_mem_eq(data, "llo", 3);
	ck_assert_int_eq(f.writable, 0);
	io_want(f.io, false, true);
	ck_assert(await_count(f.loop, &f.writable, 1));
	ck_assert_int_eq(io_write(f.io, "world", 5), 5);
	peer_expect(&f, "world", 5);
	teardown(&f);
}
END_TEST

START_TEST(unwanted_events_are_not_told)
{
	struct fixture f;

	if (!setup(&f, _i)) {
		return;
	}
	ck_assert_int_eq(write(f.peer, "x", 1), 1);
	for (int i = 0; i < 3; i++) {
		loop_poll(f.loop);
	}
	ck_assert_int_eq(f.readable + f.writable, 0);
	io_want(f.io, true, true);
	ck_assert(await_count(f.loop, &f.readable, 1));
	ck_assert_int_ge(f.writable, 1);
	io_want(f.io, false, false);
	f.readable = 0;
	f.writable = 0;
	for (int i = 0; i < 3; i++) {
		loop_poll(f.loop);
	}
	ck_assert_int_eq(f.readable + f.writable, 0);
	teardown(&f);
}
END_TEST

START_TEST(half_close_both_ways)
{
	struct fixture f;
	char data[4];

	if (!setup(&f, _i)) {
		return;
	}
	/* Ours first: the peer reads an end and may go on writing. */
	ck_assert_int_eq(io_write(f.io, "bye", 3), 3);
	ck_assert_int_eq(io_shutdown(f.io), 0);
	peer_expect(&f, "bye", 3);
	ck_assert_int_eq(recv(f.peer, data, 1, 0), 0);
	ck_assert_int_eq(write(f.peer, "yes", 3), 3);
	shutdown(f.peer, SHUT_WR);
	io_want(f.io, true, false);
	ck_assert(await_count(f.loop, &f.readable, 1));
	ck_assert_int_eq(io_read(f.io, data, 3), 3);
	ck_assert(await_count(f.loop, &f.readable, f.readable + 1));
	ck_assert_int_eq(io_read(f.io, data, sizeof(data)), 0);
	teardown(&f);
}
END_TEST

START_TEST(peers_half_close_leaves_us_writing)
{
	struct fixture f;
	char data[4];

	if (!setup(&f, _i)) {
		return;
	}
	shutdown(f.peer, SHUT_WR);
	io_want(f.io, true, false);
	ck_assert(await_count(f.loop, &f.readable, 1));
	ck_assert_int_eq(io_read(f.io, data, sizeof(data)), 0);
	ck_assert_int_eq(io_write(f.io, "more", 4), 4);
	peer_expect(&f, "more", 4);
	teardown(&f);
}
END_TEST

START_TEST(broken_socket_fails_without_signal)
{
	struct fixture f;
	struct iovec iov = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
	ssize_t n;

	if (!setup(&f, _i)) {
		return;
	}
	close(f.peer);
	f.peer = -1;
	/* TCP learns with the answer to its first write. */
	do {
		n = io_write(f.io, "x", 1);
		loop_poll(f.loop);
	} while (n != IO_FAIL);
	ck_assert(io_errno(f.io) == EPIPE || io_errno(f.io) == ECONNRESET);
	ck_assert_int_eq(io_writev(f.io, &iov, 1), IO_FAIL);
	ck_assert_int_eq(io_errno(f.io), EPIPE);
	teardown(&f);
}
END_TEST

START_TEST(reset_is_seen_as_reset)
{
	struct fixture f;
	char data[4];

	if (!setup(&f, _i)) {
		return;
	}
	io_reset(f.io);
	io_reset(f.io);
	f.io = NULL;
	if (families[_i] != AF_UNIX) {
		ck_assert_int_eq(recv(f.peer, data, sizeof(data), 0), -1);
		ck_assert_int_eq(errno, ECONNRESET);
	} else {
		ck_assert_int_eq(recv(f.peer, data, sizeof(data), 0), 0);
	}
	io_reset(NULL);
	teardown(&f);
}
END_TEST

START_TEST(peers_reset_is_a_failure)
{
	struct fixture f;
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	char data[4];

	if (!setup(&f, _i) || families[_i] == AF_UNIX) {
		if (f.loop != NULL) {
			teardown(&f);
		}
		return;
	}
	setsockopt(f.peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(f.peer);
	f.peer = -1;
	io_want(f.io, true, false);
	ck_assert(await_count(f.loop, &f.readable, 1));
	ck_assert_int_eq(io_read(f.io, data, sizeof(data)), IO_FAIL);
	ck_assert_int_eq(io_errno(f.io), ECONNRESET);
	teardown(&f);
}
END_TEST

START_TEST(dead_is_seen_without_reading)
{
	struct fixture f;
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	if (!setup(&f, _i)) {
		return;
	}
	ck_assert(!io_is_dead(f.io));
	/* Bytes that nobody has read do not hide it, an end is not it. */
	ck_assert_int_eq(send(f.peer, "unread", 6, 0), 6);
	ck_assert_int_eq(shutdown(f.peer, SHUT_WR), 0);
	ck_assert(!io_is_dead(f.io));
	setsockopt(f.peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(f.peer);
	f.peer = -1;
	ck_assert(io_is_dead(f.io));
	teardown(&f);
}
END_TEST

START_TEST(keepalive)
{
	static const int options[] = { TCP_KEEPIDLE, TCP_KEEPINTVL,
		TCP_KEEPCNT };
	struct fixture f;
	int value = 0;
	socklen_t len = sizeof(value);

	if (!setup(&f, _i)) {
		return;
	}
	io_set_keepalive(f.io, 11, 12, 13);
	for (int i = 0; i < 3 && families[_i] != AF_UNIX; i++) {
		ck_assert_int_eq(getsockopt(io_fd(f.io), IPPROTO_TCP,
				     options[i], &value, &len),
		    0);
		ck_assert_int_eq(value, 11 + i);
	}
	ck_assert_int_eq(
	    getsockopt(io_fd(f.io), SOL_SOCKET, SO_KEEPALIVE, &value, &len), 0);
	ck_assert(value != 0);
	teardown(&f);
}
END_TEST

START_TEST(closed_in_its_callback)
{
	struct fixture f;

	if (!setup(&f, _i)) {
		return;
	}
	f.close_on_event = true;
	ck_assert_int_eq(write(f.peer, "x", 1), 1);
	io_want(f.io, true, true);
	io_set_timeout(f.io, 0.001);
	while (f.readable + f.writable + f.timeouts == 0) {
		loop_poll(f.loop);
	}
	/* The other events, due as well, are not told. */
	f.io = NULL;
	for (int i = 0; i < 3; i++) {
		loop_poll(f.loop);
	}
	ck_assert_int_eq(f.readable + f.writable + f.timeouts, 1);
	teardown(&f);
}
END_TEST

START_TEST(closed_io_does_nothing)
{
	struct fixture f;
	char data[1];

	if (!setup(&f, _i)) {
		return;
	}
	io_close(f.io);
	io_close(f.io);
	io_want(f.io, true, true);
	io_set_timeout(f.io, 0.0001);
	ck_assert_int_eq(io_read(f.io, data, 1), IO_FAIL);
	ck_assert_int_eq(io_write(f.io, data, 1), IO_FAIL);
	ck_assert_int_eq(io_errno(f.io), EBADF);
	f.io = NULL;
	loop_poll(f.loop);
	loop_poll(f.loop);
	ck_assert_int_eq(f.readable + f.writable + f.timeouts, 0);
	teardown(&f);
}
END_TEST

START_TEST(timeout_comes_once)
{
	struct fixture f;

	if (!setup(&f, _i)) {
		return;
	}
	io_set_timeout(f.io, 0.005);
	ck_assert(await_count(f.loop, &f.timeouts, 1));
	io_set_timeout(f.io, 1000.);
	io_set_timeout(f.io, 0.005); /* the last word counts */
	ck_assert(await_count(f.loop, &f.timeouts, 2));
	io_set_timeout(f.io, 0.005);
	io_set_timeout(f.io, 0.);
	io_want(f.io, false, true);
	ck_assert(await_count(f.loop, &f.writable, 3));
	usleep(10000);
	loop_poll(f.loop);
	ck_assert_int_eq(f.timeouts, 2);
	teardown(&f);
}
END_TEST

START_TEST(fill_stops_at_the_limit)
{
	struct fixture f;
	struct buf *buf = buf_new(10);
	size_t len;

	if (!setup(&f, _i)) {
		buf_free(buf);
		return;
	}
	ck_assert_int_eq(io_fill(f.io, buf), IO_AGAIN);
	ck_assert_int_eq(write(f.peer, "0123456789abc", 13), 13);
	io_want(f.io, true, false);
	ck_assert(await_count(f.loop, &f.readable, 1));
	ck_assert_int_eq(io_fill(f.io, buf), 10);
	ck_assert_int_eq(io_fill(f.io, buf), IO_AGAIN);
	ck_assert_mem_eq(buf_peek(buf, &len), "0123456789", 10);
	buf_consume(buf, 10);
	ck_assert_int_eq(io_fill(f.io, buf), 3);
	ck_assert_mem_eq(buf_peek(buf, &len), "abc", 3);
	shutdown(f.peer, SHUT_WR);
	ck_assert(await_count(f.loop, &f.readable, f.readable + 1));
	ck_assert_int_eq(io_fill(f.io, buf), 0);
	buf_free(buf);
	teardown(&f);
}
END_TEST

START_TEST(fill_without_memory_fails)
{
	struct fixture f;
	struct buf *buf = buf_new(100000);

	if (!setup(&f, _i)) {
		buf_free(buf);
		return;
	}
	ck_assert_int_eq(write(f.peer, "x", 1), 1);
	failalloc_forever_after(1);
	ck_assert_int_eq(io_fill(f.io, buf), IO_FAIL);
	failalloc_off();
	ck_assert_int_eq(io_errno(f.io), ENOMEM);
	buf_free(buf);
	teardown(&f);
}
END_TEST

/* More than any socket buffer takes. */
#define DRAIN_TOTAL ((size_t)8 << 20)

/* Take what the peer received and compare it with what stands at sent. */
static size_t
peer_take(struct fixture *fixture, const uint8_t *sent)
{
	static uint8_t data[65536];
	ssize_t n = recv(fixture->peer, data, sizeof(data), MSG_DONTWAIT);

	if (n <= 0) {
		return 0;
	}
	ck_assert_mem_eq(data, sent, (size_t)n);
	return (size_t)n;
}

START_TEST(drain_waits_for_the_socket)
{
	struct fixture f;
	struct buf *buf;
	uint8_t *data;
	size_t taken = 0;
	ssize_t left;

	if (!setup(&f, _i)) {
		return;
	}
	data = mem_new(DRAIN_TOTAL, 1);
	for (size_t i = 0; i < DRAIN_TOTAL; i++) {
		data[i] = (uint8_t)(i % 251);
	}
	buf = buf_new(DRAIN_TOTAL);
	ck_assert_int_eq(buf_append(buf, data, DRAIN_TOTAL), 0);
	left = io_drain(f.io, buf);
	ck_assert_int_gt(left, 0);
	ck_assert_int_eq(io_write(f.io, "x", 1), IO_AGAIN);
	io_want(f.io, false, true);
	while (taken < DRAIN_TOTAL) {
		taken += peer_take(&f, data + taken);
		loop_poll(f.loop);
		left = io_drain(f.io, buf);
		ck_assert_int_ge(left, 0);
	}
	ck_assert_int_eq(left, 0);
	ck_assert_int_gt(f.writable, 0);
	ck_assert_int_eq(io_drain(f.io, buf), 0);
	buf_free(buf);
	mem_free(data);
	teardown(&f);
}
END_TEST

START_TEST(drain_tells_failure)
{
	struct fixture f;
	struct buf *buf = buf_new(16);
	ssize_t n;

	if (!setup(&f, _i)) {
		buf_free(buf);
		return;
	}
	close(f.peer);
	f.peer = -1;
	do {
		ck_assert_int_eq(buf_append(buf, "x", 1), 0);
		n = io_drain(f.io, buf);
	} while (n == 0);
	ck_assert_int_eq(n, IO_FAIL);
	ck_assert_uint_eq(buf_len(buf), 1);
	buf_free(buf);
	teardown(&f);
}
END_TEST

START_TEST(writev_gathers)
{
	struct fixture f;
	char a[] = "one";
	char b[] = "two";
	struct iovec iov[] = {
		{ .iov_base = a, .iov_len = 3 },
		{ .iov_base = NULL, .iov_len = 0 },
		{ .iov_base = b, .iov_len = 3 },
	};

	if (!setup(&f, _i)) {
		return;
	}
	ck_assert_int_eq(io_writev(f.io, iov, 3), 6);
	peer_expect(&f, "onetwo", 6);
	teardown(&f);
}
END_TEST

static void
on_other(struct io *io, enum io_event event, void *arg)
{
	int *count = arg;

	(void)io;
	(void)event;
	*count += 1;
}

START_TEST(new_owner_starts_afresh)
{
	struct fixture f;
	int other = 0;

	if (!setup(&f, _i)) {
		return;
	}
	ck_assert_int_eq(write(f.peer, "x", 1), 1);
	io_want(f.io, true, true);
	io_set_timeout(f.io, 0.0001);
	io_set_owner(f.io, on_other, &other);
	usleep(1000);
	loop_poll(f.loop);
	loop_poll(f.loop);
	ck_assert_int_eq(other, 0);
	io_want(f.io, true, false);
	ck_assert(await_count(f.loop, &other, 1));
	ck_assert_int_eq(f.readable + f.writable + f.timeouts, 0);
	teardown(&f);
}
END_TEST

START_TEST(addresses_and_flags)
{
	struct fixture f;
	struct addr local;
	struct addr peer;
	int nodelay = 0;
	socklen_t len = sizeof(nodelay);

	if (!setup(&f, _i)) {
		return;
	}
	ck_assert_int_eq(io_local(f.io, &local), 0);
	ck_assert_int_eq(io_peer(f.io, &peer), 0);
	ck_assert_int_eq(addr_family(&local), families[_i]);
	ck_assert_int_eq(addr_family(&peer), families[_i]);
	if (families[_i] != AF_UNIX) {
		ck_assert(addr_is_loopback(&peer));
		ck_assert_uint_ne(addr_port(&local), addr_port(&peer));
		ck_assert_int_eq(getsockopt(io_fd(f.io), IPPROTO_TCP,
				     TCP_NODELAY, &nodelay, &len),
		    0);
		ck_assert_int_ne(nodelay, 0);
	}
	ck_assert(fcntl(io_fd(f.io), F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(io_fd(f.io), F_GETFD) & FD_CLOEXEC);
	teardown(&f);
}
END_TEST

START_TEST(addresses_of_a_closed_io_are_refused)
{
	struct fixture f;
	struct addr addr;

	if (!setup(&f, _i)) {
		return;
	}
	io_close(f.io);
	ck_assert_int_eq(io_local(f.io, &addr), -1);
	ck_assert_int_eq(io_peer(f.io, &addr), -1);
	ck_assert_int_eq(io_shutdown(f.io), -1);
	f.io = NULL;
	teardown(&f);
}
END_TEST

START_TEST(failed_creation_leaves_the_socket)
{
	struct loop *loop = loop_new();
	int fds[2];

	ck_assert_int_eq(netpair_connect(families[_i], fds), 0);
	failalloc_forever_after(1);
	ck_assert_ptr_null(io_new(loop, fds[0], on_event, NULL));
	failalloc_off();
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	loop_free(loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("io");
	TCase *tcase = tcase_create("io");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 2 * AWAIT_DEADLINE);
	tcase_add_loop_test(tcase, reads_and_writes, 0, FAMILIES);
	tcase_add_loop_test(tcase, unwanted_events_are_not_told, 0, FAMILIES);
	tcase_add_loop_test(tcase, half_close_both_ways, 0, FAMILIES);
	tcase_add_loop_test(
	    tcase, peers_half_close_leaves_us_writing, 0, FAMILIES);
	tcase_add_loop_test(
	    tcase, broken_socket_fails_without_signal, 0, FAMILIES);
	tcase_add_loop_test(tcase, reset_is_seen_as_reset, 0, FAMILIES);
	tcase_add_loop_test(tcase, peers_reset_is_a_failure, 0, FAMILIES);
	tcase_add_loop_test(tcase, dead_is_seen_without_reading, 0, FAMILIES);
	tcase_add_loop_test(tcase, keepalive, 0, FAMILIES);
	tcase_add_loop_test(tcase, closed_in_its_callback, 0, FAMILIES);
	tcase_add_loop_test(tcase, closed_io_does_nothing, 0, FAMILIES);
	tcase_add_loop_test(tcase, timeout_comes_once, 0, FAMILIES);
	tcase_add_loop_test(tcase, fill_stops_at_the_limit, 0, FAMILIES);
	tcase_add_loop_test(tcase, fill_without_memory_fails, 0, FAMILIES);
	tcase_add_loop_test(tcase, drain_waits_for_the_socket, 0, FAMILIES);
	tcase_add_loop_test(tcase, drain_tells_failure, 0, FAMILIES);
	tcase_add_loop_test(tcase, writev_gathers, 0, FAMILIES);
	tcase_add_loop_test(tcase, new_owner_starts_afresh, 0, FAMILIES);
	tcase_add_loop_test(tcase, addresses_and_flags, 0, FAMILIES);
	tcase_add_loop_test(
	    tcase, addresses_of_a_closed_io_are_refused, 0, FAMILIES);
	tcase_add_test(tcase, failed_creation_leaves_the_socket);
	return unit_main(suite);
}
