/* SPDX-License-Identifier: ISC */
/*
 * mem: checked allocation and wiping.
 *
 * Every function that allocates returns NULL on failure and on a size that
 * does not fit size_t, and never aborts: the caller refuses the request it was
 * serving. A count or size of zero is allowed and gives a pointer that can be
 * freed, so NULL always means failure. The caller owns what is returned and
 * ends it with mem_free, or with mem_free_wiped if it held a secret.
 */
#ifndef INROAD_COMMON_MEM_H
#define INROAD_COMMON_MEM_H

#include <stddef.h>

/*
 * Tunes the allocator for a daemon that moves bulk data. Called once, at the
 * start of main; without it everything works, but slower.
 */
void mem_tune(void);

/*
 * Returns a zeroed array of count elements of size bytes, or NULL.
 */
void *mem_new(size_t count, size_t size);

/*
 * Resizes the array p, or NULL for a new one, to count elements of size bytes.
 * What is added is not initialised. Returns the array, which may have moved, or
 * NULL with p left as it was and still owned by the caller. Not for secrets: a
 * moved array leaves its old bytes behind unwiped.
 */
void *mem_grow(void *p, size_t count, size_t size);

/*
 * Returns a copy of the string s, which must not be NULL, or NULL.
 */
char *mem_strdup(const char *s);

/*
 * Returns a terminated copy of the first len bytes of s, or of all of s if it
 * ends before, or NULL. s needs no terminator within len bytes.
 */
char *mem_strndup(const char *s, size_t len);

/*
 * Frees p, which may be NULL.
 */
void mem_free(void *p);

/*
 * Overwrites len bytes at p with zeros in a way the compiler does not remove.
 * p may be NULL if len is 0.
 */
void mem_wipe(void *p, size_t len);

/*
 * Wipes the first len bytes of p, then frees it. p may be NULL, whatever len.
 */
void mem_free_wiped(void *p, size_t len);

#endif
