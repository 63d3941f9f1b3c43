/* SPDX-License-Identifier: ISC */
/*
 * acceptor_impl: what the files of acceptor share; nobody else includes it.
 *
 *	acceptor.c        callers, their sessions and streams
 *	acceptorattach.c  answers to ATTACH
 *	acceptorroom.c    how many sessions there may be
 *	acceptortext.c    messages
 */
#ifndef INROAD_PROTOCOL_ACCEPTOR_IMPL_H
#define INROAD_PROTOCOL_ACCEPTOR_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/ratelimit.h"
#include "protocol/acceptor.h"
#include "protocol/carrier.h"

struct channel;

struct acceptor {
	struct loop *loop;
	struct acceptor_config config;
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
	struct acceptor *acceptor;
	uint64_t id; /* for logs */
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	uint8_t key[KEYS_LEN];
	void *kept; /* by the owner */
	struct ratelimit texts;
	struct list calls; /* oldest first */
};

/* One session of a caller. */
struct call {
	struct list node;
	struct caller *caller;
	struct carrier *carrier;
	struct keys_caller by; /* what right it has */
	uint8_t boot[SESSIONHELLO_BOOT_LEN];
	uint8_t id[SESSIONHELLO_ID_LEN];
	bool confirmed;
	uint16_t grace;            /* seconds; 0: ends with its channel */
	uint64_t lost_at;          /* 0: it is not */
	uint64_t last_gap;         /* nanoseconds */
	struct list lost;          /* in acceptor->lost */
	struct ev_timer timer;     /* until it is confirmed, or comes back */
	struct ev_periodic expiry; /* of what it may; by the wall clock */
};

/* Return the caller with key, or NULL. */
struct caller *acceptor_find(
    struct acceptor *acceptor, const uint8_t key[KEYS_LEN]);

/* Return a new caller as answer says, or NULL. */
struct caller *acceptor_add(
    struct acceptor *acceptor, const struct sessionanswer *answer);

/* Free caller if it has no session any more. */
void acceptor_drop_idle(struct caller *caller);

/* Return the session id of caller, or NULL; caller may be NULL. */
struct call *acceptor_find_call(
    const struct caller *caller, const uint8_t id[SESSIONHELLO_ID_LEN]);

/*
 * Begin a session of caller, still to be confirmed, with the keys of answer
 * over channel, which it takes over; 0, or -1 for want of memory.
 */
int acceptor_begin(struct caller *caller, struct channel *channel,
    const struct sessionanswer *answer);

/* The session of call has a channel again. */
void acceptor_returned(struct call *call);

/*
 * Return true when there would be room for one more session of caller, which
 * may be NULL, of the start that boot names; nothing is done for it yet.
 */
bool acceptorroom_is_there(const struct acceptor *acceptor,
    const struct caller *caller, const uint8_t boot[SESSIONHELLO_BOOT_LEN]);

/*
 * Make room for call, which is confirmed: of too many sessions one goes that is
 * in the way least.  False when there is none.
 */
bool acceptorroom_make(struct call *call);

/* A text came in the session of arg, a call; as in struct carrier_ops. */
void acceptortext_came(
    void *arg, uint32_t number, const char *text, size_t len);

/* An answer to one came, likewise. */
void acceptortext_answered(
    void *arg, uint32_t number, enum code code, const char *text);

/* That session is over, likewise. */
void acceptortext_over(void *arg, const struct session *session);

/* End the session of call with code. */
void acceptor_close_call(struct call *call, enum code code);

#endif
