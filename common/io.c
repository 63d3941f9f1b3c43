/* SPDX-License-Identifier: ISC */
#include "common/io.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/buf.h"
#include "common/loop.h"
#include "common/mem.h"

/*
 * Most bytes read at once by io_fill(): what a Linux socket delivers in one
 * call at full speed, so more would only cost memory.
 */
#define IO_FILL_MAX 65536

struct io {
	struct loop *loop;
	io_callback *callback;
	void *arg;
	struct ev_io reader;
	struct ev_io writer;
	struct ev_timer timer;
	int fd; /* -1 once closed */
	int err;
};

static void
on_readable(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct io *io = watcher->data;

	(void)ev;
	(void)events;
	io->callback(io, IO_READABLE, io->arg);
}

static void
on_writable(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct io *io = watcher->data;

	(void)ev;
	(void)events;
	io->callback(io, IO_WRITABLE, io->arg);
}

static void
on_timeout(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct io *io = watcher->data;

	(void)ev;
	(void)events;
	io->callback(io, IO_TIMEOUT, io->arg);
}

/* Make fd non-blocking and close-on-exec.  fcntl fails on no open socket. */
static void
set_flags(int fd)
{
	int status = fcntl(fd, F_GETFL);
	int flags = fcntl(fd, F_GETFD);

	if ((status & O_NONBLOCK) == 0) {
		(void)fcntl(fd, F_SETFL, status | O_NONBLOCK);
	}
	if ((flags & FD_CLOEXEC) == 0) {
		(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
}

struct io *
io_new(struct loop *loop, int fd, io_callback *callback, void *arg)
{
	struct io *io = mem_new(1, sizeof(*io));
	int on = 1;

	if (io == NULL) {
		return NULL;
	}
	io->loop = loop;
	io->callback = callback;
	io->arg = arg;
	io->fd = fd;
	set_flags(fd);
	/* Fails where there is no TCP, that is, on unix sockets. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	ev_io_init(&io->reader, on_readable, fd, EV_READ);
	io->reader.data = io;
	ev_io_init(&io->writer, on_writable, fd, EV_WRITE);
	io->writer.data = io;
	ev_timer_init(&io->timer, on_timeout, 0., 0.);
	io->timer.data = io;
	return io;
}

static void
stop(struct io *io)
{
	io_want(io, false, false);
	io_set_timeout(io, 0.);
}

void
io_close(struct io *io)
{
	if (io == NULL || io->fd < 0) {
		return;
	}
	stop(io);
	(void)close(io->fd);
	io->fd = -1;
	loop_reap(io->loop, io, mem_free);
}

void
io_reset(struct io *io)
{
	/* With no time to linger, close() sends a reset and drops the rest. */
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	if (io == NULL || io->fd < 0) {
		return;
	}
	(void)setsockopt(
	    io->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	io_close(io);
}

void
io_set_owner(struct io *io, io_callback *callback, void *arg)
{
	stop(io);
	io->callback = callback;
	io->arg = arg;
}

/* Starting an active watcher and stopping an inactive one do nothing. */
static void
want(struct io *io, struct ev_io *watcher, bool wanted)
{
	if (wanted && io->fd >= 0) {
		ev_io_start(loop_ev(io->loop), watcher);
	} else {
		ev_io_stop(loop_ev(io->loop), watcher);
	}
}

void
io_want(struct io *io, bool readable, bool writable)
{
	want(io, &io->reader, readable);
	want(io, &io->writer, writable);
}

void
io_set_timeout(struct io *io, double seconds)
{
	ev_timer_stop(loop_ev(io->loop), &io->timer);
	if (seconds > 0. && io->fd >= 0) {
		ev_timer_set(&io->timer, seconds, 0.);
		ev_timer_start(loop_ev(io->loop), &io->timer);
	}
}

/* Turn a negative result of a system call into ours. */
static ssize_t
failure(struct io *io, int err)
{
	if (err == EAGAIN) {
		return IO_AGAIN;
	}
	io->err = err;
	return IO_FAIL;
}

ssize_t
io_read(struct io *io, void *data, size_t len)
{
	ssize_t n;

	do {
		n = recv(io->fd, data, len, 0);
	} while (n < 0 && errno == EINTR);
	return n >= 0 ? n : failure(io, errno);
}

ssize_t
io_write(struct io *io, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = send(io->fd, data, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n >= 0 ? n : failure(io, errno);
}

/* writev() would raise SIGPIPE; sendmsg() can be told not to. */
ssize_t
io_writev(struct io *io, const struct iovec *iov, int count)
{
	struct msghdr msg = { 0 };
	ssize_t n;

	/* sendmsg() does not write through it; the field is shared with
	 * recvmsg(). */
	msg.msg_iov = (struct iovec *)(uintptr_t)iov;
	msg.msg_iovlen = (size_t)count;
	do {
		n = sendmsg(io->fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n >= 0 ? n : failure(io, errno);
}

ssize_t
io_fill(struct io *io, struct buf *buf)
{
	size_t room = buf_room(buf);
	uint8_t *space;
	ssize_t n;

	if (room == 0) {
		return IO_AGAIN;
	}
	space =
	    buf_reserve(buf, room < IO_FILL_MAX ? room : IO_FILL_MAX, &room);
	if (space == NULL) {
		/* To wait would spin: the socket stays readable. */
		return failure(io, ENOMEM);
	}
	n = io_read(io, space, room);
	buf_commit(buf, n > 0 ? (size_t)n : 0);
	return n;
}

ssize_t
io_drain(struct io *io, struct buf *buf)
{
	const uint8_t *data;
	size_t len;

	data = buf_peek(buf, &len);
	while (data != NULL) {
		ssize_t n = io_write(io, data, len);

		if (n == IO_FAIL) {
			return IO_FAIL;
		}
		if (n == IO_AGAIN) {
			break;
		}
		buf_consume(buf, (size_t)n);
		data = buf_peek(buf, &len);
	}
	return (ssize_t)buf_len(buf);
}

int
io_shutdown(struct io *io)
{
	if (shutdown(io->fd, SHUT_WR) < 0) {
		io->err = errno;
		return -1;
	}
	return 0;
}

bool
io_is_dead(const struct io *io)
{
	struct pollfd entry = { .fd = io->fd };

	return poll(&entry, 1, 0) > 0 &&
	       (entry.revents & (POLLERR | POLLHUP)) != 0;
}

void
io_set_keepalive(struct io *io, int idle, int interval, int count)
{
	int on = 1;

	(void)setsockopt(io->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(
	    io->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(
	    io->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(
	    io->fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

int
io_errno(const struct io *io)
{
	return io->err;
}

size_t
io_undelivered(const struct io *io)
{
	int bytes = 0;

	if (ioctl(io->fd, SIOCOUTQ, &bytes) != 0 || bytes < 0) {
		return 0;
	}
	return (size_t)bytes;
}

int
io_fd(const struct io *io)
{
	return io->fd;
}

int
io_peer(const struct io *io, struct addr *out)
{
	struct addr addr = { .len = sizeof(addr.ss) };

	if (getpeername(io->fd, (struct sockaddr *)&addr.ss, &addr.len) < 0) {
		return -1;
	}
	*out = addr;
	return 0;
}

int
io_local(const struct io *io, struct addr *out)
{
	struct addr addr = { .len = sizeof(addr.ss) };

	if (getsockname(io->fd, (struct sockaddr *)&addr.ss, &addr.len) < 0) {
		return -1;
	}
	*out = addr;
	return 0;
}
