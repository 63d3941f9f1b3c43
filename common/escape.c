/* SPDX-License-Identifier: ISC */
#include "common/escape.h"

#include <stdint.h>
#include <string.h>

#define INVALID UINT32_MAX

/*
 * Return the character at pos and its length in *len, or INVALID and 1.
 * Overlong forms, surrogates and numbers above U+10FFFF are invalid.
 */
static uint32_t
decode(const uint8_t *pos, size_t left, size_t *len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = pos[0];
	size_t n;

	*len = 1;
	if (c < 0x80) {
		return c;
	}
	if (c >= 0xf8 || c < 0xc0) {
		return INVALID;
	}
	/* 110xxxxx begins two bytes, 1110xxxx three, 11110xxx four. */
	n = 2u + (c >= 0xe0) + (c >= 0xf0);
	if (left < n) {
		return INVALID;
	}
	c &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if ((pos[i] & 0xc0) != 0x80) {
			return INVALID;
		}
		c = c << 6 | (pos[i] & 0x3fu);
	}
	if (c < least[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) {
		return INVALID;
	}
	*len = n;
	return c;
}

/* Return true for characters that must not reach a terminal as they are. */
static bool
is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x61c || c == 0xfeff;
}

/* Return the letter of the two-character form of c in style, or 0. */
static char
short_form(enum escape_style style, uint32_t c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '\b':
		return style == ESCAPE_JSON ? 'b' : '\0';
	case '\f':
		return style == ESCAPE_JSON ? 'f' : '\0';
	case '"':
	case '\\':
		if (style == ESCAPE_PLAIN) {
			return '\0';
		}
		return (char)c;
	default:
		return '\0';
	}
}

/* Write a backslash, letter and the low digits of value in hex to out. */
static size_t
write_hex(char out[ESCAPE_MAX], char letter, uint32_t value, size_t digits)
{
	out[0] = '\\';
	out[1] = letter;
	for (size_t i = 0; i < digits; i++) {
		out[1 + digits - i] = "0123456789abcdef"[value & 0xf];
		value >>= 4;
	}
	return digits + 2;
}

size_t
escape_next(enum escape_style style, const char **pos, const char *end,
    char out[ESCAPE_MAX])
{
	const uint8_t *bytes = (const uint8_t *)*pos;
	size_t len;
	uint32_t c = decode(bytes, (size_t)(end - *pos), &len);
	char letter = short_form(style, c);

	*pos += len;
	if (letter != '\0') {
		out[0] = '\\';
		out[1] = letter;
		return 2;
	}
	if (c == INVALID) {
		return style == ESCAPE_JSON ? write_hex(out, 'u', 0xfffd, 4)
					    : write_hex(out, 'x', bytes[0], 2);
	}
	if (is_unsafe(c)) {
		return write_hex(out, 'u', c, 4);
	}
	memcpy(out, bytes, len);
	return len;
}

size_t
escape_text(enum escape_style style, const char *text, char *out, size_t size)
{
	const char *end = text + strlen(text);
	char piece[ESCAPE_MAX];
	size_t used = 0;

	while (text < end) {
		size_t len = escape_next(style, &text, end, piece);

		if (len >= size - used) {
			break;
		}
		memcpy(out + used, piece, len);
		used += len;
	}
	out[used] = '\0';
	return used;
}

bool
escape_is_utf8(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		size_t used;
		uint32_t c =
		    decode((const uint8_t *)text, (size_t)(end - text), &used);

		if (c == INVALID || c == 0) {
			return false;
		}
		text += used;
	}
	return true;
}
