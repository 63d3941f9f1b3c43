/* SPDX-License-Identifier: ISC */
/*
 * peers_impl: what the files of peers share; nobody else includes it.
 *
 *	peers.c        asking, and what the gateway hears
 *	peersaged.c    sessions that are too old for new streams
 *	peerspick.c    which replica of a host
 *	peerstold.c    what people are told: reasons and numbers
 *	peerswait.c    those who wait for a session
 */
#ifndef INROAD_GATEWAY_PEERS_IMPL_H
#define INROAD_GATEWAY_PEERS_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"
#include "gateway/peers.h"
#include "gateway/tether.h"
#include "protocol/limits.h"
#include "protocol/name.h"

/* A replica of a host that was asked for: for most the only one, number 0. */
struct peer {
	struct peers *peers;
	char host[NAME_HOST_MAX + 1];
	uint8_t replica;
	struct tether *tether; /* NULL: there is none yet */
	struct list retired;   /* of struct retired */
	struct list waits;
	ev_timer again;  /* calls once more whom nothing new was heard of */
	uint32_t round;  /* of the last walk that came by */
	struct list all; /* in peers->all */
};

/* A session that takes no new streams. */
struct retired {
	struct peer *peer;
	struct tether *tether;
	struct list all; /* in peer->retired */
};

/* One who waits for a session, or for the answer to a ping. */
struct peers_wait {
	struct peer *peer;
	peers_done *done;
	void *arg;
	bool for_pong;
	bool pinged;   /* the session was there, the answer is not */
	uint8_t moves; /* from one replica to another */
	ev_timer timer;
	struct list all; /* in peer->waits */
};

struct peers {
	struct peers_config config;
	struct tether_space space;
	bool linked;
	bool closed;              /* nothing is called any more */
	uint64_t restoring_until; /* hosts may still be on their way back */
	uint32_t round;           /* of the last walk through all peers */
	struct list all;
};

/* Return the peer of that replica of the host by that name, or NULL. */
struct peer *peers_find(
    const struct peers *peers, const char *host, uint8_t replica);

/* As peers_find(), made when there is none; NULL for want of memory. */
struct peer *peers_add(struct peers *peers, const char *host, uint8_t replica);

/* Return the peer behind peer (NULL: the first) of the host by that name. */
struct peer *peers_next(
    const struct peers *peers, const char *host, const struct peer *peer);

/* As peers_why(), for that replica of the host by that name. */
enum code peers_why_replica(const struct peers *peers, const char *name,
    uint8_t replica, char text[LIMITS_TEXT_LEN]);

/*
 * Choose a replica of the host by that name for a new stream: one that is
 * online and has the fewest of ours.  Returns true and its number in *replica;
 * false when none can be used now, and *replica is the one to wait for.
 */
bool peerspick_choose(
    const struct peers *peers, const char *host, uint8_t *replica);

/* Call peer, or say that it is no use, in so many seconds. */
void peerspick_call(struct peer *peer, double seconds);

/*
 * Let another replica serve those who wait for peer, which cannot now.  Returns
 * true when nobody waits for peer any more.
 */
bool peerspick_hand_on(struct peer *peer);

/*
 * Return true when what is in the way may be gone in a moment: right after a
 * link was lost or made, relays, hosts and their list come back one by one.
 * What ends with a link says so before the link itself does.
 */
bool peerstold_is_passing(const struct peers *peers, enum code code);

/* Which of those who wait. */
enum peerswait_who {
	PEERSWAIT_EVERYBODY,
	PEERSWAIT_SESSION,
	PEERSWAIT_PONG, /* and were pinged for */
};

/*
 * Let somebody wait for a session with peer, or for the answer to a ping, for
 * as long as requests wait; NULL for want of memory.
 */
struct peers_wait *peerswait_new(
    struct peer *peer, bool for_pong, peers_done *done, void *arg);

/*
 * Tell those who wait for peer, of the kind who, what came of it; they may ask
 * anew meanwhile.
 */
void peerswait_answer(struct peer *peer, enum peerswait_who who,
    struct session *session, enum code code, const char *text);

/* Forget peer once nobody needs it. */
void peers_drop_if_idle(struct peer *peer);

/* Return true when the session of peer is too old for new streams. */
bool peersaged_is_due(const struct peer *peer);

/* Let the session of peer take no new streams; 0, or -1 for want of memory. */
int peersaged_retire(struct peer *peer);

/* As tether_attached() and tether_retry(), for the old sessions of peer. */
bool peersaged_attached(
    struct peer *peer, uint32_t channel, const uint8_t *payload, size_t len);
/* As peersaged_attached(). */
void peersaged_retry(struct peer *peer);

/* Close the old sessions of peer that have no stream any more. */
void peersaged_close_spent(struct peer *peer);

/* Close all old sessions of peer with code. */
void peersaged_close(struct peer *peer, enum code code);

#endif
