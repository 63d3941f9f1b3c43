/* SPDX-License-Identifier: ISC */
/* Shares that gateways make and end: SHARE and SHARED. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/addr.h"
#include "protocol/sharemsg.h"
#include "relay/device_impl.h"

_Static_assert(
    SHAREMSG_SHARES_MAX == ACCOUNT_SHARES_SAME_MAX, "an answer has them all");

static void
reply(struct device *device, uint32_t request,
    const struct account_outcome *outcome)
{
	struct sharemsg_shared shared = {
		.request = request,
		.code = outcome->code,
		.count = outcome->share_count,
	};
	uint8_t payload[SHAREMSG_MAX];
	size_t len;

	(void)snprintf(shared.text, sizeof(shared.text), "%s", outcome->text);
	memcpy(shared.host, outcome->host, sizeof(shared.host));
	memcpy(shared.user, outcome->user, sizeof(shared.user));
	for (size_t i = 0; i < shared.count; i++) {
		shared.list[i].share = outcome->shares[i].share;
		shared.list[i].expiry = outcome->shares[i].expiry;
	}
	len = sharemsg_shared_encode(&shared, payload, sizeof(payload));
	(void)link_send(device->link, FRAME_SHARED, 0, payload, len);
}

static void
start(struct device *device, const struct sharemsg_share *share,
    struct deviceask *ask)
{
	struct account_book *book = device->hub->config.book;
	char origin[ADDR_TEXT_LEN];
	const struct account_sharing sharing = {
		.owner = device->account,
		.host = share->host,
		.user = share->user,
		.share = share->share,
		.expiry = share->expiry,
		.rights = share->rights,
		.rate = share->rate,
		.by = { device_user(device), origin, (uint64_t)time(NULL) },
	};

	(void)addr_format_ip(link_peer(device->link), origin);
	deviceask_wait(
	    ask, share->verb == SHAREMSG_SHARE
		     ? account_share(book, &sharing, deviceask_done, ask)
		     : account_unshare(book, &sharing, deviceask_done, ask));
}

void
deviceshare_request(struct device *device, const uint8_t *payload, size_t len)
{
	struct sharemsg_share share;
	struct deviceask *ask;

	if (sharemsg_share_decode(&share, payload, len) != 0) {
		link_close(device->link, CODE_PROTOCOL_ERROR, "bad SHARE");
		return;
	}
	if (share.verb == SHAREMSG_SHARE &&
	    account_row(device->account)->level == STORE_GUEST) {
		deviceask_refuse(device, share.request, reply, CODE_LIMIT,
		    "Guests cannot share hosts.");
		return;
	}
	ask = deviceask_new(device, share.request, reply);
	if (ask == NULL) {
		deviceask_refuse(device, share.request, reply, CODE_OVERLOADED,
		    "Too many shares at once; try again.");
		return;
	}
	start(device, &share, ask);
}
