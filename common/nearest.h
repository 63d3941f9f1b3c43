/* SPDX-License-Identifier: ISC */
/*
 * nearest: the word that somebody probably meant.
 */
#ifndef INROAD_COMMON_NEAREST_H
#define INROAD_COMMON_NEAREST_H

#include <stddef.h>

/* Words longer than this are compared with nothing. */
#define NEAREST_LEN_MAX 64

/*
 * The search, as a value on the stack: begun with nearest_begin(), fed with
 * nearest_try(); best then is the nearest word so far, or NULL when none is
 * near.  The words are kept by pointer.  Other fields belong to this module.
 */
struct nearest {
	const char *best;
	const char *word;
	size_t distance;
};

/* Begin a search for what is nearest to word, which is kept by pointer. */
void nearest_begin(struct nearest *search, const char *word);

/*
 * Compare with candidate.  Near is who can be had with few slips of the
 * fingers (a letter wrong, missing, too many, or two swapped): at most one in
 * three letters, case left aside.  Of two as near, the first stays.
 */
void nearest_try(struct nearest *search, const char *candidate);

/* Return the word of the list, which ends with NULL, nearest to word or NULL.
 */
const char *nearest(const char *word, const char *const *list);

#endif
