/* SPDX-License-Identifier: ISC */
#include "gateway/basic.h"

#include <sodium.h>
#include <string.h>

#include "gateway/httpchar.h"

static const char scheme[] = "basic";

int
basic_decode(const uint8_t *value, size_t len, struct basic *out)
{
	size_t start = sizeof(scheme) - 1;
	size_t text_len;
	const char *colon;

	if (len <= start || !httpchar_is(value, start, scheme) ||
	    value[start] != ' ') {
		return -1;
	}
	while (start < len && value[start] == ' ') {
		start++;
	}
	if (sodium_base642bin((unsigned char *)out->text, sizeof(out->text),
		(const char *)value + start, len - start, NULL, &text_len, NULL,
		sodium_base64_VARIANT_ORIGINAL) != 0) {
		return -1;
	}
	colon = memchr(out->text, ':', text_len);
	if (colon == NULL) {
		return -1;
	}
	out->user_len = (size_t)(colon - out->text);
	out->password = colon + 1;
	out->password_len = text_len - out->user_len - 1;
	return out->user_len <= USERS_WORD_MAX &&
		       out->password_len <= USERS_WORD_MAX
		   ? 0
		   : -1;
}
