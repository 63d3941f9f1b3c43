/* SPDX-License-Identifier: ISC */
#include "protocol/relaylist.h"

#include <stdbool.h>
#include <string.h>

#include "common/fault.h"
#include "common/options.h"

static bool
has(const struct relaylist *list, const char *address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->address[i], address) == 0) {
			return true;
		}
	}
	return false;
}

int
relaylist_add(struct relaylist *list, const char *text)
{
	struct membership checked = { .relays = 0 };

	if (membership_add_relay(&checked, text, strlen(text)) != 0) {
		return -1;
	}
	if (has(list, checked.relay[0])) {
		return 0;
	}
	if (list->count == MEMBERSHIP_RELAYS_MAX) {
		return -1;
	}
	memcpy(list->address[list->count], checked.relay[0],
	    sizeof(list->address[0]));
	list->count++;
	return 0;
}

void
relaylist_merge(struct relaylist *list, const struct membership *membership)
{
	for (size_t i = 0; i < membership->relays; i++) {
		(void)relaylist_add(list, membership->relay[i]);
	}
}

int
relaylist_read(
    struct relaylist *list, const struct options *options, struct fault *fault)
{
	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < options_count(options, "relay"); i++) {
		const char *text = options_item(options, "relay", i);

		if (relaylist_add(list, text) == 0) {
			continue;
		}
		if (list->count == MEMBERSHIP_RELAYS_MAX) {
			return options_refuse(options, "relay", i, fault,
			    "there are more than %d relays",
			    MEMBERSHIP_RELAYS_MAX);
		}
		return options_refuse(options, "relay", i, fault,
		    "\"%s\" is no relay; write HOST:PORT, as "
		    "relay.example.net:7000",
		    text);
	}
	return 0;
}
