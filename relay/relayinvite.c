/* SPDX-License-Identifier: ISC */
/* Invitations for gateways, made on the relay's own machine. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/control.h"
#include "common/control_client.h"
#include "common/fault.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "common/statedir.h"
#include "protocol/joinstring.h"
#include "relay/account.h"
#include "relay/relay_impl.h"
#include "relay/store.h"

/* Seconds to wait for a running relay. */
#define ASK_TIME 10.0

struct relayinvite {
	struct relay *relay;
	struct account_op *op;
	char user[NAME_USER_MAX + 1];
	char name[NAME_HOST_MAX + 1];
	uint32_t ttl; /* seconds; 0: as usual */
	uint32_t uses;
	relayinvite_done *done;
	void *arg;
	bool starting;
	bool over;
};

static void
finish(struct relayinvite *invite, const char *join, enum code code,
    const char *text)
{
	invite->op = NULL;
	invite->over = true;
	invite->done(join, code, text, invite->arg);
	if (!invite->starting) {
		mem_free(invite);
	}
}

static void
on_invited(const struct account_outcome *outcome, void *arg)
{
	struct relayinvite *invite = arg;
	char join[JOINSTRING_MAX + 1];

	if (outcome->code != CODE_OK) {
		finish(invite, NULL, outcome->code, outcome->text);
		return;
	}
	if (relay_join_string(invite->relay, invite->name, outcome, join) !=
	    0) {
		finish(invite, NULL, CODE_INTERNAL,
		    "The relay does not know its address: use --public.");
		return;
	}
	finish(invite, join, CODE_OK, "");
	mem_wipe(join, sizeof(join));
}

/* Whoever reaches the control socket, or the store, owns the relay. */
static struct account_by
by_owner(void)
{
	return (struct account_by){ ACCOUNT_OWNER, "this machine",
		(uint64_t)time(NULL) };
}

static void
invite_into(struct relayinvite *invite, struct account *account)
{
	const struct account_invite request = {
		.account = account,
		.role = LINKHELLO_GATEWAY,
		.name = invite->name,
		.ttl = invite->ttl,
		.uses = invite->uses,
		.by = by_owner(),
	};
	struct account_op *op =
	    account_invite(invite->relay->book, &request, on_invited, invite);

	if (op != NULL) {
		invite->op = op;
	}
}

static void
on_created(const struct account_outcome *outcome, void *arg)
{
	struct relayinvite *invite = arg;

	invite->op = NULL;
	if (outcome->code != CODE_OK) {
		finish(invite, NULL, outcome->code, outcome->text);
		return;
	}
	invite_into(invite, outcome->account);
}

static void
start(struct relayinvite *invite, enum store_level level)
{
	struct account *account =
	    account_find(invite->relay->book, invite->user);
	struct account_by by;
	struct account_op *op;

	if (account != NULL) {
		invite_into(invite, account);
		return;
	}
	by = by_owner();
	op = account_create(
	    invite->relay->book, invite->user, level, &by, on_created, invite);
	if (op != NULL && invite->op == NULL) {
		invite->op = op;
	}
}

/* Put the duration text, NULL for the usual one, into *out; 0 or -1. */
static int
read_ttl(const char *text, uint32_t *out)
{
	uint64_t ns = 0;

	if (text != NULL &&
	    (quantity_duration(text, &ns) != 0 || ns < LIMITS_SEC ||
		ns / LIMITS_SEC > ACCOUNT_INVITE_TTL_MAX)) {
		return -1;
	}
	*out = (uint32_t)(ns / LIMITS_SEC);
	return 0;
}

struct relayinvite *
relayinvite_start(struct relay *relay, const struct relay_invite *command,
    relayinvite_done *done, void *arg)
{
	const char *level = command->level != NULL ? command->level : "user";
	const char *user = command->user;
	const char *name = command->name;
	struct relayinvite *invite;
	enum store_level rank;
	uint64_t uses = 1;
	uint32_t ttl;

	if (account_level_parse(level, &rank) != 0) {
		done(NULL, CODE_BAD_REQUEST, "A level is admin, user or guest.",
		    arg);
		return NULL;
	}
	if (read_ttl(command->ttl, &ttl) != 0) {
		done(NULL, CODE_BAD_REQUEST,
		    "An invitation is good for a second to 30 days, as 2h or "
		    "7d.",
		    arg);
		return NULL;
	}
	if (command->uses != NULL &&
	    (quantity_number(command->uses, &uses) != 0 || uses == 0 ||
		uses > ACCOUNT_USES_MAX)) {
		done(NULL, CODE_BAD_REQUEST,
		    "An invitation is for 1 to 1000 gateways.", arg);
		return NULL;
	}
	if (name_check_user(user) != NAME_OK ||
	    (name != NULL && name_check_device(name) != NAME_OK)) {
		done(NULL, CODE_NAME_INVALID,
		    "That is no name for an account or a device.", arg);
		return NULL;
	}
	invite = mem_new(1, sizeof(*invite));
	if (invite == NULL) {
		done(NULL, CODE_OVERLOADED, "out of memory", arg);
		return NULL;
	}
	invite->relay = relay;
	invite->ttl = ttl;
	invite->uses = (uint32_t)uses;
	invite->done = done;
	invite->arg = arg;
	(void)name_fold(user, invite->user, sizeof(invite->user));
	(void)name_fold(name != NULL ? name : "gateway", invite->name,
	    sizeof(invite->name));
	invite->starting = true;
	start(invite, rank);
	invite->starting = false;
	if (invite->over) {
		mem_free(invite);
		return NULL;
	}
	return invite;
}

