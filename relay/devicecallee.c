/* SPDX-License-Identifier: ISC */
/*
 * Whom a gateway calls: a host, or another gateway of its account.
 *
 * Names of devices are unique in an account, so one that is no host can be a
 * gateway; nobody lends one, so who has it calls it without a share.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol/linkmsg.h"
#include "relay/device_impl.h"
#include "relay/rules.h"

/* Who is called. */
struct callee {
	const struct directory_host *host; /* NULL: a gateway */
	const char *name;
	struct device *live; /* NULL: it has no link */
};

/* Return whether attach goes by a share that there is. */
static bool
is_shared(const struct device *device, const struct linkmsg_attach *attach)
{
	const struct account_share *share =
	    account_find_share(device->hub->config.book, attach->caller.share);
	const struct store_share *row;

	if (share == NULL) {
		return false;
	}
	row = account_share_row(share);
	return account_share_user(share) == device->account &&
	       strcmp(account_row(account_share_owner(share))->user,
		   attach->owner) == 0 &&
	       strcmp(row->host, attach->host) == 0 &&
	       (row->expiry == 0 || row->expiry > (uint64_t)time(NULL));
}

/* Find the other gateway of the account that attach names; whether it is one.
 */
static bool
find_gateway(const struct device *device, const struct linkmsg_attach *attach,
    struct callee *out)
{
	const struct account_device *row = NULL;

	if (attach->replica == 0 && attach->caller.share == 0) {
		row = account_find_device(device->account, attach->host);
	}
	if (row == NULL || row == device->row ||
	    account_device_row(row)->role != LINKHELLO_GATEWAY) {
		return false;
	}
	out->name = account_device_row(row)->name;
	out->live = account_device_link(row);
	return true;
}

/* Find whom attach is for, or refuse it; whether it was found. */
static bool
find(struct device *device, uint32_t channel,
    const struct linkmsg_attach *attach, struct callee *out)
{
	const bool own = strcmp(attach->owner, device_user(device)) == 0;
	char text[LIMITS_TEXT_LEN];

	*out = (struct callee){ .host = NULL };
	if (strcmp(attach->caller.user, device_user(device)) != 0) {
		deviceattach_refuse(device, channel, CODE_DENIED,
		    "the caller is not the account that logged in");
		return false;
	}
	/* Hosts of other accounts look like hosts that do not exist. */
	if (own || is_shared(device, attach)) {
		out->host = directory_lookup(device->hub->config.directory,
		    attach->owner, attach->host, attach->replica);
	}
	if (out->host != NULL) {
		out->name = directory_host_name(out->host);
		out->live = directory_host_live(out->host);
		return true;
	}
	if (own && find_gateway(device, attach, out)) {
		return true;
	}
	(void)snprintf(
	    text, sizeof(text), "no host \"%s\" in this account", attach->host);
	deviceattach_refuse(device, channel, CODE_HOST_UNKNOWN, text);
	return false;
}

/* Refuse a channel to callee if a rule denies it; false: none does. */
static bool
is_denied(struct device *device, uint32_t channel, const struct callee *callee)
{
	const struct store_rule *rule =
	    callee->host != NULL
		? devicerule_judge(device, callee->host)
		: devicerule_judge_gateway(device, callee->name);
	char text[LIMITS_TEXT_LEN];

	if (rule != NULL) {
		deviceattach_refuse(
		    device, channel, CODE_DENIED, rules_explain(rule, text));
	}
	return rule != NULL;
}

struct device *
devicecallee_find(struct device *device, uint32_t channel,
    const struct linkmsg_attach *attach)
{
	char text[LIMITS_TEXT_LEN];
	struct callee callee;
	struct device *live;

	if (!find(device, channel, attach, &callee) ||
	    is_denied(device, channel, &callee)) {
		return NULL;
	}
	live = callee.live;
	if (live != NULL && live->next_channel == 0) {
		link_goaway(live->link, CODE_LIMIT,
		    "the connection has used all its channel numbers");
	}
	if (live == NULL || !link_is_up(live->link)) {
		(void)snprintf(
		    text, sizeof(text), "\"%s\" is offline", callee.name);
		deviceattach_refuse(device, channel, CODE_HOST_OFFLINE, text);
		return NULL;
	}
	if (live->channels >= LIMITS_CHANNELS_MAX) {
		(void)snprintf(text, sizeof(text),
		    "\"%s\" has too many channels", callee.name);
		deviceattach_refuse(device, channel, CODE_OVERLOADED, text);
		return NULL;
	}
	return live;
}
