/* SPDX-License-Identifier: ISC */
/*
 * window: how much the receiving half of a stream lets its peer send
 * (PROTOCOL.md section 8).
 *
 * The limit is an absolute offset that never goes back.  It stays `target`
 * bytes above what the owner has consumed; the target follows the owner's
 * speed: each minimum round trip in which c bytes were consumed asks for
 * 3c + 64 KiB.  It grows to that when little waits to be consumed, and shrinks,
 * by not granting, when much does.  A reader that stalls is thereby left with
 * what it was granted, and nobody else is touched.
 *
 * What all windows promise together is charged to a budget that they share:
 * without room in it a window does not grow.
 *
 * Pure: a value in the caller's structure; time comes in as nanoseconds.
 */
#ifndef INROAD_PROTOCOL_WINDOW_H
#define INROAD_PROTOCOL_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_budget;

/* Fields belong to this module. */
struct window {
	struct session_budget *budget;
	uint64_t received;
	uint64_t consumed;
	uint64_t limit;   /* announced */
	uint64_t target;  /* wanted above consumed */
	uint64_t floor;   /* target never falls below its start */
	uint64_t max;     /* nor rises above this */
	uint64_t charged; /* to the budget */
	uint64_t mark_time;
	uint64_t mark_consumed;
};

/*
 * Return the size that a new window should have: less than usual when budget,
 * which may be NULL, is tight.
 */
uint64_t window_first(const struct session_budget *budget, uint64_t max);

/*
 * Start a window of `start` bytes, at most max later, charged to budget, which
 * may be NULL and must otherwise outlive the window.
 */
void window_init(struct window *window, struct session_budget *budget,
    uint64_t start, uint64_t max, uint64_t now_ns);

/* Give back to the budget what the window still holds of it. */
void window_end(struct window *window);

/* n bytes came in.  Returns -1 when that is more than was granted. */
int window_received(struct window *window, size_t n);

/*
 * The owner consumed n bytes at now_ns; rtt_ns is the smallest round trip to
 * the peer.  Returns true when the limit can rise by a quarter of the target
 * or more, which is when it is worth telling.
 */
bool window_consumed(
    struct window *window, size_t n, uint64_t rtt_ns, uint64_t now_ns);

/* Raise the limit as far as it goes and return it. */
uint64_t window_announce(struct window *window);

#endif
