/* SPDX-License-Identifier: ISC */
/* The store and the accounts, and what becomes of what they tell. */
#include <sysexits.h>

#include "common/fault.h"
#include "common/statedir.h"
#include "relay/account.h"
#include "relay/console.h"
#include "relay/device.h"
#include "relay/directory.h"
#include "relay/relay_impl.h"
#include "relay/store.h"

/* --- what the book tells --------------------------------------------- */

static void
on_added(struct account_device *device, void *arg)
{
	struct relay *relay = arg;
	const struct store_device *row = account_device_row(device);

	if (row->role == LINKHELLO_AGENT && row->revoked_at == 0) {
		(void)directory_add(relay->directory,
		    account_row(account_device_account(device))->user,
		    row->name, row->replica, row->public_key, row->last_seen);
	}
}

static void
on_gone(
    struct account_device *device, enum code code, const char *text, void *arg)
{
	struct relay *relay = arg;
	const struct store_device *row = account_device_row(device);
	const char *user = account_row(account_device_account(device))->user;

	/* Its sessions are told before its link says farewell. */
	if (relay->console != NULL) {
		console_expel(relay->console, row->public_key, code);
	}
	device_expel(device, code, text);
	if (row->role == LINKHELLO_AGENT && code != CODE_DISABLED) {
		directory_remove(
		    relay->directory, directory_lookup(relay->directory, user,
					  row->name, row->replica));
	}
}

static void
on_ruled(const struct store_rule *row, void *arg)
{
	struct relay *relay = arg;

	device_hub_ruled(relay->hub, row);
}

static void
on_shared(const struct account_share *share, void *arg)
{
	(void)arg;
	device_shared(share);
}

static void
on_unshared(const struct account_share *share, const char *text, void *arg)
{
	struct relay *relay = arg;

	device_unshared(relay->hub, share, text);
}

static void
on_limited(struct account *account, void *arg)
{
	struct relay *relay = arg;

	/* Without a network there is no hub. */
	if (relay->hub != NULL) {
		devicetenant_limit(relay->hub, account);
	}
}

static const struct account_ops book_ops = {
	.limited = on_limited,
	.added = on_added,
	.gone = on_gone,
	.ruled = on_ruled,
	.shared = on_shared,
	.unshared = on_unshared,
};

/* --- opening --------------------------------------------------------- */

int
relaybook_open(struct relay *relay, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];
	struct store_error error;

	relay->store =
	    store_open(statedir_file(relay->dir, "store.db", path), &error);
	if (relay->store == NULL) {
		(void)fault_set(fault, "%s", error.text);
		return error.status;
	}
	relay->directory = directory_new();
	relay->book = account_book_new(relay->store, &book_ops, relay);
	if (relay->directory == NULL || relay->book == NULL) {
		(void)fault_set(fault, "out of memory");
		return EX_OSERR;
	}
	account_book_set_levels(relay->book, relay->config.levels);
	account_book_set_replacing(relay->book, relay->config.replaces);
	if (account_book_load(relay->book, &error) != 0) {
		(void)fault_set(fault, "%s", error.text);
		return error.status;
	}
	return EX_OK;
}

void
relaybook_list_hosts(struct relay *relay)
{
	struct account *account = account_next(relay->book, NULL);

	for (; account != NULL; account = account_next(relay->book, account)) {
		struct account_device *device =
		    account_next_device(account, NULL);

		for (; device != NULL;
		     device = account_next_device(account, device)) {
			on_added(device, relay);
		}
	}
}
