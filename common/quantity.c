/* SPDX-License-Identifier: ISC */
#include "common/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
	{ "bit/s", 1 },
	{ "kbit/s", 1000 },
	{ "Kbit/s", 1000 },
	{ "Mbit/s", 1000000 },
	{ "Gbit/s", 1000000000 },
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

/* Parse digits and one of units into *out; 0 or -1. */
static int
parse(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t value = 0;

	if (*text < '0' || *text > '9') {
		return -1;
	}
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(
			value, (uint64_t)(*text - '0'), &value)) {
			return -1;
		}
	}
	while (units->name != NULL && strcmp(text, units->name) != 0) {
		units++;
	}
	if (units->name == NULL ||
	    __builtin_mul_overflow(value, units->factor, &value)) {
		return -1;
	}
	*out = value;
	return 0;
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
	return parse(text, rate_units, out);
}

int
quantity_duration(const char *text, uint64_t *out)
{
	if (strcmp(text, "0") == 0) {
		*out = 0;
		return 0;
	}
	return parse(text, duration_units, out);
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
