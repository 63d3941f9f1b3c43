/* SPDX-License-Identifier: ISC */
/* Invitations that gateways ask for. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/addr.h"
#include "common/mem.h"
#include "relay/device_impl.h"

/* Invitations under way of one gateway; a person makes them one by one. */
#define ASKS_MAX 8

/* An invitation under way. */
struct ask {
	struct device *device;
	struct account_op *op;
	uint32_t request;
	struct list all; /* in device->asks */
};

static void
reply(struct device *device, uint32_t request,
    const struct account_outcome *outcome)
{
	struct linkmsg_invited invited = {
		.request = request,
		.code = outcome->code,
		.has_token = outcome->has_token,
		.expires = outcome->expires,
	};
	uint8_t payload[512];
	size_t len;

	(void)snprintf(invited.text, sizeof(invited.text), "%s", outcome->text);
	if (invited.has_token) {
		memcpy(invited.token, outcome->token, sizeof(invited.token));
	}
	len = linkmsg_invited_encode(&invited, payload, sizeof(payload));
	(void)link_send(device->link, FRAME_INVITED, 0, payload, len);
	mem_wipe(payload, sizeof(payload));
	mem_wipe(&invited, sizeof(invited));
}

static void
refuse(
    struct device *device, uint32_t request, enum code code, const char *text)
{
	struct account_outcome outcome = { .code = code };

	(void)snprintf(outcome.text, sizeof(outcome.text), "%s", text);
	reply(device, request, &outcome);
}

static void
on_invited(const struct account_outcome *outcome, void *arg)
{
	struct ask *ask = arg;

	reply(ask->device, ask->request, outcome);
	list_remove(&ask->all);
	mem_free(ask);
}

static bool
too_many(const struct device *device)
{
	unsigned n = 0;
	const struct list *node = list_first(&device->asks);

	for (; node != NULL; node = list_after(&device->asks, node)) {
		n++;
	}
	return n >= ASKS_MAX;
}

void
deviceinvite_request(struct device *device, const uint8_t *payload, size_t len)
{
	struct linkmsg_invite invite;
	struct account_invite request;
	struct account_op *op;
	struct ask *ask = NULL;
	char origin[ADDR_TEXT_LEN];

	if (linkmsg_invite_decode(&invite, payload, len) != 0) {
		link_close(device->link, CODE_PROTOCOL_ERROR, "bad INVITE");
		return;
	}
	if (account_row(device->account)->level == STORE_GUEST) {
		refuse(device, invite.request, CODE_LIMIT,
		    "guests cannot invite devices");
		return;
	}
	if (!too_many(device)) {
		ask = mem_new(1, sizeof(*ask));
	}
	if (ask == NULL) {
		refuse(device, invite.request, CODE_OVERLOADED,
		    "too many invitations at once; try again");
		return;
	}
	ask->device = device;
	ask->request = invite.request;
	list_init(&ask->all);
	list_push_back(&device->asks, &ask->all);
	(void)addr_format_ip(link_peer(device->link), origin);
	request = (struct account_invite){
		.account = device->account,
		.role = invite.role,
		.name = invite.name,
		.replace = invite.replace,
		.replica = invite.replica,
		.ttl = invite.ttl,
		.uses = invite.uses,
		.by = { device_user(device), origin, (uint64_t)time(NULL) },
	};
	op =
	    account_invite(device->hub->config.book, &request, on_invited, ask);
	if (op != NULL) {
		ask->op = op;
	}
}

void
deviceinvite_end(struct device *device)
{
	struct list *node = list_first(&device->asks);

	for (; node != NULL; node = list_first(&device->asks)) {
		struct ask *ask = list_entry(node, struct ask, all);

		account_cancel(ask->op);
		list_remove(&ask->all);
		mem_free(ask);
	}
}
