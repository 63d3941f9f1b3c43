/* SPDX-License-Identifier: ISC */
/*
 * cable: what lies between two sockets, with the faults of a real network.
 *
 * Copies bytes both ways in the loop of the test: in pieces of a chosen size,
 * and with one byte changed, the connection cut or nothing let through at a
 * chosen place.  An end is passed on as an end, a reset as a reset.
 */
#ifndef INROAD_TESTS_SUPPORT_CABLE_H
#define INROAD_TESTS_SUPPORT_CABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cable;
struct loop;

/* The two directions. */
enum cable_way {
	CABLE_FIRST_TO_SECOND,
	CABLE_SECOND_TO_FIRST,
	CABLE_WAYS,
};

/*
 * Join first and second, two connected sockets, which the cable takes over.
 * NULL when memory is short; the sockets are closed then.
 */
struct cable *cable_new(struct loop *loop, int first, int second);

/* Close both sockets and free cable; NULL is allowed. */
void cable_free(struct cable *cable);

/* Copy at most n bytes of way at once; the default is 64 KiB. */
void cable_set_chunk(struct cable *cable, enum cable_way way, size_t n);

/* Cut both directions once n bytes of way have passed. */
void cable_cut_after(struct cable *cable, enum cable_way way, uint64_t n);

/* Change one bit of the byte of way with offset n. */
void cable_flip_at(struct cable *cable, enum cable_way way, uint64_t n);

/* Let nothing pass on way, or again. */
void cable_hold(struct cable *cable, enum cable_way way, bool hold);

/* Return how many bytes of way have passed. */
uint64_t cable_passed(const struct cable *cable, enum cable_way way);

#endif
