/* SPDX-License-Identifier: ISC */
/* What rules take away: from lists of hosts, and from what is attached. */
#include "relay/device_impl.h"
#include "relay/rules.h"

/*
 * Devices in one turn of the loop after a rule: with a thousand hosts each that
 * is a millisecond.
 */
#define REVIEW_TURN 16

const struct store_rule *
devicerule_judge(const struct device *device, const struct directory_host *host)
{
	return rules_judge(account_book_rules(device->hub->config.book),
	    device_user(device), directory_host_owner(host),
	    directory_host_name(host));
}

const struct store_rule *
devicerule_judge_gateway(const struct device *device, const char *name)
{
	return rules_judge(account_book_rules(device->hub->config.book),
	    device_user(device), device_user(device), name);
}

/* A gateway, and the rule that came or went. */
struct review {
	struct device *device;
	const struct store_rule *row;
};

static void
visit(struct directory_host *host, void *arg)
{
	const struct review *review = arg;

	if (rules_concern(review->row, device_user(review->device),
		directory_host_owner(host), directory_host_name(host))) {
		directory_touch(host);
	}
}

static void
review(struct device *device, void *arg)
{
	struct review review = { device, arg };

	if (device->state == DEVICE_MEMBER &&
	    device->role == LINKHELLO_GATEWAY) {
		directory_each(device->hub->config.directory,
		    device_user(device), visit, &review);
		devicelent_each(device, visit, &review);
		deviceattach_review(device);
	}
}

void
devicerule_start(struct device_hub *hub)
{
	devicewalk_init(
	    &hub->review, hub, REVIEW_TURN, review, NULL, &hub->ruled);
}

void
device_hub_ruled(struct device_hub *hub, const struct store_rule *row)
{
	static const struct store_rule any = {
		.user = "*",
		.owner = "*",
		.host = "*",
	};

	/* Those who were visited for another rule are so for both. */
	hub->ruled = devicewalk_is_on(&hub->review) ? any : *row;
	devicewalk_start(&hub->review);
}
