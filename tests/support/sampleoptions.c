/* SPDX-License-Identifier: ISC */

#include "tests/support/sampleoptions.h"

#include <stddef.h>

#include "common/options.h"

static const struct options_row forward_keys[] = {
	{ .name = "to", .kind = OPTIONS_STRING, .value = "NAME:PORT" },
	{ .name = NULL },
};

static const struct options_row route_keys[] = {
	{ .name = "action",
	    .kind = OPTIONS_STRING,
	    .choices = "direct|refuse" },
	{ .name = "via", .kind = OPTIONS_STRING },
	{ .name = NULL },
};

static const struct options_row level_keys[] = {
	{ .name = "rate", .kind = OPTIONS_RATE, .fallback = "10Mbit" },
	{ .name = "month", .kind = OPTIONS_SIZE },
	{ .name = "streams", .kind = OPTIONS_NUMBER, .most = 4096 },
	{ .name = NULL },
};

static const struct options_row rows[] = {
	{ .name = "config",
	    .kind = OPTIONS_STRING,
	    .properties = OPTIONS_NO_FILE,
	    .letter = 'c',
	    .value = "FILE",
	    .help = "read this configuration file" },
	{ .name = "join",
	    .kind = OPTIONS_STRING,
	    .properties = OPTIONS_NO_FILE | OPTIONS_SECRET,
	    .value = "STRING|-|@FILE",
	    .help = "join the relay of this string" },
	{ .name = "listen",
	    .kind = OPTIONS_LIST,
	    .value = "ADDR:PORT",
	    .help = "where programs connect",
	    .fallback = "127.0.0.1:1080" },
	{ .name = "allow",
	    .kind = OPTIONS_LIST,
	    .value = "RULE",
	    .help = "what callers may reach beyond the services, such as an "
		    "address and a port of the network here" },
	{ .name = "others",
	    .kind = OPTIONS_STRING,
	    .help = "where names go that are not ours",
	    .fallback = "direct",
	    .choices = "direct|refuse" },
	{ .name = "workers",
	    .kind = OPTIONS_NUMBER,
	    .help = "processes",
	    .fallback = "1",
	    .least = 1,
	    .most = 64 },
	{ .name = "budget",
	    .kind = OPTIONS_SIZE,
	    .help = "memory",
	    .fallback = "64MiB",
	    .least = 65536 },
	{ .name = "grace",
	    .kind = OPTIONS_DURATION,
	    .help = "how long a session waits",
	    .fallback = "120s" },
	{ .name = "json",
	    .kind = OPTIONS_FLAG,
	    .letter = 'j',
	    .help = "log in JSON" },
	{ .name = "pac",
	    .kind = OPTIONS_FLAG,
	    .help = "serve a PAC file",
	    .fallback = "true" },
	{ .name = "forward",
	    .kind = OPTIONS_SECTION,
	    .value = "ADDR:PORT=NAME:PORT",
	    .help = "a fixed way to a service",
	    .keys = forward_keys,
	    .flag = "forward" },
	{ .name = "route",
	    .kind = OPTIONS_SECTION,
	    .value = "PATTERN=direct|refuse|via:HOST",
	    .help = "a way for names",
	    .keys = route_keys,
	    .flag = "to" },
	{ .name = "level", .kind = OPTIONS_SECTION, .keys = level_keys },
	{ .name = NULL },
};

const struct options_table sampleoptions = {
	.program = "sample",
	.synopsis = "COMMAND",
	.about = "What a sample does.\n",
	.rows = rows,
	.operands = OPTIONS_COMMAND,
};
