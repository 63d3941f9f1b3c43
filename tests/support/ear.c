/* SPDX-License-Identifier: ISC */
#include "tests/support/ear.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/await.h"

void
ear_ask(struct ear *ear, const char *path, const char *line)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(ear, 0, sizeof(*ear));
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	ear->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(ear->fd, 0);
	ck_assert_int_eq(
	    connect(ear->fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(
	    write(ear->fd, line, strlen(line)), (ssize_t)strlen(line));
}

static size_t
count_lines(const struct ear *ear)
{
	size_t count = 0;

	for (size_t i = 0; i < ear->len; i++) {
		count += ear->heard[i] == '\n' ? 1 : 0;
	}
	return count;
}

static bool
has_lines(void *arg)
{
	struct ear *ear = arg;
	ssize_t n = read(
	    ear->fd, ear->heard + ear->len, sizeof(ear->heard) - 1 - ear->len);

	if (n > 0) {
		ear->len += (size_t)n;
	}
	return count_lines(ear) >= ear->wanted;
}

void
ear_hear(struct ear *ear, struct loop *loop, size_t count)
{
	ear->wanted = count;
	ck_assert(await(loop, has_lines, ear));
	ck_assert_uint_eq(count_lines(ear), count);
}

void
ear_close(struct ear *ear)
{
	(void)close(ear->fd);
}
