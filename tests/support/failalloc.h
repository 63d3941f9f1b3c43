/* SPDX-License-Identifier: ISC */
/*
 * failalloc: lets chosen allocations fail.
 *
 * Counts the calls of malloc, calloc and realloc made by our own code and by
 * what is linked statically; the calls that shared libraries make are not
 * counted, nor are those of Check, so assertions may stand between arming and
 * the call under test.
 *
 * The sweep every test of an allocating function does:
 *
 *	for (long n = 1;; n++) {
 *		failalloc_after(n);
 *		thing = thing_new();
 *		failed = failalloc_hit();
 *		failalloc_off();
 *		if (!failed) {
 *			break;
 *		}
 *		ck_assert_ptr_null(thing);
 *	}
 *	ck_assert_ptr_nonnull(thing);
 */
#ifndef INROAD_TESTS_SUPPORT_FAILALLOC_H
#define INROAD_TESTS_SUPPORT_FAILALLOC_H

#include <stdbool.h>

/*
 * Lets the n-th allocation from now fail, counted from 1, and no other.
 * Forgets what was set before.
 */
void failalloc_after(long n);

/*
 * Lets the n-th allocation from now fail, counted from 1, and all after it
 * until failalloc_off. Forgets what was set before.
 */
void failalloc_forever_after(long n);

/*
 * Lets allocations succeed again. failalloc_hit keeps its answer.
 */
void failalloc_off(void);

/*
 * Returns whether an allocation was made to fail since it was last set.
 */
bool failalloc_hit(void);

#endif
