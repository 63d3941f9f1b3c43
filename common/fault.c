/* SPDX-License-Identifier: ISC */
#include "common/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
fault_set(struct fault *fault, const char *format, ...)
{
	int saved = errno;
	struct fault made;
	va_list args;

	/* Made aside first: the old text may be one of the arguments. */
	va_start(args, format);
	(void)vsnprintf(made.text, sizeof(made.text), format, args);
	va_end(args);
	*fault = made;
	errno = saved;
	return -1;
}

/* Add text to what made says, as far as there is room. */
static void
add(struct fault *made, const char *text)
{
	size_t len = strlen(made->text);
	size_t n = strnlen(text, sizeof(made->text) - 1 - len);

	memcpy(made->text + len, text, n);
	made->text[len + n] = '\0';
}

int
fault_prefix(struct fault *fault, const char *format, ...)
{
	int saved = errno;
	struct fault made;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(made.text, sizeof(made.text), format, args);
	va_end(args);
	add(&made, ": ");
	add(&made, fault->text);
	*fault = made;
	errno = saved;
	return -1;
}
