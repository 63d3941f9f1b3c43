/* SPDX-License-Identifier: ISC */
/*
 * Hosts of other accounts that a gateway is shown, as they are shared with its
 * own; declared in device_impl.h.
 *
 * The gateway watches each account that shares with its own, and is told of
 * those hosts only that are shared.
 */
#include <string.h>

#include "common/mem.h"
#include "relay/device_impl.h"
#include "relay/leases.h"

/*
 * Hosts of one account that are read in one go though they are not shared: a
 * hundred microseconds.
 */
#define SKIPPED_MAX 512

/* An account that shares something. */
struct lender {
	struct device *device;
	struct account *account;
	struct directory_watch *watch;
	bool begun;      /* its list has */
	bool whole;      /* and was read to the end */
	struct list all; /* in device->lenders */
};

/* Return true when the host of owner by that name is shared with device. */
static bool
is_lent(
    const struct device *device, const struct account *owner, const char *host)
{
	const struct account_share *share =
	    account_next_share(device->account, true, NULL);

	for (; share != NULL;
	     share = account_next_share(device->account, true, share)) {
		if (account_share_owner(share) == owner &&
		    strcmp(account_share_row(share)->host, host) == 0) {
			return true;
		}
	}
	return false;
}

/* Something is to be told; the link says when. */
static void
on_ready(void *arg)
{
	struct lender *lender = arg;

	link_ask_room(lender->device->link);
}

static struct lender *
find_lender(const struct device *device, const struct account *account)
{
	struct list *node = list_first(&device->lenders);

	for (; node != NULL; node = list_after(&device->lenders, node)) {
		struct lender *lender = list_entry(node, struct lender, all);

		if (lender->account == account) {
			return lender;
		}
	}
	return NULL;
}

/* Watch the account that makes share; 0, or -1 without memory. */
static int
watch(struct device *device, const struct account_share *share)
{
	struct account *account = account_share_owner(share);
	struct lender *lender = find_lender(device, account);

	if (lender != NULL) {
		return 0;
	}
	lender = mem_new(1, sizeof(*lender));
	if (lender == NULL) {
		return -1;
	}
	lender->device = device;
	lender->account = account;
	lender->watch = directory_subscribe(device->hub->config.directory,
	    account_row(account)->user, on_ready, lender);
	if (lender->watch == NULL) {
		mem_free(lender);
		return -1;
	}
	list_push_back(&device->lenders, &lender->all);
	return 0;
}

static void
unwatch(struct lender *lender)
{
	directory_unsubscribe(
	    lender->device->hub->config.directory, lender->watch);
	list_remove(&lender->all);
	mem_free(lender);
}

/* Call visit(host, arg) for the host of share, each of its replicas. */
static void
visit_host(const struct device *device, const struct account_share *share,
    directory_visit *visit, void *arg)
{
	for (int i = 0; i <= LIMITS_REPLICAS_MAX; i++) {
		struct directory_host *host =
		    directory_lookup(device->hub->config.directory,
			account_row(account_share_owner(share))->user,
			account_share_row(share)->host, (uint8_t)i);

		if (host != NULL) {
			visit(host, arg);
		}
	}
}

/* Return true when a share before share is of the same host. */
static bool
is_seen(const struct device *device, const struct account_share *share)
{
	const struct account_share *one =
	    account_next_share(device->account, true, NULL);

	for (; one != share;
	     one = account_next_share(device->account, true, one)) {
		if (account_share_owner(one) == account_share_owner(share) &&
		    strcmp(account_share_row(one)->host,
			account_share_row(share)->host) == 0) {
			return true;
		}
	}
	return false;
}

void
devicelent_each(const struct device *device, directory_visit *visit, void *arg)
{
	const struct account_share *share =
	    account_next_share(device->account, true, NULL);

	for (; share != NULL;
	     share = account_next_share(device->account, true, share)) {
		if (!is_seen(device, share)) {
			visit_host(device, share, visit, arg);
		}
	}
}

int
devicelent_start(struct device *device)
{
	const struct account_share *share;

	devicelent_end(device);
	share = account_next_share(device->account, true, NULL);
	for (; share != NULL;
	     share = account_next_share(device->account, true, share)) {
		if (watch(device, share) != 0) {
			return -1;
		}
	}
	return 0;
}

