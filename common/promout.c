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
	static const char *const types[] = {
		[PROMOUT_COUNTER] = " counter\n",
		[PROMOUT_GAUGE] = " gauge\n",
		[PROMOUT_HISTOGRAM] = " histogram\n",
	};

	metrics->name = name;
	put_text(metrics, "# HELP ");
	put_text(metrics, name);
	put_text(metrics, " ");
	put_text(metrics, help);
	put_text(metrics, "\n# TYPE ");
	put_text(metrics, name);
	put_text(metrics, types[type]);
}

/* Write a sample; suffix is a part of its name that the family lacks. */
static void
put_sample(struct promout *metrics, const char *suffix,
    const char *const *labels, const char *value)
{
	const char *before = "{";

	put_text(metrics, metrics->name);
	put_text(metrics, suffix);
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

static const char *
format_uint(uint64_t value, char text[NUMBER_LEN])
{
	(void)snprintf(text, NUMBER_LEN, "%" PRIu64, value);
	return text;
}

static const char *
format_double(double value, char text[NUMBER_LEN])
{
	if (isnan(value)) {
		return "NaN";
	}
	if (isinf(value)) {
		return value > 0 ? "+Inf" : "-Inf";
	}
	/* To the microsecond after years, and no noise. */
	(void)snprintf(text, NUMBER_LEN, "%.12g", value);
	return text;
}

void
promout_uint(struct promout *metrics, const char *const *labels, uint64_t value)
{
	char text[NUMBER_LEN];

	put_sample(metrics, "", labels, format_uint(value, text));
}

void
promout_double(struct promout *metrics, const char *const *labels, double value)
{
	char text[NUMBER_LEN];

	put_sample(metrics, "", labels, format_double(value, text));
}

void
promout_histogram(
    struct promout *metrics, const struct promout_histogram *histogram)
{
	char bound[NUMBER_LEN];
	char text[NUMBER_LEN];
	uint64_t count = 0;

	for (size_t i = 0; i <= histogram->classes; i++) {
		const char *le =
		    i < histogram->classes
			? format_double(histogram->bounds[i], bound)
			: "+Inf";

		count += histogram->counts[i];
		put_sample(metrics, "_bucket", PROMOUT_LABELS("le", le),
		    format_uint(count, text));
	}
	put_sample(metrics, "_sum", NULL, format_double(histogram->sum, text));
	put_sample(metrics, "_count", NULL, format_uint(count, text));
}

int
promout_end(const struct promout *metrics)
{
	return metrics->bad ? -1 : 0;
}
