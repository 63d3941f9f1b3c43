/* SPDX-License-Identifier: ISC */
/*
 * peers: the hosts that a gateway was asked for, each with its session.
 *
 * Whoever asks for a host waits until its session can be used; all that wait
 * for one host share one call.  A live session is given at once.  A session
 * that lost its link is kept by its tether (tether.h), and new requests wait
 * for it a while instead of failing; so do requests right after a link was lost
 * or made, when hosts are still on their way back to the relay.
 *
 * A session older than a day gets no new streams: a fresh one opens beside it,
 * and the old one goes with its last stream.
 */
#ifndef INROAD_GATEWAY_PEERS_H
#define INROAD_GATEWAY_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/session.h"

struct endpoint;
struct hosts;
struct loop;
struct peers;
struct peers_wait;
struct tether_post;
struct tether_space;

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
	uint64_t retain_budget;
	uint64_t window_max;
	uint32_t streams_max;
	uint64_t receive_budget;
	uint16_t grace;     /* seconds that a session outlives its link */
	double wait_time;   /* seconds that requests wait for it */
	double session_age; /* seconds; 0: LIMITS_SESSION_AGE */
	void (*pinned)(void *arg);      /* a key was pinned: save the pins */
	const struct tether_post *post; /* with arg; NULL: no messages */
	void *arg;
};

/* Return peers without a session, or NULL. */
struct peers *peers_new(const struct peers_config *config);

/*
 * Let config hold from now on, which differs in its limits only.  Sessions that
 * are there keep theirs, but for the budgets.
 */
void peers_configure(struct peers *peers, const struct peers_config *config);

/*
 * Return what the sessions of peers work with, for others that call over the
 * same link; it lives as long as peers.
 */
struct tether_space *peers_space(struct peers *peers);

/* Close all sessions and free; who waits is not told.  NULL is allowed. */
void peers_free(struct peers *peers);

/*
 * Ask for the session of the host by that name.  If that is decided at once,
 * done runs inside and NULL is returned; otherwise it runs later, once, unless
 * peers_cancel() forbids it.
 */
struct peers_wait *peers_get(
    struct peers *peers, const char *host, peers_done *done, void *arg);

/*
 * Ask for the session of that replica of the host, and of no other, as
 * peers_get() otherwise.
 */
struct peers_wait *peers_get_replica(struct peers *peers, const char *host,
    uint8_t replica, peers_done *done, void *arg);

/*
 * Measure the round trip to the host behind a live session: done gets its
 * session when the answer comes, within five seconds, or a code.  As
 * peers_get() otherwise.
 */
struct peers_wait *peers_ping(
    struct peers *peers, const char *host, peers_done *done, void *arg);

/* Forget wait; NULL is allowed. */
void peers_cancel(struct peers_wait *wait);

/* ATTACHED came for channel. */
void peers_attached(
    struct peers *peers, uint32_t channel, const uint8_t *payload, size_t len);

/*
 * The host by that name is another one from now on, which knows nothing of our
 * sessions with it: end them with code.  Who waits gets a new one with the next
 * link.
 */
void peers_forsake(struct peers *peers, const char *host, enum code code);

/* There is a new link, which numbers its channels anew. */
void peers_link_up(struct peers *peers);

/*
 * There is no link.  With a code that time does not heal who waits is told it,
 * and sessions have ended; else they wait.
 */
void peers_link_down(struct peers *peers, enum code code, const char *text);

/* The list of hosts changed. */
void peers_hosts_changed(struct peers *peers);

/* Close all sessions with code, and call no host any more. */
void peers_close(struct peers *peers, enum code code);

/*
 * Say why there is no session with the host by that name now, in words; CODE_OK
 * when nothing is known to be in the way.
 */
enum code peers_why(
    const struct peers *peers, const char *name, char text[LIMITS_TEXT_LEN]);

/* What people want to know of the session of a host. */
struct peers_info {
	struct session_stats stats;
	uint64_t rtt_ns;      /* 0 when unknown */
	bool is_lost;         /* and waits for its host */
	uint64_t lost_for_ns; /* since when */
	uint64_t last_gap_ns; /* how long the last such time was, 0: none */
	uint32_t waiting;     /* streams and requests that wait for it */
};

/* Fill *out; false when the host by that name has no session. */
bool peers_get_info(
    const struct peers *peers, const char *host, struct peers_info *out);

/* Return the number of the replica that session is with, 0 for most. */
uint8_t peers_replica(const struct peers *peers, const struct session *session);

/* Return true when somebody waits for a link. */
bool peers_want_link(const struct peers *peers);

/* Return how many streams are open in all sessions. */
uint32_t peers_streams(const struct peers *peers);

/* Return how many bytes all sessions keep for their peers. */
uint64_t peers_retained(const struct peers *peers);

#endif
