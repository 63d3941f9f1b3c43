/* SPDX-License-Identifier: ISC */
/*
 * tetherrig: a gateway's link and the host behind it, for tests of tethers and
 * of peers.
 *
 *	gateway's code == link == relay and host "office" (the test)
 *
 * It stands in the place of the endpoint: a struct endpoint is the rig itself.
 * The link, the handshake, carriers and sessions are the real ones, over a
 * socket on loopback in one loop.
 *
 * Functions that return nothing fail the test when they fail.
 */
#ifndef INROAD_TESTS_UNIT_GATEWAY_TETHERRIG_H
#define INROAD_TESTS_UNIT_GATEWAY_TETHERRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/sessionhello.h"
#include "tests/support/linkpair.h"

struct carrier;
struct endpoint;
struct tetherrig;

/* Sessions that the host may have had. */
#define TETHERRIG_SESSIONS_MAX 16

/* A session as the host has it. */
struct tetherrig_session {
	struct tetherrig *rig;
	uint8_t id[SESSIONHELLO_ID_LEN];
	struct carrier *carrier; /* NULL once it is over */
	int opens;
	int lost;
	int downs;
	enum code code; /* of the end */
};

struct tetherrig {
	struct loop *loop;
	struct linkpair net;
	bool linked; /* net is open */
	struct hosts *hosts;
	struct membership membership;
	uint8_t boot[SESSIONHELLO_BOOT_LEN];
	uint8_t public_key[KEYS_LEN];
	uint8_t secret_key[KEYS_LEN];
	uint8_t host_public[KEYS_LEN];
	uint8_t host_secret[KEYS_LEN];
	struct session_budget receive;
	struct tetherrig_session sessions[TETHERRIG_SESSIONS_MAX];
	size_t session_count;
	/* How the relay and the host behave. */
	enum code no_link; /* what endpoint_no_link() says */
	enum code refuse;  /* each ATTACH, by the relay; CODE_OK: do not */
	bool silent;       /* answer no ATTACH */
	bool forgetful;    /* answer each request that there is no session */
	bool damage;       /* flip a bit of each ATTACHED */
	uint16_t grace;    /* the host's, in seconds */
	bool is_gateway;   /* it is no host but one */
	/* What came. */
	int begins;
	int requests;
	int questions;
	int detaches; /* of attaches that were not answered */
	uint32_t last_channel;
	/* Tell the code under test of ATTACHED. */
	void (*on_attached)(struct tetherrig *rig, uint32_t channel,
	    const uint8_t *payload, size_t len);
};

/* Make *rig, which is best static, with a link and "office" in the list. */
void tetherrig_open(struct tetherrig *rig);

/* Free all that is left. */
void tetherrig_close(struct tetherrig *rig);

/* Return rig as the endpoint whose place it takes. */
struct endpoint *tetherrig_endpoint(struct tetherrig *rig);

/* Lose the link with code; nobody is told but the channels. */
void tetherrig_cut(struct tetherrig *rig, enum code code);

/* Make a new link; nobody is told. */
void tetherrig_link(struct tetherrig *rig);

/* Say in the list of hosts that "office" has this key, online or not. */
void tetherrig_list(
    struct tetherrig *rig, const uint8_t key[KEYS_LEN], bool online);

/* The relay ends the channel of the host's session number i. */
void tetherrig_detach(struct tetherrig *rig, size_t i, enum code code);

/* The host is started anew: it knows no session any more. */
void tetherrig_restart(struct tetherrig *rig);

/* Run the loop until *count is at least target. */
void tetherrig_await(struct tetherrig *rig, const int *count, int target);

/* Run the loop until everything that is ready has been done. */
void tetherrig_settle(struct tetherrig *rig);

#endif
