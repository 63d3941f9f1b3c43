/* SPDX-License-Identifier: ISC */
/*
 * revoked: the shares that the owner ended before their time.
 *
 * A share is a capability that the agent checks without keeping it, so what
 * ended one has to be kept: its id, until its expiry.  The set is the file
 *
 *	revoked   "share expiry" in decimal, a line each
 *
 * of the state directory, written whole before an order is answered.  Writing
 * blocks, on rare occasions and for a few kilobytes.
 */
#ifndef INROAD_AGENT_REVOKED_H
#define INROAD_AGENT_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

struct fault;
struct revoked;

/* Shares that are kept, most of which never expire by themselves. */
#define REVOKED_MAX 4096

/* What came of revoked_add(). */
enum revoked_result {
	REVOKED_KEPT,
	REVOKED_FULL,
	REVOKED_FAILED, /* it could not be written; it counts all the same */
};

/*
 * Read the set from the directory, or begin an empty one.  Returns NULL and
 * *fault when the file is not right or memory is short.
 */
struct revoked *revoked_open(const char *directory, struct fault *fault);

/* Free revoked; NULL is allowed. */
void revoked_free(struct revoked *revoked);

/*
 * Keep share, which is not 0, until expiry (unix seconds, 0: for ever), at the
 * time now, and forget those that are over.  On REVOKED_FAILED *fault says why.
 */
enum revoked_result revoked_add(struct revoked *revoked, uint64_t share,
    uint64_t expiry, uint64_t now, struct fault *fault);

/* Return true when share was revoked. */
bool revoked_has(const struct revoked *revoked, uint64_t share);

#endif
