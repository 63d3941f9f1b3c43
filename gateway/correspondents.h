/* SPDX-License-Identifier: ISC */
/*
 * correspondents: sessions with other gateways of the account, for messages to
 * them (PROTOCOL.md section 7.4).
 *
 * A gateway is called when there is a message for it, and its session ends when
 * nothing went over it for a while: so a dozen messages are one call, and a
 * device that nobody writes to costs nothing.  All that wait for one gateway
 * share its call.  Which gateways there are is no concern of this module; the
 * key that it is told needs no pin, as the account key has to be proved
 * (section 7.1).
 */
#ifndef INROAD_GATEWAY_CORRESPONDENTS_H
#define INROAD_GATEWAY_CORRESPONDENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/peers.h"
#include "protocol/codes.h"

struct correspondents;
struct correspondents_wait;
struct resolvemsg_gateway;
struct session;
struct tether_space;

/* Seconds that a session stays behind its last message: one with an answer. */
#define CORRESPONDENTS_IDLE 30.

/*
 * Return an empty set, or NULL.  Space outlives it; sessions end idle seconds
 * (0: CORRESPONDENTS_IDLE) behind their last message.
 */
struct correspondents *correspondents_new(
    struct tether_space *space, double idle);

/* Close all sessions and free; who waits is not told.  NULL is allowed. */
void correspondents_free(struct correspondents *all);

/*
 * Ask for a session with that gateway of our account user; done and the return
 * value are those of peers_get().  A session that was given is used at once.
 */
struct correspondents_wait *correspondents_get(struct correspondents *all,
    const char *user, const struct resolvemsg_gateway *gateway,
    peers_done *done, void *arg);

/* Do not call done of wait any more; NULL is allowed. */
void correspondents_cancel(struct correspondents_wait *wait);

/* ATTACHED came for channel: true if it was for one of these. */
bool correspondents_attached(struct correspondents *all, uint32_t channel,
    const uint8_t *payload, size_t len);

/* Session, perhaps one of these, was just used. */
void correspondents_used(
    struct correspondents *all, const struct session *session);

/* Close all sessions with code; who waits is told. */
void correspondents_close(struct correspondents *all, enum code code);

#endif
