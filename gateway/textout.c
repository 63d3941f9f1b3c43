/* SPDX-License-Identifier: ISC */
#include "gateway/textout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/escape.h"

void
textout_begin(struct textout *text, struct buf *out)
{
	*text = (struct textout){ .out = out };
}

void
textout_bytes(struct textout *text, const void *data, size_t len)
{
	if (!text->bad && buf_append(text->out, data, len) != 0) {
		text->bad = true;
	}
}

void
textout_format(struct textout *text, const char *format, ...)
{
	char piece[TEXTOUT_MAX];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(piece)) {
		text->bad = true;
		return;
	}
	textout_bytes(text, piece, (size_t)len);
}

/* Return what stands for c, or NULL if that is c itself. */
static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void
textout_html(struct textout *text, const char *words)
{
	const char *end = words + strlen(words);
	char form[ESCAPE_MAX];
	const char *name;
	size_t len;

	while (words < end) {
		name = entity(*words);
		if (name != NULL) {
			textout_bytes(text, name, strlen(name));
			words++;
			continue;
		}
		len = escape_next(ESCAPE_PLAIN, &words, end, form);
		textout_bytes(text, form, len);
	}
}

int
textout_end(const struct textout *text)
{
	return text->bad ? -1 : 0;
}
