/* SPDX-License-Identifier: ISC */
/* A field with HTTP Basic: what was decoded lies within its room. */
#include <stdlib.h>

#include "gateway/basic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct basic basic;

	if (basic_decode(data, size, &basic) == 0 &&
	    (basic.user_len > USERS_WORD_MAX ||
		basic.password_len > USERS_WORD_MAX ||
		basic.password != basic.text + basic.user_len + 1)) {
		abort();
	}
	return 0;
}
