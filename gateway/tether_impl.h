/* SPDX-License-Identifier: ISC */
/*
 * tether_impl: what the files of tether share; nobody else includes it.
 *
 *	tether.c         states, attempts, life
 *	tethercarry.c    what the carrier and the host say
 */
#ifndef INROAD_GATEWAY_TETHER_IMPL_H
#define INROAD_GATEWAY_TETHER_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/backoff.h"
#include "common/ratelimit.h"
#include "gateway/hosts.h"
#include "gateway/tether.h"
#include "protocol/limits.h"
#include "protocol/sessionhello.h"

struct carrier;
struct channel;

enum tether_state {
	TETHER_CALLING,
	TETHER_LIVE,
	TETHER_WAITING,
	TETHER_RETURNING,
	TETHER_ASKING,
	TETHER_GONE,
};

struct tether {
	struct tether_space *space;
	const struct tether_ops *ops;
	void *arg;
	struct host host; /* as it was when the session began */
	enum tether_state state;
	struct channel *channel; /* of the attach under way */
	uint32_t channel_id;
	struct sessionhello *hello; /* CALLING, ASKING */
	struct carrier *carrier;    /* from LIVE on */
	uint8_t id[SESSIONHELLO_ID_LEN];
	uint16_t grace; /* seconds; of both sides the smaller one */
	ev_timer timer; /* of the attach under way, or of the pause */
	ev_timer end;   /* of the grace time */
	struct backoff backoff;
	size_t attempts;        /* that were sent in this gap */
	bool ask;               /* the next attempt is a question */
	struct ratelimit texts; /* that the host sends */
	uint64_t begun_at;
	uint64_t lost_at;
	uint64_t last_gap;
	enum code code; /* why the last attempt failed, or it was lost */
	char text[LIMITS_TEXT_LEN];
};

/* The one gate between states: nothing of an attach outlives it. */
void tether_enter(struct tether *tether, enum tether_state state);

/* Let timer, one of tether's, run out in ns. */
void tether_set_timer(struct tether *tether, ev_timer *timer, uint64_t ns);

/*
 * Return how many seconds the session is to outlive its link: none where
 * another gateway is called, to which a message is sent in a moment.
 */
uint16_t tether_grace(const struct tether *tether);

/* Note why an attempt failed, or the session was lost. */
void tether_note(struct tether *tether, enum code code, const char *text);

/* Return true when waiting is of no use: we are shut out, or the host is. */
bool tether_is_hopeless(const struct tether *tether, enum code code);

/* Let go of the channel of an attach that the other side may take for good. */
void tether_abandon(struct tether *tether, enum code code);

/* Wait for the next attempt. */
void tether_pause(struct tether *tether);

/* An attempt to go on failed: the next one is later, unless it is hopeless. */
void tether_postpone(struct tether *tether, enum code code, const char *text);

/* End it for a reason that the owner does not know yet. */
void tether_fail(struct tether *tether, enum code code, const char *text);

#endif
