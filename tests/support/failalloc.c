/* SPDX-License-Identifier: ISC */

#include "tests/support/failalloc.h"

#include <errno.h>
#include <stddef.h>

/* The linker chose the names. */
/* NOLINTBEGIN(*-reserved-identifier,*-identifier-naming) */
/*
 * The linker's --wrap option sends each reference to malloc here and offers the
 * original as __real_malloc. Under AddressSanitizer that original is the
 * sanitizer's own, so both work together.
 */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

/*
 * Check allocates through these two. Weak, because a Check that is a shared
 * library has no such references to wrap.
 */
__attribute__((weak)) void *__real_emalloc(size_t size);
__attribute__((weak)) void *__real_erealloc(void *p, size_t size);
void *__wrap_emalloc(size_t size);
void *__wrap_erealloc(void *p, size_t size);
/* NOLINTEND(*-reserved-identifier,*-identifier-naming) */

static struct {
	/* Allocations until the one that fails; 0 if none is to fail. */
	long left;
	/* Whether all after it fail too. */
	bool forever;
	bool hit;
} failalloc;

static bool
fails(void)
{
	if (failalloc.left == 0) {
		return false;
	}
	if (failalloc.left > 1) {
		failalloc.left--;
		return false;
	}
	if (!failalloc.forever) {
		failalloc.left = 0;
	}
	failalloc.hit = true;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *
__wrap_emalloc(size_t size)
{
	long left = failalloc.left;
	void *p;

	failalloc.left = 0;
	p = __real_emalloc(size);
	failalloc.left = left;
	return p;
}

void *
__wrap_erealloc(void *p, size_t size)
{
	long left = failalloc.left;
	void *moved;

	failalloc.left = 0;
	moved = __real_erealloc(p, size);
	failalloc.left = left;
	return moved;
}

void
failalloc_after(long n)
{
	failalloc.left = n;
	failalloc.forever = false;
	failalloc.hit = false;
}

void
failalloc_forever_after(long n)
{
	failalloc.left = n;
	failalloc.forever = true;
	failalloc.hit = false;
}

void
failalloc_off(void)
{
	failalloc.left = 0;
}

bool
failalloc_hit(void)
{
	return failalloc.hit;
}
