/* SPDX-License-Identifier: ISC */
/* Invitations: a token from the relay, and the key part that it never sees. */
#include <stdio.h>
#include <string.h>

#include "common/control.h"
#include "common/jsonout.h"
#include "common/mem.h"
#include "common/quantity.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "protocol/endpoint.h"
#include "protocol/joinstring.h"
#include "protocol/link.h"

/* An invitation under way. */
struct ask {
	struct gateway *gateway;
	struct control_request *request;
	uint32_t number;
	uint16_t uses;
	enum linkhello_role role;
	char name[NAME_HOST_MAX + 1];
	struct list all; /* in gateway->asks */
	bool replica;    /* beside those of that name */
};

static void
ask_free(struct ask *ask)
{
	list_remove(&ask->all);
	mem_free(ask);
}

static void
on_cancel(void *arg)
{
	ask_free(arg);
}

/* --- asking ---------------------------------------------------------- */

static int
send_ask(
    struct link *link, const struct ask *ask, const char *how, uint32_t ttl)
{
	struct linkmsg_invite invite = {
		.request = ask->number,
		.role = ask->role,
		.replace = strcmp(how, "replace") == 0,
		.replica = ask->replica,
		.ttl = ttl,
		.uses = ask->uses,
	};
	uint8_t payload[512];
	size_t len;

	(void)snprintf(invite.name, sizeof(invite.name), "%s", ask->name);
	len = linkmsg_invite_encode(&invite, payload, sizeof(payload));
	return link_send(link, FRAME_INVITE, 0, payload, len);
}

/* Say what is wrong with what was asked for; NULL when nothing is. */
static const char *
flaw(const char *role, const char *name)
{
	enum name_error error;

	if (strcmp(role, "agent") == 0) {
		error = name_check_new_host(name);
	} else if (strcmp(role, "gateway") == 0) {
		error = name_check_device(name);
	} else {
		return "is invited as an agent or a gateway";
	}
	return error == NAME_OK ? NULL : name_error_text(error);
}

/* Put the duration text, "" for the relay's usual one, into *out; 0 or -1. */
static int
read_ttl(const char *text, uint32_t *out)
{
	uint64_t ns = 0;

	if (text[0] != '\0' &&
	    (quantity_duration(text, &ns) != 0 || ns < LIMITS_SEC ||
		ns / LIMITS_SEC > UINT32_MAX)) {
		return -1;
	}
	*out = (uint32_t)(ns / LIMITS_SEC);
	return 0;
}

/* Put the number of devices text, "" for one, into *out; 0 or -1. */
static int
read_uses(const char *text, uint16_t *out)
{
	uint64_t uses = 1;

	if (text[0] != '\0' && (quantity_number(text, &uses) != 0 ||
				   uses == 0 || uses > UINT16_MAX)) {
		return -1;
	}
	*out = (uint16_t)uses;
	return 0;
}

/* invite agent|gateway NAME [replace|replica|keep [TTL [USES]]] */
void
gatewayinvite_start(struct gateway *gateway, struct control_request *request)
{
	const char *role = control_word(request, 1);
	const char *name = control_word(request, 2);
	const char *wrong = flaw(role, name);
	struct link *link = endpoint_link(gateway->endpoint);
	char text[LIMITS_TEXT_LEN];
	struct ask *ask;
	enum code code;
	uint32_t ttl;
	uint16_t uses;

	if (wrong != NULL) {
		(void)snprintf(
		    text, sizeof(text), "\"%.64s\" %s.", name, wrong);
		gateway_refuse(request, CODE_NAME_INVALID, text);
		return;
	}
	if (read_ttl(control_word(request, 4), &ttl) != 0) {
		gateway_refuse(request, CODE_BAD_REQUEST,
		    "How long an invitation is good is a time, as 2h or 7d.");
		return;
	}
	if (read_uses(control_word(request, 5), &uses) != 0) {
		gateway_refuse(request, CODE_BAD_REQUEST,
		    "For how many devices an invitation is is a number.");
		return;
	}
	if (link == NULL) {
		code = endpoint_no_link(gateway->endpoint, text);
		gateway_refuse(request, code, text);
		return;
	}
	ask = mem_new(1, sizeof(*ask));
	if (ask == NULL) {
		gateway_refuse(request, CODE_OVERLOADED, "");
		return;
	}
	ask->gateway = gateway;
	ask->request = request;
	ask->number = ++gateway->last_request;
	ask->uses = uses;
	ask->role =
	    strcmp(role, "agent") == 0 ? LINKHELLO_AGENT : LINKHELLO_GATEWAY;
	ask->replica = ask->role == LINKHELLO_AGENT &&
		       strcmp(control_word(request, 3), "replica") == 0;
	(void)name_fold(name, ask->name, sizeof(ask->name));
	list_init(&ask->all);
	list_push_back(&gateway->asks, &ask->all);
	control_on_cancel(request, on_cancel, ask);
	/* If this fails the link goes down, and that answers the request. */
	(void)send_ask(link, ask, control_word(request, 3), ttl);
}

