/* SPDX-License-Identifier: ISC */
/*
 * callers: the gateways that have sessions with this agent.
 *
 * How sessions begin, wait for their gateway and end is the acceptor's
 * (protocol/acceptor.h); who may call is judged by attach.h, and their streams
 * go through egress.h.
 *
 * A caller of another account comes by a share: what it may ask for is less,
 * for a time, and callers_end_share() ends it before that.  It sends no
 * messages.  A stream to
 * "@agent" has orders for the agent itself, of the owner alone.
 *
 * All sessions of a caller share one line of dials (egress.h), one rate of
 * OPENs and one limit of streams.
 */
#ifndef INROAD_AGENT_CALLERS_H
#define INROAD_AGENT_CALLERS_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct attach_self;
struct callers;
struct egress;
struct link;
struct loop;
struct orders;
struct post;
struct session;
struct session_budget;

/* What callers need; what it points to outlives them. */
struct callers_config {
	const struct attach_self *self; /* with a membership once linked */
	struct egress *egress;
	struct orders *orders;          /* NULL: nobody takes orders */
	struct post *post;              /* NULL: nobody takes messages */
	struct session_budget *receive; /* of all windows */
	uint32_t streams_max;           /* of one caller */
	uint64_t retain_max;            /* of one session */
	struct session_budget *retain;  /* of all sessions */
	uint32_t sessions_max;          /* in all; 0: LIMITS_SESSIONS_MAX */
	uint64_t window_max;            /* of one stream */
	uint32_t open_rate;  /* new streams of one caller a second; 0: the */
	uint32_t open_burst; /* limits of protocol/limits.h */
	double confirm_time; /* seconds for the first record; 0: ten */
};

/* Return an empty set of callers, or NULL. */
struct callers *callers_new(
    struct loop *loop, const struct callers_config *config);

/* End all sessions with CODE_GOING_DOWN and free; NULL is allowed. */
void callers_free(struct callers *callers);

/*
 * Answer an ATTACH for the channel number channel that came over link, with
 * ATTACHED or DETACH.
 */
void callers_attach(struct callers *callers, struct link *link,
    uint32_t channel, const uint8_t *payload, size_t len);

/* Refuse new sessions and streams from now on; the others go on. */
void callers_finish(struct callers *callers);

/* End all sessions with code. */
void callers_close(struct callers *callers, enum code code);

/* End all sessions that use that share, which is not 0, with CODE_DENIED. */
void callers_end_share(struct callers *callers, uint64_t share);

/* What people want to know of a caller; strings live until it changes. */
struct callers_info {
	const char *user;
	const char *device;
	size_t sessions;
	size_t lost; /* of those, without a link at present */
	size_t streams;
	uint64_t rtt_ns; /* of the newest session, 0 when unknown */
	uint64_t sent;   /* payload bytes of the sessions that live */
	uint64_t received;
	uint64_t last_gap_ns; /* how long the last loss took, 0: none */
};

/* Call each(info, arg) for every caller with a confirmed session. */
void callers_each(const struct callers *callers,
    void (*each)(const struct callers_info *info, void *arg), void *arg);

/* As acceptor_each_session(), for gateways of the owner's account only. */
void callers_each_session(const struct callers *callers,
    void (*each)(const char *user, const char *device, struct session *session,
	void *arg),
    void *arg);

/* Return how many sessions wait for their gateway to come back. */
size_t callers_lost(const struct callers *callers);

#endif
