/* SPDX-License-Identifier: ISC */
/*
 * hostile: a relay that does what it likes.
 *
 *	gateway == link == hostile == link == agent
 *
 * It speaks the protocol of links with real ones and switches channels as a
 * relay does, but for each frame that goes from one side to the other it asks
 * the test what shall become of it.  It can also say what nobody said.
 *
 * Endpoints are known by number, gateways and agents apart; agent n serves the
 * host that hostile_agent() named.
 */
#ifndef INROAD_TESTS_SCENARIO_HOSTILE_H
#define INROAD_TESTS_SCENARIO_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "protocol/frame.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/link.h"

struct loop;

/* Endpoints of each kind. */
#define HOSTILE_MAX 2

/* Ends of a route, and where a frame goes. */
enum hostile_side {
	HOSTILE_GATEWAY,
	HOSTILE_AGENT,
	HOSTILE_SIDES,
};

struct hostile_route;

/* One end of a route: a channel, and what waits to be sent there. */
struct hostile_end {
	struct hostile_route *route;
	enum hostile_side side;
	struct channel *channel; /* NULL: not there (any more) */
	uint32_t number;         /* of the channel */
	struct list parcels;     /* to be sent */
	struct list kept;        /* HOSTILE_KEEP and HOSTILE_SWAP */
	bool ending;             /* with code, behind what waits */
	enum code code;
};

/* Two channels that belong together, and stay on record when they ended. */
struct hostile_route {
	struct hostile *relay;
	struct hostile_end ends[HOSTILE_SIDES];
	int peers[HOSTILE_SIDES]; /* numbers of gateway and agent */
	struct list node;
};

/* A frame on its way, for the test to judge and to change. */
struct hostile_frame {
	enum frame_type type; /* CARRY, ATTACH, ATTACHED or DETACH */
	struct hostile_route *route;
	enum hostile_side to;
	unsigned number; /* of this type to that side, from 0 */
	uint8_t *data;   /* with room for LIMITS_FRAME_BODY_MAX bytes */
	size_t len;
	enum code code; /* of DETACH */
};

enum hostile_verdict {
	HOSTILE_PASS,
	HOSTILE_DROP,
	HOSTILE_TWICE,
	HOSTILE_SWAP, /* CARRY: let the next one overtake it */
	HOSTILE_KEEP, /* CARRY: until hostile_release() */
};

/* Where an endpoint is linked. */
struct hostile_port {
	struct hostile *relay;
	enum hostile_side side;
	int number;
	struct link *link; /* NULL: it is not */
	uint32_t next_channel;
	char name[NAME_HOST_MAX + 1]; /* device, or host */
	uint8_t key[KEYS_LEN];
};

struct hostile {
	struct loop *loop;
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	struct hostile_port ports[HOSTILE_SIDES][HOSTILE_MAX];
	struct list routes;
	enum hostile_verdict (*judge)(struct hostile_frame *frame, void *arg);
	void *arg;
	unsigned counts[HOSTILE_SIDES][32]; /* of frames, by type */
	uint64_t events;                    /* whatever happened */
	size_t waiting;                     /* bytes of parcels */
	/* What it says of hosts, and the credit that it gives. */
	bool hides_hosts;
	bool says_offline;
	bool lies_about_keys;
	uint64_t credit;
	bool no_credit;
};

/* Start *relay, which knows the account "alice" and nobody yet. */
void hostile_init(struct hostile *relay, struct loop *loop);

/* Close all links and free what relay holds. */
void hostile_end(struct hostile *relay);

/* Make known the gateway or agent number with its name and device key. */
void hostile_know(struct hostile *relay, enum hostile_side side, int number,
    const char *name, const uint8_t key[KEYS_LEN]);

/* Take fd, at whose other end is that endpoint; 0 or -1. */
int hostile_accept(
    struct hostile *relay, enum hostile_side side, int number, int fd);

/* Send the list of hosts to all gateways, true or not. */
void hostile_tell_hosts(struct hostile *relay);

/* Return the route made last that is open at both ends, or NULL. */
struct hostile_route *hostile_last(struct hostile *relay);

/* Send a record over route. */
void hostile_carry(struct hostile_route *route, enum hostile_side to,
    const uint8_t *data, size_t len);

/* Send any control frame over the channel of route. */
void hostile_say(struct hostile_route *route, enum hostile_side to,
    enum frame_type type, const uint8_t *payload, size_t len);

/* Send DETACH with code to that side of route and forget its channel. */
void hostile_detach(
    struct hostile_route *route, enum hostile_side to, enum code code);

/* Send an ATTACH to an agent over a channel that belongs to no gateway. */
struct hostile_route *hostile_attach(
    struct hostile *relay, int agent, const uint8_t *payload, size_t len);

/* Send what was kept on its way to that side of route. */
void hostile_release(struct hostile_route *route, enum hostile_side to);

#endif
