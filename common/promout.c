/* SPDX-License-Identifier: ISC */
#include "common/promout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"

/* The longest number. */
#define NUMBER_LEN 32

static void
put(struct promout *metrics, const char *text, size_t len)
{
	if (!metrics->bad && buf_append(metrics->out, text, len) != 0) {
		metrics->bad = true;
	}
}

static void
put_text(struct promout *metrics, const char *text)
{
	put(metrics, text, strlen(text));
}

/* Append the value of a label. */
static void
put_escaped(struct promout *metrics, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '\\':
			put_text(metrics, "\\\\");
			break;
		case '"':
			put_text(metrics, "\\\"");
			break;
		case '\n':
			put_text(metrics, "\\n");
			break;
		default:
			put(metrics, text, 1);
			break;
		}
	}
}

void
promout_begin(struct promout *metrics, struct buf *out)
{
	*metrics = (struct promout){ .out = out };
}

void
promout_family(struct promout *metrics, const char *name,
    enum promout_type type, const char *help)
{
	metrics->name = name;
	put_text(metrics, "# HELP ");
	put_text(metrics, name);
	put_text(metrics, " ");
	put_text(metrics, help);
	put_text(metrics, "\n# TYPE ");
	put_text(metrics, name);
	put_text(metrics, type == PROMOUT_COUNTER ? " counter\n" : " gauge\n");
}

static void
put_sample(
    struct promout *metrics, const char *const *labels, const char *value)
{
	const char *before = "{";

	put_text(metrics, metrics->name);
	for (; labels != NULL && labels[0] != NULL; labels += 2) {
		put_text(metrics, before);
		put_text(metrics, labels[0]);
		put_text(metrics, "=\"");
		put_escaped(metrics, labels[1]);
		put_text(metrics, "\"");
		before = ",";
	}
	put_text(metrics, before[0] == ',' ? "} " : " ");
	put_text(metrics, value);
	put_text(metrics, "\n");
}

void
promout_uint(struct promout *metrics, const char *const *labels, uint64_t value)
{
	char text[NUMBER_LEN];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	put_sample(metrics, labels, text);
}

void
promout_double(struct promout *metrics, const char *const *labels, double value)
{
	char text[NUMBER_LEN];

	if (isnan(value)) {
		put_sample(metrics, labels, "NaN");
	} else if (isinf(value)) {
		put_sample(metrics, labels, value > 0 ? "+Inf" : "-Inf");
	} else {
		/* To the microsecond after years, and no noise. */
		(void)snprintf(text, sizeof(text), "%.12g", value);
		put_sample(metrics, labels, text);
	}
}

int
promout_end(const struct promout *metrics)
{
	return metrics->bad ? -1 : 0;
}
