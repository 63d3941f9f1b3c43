/* SPDX-License-Identifier: ISC */
/*
 * netpair: sockets on loopback for tests.
 *
 * Descriptors belong to the caller.  Ports are chosen by the kernel.
 */
#ifndef INROAD_TESTS_SUPPORT_NETPAIR_H
#define INROAD_TESTS_SUPPORT_NETPAIR_H

#include <stdbool.h>

struct addr;

/* Return true when this machine has a loopback address of family. */
bool netpair_has(int family);

/*
 * Listen with TCP on a free port of the loopback address of family (AF_INET or
 * AF_INET6) and put the address into *out.  Returns the socket or -1.
 */
int netpair_listen(int family, struct addr *out);

/*
 * Put an address of family into *out on which nobody listens: connecting is
 * refused.  Returns a socket that holds the port until it is closed, or -1.
 */
int netpair_closed_port(int family, struct addr *out);

/*
 * Put an IPv4 address into *out that does not answer at all: a listener whose
 * queue is full.  Returns 0 and the sockets that make it so, or -1.
 */
int netpair_black_hole(int fds[3], struct addr *out);

/*
 * Connect two TCP sockets of family to one another, or two unix sockets for
 * AF_UNIX, both blocking.  Returns 0 or -1.
 */
int netpair_connect(int family, int fds[2]);

#endif
