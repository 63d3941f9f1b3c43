/* SPDX-License-Identifier: ISC */
/*
 * The commands "share", "unshare" and "shares".
 *
 *	share     the relay is told of the share; then its string is made here,
 *	          as the relay never has the key part
 *	unshare   the relay is told and ends what there is; then the agent is
 *	          told by an order (gatewayorders.c), which is waited for
 */
#include <ev.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/lent.h"
#include "protocol/endpoint.h"
#include "protocol/keys.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/sharemsg.h"
#include "protocol/sharestring.h"

/* One object of an answer. */
#define OBJECT_MAX 4096

/* Seconds that "unshare" waits for the agent. */
#define TELL_TIME 10.0

/* One under way. */
struct ask {
	struct gateway *gateway;
	struct control_request *request;
	struct sharemsg_share message;
	size_t ended;    /* shares, once the relay has answered */
	bool telling;    /* waits for the agent */
	ev_timer timer;  /* then */
	struct list all; /* in gateway->shares */
};

static void
ask_free(struct ask *ask)
{
	ev_timer_stop(loop_ev(ask->gateway->loop), &ask->timer);
	list_remove(&ask->all);
	mem_free(ask);
}

static void
on_cancel(void *arg)
{
	ask_free(arg);
}

static void
fail(struct control_request *request, enum code code, const char *text)
{
	if (code == CODE_HOST_UNKNOWN) {
		control_end(request, CONTROL_NO_HOST, codes_slug(code),
		    text[0] != '\0' ? text : codes_summary(code));
	} else {
		gateway_refuse(request, code, text);
	}
}

/* --- asking the relay ---------------------------------------------------- */

static void on_told_too_late(struct ev_loop *ev, ev_timer *timer, int revents);

/* Send message for request. */
static void
ask_relay(struct gateway *gateway, struct control_request *request,
    const struct sharemsg_share *message)
{
	struct link *link = endpoint_link(gateway->endpoint);
	uint8_t payload[SHAREMSG_MAX];
	char text[LIMITS_TEXT_LEN];
	struct ask *ask;
	size_t len;

	if (link == NULL) {
		enum code code = endpoint_no_link(gateway->endpoint, text);

		fail(request, code, text);
		return;
	}
	ask = mem_new(1, sizeof(*ask));
	if (ask == NULL) {
		fail(request, CODE_OVERLOADED, "");
		return;
	}
	ask->gateway = gateway;
	ask->request = request;
	ask->message = *message;
	ask->message.request = ++gateway->last_request;
	ev_init(&ask->timer, on_told_too_late);
	ask->timer.data = ask;
	list_init(&ask->all);
	list_push_back(&gateway->shares, &ask->all);
	control_on_cancel(request, on_cancel, ask);
	len = sharemsg_share_encode(&ask->message, payload, sizeof(payload));
	/* If this fails the link goes down, and that answers the request. */
	(void)link_send(link, FRAME_SHARE, 0, payload, len);
}

/* Read a name of an account; 0, or -1 and request is over. */
static int
read_user(struct control_request *request, const char *word,
    char out[NAME_USER_MAX + 1])
{
	char text[LIMITS_TEXT_LEN];
	enum name_error error = name_check_user(word);

	if (error != NAME_OK) {
		(void)snprintf(text, sizeof(text), "The account \"%.64s\" %s.",
		    word, name_error_text(error));
		fail(request, CODE_NAME_INVALID, text);
		return -1;
	}
	return name_fold(word, out, NAME_USER_MAX + 1);
}

/* --- share --------------------------------------------------------------- */

/* Return an own host by that name, or NULL and request is over. */
static const struct host *
find_host(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_word(request, 1);
	const struct membership *membership =
	    endpoint_membership(gateway->endpoint);
	const struct host *host = hosts_find(gateway->hosts, name);
	char text[LIMITS_TEXT_LEN];

	if (membership == NULL ||
	    membership->key_kind != MEMBERSHIP_KEY_ACCOUNT) {
		fail(request,
		    membership == NULL ? CODE_NOT_JOINED : CODE_ACCOUNT_KEY,
		    "");
		return NULL;
	}
	if (host == NULL || hosts_is_relay(host)) {
		(void)snprintf(text, sizeof(text),
		    "No host \"%.100s\". \"inroad hosts\" lists yours.", name);
		fail(request, CODE_HOST_UNKNOWN, text);
		return NULL;
	}
	if (host->share != 0) {
		(void)snprintf(text, sizeof(text),
		    "\"%s\" belongs to \"%s\", who alone shares it.",
		    host->name, host->owner);
		fail(request, CODE_DENIED, text);
		return NULL;
	}
	return host;
}

