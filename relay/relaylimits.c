/* SPDX-License-Identifier: ISC */
/* Limits that change while the relay runs. */
#include "common/fault.h"
#include "common/log.h"
#include "relay/account.h"
#include "relay/device.h"
#include "relay/relay_impl.h"

void
relaylimits_reload(struct relay *relay)
{
	struct allowance levels[STORE_GUEST + 1];
	struct fault fault;

	if (relay->config.reload == NULL) {
		return;
	}
	if (relay->config.reload(levels, &fault, relay->config.reload_arg) !=
	    0) {
		log_write(LOG_LEVEL_ERROR, "relay", 0,
		    "configuration not reloaded: the old one stays: %s",
		    fault.text);
		return;
	}
	account_book_set_levels(relay->book, levels);
	devicetenant_limit(relay->hub, NULL);
	log_write(LOG_LEVEL_INFO, "relay", 0, "configuration reloaded");
}
