/* SPDX-License-Identifier: ISC */
#include "common/control_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/fault.h"
#include "common/mem.h"

/* Most of an answer that is read ahead; a line is no longer. */
#define ANSWER_MAX ((size_t)16 << 20)
#define PIECE 65536

/* How the last line of an answer begins. */
static const char last_prefix[] = "{\"exit\":";

static enum control_client_result
fail(struct fault *fault, const char *path)
{
	int error = errno;

	if (error == ENOENT || error == ECONNREFUSED) {
		(void)fault_set(fault, "no daemon is running here (%s)", path);
		return CONTROL_CLIENT_ABSENT;
	}
	if (error == EACCES || error == EPERM) {
		(void)fault_set(
		    fault, "the daemon at %s belongs to another user", path);
		return CONTROL_CLIENT_DENIED;
	}
	if (error == EAGAIN) {
		(void)fault_set(
		    fault, "the daemon at %s does not answer", path);
		return CONTROL_CLIENT_TIMEOUT;
	}
	(void)fault_set(fault, "cannot ask the daemon at %s: %s", path,
	    error != 0 ? strerror(error) : "it closed the connection");
	return CONTROL_CLIENT_BROKEN;
}

/* Return a connected socket, or -1 and errno. */
static int
reach(const char *path, double timeout)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	struct timeval limit;
	int fd;

	if (strlen(path) >= sizeof(where.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(where.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	limit.tv_sec = (time_t)timeout;
	limit.tv_usec = (suseconds_t)((timeout - (double)limit.tv_sec) * 1e6);
	/* The limit for sending is that for connecting as well. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) !=
		0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) !=
		0 ||
	    connect(fd, (const struct sockaddr *)(const void *)&where,
		sizeof(where)) != 0) {
		int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* Return whether word can be sent: it would be two words or two requests. */
static bool
is_sendable(const char *word)
{
	for (const char *c = word; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			return false;
		}
	}
	return true;
}

static int
send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			return -1;
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
send_request(int fd, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (send_all(fd, words[i], strlen(words[i])) != 0 ||
		    send_all(fd, i + 1 < count ? "\t" : "\n", 1) != 0) {
			return -1;
		}
	}
	return 0;
}

/*
 * Hand over the whole lines in answer.  Returns 1 when the last was among them,
 * 0 when it was not, -1 and errno when memory is short.
 */
static int
hand_over(struct buf *answer, control_client_line *on_line, void *arg)
{
	for (;;) {
		size_t len;
		const uint8_t *data = buf_peek(answer, &len);
		const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
		char *line;
		bool last;

		if (end == NULL) {
			return 0;
		}
		len = (size_t)(end - data);
		line = mem_strndup((const char *)data, len);
		buf_consume(answer, len + 1);
		if (line == NULL) {
			errno = ENOMEM;
			return -1;
		}
		last = strncmp(line, last_prefix, sizeof(last_prefix) - 1) == 0;
		on_line(line, last, arg);
		mem_free(line);
		if (last) {
			return 1;
		}
	}
}

/* Read until the last line; 0, or -1 and errno (0: the end came first). */
static int
receive(int fd, struct buf *answer, control_client_line *on_line, void *arg)
{
	int over = hand_over(answer, on_line, arg);

	while (over == 0) {
		size_t room;
		uint8_t *space = buf_reserve(answer, PIECE, &room);
		ssize_t n;

		if (space == NULL) {
			errno = ENOMEM;
			return -1;
		}
		n = recv(fd, space, room, 0);
		if (n == 0) {
			errno = 0;
			return -1;
		}
		if (n < 0 && errno != EINTR) {
			return -1;
		}
		buf_commit(answer, n > 0 ? (size_t)n : 0);
		over = hand_over(answer, on_line, arg);
	}
	return over > 0 ? 0 : -1;
}

enum control_client_result
control_client_ask(const struct control_client_question *question,
    control_client_line *on_line, void *arg, struct fault *fault)
{
	enum control_client_result result = CONTROL_CLIENT_ANSWERED;
	struct buf *answer;
	int fd;

	for (size_t i = 0; i < question->count; i++) {
		if (!is_sendable(question->words[i])) {
			(void)fault_set(fault,
			    "a tab, line break or other control character "
			    "cannot be sent");
			return CONTROL_CLIENT_UNSENDABLE;
		}
	}
	answer = buf_new(ANSWER_MAX);
	fd = answer != NULL ? reach(question->path, question->timeout) : -1;
	if (fd < 0 || send_request(fd, question->words, question->count) != 0 ||
	    receive(fd, answer, on_line, arg) != 0) {
		result = fail(fault, question->path);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	buf_free(answer);
	return result;
}
