/* SPDX-License-Identifier: ISC */
/*
 * grant: whether a share's rights allow what its caller asks for.
 *
 *	a service that the rights name         wherever it leads
 *	a port that they name                  on the agent's own loopback
 *	everything                             when they name nothing
 *
 * This is asked before a name is resolved and beside the policy, which decides
 * as well.  A name that has to be resolved is no port of the host itself, or
 * whoever may use one port could have the agent send DNS queries.
 *
 * Pure.
 */
#ifndef INROAD_AGENT_GRANT_H
#define INROAD_AGENT_GRANT_H

#include <stdbool.h>

struct place;
struct services;

/*
 * Return true when rights (protocol/rights.h; NULL: of the owner, all) allow
 * place, which name stands for with services, which may be NULL.  name is NULL
 * where the caller gave an address.
 */
bool grant_allows(const char *rights, const struct services *services,
    const char *name, const struct place *place);

#endif
