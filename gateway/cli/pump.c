/* SPDX-License-Identifier: ISC */
#include "gateway/cli/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is read at once: as much as a pipe holds. */
#define BLOCK 65536

/* What one direction does, and how it ended. */
struct half {
	const struct pump *pump;
	int over;     /* readable once the thread ended */
	bool is_over; /* and that was seen, by the other one */
	int stop;     /* readable once the thread is to end */
	enum pump_result result;
	int error;
};

/* Wait until fd, which somebody made non-blocking, is ready for events. */
static void
wait_for(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	(void)poll(&wanted, 1, -1);
}

/* read() that waits and goes on after signals. */
static ssize_t
read_some(int fd, uint8_t *block)
{
	ssize_t n = read(fd, block, BLOCK);

	while (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		if (errno == EAGAIN) {
			wait_for(fd, POLLIN);
		}
		n = read(fd, block, BLOCK);
	}
	return n;
}

/* Write all of the len bytes at data to fd; 0, or -1 and errno. */
static int
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			wait_for(fd, POLLOUT);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static void
fail(struct half *half, enum pump_result result)
{
	half->result = result;
	half->error = errno;
}

/* Wait until fd is ready for events; false when the thread is to end. */
static bool
wait_or_stop(const struct half *half, int fd, short events)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = events },
		{ .fd = half->stop, .events = POLLIN },
	};

	(void)poll(fds, 2, -1);
	return fds[1].revents == 0;
}

/* Send all of the len bytes at data; 0, or -1 after noting why not. */
static int
send_block(struct half *half, const uint8_t *data, size_t len)
{
	int fd = half->pump->socket;

	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			fail(half, PUMP_BROKEN);
			return -1;
		} else if (!wait_or_stop(half, fd, POLLOUT)) {
			return -1;
		}
	}
	return 0;
}

/* From in to the socket, until it ends or the thread is to. */
static void
send_all(struct half *half)
{
	const struct pump *pump = half->pump;
	uint8_t block[BLOCK];

	while (wait_or_stop(half, pump->in, POLLIN)) {
		ssize_t n = read(pump->in, block, sizeof(block));

		if (n == 0) {
			(void)shutdown(pump->socket, SHUT_WR);
			return;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			fail(half, PUMP_INPUT);
			return;
		}
		if (n > 0 && send_block(half, block, (size_t)n) != 0) {
			return;
		}
	}
}

static void *
run_sender(void *arg)
{
	struct half *half = arg;

	send_all(half);
	(void)eventfd_write(half->over, 1);
	return NULL;
}

/* Let whoever reads out see its end, and nothing else get its number. */
static void
end_output(int out)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, out);
		(void)close(null);
	}
}

/*
 * Wait for events of the socket, or until the sender ends.  Returns false when
 * there is no more input to be had: the stream is then cut.  A socket that
 * broke may still hold what came before.
 */
static bool
wait_socket(struct half *up, short events, short *happened)
{
	struct pollfd fds[2] = {
		{ .fd = up->pump->socket, .events = events },
		{ .fd = up->is_over ? -1 : up->over, .events = POLLIN },
	};

	(void)poll(fds, 2, -1);
	*happened = fds[0].revents;
	if (fds[1].revents != 0) {
		up->is_over = true;
		return up->result != PUMP_INPUT;
	}
	return true;
}

/* From the socket to out. */
static void
receive_all(struct half *half, struct half *up)
{
	const struct pump *pump = half->pump;
	uint8_t block[BLOCK];
	short happened = 0;
	ssize_t n = 1;

	if (write_all(pump->out, pump->head, pump->head_len) != 0) {
		fail(half, PUMP_OUTPUT);
		return;
	}
	while (n > 0) {
		if (!wait_socket(up, POLLIN, &happened)) {
			return;
		}
		if (happened == 0) {
			continue;
		}
		n = read_some(pump->socket, block);
		if (n > 0 && write_all(pump->out, block, (size_t)n) != 0) {
			fail(half, PUMP_OUTPUT);
			return;
		}
	}
	if (n < 0) {
		fail(half, PUMP_BROKEN);
		return;
	}
	end_output(pump->out);
	/* Until our half has ended as well, or the socket breaks. */
	happened = 0;
	while (!up->is_over && happened == 0) {
		if (!wait_socket(up, 0, &happened)) {
			return;
		}
	}
}

/* Return the error that the socket has, if nobody was told of it yet. */
static int
socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

/* Run both directions, with the two events in up; 0, or an errno. */
static int
run(struct half *down, struct half *up)
{
	pthread_t sender;
	int error = pthread_create(&sender, NULL, run_sender, up);

	if (error == 0) {
		receive_all(down, up);
		/* It may be waiting for input that nobody wants any more. */
		(void)eventfd_write(up->stop, 1);
		(void)pthread_join(sender, NULL);
	}
	return error;
}

enum pump_result
pump_run(const struct pump *pump)
{
	const int over = eventfd(0, EFD_CLOEXEC);
	const int stop = eventfd(0, EFD_CLOEXEC);
	struct half up = { .pump = pump, .over = over, .stop = stop };
	struct half down = { .pump = pump };
	int error = over >= 0 && stop >= 0 ? run(&down, &up) : errno;

	if (over >= 0) {
		(void)close(over);
	}
	if (stop >= 0) {
		(void)close(stop);
	}
	if (error == 0) {
		error = socket_error(pump->socket);
	}
	if (up.result != PUMP_OK) {
		errno = up.error;
		return up.result;
	}
	if (down.result != PUMP_OK) {
		errno = down.error;
		return down.result;
	}
	errno = error;
	return error == 0 ? PUMP_OK : PUMP_BROKEN;
}
