/* SPDX-License-Identifier: ISC */
/* Shares that gateways make and end: SHARE and SHARED. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/addr.h"
#include "common/mem.h"
#include "protocol/sharemsg.h"
#include "relay/device_impl.h"

_Static_assert(
    SHAREMSG_SHARES_MAX == ACCOUNT_SHARES_SAME_MAX, "an answer has them all");

/* Shares under way of one gateway; a person makes them one by one. */
#define ASKS_MAX 8

/* One under way. */
struct ask {
	struct device *device;
	struct account_op *op;
	uint32_t request;
	struct list all; /* in device->shares */
};

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
refuse(
    struct device *device, uint32_t request, enum code code, const char *text)
{
	struct account_outcome outcome = { .code = code };

	(void)snprintf(outcome.text, sizeof(outcome.text), "%s", text);
	reply(device, request, &outcome);
}

static void
on_done(const struct account_outcome *outcome, void *arg)
{
	struct ask *ask = arg;

	reply(ask->device, ask->request, outcome);
	list_remove(&ask->all);
	mem_free(ask);
}

static size_t
count_asks(const struct device *device)
{
	const struct list *node = list_first(&device->shares);
	size_t n = 0;

	for (; node != NULL; node = list_after(&device->shares, node)) {
		n++;
	}
	return n;
}

static void
start(
    struct device *device, const struct sharemsg_share *share, struct ask *ask)
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
	struct account_op *op;

	(void)addr_format_ip(link_peer(device->link), origin);
	op = share->verb == SHAREMSG_SHARE
		 ? account_share(book, &sharing, on_done, ask)
		 : account_unshare(book, &sharing, on_done, ask);
	if (op != NULL) {
		ask->op = op;
	}
}

void
deviceshare_request(struct device *device, const uint8_t *payload, size_t len)
{
	struct sharemsg_share share;
	struct ask *ask = NULL;

	if (sharemsg_share_decode(&share, payload, len) != 0) {
		link_close(device->link, CODE_PROTOCOL_ERROR, "bad SHARE");
		return;
	}
	if (share.verb == SHAREMSG_SHARE &&
	    account_row(device->account)->level == STORE_GUEST) {
		refuse(device, share.request, CODE_LIMIT,
		    "Guests cannot share hosts.");
		return;
	}
	if (count_asks(device) < ASKS_MAX) {
		ask = mem_new(1, sizeof(*ask));
	}
	if (ask == NULL) {
		refuse(device, share.request, CODE_OVERLOADED,
		    "Too many shares at once; try again.");
		return;
	}
	ask->device = device;
	ask->request = share.request;
	list_init(&ask->all);
	list_push_back(&device->shares, &ask->all);
	start(device, &share, ask);
}

void
deviceshare_end(struct device *device)
{
	struct list *node = list_first(&device->shares);

	for (; node != NULL; node = list_first(&device->shares)) {
		struct ask *ask = list_entry(node, struct ask, all);

		account_cancel(ask->op);
		list_remove(&ask->all);
		mem_free(ask);
	}
}
