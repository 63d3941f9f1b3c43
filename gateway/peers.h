/* SPDX-License-Identifier: ISC */
/*
 * peers: the sessions of a gateway, one for each host that was asked for.
 *
 *   (none) --asked for--> ATTACHING --handshake done--> LIVE
 *      ^____________________|_____________________________|
 *                 refused, deadline, link or session lost
 *
 * Whoever asks for a host waits until its session is live; all that wait for
 * one host share one attach.  A live session is given at once.
 */
#ifndef INROAD_GATEWAY_PEERS_H
#define INROAD_GATEWAY_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/session.h"

struct endpoint;
struct hosts;
struct link;
struct loop;
struct peers;
struct peers_wait;

/*
 * The session of a host is live, or session is NULL and code and text say why
 * there is none.
 */
typedef void peers_done(
    struct session *session, enum code code, const char *text, void *arg);

/* What peers works with; all of it outlives it. */
struct peers_config {
	struct loop *loop;
	struct endpoint *endpoint; /* keys, membership and the link */
	struct hosts *hosts;
	uint64_t retain_max; /* as in struct session_config */
	uint64_t window_max;
	uint32_t streams_max;
	uint64_t receive_budget;
	void (*pinned)(void *arg); /* a key was pinned: save the pins */
	void *arg;
};

/* Return peers without a session, or NULL. */
struct peers *peers_new(const struct peers_config *config);

/*
 * Let config hold from now on, which differs in its limits only.  Sessions that
 * are there keep theirs, but for the budget.
 */
void peers_configure(struct peers *peers, const struct peers_config *config);

/* Close all sessions and free; who waits is not told.  NULL is allowed. */
void peers_free(struct peers *peers);

/*
 * Ask for the session of the host by that name.  If that is decided at once,
 * done runs inside and NULL is returned; otherwise it runs later, once, unless
 * peers_cancel() forbids it.
 */
struct peers_wait *peers_get(
    struct peers *peers, const char *host, peers_done *done, void *arg);

/* Forget wait; NULL is allowed. */
void peers_cancel(struct peers_wait *wait);

/* ATTACHED came for channel. */
void peers_attached(
    struct peers *peers, uint32_t channel, const uint8_t *payload, size_t len);

/* There is a new link, which numbers its channels anew. */
void peers_link_up(struct peers *peers);

/* There is no link: who waits is told code and text. */
void peers_link_down(struct peers *peers, enum code code, const char *text);

/* Close all sessions with code. */
void peers_close(struct peers *peers, enum code code);

/* Return the live session of the host by that name, or NULL. */
struct session *peers_live(const struct peers *peers, const char *host);

/*
 * Measure the round trip to the host behind a live session: done gets its
 * session when the answer comes, within five seconds, or a code.  As
 * peers_get() otherwise.
 */
struct peers_wait *peers_ping(
    struct peers *peers, const char *host, peers_done *done, void *arg);

/* Return how many streams are open in all sessions. */
uint32_t peers_streams(const struct peers *peers);

#endif