void
relayinvite_cancel(struct relayinvite *invite)
{
	if (invite != NULL) {
		account_cancel(invite->op);
		mem_free(invite);
	}
}

/* --- what an invitation is written as -------------------------------- */

int
relay_join_string(const struct relay *relay, const char *name,
    const struct account_outcome *outcome, char *out)
{
	struct membership membership = { .role = LINKHELLO_GATEWAY };
	size_t len = 0;

	for (size_t i = 0; i < relay->public_count; i++) {
		(void)membership_add_relay(
		    &membership, relay->publics[i], strlen(relay->publics[i]));
	}
	memcpy(membership.relay_public, relay->public_key, KEYS_LEN);
	(void)snprintf(membership.user, sizeof(membership.user), "%s",
	    account_row(outcome->account)->user);
	(void)snprintf(membership.name, sizeof(membership.name), "%s", name);
	membership.has_token = true;
	memcpy(membership.token, outcome->token, sizeof(membership.token));
	len = joinstring_encode(&membership, out);
	membership_wipe(&membership);
	return len > 0 ? 0 : -1;
}

/* --- the command ----------------------------------------------------- */

/* Print what the running relay answers; its last line has the exit code. */
static void
on_line(const char *line, bool last, void *arg)
{
	static const char prefix[] = "{\"join\":\"";
	static const char good[] = "{\"exit\":0}";
	int *status = arg;
	size_t len = strlen(line);

	if (last) {
		*status = strcmp(line, good) == 0 ? EX_OK : 1;
		if (*status != EX_OK) {
			(void)fprintf(stderr, "inroad-relay: %s\n", line);
		}
	} else if (strncmp(line, prefix, sizeof(prefix) - 1) == 0 &&
		   len > sizeof(prefix) + 1) {
		/* A join string needs no escapes. */
		(void)printf("%.*s\n", (int)(len - sizeof(prefix) - 1),
		    line + sizeof(prefix) - 1);
	}
}

static void
on_done(const char *join, enum code code, const char *text, void *arg)
{
	int *status = arg;

	*status = code == CODE_OK ? EX_OK : 1;
	if (join != NULL) {
		(void)printf("%s\n", join);
	} else {
		(void)fprintf(stderr, "inroad-relay: %s\n", text);
	}
}

/* No relay runs: do it in the store ourselves. */
static int
invite_here(const struct relay_invite *command, struct fault *fault)
{
	struct relay_config config;
	struct relay *relay;
	int status;

	if (command->public_count == 0) {
		(void)fault_set(fault,
		    "no relay is running, so its address is not known: add "
		    "--public HOST:PORT, or start it first");
		return EX_USAGE;
	}
	relay_defaults(&config);
	config.state = command->state;
	config.publics = command->publics;
	config.public_count = command->public_count;
	relay = relay_open(NULL, &config, &status, fault);
	if (relay == NULL) {
		return status;
	}
	(void)relayinvite_start(relay, command, on_done, &status);
	store_sync(relay->store);
	relay_free(relay);
	return status;
}

int
relay_invite(const struct relay_invite *command)
{
	const char *words[] = { "invite", command->user,
		command->level != NULL ? command->level : "user",
		command->name != NULL ? command->name : "gateway",
		command->ttl != NULL ? command->ttl : "1d",
		command->uses != NULL ? command->uses : "1" };
	char dir[STATEDIR_PATH_LEN];
	char path[STATEDIR_PATH_LEN + 16];
	const struct control_client_question question = { path, words, 6,
		ASK_TIME };
	struct fault fault = { 0 };
	int status = EX_CONFIG;

	if (statedir_choose("relay", command->state, dir, &fault) == 0) {
		(void)snprintf(path, sizeof(path), "%s/control", dir);
		switch (
		    control_client_ask(&question, on_line, &status, &fault)) {
		case CONTROL_CLIENT_ANSWERED:
			return status;
		case CONTROL_CLIENT_ABSENT:
			status = invite_here(command, &fault);
			break;
		case CONTROL_CLIENT_DENIED:
			status = EX_NOPERM;
			break;
		case CONTROL_CLIENT_UNSENDABLE:
			status = EX_USAGE;
			break;
		case CONTROL_CLIENT_TIMEOUT:
		case CONTROL_CLIENT_BROKEN:
			status = EX_UNAVAILABLE;
			break;
		}
	}
	if (status != EX_OK && fault.text[0] != '\0') {
		(void)fprintf(stderr, "inroad-relay: %s\n", fault.text);
	}
	return status;
}
