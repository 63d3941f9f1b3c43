/* SPDX-License-Identifier: ISC */
/*
 * buf: a byte queue with a limit.
 *
 * Bytes go in at the back (append, or reserve and commit) and out at the front
 * (peek and consume).  What is queued is always contiguous.  The queue never
 * holds more than the limit given at creation: being full is how back-pressure
 * reaches whoever fills it.  Memory grows with use and is given back when the
 * queue runs empty, so an idle queue costs its structure only.
 */
#ifndef INROAD_COMMON_BUF_H
#define INROAD_COMMON_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* Return an empty queue of at most max bytes, or NULL. */
struct buf *buf_new(size_t max);

/* Free buf and its bytes; NULL is allowed. */
void buf_free(struct buf *buf);

/* Return how many bytes are queued. */
size_t buf_len(const struct buf *buf);

/* Return how many more bytes the limit allows. */
size_t buf_room(const struct buf *buf);

/*
 * Return the queued bytes, all contiguous, and their number in *len.  The
 * pointer lives until the next call that changes buf.  NULL when empty.
 */
const uint8_t *buf_peek(const struct buf *buf, size_t *len);

/* Drop the first n bytes; n is at most buf_len(). */
void buf_consume(struct buf *buf, size_t n);

/*
 * Return space for up to want bytes behind the queue and how many are really
 * there in *got (less than want when the limit is near).  NULL when the limit
 * is reached or memory is not to be had.  Nothing is queued until buf_commit();
 * a reservation that came to nothing is given back with buf_commit(buf, 0).
 */
uint8_t *buf_reserve(struct buf *buf, size_t want, size_t *got);

/* Queue the first n bytes of the space that buf_reserve() just returned. */
void buf_commit(struct buf *buf, size_t n);

/* Queue all n bytes at data and return 0, or nothing and return -1. */
int buf_append(struct buf *buf, const void *data, size_t n);

#endif
