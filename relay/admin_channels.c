/* SPDX-License-Identifier: ISC */
/* The channels of a device. */
#include "relay/admin.h"

#include <stdio.h>

#include "common/jsonout.h"
#include "protocol/name.h"
#include "relay/admin_impl.h"
#include "relay/device.h"

/* Write "USER/DEVICE", or null for one that is gone. */
static void
write_side(
    struct jsonout *json, const char *key, const char *user, const char *name)
{
	char text[NAME_USER_MAX + NAME_HOST_MAX + 2];

	if (name == NULL) {
		jsonout_null(json, key);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s/%s", user, name);
	jsonout_string(json, key, text);
}

static void
send_channel(const struct device_channel *channel, void *arg)
{
	struct admin_request *request = arg;
	struct jsonout *json = jsonout_new(ADMIN_ITEM_MAX);

	jsonout_object(json, NULL);
	write_side(json, "gateway", channel->gateway_user, channel->gateway);
	write_side(json, "host", channel->host_user, channel->host);
	jsonout_uint(json, "since", channel->since);
	jsonout_bool(json, "answered", channel->answered);
	jsonout_uint(json, "up", channel->up);
	jsonout_uint(json, "down", channel->down);
	jsonout_end(json);
	request->sink->item(json, request->arg);
}

void
admin_device_channels(struct admin_request *request)
{
	const struct account_device *device = admin_find_device(request);

	if (device != NULL) {
		device_each_channel(
		    device, ADMIN_PAGE_MAX, send_channel, request);
		admin_done(request);
	}
}
