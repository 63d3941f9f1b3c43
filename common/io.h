/* SPDX-License-Identifier: ISC */
/*
 * io: a non-blocking stream socket with one callback.
 *
 * An io owns its file descriptor, its two watchers and one timer.  Its owner
 * says what it wants to hear of (io_want) and gets one callback with an event.
 * Watchers are level-triggered: an event comes again until it is acted upon or
 * no longer wanted.  There is no buffer inside; whoever needs one puts a buf
 * beside it (io_fill, io_drain).
 *
 * After io_close() or io_reset() no callback runs any more.  The descriptor is
 * closed at once, the memory is freed by the loop at the end of the iteration.
 */
#ifndef INROAD_COMMON_IO_H
#define INROAD_COMMON_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct addr;
struct buf;
struct io;
struct iovec;
struct loop;

enum io_event {
	IO_READABLE, /* reading will not block: data, end or error */
	IO_WRITABLE, /* writing will not block */
	IO_TIMEOUT,  /* the time given to io_set_timeout() is over */
};

/* Results of reading and writing beside a byte count. */
#define IO_AGAIN (-1) /* nothing now; want it and wait */
#define IO_FAIL (-2)  /* the socket is broken, see io_errno() */

/* Called with the io, what happened, and the owner's arg. */
typedef void io_callback(struct io *io, enum io_event event, void *arg);

/*
 * Take over fd, a connected stream socket, make it non-blocking and
 * close-on-exec, and report to callback(io, event, arg).  Nothing is wanted
 * yet.  Returns NULL when memory is short; fd is then still the caller's.
 */
struct io *io_new(struct loop *loop, int fd, io_callback *callback, void *arg);

/* Close the socket in the ordinary way; NULL is allowed. */
void io_close(struct io *io);

/* Close the socket so that the peer sees a reset; NULL is allowed. */
void io_reset(struct io *io);

/* Hand io to a new owner; what is wanted and the timer are cleared. */
void io_set_owner(struct io *io, io_callback *callback, void *arg);

/* Say which events are wanted from now on. */
void io_want(struct io *io, bool readable, bool writable);

/* Report IO_TIMEOUT once in seconds from now; 0 turns it off. */
void io_set_timeout(struct io *io, double seconds);

/* Read up to len bytes to data.  Returns >0, 0 at end, IO_AGAIN or IO_FAIL. */
ssize_t io_read(struct io *io, void *data, size_t len);

/* Write up to len bytes at data.  Returns >=0, IO_AGAIN or IO_FAIL. */
ssize_t io_write(struct io *io, const void *data, size_t len);

/* Write count pieces at iov.  Returns >=0, IO_AGAIN or IO_FAIL. */
ssize_t io_writev(struct io *io, const struct iovec *iov, int count);

/*
 * Read once into buf, as much as its limit allows (at most 64 KiB).  Returns
 * >0, 0 at end, IO_AGAIN (also when buf is full) or IO_FAIL.
 */
ssize_t io_fill(struct io *io, struct buf *buf);

/*
 * Write from buf until it is empty or the socket is full.  Returns the number
 * of bytes left in buf, or IO_FAIL.
 */
ssize_t io_drain(struct io *io, struct buf *buf);

/* Shut down writing: the peer reads an end, we go on reading. */
int io_shutdown(struct io *io);

/*
 * Return true when nothing can pass in either direction any more, which is seen
 * without reading: after a reset, or when the peer closed a unix socket.  TCP
 * does not tell who closes from who only ends a half, before it is written to.
 */
bool io_is_dead(const struct io *io);

/*
 * Let the kernel ask a peer from whom nothing comes whether it is there, after
 * idle seconds and then count times every interval seconds; after that the
 * socket is broken.  Does nothing where there is no TCP.
 */
void io_set_keepalive(struct io *io, int idle, int interval, int count);

/* Return the error number of the last IO_FAIL. */
int io_errno(const struct io *io);

/*
 * Return how many bytes written to io the peer has not acknowledged: a reset
 * would take them back.  0 when that cannot be known.
 */
size_t io_undelivered(const struct io *io);

/* Return the descriptor, for socket options; it stays owned by io. */
int io_fd(const struct io *io);

/* Put the address of the peer (IPv4, IPv6 or unix) into *out; 0 or -1. */
int io_peer(const struct io *io, struct addr *out);

/* Put the local address into *out; 0 or -1. */
int io_local(const struct io *io, struct addr *out);

#endif
