/* SPDX-License-Identifier: ISC */
/*
 * tether: one session between a gateway and a host, over whatever link there
 * is (PROTOCOL.md section 7.3).
 *
 *   CALLING --begun--> LIVE --channel lost--> WAITING --attach--> RETURNING
 *                       ^ |                    ^   ^___refused_______| | |
 *                       | |                    |_____ASKING <--unknown_| |
 *                       |_|_______________________________________resumed_|
 *   any --> GONE: refused, closed, grace over, the host does not know it
 *
 * A session whose channel is gone is attached again: at once, then after
 * growing pauses, when a link comes up and when its host comes back, until the
 * grace time of both sides is over.  "I do not know that session" is believed
 * only when the host itself seals it (ASKING); everything else that is said
 * meanwhile only means to try again later.
 *
 * The owner passes on what a gateway hears: ATTACHED, a new link, a change in
 * the list of hosts.  Callbacks may call anything here; memory is freed by the
 * loop.
 */
#ifndef INROAD_GATEWAY_TETHER_H
#define INROAD_GATEWAY_TETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/session.h"

struct endpoint;
struct host;
struct hosts;
struct loop;
struct tether;

/* What a gateway is told of the messages of its sessions. */
struct tether_post {
	/* A text came from host, to be answered (session.h). */
	void (*text)(const struct host *host, struct session *session,
	    uint32_t number, const char *text, size_t len, void *arg);
	/* What became of a text that was sent. */
	void (*receipt)(const struct session *session, uint32_t number,
	    enum code code, const char *text, void *arg);
	/*
	 * The session is over: none of its texts will be answered any more.
	 * Nothing may be done in it.
	 */
	void (*over)(const struct session *session, void *arg);
};

/* What tethers work with; all of it outlives them. */
struct tether_space {
	struct loop *loop;
	struct endpoint *endpoint; /* keys, membership and the link */
	struct hosts *hosts;
	uint32_t next_channel; /* on the link that there is */
	uint16_t grace;        /* seconds without a link; 0: none */
	uint32_t streams_max;  /* as in struct session_config */
	uint64_t retain_max;
	uint64_t window_max;
	struct session_budget receive;
	struct session_budget retain;
	const struct tether_post *post; /* NULL: no messages */
	void *post_arg;
};

/* What a tether tells its owner. */
struct tether_ops {
	/* The session can be used: it is new, or goes on after a gap. */
	void (*live)(void *arg);
	/*
	 * The session waits; streams are kept.  Also when the relay says, while
	 * it waits, that it is to wait longer: CODE_QUOTA.
	 */
	void (*lost)(void *arg, enum code code, const char *text);
	/* A ping was answered. */
	void (*pong)(void *arg);
	/* It is over, unless by tether_close(): do not use it any more. */
	void (*down)(void *arg, enum code code, const char *text);
};

/*
 * Call host, over the link that is up.  Returns NULL and *why when that cannot
 * be: CODE_OVERLOADED, or CODE_LINK_LOST without a link.
 */
struct tether *tether_new(struct tether_space *space, const struct host *host,
    const struct tether_ops *ops, void *arg, enum code *why);

/* Hand tether to another owner. */
void tether_set_owner(
    struct tether *tether, const struct tether_ops *ops, void *arg);

/* End the session with code, without a callback; NULL is allowed. */
void tether_close(struct tether *tether, enum code code);

/* ATTACHED came for channel: true if it was for this one. */
bool tether_attached(struct tether *tether, uint32_t channel,
    const uint8_t *payload, size_t len);

/* There is a new link, or something changed in the list of hosts. */
void tether_retry(struct tether *tether);

/*
 * Return true when tether's session is one with host (may be NULL): a name may
 * have come to mean another one.
 */
bool tether_fits(const struct tether *tether, const struct host *host);

/* Return the key that the host has proved once the tether was live. */
const uint8_t *tether_key(const struct tether *tether);

/* Return the session, NULL while it is called for the first time. */
struct session *tether_session(const struct tether *tether);

/* Return true when streams can be opened without waiting. */
bool tether_is_live(const struct tether *tether);

/* Return true while a session waits for its host. */
bool tether_is_lost(const struct tether *tether);

/*
 * Return with which code the relay, which has the host, keeps a session that
 * waits from it, CODE_LIMIT or CODE_QUOTA with *text; else CODE_OK.
 */
enum code tether_refusal(const struct tether *tether, const char **text);

/* Return when the session began, was lost (0: is not) in loop time. */
uint64_t tether_begun_at(const struct tether *tether);
/* As tether_begun_at(). */
uint64_t tether_lost_at(const struct tether *tether);

/* Return how long the last gap took in nanoseconds, 0: there was none. */
uint64_t tether_last_gap(const struct tether *tether);

#endif
