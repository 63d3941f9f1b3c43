/* SPDX-License-Identifier: ISC */
/*
 * listener: a listening socket that hands out connections.
 *
 * Listens on an IPv4, IPv6 (never both at once) or unix address and calls its
 * owner with each connection.  It takes in a few connections in one turn of
 * the loop, so that a flood of them does not starve those that are there; it
 * leaves the rest in the kernel's queue when the owner's cap is reached, until
 * a connection is released; and it rests for a moment when the process or the
 * machine is out of descriptors, because the kernel would go on saying that
 * there is something to accept.
 */
#ifndef INROAD_COMMON_LISTENER_H
#define INROAD_COMMON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"

struct fault;
struct listener;
struct loop;

/* A value of the caller's; nothing is kept of it. */
struct listener_config {
	struct addr addr;  /* port 0: the kernel chooses */
	unsigned mode;     /* permission bits of a unix socket */
	unsigned max_open; /* connections at a time; 0: any number */
	bool reuse_port;   /* share the port with other processes */
};

/*
 * Called with a new connection fd, which is non-blocking, close-on-exec and
 * the owner's from now on, the address of its peer, and the owner's arg.  With
 * a cap, the owner calls listener_released() once for each.  It may free the
 * listener.
 */
typedef void listener_callback(int fd, const struct addr *peer, void *arg);

/*
 * Listen as config says and report to callback(fd, peer, arg).  The socket of
 * a process that is gone is replaced, that of a living one is not.  On failure
 * returns NULL with errno set and *fault filled, for example "cannot listen on
 * 127.0.0.1:1080: Address already in use".
 */
struct listener *listener_new(struct loop *loop,
    const struct listener_config *config, listener_callback *callback,
    void *arg, struct fault *fault);

/*
 * Take over fd, a listening socket that was made elsewhere, and report to
 * callback(fd, peer, arg) up to max_open connections at a time (0: any
 * number).  Returns NULL without memory; fd is then still the caller's.
 */
struct listener *listener_adopt(struct loop *loop, int fd, unsigned max_open,
    listener_callback *callback, void *arg);

/*
 * Close the socket, and remove it if it is a unix socket of our own making;
 * NULL is allowed.  Connections handed out are not touched.
 */
void listener_free(struct listener *listener);

/* Put the address really listened on into *out. */
void listener_addr(const struct listener *listener, struct addr *out);

/* Note that one connection that was handed out is closed. */
void listener_released(struct listener *listener);

/* Return how many connections are handed out and not yet released. */
unsigned listener_open(const struct listener *listener);

#endif
