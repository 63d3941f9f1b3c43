/* SPDX-License-Identifier: ISC */
/*
 * sessionrows: the options of a daemon that has sessions.
 *
 * Both ends of a session have the same bounds, with the same names and values;
 * the words of help name the other end.  As STARTUP_ROWS of common/startup.h.
 */
#ifndef INROAD_PROTOCOL_SESSIONROWS_H
#define INROAD_PROTOCOL_SESSIONROWS_H

#include <stdint.h>

#include "common/options.h"

/* Largest window and retention: see protocol/limits.h and bridge.c. */
#define SESSIONROWS_MOST ((uint64_t)64 << 20)

/* Rows for sessions with peer, "host" or "gateway". */
#define SESSIONROWS(peer)                                                      \
	{ .name = "window",                                                    \
		.kind = OPTIONS_SIZE,                                          \
		.value = "SIZE",                                               \
		.help = "receive this much of one connection ahead, at most",  \
		.fallback = "8MiB",                                            \
		.least = 16384,                                                \
		.most = SESSIONROWS_MOST },                                    \
	    { .name = "retain",                                                \
		    .kind = OPTIONS_SIZE,                                      \
		    .value = "SIZE",                                           \
		    .help = "send this much to one " peer                      \
			    " unacknowledged, at most",                        \
		    .fallback = "8MiB",                                        \
		    .least = 65536,                                            \
		    .most = SESSIONROWS_MOST },                                \
	    { .name = "retain-memory",                                         \
		    .kind = OPTIONS_SIZE,                                      \
		    .value = "SIZE",                                           \
		    .help = "send this much to all " peer "s unacknowledged",  \
		    .fallback = "64MiB",                                       \
		    .least = 65536 },                                          \
	{                                                                      \
		.name = "grace", .kind = OPTIONS_NUMBER, .value = "SECONDS",   \
		.help = "keep connections for so long without a link; 0: not", \
		.fallback = "120", .most = 3600                                \
	}

#endif
