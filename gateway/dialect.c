/* SPDX-License-Identifier: ISC */
#include "gateway/dialect.h"

static const char *const names[] = {
	[DIALECT_FORWARD] = "forward",
	[DIALECT_SOCKS5] = "socks5",
	[DIALECT_SOCKS4] = "socks4",
	[DIALECT_CONNECT] = "connect",
	[DIALECT_HTTP] = "http",
	[DIALECT_LOCALHOST] = "localhost",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == DIALECTS, "all have a name");

const char *
dialect_name(enum dialect dialect)
{
	return names[dialect];
}
