/* SPDX-License-Identifier: ISC */
#include "gateway/cli/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Start argv with standard output at out; 0 and *pid, or -1. */
static int
start(const char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);
	char *const *words;

	if (error != 0) {
		return -1;
	}
	/* posix_spawnp() does not write to the words either. */
	memcpy(&words, &argv, sizeof(words));
	error = posix_spawn_file_actions_addopen(
	    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0) {
		error = posix_spawn_file_actions_adddup2(
		    &actions, out, STDOUT_FILENO);
	}
	if (error == 0) {
		error = posix_spawn_file_actions_addopen(
		    &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	}
	if (error == 0) {
		error =
		    posix_spawnp(pid, argv[0], &actions, NULL, words, environ);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return error == 0 ? 0 : -1;
}

/* Read all of fd into the size bytes at out; 0, or -1 when it does not fit. */
static int
gather(int fd, char *out, size_t size)
{
	char more[512];
	size_t len = 0;
	bool fits = true;
	ssize_t n;

	do {
		n = read(fd, more, sizeof(more));
		if (n > 0 && len + (size_t)n < size) {
			memcpy(out + len, more, (size_t)n);
			len += (size_t)n;
		} else if (n > 0) {
			/* Read on, or the program would never end. */
			fits = false;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (len > 0 && out[len - 1] == '\n') {
		len--;
	}
	out[len] = '\0';
	return fits && n == 0 ? 0 : -1;
}

int
tool_run(const char *const *argv, char *out, size_t size)
{
	int pipes[2];
	int status = 0;
	int got = -1;
	pid_t pid;

	out[0] = '\0';
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		return -1;
	}
	if (start(argv, pipes[1], &pid) == 0) {
		(void)close(pipes[1]);
		pipes[1] = -1;
		got = gather(pipes[0], out, size);
		while (waitpid(pid, &status, 0) < 0) {
			if (errno != EINTR) {
				got = -1;
				break;
			}
		}
	}
	(void)close(pipes[0]);
	if (pipes[1] >= 0) {
		(void)close(pipes[1]);
	}
	if (got != 0 || !WIFEXITED(status)) {
		out[0] = '\0';
		return -1;
	}
	return WEXITSTATUS(status);
}

int
tool_start(const char *const *argv)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int status = -1;
	pid_t pid;

	if (null >= 0) {
		status = start(argv, null, &pid);
		(void)close(null);
	}
	return status;
}

bool
tool_exists(const char *name)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");

		(void)snprintf(
		    file, sizeof(file), "%.*s/%s", (int)len, path, name);
		if (len > 0 && access(file, X_OK) == 0) {
			return true;
		}
		path += len + (path[len] == ':');
	}
	return false;
}
