/* SPDX-License-Identifier: ISC */
/*
 * callers_impl: what the files of callers share; nobody else includes it.
 *
 *	callers.c        callers, their sessions and streams
 *	callersattach.c  answers to ATTACH
 *	callersroom.c    how many sessions there may be
 */
#ifndef INROAD_AGENT_CALLERS_IMPL_H
#define INROAD_AGENT_CALLERS_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/attach.h"
#include "agent/callers.h"
#include "common/list.h"
#include "common/ratelimit.h"
#include "protocol/carrier.h"

struct callers {
	struct loop *loop;
	struct callers_config config;
	struct list list; /* of struct caller */
	struct list lost; /* of struct call, lost longest first */
	size_t lost_count;
	size_t pending;  /* sessions, in all */
	size_t sessions; /* in all */
	uint64_t last_id;
	bool finishing;
};

/* One device. */
struct caller {
	struct list node;
	struct callers *callers;
	uint64_t id; /* for logs */
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	uint8_t key[KEYS_LEN];
	struct egress_caller *egress;
	struct ratelimit opens;
	struct list calls; /* oldest first */
};

/* One session of a caller. */
struct call {
	struct list node;
	struct caller *caller;
	struct carrier *carrier;
	uint8_t boot[SESSIONHELLO_BOOT_LEN];
	uint8_t id[SESSIONHELLO_ID_LEN];
	bool confirmed;
	uint16_t grace;        /* seconds; 0: ends with its channel */
	uint64_t lost_at;      /* 0: it is not */
	uint64_t last_gap;     /* nanoseconds */
	struct list lost;      /* in callers->lost */
	struct ev_timer timer; /* until it is confirmed, or comes back */
};

/* Return the caller with key, or NULL. */
struct caller *callers_find(
    struct callers *callers, const uint8_t key[KEYS_LEN]);

/* Return a new caller as accepted says, or NULL. */
struct caller *callers_add(
    struct callers *callers, const struct attach_accepted *accepted);

/* Free caller if it has no session any more. */
void callers_drop_idle(struct caller *caller);

/* Return the session id of caller, or NULL; caller may be NULL. */
struct call *callers_find_call(
    const struct caller *caller, const uint8_t id[SESSIONHELLO_ID_LEN]);

/*
 * Begin a session of caller, still to be confirmed, with the keys of accepted
 * over channel, which it takes over; 0, or -1 for want of memory.
 */
int callers_begin(struct caller *caller, struct channel *channel,
    const struct attach_accepted *accepted);

/* The session of call has a channel again. */
void callers_returned(struct call *call);

/*
 * Return true when there would be room for one more session of caller, which
 * may be NULL, of the start that boot names; nothing is done for it yet.
 */
bool callersroom_is_there(const struct callers *callers,
    const struct caller *caller, const uint8_t boot[SESSIONHELLO_BOOT_LEN]);

/*
 * Make room for call, which is confirmed: of too many sessions the one goes
 * that has been lost longest.  False when none is lost.
 */
bool callersroom_make(struct call *call);

/* End the session of call with code. */
void callers_close_call(struct call *call, enum code code);

#endif
