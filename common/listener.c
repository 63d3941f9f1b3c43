/* SPDX-License-Identifier: ISC */
#include "common/listener.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"

/*
 * Connections accepted in one turn.  Accepting costs some ten microseconds
 * each, so this many hold up the others for less than a millisecond.
 */
#define LISTENER_BATCH 16

/*
 * Seconds of rest when descriptors have run out: long enough to cost nothing,
 * short enough that a client takes it for a slow network.
 */
#define LISTENER_REST 0.1

/* The kernel cuts it at net.core.somaxconn, 4096 on a current Linux. */
#define LISTENER_BACKLOG 65535

/* Permission bits of a unix socket when none are given. */
#define LISTENER_MODE 0600

struct listener {
	struct loop *loop;
	listener_callback *callback;
	void *arg;
	struct ev_io acceptor;
	struct ev_timer rest;
	unsigned open;
	unsigned max_open;
	int fd;       /* -1 once freed */
	bool resting; /* since the last accepted connection */
	bool made;    /* the unix socket is ours to remove */
	dev_t dev;    /* the file it was */
	ino_t ino;
};

static void
set_on(int fd, int level, int option)
{
	int on = 1;

	/* Refused only for options the kernel does not know. */
	(void)setsockopt(fd, level, option, &on, sizeof(on));
}

/* The path of a unix address, NULL when it has none in the file system. */
static const char *
unix_path(const struct addr *addr)
{
	const struct sockaddr_un *un = (const void *)&addr->ss;

	if (addr_family(addr) != AF_UNIX || un->sun_path[0] == '\0') {
		return NULL;
	}
	return un->sun_path;
}

/* Return whether somebody listens on the unix socket addr. */
static bool
is_alive(const struct addr *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result;
	int err;

	if (fd < 0) {
		return true;
	}
	result = connect(fd, (const struct sockaddr *)&addr->ss, addr->len);
	err = errno;
	close(fd);
	/* Only this answer means that nobody is there. */
	return result == 0 || err != ECONNREFUSED;
}

/* Remove the socket a dead process left behind at addr. */
static void
remove_stale(const struct addr *addr)
{
	const char *path = unix_path(addr);
	struct stat st;

	if (path != NULL && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    !is_alive(addr)) {
		(void)unlink(path);
	}
}

/*
 * Bind a unix socket so that it never has more permissions than mode.  On
 * Linux the file takes them from the socket, cut by the umask; what the umask
 * cut is given back afterwards.
 */
static int
bind_unix(int fd, const struct addr *addr, mode_t mode)
{
	const char *path = unix_path(addr);

	remove_stale(addr);
	if (fchmod(fd, mode) < 0 ||
	    bind(fd, (const struct sockaddr *)&addr->ss, addr->len) < 0) {
		return -1;
	}
	return path == NULL ? 0 : chmod(path, mode);
}

