/* SPDX-License-Identifier: ISC */
#include "tests/support/replier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* End the test when something that always works did not. */
static void
must(int good)
{
	if (!good) {
		abort();
	}
}

/* --- in the process of the daemon ------------------------------------ */

/* Note a request of fd; 0, or -1 when the client went away before its end. */
static int
note_request(int fd, int log)
{
	char byte = '\0';

	while (byte != '\n') {
		if (recv(fd, &byte, 1, 0) != 1) {
			return -1;
		}
		must(write(log, &byte, 1) == 1);
	}
	return 0;
}

static void
reply(int fd, const struct replier_config *config)
{
	const char *rest = config->answer;
	size_t left = strlen(rest);

	while (left > 0) {
		size_t n = config->chunk == 0 || config->chunk > left
			       ? left
			       : config->chunk;
		ssize_t sent = send(fd, rest, n, MSG_NOSIGNAL);

		if (sent < 0) {
			return;
		}
		rest += sent;
		left -= (size_t)sent;
	}
}

/* Serve one client after the other, until the parent ends us. */
static void
serve(int listener, int log, const struct replier_config *config)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char byte;

		if (fd < 0) {
			_exit(EXIT_FAILURE);
		}
		if (note_request(fd, log) == 0) {
			reply(fd, config);
		}
		while (config->holds && recv(fd, &byte, 1, 0) > 0) {
		}
		(void)close(fd);
	}
}

/* --- in the process of the test -------------------------------------- */

void
replier_start(struct replier *replier, const char *directory,
    const struct replier_config *config)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int log;

	(void)tempdir_file(directory, "control", replier->path);
	(void)tempdir_file(directory, "asked", replier->log);
	(void)snprintf(
	    where.sun_path, sizeof(where.sun_path), "%s", replier->path);
	must(listener >= 0);
	must(bind(listener, (const struct sockaddr *)&where, sizeof(where)) ==
	     0);
	must(listen(listener, 8) == 0);
	log =
	    open(replier->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	must(log >= 0);
	replier->pid = fork();
	must(replier->pid >= 0);
	if (replier->pid == 0) {
		/* A test that failed does not come to its end. */
		must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		serve(listener, log, config);
	}
	(void)close(log);
	(void)close(listener);
}

char *
replier_asked(const struct replier *replier, char out[REPLIER_ASKED_MAX])
{
	out[0] = '\0';
	(void)tempdir_read(replier->log, out, REPLIER_ASKED_MAX);
	for (char *c = out; *c != '\0'; c++) {
		if (*c == '\t') {
			*c = ' ';
		}
	}
	return out;
}

void
replier_stop(struct replier *replier)
{
	if (replier->pid == 0) {
		return;
	}
	(void)kill(replier->pid, SIGKILL);
	while (waitpid(replier->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	replier->pid = 0;
	(void)unlink(replier->path);
	(void)unlink(replier->log);
}
