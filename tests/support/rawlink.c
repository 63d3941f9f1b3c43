/* SPDX-License-Identifier: ISC */
#include "tests/support/rawlink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/loop.h"
#include "tests/support/await.h"

/* Return seconds on a clock that only goes forward. */
static double
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
rawlink_init(struct rawlink *raw, struct loop *loop, int fd)
{
	memset(raw, 0, sizeof(*raw));
	raw->loop = loop;
	raw->fd = fd;
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void
rawlink_close(struct rawlink *raw)
{
	if (raw->fd >= 0) {
		(void)close(raw->fd);
	}
	raw->fd = -1;
	seal_wipe(&raw->tx);
	seal_wipe(&raw->rx);
}

bool
rawlink_write(struct rawlink *raw, const uint8_t *data, size_t len)
{
	double end = clock_now() + AWAIT_DEADLINE;

	while (len > 0 && clock_now() < end) {
		ssize_t n = send(raw->fd, data, len, MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN) {
			return false;
		}
		loop_poll(raw->loop);
	}
	return len == 0;
}

bool
rawlink_read(struct rawlink *raw, uint8_t *data, size_t len)
{
	double end = clock_now() + AWAIT_DEADLINE;

	while (len > 0 && clock_now() < end) {
		ssize_t n = recv(raw->fd, data, len, 0);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EAGAIN) {
			raw->ended = true;
			return false;
		}
		loop_poll(raw->loop);
	}
	return len == 0;
}

bool
rawlink_await_end(struct rawlink *raw)
{
	uint8_t byte;

	while (rawlink_read(raw, &byte, 1)) {
	}
	return raw->ended;
}

bool
rawlink_greet(struct rawlink *raw, struct linkhello *hello)
{
	uint8_t message[LINKHELLO_WRITE_MAX];
	size_t len;

	for (;;) {
		switch (linkhello_want(hello)) {
		case LINKHELLO_WRITE:
			if (linkhello_write(
				hello, message, sizeof(message), &len) != 0 ||
			    !rawlink_write(raw, message, len)) {
				return false;
			}
			break;
		case LINKHELLO_READ:
			len = linkhello_expect(hello);
			if (!rawlink_read(raw, message, len) ||
			    linkhello_read(hello, message, len) != 0) {
				return false;
			}
			break;
		case LINKHELLO_DONE:
			return linkhello_keys(hello, &raw->tx, &raw->rx) == 0;
		case LINKHELLO_FAILED:
			return false;
		}
	}
}

/* Seal a frame to wire; returns its length. */
static size_t
seal_frame(struct rawlink *raw, const struct frame_head *head,
    const uint8_t *payload, uint8_t *wire)
{
	uint8_t *body = wire + LIMITS_FRAME_HEAD_LEN;
	size_t len = head->body_len;

	frame_head_lock(&raw->tx, head, wire);
	if (head->type == FRAME_CARRY || len == 0) {
		memcpy(body, payload, len);
	} else {
		memcpy(body + SEAL_OVERHEAD, payload, len - SEAL_OVERHEAD);
		seal_lock(&raw->tx, body, len - SEAL_OVERHEAD);
	}
	return (size_t)LIMITS_FRAME_HEAD_LEN + len;
}

size_t
rawlink_seal(struct rawlink *raw, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, uint8_t *wire)
{
	struct frame_head head = {
		.type = type,
		.body_len =
		    (uint16_t)(type == FRAME_CARRY ? len : frame_body_len(len)),
		.channel = channel,
	};

	return seal_frame(raw, &head, payload, wire);
}

bool
rawlink_send(struct rawlink *raw, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	uint8_t wire[RAWLINK_FRAME_MAX];

	return rawlink_write(
	    raw, wire, rawlink_seal(raw, type, channel, payload, len, wire));
}

bool
rawlink_ping(struct rawlink *raw, const uint8_t payload[8])
{
	uint8_t wire[LIMITS_FRAME_HEAD_LEN + SEAL_OVERHEAD + 8];
	struct frame_head head = {
		.type = FRAME_PING,
		.body_len = SEAL_OVERHEAD + 8,
	};
	size_t len = seal_frame(raw, &head, payload, wire);

	return send(raw->fd, wire, len, MSG_NOSIGNAL) == (ssize_t)len;
}

bool
rawlink_recv(struct rawlink *raw, enum frame_sender sender,
    struct frame_head *head, uint8_t *payload, size_t *len)
{
	uint8_t body[LIMITS_FRAME_BODY_MAX];
	uint8_t wire[LIMITS_FRAME_HEAD_LEN];

	if (!rawlink_read(raw, wire, sizeof(wire)) ||
	    frame_head_open(&raw->rx, sender, wire, head) != WIRE_OK ||
	    !rawlink_read(raw, body, head->body_len)) {
		return false;
	}
	*len = head->body_len;
	if (head->type == FRAME_CARRY || head->body_len == 0) {
		memcpy(payload, body, *len);
		return true;
	}
	*len -= SEAL_OVERHEAD;
	if (seal_open(&raw->rx, body, *len) != 0) {
		return false;
	}
	memcpy(payload, body + SEAL_OVERHEAD, *len);
	return true;
}
