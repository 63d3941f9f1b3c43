/* SPDX-License-Identifier: ISC */
/*
 * Messages: the command "send", and what comes from hosts.
 *
 * A message goes to a host, or to the other gateways of the account, of which
 * the relay is asked when there is one to send: RESOLVE.  What is known as a
 * host is one; names of hosts and of gateways are never the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/mem.h"
#include "gateway/correspondents.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "gateway/tether.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/outbox.h"
#include "protocol/resolvemsg.h"
#include "protocol/session.h"

/* Longest that somebody waits for a receipt, in seconds. */
#define WAIT_MAX 3600.

/* Room for "alice/laptop". */
#define TO_LEN (NAME_USER_MAX + 1 + NAME_HOST_MAX + 1)

/* A text until it is handed to all sessions that it is for. */
struct mailing {
	struct gateway *gateway;
	struct outbox_send *send;
	struct outbox_text *text;
	char to[TO_LEN];                /* as it was asked for */
	char device[NAME_HOST_MAX + 1]; /* of that; empty: all gateways */
	uint32_t request;               /* RESOLVE under way, else 0 */
	struct list deliveries;
	struct list all; /* in gateway->mailings */
};

/* One that waits for its session, with a host or with a gateway. */
struct delivery {
	struct list node;
	struct mailing *mailing;
	struct peers_wait *host;
	struct correspondents_wait *gateway;
	char to[TO_LEN];
};

static void
drop(struct delivery *delivery)
{
	peers_cancel(delivery->host);
	correspondents_cancel(delivery->gateway);
	list_remove(&delivery->node);
	mem_free(delivery);
}

static void
forget(struct mailing *mailing)
{
	struct list *node = list_first(&mailing->deliveries);

	for (; node != NULL; node = list_first(&mailing->deliveries)) {
		drop(list_entry(node, struct delivery, node));
	}
	list_remove(&mailing->all);
	mem_free(mailing->text);
	mem_free(mailing);
}

/* The request ended before all was handed over. */
static void
on_abandon(void *arg)
{
	forget(arg);
}

/* Let go of mailing if there is nothing to wait for any more. */
static void
finish_if_done(struct mailing *mailing)
{
	struct outbox_send *send = mailing->send;

	if (mailing->request == 0 && list_empty(&mailing->deliveries)) {
		forget(mailing);
		outbox_close(send);
	}
}

/* There is nobody to send to, or no way to find out. */
static void
fail(struct mailing *mailing, enum code code, const char *text)
{
	outbox_miss(mailing->send, mailing->to, code, text);
	finish_if_done(mailing);
}

/* --- one session ----------------------------------------------------- */

static void
on_session(struct session *session, enum code code, const char *text, void *arg)
{
	struct delivery *delivery = arg;
	struct mailing *mailing = delivery->mailing;

	delivery->host = NULL;
	delivery->gateway = NULL;
	if (session != NULL) {
		outbox_add(mailing->send, delivery->to, session, mailing->text);
	} else {
		outbox_miss(mailing->send, delivery->to, code, text);
	}
	drop(delivery);
	finish_if_done(mailing);
}

static struct delivery *
delivery_new(struct mailing *mailing, const char *user, const char *device)
{
	struct delivery *delivery = mem_new(1, sizeof(*delivery));

	if (delivery != NULL) {
		delivery->mailing = mailing;
		(void)snprintf(delivery->to, sizeof(delivery->to), "%s%s%s",
		    user, user[0] != '\0' ? "/" : "", device);
		list_push_back(&mailing->deliveries, &delivery->node);
	}
	return delivery;
}

/* Send to the host by that name, or say why that cannot be. */
static void
send_to_host(struct mailing *mailing, const char *name)
{
	struct delivery *delivery = delivery_new(mailing, "", name);
	struct peers_wait *wait;

	if (delivery == NULL) {
		fail(mailing, CODE_OVERLOADED, "");
		return;
	}
	wait = peers_get(mailing->gateway->peers, name, on_session, delivery);
	if (wait != NULL) {
		delivery->host = wait;
	}
}

/* --- gateways -------------------------------------------------------- */

