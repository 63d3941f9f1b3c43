/* SPDX-License-Identifier: ISC */
/* What a gateway knows of hosts: the list, then its changes. */
#include <stdio.h>
#include <string.h>

#include "relay/device_impl.h"

/* A list that is being written, a frame at a time. */
struct page {
	struct device *device;
	uint8_t payload[LIMITS_CONTROL_MAX];
	size_t used;
	uint8_t flags;
	int result;
};

static void
page_start(struct page *page, uint8_t flags)
{
	page->flags = flags;
	page->used = 1;
}

static void
page_send(struct page *page)
{
	page->payload[0] = page->flags;
	if (link_send(page->device->link, FRAME_HOSTS, 0, page->payload,
		page->used) != 0) {
		page->result = -1;
	}
	page_start(page, 0);
}

static void
describe(
    const struct directory_host *host, bool removed, struct linkmsg_host *out)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(
	    out->owner, sizeof(out->owner), "%s", directory_host_owner(host));
	(void)snprintf(
	    out->name, sizeof(out->name), "%s", directory_host_name(host));
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

static void
page_add(struct directory_host *host, void *arg)
{
	struct page *page = arg;
	struct linkmsg_host entry;

	if (page->result != 0 || devicerule_judge(page->device, host) != NULL) {
		return;
	}
	describe(host, false, &entry);
	if (page->used + LINKMSG_HOST_MAX > sizeof(page->payload)) {
		page_send(page);
	}
	page->used = linkmsg_host_append(
	    &entry, page->payload, sizeof(page->payload), page->used);
}

/* Tell device how host is now, or that it is none of its any more. */
static void
tell(struct device *device, const struct directory_host *host, bool removed)
{
	uint8_t payload[1 + LINKMSG_HOST_MAX] = { 0 };
	struct linkmsg_host entry;
	size_t used;

	describe(host, removed, &entry);
	used = linkmsg_host_append(&entry, payload, sizeof(payload), 1);
	/* A gateway that does not read its link is closed by the link. */
	(void)link_send(device->link, FRAME_HOSTS, 0, payload, used);
}

static void
on_changed(struct directory_host *host, enum directory_event event, void *arg)
{
	struct device *device = arg;

	/* Who may not reach it was told that it is gone, and hears no more. */
	if (devicerule_judge(device, host) == NULL) {
		tell(device, host, event == DIRECTORY_REMOVED);
	}
}

void
devicehosts_tell(struct device *device, struct directory_host *host)
{
	tell(device, host, devicerule_judge(device, host) != NULL);
}

int
devicehosts_start(struct device *device)
{
	struct directory *directory = device->hub->config.directory;
	struct page page = { .device = device };

	page_start(&page, LINKMSG_HOSTS_FIRST);
	directory_each(directory, device_user(device), page_add, &page);
	page.flags |= LINKMSG_HOSTS_LAST;
	page_send(&page);
	if (page.result != 0) {
		return -1;
	}
	device->watch = directory_subscribe(
	    directory, device_user(device), on_changed, device);
	return device->watch != NULL ? 0 : -1;
}
