/* SPDX-License-Identifier: ISC */
/*
 * endpoint: what a gateway and an agent do alike around their work.
 *
 * The state directory and its lock, the device key, the membership and the
 * join string that brings it, the uplink, the control socket, the lines on
 * standard output, the signals and the exit codes.  A daemon adds what it does
 * with the link.  A daemon's life:
 *
 *	endpoint_new()      state, lock, keys, membership, join string
 *	endpoint_serve()    control socket, ready line, uplink
 *	loop_run()          up, frame, down, reload, command …
 *	  SIGTERM           finish … endpoint_finished(), or five seconds;
 *	                    stop; GOAWAY; the loop ends
 *	endpoint_free()     the ready file and the socket go, keys are wiped
 *
 * What it keeps in the state directory beside what enrol.h keeps there:
 *
 *	lock         held while a daemon runs
 *	control      the control socket
 *	ready        the ready line of the daemon that runs
 *
 * A join string comes first from the command line (the string, "-" for
 * standard input, "@FILE"), else from INROAD_JOIN, else from the file join.  A
 * string that has worked before is ignored with a notice.  One that is refused
 * for good does no harm to a membership that worked before it: the endpoint
 * goes back to that.
 */
#ifndef INROAD_PROTOCOL_ENDPOINT_H
#define INROAD_PROTOCOL_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/frame.h"
#include "protocol/linkhello.h"
#include "protocol/linkmsg.h"

struct control_request;
struct endpoint;
struct fault;
struct inbox;
struct jsonout;
struct link;
struct loop;
struct membership;
struct relaylist;
struct resolver;
struct session;
struct uplink_status;

/* How long streams may finish after SIGTERM, in seconds. */
#define ENDPOINT_FINISH_TIME 5.0

/* What an endpoint tells its daemon.  Any of them may be NULL. */
struct endpoint_ops {
	/* The link is up; the line about it was printed. */
	void (*up)(
	    struct link *link, const struct linkmsg_result *result, void *arg);
	/* Sessions or people wait for a link: do not wait long for the next. */
	bool (*is_urgent)(void *arg);
	/*
	 * A control frame came; as in struct link_ops.  NOTICE is logged, and
	 * in the inbox, and does not come here.
	 */
	void (*frame)(struct link *link, enum frame_type type, uint32_t channel,
	    const uint8_t *payload, size_t len, void *arg);
	/* There is no link (any more).  Channels were told before. */
	void (*down)(enum code code, const char *text, void *arg);
	/*
	 * A join string was taken and will be used: complete *membership, for
	 * example with a fresh account key.  It is saved when this returns 0;
	 * -1 refuses the string.
	 */
	int (*joining)(struct membership *membership, void *arg);
	/* The first login after joining worked. */
	void (*joined)(const struct membership *membership, void *arg);
	/* SIGHUP: read the configuration again. */
	void (*reload)(void *arg);
	/*
	 * SIGTERM: take nothing new, call endpoint_finished() when nothing is
	 * left.  Without it there is nothing to wait for.
	 */
	void (*finish)(void *arg);
	/* The time to finish is over: close everything that uses the link. */
	void (*stop)(void *arg);
	/*
	 * A command came on the control socket that is not the endpoint's own
	 * (status, join, leave, version, listen).  Return true and answer it
	 * now or later (common/control.h), or false when there is no such
	 * command.
	 */
	bool (*command)(struct control_request *request, void *arg);
	/* Add the daemon's members to the object of the answer to status. */
	void (*status)(struct jsonout *json, void *arg);
};

/* What an endpoint starts from.  Strings need not outlive it. */
struct endpoint_config {
	enum linkhello_role role;
	const char *state; /* --state; NULL for the default */
	char *join;        /* --join; wiped in place once read; NULL if none */
	/* Instead of those of the membership; NULL or none: those. */
	const struct relaylist *relays;
	/* A gateway looks for the first relay again after that; 0: a minute. */
	uint64_t return_after;
	const struct endpoint_ops *ops; /* outlives the endpoint */
	void *arg;
};

