/* SPDX-License-Identifier: ISC */
/*
 * pending: the few datagrams that wait until it is known where they go.
 *
 * A look-up or a session takes a moment, and whoever sends the first datagram
 * of a conversation would else lose it and wait a second before the next try.
 * No more than PENDING_MAX and PENDING_BYTES wait, and none longer than
 * PENDING_AGE: by then it was sent again.
 */
#ifndef INROAD_COMMON_PENDING_H
#define INROAD_COMMON_PENDING_H

#include <stddef.h>
#include <stdint.h>

#include "common/list.h"

/* The start of a conversation, also of QUIC. */
#define PENDING_MAX 4
#define PENDING_BYTES 8192

/* In nanoseconds: resolvers and QUIC try again after a second. */
#define PENDING_AGE UINT64_C(1000000000)

/* Fields belong to this module. */
struct pending {
	struct list items;
	size_t count;
	size_t bytes;
};

/* Called with each datagram that waited; data lives until it returns. */
typedef void pending_each(void *arg, const uint8_t *data, size_t len);

/* Set up pending with nothing in it. */
void pending_init(struct pending *pending);

/* Let the len bytes at data wait from now_ns on; 0, or -1: they are lost. */
int pending_put(
    struct pending *pending, const uint8_t *data, size_t len, uint64_t now_ns);

/*
 * Empty pending and give what is not too old at now_ns to each(arg, ...), NULL:
 * to nobody.  Returns how many were not given.
 */
size_t pending_flush(
    struct pending *pending, uint64_t now_ns, pending_each *each, void *arg);

#endif
