/* SPDX-License-Identifier: ISC */
/*
 * Addresses, with ports and as prefixes.  What is accepted comes back the same
 * after it was printed, and a prefix holds its own base.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
try_addr(const char *text)
{
	char printed[ADDR_TEXT_LEN];
	char host[ADDR_HOST_LEN];
	struct addr addr;
	struct addr again;
	uint16_t port;

	if (addr_parse(&addr, text) != 0) {
		return;
	}
	if (addr_parse(&again, addr_format(&addr, printed)) != 0 ||
	    !addr_equal(&addr, &again)) {
		abort();
	}
	if (addr_split(text, host, sizeof(host), &port) != 0 ||
	    port != addr_port(&addr)) {
		abort();
	}
	addr_unmap(&addr, &again);
	if (addr_is_loopback(&addr) != addr_is_loopback(&again) ||
	    addr_is_guarded(&addr) != addr_is_guarded(&again)) {
		abort();
	}
}

static void
try_prefix(const char *text)
{
	struct addr_prefix prefix;
	struct addr plain;

	if (addr_prefix_parse(&prefix, text) != 0) {
		return;
	}
	/* An IPv6 range may begin with addresses that count as IPv4. */
	addr_unmap(&prefix.base, &plain);
	if (addr_family(&plain) == addr_family(&prefix.base) &&
	    !addr_prefix_has(&prefix, &prefix.base)) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	char host[8];
	uint16_t port;

	if (text == NULL) {
		abort();
	}
	memcpy(text, data, len);
	text[len] = '\0';
	try_addr(text);
	try_prefix(text);
	(void)addr_split(text, host, sizeof(host), &port);
	free(text);
	return 0;
}
