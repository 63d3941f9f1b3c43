/* SPDX-License-Identifier: ISC */
/*
 * endpoint_impl: what the files of endpoint share; nobody else includes it.
 *
 *	endpoint.c         life, join strings, the end
 *	endpointlink.c     the uplinks, and what is said about them
 *	endpointways.c     which uplinks there are
 *	endpointinbox.c    notices and messages
 *	endpointcontrol.c  the commands of the control socket
 */
#ifndef INROAD_PROTOCOL_ENDPOINT_IMPL_H
#define INROAD_PROTOCOL_ENDPOINT_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "protocol/codes.h"
#include "protocol/endpoint.h"
#include "protocol/linkhello.h"
#include "protocol/membership.h"
#include "protocol/relaylist.h"

struct control;
struct control_request;
struct enrol;
struct inbox;
struct linkmsg_result;
struct scout;
struct signals;
struct statedir;
struct link;
struct uplink;
struct uplink_ops;

/* Where an endpoint is on its way to the end. */
enum endpoint_phase {
	ENDPOINT_SERVING,
	ENDPOINT_FINISHING, /* streams may finish */
	ENDPOINT_STOPPING,  /* the link says goodbye */
};

/*
 * A way to the relays.  A gateway has one, which goes round all relays; so has
 * an agent until it has joined, and then one for each.
 */
struct endpoint_way {
	struct endpoint *endpoint;
	struct uplink *uplink; /* NULL: there is no such way */
	uint64_t incarnation;  /* of the relay it was linked to last */
	uint64_t linked_at;
	/* It is parked: this way leads to the same relay.  Or NULL. */
	const struct endpoint_way *twin;
	uint64_t parked_at; /* when that began */
	unsigned parked;    /* so many times in a row */
};

struct endpoint {
	struct loop *loop;
	enum linkhello_role role;
	const struct endpoint_ops *ops;
	void *arg;
	struct statedir *dir;
	struct enrol *enrol;
	struct resolver *resolver;
	struct control *control;
	struct inbox *inbox;
	struct signals *signals;
	struct relaylist chosen; /* relays of the configuration; may be none */
	struct relaylist relays; /* in use; only grows while ways use it */
	struct endpoint_way ways[MEMBERSHIP_RELAYS_MAX];
	struct scout *scout; /* of a gateway with ways, else NULL */
	uint64_t scout_time; /* 0: the default */
	uint8_t boot[LINKHELLO_BOOT_LEN];
	char *listen; /* as in the ready line */
	uint64_t started_ns;
	enum endpoint_phase phase;
	unsigned farewell;       /* iterations since ENDPOINT_STOPPING */
	bool dropping;           /* the link ends because we want it to */
	struct ev_timer timer;   /* of the phase */
	struct loop_task end;    /* moves from phase to phase */
	struct loop_task relink; /* makes a new uplink */
	/* The command join, until the first login ended; else NULL. */
	struct control_request *joiner;
};

/* Return "gateway" or "agent". */
const char *endpoint_role_name(const struct endpoint *endpoint);

/*
 * Forget the membership and close the link; 0, or -1 and *fault.  `down` runs.
 */
int endpoint_leave(struct endpoint *endpoint, struct fault *fault);

/*
 * Print a line on standard output for whoever started us.  If nobody reads it
 * any more that is no reason to stop.
 */
void endpointlink_announce(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Print that there is no link by way (NULL: at all), and tell the daemon. */
void endpointlink_tell_down(struct endpoint *endpoint,
    const struct endpoint_way *way, enum code code, const char *text,
    uint64_t retry_ns);

/* A link is up by way: print it, keep what brought us here, tell the daemon. */
void endpointlink_come_up(struct endpoint_way *way, struct link *link,
    const struct linkmsg_result *result);

/* What an uplink tells; its arg is a struct endpoint_way. */
extern const struct uplink_ops endpointlink_ops;

/*
 * End all uplinks for a reason of our own.  `down` runs if one was up, and in
 * any case for CODE_NOT_JOINED.
 */
void endpointways_drop(struct endpoint *endpoint, enum code code);

/* Say GOAWAY on all links. */
void endpointways_leave(struct endpoint *endpoint);

/*
 * Link as the membership says, anew if there were links; arg is the endpoint.
 * Never within a callback of an uplink, which does not survive it.
 */
void endpointways_renew(void *arg);

/*
 * By way a relay was reached that drew incarnation: relays that were not known
 * before get ways, and what leads to the same relay as another way rests.
 */
void endpointways_arrange(struct endpoint_way *way, uint64_t incarnation);

/* The link by way is lost, or a round failed. */
void endpointways_lost(struct endpoint_way *way, enum code code);

/*
 * Return true when the link by way may have been replaced by one of our own,
 * to the same relay by another address.
 */
bool endpointways_replaced_itself(const struct endpoint_way *way);

/*
 * Return the way to tell people about: the first relay's that is up, else the
 * first relay's; NULL when there is none.
 */
const struct endpoint_way *endpointways_best(const struct endpoint *endpoint);

/* Answer a request on the control socket; arg is the endpoint. */
void endpointcontrol_handle(struct control_request *request, void *arg);

/*
 * Answer the command join, if one waits: the first login after it ended with
 * code and text.
 */
void endpointcontrol_joined(
    struct endpoint *endpoint, enum code code, const char *text);

#endif
