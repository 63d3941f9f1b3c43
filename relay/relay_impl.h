/* SPDX-License-Identifier: ISC */
/*
 * relay_impl: what relay.c and the others of its name share and nobody
 * else sees.
 */
#ifndef INROAD_RELAY_RELAY_IMPL_H
#define INROAD_RELAY_RELAY_IMPL_H

#include <ev.h>
#include <stdbool.h>

#include "common/loop.h"
#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/membership.h"
#include "relay/admin.h"
#include "relay/relay.h"

struct account_book;
struct account_outcome;
struct api;
struct backup;
struct console;
struct control;
struct control_request;
struct device_hub;
struct directory;
struct listener;
struct pulse;
struct signals;
struct statedir;
struct store;
struct switch_board;

struct relay {
	struct loop *loop;
	struct relay_config config;
	struct statedir *dir;
	uint8_t secret_key[KEYS_LEN];
	uint8_t public_key[KEYS_LEN];
	struct store *store;
	struct account_book *book;
	struct directory *directory;
	struct switch_board *board;
	struct console *console;
	struct device_hub *hub;
	struct pulse *pulse;
	struct admin_world world; /* all of these */
	struct backup *backup;
	struct api *api;
	struct listener *listeners[RELAY_LISTENS_MAX];
	char *listens[RELAY_LISTENS_MAX]; /* copies of the configuration */
	char *publics[MEMBERSHIP_RELAYS_MAX];
	size_t public_count;
	struct control *control;
	struct signals *signals;
	ev_timer tick;
	struct loop_task ticking; /* the rest of a tick */
	ev_timer farewell;
	bool running; /* with a loop and a network, not just for a command */
	uint64_t started;
};

/*
 * Open state directory, lock, key, store and accounts; what a command without
 * a running relay needs.  As relay_new() otherwise.
 */
struct relay *relay_open(struct loop *loop, const struct relay_config *config,
    int *status, struct fault *fault);

/*
 * Write the join string for an invitation of a gateway to out,
 * JOINSTRING_MAX bytes.  Returns 0, or -1 when the relay has no public
 * address.  The caller wipes out.
 */
int relay_join_string(const struct relay *relay, const char *name,
    const struct account_outcome *outcome, char *out);

/* Fill relay->world and make relay->api; 0, or -1 without memory. */
int relayadmin_start(struct relay *relay);

/* Serve the API on the unix socket in the state directory; 0, or -1. */
int relayadmin_listen(struct relay *relay, struct fault *fault);

/* End what relayadmin_start() began, or nothing. */
void relayadmin_stop(struct relay *relay);

/* Open the store and read all accounts; an exit code, with *fault if not 0. */
int relaybook_open(struct relay *relay, struct fault *fault);

/* Fill the directory with the hosts of all accounts. */
void relaybook_list_hosts(struct relay *relay);

/* Serve one request on the control socket; arg is the relay. */
void relaycontrol_handle(struct control_request *request, void *arg);

/* Return the console of relay, or NULL. */
struct console *relayconsole_new(struct relay *relay);

/* SIGHUP: read the limits of levels again, for who is there, too. */
void relaylimits_reload(struct relay *relay);

/* An invitation under way, with an account made first if need be. */
struct relayinvite;

/* Called with a join string, or NULL and why there is none. */
typedef void relayinvite_done(
    const char *join, enum code code, const char *text, void *arg);

/*
 * Invite a gateway by that name (NULL: "gateway") of a user whose account is
 * made with level (NULL: "user") if there is none, for so long as ttl says, a
 * duration (NULL: ACCOUNT_INVITE_TTL).  done runs once, perhaps inside, unless
 * relayinvite_cancel().  Returns NULL if it ran.
 */
struct relayinvite *relayinvite_start(struct relay *relay,
    const struct relay_invite *command, relayinvite_done *done, void *arg);

/* Forget invite; what is on its way still happens.  NULL is allowed. */
void relayinvite_cancel(struct relayinvite *invite);

#endif
