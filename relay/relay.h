/* SPDX-License-Identifier: ISC */
/*
 * relay: the relay as a whole.
 *
 *	relay_new()      state, lock, key, store, accounts, directory
 *	relay_serve()    listeners, control socket, ready line
 *	loop_run()       until SIGTERM: GOAWAY to everybody, two seconds
 *	relay_free()     store closed, keys wiped
 *
 * Files of the state directory, all of mode 0600:
 *
 *	lock         held while a relay runs
 *	relay.key    the secret key whose public half is in every join string
 *	store.db     accounts, devices, invitations (store.h)
 *	owner.join   join string for the owner's first gateway, renewed at each
 *	             start until it was used
 *	control      the control socket
 *	api          the administration API (api.h), HTTP on a unix socket
 *	ready        the ready line of the relay that runs
 */
#ifndef INROAD_RELAY_RELAY_H
#define INROAD_RELAY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/allowance.h"
#include "relay/store.h"

struct fault;
struct loop;
struct relay;

/* Most addresses to listen on. */
#define RELAY_LISTENS_MAX 16

/* How a relay is set up; strings need not outlive relay_new(). */
struct relay_config {
	const char *state;          /* NULL: the default */
	const char *const *listens; /* "ADDR:PORT" each */
	size_t listen_count;        /* at least 1 */
	const char *const *publics; /* for join strings; may be none */
	size_t public_count;
	uint64_t budget;     /* bytes queued at most */
	uint32_t guests_max; /* not yet logged in */
	/* Devices a second that are to come back after a loss; not 0. */
	uint32_t return_rate;
	bool replaces; /* a device by a name that is taken: who has it goes */
	struct allowance levels[STORE_GUEST + 1]; /* by enum store_level */
	/*
	 * At SIGHUP: put the levels as they are to be to `levels`, and let the
	 * log be so, too; 0, or -1 and *fault, and all stays as it was.  NULL:
	 * there is nothing to read again.
	 */
	int (*reload)(struct allowance levels[STORE_GUEST + 1],
	    struct fault *fault, void *arg);
	void *reload_arg;
};

/* Fill *config with what a relay does unless told otherwise. */
void relay_defaults(struct relay_config *config);

/* Judge config without opening anything; 0, or -1 and *fault. */
int relay_check(const struct relay_config *config, struct fault *fault);

/*
 * Open everything that needs no network.  Returns NULL, *fault and in *status
 * an exit code of sysexits(3).
 */
struct relay *relay_new(struct loop *loop, const struct relay_config *config,
    int *status, struct fault *fault);

/* Listen and say "ready"; an exit code of sysexits(3), with *fault if not 0. */
int relay_serve(struct relay *relay, struct fault *fault);

/* Wait for what is queued in the store and free; NULL is allowed. */
void relay_free(struct relay *relay);

/* An invitation for a gateway, as the command line asks for it. */
struct relay_invite {
	const char *state; /* as in struct relay_config */
	const char *const *publics;
	size_t public_count;
	const char *user;
	const char *level; /* of a new account; NULL: "user" */
	const char *name;  /* of the gateway; NULL: "gateway" */
	const char *ttl;   /* how long it is good, "2h"; NULL: a day */
	const char *uses;  /* for how many gateways; NULL: one */
};

/*
 * Print a join string for a gateway of a user, whether the relay of that state
 * runs or not.  Returns the exit code of the program; words go to stderr.
 */
int relay_invite(const struct relay_invite *command);

#endif
