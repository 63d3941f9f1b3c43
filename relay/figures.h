/* SPDX-License-Identifier: ISC */
/*
 * figures: all that the relay counts and measures, at one moment.
 *
 * A value, which whoever gathers it (pulse.h) hands to those who keep it
 * (series.h) and write it (relaymetrics.h).  They are pure and know nothing of
 * where it comes from.  Counts are since the start of the relay.
 */
#ifndef INROAD_RELAY_FIGURES_H
#define INROAD_RELAY_FIGURES_H

#include <stdint.h>

#include "common/latency.h"
#include "protocol/codes.h"

/* The ways of what the relay hands on. */
enum figures_way {
	FIGURES_UP,   /* from gateways to hosts */
	FIGURES_DOWN, /* from hosts to gateways */
	FIGURES_WAYS,
};

/* What can be refused. */
enum figures_refusal {
	FIGURES_LOGIN,
	FIGURES_ATTACH,
	FIGURES_REFUSALS,
};

struct figures {
	uint64_t at_ns;  /* of a monotonic clock */
	uint64_t now;    /* unix seconds */
	uint64_t uptime; /* seconds */

	/* What is there. */
	uint64_t accounts;
	uint64_t devices;  /* enrolled */
	uint64_t hosts;    /* of these, agents */
	uint32_t gateways; /* connected */
	uint32_t agents;   /* connected */
	uint32_t guests;   /* connected, not logged in */
	uint32_t channels;

	/* What it costs. */
	uint64_t queued;   /* bytes that wait for a link */
	uint64_t promised; /* bytes that senders may send at once */
	uint64_t budget;   /* bytes that may wait */
	uint64_t memory;   /* bytes of the process, resident; 0: not known */
	/* Iterations of the loop, and the longest since the last time. */
	uint64_t lag_ns;
	struct latency turns;

	/* Ever. */
	uint64_t bytes[FIGURES_WAYS];
	uint64_t logins;
	uint64_t displaced; /* guests that gave way to others */
	uint64_t shed;      /* channels that were ended for want of memory */
	uint64_t attaches;  /* that gateways asked for */
	/* From ATTACH, as it comes, to ATTACHED of the host. */
	struct latency attach;
	uint64_t refused[FIGURES_REFUSALS][CODES_COUNT]; /* by codes_index() */
};

#endif
