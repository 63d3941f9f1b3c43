/* SPDX-License-Identifier: ISC */
/* Invitations that gateways ask for. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/addr.h"
#include "common/mem.h"
#include "relay/device_impl.h"

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

void
deviceinvite_request(struct device *device, const uint8_t *payload, size_t len)
{
	struct linkmsg_invite invite;
	struct account_invite request;
	struct deviceask *ask;
	char origin[ADDR_TEXT_LEN];

	if (linkmsg_invite_decode(&invite, payload, len) != 0) {
		link_close(device->link, CODE_PROTOCOL_ERROR, "bad INVITE");
		return;
	}
	if (account_row(device->account)->level == STORE_GUEST) {
		deviceask_refuse(device, invite.request, reply, CODE_LIMIT,
		    "guests cannot invite devices");
		return;
	}
	ask = deviceask_new(device, invite.request, reply);
	if (ask == NULL) {
		deviceask_refuse(device, invite.request, reply, CODE_OVERLOADED,
		    "too many invitations at once; try again");
		return;
	}
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
	deviceask_wait(ask, account_invite(device->hub->config.book, &request,
				deviceask_done, ask));
}
