/* SPDX-License-Identifier: ISC */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/mem.h"

/* Say what errno says about doing verb with path, and which result that is. */
static enum file_result
refuse(const char *verb, const char *path, struct fault *fault)
{
	int why = errno;

	(void)fault_set(fault, "cannot %s %s: %s", verb, path, strerror(why));
	if (why == ENOENT) {
		return FILE_NONE;
	}
	return why == EACCES || why == EPERM || why == EROFS ? FILE_DENIED
							     : FILE_FAILED;
}

/* Judge whether the open file of st is fit to hold a secret of ours. */
static enum file_result
check_secret(const char *path, const struct stat *st, struct fault *fault)
{
	if (!S_ISREG(st->st_mode)) {
		(void)fault_set(fault, "%s is not a regular file", path);
		return FILE_DENIED;
	}
	if (st->st_uid != geteuid()) {
		(void)fault_set(fault,
		    "%s holds a secret but belongs to user %lu; we are user "
		    "%lu: chown %lu %s",
		    path, (unsigned long)st->st_uid, (unsigned long)geteuid(),
		    (unsigned long)geteuid(), path);
		return FILE_DENIED;
	}
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		(void)fault_set(fault,
		    "%s holds a secret but its mode %04o lets others in: "
		    "chmod 600 %s",
		    path, (unsigned)st->st_mode & 07777, path);
		return FILE_DENIED;
	}
	return FILE_OK;
}

/* Read fd to its end or until size bytes are there; the number or -1. */
static ssize_t
read_all(int fd, uint8_t *data, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, data + used, size - used);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -1;
		}
		if (n == 0) {
			break;
		}
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* Read at most max bytes from fd into *out. */
static enum file_result
read_content(int fd, const char *path, size_t max, struct file_content *out,
    struct fault *fault)
{
	/* One byte more than allowed tells that there is more. */
	uint8_t *data = mem_new(max + 2, 1);
	ssize_t n;

	if (data == NULL) {
		errno = ENOMEM;
		return refuse("read", path, fault);
	}
	n = read_all(fd, data, max + 1);
	if (n < 0 || (size_t)n > max) {
		enum file_result result = FILE_FAILED;

		if (n < 0) {
			result = refuse("read", path, fault);
		} else {
			(void)fault_set(
			    fault, "%s is larger than %zu bytes", path, max);
		}
		mem_free_wiped(data, max + 1);
		return result;
	}
	data[n] = '\0';
	out->data = data;
	out->len = (size_t)n;
	return FILE_OK;
}

enum file_result
file_read(const char *path, enum file_kind kind, size_t max,
    struct file_content *out, struct fault *fault)
{
	/* A pipe in the place of a secret must not make us wait. */
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	enum file_result result;
	struct stat st;
	int fd;

	out->data = NULL;
	out->len = 0;
	if (kind == FILE_SECRET) {
		flags |= O_NONBLOCK;
	}
	fd = open(path, flags);
	if (fd < 0 || fstat(fd, &st) != 0) {
		result = refuse("read", path, fault);
	} else {
		result = kind == FILE_SECRET ? check_secret(path, &st, fault)
					     : FILE_OK;
	}
	if (result == FILE_OK) {
		/* What is known to be small needs no more memory than that. */
		if (S_ISREG(st.st_mode) && st.st_size > 0 &&
		    (uintmax_t)st.st_size < max) {
			max = (size_t)st.st_size;
		}
		result = read_content(fd, path, max, out, fault);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return result;
}

void
file_content_free(struct file_content *content)
{
	mem_free_wiped(content->data, content->len);
	content->data = NULL;
	content->len = 0;
}

/* Write all len bytes to fd; 0 or -1. */
static int
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -1;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Make what happened to the name path last; 0 or -1. */
static int
sync_directory(const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;
	int result;

	(void)snprintf(parent, sizeof(parent), "%.*s",
	    slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -1;
	}
	result = fsync(fd);
	/* Some file systems cannot, and have nothing to be done. */
	if (result != 0 && (errno == EINVAL || errno == ENOTSUP)) {
		result = 0;
	}
	(void)close(fd);
	return result;
}

/* Write len bytes to fd and close it; 0 when they are on disk, or -1. */
static int
fill(int fd, const void *data, size_t len)
{
	int result = write_all(fd, data, len);
	int saved;

	if (result == 0) {
		result = fsync(fd);
	}
	saved = errno;
	if (close(fd) != 0 && result == 0) {
		return -1;
	}
	errno = saved;
	return result;
}

enum file_result
file_write(const char *path, const void *data, size_t len, struct fault *fault)
{
	char temporary[PATH_MAX];
	enum file_result result;
	int fd;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
	    sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return refuse("write", path, fault);
	}
	/* A name of its own: two programs may write the same file at a time. */
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		return refuse("write", path, fault);
	}
	if (fill(fd, data, len) == 0 && rename(temporary, path) == 0) {
		return sync_directory(path) == 0 ? FILE_OK
						 : refuse("write", path, fault);
	}
	result = refuse("write", path, fault);
	(void)unlink(temporary);
	return result;
}

enum file_result
file_remove(const char *path, struct fault *fault)
{
	if (unlink(path) != 0 || sync_directory(path) != 0) {
		return refuse("remove", path, fault);
	}
	return FILE_OK;
}
