/* SPDX-License-Identifier: ISC */
/*
 * What a gateway knows of hosts: the list, then its changes, a page at a time
 * as its link takes them.  What a slow link was not told yet is in the
 * directory (directory.h), and nothing is queued for it.
 */
#include <stdio.h>
#include <string.h>

#include "relay/device_impl.h"

static void
describe(
    const struct directory_host *host, bool removed, struct linkmsg_host *out)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(
	    out->owner, sizeof(out->owner), "%s", directory_host_owner(host));
	(void)snprintf(
	    out->name, sizeof(out->name), "%s", directory_host_name(host));
	out->replica = directory_host_replica(host);
	memcpy(out->key, directory_host_key(host), sizeof(out->key));
	out->last_contact = directory_host_last_contact(host);
	out->state = LINKMSG_OFFLINE;
	if (directory_host_live(host) != NULL) {
		out->state = LINKMSG_ONLINE;
	}
	if (removed) {
		out->state = LINKMSG_REMOVED;
	}
}

/* Something is to be told; the link says when. */
static void
on_ready(void *arg)
{
	struct device *device = arg;

	link_ask_room(device->link);
}

/*
 * Describe the host that the watch told of to *out; false when device does not
 * hear of it.  Of one that a rule denies it hears that it is gone, and nothing
 * when it is only listed.
 */
static bool
describe_event(const struct device *device, enum directory_event event,
    const struct directory_host *host, struct linkmsg_host *out)
{
	bool denied = devicerule_judge(device, host) != NULL;

	describe(host, denied || event == DIRECTORY_REMOVED, out);
	return !denied || event != DIRECTORY_LISTED;
}

/* Begin to watch the hosts of the own account; 0, or -1 without memory. */
static int
watch_own(struct device *device)
{
	struct directory *directory = device->hub->config.directory;

	directory_unsubscribe(directory, device->watch);
	device->watch = directory_subscribe(
	    directory, device_user(device), on_ready, device);
	return device->watch != NULL ? 0 : -1;
}

/*
 * Read what is next, of the own hosts and then of those that are shared.  When
 * either list begins anew both do: what was told before is void.
 */
static enum directory_event
read_next(struct device *device, struct directory_host **host)
{
	enum directory_event event =
	    directory_read(device->hub->config.directory, device->watch, host);
	int result = 0;

	if (event == DIRECTORY_ANEW) {
		device->owes_whole = false;
		result = devicelent_start(device);
	} else if (event == DIRECTORY_NOTHING) {
		event = devicelent_read(device, host);
		if (event == DIRECTORY_ANEW) {
			result = watch_own(device);
			/* It says so itself, at the next reading. */
			event = DIRECTORY_WHOLE;
			device->owes_whole = false;
			link_ask_room(device->link);
		}
	} else if (event == DIRECTORY_WHOLE) {
		device->owes_whole = true;
	}
	if (result != 0) {
		link_close(device->link, CODE_OVERLOADED,
		    "the relay is out of memory");
		return DIRECTORY_NOTHING;
	}
	return event;
}

/* Add what the watches of device tell to payload; returns its length. */
static size_t
fill_page(struct device *device, uint8_t payload[LIMITS_CONTROL_MAX])
{
	enum directory_event event = DIRECTORY_ANEW;
	struct directory_host *host;
	struct linkmsg_host entry;
	size_t used = 1;

	payload[0] = 0;
	while (event != DIRECTORY_NOTHING && device->state == DEVICE_MEMBER &&
	       used + LINKMSG_HOST_MAX <= LIMITS_CONTROL_MAX) {
		event = read_next(device, &host);
		if (event == DIRECTORY_ANEW) {
			payload[0] |= LINKMSG_HOSTS_FIRST;
		} else if (event != DIRECTORY_NOTHING &&
			   event != DIRECTORY_WHOLE &&
			   describe_event(device, event, host, &entry)) {
			used = linkmsg_host_append(
			    &entry, payload, LIMITS_CONTROL_MAX, used);
		}
	}
	if (device->state != DEVICE_MEMBER) {
		return 1;
	}
	if (event != DIRECTORY_NOTHING) {
		link_ask_room(device->link);
	} else if (device->owes_whole && devicelent_is_whole(device)) {
		device->owes_whole = false;
		payload[0] |= LINKMSG_HOSTS_LAST;
	}
	return used;
}

void
devicehosts_room(struct link *link, void *arg)
{
	struct device *device = arg;
	uint8_t payload[LIMITS_CONTROL_MAX];
	size_t used;

	if (device->watch == NULL) {
		return;
	}
	used = fill_page(device, payload);
	if (device->state != DEVICE_MEMBER) {
		return;
	}
	if (used > 1 || payload[0] != 0) {
		/* Without memory the link closes itself. */
		(void)link_send(link, FRAME_HOSTS, 0, payload, used);
	}
}

void
devicehosts_take_away(struct device *device, const struct directory_host *host)
{
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { 0 };
	struct linkmsg_host entry;
	size_t used;

	describe(host, true, &entry);
	used = linkmsg_host_append(&entry, payload, sizeof(payload), 1);
	(void)link_send(device->link, FRAME_HOSTS, 0, payload, used);
}

int
devicehosts_start(struct device *device)
{
	if (watch_own(device) != 0) {
		return -1;
	}
	link_ask_room(device->link);
	return 0;
}
