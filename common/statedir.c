/* SPDX-License-Identifier: ISC */
#include "common/statedir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/mem.h"

/* Longest name of a file inside, and its slash. */
#define NAME_LEN 16

struct statedir {
	int lock; /* a descriptor, -1 if not locked */
	char path[STATEDIR_PATH_LEN];
};

/* Say what errno says about doing verb with path, and which result that is. */
static enum file_result
refuse(const char *verb, const char *path, struct fault *fault)
{
	int why = errno;

	(void)fault_set(fault, "cannot %s the state directory %s: %s", verb,
	    path, strerror(why));
	if (why == ENOENT) {
		return FILE_NONE;
	}
	return why == EACCES || why == EPERM || why == EROFS ? FILE_DENIED
							     : FILE_FAILED;
}

/* Put base, base_len letters of it, and rest into out; 0 or -1 and fault. */
static int
set_path(char out[STATEDIR_PATH_LEN], struct fault *fault, const char *base,
    size_t base_len, const char *rest)
{
	int len = snprintf(
	    out, STATEDIR_PATH_LEN, "%.*s%s", (int)base_len, base, rest);
	int max = STATEDIR_PATH_LEN - 1 - NAME_LEN;

	/* Without slashes at its end, which would double in paths of files. */
	while (len > 1 && len < STATEDIR_PATH_LEN && out[len - 1] == '/') {
		len--;
		out[len] = '\0';
	}
	if (len > max) {
		return fault_set(fault,
		    "the state directory %.*s%s has a path of more than %d "
		    "letters, too long for its socket: give a shorter --state",
		    (int)base_len, base, rest, max);
	}
	return 0;
}

int
statedir_choose(const char *program, const char *chosen,
    char out[STATEDIR_PATH_LEN], struct fault *fault)
{
	const char *system = getenv("STATE_DIRECTORY");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char rest[64];

	if (chosen != NULL && chosen[0] == '\0') {
		return fault_set(fault, "--state needs a directory");
	}
	if (chosen != NULL) {
		return set_path(out, fault, chosen, strlen(chosen), "");
	}
	/* systemd lists all StateDirectory= of a unit, with colons. */
	if (system != NULL && system[0] == '/') {
		return set_path(out, fault, system, strcspn(system, ":"), "");
	}
	/* The base directory specification says to ignore relative paths. */
	if (state != NULL && state[0] == '/') {
		(void)snprintf(rest, sizeof(rest), "/inroad/%s", program);
		return set_path(out, fault, state, strlen(state), rest);
	}
	if (home != NULL && home[0] == '/') {
		(void)snprintf(
		    rest, sizeof(rest), "/.local/state/inroad/%s", program);
		return set_path(out, fault, home, strlen(home), rest);
	}
	return fault_set(fault,
	    "no place for the state directory, as HOME is not set: "
	    "give --state DIR");
}

/* Make the directory at path and all above it; 0 or -1 with errno. */
static int
make_directories(const char *path)
{
	char above[STATEDIR_PATH_LEN];
	char *slash;

	(void)snprintf(above, sizeof(above), "%s", path);
	for (slash = strchr(above + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		/* One that cannot be made but is there shows below. */
		if (mkdir(above, 0700) != 0 && errno != EEXIST &&
		    access(above, F_OK) != 0) {
			return -1;
		}
		*slash = '/';
	}
	return mkdir(path, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

/* Judge whether nobody else could change what lies in the directory. */
static enum file_result
check_directory(const char *path, struct fault *fault)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		return refuse("use", path, fault);
	}
	if (!S_ISDIR(st.st_mode)) {
		(void)fault_set(fault, "%s is not a directory", path);
		return FILE_FAILED;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		(void)fault_set(fault,
		    "%s belongs to user %lu, and we are user %lu: give another "
		    "--state, or chown -R %lu %s",
		    path, (unsigned long)st.st_uid, (unsigned long)geteuid(),
		    (unsigned long)geteuid(), path);
		return FILE_DENIED;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)fault_set(fault,
		    "others can write to %s (mode %04o): chmod 700 %s", path,
		    (unsigned)st.st_mode & 07777, path);
		return FILE_DENIED;
	}
	return FILE_OK;
}

