/* SPDX-License-Identifier: ISC */
/*
 * retain: the sealed records of one direction that the peer may still need
 * (PROTOCOL.md section 7).
 *
 * A queue of blobs numbered without gaps.  Records go in as they are sealed
 * and leave when the peer has acknowledged them; meanwhile a resend takes the
 * identical bytes from here.  The bytes held are counted with their overhead,
 * so that many small records cannot pass as few bytes; several queues may add
 * theirs to one total.
 */
#ifndef INROAD_PROTOCOL_RETAIN_H
#define INROAD_PROTOCOL_RETAIN_H

#include <stddef.h>
#include <stdint.h>

struct blob;

/* Fields belong to this module. */
struct retain {
	struct blob **ring;
	size_t cap;     /* a power of two, 0 at first */
	uint64_t first; /* number of the oldest record held */
	uint64_t next;  /* number of the next record */
	uint64_t bytes;
	uint64_t *total; /* of all queues that share it, or NULL */
};

/*
 * Set up an empty queue whose first record will have number 0.  What it holds
 * is also counted in *total until retain_disown() or the end; NULL is allowed.
 */
void retain_init(struct retain *retain, uint64_t *total);

/* Count in no total any more, which may go: what is held is taken off it. */
void retain_disown(struct retain *retain);

/* Let go of all records. */
void retain_end(struct retain *retain);

/* Make sure that one more record fits; 0, or -1 when memory is short. */
int retain_reserve(struct retain *retain);

/* Hold one more reference to blob as the next record, after retain_reserve. */
void retain_push(struct retain *retain, struct blob *blob);

/*
 * The peer has all records below number expected.  Returns 0, or -1 when that
 * is impossible: below what it had before, or above what was sealed.
 */
int retain_acknowledge(struct retain *retain, uint64_t expected);

/* Return the number of the oldest record held, or of the next one. */
uint64_t retain_first(const struct retain *retain);

/* Return the number of the next record. */
uint64_t retain_next(const struct retain *retain);

/* Return the record with this number, or NULL when it is not held. */
struct blob *retain_get(const struct retain *retain, uint64_t number);

/* Return the bytes held. */
uint64_t retain_bytes(const struct retain *retain);

#endif
