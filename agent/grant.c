/* SPDX-License-Identifier: ISC */
#include "agent/grant.h"

#include <stddef.h>

#include "agent/place.h"
#include "agent/services.h"
#include "protocol/rights.h"

/* Return true when place is the agent's own machine. */
static bool
is_loopback(const struct place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		struct addr plain;

		/* There is no second spelling of an address. */
		addr_unmap(&place->addrs[i], &plain);
		if (!addr_is_loopback(&plain)) {
			return false;
		}
	}
	return !place->named && place->count > 0;
}

bool
grant_allows(const char *rights, const struct services *services,
    const char *name, const struct place *place)
{
	if (rights == NULL || rights_are_all(rights)) {
		return true;
	}
	if (services != NULL && name != NULL &&
	    services_find(services, name) != NULL &&
	    rights_have_service(rights, name)) {
		return true;
	}
	return is_loopback(place) && rights_have_port(rights, place->port);
}