/* Put the rate text, "" for none, into *out in bytes a second; 0 or -1. */
static int
read_rate(const char *text, uint64_t *out)
{
	uint64_t bits = 0;

	if (text[0] != '\0' && (quantity_rate(text, &bits) != 0 || bits < 8)) {
		return -1;
	}
	*out = bits / 8;
	return 0;
}

/* share HOST USER [PORTS [SERVICES [UNTIL [RATE]]]] */
void
gatewayshare_start(struct gateway *gateway, struct control_request *request)
{
	struct sharemsg_share message = { .verb = SHAREMSG_SHARE };
	const struct host *host = find_host(gateway, request);
	const char *until;
	const char *flaw = NULL;
	char text[LIMITS_TEXT_LEN];

	if (host == NULL ||
	    read_user(request, control_word(request, 2), message.user) != 0) {
		return;
	}
	until = control_word(request, 5);
	if (rights_format(control_word(request, 3), control_word(request, 4),
		message.rights, &flaw) != 0) {
		(void)snprintf(text, sizeof(text), "The share %s.", flaw);
		fail(request, CODE_BAD_REQUEST, text);
		return;
	}
	if (until[0] != '\0' && (quantity_number(until, &message.expiry) != 0 ||
				    message.expiry <= (uint64_t)time(NULL))) {
		fail(request, CODE_BAD_REQUEST,
		    "A share ends at a time that is to come.");
		return;
	}
	if (read_rate(control_word(request, 6), &message.rate) != 0) {
		fail(request, CODE_BAD_REQUEST,
		    "A rate is a number with a unit, as 10Mbit.");
		return;
	}
	memcpy(message.host, host->name, sizeof(message.host));
	while (message.share == 0) {
		randombytes_buf(&message.share, sizeof(message.share));
	}
	ask_relay(gateway, request, &message);
}

/* Fill *out with the share that ask is for; 0, or -1. */
static int
make_share(const struct ask *ask, struct share *out)
{
	const struct membership *own =
	    endpoint_membership(ask->gateway->endpoint);
	const struct host *host =
	    hosts_find(ask->gateway->hosts, ask->message.host);
	struct keys_account account = { .epoch = own->epoch };
	uint8_t host_key[KEYS_LEN];
	int rc;

	memset(out, 0, sizeof(*out));
	memcpy(out->relay, own->relay[0], sizeof(out->relay));
	memcpy(out->relay_public, own->relay_public, KEYS_LEN);
	memcpy(out->owner, own->user, sizeof(out->owner));
	memcpy(out->host, ask->message.host, sizeof(out->host));
	if (host != NULL && host->share == 0) {
		memcpy(out->host_public, host->has_pin ? host->pin : host->key,
		    KEYS_LEN);
	}
	out->epoch = own->epoch;
	memcpy(out->caller.user, ask->message.user, sizeof(out->caller.user));
	out->caller.share = ask->message.share;
	out->caller.expiry = ask->message.expiry;
	memcpy(out->caller.rights, ask->message.rights,
	    sizeof(out->caller.rights));
	memcpy(account.key, own->key, sizeof(account.key));
	rc = keys_host(&account, out->host, host_key) == 0 &&
		     keys_psk(host_key, &out->caller, out->psk) == 0
		 ? 0
		 : -1;
	mem_wipe(&account, sizeof(account));
	mem_wipe(host_key, sizeof(host_key));
	return rc;
}

/* Note the share that ask has made; 0 or -1. */
static int
note_share(struct ask *ask)
{
	const struct sharemsg_share *message = &ask->message;
	struct lent_share share = {
		.share = message->share,
		.expiry = message->expiry,
		.created = (uint64_t)time(NULL),
	};

	memcpy(share.host, message->host, sizeof(share.host));
	memcpy(share.user, message->user, sizeof(share.user));
	memcpy(share.rights, message->rights, sizeof(share.rights));
	if (lent_put(ask->gateway->lent, &share) != 0) {
		return -1;
	}
	gatewayorders_save(ask->gateway);
	return 0;
}

