/* SPDX-License-Identifier: ISC */
#include "gateway/peeruser.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/mem.h"

/* An interface that a socket may be tied to: of loopback it is always this. */
#define LOOPBACK_INTERFACE 1

/* A message about one socket has some hundred bytes. */
#define ANSWER_MAX 1024

/* Answers of earlier questions that may lie before ours: there are none. */
#define STALE_MAX 16

struct peeruser {
	int fd;
	uint32_t number; /* of the last question */
};

struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

/* Write the address and port of addr to where the kernel wants them. */
static void
put_address(const struct addr *addr, __be32 address[4], __be16 *port)
{
	uint8_t bytes[16] = { 0 };

	(void)addr_to_bytes(addr, bytes);
	memcpy(address, bytes, sizeof(bytes));
	*port = htons(addr_port(addr));
}

/* Ask for the socket of protocol that is at src, as the kernel sees it. */
static int
ask(struct peeruser *peeruser, uint8_t protocol, const struct addr *src,
    const struct addr *dst)
{
	struct question question = {
		.head = {
			.nlmsg_len = sizeof(question),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = ++peeruser->number,
		},
		.body = {
			.sdiag_family = (uint8_t)addr_family(src),
			.sdiag_protocol = protocol,
			.idiag_states = UINT32_MAX,
			.id = {
				.idiag_if = LOOPBACK_INTERFACE,
				.idiag_cookie = { INET_DIAG_NOCOOKIE,
				    INET_DIAG_NOCOOKIE },
			},
		},
	};
	struct inet_diag_sockid *id = &question.body.id;

	put_address(src, id->idiag_src, &id->idiag_sport);
	put_address(dst, id->idiag_dst, &id->idiag_dport);
	return send(peeruser->fd, &question, sizeof(question), MSG_DONTWAIT) ==
		       (ssize_t)sizeof(question)
		   ? 0
		   : -1;
}

/* Read the answer to the last question: its length, 0 if there is none. */
static size_t
read_answer(struct peeruser *peeruser, void *out, size_t size)
{
	for (int i = 0; i < STALE_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_len = sizeof(from);
		struct nlmsghdr head;
		ssize_t n = recvfrom(peeruser->fd, out, size, MSG_DONTWAIT,
		    (struct sockaddr *)&from, &from_len);

		if (n < 0) {
			return 0;
		}
		if ((size_t)n < sizeof(head) || from.nl_pid != 0) {
			continue;
		}
		memcpy(&head, out, sizeof(head));
		if (head.nlmsg_seq == peeruser->number) {
			return (size_t)n;
		}
	}
	return 0;
}

/* Is that end of what was found the IP address want?  It may be mapped. */
static bool
is_end(uint8_t family, const __be32 address[4], __be16 port,
    const struct addr *want)
{
	uint8_t bytes[16];
	struct addr end;

	memcpy(bytes, address, sizeof(bytes));
	(void)addr_from_bytes(
	    &end, bytes, family == AF_INET ? 4 : sizeof(bytes), ntohs(port));
	addr_unmap(&end, &end);
	return addr_equal(&end, want);
}

/*
 * Is it what was asked for?  Without a connection of that name the kernel
 * answers with whoever listens there.
 */
static bool
is_connection(const struct inet_diag_msg *found, const struct addr *peer,
    const struct addr *local)
{
	const struct inet_diag_sockid *id = &found->id;

	return is_end(
		   found->idiag_family, id->idiag_src, id->idiag_sport, peer) &&
	       is_end(
		   found->idiag_family, id->idiag_dst, id->idiag_dport, local);
}

/* Could the socket that was found have sent a datagram from peer? */
static bool
is_sender(const struct inet_diag_msg *found, const struct addr *peer)
{
	const struct inet_diag_sockid *id = &found->id;
	struct addr any;

	(void)addr_from_ip(&any,
	    found->idiag_family == AF_INET ? "0.0.0.0" : "::", addr_port(peer));
	return is_end(
		   found->idiag_family, id->idiag_src, id->idiag_sport, peer) ||
	       is_end(
		   found->idiag_family, id->idiag_src, id->idiag_sport, &any);
}

