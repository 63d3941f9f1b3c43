/* SPDX-License-Identifier: ISC */
/*
 * homewords: numbers as the gateway's page says them.
 *
 * One unit each and few digits: who looks at a page compares, and what changes
 * with every second is not read.  Pure.
 */
#ifndef INROAD_GATEWAY_HOMEWORDS_H
#define INROAD_GATEWAY_HOMEWORDS_H

#include <stdint.h>

/* Room for any of them. */
#define HOMEWORDS_LEN 48

/* Write how long seconds are: "4 min".  Returns out. */
const char *homewords_time(uint64_t seconds, char out[HOMEWORDS_LEN]);

/* Write bytes, in powers of a thousand: "1.2 MB".  Returns out. */
const char *homewords_size(uint64_t bytes, char out[HOMEWORDS_LEN]);

/* Write a round trip: "41.5 ms".  Returns out. */
const char *homewords_rtt(uint64_t ns, char out[HOMEWORDS_LEN]);

/* Write unix time when as HTML has it: "2027-01-15T08:00:00Z".  Returns out,
 * empty for what no calendar has. */
const char *homewords_date(uint64_t when, char out[HOMEWORDS_LEN]);

#endif
