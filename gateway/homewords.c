/* SPDX-License-Identifier: ISC */
#include "gateway/homewords.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

const char *
homewords_time(uint64_t seconds, char out[HOMEWORDS_LEN])
{
	static const struct {
		uint64_t seconds;
		uint64_t from; /* the unit is used above that */
		const char *name;
	} units[] = {
		{ 86400, 172800, "days" },
		{ 3600, 7200, "h" },
		{ 60, 120, "min" },
		{ 1, 0, "s" },
	};
	size_t i = 0;

	while (seconds < units[i].from) {
		i++;
	}
	(void)snprintf(out, HOMEWORDS_LEN, "%" PRIu64 " %s",
	    seconds / units[i].seconds, units[i].name);
	return out;
}

const char *
homewords_size(uint64_t bytes, char out[HOMEWORDS_LEN])
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB",
		"EB" };
	double value = (double)bytes;
	size_t i = 0;

	/* What would be rounded to four digits takes the next unit. */
	while (value >= 999.5) {
		value /= 1000;
		i++;
	}
	(void)snprintf(out, HOMEWORDS_LEN,
	    i > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, names[i]);
	return out;
}

const char *
homewords_rtt(uint64_t ns, char out[HOMEWORDS_LEN])
{
	double ms = (double)ns / 1e6;

	if (ns < 999500) {
		(void)snprintf(out, HOMEWORDS_LEN, "%.0f µs", ms * 1000);
	} else {
		(void)snprintf(
		    out, HOMEWORDS_LEN, ms < 99.95 ? "%.1f ms" : "%.0f ms", ms);
	}
	return out;
}

const char *
homewords_date(uint64_t when, char out[HOMEWORDS_LEN])
{
	time_t time = (time_t)when;
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL ||
	    strftime(out, HOMEWORDS_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
		out[0] = '\0';
	}
	return out;
}