/* Return a statedir at path, which is there and ours. */
static enum file_result
make_statedir(struct statedir **out, const char *path, struct fault *fault)
{
	enum file_result result = check_directory(path, fault);
	struct statedir *dir;

	if (result != FILE_OK) {
		return result;
	}
	dir = mem_new(1, sizeof(*dir));
	if (dir == NULL) {
		errno = ENOMEM;
		return refuse("use", path, fault);
	}
	dir->lock = -1;
	(void)snprintf(dir->path, sizeof(dir->path), "%s", path);
	*out = dir;
	return FILE_OK;
}

enum file_result
statedir_open_existing(
    struct statedir **out, const char *path, struct fault *fault)
{
	char plain[STATEDIR_PATH_LEN];

	*out = NULL;
	if (set_path(plain, fault, path, strlen(path), "") != 0) {
		return FILE_FAILED;
	}
	return make_statedir(out, plain, fault);
}

enum file_result
statedir_open(struct statedir **out, const char *path, struct fault *fault)
{
	char plain[STATEDIR_PATH_LEN];

	*out = NULL;
	if (set_path(plain, fault, path, strlen(path), "") != 0) {
		return FILE_FAILED;
	}
	if (make_directories(plain) != 0) {
		return refuse("make", plain, fault);
	}
	return make_statedir(out, plain, fault);
}

void
statedir_free(struct statedir *dir)
{
	if (dir == NULL) {
		return;
	}
	if (dir->lock >= 0) {
		(void)close(dir->lock);
	}
	mem_free(dir);
}

/* Say that whoever wrote its number into fd has the lock. */
static enum statedir_lock_result
say_busy(const struct statedir *dir, int fd, struct fault *fault)
{
	char number[16] = "";
	ssize_t n = pread(fd, number, sizeof(number) - 1, 0);

	number[n > 0 ? n : 0] = '\0';
	number[strspn(number, "0123456789")] = '\0';
	(void)fault_set(fault,
	    "%s is in use by process %s: stop that one, or give another "
	    "--state",
	    dir->path, number[0] != '\0' ? number : "of somebody else");
	return STATEDIR_BUSY;
}

enum statedir_lock_result
statedir_lock(struct statedir *dir, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];
	enum statedir_lock_result result = STATEDIR_LOCK_FAILED;
	int fd = open(statedir_file(dir, "lock", path),
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		(void)fault_set(
		    fault, "cannot open %s: %s", path, strerror(errno));
		return result;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK) {
			result = say_busy(dir, fd, fault);
		} else {
			(void)fault_set(
			    fault, "cannot lock %s: %s", path, strerror(errno));
		}
		(void)close(fd);
		return result;
	}
	/* Who we are is for the message of the next; nothing depends on it. */
	if (ftruncate(fd, 0) == 0) {
		(void)dprintf(fd, "%ld\n", (long)getpid());
	}
	dir->lock = fd;
	return STATEDIR_LOCKED;
}

const char *
statedir_path(const struct statedir *dir)
{
	return dir->path;
}

char *
statedir_file(
    const struct statedir *dir, const char *name, char out[STATEDIR_PATH_LEN])
{
	assert(strlen(name) < NAME_LEN);
	(void)snprintf(out, STATEDIR_PATH_LEN, "%.*s/%s",
	    STATEDIR_PATH_LEN - 1 - NAME_LEN, dir->path, name);
	return out;
}

enum file_result
statedir_read(const struct statedir *dir, const char *name, enum file_kind kind,
    size_t max, struct file_content *out, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];

	return file_read(statedir_file(dir, name, path), kind, max, out, fault);
}

enum file_result
statedir_write(const struct statedir *dir, const char *name, const void *data,
    size_t len, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];

	return file_write(statedir_file(dir, name, path), data, len, fault);
}

enum file_result
statedir_remove(
    const struct statedir *dir, const char *name, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];

	return file_remove(statedir_file(dir, name, path), fault);
}