/* --- the answer ------------------------------------------------------ */

/* The key part: the account's for a gateway, the host's for an agent. */
static int
add_key(struct membership *out, const struct membership *own)
{
	struct keys_account account = { .epoch = own->epoch };
	int result = 0;

	out->epoch = own->epoch;
	memcpy(account.key, own->key, sizeof(account.key));
	if (out->role == LINKHELLO_GATEWAY) {
		out->key_kind = MEMBERSHIP_KEY_ACCOUNT;
		memcpy(out->key, own->key, sizeof(out->key));
	} else {
		out->key_kind = MEMBERSHIP_KEY_HOST;
		result = keys_host(&account, out->name, out->key);
	}
	mem_wipe(&account, sizeof(account));
	return result;
}

static void
send_join(struct ask *ask, const struct linkmsg_invited *invited)
{
	const struct membership *own =
	    endpoint_membership(ask->gateway->endpoint);
	struct membership membership = *own;
	char join[JOINSTRING_MAX + 1];
	struct jsonout *json = NULL;

	membership.role = ask->role;
	(void)snprintf(
	    membership.name, sizeof(membership.name), "%s", ask->name);
	membership.has_token = true;
	memcpy(membership.token, invited->token, sizeof(membership.token));
	if (add_key(&membership, own) == 0 &&
	    joinstring_encode(&membership, join) > 0) {
		json = jsonout_new(JOINSTRING_MAX + 512);
		jsonout_object(json, NULL);
		jsonout_string(json, "join", join);
		jsonout_string(json, "name", ask->name);
		jsonout_uint(json, "expires", invited->expires);
		jsonout_uint(json, "uses", ask->uses);
		jsonout_end(json);
	}
	membership_wipe(&membership);
	mem_wipe(join, sizeof(join));
	if (ask->replica && json != NULL &&
	    hosts_expect(
		ask->gateway->hosts, own->user, ask->name, ask->uses) == 0) {
		gateway_save_pins(ask->gateway);
	}
	control_send(ask->request, json);
	control_end(ask->request, CONTROL_OK, NULL, NULL);
}

void
gatewayinvite_answer(
    struct gateway *gateway, const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&gateway->asks);
	struct linkmsg_invited invited;

	if (linkmsg_invited_decode(&invited, payload, len) != 0) {
		return;
	}
	for (; node != NULL; node = list_after(&gateway->asks, node)) {
		struct ask *ask = list_entry(node, struct ask, all);

		if (ask->number != invited.request) {
			continue;
		}
		if (invited.code == CODE_OK && invited.has_token) {
			send_join(ask, &invited);
		} else {
			gateway_refuse(
			    ask->request, invited.code, invited.text);
		}
		ask_free(ask);
		break;
	}
	mem_wipe(&invited, sizeof(invited));
}

void
gatewayinvite_down(struct gateway *gateway, const char *text)
{
	struct list *node = list_first(&gateway->asks);

	for (; node != NULL; node = list_first(&gateway->asks)) {
		struct ask *ask = list_entry(node, struct ask, all);

		gateway_refuse(ask->request, CODE_LINK_LOST, text);
		ask_free(ask);
	}
}
