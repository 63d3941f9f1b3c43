/* SPDX-License-Identifier: ISC */
/*
 * relayrig: gateways and agents that share a relay which is not honest.
 *
 *	tether == link == hostile == link == callers
 *
 * Sessions, carriers, tethers, callers and links are the real ones; the test
 * has the relay (hostile.h) and the clock (fakeworld.h).  The rig stands in for
 * endpoint.h, which would bring directories and signals, and for egress.h: a
 * stream ends in memory, at a talker that knows which bytes are right.  A link
 * that is lost is made again at once.
 *
 * Whatever the relay does, a talker fails the test when a byte is not the one
 * that was sent, comes twice, or lacks before a clean end.
 */
#ifndef INROAD_TESTS_SCENARIO_RELAYRIG_H
#define INROAD_TESTS_SCENARIO_RELAYRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/attach.h"
#include "gateway/tether.h"
#include "protocol/membership.h"
#include "protocol/stream.h"
#include "tests/scenario/hostile.h"
#include "tests/support/cable.h"

struct callers;
struct hosts;
struct relayrig;

/* Conversations that a test may have. */
#define RELAYRIG_TALKS_MAX 32

/* Sessions of one gateway. */
#define RELAYRIG_BONDS 10

/* Seconds that sessions outlive their link. */
#define RELAYRIG_GRACE 120

/* One end of a stream. */
struct relayrig_talker {
	struct relayrig_talk *talk;
	struct stream *stream; /* NULL: none yet, or over */
	uint64_t seed;         /* of what it sends; the other knows it, too */
	uint64_t expects;      /* likewise */
	uint64_t to_send;      /* bytes in all */
	uint64_t to_receive;
	uint64_t sent;
	uint64_t received;
	bool has_begun; /* far: OPEN came */
	bool holds;     /* consumes nothing */
	bool fin_sent;
	bool fin_came;
	bool is_reset;
	enum code code; /* of the reset */
};

/* A stream from a gateway to an agent, with both its ends. */
struct relayrig_talk {
	struct relayrig *rig;
	struct relayrig_talker near;
	struct relayrig_talker far;
};

/* Where the next link of a side is cut. */
struct relayrig_cut {
	bool is_set;
	enum cable_way way;
	uint64_t after;
};

/* What gateways and agents have in common. */
struct relayrig_side {
	struct relayrig *rig;
	enum hostile_side side;
	int number;
	struct membership membership;
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	uint8_t boot[LINKHELLO_BOOT_LEN];
	struct link *link; /* NULL while there is none */
	bool is_up;
	bool stays_down; /* make no link */
	bool has_cable;
	struct cable *cable;
	struct relayrig_cut cut;
	unsigned links;
	uint64_t passed[CABLE_WAYS]; /* by the first cable, when it is gone */
};

/* What a gateway has with an agent, and what the tether told. */
struct relayrig_bond {
	struct tether *tether; /* NULL: none, or over */
	unsigned lives;
	unsigned losses;
	unsigned downs;
	enum code code; /* of `down` */
};

struct relayrig_gateway {
	struct relayrig_side side;
	struct hosts *hosts;
	struct tether_space space;
	/* By agent, then those of relayrig_call_as(). */
	struct relayrig_bond bonds[RELAYRIG_BONDS];
};

struct relayrig_agent {
	struct relayrig_side side;
	struct attach_self self;
	struct callers *callers;
	uint32_t sessions_max; /* of the next start; 0: the usual */
	struct session_budget receive;
	struct session_budget retain;
};

struct relayrig {
	struct loop *loop;
	struct hostile relay;
	int count; /* of gateways, and of agents */
	struct relayrig_gateway gateways[HOSTILE_MAX];
	struct relayrig_agent agents[HOSTILE_MAX];
	struct relayrig_talk talks[RELAYRIG_TALKS_MAX];
	size_t last_talk;
};

/*
 * Start *rig with count gateways and as many agents, and everything random
 * drawn from seed; nothing is linked before it runs.
 */
void relayrig_open(struct relayrig *rig, int count, uint64_t seed);

/* End everything, which tells nobody anything. */
void relayrig_close(struct relayrig *rig);

/* End the agent number and start another one in its place, with its keys. */
void relayrig_restart_agent(struct relayrig *rig, int number);

/* Run until done(rig), for no more than so many seconds; false: it is not. */
bool relayrig_run(
    struct relayrig *rig, bool (*done)(struct relayrig *rig), unsigned seconds);

/* Let so many seconds pass. */
void relayrig_wait(struct relayrig *rig, unsigned seconds);

/* What notes the calls of a tether; arg is a struct relayrig_bond. */
extern const struct tether_ops relayrig_bond_ops;

/* Let gateway call agent, and wait until their session is confirmed. */
struct relayrig_bond *relayrig_call(
    struct relayrig *rig, int gateway, int agent);

/* Likewise, as the session number slot of gateway, HOSTILE_MAX or above. */
struct relayrig_bond *relayrig_call_as(
    struct relayrig *rig, int gateway, int agent, int slot);

/* The session of them, or NULL. */
struct session *relayrig_session(struct relayrig *rig, int gateway, int agent);

/*
 * Open a stream over the session of gateway and agent, that is live, whose ends
 * send so many bytes.
 */
struct relayrig_talk *relayrig_talk(struct relayrig *rig, int gateway,
    int agent, uint64_t near_bytes, uint64_t far_bytes);

/* Return true when all talks are over, or one was reset. */
bool relayrig_is_settled(struct relayrig *rig);

/* Return true when talk ended cleanly, with all its bytes, at both ends. */
bool relayrig_is_whole(const struct relayrig_talk *talk);

/* Return true when talk was reset, at both ends if the far one heard of it. */
bool relayrig_is_broken(const struct relayrig_talk *talk);

/* Cut the link of side now. */
void relayrig_cut(struct relayrig_side *side);

/* Return how many bytes way of the first link of side took so far. */
uint64_t relayrig_passed(const struct relayrig_side *side, enum cable_way way);

#endif
