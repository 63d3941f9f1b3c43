/* SPDX-License-Identifier: ISC */
/*
 * peeruser: which user of this machine is at the other end of a TCP connection,
 * or sent a datagram.
 *
 * The kernel knows the owner of each socket: whoever made it.  It is asked for
 * the one socket that a connection comes from, over netlink (sock_diag(7)),
 * which costs two system calls and never waits, however many sockets there
 * are; /proc/net/tcp tells the same, but for all of them at once.
 *
 * A socket that its process has closed belongs to nobody any more, and to the
 * kernel that looks like root: it is reported as gone.
 */
#ifndef INROAD_GATEWAY_PEERUSER_H
#define INROAD_GATEWAY_PEERUSER_H

#include <sys/types.h>

struct addr;
struct fault;
struct peeruser;

enum peeruser_result {
	PEERUSER_FOUND,
	PEERUSER_GONE,    /* closed already: nobody knows */
	PEERUSER_NOWHERE, /* this machine has no such socket */
	PEERUSER_FAILED,  /* the kernel did not answer */
};

/*
 * Return something to ask with, after it was seen to work.  Returns NULL and
 * *fault where the kernel, or a sandbox, does not let us.
 */
struct peeruser *peeruser_new(struct fault *fault);

/* Free peeruser; NULL is allowed. */
void peeruser_free(struct peeruser *peeruser);

/*
 * Look for the owner of the socket at peer that is connected with ours at
 * local; both are IP addresses, IPv4 ones mapped into IPv6 or not.  With
 * PEERUSER_FOUND it is in *uid.
 */
enum peeruser_result peeruser_find(struct peeruser *peeruser,
    const struct addr *peer, const struct addr *local, uid_t *uid);

/*
 * As peeruser_find(), for the UDP socket that a datagram came from, from peer
 * to local.  It may be connected or not.
 */
enum peeruser_result peeruser_find_udp(struct peeruser *peeruser,
    const struct addr *peer, const struct addr *local, uid_t *uid);

#endif
