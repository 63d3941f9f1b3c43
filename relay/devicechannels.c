/* SPDX-License-Identifier: ISC */
/* What channels a device has. */
#include <time.h>

#include "common/loop.h"
#include "relay/device_impl.h"
#include "relay/switch.h"

static void
name_side(const struct device *device, const char **user, const char **name)
{
	if (device != NULL && device->row != NULL) {
		*user = device_user(device);
		*name = account_device_row(device->row)->name;
	}
}

static void
describe(const struct attach *attach, uint64_t now, uint64_t wall,
    struct device_channel *out)
{
	*out = (struct device_channel){
		.since = wall - (now - attach->asked_at) / LIMITS_SEC,
		.answered = attach->answered,
		.up = switch_copied(attach->circuit, SWITCH_GATEWAY),
		.down = switch_copied(attach->circuit, SWITCH_AGENT),
	};
	name_side(attach->gateway, &out->gateway_user, &out->gateway);
	name_side(attach->agent, &out->host_user, &out->host);
}

/* Where a walk through the channels of a device is. */
struct walk {
	void (*visit)(const struct device_channel *channel, void *arg);
	void *arg;
	uint64_t now;
	unsigned left; /* that may be visited */
};

static void
show(struct walk *walk, const struct attach *attach)
{
	struct device_channel channel;

	describe(attach, walk->now, (uint64_t)time(NULL), &channel);
	walk->visit(&channel, walk->arg);
	walk->left--;
}

void
device_each_channel(const struct account_device *row, unsigned most,
    void (*visit)(const struct device_channel *channel, void *arg), void *arg)
{
	const struct device *device = account_device_link(row);
	struct walk walk = { .visit = visit, .arg = arg, .left = most };
	struct list *made;
	struct list *taken;

	if (device == NULL) {
		return;
	}
	walk.now = loop_now(device->hub->config.loop);
	made = list_last(&device->made);
	for (; made != NULL && walk.left > 0;
	     made = list_before(&device->made, made)) {
		show(&walk, list_entry(made, struct attach, of_gateway));
	}
	taken = list_last(&device->taken);
	for (; taken != NULL && walk.left > 0;
	     taken = list_before(&device->taken, taken)) {
		show(&walk, list_entry(taken, struct attach, of_agent));
	}
}
