/* SPDX-License-Identifier: ISC */
/*
 * endpoint_impl: what the files of endpoint share; nobody else includes it.
 *
 *	endpoint.c         life, join strings, the end
 *	endpointlink.c     the uplink
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

struct control;
struct control_request;
struct enrol;
struct signals;
struct statedir;
struct uplink;

/* Where an endpoint is on its way to the end. */
enum endpoint_phase {
	ENDPOINT_SERVING,
	ENDPOINT_FINISHING, /* streams may finish */
	ENDPOINT_STOPPING,  /* the link says goodbye */
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
	struct signals *signals;
	struct uplink *uplink; /* NULL without a membership */
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

/*
 * End the uplink for a reason of our own.  `down` runs if it was up, and in
 * any case for CODE_NOT_JOINED.
 */
void endpointlink_drop(struct endpoint *endpoint, enum code code);

/*
 * Link as the membership says, anew if there was a link; arg is the endpoint.
 * Never within a callback of the uplink, which does not survive it.
 */
void endpointlink_renew(void *arg);

/* Answer a request on the control socket; arg is the endpoint. */
void endpointcontrol_handle(struct control_request *request, void *arg);

/*
 * Answer the command join, if one waits: the first login after it ended with
 * code and text.
 */
void endpointcontrol_joined(
    struct endpoint *endpoint, enum code code, const char *text);

#endif
