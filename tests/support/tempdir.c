/* SPDX-License-Identifier: ISC */
#include "tests/support/tempdir.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors that nftw() may have open. */
#define DEPTH 8

void
tempdir_new(char out[TEMPDIR_LEN])
{
	(void)snprintf(out, TEMPDIR_LEN, "/tmp/inroad-test-XXXXXX");
	if (mkdtemp(out) == NULL) {
		perror(out);
		abort();
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
tempdir_remove(const char *path)
{
	(void)nftw(path, remove_one, DEPTH, FTW_DEPTH | FTW_PHYS);
}

char *
tempdir_file(const char *directory, const char *name, char out[TEMPDIR_LEN])
{
	if (snprintf(out, TEMPDIR_LEN, "%s/%s", directory, name) >=
	    TEMPDIR_LEN) {
		abort();
	}
	return out;
}

int
tempdir_read(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		return -1;
	}
	n = read(fd, out, size - 1);
	(void)close(fd);
	out[n < 0 ? 0 : n] = '\0';
	return 0;
}

void
tempdir_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0) {
		perror(path);
		abort();
	}
}