/*
 * Open the state and make ready to serve.  Returns NULL and in *status an exit
 * code of sysexits(3) after logging why: EX_UNAVAILABLE when another daemon
 * holds the state, EX_NOPERM, EX_CONFIG for a state or join string that is not
 * right.  `joining` may run inside.
 */
struct endpoint *endpoint_new(
    struct loop *loop, const struct endpoint_config *config, int *status);

/*
 * Serve: open the control socket, print "ready role=… listen=… control=…"
 * (listen may be NULL for "-"), answer signals, and start the uplink if there
 * is a membership.  Returns EX_OK, or an exit code after logging why.
 */
int endpoint_serve(struct endpoint *endpoint, const char *listen);

/* Nothing is left to finish after `finish`: go on to the end. */
void endpoint_finished(struct endpoint *endpoint);

/* End everything without a callback, wipe and free; NULL is allowed. */
void endpoint_free(struct endpoint *endpoint);

/*
 * Take a join string now, as the control command join does.  Returns CODE_OK
 * (then `joining` ran and the uplink starts anew), or why not, with *fault.
 */
enum code endpoint_join(
    struct endpoint *endpoint, const char *string, struct fault *fault);

/* Return the messages that came, which live as long as endpoint. */
struct inbox *endpoint_inbox(const struct endpoint *endpoint);

/* Put a notice into the inbox, for listeners and for those who come later. */
void endpoint_notice(
    struct endpoint *endpoint, const char *level, const char *text);

/* A message of another device; a value. */
struct endpoint_text {
	const char *user;
	const char *device;
	const char *text; /* not terminated */
	size_t len;
};

/*
 * Hand text to all that listen, and keep it among the last messages if one of
 * them has it, or if it was taken otherwise.  Returns CODE_OK then;
 * CODE_TEXT_REFUSED when nobody listens, CODE_OVERLOADED when they do not keep
 * up.
 */
enum code endpoint_take_text(
    struct endpoint *endpoint, const struct endpoint_text *text, bool taken);

/*
 * Hand text, which came in session with that number, to all that listen, and
 * answer it.
 */
void endpoint_answer_text(struct endpoint *endpoint,
    const struct endpoint_text *text, struct session *session, uint32_t number);

/* Return the membership in use, or NULL when this device has not joined. */
const struct membership *endpoint_membership(const struct endpoint *endpoint);

/*
 * Replace the key of the membership (of the account for a gateway, of the host
 * for an agent) and its epoch, and save it; 0, or -1 after logging why.  The
 * next login tells the relay.
 */
int endpoint_set_key(
    struct endpoint *endpoint, const uint8_t key[KEYS_LEN], uint32_t epoch);

/* Return the public key of this device, KEYS_LEN bytes inside endpoint. */
const uint8_t *endpoint_public_key(const struct endpoint *endpoint);

/* Return the secret key of this device, likewise. */
const uint8_t *endpoint_secret_key(const struct endpoint *endpoint);

/* Return the boot id, LINKHELLO_BOOT_LEN bytes, fresh at each start. */
const uint8_t *endpoint_boot_id(const struct endpoint *endpoint);

/* Return the link when it is up, else NULL. */
struct link *endpoint_link(struct endpoint *endpoint);

/* Fill *out with the state of the uplink; CODE_NOT_JOINED without one. */
void endpoint_get_status(struct endpoint *endpoint, struct uplink_status *out);

/* Return when endpoint was made. */
uint64_t endpoint_started(const struct endpoint *endpoint);

/*
 * Write what the command status answers, as members of the object that json is
 * in.
 */
void endpoint_describe(struct endpoint *endpoint, struct jsonout *json);

/*
 * Say why there is no link, in words; returns its code, never CODE_OK.  text
 * is LIMITS_TEXT_LEN bytes.
 */
enum code endpoint_no_link(struct endpoint *endpoint, char *text);

/* Return the resolver that the uplink uses, for others to share. */
struct resolver *endpoint_resolver(struct endpoint *endpoint);

/* Return the path of the state directory. */
const char *endpoint_directory(const struct endpoint *endpoint);

/* Return true once SIGTERM came. */
bool endpoint_is_finishing(const struct endpoint *endpoint);

#endif
