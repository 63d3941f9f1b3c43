/* SPDX-License-Identifier: ISC */
/*
 * overview: what a gateway tells of itself, as values.
 *
 * Commands, the page, the metrics and the PAC file all tell the same: this is
 * it, gathered once (gatewayview.c) for whoever writes it down.  Strings belong
 * to the gateway and live until control returns to the loop.
 */
#ifndef INROAD_GATEWAY_OVERVIEW_H
#define INROAD_GATEWAY_OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/meter.h"
#include "gateway/courier.h"
#include "gateway/dialect.h"
#include "protocol/session.h"
#include "protocol/uplink.h"

struct failures;
struct inbox;
struct outcomes;

/* A host. */
struct overview_host {
	const char *name;
	const char *owner;
	const char *state;  /* a word for people and programs: "online" */
	const uint8_t *key; /* KEYS_LEN bytes, as the relay says */
	bool key_changed;   /* and it is not the pinned one: refused */
	/* Agents by that name, 1 for most; those that are online or refused. */
	unsigned replicas;
	unsigned replicas_online;
	unsigned replicas_refused;
	uint64_t last_contact; /* unix seconds, 0: never */
	bool has_session;
	uint64_t rtt_ns;              /* of the session; 0: unknown */
	struct session_stats session; /* all zeroes without one */
	/* Of a session whose link was lost; 0 where there is no such thing. */
	uint32_t waiting;  /* streams that wait for it */
	double since_s;    /* for so long */
	double last_gap_s; /* how long the last such time took */
};

/* The gateway. */
struct overview {
	uint64_t now;                /* unix seconds */
	uint64_t uptime_ns;          /* since the start */
	struct uplink_status link;   /* CODE_NOT_JOINED: of no account */
	uint64_t link_for_ns;        /* up or down for so long */
	uint64_t retry_in_ns;        /* until the next attempt, when down */
	bool hosts_known;            /* the relay has told them once */
	struct overview_host *hosts; /* by name */
	size_t host_count;
	const char *suffix; /* of our names, "internal" */
	uint32_t clients;   /* local connections */
	uint32_t clients_max;
	uint32_t streams;                /* in all sessions */
	uint32_t open[DIALECTS];         /* tunnels and exchanges */
	uint64_t requests;               /* ever */
	const struct outcomes *outcomes; /* of those that are over */
	const struct failures *failures; /* the last ones */
	const struct inbox *inbox;       /* for its notices; NULL: none */
	struct meter_count total;        /* bytes, ever */
	struct meter_count rate;         /* bytes a second, of late */
	struct courier_stats datagrams;  /* ever */
};

#endif
