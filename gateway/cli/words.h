/* SPDX-License-Identifier: ISC */
/*
 * words: times as people say them.
 *
 * Each writes to out, which holds size bytes (32 are enough), and returns it.
 */
#ifndef INROAD_GATEWAY_CLI_WORDS_H
#define INROAD_GATEWAY_CLI_WORDS_H

#include <stddef.h>

/* Say how long before now when was, both in unix seconds; 0 is never. */
const char *words_ago(double when, char *out, size_t size);

/* Say how long s seconds are. */
const char *words_duration(double s, char *out, size_t size);

#endif
