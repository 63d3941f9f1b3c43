/* SPDX-License-Identifier: ISC */
/*
 * linkpair: an endpoint and a relay joined by a link on real sockets, in one
 * loop.
 *
 * Each side notes what its link tells it; a test may hook into every call.
 * The sockets are joined directly or through a cable with faults.
 */
#ifndef INROAD_TESTS_SUPPORT_LINKPAIR_H
#define INROAD_TESTS_SUPPORT_LINKPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/link.h"
#include "protocol/schedule.h"

struct cable;
struct loop;

enum linkpair_event {
	LINKPAIR_LOGIN,
	LINKPAIR_UP,
	LINKPAIR_FRAME,
	LINKPAIR_DOWN,
	LINKPAIR_ROOM,
	LINKPAIR_PULL,
	LINKPAIR_CARRY,
	LINKPAIR_DETACHED,
};

/* One end of the link and what it heard. */
struct linkpair_side {
	struct link *link; /* NULL once it is down */
	bool silent;       /* relay: answer no login */
	int logins;
	int ups;
	int frames;
	int downs;
	struct linkhello_login login; /* of the last `login` */
	uint8_t key[KEYS_LEN];
	struct linkmsg_result result; /* of the last `up` */
	enum frame_type type;         /* of the last `frame` */
	uint32_t channel;
	uint8_t payload[LIMITS_CONTROL_MAX];
	size_t len;
	enum code code; /* of `down` */
	char text[LIMITS_TEXT_LEN];
	uint32_t retry_after;
	/* Runs at the end of each callback, channels' too; may be NULL. */
	void (*hook)(struct linkpair_side *side, enum linkpair_event event);
	void *arg; /* for the test */
};

struct linkpair {
	struct loop *loop;
	bool shares_loop;
	struct cable *cable; /* NULL when joined directly */
	int fd; /* the socket of the side that is left out, for the test */
	struct linkpair_side relay;
	struct linkpair_side endpoint;
	uint8_t relay_public[KEYS_LEN];
	uint8_t relay_secret[KEYS_LEN];
	uint8_t device_public[KEYS_LEN];
	uint8_t device_secret[KEYS_LEN];
};

/* How a pair is made; all zero is a gateway, joined directly, let in. */
struct linkpair_config {
	bool cable;
	bool agent;        /* instead of a gateway */
	struct loop *loop; /* NULL: one of its own, freed with the pair */
	bool no_relay;     /* leave that side to the test */
	bool no_endpoint;  /* likewise */
	bool silent;       /* the relay's owner answers no login */
	bool wrong_key;    /* the endpoint has another relay's key */
	const struct link_times *times; /* of both */
};

/*
 * Make *pair with links that have just begun, in a loop of their own.  Returns
 * 0, or -1 when memory was short; linkpair_close() is then due all the same.
 */
int linkpair_open(struct linkpair *pair, const struct linkpair_config *config);

/* Close what is still open, without looking, and free. */
void linkpair_close(struct linkpair *pair);

/* Run the loop until both are up or one is down; true when both are up. */
bool linkpair_await_up(struct linkpair *pair);

/* Run the loop until both are down; false when that takes too long. */
bool linkpair_await_down(struct linkpair *pair);

/* Run the loop until done(arg); false when that takes too long. */
bool linkpair_await(struct linkpair *pair, bool (*done)(void *arg), void *arg);

/* The owner of a channel: sends a pattern, and keeps the books of another. */
struct linkpair_peer {
	struct linkpair_side *side;
	struct channel *channel; /* NULL once it is detached */
	uint64_t to_send;        /* bodies left to send */
	size_t body_len;         /* of each */
	uint64_t pulled;         /* bodies */
	uint64_t sent;           /* wire bytes */
	uint64_t arrived;        /* bodies */
	uint64_t received;       /* wire bytes */
	uint64_t tx_seed;        /* of the pattern */
	uint64_t rx_seed;
	bool good;    /* what came is the pattern */
	bool starved; /* there was no memory for a body */
	int detached;
	enum code code; /* of `detached` */
	char text[LIMITS_TEXT_LEN];
};

/*
 * Give peer a channel number id on the link of side, in group (may be NULL).
 * Two peers of one channel with the same id understand each other's pattern.
 * Returns 0 or -1.
 */
int linkpair_channel(struct linkpair_peer *peer, struct linkpair_side *side,
    uint32_t id, struct schedule_group *group);

/* Let peer send n bodies of len bytes each. */
void linkpair_send(struct linkpair_peer *peer, uint64_t n, size_t len);

/* Run the loop until n bodies have arrived at peer. */
bool linkpair_await_arrived(
    struct linkpair *pair, const struct linkpair_peer *peer, uint64_t n);

#endif