/* The relay knows the share: hand out its string. */
static void
send_share(struct ask *ask)
{
	char string[SHARESTRING_MAX];
	char id[LENT_ID_LEN];
	struct jsonout *json = NULL;
	struct share share;

	if (make_share(ask, &share) == 0 &&
	    sharestring_encode(&share, string) > 0 && note_share(ask) == 0) {
		json = jsonout_new(OBJECT_MAX);
		jsonout_object(json, NULL);
		jsonout_string(json, "string", string);
		jsonout_string(
		    json, "share", lent_format_id(share.caller.share, id));
		jsonout_string(json, "host", share.host);
		jsonout_string(json, "user", share.caller.user);
		jsonout_uint(json, "expires", share.caller.expiry);
		jsonout_string(json, "rights", share.caller.rights);
		jsonout_end(json);
	}
	sharestring_wipe(&share);
	mem_wipe(string, sizeof(string));
	control_send(ask->request, json);
	control_end(ask->request, CONTROL_OK, NULL, NULL);
	ask_free(ask);
}

/* --- unshare ------------------------------------------------------------- */

/* unshare HOST USER|ID */
void
gatewayshare_end(struct gateway *gateway, struct control_request *request)
{
	struct sharemsg_share message = { .verb = SHAREMSG_UNSHARE };
	const char *host = control_word(request, 1);
	const char *whom = control_word(request, 2);

	if (name_check_host(host) != NAME_OK ||
	    name_fold(host, message.host, sizeof(message.host)) != 0) {
		fail(request, CODE_NAME_INVALID, "unshare HOST USER|SHARE");
		return;
	}
	if (lent_parse_id(whom, &message.share) != 0 &&
	    read_user(request, whom, message.user) != 0) {
		return;
	}
	ask_relay(gateway, request, &message);
}

/* Note that the share with that id, of host with user, has ended. */
static void
note_ended(struct ask *ask, uint64_t id, uint64_t expiry, const char *host,
    const char *user)
{
	struct lent_share share = {
		.share = id,
		.expiry = expiry,
		.created = (uint64_t)time(NULL),
		.ended = true,
	};

	(void)snprintf(share.host, sizeof(share.host), "%s", host);
	(void)snprintf(share.user, sizeof(share.user), "%s", user);
	(void)lent_put(ask->gateway->lent, &share);
	ask->ended++;
}

/*
 * End what is known here alone: a relay may have forgotten it, as it does when
 * the share expires or with its own store, and the agent has not.
 */
static void
end_known(struct ask *ask)
{
	struct lent *lent = ask->gateway->lent;
	const struct lent_share *one = lent_at(lent, 0);
	const struct sharemsg_share *message = &ask->message;

	for (size_t i = 0; one != NULL; one = lent_at(lent, ++i)) {
		bool meant = message->share != 0
				 ? one->share == message->share
				 : strcmp(one->user, message->user) == 0;

		if (!one->ended && meant &&
		    strcmp(one->host, message->host) == 0) {
			struct lent_share ended = *one;

			note_ended(ask, ended.share, ended.expiry, ended.host,
			    ended.user);
		}
	}
}

/* Return true when the agent on host is still to be told of something. */
static bool
is_owed(const struct gateway *gateway, const char *host)
{
	const struct lent_share *one = lent_at(gateway->lent, 0);

	for (size_t i = 0; one != NULL; one = lent_at(gateway->lent, ++i)) {
		if (one->ended && strcmp(one->host, host) == 0) {
			return true;
		}
	}
	return false;
}

/* Say how it went; told says whether the agent knows. */
static void
send_ended(struct ask *ask, bool told)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, "host", ask->message.host);
	jsonout_uint(json, "ended", ask->ended);
	jsonout_bool(json, "told", told);
	jsonout_end(json);
	control_send(ask->request, json);
	control_end(ask->request, CONTROL_OK, NULL, NULL);
	ask_free(ask);
}

