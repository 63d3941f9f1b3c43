/* SPDX-License-Identifier: ISC */
/*
 * uplink_impl: what the files of uplink share; nobody else includes it.
 *
 *	uplink.c         life, and one attempt from dialling to the link
 *	uplinkround.c    which relay is tried when
 */
#ifndef INROAD_PROTOCOL_UPLINK_IMPL_H
#define INROAD_PROTOCOL_UPLINK_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/backoff.h"
#include "protocol/limits.h"
#include "protocol/membership.h"
#include "protocol/relaylist.h"
#include "protocol/uplink.h"

struct dial;

enum uplink_state {
	UPLINK_IDLE,
	UPLINK_DIALLING, /* resolving included */
	UPLINK_GREETING,
	UPLINK_UP,
	UPLINK_WAITING,
	UPLINK_STOPPED,
};

struct uplink {
	struct loop *loop;
	struct resolver *resolver;
	struct uplink_config config;
	enum uplink_state state;
	size_t relay;      /* which of the relays */
	size_t tried;      /* how many of them failed in this round */
	enum code verdict; /* what the round came to, CODE_OK: nothing yet */
	char words[LIMITS_TEXT_LEN]; /* likewise */
	/* When each of them wants to be asked again. */
	uint64_t not_before[MEMBERSHIP_RELAYS_MAX];
	struct dial *dial;
	struct link *link;
	struct backoff backoff;
	ev_timer timer;
	uint64_t since;
	uint64_t retry_at;
	uint32_t spread; /* seconds, as the relay last said */
	enum code code;
	char text[LIMITS_TEXT_LEN];
	uint64_t replaced_at; /* by another link of this device; 0: never */
	char replaced_text[LIMITS_TEXT_LEN];
};

/* The one gate between states. */
void uplink_move(struct uplink *uplink, enum uplink_state state);

/* Return the address of the relay whose turn it is. */
const char *uplink_address(const struct uplink *uplink);

/* Start an attempt with the relay whose turn it is, if it wants one. */
void uplink_try(struct uplink *uplink);

/* An attempt failed, or the link is lost, and the relay wants such a pause. */
void uplinkround_fail(struct uplink *uplink, enum code code, const char *text,
    uint32_t retry_after);

/* Begin a round in wait nanoseconds. */
void uplinkround_begin(struct uplink *uplink, uint64_t wait);

/*
 * Pass over the relays of the round that asked for a pause.  Returns false when
 * no other was left: the round is over, and `down` ran.
 */
bool uplinkround_pass_over(struct uplink *uplink);

/* The timer of an uplink: it is time for an attempt. */
void uplinkround_on_timer(struct ev_loop *ev, ev_timer *timer, int revents);

#endif
