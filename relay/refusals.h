/* SPDX-License-Identifier: ISC */
/*
 * refusals: how soon a stranger is told that nobody knows him, and how many of
 * such lines the log gets.
 *
 * A stranger's credentials are 32 random bytes, so guessing them is no danger.
 * What is: learning from the time of an answer which accounts there are, work
 * for nothing, and a log that is nothing but refusals.  So
 *
 * - a refusal comes REFUSALS_PAUSE after the login at the earliest, however
 *   soon it was decided;
 * - an address gets REFUSALS_BURST of them at once, then REFUSALS_RATE a
 *   second: later ones wait, and what would wait longer than REFUSALS_WAIT_MAX
 *   gets no answer but the end of the connection;
 * - the log has a line for some of them, with the number of those that have
 *   none.
 *
 * Whoever shows a good credential is never held up, whatever others at the same
 * address do: behind one address there may be a whole company.  An address is
 * one of IPv4 or a /64 of IPv6 (addr_origin()).
 *
 * Pure: times are arguments, in nanoseconds of a monotonic clock.  Memory is
 * bounded: of REFUSALS_ADDRESSES_MAX addresses the one that was refused least
 * recently is forgotten, 150 bytes each.
 */
#ifndef INROAD_RELAY_REFUSALS_H
#define INROAD_RELAY_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/limits.h"

struct addr;
struct refusals;

/* Many times what a login takes in memory, and too short for people to mind. */
#define REFUSALS_PAUSE (LIMITS_SEC / 4)

/*
 * Refusals of one address, at once and a second: machines of a site whose
 * account was deleted come back once in a minute or so.
 */
#define REFUSALS_BURST 30
#define REFUSALS_RATE 1

/* Half of what a device waits for the end of a handshake. */
#define REFUSALS_WAIT_MAX (5 * LIMITS_SEC)

/* 600 KB, whoever comes from wherever. */
#define REFUSALS_ADDRESSES_MAX 4096

/* Lines of the log, at once and a second. */
#define REFUSALS_LOG_BURST 50
#define REFUSALS_LOG_RATE 1

/* What refusals_wait() says of those who get no answer. */
#define REFUSALS_NEVER UINT64_MAX

/* Return refusals at the time now, of no more than max addresses, or NULL. */
struct refusals *refusals_new(uint32_t max, uint64_t now);

/* Free refusals; NULL is allowed. */
void refusals_free(struct refusals *refusals);

/*
 * Note that a stranger from peer logged in at the time now.  Returns how long
 * after that the answer may be given, or REFUSALS_NEVER.
 */
uint64_t refusals_wait(
    struct refusals *refusals, const struct addr *peer, uint64_t now);

/*
 * Return true when the log may have a line for a refusal, at the time now;
 * *missed is how many had none since the last one that had.
 */
bool refusals_log(struct refusals *refusals, uint64_t now, uint64_t *missed);

#endif
