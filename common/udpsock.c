/* SPDX-License-Identifier: ISC */
#include "common/udpsock.h"

#include <errno.h>
#include <ev.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/loop.h"
#include "common/mem.h"

/* Datagrams received in one turn of the loop: some 100 microseconds. */
#define UDPSOCK_BATCH 64

struct udpsock {
	struct loop *loop;
	const struct udpsock_ops *ops;
	void *arg;
	int fd; /* -1 once closed */
	struct ev_io watcher;
};

/* Return the errno of an ICMP error in message, 0 when there is none. */
static int
error_of(struct msghdr *message)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);

	for (; part != NULL; part = CMSG_NXTHDR(message, part)) {
		struct sock_extended_err error;

		if ((part->cmsg_level == SOL_IP &&
			part->cmsg_type == IP_RECVERR) ||
		    (part->cmsg_level == SOL_IPV6 &&
			part->cmsg_type == IPV6_RECVERR)) {
			memcpy(&error, CMSG_DATA(part), sizeof(error));
			return (int)error.ee_errno;
		}
	}
	return 0;
}

/* Take one ICMP error out of the queue and tell it; false when it is empty. */
static bool
take_error(struct udpsock *sock)
{
	_Alignas(struct cmsghdr) uint8_t control[512];
	struct addr to = { .len = sizeof(to.ss) };
	struct msghdr message = {
		.msg_name = &to.ss,
		.msg_namelen = sizeof(to.ss),
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int error;

	if (recvmsg(sock->fd, &message, MSG_ERRQUEUE) < 0) {
		return false;
	}
	to.len = message.msg_namelen;
	error = error_of(&message);
	if (error != 0 && sock->ops->unreachable != NULL) {
		sock->ops->unreachable(sock->arg, &to, error);
	}
	return sock->fd >= 0;
}

/* Receive one datagram and hand it over; false when there is none now. */
static bool
take_datagram(struct udpsock *sock)
{
	uint8_t data[UDPSOCK_MAX];
	struct addr from;
	ssize_t n;

	from.len = sizeof(from.ss);
	n = recvfrom(sock->fd, data, sizeof(data), MSG_TRUNC,
	    (struct sockaddr *)&from.ss, &from.len);
	if (n < 0) {
		/* An error that was pending is told by take_error(). */
		return errno != EAGAIN && errno != EINTR;
	}
	if (sock->ops->datagram == NULL) {
		return true;
	}
	if ((size_t)n > sizeof(data)) {
		sock->ops->datagram(sock->arg, &from, NULL, 0);
	} else {
		sock->ops->datagram(sock->arg, &from, data, (size_t)n);
	}
	return sock->fd >= 0;
}

static void
on_readable(struct ev_loop *ev, struct ev_io *watcher, int events)
{
	struct udpsock *sock = watcher->data;

	(void)ev;
	(void)events;
	for (int i = 0; i < UDPSOCK_BATCH && take_error(sock); i++) {
	}
	for (int i = 0;
	     i < UDPSOCK_BATCH && sock->fd >= 0 && take_datagram(sock); i++) {
	}
}

/* Return a socket bound to addr, or -1 and errno. */
static int
make_socket(const struct addr *addr)
{
	int family = addr_family(addr);
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	int error;

	if (fd < 0) {
		return -1;
	}
	if (family == AF_INET6) {
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	} else {
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	}
	if (bind(fd, (const struct sockaddr *)&addr->ss, addr->len) == 0) {
		return fd;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

struct udpsock *
udpsock_new(struct loop *loop, const struct addr *addr,
    const struct udpsock_ops *ops, void *arg)
{
	struct udpsock *sock = mem_new(1, sizeof(*sock));

	if (sock == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	sock->loop = loop;
	sock->ops = ops;
	sock->arg = arg;
	sock->fd = make_socket(addr);
	if (sock->fd < 0) {
		int error = errno;

		mem_free(sock);
		errno = error;
		return NULL;
	}
	ev_io_init(&sock->watcher, on_readable, sock->fd, EV_READ);
	sock->watcher.data = sock;
	ev_io_start(loop_ev(loop), &sock->watcher);
	return sock;
}

struct udpsock *
udpsock_new_any(
    struct loop *loop, int family, const struct udpsock_ops *ops, void *arg)
{
	struct addr any;

	(void)addr_from_ip(&any, family == AF_INET6 ? "::" : "0.0.0.0", 0);
	return udpsock_new(loop, &any, ops, arg);
}

int
udpsock_send(struct udpsock *sock, const struct addr *to, const uint8_t *data,
    size_t len)
{
	/* The first try may only bring an error of an earlier datagram. */
	for (int i = 0; i < 2; i++) {
		if (sendto(sock->fd, data, len, MSG_NOSIGNAL,
			(const struct sockaddr *)&to->ss, to->len) >= 0) {
			return 0;
		}
		if (errno != ECONNREFUSED && errno != EHOSTUNREACH &&
		    errno != ENETUNREACH) {
			break;
		}
	}
	return -1;
}

int
udpsock_address(const struct udpsock *sock, struct addr *out)
{
	out->len = sizeof(out->ss);
	return getsockname(sock->fd, (struct sockaddr *)&out->ss, &out->len);
}

void
udpsock_close(struct udpsock *sock)
{
	if (sock == NULL || sock->fd < 0) {
		return;
	}
	ev_io_stop(loop_ev(sock->loop), &sock->watcher);
	(void)close(sock->fd);
	sock->fd = -1;
	loop_reap(sock->loop, sock, mem_free);
}
