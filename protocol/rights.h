/* SPDX-License-Identifier: ISC */
/*
 * rights: what a share allows, as text (PROTOCOL.md section 2).
 *
 *	                               everything that the agent's policy allows
 *	ports=22,8000-8100             those ports of the host itself
 *	services=ssh,web               those services, wherever they lead
 *	ports=22;services=web          both, and nothing else
 *
 * Rights only take away: the policy of the agent decides as well.  The text is
 * what the psk binds, so it is kept as it is and read where it is needed; it
 * has 255 characters at most, and judging an OPEN is one walk over them.
 *
 * Pure.  All functions but rights_are_valid() and rights_format() want valid
 * rights, and allow nothing when they are not.
 */
#ifndef INROAD_PROTOCOL_RIGHTS_H
#define INROAD_PROTOCOL_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/keys.h"

/* Room for rights. */
#define RIGHTS_LEN (KEYS_RIGHTS_MAX + 1)

/* Return true when text is written exactly as the grammar says. */
bool rights_are_valid(const char *text);

/*
 * Write the rights to ports ("22,8000-8100") and services ("ssh,web") to out;
 * either may be NULL or empty.  Returns 0, or -1 and in *flaw a clause for
 * people about what is wrong.
 */
int rights_format(const char *ports, const char *services, char out[RIGHTS_LEN],
    const char **flaw);

/* Return true when text takes nothing away. */
bool rights_are_all(const char *text);

/* Return true when text allows port of the host itself. */
bool rights_have_port(const char *text, uint16_t port);

/* Return true when text allows the service of that name, in any case. */
bool rights_have_service(const char *text, const char *name);

#endif
