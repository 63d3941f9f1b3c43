/* SPDX-License-Identifier: ISC */
#include "common/quantity.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Six digits behind the point count: more is no precision that anybody has. */
#define PART_MAX 1000000

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit number_units[] = { { "", 1 }, { NULL, 0 } };

static const struct unit size_units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "TiB", UINT64_C(1) << 40 },
	{ "kiB", UINT64_C(1) << 10 },
	{ "kB", 1000 },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", 1000000000000 },
	{ NULL, 0 },
};

static const struct unit rate_units[] = {
	{ "bit", 1 },
	{ "kbit", 1000 },
	{ "Kbit", 1000 },
	{ "Mbit", 1000000 },
	{ "Gbit", 1000000000 },
	{ "B", 8 },
	{ "kB", 8000 },
	{ "KB", 8000 },
	{ "MB", 8000000 },
	{ "GB", 8000000000 },
	{ "KiB", UINT64_C(8) << 10 },
	{ "kiB", UINT64_C(8) << 10 },
	{ "MiB", UINT64_C(8) << 20 },
	{ "GiB", UINT64_C(8) << 30 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60) * 1000000000 },
	{ "h", UINT64_C(3600) * 1000000000 },
	{ "d", UINT64_C(86400) * 1000000000 },
	{ NULL, 0 },
};

/* Digits of a number, and of what stands behind its point. */
struct digits {
	uint64_t whole;
	uint64_t part;  /* in units of 1 / scale */
	uint64_t scale; /* a power of ten; 1: there is no point */
};

/* Append digit to *value; 0, or -1 when that does not fit. */
static int
append(uint64_t *value, char digit)
{
	return __builtin_mul_overflow(*value, 10, value) ||
		       __builtin_add_overflow(
			   *value, (uint64_t)(digit - '0'), value)
		   ? -1
		   : 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read digits from *text, which moves behind them; 0 or -1. */
static int
read_digits(const char **text, struct digits *out)
{
	const char *at = *text;

	*out = (struct digits){ .scale = 1 };
	if (!is_digit(*at)) {
		return -1;
	}
	for (; is_digit(*at); at++) {
		if (append(&out->whole, *at) != 0) {
			return -1;
		}
	}
	if (*at == '.' && is_digit(at[1])) {
		for (at++; is_digit(*at) && out->scale < PART_MAX; at++) {
			out->scale *= 10;
			(void)append(&out->part, *at);
		}
	}
	*text = at;
	return 0;
}

/* Return the unit that text begins with and ends with, or NULL. */
static const struct unit *
find_unit(const struct unit *units, const char *text, size_t len)
{
	while (
	    units->name != NULL && (strlen(units->name) != len ||
				       memcmp(units->name, text, len) != 0)) {
		units++;
	}
	return units->name != NULL ? units : NULL;
}

/* Multiply what was read with factor into *out; 0 or -1. */
static int
multiply(const struct digits *digits, uint64_t factor, uint64_t *out)
{
	uint64_t value;
	uint64_t part;

	if (digits->scale > 1 && factor == 1) {
		return -1; /* half a byte */
	}
	if (__builtin_mul_overflow(digits->whole, factor, &value) ||
	    __builtin_mul_overflow(digits->part, factor, &part) ||
	    __builtin_add_overflow(value, part / digits->scale, &value)) {
		return -1;
	}
	*out = value;
	return 0;
}

/* Parse a number and one of units into *out; 0 or -1. */
static int
parse(const char *text, const struct unit *units, uint64_t *out)
{
	const struct unit *unit = NULL;
	struct digits digits;

	if (read_digits(&text, &digits) == 0) {
		unit = find_unit(units, text, strlen(text));
	}
	return unit != NULL ? multiply(&digits, unit->factor, out) : -1;
}

int
quantity_number(const char *text, uint64_t *out)
{
	return parse(text, number_units, out);
}

int
quantity_size(const char *text, uint64_t *out)
{
	return parse(text, size_units, out);
}

int
quantity_rate(const char *text, uint64_t *out)
{
	const struct unit *unit = NULL;
	struct digits digits;
	size_t len;

	if (read_digits(&text, &digits) == 0) {
		len = strlen(text);
		len -= len > 2 && strcmp(text + len - 2, "/s") == 0 ? 2 : 0;
		unit = find_unit(rate_units, text, len);
	}
	return unit != NULL ? multiply(&digits, unit->factor, out) : -1;
}

int
quantity_duration(const char *text, uint64_t *out)
{
	if (strcmp(text, "0") == 0) {
		*out = 0;
		return 0;
	}
	/* "1.5h" would be one more way to write what is written "90m". */
	return strchr(text, '.') == NULL ? parse(text, duration_units, out)
					 : -1;
}

/* Write value in the largest unit of names that leaves a whole part. */
static char *
format(uint64_t value, uint64_t step, const char *const *names,
    char out[QUANTITY_LEN])
{
	uint64_t factor = 1;
	uint64_t tenths;
	size_t i = 0;

	while (names[i + 1] != NULL && value / factor >= step) {
		factor *= step;
		i++;
	}
	/* Cut, not rounded: 1023.99 KiB must not read as 1024 KiB. */
	tenths = (value % factor) / (factor / 10 > 0 ? factor / 10 : 1);
	if (factor == 1 || tenths == 0) {
		(void)snprintf(out, QUANTITY_LEN, "%" PRIu64 " %s",
		    value / factor, names[i]);
	} else {
		(void)snprintf(out, QUANTITY_LEN, "%" PRIu64 ".%" PRIu64 " %s",
		    value / factor, tenths > 9 ? 9 : tenths, names[i]);
	}
	return out;
}

char *
quantity_format_size(uint64_t bytes, char out[QUANTITY_LEN])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", NULL };

	return format(bytes, 1024, names, out);
}

char *
quantity_format_rate(uint64_t bits, char out[QUANTITY_LEN])
{
	static const char *const names[] = { "bit/s", "kbit/s", "Mbit/s",
		"Gbit/s", NULL };

	return format(bits, 1000, names, out);
}

char *
quantity_format_duration(uint64_t ns, char out[QUANTITY_LEN])
{
	/* From the largest on; each with the one that follows. */
	static const struct {
		uint64_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t seconds = ns / 1000000000;
	size_t i = 0;

	if (seconds == 0) {
		(void)snprintf(
		    out, QUANTITY_LEN, "%" PRIu64 " ms", ns / 1000000);
		return out;
	}
	while (seconds < units[i].seconds) {
		i++;
	}
	if (units[i].seconds == 1 || seconds % units[i].seconds == 0) {
		(void)snprintf(out, QUANTITY_LEN, "%" PRIu64 " %c",
		    seconds / units[i].seconds, units[i].name);
	} else {
		(void)snprintf(out, QUANTITY_LEN,
		    "%" PRIu64 " %c %" PRIu64 " %c", seconds / units[i].seconds,
		    units[i].name,
		    seconds % units[i].seconds / units[i + 1].seconds,
		    units[i + 1].name);
	}
	return out;
}
