/* SPDX-License-Identifier: ISC */
/*
 * The text of a membership.  What is taken is written as text that is taken
 * again and written alike; of what is refused nothing is left.
 */
#include "protocol/membership.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool condition)
{
	if (!condition) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct membership membership;
	char text[2][MEMBERSHIP_TEXT_MAX];
	unsigned line = 0;
	const char *flaw = NULL;
	size_t text_len;

	if (membership_parse(
		&membership, (const char *)data, len, &line, &flaw) != 0) {
		require(line > 0 && flaw != NULL);
		require(sodium_is_zero(
		    (const uint8_t *)&membership, sizeof(membership)));
		return 0;
	}
	require(membership_flaw(&membership) == NULL);
	text_len = membership_format(&membership, text[0]);
	require(text_len > 0);
	require(membership_parse(
		    &membership, text[0], text_len, &line, &flaw) == 0);
	require(membership_format(&membership, text[1]) == text_len);
	require(memcmp(text[0], text[1], text_len) == 0);
	return 0;
}