static int
bind_socket(int fd, const struct listener_config *config)
{
	const struct addr *addr = &config->addr;

	if (addr_family(addr) == AF_UNIX) {
		return bind_unix(
		    fd, addr, config->mode != 0 ? config->mode : LISTENER_MODE);
	}
	/* A daemon that starts again must not wait for old connections. */
	set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (config->reuse_port) {
		set_on(fd, SOL_SOCKET, SO_REUSEPORT);
	}
	if (addr_family(addr) == AF_INET6) {
		set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
	return bind(fd, (const struct sockaddr *)&addr->ss, addr->len);
}

/* A listening socket, or -1 and errno. */
static int
open_socket(const struct listener_config *config)
{
	int fd = socket(addr_family(&config->addr),
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return -1;
	}
	if (bind_socket(fd, config) < 0 || listen(fd, LISTENER_BACKLOG) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* Accept while the cap allows it and no rest is due. */
static void
update(struct listener *listener)
{
	bool full =
	    listener->max_open > 0 && listener->open >= listener->max_open;

	if (full || ev_is_active(&listener->rest)) {
		ev_io_stop(loop_ev(listener->loop), &listener->acceptor);
	} else {
		ev_io_start(loop_ev(listener->loop), &listener->acceptor);
	}
}

/* Connections wait in the kernel's queue until descriptors are free again. */
static void
take_rest(struct listener *listener, int err)
{
	if (!listener->resting) {
		log_write(LOG_LEVEL_ERROR, "listener", 0,
		    "accept: resting until it works again: %s", strerror(err));
	}
	listener->resting = true;
	ev_timer_set(&listener->rest, LISTENER_REST, 0.);
	ev_timer_start(loop_ev(listener->loop), &listener->rest);
	update(listener);
}

static void
on_rested(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct listener *listener = watcher->data;

	(void)ev;
	(void)events;
	update(listener);
}

/*
 * Return whether err concerns one connection only, which died before it was
 * accepted: Linux reports its network errors here.
 */
static bool
is_passing(int err)
{
	switch (err) {
	case EINTR:
	case ECONNABORTED:
	case EPERM:
	case EPROTO:
	case ENOPROTOOPT:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

/* Accept one connection.  Returns false when this turn is over. */
static bool
accept_one(struct listener *listener)
{
	struct addr peer = { .len = sizeof(peer.ss) };
	int fd = accept4(listener->fd, (struct sockaddr *)&peer.ss, &peer.len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		int err = errno;

		if (err != EAGAIN && !is_passing(err)) {
			take_rest(listener, err);
		}
		return is_passing(err);
	}
	listener->resting = false;
	listener->open++;
	update(listener);
	listener->callback(fd, &peer, listener->arg);
	return listener->fd >= 0 && ev_is_active(&listener->acceptor);
}

static void
on_connection(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct listener *listener = watcher->data;

	(void)ev;
	(void)events;
	for (int i = 0; i < LISTENER_BATCH; i++) {
		if (!accept_one(listener)) {
			return;
		}
	}
}

struct listener *
listener_adopt(struct loop *loop, int fd, unsigned max_open,
    listener_callback *callback, void *arg)
{
	struct listener *listener = mem_new(1, sizeof(*listener));

	if (listener == NULL) {
		return NULL;
	}
	listener->loop = loop;
	listener->callback = callback;
	listener->arg = arg;
	listener->max_open = max_open;
	listener->fd = fd;
	/* A connection may be gone before it is accepted: that must not block.
	 */
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC);
	ev_io_init(&listener->acceptor, on_connection, fd, EV_READ);
	listener->acceptor.data = listener;
	ev_timer_init(&listener->rest, on_rested, 0., 0.);
	listener->rest.data = listener;
	update(listener);
	return listener;
}

/* Remember which file is ours, so as not to remove that of a successor. */
static void
note_file(struct listener *listener, const struct addr *addr)
{
	const char *path = unix_path(addr);
	struct stat st;

	if (path != NULL && lstat(path, &st) == 0) {
		listener->made = true;
		listener->dev = st.st_dev;
		listener->ino = st.st_ino;
	}
}

struct listener *
listener_new(struct loop *loop, const struct listener_config *config,
    listener_callback *callback, void *arg, struct fault *fault)
{
	struct listener *listener = NULL;
	char text[ADDR_TEXT_LEN];
	int fd = open_socket(config);

	if (fd >= 0) {
		listener =
		    listener_adopt(loop, fd, config->max_open, callback, arg);
	}
	if (listener == NULL) {
		int err = fd < 0 ? errno : ENOMEM;

		if (fd >= 0) {
			close(fd);
		}
		errno = err;
		(void)fault_set(fault, "cannot listen on %s: %s",
		    addr_format(&config->addr, text), strerror(err));
		return NULL;
	}
	note_file(listener, &config->addr);
	return listener;
}

/* Remove our unix socket unless another file has taken its place. */
static void
remove_file(const struct listener *listener)
{
	struct addr addr;
	const char *path;
	struct stat st;

	listener_addr(listener, &addr);
	path = unix_path(&addr);
	if (listener->made && path != NULL && lstat(path, &st) == 0 &&
	    st.st_dev == listener->dev && st.st_ino == listener->ino) {
		(void)unlink(path);
	}
}

void
listener_free(struct listener *listener)
{
	if (listener == NULL || listener->fd < 0) {
		return;
	}
	ev_io_stop(loop_ev(listener->loop), &listener->acceptor);
	ev_timer_stop(loop_ev(listener->loop), &listener->rest);
	remove_file(listener);
	close(listener->fd);
	listener->fd = -1;
	loop_reap(listener->loop, listener, mem_free);
}

void
listener_addr(const struct listener *listener, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	out->len = sizeof(out->ss);
	if (getsockname(listener->fd, (struct sockaddr *)&out->ss, &out->len) <
	    0) {
		out->len = 0;
	}
}

void
listener_released(struct listener *listener)
{
	if (listener->open > 0) {
		listener->open--;
	}
	if (listener->fd >= 0) {
		update(listener);
	}
}

unsigned
listener_open(const struct listener *listener)
{
	return listener->open;
}
