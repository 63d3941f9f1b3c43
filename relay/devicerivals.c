/* SPDX-License-Identifier: ISC */
/* Links of one device, of which the newer one replaces the older. */
#include <stdio.h>

#include "common/addr.h"
#include "common/log.h"
#include "common/loop.h"
#include "relay/device_impl.h"

void
devicerivals_explain(
    struct device *device, struct device *older, char text[LIMITS_TEXT_LEN])
{
	enum rivals_verdict verdict = rivals_replace(&device->rivals,
	    &older->rivals, loop_now(device->hub->config.loop));
	char from[2][ADDR_TEXT_LEN];

	(void)addr_format(link_peer(device->link), from[0]);
	(void)addr_format(link_peer(older->link), from[1]);
	if (verdict == RIVALS_RETURN) {
		(void)snprintf(
		    text, LIMITS_TEXT_LEN, "%s", codes_summary(CODE_REPLACED));
		return;
	}
	(void)snprintf(text, LIMITS_TEXT_LEN,
	    "another machine with the key of this one connected from %.64s; "
	    "on one of the two remove the state directory and join anew, under "
	    "a name of its own",
	    from[0]);
	if (verdict == RIVALS_FIGHT) {
		log_write(LOG_LEVEL_WARN, "link", link_id(device->link),
		    "two machines with the key of %s/%s replace each other, at "
		    "%s and %s: one of them runs on a copy of the other's "
		    "state directory and must join anew",
		    device_user(device), account_device_row(device->row)->name,
		    from[0], from[1]);
	}
}