/* Read on of what lender shares; as devicelent_read(). */
static enum directory_event
read_lender(struct lender *lender, struct directory_host **host)
{
	struct directory *directory = lender->device->hub->config.directory;

	for (unsigned skipped = 0; skipped < SKIPPED_MAX; skipped++) {
		enum directory_event event =
		    directory_read(directory, lender->watch, host);

		if (event == DIRECTORY_NOTHING ||
		    (event == DIRECTORY_ANEW && lender->begun)) {
			return event;
		}
		if (event == DIRECTORY_ANEW) {
			lender->begun = true;
		} else if (event == DIRECTORY_WHOLE) {
			lender->whole = true;
		} else if (is_lent(lender->device, lender->account,
			       directory_host_name(*host))) {
			return event;
		}
	}
	/* Others have their turn. */
	link_ask_room(lender->device->link);
	return DIRECTORY_NOTHING;
}

enum directory_event
devicelent_read(struct device *device, struct directory_host **host)
{
	struct list *node = list_first(&device->lenders);
	enum directory_event event = DIRECTORY_NOTHING;

	for (; node != NULL && event == DIRECTORY_NOTHING;
	     node = list_after(&device->lenders, node)) {
		event = read_lender(list_entry(node, struct lender, all), host);
	}
	return event;
}

bool
devicelent_is_whole(const struct device *device)
{
	struct list *node = list_first(&device->lenders);

	for (; node != NULL; node = list_after(&device->lenders, node)) {
		if (!list_entry(node, struct lender, all)->whole) {
			return false;
		}
	}
	return true;
}

void
devicelent_end(struct device *device)
{
	while (!list_empty(&device->lenders)) {
		unwatch(list_entry(
		    list_first(&device->lenders), struct lender, all));
	}
}

/* --- changes --------------------------------------------------------- */

/* Return the gateway behind row if it is linked, or NULL. */
static struct device *
linked_gateway(const struct account_device *row)
{
	struct device *device = account_device_link(row);

	return device != NULL && device->role == LINKHELLO_GATEWAY &&
		       device->state == DEVICE_MEMBER
		   ? device
		   : NULL;
}

static void
on_shown(struct directory_host *host, void *arg)
{
	(void)arg;
	directory_touch(host);
}

static void
on_hidden(struct directory_host *host, void *arg)
{
	devicehosts_take_away(arg, host);
}

void
device_shared(const struct account_share *share)
{
	struct account *user = account_share_user(share);
	struct account_device *row = account_next_device(user, NULL);

	for (; row != NULL; row = account_next_device(user, row)) {
		struct device *device = linked_gateway(row);

		if (device == NULL) {
			continue;
		}
		if (watch(device, share) != 0) {
			link_close(device->link, CODE_OVERLOADED,
			    "the relay is out of memory");
			continue;
		}
		visit_host(device, share, on_shown, NULL);
		link_ask_room(device->link);
	}
}

/* Return true when account makes any share to device's. */
static bool
lends(const struct device *device, const struct account *account)
{
	const struct account_share *share =
	    account_next_share(device->account, true, NULL);

	while (share != NULL && account_share_owner(share) != account) {
		share = account_next_share(device->account, true, share);
	}
	return share != NULL;
}

void
device_unshared(
    struct device_hub *hub, const struct account_share *share, const char *text)
{
	struct account *user = account_share_user(share);
	struct account *owner = account_share_owner(share);
	struct account_device *row = account_next_device(user, NULL);

	for (; row != NULL; row = account_next_device(user, row)) {
		struct device *device = linked_gateway(row);

		if (device == NULL) {
			continue;
		}
		/* It is gone from the list before its channels end. */
		if (!is_lent(device, owner, account_share_row(share)->host)) {
			visit_host(device, share, on_hidden, device);
		}
		deviceattach_unshare(
		    device, account_share_row(share)->share, text);
		if (!lends(device, owner) &&
		    find_lender(device, owner) != NULL) {
			unwatch(find_lender(device, owner));
		}
	}
	leases_end(hub->leases, account_share_row(share)->share);
}