/* Read what the n bytes of answer say; local is NULL for a datagram. */
static enum peeruser_result
judge(const uint8_t *answer, size_t n, const struct addr *peer,
    const struct addr *local, uid_t *uid)
{
	struct nlmsghdr head;
	struct nlmsgerr error;
	struct inet_diag_msg found;

	memcpy(&head, answer, sizeof(head));
	if (head.nlmsg_type == NLMSG_ERROR &&
	    n >= NLMSG_LENGTH(sizeof(error))) {
		memcpy(&error, answer + NLMSG_HDRLEN, sizeof(error));
		return error.error == -ENOENT ? PEERUSER_NOWHERE
					      : PEERUSER_FAILED;
	}
	if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    n < NLMSG_LENGTH(sizeof(found))) {
		return PEERUSER_FAILED;
	}
	memcpy(&found, answer + NLMSG_HDRLEN, sizeof(found));
	if (local != NULL ? !is_connection(&found, peer, local)
			  : !is_sender(&found, peer)) {
		return PEERUSER_NOWHERE;
	}
	if (found.idiag_inode == 0) {
		return PEERUSER_GONE;
	}
	*uid = found.idiag_uid;
	return PEERUSER_FOUND;
}

enum peeruser_result
peeruser_find(struct peeruser *peeruser, const struct addr *peer,
    const struct addr *local, uid_t *uid)
{
	uint8_t answer[ANSWER_MAX];
	struct addr from;
	struct addr to;
	size_t n;

	/* A mapped address is one of IPv4, whatever the family of the socket.
	 */
	addr_unmap(peer, &from);
	addr_unmap(local, &to);
	if (addr_family(&from) != addr_family(&to) ||
	    ask(peeruser, IPPROTO_TCP, &from, &to) != 0) {
		return PEERUSER_FAILED;
	}
	n = read_answer(peeruser, answer, sizeof(answer));
	return n == 0 ? PEERUSER_FAILED : judge(answer, n, &from, &to, uid);
}

enum peeruser_result
peeruser_find_udp(struct peeruser *peeruser, const struct addr *peer,
    const struct addr *local, uid_t *uid)
{
	uint8_t answer[ANSWER_MAX];
	struct addr from;
	struct addr to;
	size_t n;

	addr_unmap(peer, &from);
	addr_unmap(local, &to);
	/* Of UDP the kernel wants both ends the other way round. */
	if (addr_family(&from) != addr_family(&to) ||
	    ask(peeruser, IPPROTO_UDP, &to, &from) != 0) {
		return PEERUSER_FAILED;
	}
	n = read_answer(peeruser, answer, sizeof(answer));
	return n == 0 ? PEERUSER_FAILED : judge(answer, n, &from, NULL, uid);
}

/* Look for a socket of our own: without its module, a kernel finds none. */
static enum peeruser_result
probe(struct peeruser *peeruser, uid_t *uid)
{
	struct addr addr;
	struct addr none;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum peeruser_result result = PEERUSER_FAILED;

	(void)addr_from_ip(&addr, "127.0.0.1", 0);
	(void)addr_from_ip(&none, "0.0.0.0", 0);
	if (fd >= 0 &&
	    bind(fd, (const struct sockaddr *)&addr.ss, addr.len) == 0 &&
	    listen(fd, 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)&addr.ss, &addr.len) == 0) {
		result = peeruser_find(peeruser, &addr, &none, uid);
	}
	if (fd >= 0) {
		close(fd);
	}
	return result;
}

struct peeruser *
peeruser_new(struct fault *fault)
{
	struct peeruser *peeruser = mem_new(1, sizeof(*peeruser));
	uid_t uid;

	if (peeruser == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	peeruser->fd =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (peeruser->fd < 0) {
		(void)fault_set(
		    fault, "no netlink socket: %s", strerror(errno));
	} else if (probe(peeruser, &uid) != PEERUSER_FOUND) {
		(void)fault_set(
		    fault, "the kernel tells no owners of sockets (sock_diag)");
	} else if (uid != geteuid()) {
		(void)fault_set(fault, "the kernel tells wrong owners");
	} else {
		return peeruser;
	}
	peeruser_free(peeruser);
	return NULL;
}

void
peeruser_free(struct peeruser *peeruser)
{
	if (peeruser == NULL) {
		return;
	}
	if (peeruser->fd >= 0) {
		close(peeruser->fd);
	}
	mem_free(peeruser);
}
