/* SPDX-License-Identifier: ISC */
/* What administration is told of devices, and does to those connected. */
#include <ev.h>
#include <stdio.h>

#include "common/log.h"
#include "common/loop.h"
#include "relay/device_impl.h"
#include "relay/switch.h"

/*
 * Seconds in which all devices are sent away by a drain, a share of them each
 * second: others take them in meanwhile, and what they carry goes on.
 */
#define DRAIN_TIME 60

static const char drained[] = "the relay is being drained";

/* --- what is told ------------------------------------------------------ */

bool
device_get_contact(const struct account_device *row, struct device_contact *out)
{
	const struct device *device = account_device_link(row);

	if (device == NULL) {
		return false;
	}
	(void)addr_format(link_peer(device->link), out->address);
	out->since = device->since;
	out->channels = device->channels;
	return true;
}

void
device_hub_get_stats(const struct device_hub *hub, struct device_hub_stats *out)
{
	*out = hub->stats;
}

/* --- channels --------------------------------------------------------- */

void
device_cut(struct account_device *row, const char *text)
{
	struct device *device = account_device_link(row);

	if (device != NULL) {
		deviceattach_cut(device, CODE_LINK_LOST, text);
	}
}

/* --- draining --------------------------------------------------------- */

/* Who can undo it stays, and comes back. */
static bool
is_exempt(enum linkhello_role role, const struct account *account)
{
	return role == LINKHELLO_GATEWAY &&
	       account_row(account)->level == STORE_ADMIN;
}

bool
deviceadmin_refuse(struct device *device, const struct account *account)
{
	struct account_outcome refused = { .code = CODE_GOING_DOWN,
		.retry_after = DRAIN_TIME };

	if (!device->hub->draining || is_exempt(device->role, account)) {
		return false;
	}
	(void)snprintf(refused.text, sizeof(refused.text), "%s", drained);
	devicerefuse_start(device, &refused);
	return true;
}

static void
send_away(struct device_hub *hub, uint32_t count)
{
	struct list *node = list_first(&hub->devices);
	struct list *next;

	for (; node != NULL && count > 0; node = next) {
		struct device *device = list_entry(node, struct device, all);

		next = list_after(&hub->devices, node);
		if (device->state == DEVICE_MEMBER &&
		    link_is_up(device->link) &&
		    !is_exempt(device->role, device->account)) {
			link_goaway(device->link, CODE_GOING_DOWN, drained);
			count--;
		}
	}
}

static void
on_drain(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct device_hub *hub = timer->data;

	(void)ev;
	(void)revents;
	send_away(hub, hub->drain_share);
}

void
device_hub_drain(struct device_hub *hub, bool drain)
{
	struct ev_loop *ev = loop_ev(hub->config.loop);

	if (hub->draining == drain) {
		return;
	}
	hub->draining = drain;
	log_write(LOG_LEVEL_INFO, "relay", 0,
	    drain ? "draining: no logins and no channels" : "draining no more");
	ev_timer_stop(ev, &hub->drain);
	if (drain) {
		hub->drain_share =
		    1 + (hub->stats.gateways + hub->stats.agents) / DRAIN_TIME;
		ev_timer_init(&hub->drain, on_drain, 1., 1.);
		hub->drain.data = hub;
		ev_timer_start(ev, &hub->drain);
	}
}

bool
device_hub_is_draining(const struct device_hub *hub)
{
	return hub->draining;
}
