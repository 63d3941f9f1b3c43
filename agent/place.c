/* SPDX-License-Identifier: ISC */
#include "agent/place.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/services.h"

/* Return true when host is this machine, under the names it always has. */
static bool
is_self(const char *host)
{
	static const char suffix[] = ".localhost";
	size_t len = strlen(host);
	size_t own = sizeof(suffix) - 1;

	return len == 0 || strcasecmp(host, "localhost") == 0 ||
	       (len > own && strcasecmp(host + len - own, suffix) == 0);
}

void
place_find(struct place *out, const struct services *services, const char *name,
    uint16_t port)
{
	const struct service *service =
	    services != NULL ? services_find(services, name) : NULL;
	size_t len;

	memset(out, 0, sizeof(*out));
	out->port = service != NULL ? service->port : port;
	(void)snprintf(out->host, sizeof(out->host), "%s",
	    service != NULL ? service->host : name);
	len = strlen(out->host);
	if (len > 0 && out->host[len - 1] == '.') {
		out->host[len - 1] = '\0';
	}
	if (is_self(out->host)) {
		(void)addr_from_ip(&out->addrs[0], "127.0.0.1", out->port);
		(void)addr_from_ip(&out->addrs[1], "::1", out->port);
		out->count = 2;
	} else if (addr_from_ip(&out->addrs[0], out->host, out->port) == 0) {
		out->count = 1;
	} else {
		out->named = true;
	}
}

const char *
place_format(const struct place *place, char out[PLACE_TEXT_LEN])
{
	char text[ADDR_TEXT_LEN];

	if (place->named) {
		(void)snprintf(out, PLACE_TEXT_LEN, "%s:%u", place->host,
		    (unsigned)place->port);
	} else {
		(void)snprintf(out, PLACE_TEXT_LEN, "%s",
		    addr_format(&place->addrs[0], text));
	}
	return out;
}
