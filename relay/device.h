/* SPDX-License-Identifier: ISC */
/*
 * device: the relay's end of one link.
 *
 *   GUEST --login good--> MEMBER --link down--> gone
 *       \____login refused, garbage, deadline____/
 *
 * A guest is somebody who connected; a member is an enrolled device that
 * logged in.  A gateway as member gets the list of its hosts and every change
 * of it, attaches channels to agents and to other gateways of its account, and
 * asks for invitations.  An agent as
 * member makes its host online.  A newer link of the same device replaces the
 * older one at once.
 *
 * Devices live in the hub that they were greeted by, and free themselves when
 * their link is down.
 */
#ifndef INROAD_RELAY_DEVICE_H
#define INROAD_RELAY_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/latency.h"
#include "protocol/codes.h"

struct account;
struct account_book;
struct account_device;
struct account_share;
struct console;
struct device;
struct device_hub;
struct directory;
struct link_times;
struct loop;
struct store_rule;
struct switch_board;

/* What devices work with; all of it outlives the hub. */
struct device_hub_config {
	struct loop *loop;
	struct account_book *book;
	struct directory *directory;
	struct switch_board *board;
	struct console *console;   /* NULL: the relay itself is no host */
	const uint8_t *public_key; /* the relay's */
	const uint8_t *secret_key;
	uint64_t incarnation; /* of this start of the relay, not 0 */
	/* Where devices find this relay and its like; may be none. */
	const char *const *publics;
	size_t public_count;
	uint64_t account_promise; /* credit promised to one account at most */
	uint32_t guests_max;
	uint32_t return_rate; /* devices a second that come back after a loss */
	/* NULL for those of limits.h; outlives the hub's links. */
	const struct link_times *times;
};

/* Return a hub without devices, or NULL. */
struct device_hub *device_hub_new(const struct device_hub_config *config);

/* Close every link at once and free hub; NULL is allowed. */
void device_hub_free(struct device_hub *hub);

/*
 * Greet whoever connected from peer on fd, which is taken over, or closed when
 * memory is short.  When there are guests_max guests already, an older one
 * gives way (guests.h).
 */
void device_greet(struct device_hub *hub, int fd, const struct addr *peer);

/*
 * Say GOAWAY to every link, in the turns of the loop to come, behind what it
 * has to get yet; they close two seconds later at the latest.  Then, or at once
 * if there are none, gone(arg) is called, unless the hub is freed before.
 */
void device_hub_goaway(struct device_hub *hub, enum code code, const char *text,
    void (*gone)(void *arg), void *arg);

/* Other limits hold for account (NULL: perhaps for any); in force at once. */
void devicetenant_limit(struct device_hub *hub, struct account *account);

/* End the link of row, if there is one, with code and text. */
void device_expel(struct account_device *row, enum code code, const char *text);

/*
 * Row, a rule, came or went: channels to hosts that are denied now end, and
 * gateways that it is about hear of hosts that are there, or not any more.  All
 * that is asked for from now on is judged by the rules there are; gateways that
 * are connected are reviewed in the turns of the loop to come.
 */
void device_hub_ruled(struct device_hub *hub, const struct store_rule *row);

/* Show the host that is shared to the gateways of whom it is shared with. */
void device_shared(const struct account_share *share);

/*
 * Show it no more, unless another share does, and end what they have attached
 * by this one, with text.
 */
void device_unshared(struct device_hub *hub, const struct account_share *share,
    const char *text);

/* End the channels of row's link, if there is one; its sessions make new ones.
 */
void device_cut(struct account_device *row, const char *text);

/*
 * Have the hub drained, or no longer: devices are sent away within a minute and
 * let in no more, and no channel opens.  Gateways of accounts of level admin
 * stay, or nobody could undo it.
 */
void device_hub_drain(struct device_hub *hub, bool drain);

/* Return whether hub is drained. */
bool device_hub_is_draining(const struct device_hub *hub);

/* Where a device is connected from. */
struct device_contact {
	char address[ADDR_TEXT_LEN];
	uint64_t since; /* unix seconds */
	uint32_t channels;
};

/* Fill *out for row; false, and nothing is filled in, when it has no link. */
bool device_get_contact(
    const struct account_device *row, struct device_contact *out);

/* A channel; names live until the call returns. */
struct device_channel {
	const char *gateway_user;
	const char *gateway; /* NULL once that side is gone */
	const char *host_user;
	const char *host; /* likewise */
	uint64_t since;   /* unix seconds */
	bool answered;    /* by the host */
	uint64_t up;      /* bytes handed on to the host */
	uint64_t down;    /* and to the gateway */
};

/*
 * Call visit(channel, arg) for the channels of row's link, those that it opened
 * and then those by which it is called, each the newest first and at
 * most that many; none when it has no link.
 */
void device_each_channel(const struct account_device *row, unsigned most,
    void (*visit)(const struct device_channel *channel, void *arg), void *arg);

/* Numbers for people. */
struct device_hub_stats {
	uint32_t guests;
	uint32_t gateways;
	uint32_t agents;
	uint64_t logins;       /* let in, ever */
	uint64_t refused;      /* not let in, ever */
	uint64_t displaced;    /* guests that gave way to others, ever */
	uint64_t attaches;     /* that gateways asked for, ever */
	struct latency attach; /* how long hosts took to answer them */
	/* What was not let in and not attached, by codes_index(). */
	uint64_t refused_logins[CODES_COUNT];
	uint64_t refused_attaches[CODES_COUNT];
};

/* Fill *out. */
void device_hub_get_stats(
    const struct device_hub *hub, struct device_hub_stats *out);

#endif
