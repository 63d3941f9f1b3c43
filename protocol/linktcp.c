/* SPDX-License-Identifier: ISC */
/* What a link tells TCP and learns from it (PROTOCOL.md section 6). */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/io.h"
#include "protocol/link_impl.h"

/* How long an answer of the kernel about the round trip is good. */
#define LINKTCP_RTT_AGE LIMITS_SEC

/* How often a busy link asks for its rate. */
#define LINKTCP_RATE_AGE (100 * LIMITS_MSEC)

/* Fill *info; false where there is no TCP or nothing known. */
static bool
get_info(const struct link *link, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	*info = (struct tcp_info){ 0 };
	return getsockopt(io_fd(link->io), IPPROTO_TCP, TCP_INFO, info, &len) ==
	       0;
}

static void
set_lowat(struct link *link, uint32_t lowat)
{
	int value = (int)lowat;

	link->lowat = lowat;
	(void)setsockopt(io_fd(link->io), IPPROTO_TCP, TCP_NOTSENT_LOWAT,
	    &value, sizeof(value));
}

void
linktcp_init(struct link *link)
{
	int fd = io_fd(link->io);
	/* PING and PONG find out more, and sooner. */
	int keepalive = 0;
	int nodelay = 1;
	unsigned timeout = LIMITS_TCP_USER_TIMEOUT_MS;

	/* All of them fail on the unix sockets of tests. */
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, sizeof(keepalive));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof(nodelay));
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	set_lowat(link, LIMITS_NOTSENT_LOWAT);
}

uint64_t
link_rtt(struct link *link)
{
	uint64_t now = loop_now(link->loop);
	struct tcp_info info;

	if (link->state != LINK_CLOSED &&
	    (link->rtt_time == 0 || now - link->rtt_time >= LINKTCP_RTT_AGE)) {
		link->rtt_time = now;
		if (get_info(link, &info) && info.tcpi_min_rtt != UINT32_MAX) {
			link->rtt = info.tcpi_min_rtt * UINT64_C(1000);
		}
	}
	/*
	 * The kernel knows the way to whatever answers in TCP, which may be a
	 * proxy in between; PING and PONG know all of it.
	 */
	return link->rtt > link->pong_rtt ? link->rtt : link->pong_rtt;
}

bool
linktcp_is_undelivered(const struct link *link)
{
	struct tcp_info info;

	return get_info(link, &info) && info.tcpi_unacked > 0;
}

uint32_t
linktcp_lowat(uint64_t rate)
{
	uint64_t bytes = rate / (LIMITS_SEC / LIMITS_NOTSENT_TIME);

	if (rate == 0 || bytes > LIMITS_NOTSENT_LOWAT) {
		return LIMITS_NOTSENT_LOWAT;
	}
	if (bytes < LIMITS_NOTSENT_MIN) {
		return LIMITS_NOTSENT_MIN;
	}
	return (uint32_t)bytes;
}

/*
 * The kernel measures the rate whenever it is what limits us, so the answer is
 * right exactly when it matters: while the socket is full.
 */
void
linktcp_tune(struct link *link)
{
	uint64_t now = loop_now(link->loop);
	struct tcp_info info;
	uint32_t lowat;

	if (now - link->rate_time < LINKTCP_RATE_AGE) {
		return;
	}
	link->rate_time = now;
	if (!get_info(link, &info)) {
		return;
	}
	lowat = linktcp_lowat(info.tcpi_delivery_rate);
	/* A quarter more or less is not worth a system call. */
	if (lowat > link->lowat + link->lowat / 4 ||
	    lowat < link->lowat - link->lowat / 4) {
		set_lowat(link, lowat);
	}
}