/* Send to one that the relay named; mailing has a request under way. */
static void
send_to_gateway(struct mailing *mailing, const struct resolvemsg_gateway *one)
{
	struct gateway *gateway = mailing->gateway;
	const char *user = endpoint_membership(gateway->endpoint)->user;
	struct delivery *delivery = delivery_new(mailing, user, one->device);
	struct correspondents_wait *wait;
	char text[LIMITS_TEXT_LEN];

	if (delivery == NULL) {
		outbox_miss(mailing->send, one->device, CODE_OVERLOADED, "");
	} else if (!one->online) {
		(void)snprintf(
		    text, sizeof(text), "\"%s\" is offline", one->device);
		on_session(NULL, CODE_HOST_OFFLINE, text, delivery);
	} else {
		wait = correspondents_get(
		    gateway->correspondents, user, one, on_session, delivery);
		if (wait != NULL) {
			delivery->gateway = wait;
		}
	}
}

/* Do what the relay said. */
static void
follow(struct mailing *mailing, const struct resolvemsg_resolved *answer)
{
	if (answer->code == CODE_HOST_UNKNOWN) {
		/* A host, perhaps, of which we were not told yet. */
		mailing->request = 0;
		send_to_host(mailing, mailing->device);
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		send_to_gateway(mailing, &answer->list[i]);
	}
	mailing->request = 0;
	if (answer->code != CODE_OK) {
		fail(mailing, answer->code, answer->text);
	} else if (answer->count == 0) {
		fail(mailing, CODE_HOST_OFFLINE,
		    "This account has no other gateway.");
	} else {
		finish_if_done(mailing);
	}
}

void
gatewaysend_resolved(
    struct gateway *gateway, const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&gateway->mailings);
	struct resolvemsg_resolved answer;

	if (resolvemsg_resolved_decode(&answer, payload, len) != 0) {
		link_close(endpoint_link(gateway->endpoint),
		    CODE_PROTOCOL_ERROR, "bad RESOLVED");
		return;
	}
	for (; node != NULL; node = list_after(&gateway->mailings, node)) {
		struct mailing *mailing = list_entry(node, struct mailing, all);

		if (mailing->request != 0 &&
		    mailing->request == answer.request) {
			follow(mailing, &answer);
			return;
		}
	}
}

void
gatewaysend_down(struct gateway *gateway, enum code code, const char *text)
{
	struct list *node = list_first(&gateway->mailings);

	while (node != NULL) {
		struct mailing *mailing = list_entry(node, struct mailing, all);

		node = list_after(&gateway->mailings, node);
		if (mailing->request != 0) {
			mailing->request = 0;
			fail(mailing, code, text);
		}
	}
}

/* Ask the relay for the gateways that mailing is for. */
static void
resolve(struct mailing *mailing)
{
	struct gateway *gateway = mailing->gateway;
	struct link *link = endpoint_link(gateway->endpoint);
	struct resolvemsg_resolve ask;
	uint8_t payload[RESOLVEMSG_MAX];
	char text[LIMITS_TEXT_LEN];

	if (link == NULL) {
		enum code code = endpoint_no_link(gateway->endpoint, text);

		fail(mailing, code, text);
		return;
	}
	mailing->request = ++gateway->last_request;
	ask.request = mailing->request;
	memcpy(ask.name, mailing->device, sizeof(ask.name));
	/* If this fails the link goes down, and that ends the request. */
	(void)link_send(link, FRAME_RESOLVE, 0, payload,
	    resolvemsg_resolve_encode(&ask, payload, sizeof(payload)));
}

/* --- whom it is for -------------------------------------------------- */

/* Messages go where there is a key in common. */
static void
refuse_account(struct mailing *mailing, const char *user)
{
	char text[LIMITS_TEXT_LEN];

	(void)snprintf(text, sizeof(text),
	    "\"%.64s\" is another account, and no key is shared with it: "
	    "messages go to devices of the own account.",
	    user);
	fail(mailing, CODE_DENIED, text);
}

