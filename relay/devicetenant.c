/* SPDX-License-Identifier: ISC */
/* What tenants tell of: months that are used up, or nearly. */
#include <time.h>

#include "common/log.h"
#include "relay/device_impl.h"
#include "relay/notices.h"
#include "relay/switch.h"
#include "relay/tenant.h"

static void
on_exhausted(struct account *account, void *arg)
{
	struct device_hub *hub = arg;
	struct account_device *row = account_next_device(account, NULL);
	char text[LIMITS_TEXT_LEN];
	bool ends = false;

	account_quota_text(account, (uint64_t)time(NULL), text);
	for (; row != NULL; row = account_next_device(account, row)) {
		struct device *device = account_device_link(row);

		if (device != NULL && device->role == LINKHELLO_GATEWAY &&
		    !list_empty(&device->made)) {
			ends = true;
			deviceattach_cut(device, CODE_QUOTA, text);
		}
	}
	if (ends) {
		log_write(LOG_LEVEL_INFO, "relay", 0, "%s: %s",
		    account_row(account)->user, text);
		(void)notices_limit(hub->notices, account, "month", text);
	}
}

static void
on_nearly(struct account *account, const char *text, void *arg)
{
	struct device_hub *hub = arg;

	(void)notices_limit(hub->notices, account, "month-nearly", text);
}

int
devicetenant_start(struct device_hub *hub)
{
	static const struct tenant_ops ops = {
		.exhausted = on_exhausted,
		.nearly = on_nearly,
	};
	const struct tenant_config config = {
		.loop = hub->config.loop,
		.book = hub->config.book,
		.pool = switch_pool(hub->config.board),
		.promise = hub->config.account_promise,
		.ops = &ops,
		.arg = hub,
	};

	hub->tenants = tenant_book_new(&config);
	return hub->tenants != NULL ? 0 : -1;
}

void
devicetenant_limit(struct device_hub *hub, struct account *account)
{
	tenant_book_limit(hub->tenants, account);
}
