/* SPDX-License-Identifier: ISC */
#include "common/buf.h"

#include <assert.h>
#include <string.h>

#include "common/mem.h"

/* The first allocation; most control traffic fits. */
#define CAP_MIN ((size_t)512)

/*
 * Memory above this is given back as soon as an eighth of it would do, not
 * only when the queue is empty: a peer that never takes the last byte would
 * else hold what its best moment needed.  Below it the copying costs more than
 * the memory.
 */
#define CAP_KEPT ((size_t)4096)

/*
 * The queue is bytes[start .. start + len).  Room behind it is made by moving
 * it to the front, or by growing to at most one and a half times max: then a
 * move only happens when at least min(len, max / 2) bytes lie free in front, so
 * that each byte is moved at most twice however small the steps are.
 */
struct buf {
	uint8_t *bytes;
	size_t start;
	size_t len;
	size_t cap;
	size_t max;
#ifndef NDEBUG
	size_t reserved;
#endif
};

/* Remember, where asserts are on, how much may be committed. */
static void
set_reserved(struct buf *buf, size_t n)
{
#ifndef NDEBUG
	buf->reserved = n;
#else
	(void)buf;
	(void)n;
#endif
}

struct buf *
buf_new(size_t max)
{
	struct buf *buf = mem_new(1, sizeof(*buf));

	/* A limit so high that 3 / 2 of it wraps cannot be reached anyway. */
	if (buf != NULL) {
		buf->max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
	}
	return buf;
}

void
buf_free(struct buf *buf)
{
	if (buf != NULL) {
		mem_free(buf->bytes);
		mem_free(buf);
	}
}

size_t
buf_len(const struct buf *buf)
{
	return buf->len;
}

size_t
buf_room(const struct buf *buf)
{
	return buf->max - buf->len;
}

const uint8_t *
buf_peek(const struct buf *buf, size_t *len)
{
	*len = buf->len;
	return buf->len > 0 ? buf->bytes + buf->start : NULL;
}

/* Let go of all memory of an empty queue. */
static void
release(struct buf *buf)
{
	mem_free(buf->bytes);
	buf->bytes = NULL;
	buf->start = 0;
	buf->cap = 0;
}

/* Move the queue into an allocation of cap bytes; 0, or -1 and unchanged. */
static int
move(struct buf *buf, size_t cap)
{
	uint8_t *bytes;

	/* In place, which realloc can do without a copy, if nothing is lost. */
	if (buf->start == 0) {
		bytes = mem_grow(buf->bytes, cap, 1);
		if (bytes == NULL) {
			return -1;
		}
	} else {
		bytes = mem_grow(NULL, cap, 1);
		if (bytes == NULL) {
			return -1;
		}
		memcpy(bytes, buf->bytes + buf->start, buf->len);
		mem_free(buf->bytes);
	}
	buf->bytes = bytes;
	buf->start = 0;
	buf->cap = cap;
	return 0;
}

/* Give back memory that the queue has outlived. */
static void
shrink(struct buf *buf)
{
	if (buf->len == 0) {
		release(buf);
	} else if (buf->cap > CAP_KEPT && buf->len <= buf->cap / 8) {
		/* Without memory for the copy it stays as large as it is. */
		(void)move(
		    buf, buf->len > CAP_MIN / 2 ? buf->len * 2 : CAP_MIN);
	}
}

void
buf_consume(struct buf *buf, size_t n)
{
	assert(n <= buf->len);
	set_reserved(buf, 0);
	buf->start += n;
	buf->len -= n;
	shrink(buf);
}

/* Return the capacity to grow to so that want more bytes fit, want >= 1. */
static size_t
grown_cap(const struct buf *buf, size_t want)
{
	size_t cap = buf->cap > 0 ? buf->cap * 2 : CAP_MIN;
	size_t top = buf->max + buf->max / 2;

	if (cap > top) {
		cap = top;
	}
	return cap >= buf->len + want ? cap : buf->len + want;
}

/* Make want bytes of room behind the queue, want >= 1; 0 or -1. */
static int
make_room(struct buf *buf, size_t want)
{
	size_t top = buf->max + buf->max / 2;

	if (buf->cap - buf->start - buf->len >= want) {
		return 0;
	}
	if (buf->cap - buf->len >= want &&
	    (buf->start >= buf->len || buf->cap >= top)) {
		memmove(buf->bytes, buf->bytes + buf->start, buf->len);
		buf->start = 0;
		return 0;
	}
	return move(buf, grown_cap(buf, want));
}

uint8_t *
buf_reserve(struct buf *buf, size_t want, size_t *got)
{
	size_t n = want < buf_room(buf) ? want : buf_room(buf);

	set_reserved(buf, 0);
	*got = 0;
	if (n == 0 || make_room(buf, n) != 0) {
		return NULL;
	}
	set_reserved(buf, n);
	*got = n;
	return buf->bytes + buf->start + buf->len;
}

void
buf_commit(struct buf *buf, size_t n)
{
#ifndef NDEBUG
	assert(n <= buf->reserved);
#endif
	set_reserved(buf, 0);
	buf->len += n;
	shrink(buf);
}

int
buf_append(struct buf *buf, const void *data, size_t n)
{
	uint8_t *space;
	size_t got;

	if (n == 0) {
		return 0;
	}
	if (n > buf_room(buf)) {
		return -1;
	}
	space = buf_reserve(buf, n, &got);
	if (space == NULL) {
		return -1;
	}
	memcpy(space, data, n);
	buf_commit(buf, n);
	return 0;
}
