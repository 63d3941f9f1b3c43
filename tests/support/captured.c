/* SPDX-License-Identifier: ISC */
#include "tests/support/captured.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* End the test when something that always works did not. */
static void
must(int good)
{
	if (!good) {
		abort();
	}
}

/* Return an open file without a name. */
static int
open_file(void)
{
	FILE *file = tmpfile();
	int fd;

	must(file != NULL);
	fd = dup(fileno(file));
	must(fd >= 0);
	(void)fclose(file);
	return fd;
}

/* Return a terminal that changes nothing, whose far end is *far. */
static int
open_terminal(int *far)
{
	struct termios settings;
	int fd;

	*far = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	must(*far >= 0 && grantpt(*far) == 0 && unlockpt(*far) == 0);
	fd = open(ptsname(*far), O_RDWR | O_NOCTTY);
	must(fd >= 0 && tcgetattr(fd, &settings) == 0);
	cfmakeraw(&settings);
	must(tcsetattr(fd, TCSANOW, &settings) == 0);
	return fd;
}

void
captured_begin(struct captured *captured, enum captured_output kind)
{
	int out = -1;

	(void)fflush(stdout);
	(void)fflush(stderr);
	captured->kind = kind;
	captured->kept[0] = dup(STDOUT_FILENO);
	captured->kept[1] = dup(STDERR_FILENO);
	must(captured->kept[0] >= 0 && captured->kept[1] >= 0);
	switch (kind) {
	case CAPTURED_FILE:
		captured->fds[0] = open_file();
		out = dup(captured->fds[0]);
		break;
	case CAPTURED_TERMINAL:
		out = open_terminal(&captured->fds[0]);
		break;
	case CAPTURED_FULL:
		captured->fds[0] = -1;
		out = open("/dev/full", O_WRONLY | O_CLOEXEC);
		break;
	}
	captured->fds[1] = open_file();
	must(out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
	must(dup2(captured->fds[1], STDERR_FILENO) >= 0);
	(void)close(out);
}

/* Read what was printed to fd from where it stands, and close it. */
static void
collect(int fd, char out[CAPTURED_MAX])
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < CAPTURED_MAX - 1) {
		n = read(fd, out + len, CAPTURED_MAX - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	out[len] = '\0';
	(void)close(fd);
}

void
captured_end(struct captured *captured)
{
	(void)fflush(stdout);
	(void)fflush(stderr);
	/* What could not be written is not for whoever comes next. */
	__fpurge(stdout);
	clearerr(stdout);
	captured->out[0] = '\0';
	if (captured->kind == CAPTURED_FILE) {
		must(lseek(captured->fds[0], 0, SEEK_SET) == 0);
	}
	if (captured->kind != CAPTURED_FULL) {
		/* Before the last end of a terminal is closed. */
		collect(captured->fds[0], captured->out);
	}
	must(lseek(captured->fds[1], 0, SEEK_SET) == 0);
	collect(captured->fds[1], captured->err);
	must(dup2(captured->kept[0], STDOUT_FILENO) >= 0);
	must(dup2(captured->kept[1], STDERR_FILENO) >= 0);
	(void)close(captured->kept[0]);
	(void)close(captured->kept[1]);
}
