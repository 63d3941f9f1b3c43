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

void
device_each_channel(const struct account_device *row, unsigned most,
    void (*visit)(const struct device_channel *channel, void *arg), void *arg)
{
	const struct device *device = account_device_link(row);
	const uint64_t wall = (uint64_t)time(NULL);
	struct device_channel channel;
	struct list *node;

	if (device == NULL) {
		return;
	}
	node = list_last(&device->attaches);
	for (; node != NULL && most > 0; most--) {
		const struct attach *attach =
		    device->role == LINKHELLO_AGENT
			? list_entry(node, struct attach, of_agent)
			: list_entry(node, struct attach, of_gateway);

		describe(
		    attach, loop_now(device->hub->config.loop), wall, &channel);
		visit(&channel, arg);
		node = list_before(&device->attaches, node);
	}
}
