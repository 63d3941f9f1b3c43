/* SPDX-License-Identifier: ISC */
/*
 * relayrig: an account with several relays, each on a port of loopback.
 *
 * The relays let in, refuse or are away as the test says, have one key, and
 * count who logs in.  A failed step ends the test.
 */
#ifndef INROAD_TESTS_SUPPORT_RELAYRIG_H
#define INROAD_TESTS_SUPPORT_RELAYRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "protocol/keys.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/relaylist.h"
#include "protocol/uplink.h"

#define RELAYRIG_RELAYS_MAX 3
#define RELAYRIG_LINKS_MAX 32

struct listener;
struct loop;
struct relayrig;
struct resolver;

/* One relay. */
struct relayrig_relay {
	struct relayrig *rig;
	struct listener *listener; /* NULL: it is away */
	struct addr addr;
	enum code refusal; /* CODE_OK: it lets in */
	uint32_t pause;    /* of a refusal, in seconds */
	uint64_t incarnation;
	int logins;
	bool had_token; /* the last of them showed one */
	int downs;
	struct link *links[RELAYRIG_LINKS_MAX]; /* NULL: over */
	size_t link_count;
};

struct relayrig {
	struct loop *loop;
	struct resolver *resolver;
	struct membership membership; /* of a gateway */
	struct relaylist relays;
	uint8_t relay_secret[KEYS_LEN];
	uint8_t device_secret[KEYS_LEN];
	uint8_t device_public[KEYS_LEN];
	uint8_t boot_id[LINKHELLO_BOOT_LEN];
	struct relayrig_relay relay[RELAYRIG_RELAYS_MAX];
};

/* Make *rig with so many relays, all of them there. */
void relayrig_open(struct relayrig *rig, size_t relays);

/* Close all that is left, and free. */
void relayrig_close(struct relayrig *rig);

/* Let relay be away: its port is closed and its links are cut. */
void relayrig_leave(struct relayrig *rig, size_t relay);

/* Let relay be there again. */
void relayrig_return(struct relayrig *rig, size_t relay);

/* Cut the links of relay. */
void relayrig_cut(struct relayrig *rig, size_t relay);

/* Return a configuration for uplinks, which lacks ops. */
struct uplink_config relayrig_config(struct relayrig *rig);

/* Run the loop for so many nanoseconds. */
void relayrig_linger(struct relayrig *rig, uint64_t ns);

#endif
