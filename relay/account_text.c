/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "relay/account_impl.h"

/* By UTC: the one who reads it may be anywhere. */
static struct tm
calendar(uint64_t when)
{
	time_t seconds = (time_t)when;
	struct tm tm = { .tm_mday = 1 };

	(void)gmtime_r(&seconds, &tm);
	return tm;
}

const char *
account_text_day(uint64_t when, uint64_t now, char out[ACCOUNT_TEXT_LEN])
{
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	struct tm then = calendar(when);
	struct tm today = calendar(now);

	if (then.tm_year == today.tm_year) {
		snprintf(out, ACCOUNT_TEXT_LEN, "%d %s", then.tm_mday,
		    months[then.tm_mon]);
	} else {
		snprintf(out, ACCOUNT_TEXT_LEN, "%d %s %d", then.tm_mday,
		    months[then.tm_mon], then.tm_year + 1900);
	}
	return out;
}

const char *
account_text_span(uint64_t seconds, char out[ACCOUNT_TEXT_LEN])
{
	const uint64_t day = 86400;
	uint64_t value = seconds;
	const char *unit = "s";

	if (seconds >= 2 * day) {
		value = seconds / day;
		unit = "days";
	} else if (seconds >= 3600) {
		value = seconds / 3600;
		unit = "h";
	} else if (seconds >= 60) {
		value = seconds / 60;
		unit = "min";
	}
	snprintf(out, ACCOUNT_TEXT_LEN, "%" PRIu64 " %s", value, unit);
	return out;
}

void
account_text_removed(uint64_t when, const char *by, uint64_t now, char *out)
{
	char day[ACCOUNT_TEXT_LEN];

	(void)account_text_day(when, now, day);
	if (by == NULL) {
		snprintf(out, LIMITS_TEXT_LEN,
		    "This device was replaced on %s. Ask for a new join "
		    "string.",
		    day);
	} else {
		snprintf(out, LIMITS_TEXT_LEN,
		    "This device was removed on %s by %s. Ask for a new join "
		    "string.",
		    day, by);
	}
}

const char *
account_device_label(
    const struct account_device *device, char out[ACCOUNT_LABEL_LEN])
{
	const struct store_device *row = &device->row;

	if (row->replica == 0) {
		(void)snprintf(out, ACCOUNT_LABEL_LEN, "%s", row->name);
	} else {
		(void)snprintf(out, ACCOUNT_LABEL_LEN, "%s#%u", row->name,
		    (unsigned)row->replica);
	}
	return out;
}
