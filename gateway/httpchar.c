/* SPDX-License-Identifier: ISC */
#include "gateway/httpchar.h"

#include <string.h>

bool
httpchar_is_token(uint8_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
		return true;
	}
	return httpchar_is_digit(c) ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool
httpchar_is_value(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

bool
httpchar_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool
httpchar_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

int
httpchar_hex(uint8_t c)
{
	if (httpchar_is_digit(c)) {
		return c - '0';
	}
	c = httpchar_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint8_t
httpchar_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool
httpchar_same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (a_len != b_len) {
		return false;
	}
	for (size_t i = 0; i < a_len; i++) {
		if (httpchar_lower(a[i]) != httpchar_lower(b[i])) {
			return false;
		}
	}
	return true;
}

bool
httpchar_is(const uint8_t *data, size_t len, const char *text)
{
	return httpchar_same(data, len, (const uint8_t *)text, strlen(text));
}

const uint8_t *
httpchar_next(const uint8_t *list, size_t list_len, size_t *at, size_t *len)
{
	size_t start;
	size_t end;

	while (*at < list_len &&
	       (list[*at] == ',' || httpchar_is_blank(list[*at]))) {
		(*at)++;
	}
	if (*at == list_len) {
		return NULL;
	}
	start = *at;
	while (*at < list_len && list[*at] != ',') {
		(*at)++;
	}
	end = *at;
	while (httpchar_is_blank(list[end - 1])) {
		end--;
	}
	*len = end - start;
	return &list[start];
}
