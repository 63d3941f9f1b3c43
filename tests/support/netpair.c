/* SPDX-License-Identifier: ISC */
#include "tests/support/netpair.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"

/* A socket of family bound to loopback and a free port, or -1. */
static int
bind_loopback(int family, struct addr *out)
{
	struct addr addr;
	int fd;

	if (addr_from_ip(&addr, family == AF_INET6 ? "::1" : "127.0.0.1", 0)) {
		return -1;
	}
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	if (bind(fd, (struct sockaddr *)&addr.ss, addr.len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr.ss, &addr.len) < 0) {
		close(fd);
		return -1;
	}
	*out = addr;
	return fd;
}

bool
netpair_has(int family)
{
	struct addr addr;
	int fd = bind_loopback(family, &addr);

	if (fd < 0) {
		return false;
	}
	close(fd);
	return true;
}

int
netpair_listen(int family, struct addr *out)
{
	int fd = bind_loopback(family, out);

	if (fd >= 0 && listen(fd, 128) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A bound socket that does not listen: nobody else gets the port. */
int
netpair_closed_port(int family, struct addr *out)
{
	return bind_loopback(family, out);
}

/*
 * With a backlog of 0 the kernel queues one connection; it drops the handshake
 * of any other, and the client goes on trying.
 */
int
netpair_black_hole(int fds[3], struct addr *out)
{
	fds[0] = bind_loopback(AF_INET, out);
	if (fds[0] < 0 || listen(fds[0], 0) < 0) {
		return -1;
	}
	for (int i = 1; i < 3; i++) {
		fds[i] = socket(
		    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fds[i] < 0 ||
		    (connect(fds[i], (const struct sockaddr *)&out->ss,
			 out->len) < 0 &&
			errno != EINPROGRESS)) {
			return -1;
		}
	}
	return 0;
}

static int
connect_tcp(int family, int fds[2])
{
	struct addr addr;
	int listening = netpair_listen(family, &addr);

	if (listening < 0) {
		return -1;
	}
	fds[1] = -1;
	fds[0] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fds[0] >= 0 &&
	    connect(fds[0], (struct sockaddr *)&addr.ss, addr.len) == 0) {
		fds[1] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	}
	close(listening);
	if (fds[1] < 0 && fds[0] >= 0) {
		close(fds[0]);
	}
	return fds[1] < 0 ? -1 : 0;
}

int
netpair_connect(int family, int fds[2])
{
	if (family == AF_UNIX) {
		return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
	}
	return connect_tcp(family, fds);
}
