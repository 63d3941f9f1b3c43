/* SPDX-License-Identifier: ISC */
/*
 * udpsock: a non-blocking UDP socket that is connected to nobody.
 *
 * It hands over each datagram with its sender, and tells of ICMP errors for
 * which address they came.  Nothing is buffered: a datagram that the kernel
 * does not take now is lost, which is what UDP promises.  Whether a sender is
 * one to be listened to is the owner's to judge.
 *
 * Callbacks may call anything here.  After udpsock_close() none runs any more;
 * the memory is freed by the loop.
 */
#ifndef INROAD_COMMON_UDPSOCK_H
#define INROAD_COMMON_UDPSOCK_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct loop;
struct udpsock;

/* The longest datagram that is received; longer ones are told as too long. */
#define UDPSOCK_MAX 16384

/* What a socket tells its owner; either may be NULL. */
struct udpsock_ops {
	/*
	 * A datagram came from `from`.  data lives until this returns; it is
	 * NULL and len 0 if it was longer than UDPSOCK_MAX.
	 */
	void (*datagram)(void *arg, const struct addr *from,
	    const uint8_t *data, size_t len);
	/* What was sent to `to` did not arrive, for the reason errno error. */
	void (*unreachable)(void *arg, const struct addr *to, int error);
};

/*
 * Return a socket bound to addr, whose port may be 0; or NULL and errno.  Of
 * an IPv6 address it is for IPv6 only.
 */
struct udpsock *udpsock_new(struct loop *loop, const struct addr *addr,
    const struct udpsock_ops *ops, void *arg);

/* As udpsock_new(), bound to any address of family and a port of its own. */
struct udpsock *udpsock_new_any(
    struct loop *loop, int family, const struct udpsock_ops *ops, void *arg);

/* Send the len bytes at data to `to`; 0, or -1 and errno when they are lost. */
int udpsock_send(struct udpsock *sock, const struct addr *to,
    const uint8_t *data, size_t len);

/* Put the address that sock is bound to into *out; 0, or -1 and errno. */
int udpsock_address(const struct udpsock *sock, struct addr *out);

/* Close sock; NULL is allowed. */
void udpsock_close(struct udpsock *sock);

#endif
