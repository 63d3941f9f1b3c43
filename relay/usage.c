/* SPDX-License-Identifier: ISC */
#include "relay/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"

void
usage_free(struct usage *usage)
{
	mem_free(usage->months);
	*usage = (struct usage){ .count = 0 };
}

/* Return the place of month in usage, or where it belongs. */
static size_t
place_of(const struct usage *usage, uint32_t month)
{
	size_t at = usage->count;

	while (at > 0 && usage->months[at - 1].month >= month) {
		at--;
	}
	return at;
}

/* Have room for one more month, by the oldest if need be; 0 or -1. */
static int
make_room(struct usage *usage)
{
	if (usage->months == NULL) {
		usage->months = mem_new(USAGE_MONTHS, sizeof(*usage->months));
	}
	if (usage->months == NULL) {
		return -1;
	}
	if (usage->count == USAGE_MONTHS) {
		usage->dropped = usage->months[0].month;
		usage->count--;
		memmove(&usage->months[0], &usage->months[1],
		    usage->count * sizeof(*usage->months));
	}
	return 0;
}

struct usage_month *
usage_at(struct usage *usage, uint32_t month)
{
	size_t at = place_of(usage, month);

	if (at < usage->count && usage->months[at].month == month) {
		return &usage->months[at];
	}
	if ((usage->count == USAGE_MONTHS && at == 0) ||
	    make_room(usage) != 0) {
		return NULL;
	}
	at = place_of(usage, month);
	memmove(&usage->months[at + 1], &usage->months[at],
	    (usage->count - at) * sizeof(*usage->months));
	usage->months[at] = (struct usage_month){ .month = month };
	usage->count++;
	return &usage->months[at];
}

uint64_t
usage_total(const struct usage *usage, uint32_t month)
{
	size_t at = place_of(usage, month);

	if (at == usage->count || usage->months[at].month != month) {
		return 0;
	}
	return usage->months[at].up + usage->months[at].down;
}

/* --- the calendar ---------------------------------------------------- */

uint32_t
usage_month(uint64_t now)
{
	time_t when = (time_t)now;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL) {
		return 0;
	}
	return (uint32_t)(tm.tm_year + 1900) * 100 + (uint32_t)tm.tm_mon + 1;
}

const char *
usage_month_text(uint32_t month, char out[USAGE_MONTH_LEN])
{
	(void)snprintf(out, USAGE_MONTH_LEN, "%04" PRIu32 "-%02" PRIu32,
	    month / 100, month % 100);
	return out;
}

const char *
usage_reset_text(uint32_t month, char out[USAGE_DAY_LEN])
{
	/* The one behind each; the first is behind December. */
	static const char *const next[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };

	(void)snprintf(out, USAGE_DAY_LEN, "1 %s", next[month % 100 % 12]);
	return out;
}