static void
on_told_too_late(struct ev_loop *ev, ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	send_ended(timer->data, false);
}

void
gatewayshare_told(struct gateway *gateway, const char *host, bool last)
{
	struct list *node = list_first(&gateway->shares);
	bool owed = is_owed(gateway, host);

	while (node != NULL) {
		struct ask *ask = list_entry(node, struct ask, all);

		node = list_after(&gateway->shares, node);
		if (ask->telling && strcmp(ask->message.host, host) == 0 &&
		    (!owed || last)) {
			send_ended(ask, !owed);
		}
	}
}

/* The relay has ended what it had; the agent is next. */
static void
on_ended(struct ask *ask, const struct sharemsg_shared *shared)
{
	struct gateway *gateway = ask->gateway;
	const struct host *host;

	for (size_t i = 0; i < shared->count; i++) {
		note_ended(ask, shared->list[i].share, shared->list[i].expiry,
		    shared->host, shared->user);
	}
	if (shared->host[0] != '\0') {
		memcpy(
		    ask->message.host, shared->host, sizeof(ask->message.host));
	}
	end_known(ask);
	if (ask->ended == 0) {
		fail(ask->request, shared->code, shared->text);
		ask_free(ask);
		return;
	}
	gatewayorders_save(gateway);
	gatewayorders_go_on(gateway, true);
	host = hosts_find(gateway->hosts, ask->message.host);
	if (host == NULL || !host->online) {
		send_ended(ask, false);
		return;
	}
	ask->telling = true;
	ev_timer_set(&ask->timer, TELL_TIME, 0.);
	ev_timer_start(loop_ev(gateway->loop), &ask->timer);
}

/* --- the relay's answer -------------------------------------------------- */

void
gatewayshare_answer(struct gateway *gateway, const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&gateway->shares);
	struct sharemsg_shared shared;

	if (sharemsg_shared_decode(&shared, payload, len) != 0) {
		return;
	}
	for (; node != NULL; node = list_after(&gateway->shares, node)) {
		struct ask *ask = list_entry(node, struct ask, all);

		if (ask->message.request != shared.request || ask->telling) {
			continue;
		}
		if (ask->message.verb == SHAREMSG_UNSHARE &&
		    (shared.code == CODE_OK ||
			shared.code == CODE_HOST_UNKNOWN)) {
			on_ended(ask, &shared);
		} else if (shared.code == CODE_OK) {
			send_share(ask);
		} else {
			fail(ask->request, shared.code, shared.text);
			ask_free(ask);
		}
		return;
	}
}

void
gatewayshare_down(struct gateway *gateway, const char *text)
{
	struct list *node = list_first(&gateway->shares);

	while (node != NULL) {
		struct ask *ask = list_entry(node, struct ask, all);

		node = list_after(&gateway->shares, node);
		if (ask->telling) {
			send_ended(ask, false);
		} else {
			fail(ask->request, CODE_LINK_LOST, text);
			ask_free(ask);
		}
	}
}

/* --- shares -------------------------------------------------------------- */

/* Tell of a share that was made here. */
static void
describe(struct control_request *request, const struct lent_share *share)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);
	char id[LENT_ID_LEN];

	jsonout_object(json, NULL);
	jsonout_string(json, "host", share->host);
	jsonout_string(json, "user", share->user);
	jsonout_string(json, "state", share->ended ? "ended" : "made");
	jsonout_string(json, "share", lent_format_id(share->share, id));
	jsonout_uint(json, "expires", share->expiry);
	jsonout_uint(json, "created", share->created);
	jsonout_string(json, "rights", share->rights);
	jsonout_end(json);
	control_send(request, json);
}

/* shares [made] */
void
gatewayshare_list(struct gateway *gateway, struct control_request *request)
{
	const struct lent_share *share;

	if (lent_expire(gateway->lent, (uint64_t)time(NULL))) {
		gatewayorders_save(gateway);
	}
	share = lent_at(gateway->lent, 0);
	for (size_t i = 0; share != NULL; share = lent_at(gateway->lent, ++i)) {
		describe(request, share);
	}
	if (strcmp(control_word(request, 1), "made") != 0) {
		gatewayaccept_list(gateway, request);
	}
	control_end(request, CONTROL_OK, NULL, NULL);
}
