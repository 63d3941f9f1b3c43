/* SPDX-License-Identifier: ISC */
/*
 * written: what a function writes to a queue, in every way that it can fail.
 */
#ifndef INROAD_TESTS_SUPPORT_WRITTEN_H
#define INROAD_TESTS_SUPPORT_WRITTEN_H

struct buf;

/*
 * A function under test: appends to out and returns 0, or -1.
 */
typedef int written_by(struct buf *out, const void *arg);

/*
 * Calls write(out, arg) with enough room and returns what was appended, as a
 * string of the caller's, to be given to free(3). Asserts that it takes no byte
 * more than that, and that it tells when there is less room, and when any of
 * its allocations fails.
 */
char *written(written_by *write, const void *arg);

#endif
