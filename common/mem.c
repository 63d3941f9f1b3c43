/* SPDX-License-Identifier: ISC */

#include "common/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void *
mem_new(size_t count, size_t size)
{
	/* calloc checks the product itself. */
	if (count == 0 || size == 0) {
		return calloc(1, 1);
	}
	return calloc(count, size);
}

void *
mem_grow(void *p, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		return NULL;
	}
	return realloc(p, total > 0 ? total : 1);
}

char *
mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *
mem_strndup(const char *s, size_t len)
{
	size_t used = strnlen(s, len);
	char *copy;

	/* No object is SIZE_MAX bytes long, so this does not overflow. */
	copy = mem_new(used + 1, 1);
	if (copy != NULL) {
		memcpy(copy, s, used);
	}
	return copy;
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_wipe(void *p, size_t len)
{
	if (len > 0) {
		sodium_memzero(p, len);
	}
}

void
mem_free_wiped(void *p, size_t len)
{
	if (p == NULL) {
		return;
	}
	mem_wipe(p, len);
	free(p);
}
