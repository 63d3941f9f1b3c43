/* SPDX-License-Identifier: ISC */
/* Gateways that ask which other ones their account has. */
#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "protocol/resolvemsg.h"
#include "relay/device_impl.h"
#include "relay/rules.h"

static void
say(struct resolvemsg_resolved *answer, enum code code, const char *text)
{
	answer->code = code;
	(void)snprintf(answer->text, sizeof(answer->text), "%s", text);
}

/* Add the gateway of row. */
static void
add(struct resolvemsg_resolved *answer, const struct account_device *row)
{
	const struct store_device *stored = account_device_row(row);
	struct resolvemsg_gateway *one = &answer->list[answer->count++];

	(void)snprintf(one->device, sizeof(one->device), "%s", stored->name);
	memcpy(one->key, stored->public_key, sizeof(one->key));
	one->online = account_device_link(row) != NULL;
}

/* Tell of the one by that name, or why there is none. */
static void
answer_one(const struct device *device, const char *name,
    struct resolvemsg_resolved *answer)
{
	const struct account_device *row =
	    account_find_device(device->account, name);
	const struct store_rule *rule = devicerule_judge_gateway(device, name);

	if (row != NULL && row != device->row &&
	    account_device_row(row)->role == LINKHELLO_GATEWAY) {
		if (rule != NULL) {
			answer->code = CODE_DENIED;
			(void)rules_explain(rule, answer->text);
		} else {
			add(answer, row);
		}
	} else if (row == NULL &&
		   account_find(device->hub->config.book, name) != NULL) {
		(void)snprintf(answer->text, sizeof(answer->text),
		    "\"%s\" is another account, and no key is shared with it: "
		    "messages go to devices of the own account",
		    name);
		answer->code = CODE_DENIED;
	} else {
		(void)snprintf(answer->text, sizeof(answer->text),
		    "no gateway \"%s\" in this account", name);
		answer->code = CODE_HOST_UNKNOWN;
	}
}

/* Tell of those that are online, or of the others, while there is room. */
static void
add_all(const struct device *device, bool online,
    struct resolvemsg_resolved *answer)
{
	struct account_device *row =
	    account_next_gateway(device->account, NULL);

	for (; row != NULL; row = account_next_gateway(device->account, row)) {
		if (row == device->row ||
		    (account_device_link(row) != NULL) != online ||
		    devicerule_judge_gateway(
			device, account_device_row(row)->name) != NULL) {
			continue;
		}
		if (answer->count == RESOLVEMSG_GATEWAYS_MAX) {
			say(answer, CODE_LIMIT,
			    "there are more gateways than can be reached at "
			    "once; name one of them");
			return;
		}
		add(answer, row);
	}
}

void
deviceresolve_request(struct device *device, const uint8_t *payload, size_t len)
{
	struct resolvemsg_resolved answer = { .code = CODE_OK };
	uint8_t reply[RESOLVEMSG_MAX];
	struct resolvemsg_resolve ask;

	if (resolvemsg_resolve_decode(&ask, payload, len) != 0) {
		link_close(device->link, CODE_PROTOCOL_ERROR, "bad RESOLVE");
		return;
	}
	answer.request = ask.request;
	if (!ratelimit_take(
		&device->attach_rate, 1, loop_now(device->hub->config.loop))) {
		say(&answer, CODE_LIMIT, "too many questions");
	} else if (ask.name[0] != '\0') {
		answer_one(device, ask.name, &answer);
	} else {
		add_all(device, true, &answer);
		add_all(device, false, &answer);
	}
	(void)link_send(device->link, FRAME_RESOLVED, 0, reply,
	    resolvemsg_resolved_encode(&answer, reply, sizeof(reply)));
}
