/* SPDX-License-Identifier: ISC */
#include "relay/levels.h"

#include <string.h>

#include "common/options.h"
#include "relay/account.h"

#define COUNT_ROW(key, what)                                                   \
	{                                                                      \
		.name = (key), .kind = OPTIONS_NUMBER, .value = "N",           \
		.help = (what), .most = ALLOWANCE_COUNT_MAX                    \
	}

#define RATE_ROW(key, what)                                                    \
	{                                                                      \
		.name = (key), .kind = OPTIONS_RATE, .value = "RATE",          \
		.help = (what), .least = ALLOWANCE_RATE_MIN,                   \
		.most = ALLOWANCE_RATE_MAX                                     \
	}

const struct options_row levels_keys[] = {
	COUNT_ROW("devices", "enrolled devices of an account"),
	COUNT_ROW("hosts", "hosts of an account"),
	COUNT_ROW("links", "devices of an account that are connected"),
	COUNT_ROW("channels", "open channels of an account's gateways"),
	COUNT_ROW("attaches", "channels a second that they open"),
	RATE_ROW(ALLOWANCE_RATE_NAME, "both of the next two"),
	RATE_ROW("rate-up", "from an account's gateways to hosts"),
	RATE_ROW("rate-down", "from hosts to an account's gateways"),
	{ .name = "burst",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "of a rate, at once after a pause",
	    .least = ALLOWANCE_BURST_MIN,
	    .most = ALLOWANCE_BURST_MAX },
	{ .name = "month",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "both ways in a calendar month",
	    .most = ALLOWANCE_MONTH_MAX },
	{ .name = NULL },
};

/* Take what section says of a level; 0, or -1 and *fault. */
static int
read_level(const struct options *section,
    struct allowance levels[STORE_GUEST + 1], struct fault *fault)
{
	enum store_level level;

	if (account_level_parse(options_title(section), &level) != 0) {
		return options_refuse(section, NULL, 0, fault,
		    "\"%s\" is no level; there are admin, user and guest",
		    options_title(section));
	}
	if (options_given(section, ALLOWANCE_RATE_NAME)) {
		const uint64_t rate =
		    options_number(section, ALLOWANCE_RATE_NAME);

		allowance_set(&levels[level], ALLOWANCE_RATE_UP, rate);
		allowance_set(&levels[level], ALLOWANCE_RATE_DOWN, rate);
	}
	for (int key = 0; key < ALLOWANCE_KEYS; key++) {
		const char *name = allowance_name((enum allowance_key)key);

		if (options_given(section, name)) {
			allowance_set(&levels[level], (enum allowance_key)key,
			    options_number(section, name));
		}
	}
	return 0;
}

int
levels_read(const struct options *options,
    struct allowance levels[STORE_GUEST + 1], struct fault *fault)
{
	int result = 0;

	memset(levels, 0, (STORE_GUEST + 1) * sizeof(levels[0]));
	for (size_t i = options_count(options, "level"); i > 0 && result == 0;
	     i--) {
		result = read_level(
		    options_section(options, "level", i - 1), levels, fault);
	}
	return result;
}