/* Send to a device of the own account, a host or a gateway; or all gateways. */
static void
send_to_device(struct mailing *mailing, const char *device)
{
	const struct gateway *gateway = mailing->gateway;
	const struct membership *self = endpoint_membership(gateway->endpoint);

	if (hosts_find(gateway->hosts, device) != NULL ||
	    (device[0] != '\0' && name_check_device(device) != NAME_OK) ||
	    (endpoint_link(gateway->endpoint) == NULL &&
		!hosts_is_complete(gateway->hosts))) {
		send_to_host(mailing, device);
	} else if (strcmp(device, self->name) == 0) {
		fail(mailing, CODE_BAD_REQUEST, "That is this device itself.");
	} else {
		(void)snprintf(
		    mailing->device, sizeof(mailing->device), "%s", device);
		resolve(mailing);
	}
}

/* Send to whom mailing says: a host, USER, USER/DEVICE or DEVICE. */
static void
dispatch(struct mailing *mailing)
{
	const struct gateway *gateway = mailing->gateway;
	const struct membership *self = endpoint_membership(gateway->endpoint);
	char user[TO_LEN];
	char *device;

	memcpy(user, mailing->to, sizeof(user));
	device = strchr(user, '/');
	if (self == NULL || self->key_kind != MEMBERSHIP_KEY_ACCOUNT) {
		send_to_host(mailing, user);
	} else if (device != NULL) {
		*device++ = '\0';
		if (strcmp(user, self->user) == 0) {
			send_to_device(mailing, device);
		} else {
			refuse_account(mailing, user);
		}
	} else if (hosts_find(gateway->hosts, user) == NULL &&
		   strcmp(user, self->user) == 0) {
		send_to_device(mailing, "");
	} else if (name_check_device(user) != NAME_OK &&
		   name_check_user(user) == NAME_OK) {
		/* With dots or an at sign it can be nothing else. */
		refuse_account(mailing, user);
	} else {
		send_to_device(mailing, user);
	}
}

/* Send text, which is taken over; the request is taken over, too. */
static void
begin(struct gateway *gateway, struct control_request *request,
    struct outbox_text *text, double seconds)
{
	struct mailing *mailing = mem_new(1, sizeof(*mailing));

	if (mailing == NULL) {
		mem_free(text);
		gateway_refuse(request, CODE_OVERLOADED, "");
		return;
	}
	mailing->gateway = gateway;
	mailing->text = text;
	list_init(&mailing->deliveries);
	list_push_back(&gateway->mailings, &mailing->all);
	/* What is too long to be a name is none, as it is. */
	if (name_fold(control_word(request, 1), mailing->to,
		sizeof(mailing->to)) < 0) {
		(void)snprintf(mailing->to, sizeof(mailing->to), "%s",
		    control_word(request, 1));
	}
	mailing->send = outbox_begin(
	    gateway->outbox, request, seconds, on_abandon, mailing);
	if (mailing->send == NULL) {
		forget(mailing);
		return;
	}
	dispatch(mailing);
}

/* send WHOM TEXT SECONDS */
void
gatewaysend_start(struct gateway *gateway, struct control_request *request)
{
	double seconds = strtod(control_word(request, 3), NULL);
	struct outbox_text *text;

	if (control_count(request) != 4 || !(seconds > 0.) ||
	    seconds > WAIT_MAX) {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "send WHOM TEXT SECONDS");
		return;
	}
	text = outbox_read(request, 2);
	if (text != NULL) {
		begin(gateway, request, text, seconds);
	}
}

/* --- what comes ------------------------------------------------------ */

static void
on_text(const struct host *host, struct session *session, uint32_t number,
    const char *text, size_t len, void *arg)
{
	struct gateway *gateway = arg;
	const struct endpoint_text message = {
		.user = host->owner,
		.device = host->name,
		.text = text,
		.len = len,
	};

	endpoint_answer_text(gateway->endpoint, &message, session, number);
}

static void
on_receipt(const struct session *session, uint32_t number, enum code code,
    const char *text, void *arg)
{
	struct gateway *gateway = arg;

	correspondents_used(gateway->correspondents, session);
	outbox_receipt(gateway->outbox, session, number, code, text);
}

static void
on_over(const struct session *session, void *arg)
{
	struct gateway *gateway = arg;

	/* The outbox goes before the sessions, for whom it waits. */
	if (gateway->outbox != NULL) {
		outbox_over(gateway->outbox, session);
	}
}

const struct tether_post gatewaysend_post = {
	.text = on_text,
	.receipt = on_receipt,
	.over = on_over,
};
