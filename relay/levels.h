/* SPDX-License-Identifier: ISC */
/*
 * levels: the limits that relay.conf has for the accounts of a level.
 *
 *	level user { rate-down = "50Mbit" month = "200GiB" hosts = 5 }
 *
 * The keys are those of allowance.h, and "rate" for both rates.
 */
#ifndef INROAD_RELAY_LEVELS_H
#define INROAD_RELAY_LEVELS_H

#include "common/options.h"
#include "relay/allowance.h"
#include "relay/store.h"

struct fault;

/* The keys of a section "level". */
extern const struct options_row levels_keys[];

/*
 * Fill levels, by enum store_level, with what the sections "level" of options
 * say; what they do not say is not limited.  Returns 0, or -1 and *fault with
 * the place.
 */
int levels_read(const struct options *options,
    struct allowance levels[STORE_GUEST + 1], struct fault *fault);

#endif
