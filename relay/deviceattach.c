/* SPDX-License-Identifier: ISC */
/* Channels between gateways and whom they call. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/linkmsg.h"
#include "relay/console.h"
#include "relay/device_impl.h"
#include "relay/leases.h"
#include "relay/rules.h"
#include "relay/switch.h"
#include "relay/tenant.h"

/* An account that calls a device: its share of that device's link. */
struct caller {
	int64_t account; /* its id, likewise */
	struct schedule_group group;
	unsigned circuits;
	struct list all; /* in device->callers */
};

static uint64_t
wall_clock(void)
{
	return (uint64_t)time(NULL);
}

/* --- callers --------------------------------------------- */

static struct caller *
caller_get(struct device *agent, int64_t account)
{
	struct list *node = list_first(&agent->callers);
	struct caller *caller;

	for (; node != NULL; node = list_after(&agent->callers, node)) {
		caller = list_entry(node, struct caller, all);
		if (caller->account == account) {
			caller->circuits++;
			return caller;
		}
	}
	caller = mem_new(1, sizeof(*caller));
	if (caller != NULL) {
		caller->account = account;
		caller->circuits = 1;
		schedule_group_init(&caller->group);
		list_push_back(&agent->callers, &caller->all);
	}
	return caller;
}

static void
caller_put(struct caller *caller)
{
	if (caller != NULL && --caller->circuits == 0) {
		list_remove(&caller->all);
		mem_free(caller);
	}
}

/* --- the end of an attach -------------------------------------------- */

static void
forget(struct attach *attach)
{
	tenant_put(attach->tenant);
	caller_put(attach->caller);
	leases_put(attach->lease);
	mem_free(attach);
}

/* The side that is gone has its place back; what it sent stays charged. */
static void
on_left(struct switch_circuit *circuit, enum switch_end end, void *arg)
{
	struct attach *attach = arg;

	(void)circuit;
	if (end == SWITCH_GATEWAY) {
		list_remove(&attach->of_gateway);
		attach->gateway->channels--;
		attach->gateway = NULL;
	} else {
		list_remove(&attach->of_agent);
		attach->agent->channels--;
		(void)idmap_remove(attach->agent->calls, attach->agent_channel);
		attach->agent = NULL;
		caller_put(attach->caller);
		attach->caller = NULL;
	}
	if (attach->gateway == NULL && attach->agent == NULL) {
		forget(attach);
	}
}

/* What the other side is told when a link or its device is gone. */
static const char gateway_lost[] =
    "the gateway lost its connection to the relay";
static const char agent_lost[] = "the host lost its connection to the relay";

void
deviceattach_end(struct device *device)
{
	struct list *node = list_first(&device->made);

	for (; node != NULL; node = list_first(&device->made)) {
		switch_lose(
		    list_entry(node, struct attach, of_gateway)->circuit,
		    SWITCH_GATEWAY);
	}
	node = list_first(&device->taken);
	for (; node != NULL; node = list_first(&device->taken)) {
		switch_lose(list_entry(node, struct attach, of_agent)->circuit,
		    SWITCH_AGENT);
	}
}

void
deviceattach_unshare(struct device *device, uint64_t share, const char *text)
{
	struct list *node = list_first(&device->made);

	while (node != NULL) {
		struct attach *attach =
		    list_entry(node, struct attach, of_gateway);

		/* No other one of this gateway ends by that. */
		node = list_after(&device->made, node);
		if (attach->share == share) {
			switch_end(attach->circuit, CODE_DENIED, text);
		}
	}
}

void
deviceattach_cut(struct device *device, enum code code, const char *text)
{
	struct list *node = list_first(&device->made);

	for (; node != NULL; node = list_first(&device->made)) {
		switch_end(list_entry(node, struct attach, of_gateway)->circuit,
		    code, text);
	}
	node = list_first(&device->taken);
	for (; node != NULL; node = list_first(&device->taken)) {
		switch_end(list_entry(node, struct attach, of_agent)->circuit,
		    code, text);
	}
}

/* --- a gateway asks -------------------------------------------------- */

void
deviceattach_refuse(
    struct device *device, uint32_t channel, enum code code, const char *text)
{
	struct linkmsg_detach detach = { .code = code };
	uint8_t payload[LIMITS_TEXT_LEN + 8];
	size_t len;

	device->hub->stats.refused_attaches[codes_index(code)]++;
	(void)snprintf(detach.text, sizeof(detach.text), "%s", text);
	len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	(void)link_send(device->link, FRAME_DETACH, channel, payload, len);
}

/* Return the rule that takes whom attach is to from device, or NULL. */
static const struct store_rule *
judge(const struct device *device, const struct attach *attach)
{
	const struct device *called = attach->agent;

	if (called == NULL) {
		return NULL;
	}
	return called->host != NULL
		   ? devicerule_judge(device, called->host)
		   : devicerule_judge_gateway(
			 device, account_device_row(called->row)->name);
}

void
deviceattach_review(struct device *device)
{
	struct list *node = list_first(&device->made);
	char text[LIMITS_TEXT_LEN];

	while (node != NULL) {
		struct attach *attach =
		    list_entry(node, struct attach, of_gateway);
		const struct store_rule *rule = judge(device, attach);

		node = list_after(&device->made, node);
		if (rule == NULL) {
			continue;
		}
		if (attach->agent->host != NULL) {
			/*
			 * This first: a gateway to which a host is not there
			 * any more takes the end of its channel for the end of
			 * the session.
			 */
			devicehosts_take_away(device, attach->agent->host);
		}
		switch_end(
		    attach->circuit, CODE_DENIED, rules_explain(rule, text));
	}
}

/* Say in message which device is calling. */
static void
name_device(struct device *device, struct linkmsg_attach *message)
{
	const struct store_device *row = account_device_row(device->row);

	message->has_device = true;
	(void)snprintf(
	    message->device, sizeof(message->device), "%s", row->name);
	memcpy(
	    message->device_key, row->public_key, sizeof(message->device_key));
}

static struct attach *
attach_new(struct device *gateway, uint32_t channel, struct device *agent)
{
	struct attach *attach = mem_new(1, sizeof(*attach));

	if (attach == NULL) {
		return NULL;
	}
	list_init(&attach->of_gateway);
	list_init(&attach->of_agent);
	attach->gateway = gateway;
	attach->gateway_channel = channel;
	attach->asked_at = loop_now(gateway->hub->config.loop);
	attach->agent = agent;
	attach->tenant = tenant_get(gateway->hub->tenants, gateway->account);
	attach->caller = caller_get(agent, account_row(gateway->account)->id);
	if (attach->tenant == NULL || attach->caller == NULL) {
		forget(attach);
		return NULL;
	}
	attach->agent_channel = agent->next_channel++;
	return attach;
}

/* Have attach found when its agent answers; 0, or -1 without memory. */
static int
expect_answer(struct attach *attach)
{
	struct device *agent = attach->agent;

	if (agent->calls == NULL) {
		agent->calls = idmap_new();
	}
	return agent->calls != NULL
		   ? idmap_put(agent->calls, attach->agent_channel, attach)
		   : -1;
}

static enum code
tie(struct attach *attach)
{
	const struct switch_side gateway = {
		.link = attach->gateway->link,
		.channel = attach->gateway_channel,
		.pool = tenant_pool(attach->tenant),
		.tolls = { tenant_toll(attach->tenant, TENANT_UP),
		    leases_toll(attach->lease, TENANT_UP) },
		.lost = CODE_LINK_LOST,
		.lost_text = gateway_lost,
	};
	const struct switch_side agent = {
		.link = attach->agent->link,
		.channel = attach->agent_channel,
		.group = &attach->caller->group,
		.pool = tenant_pool(attach->tenant),
		.tolls = { tenant_toll(attach->tenant, TENANT_DOWN),
		    leases_toll(attach->lease, TENANT_DOWN) },
		.lost = CODE_HOST_OFFLINE,
		.lost_text = agent_lost,
	};
	enum code code;

	if (expect_answer(attach) != 0) {
		return CODE_OVERLOADED;
	}
	code = switch_tie(attach->gateway->hub->config.board, &gateway, &agent,
	    on_left, attach, &attach->circuit);
	if (code != CODE_OK) {
		(void)idmap_remove(attach->agent->calls, attach->agent_channel);
		return code;
	}
	list_push_back(&attach->gateway->made, &attach->of_gateway);
	list_push_back(&attach->agent->taken, &attach->of_agent);
	attach->gateway->channels++;
	attach->agent->channels++;
	return CODE_OK;
}

/* Let attach count for the rate of its share, if that has one; 0 or -1. */
static int
take_lease(struct attach *attach, uint64_t share)
{
	struct device_hub *hub = attach->gateway->hub;
	const struct account_share *row =
	    account_find_share(hub->config.book, share);
	uint64_t rate = row != NULL ? account_share_row(row)->rate : 0;

	if (rate == 0) {
		return 0;
	}
	attach->lease = leases_get(hub->leases, share, rate);
	return attach->lease != NULL ? 0 : -1;
}

/* Make a circuit to agent and pass the call on. */
static void
call(struct device *device, struct device *agent, uint32_t channel,
    struct linkmsg_attach *message)
{
	uint8_t payload[2048];
	struct attach *attach;
	size_t len;

	name_device(device, message);
	len = linkmsg_attach_encode(message, payload, sizeof(payload));
	attach = len > 0 ? attach_new(device, channel, agent) : NULL;
	if (attach == NULL || take_lease(attach, message->caller.share) != 0 ||
	    tie(attach) != CODE_OK) {
		if (attach != NULL) {
			forget(attach);
		}
		deviceattach_refuse(device, channel, CODE_OVERLOADED,
		    "the relay has no room for another channel");
		return;
	}
	attach->share = message->caller.share;
	/* If this fails, the agent's link closes and ends what we made. */
	(void)link_send(
	    agent->link, FRAME_ATTACH, attach->agent_channel, payload, len);
}

/* Return whether the account may move nothing more this month. */
static bool
is_exhausted(struct device *device, char text[LIMITS_TEXT_LEN])
{
	if (account_left(device->account, wall_clock()) > 0) {
		return false;
	}
	account_quota_text(device->account, wall_clock(), text);
	return true;
}

/* Return whether another channel is more than the account may have. */
static bool
exceeds(struct device *device, char text[LIMITS_TEXT_LEN])
{
	const uint64_t now = loop_now(device->hub->config.loop);
	uint64_t channels =
	    account_limit(device->account, ALLOWANCE_CHANNELS, NULL);

	if (channels != ALLOWANCE_NONE &&
	    account_exceeds(device->account, ALLOWANCE_CHANNELS,
		tenant_circuits(device->account) + 1, text)) {
		return true;
	}
	return !account_take_attach(device->account, now) &&
	       account_exceeds(
		   device->account, ALLOWANCE_ATTACHES, ALLOWANCE_NONE, text);
}

/*
 * A gateway wants a session with the relay itself.  Limits of the account do
 * not count: whoever reached them can still see it.
 */
static void
attach_to_relay(
    struct device *device, uint32_t channel, struct linkmsg_attach *message)
{
	struct console *console = device->hub->config.console;

	if (console == NULL) {
		deviceattach_refuse(device, channel, CODE_HOST_UNKNOWN,
		    "this relay cannot be asked for anything");
	} else if (strcmp(message->caller.user, device_user(device)) != 0) {
		deviceattach_refuse(device, channel, CODE_DENIED,
		    "the caller is not the account that logged in");
	} else {
		name_device(device, message);
		console_attach(console, device->link, channel, message,
		    account_device_row(device->row)->id);
	}
}

void
deviceattach_request(
    struct device *device, uint32_t channel, const uint8_t *payload, size_t len)
{
	struct linkmsg_attach message;
	struct device *agent;
	char text[LIMITS_TEXT_LEN];

	if (linkmsg_attach_decode(&message, false, payload, len) != 0 ||
	    channel <= device->last_channel ||
	    channel >= LIMITS_CHANNEL_CALLED) {
		link_close(device->link, CODE_PROTOCOL_ERROR, "bad ATTACH");
		return;
	}
	device->last_channel = channel;
	device->hub->stats.attaches++;
	if (!ratelimit_take(
		&device->attach_rate, 1, loop_now(device->hub->config.loop))) {
		deviceattach_refuse(
		    device, channel, CODE_LIMIT, "too many attaches");
		return;
	}
	if (console_is_meant(&message)) {
		attach_to_relay(device, channel, &message);
		return;
	}
	if (is_exhausted(device, text)) {
		(void)notices_limit(
		    device->hub->notices, device->account, "month", text);
		deviceattach_refuse(device, channel, CODE_QUOTA, text);
		return;
	}
	if (exceeds(device, text)) {
		(void)notices_limit(
		    device->hub->notices, device->account, "channels", text);
		deviceattach_refuse(device, channel, CODE_LIMIT, text);
		return;
	}
	if (device->channels >= LIMITS_CHANNELS_MAX) {
		deviceattach_refuse(
		    device, channel, CODE_LIMIT, "too many channels");
		return;
	}
	agent = devicecallee_find(device, channel, &message);
	if (agent != NULL) {
		call(device, agent, channel, &message);
	}
}

/* --- the answer ------------------------------------------------ */

void
deviceattach_answer(
    struct device *device, uint32_t channel, const uint8_t *payload, size_t len)
{
	struct attach *attach = NULL;

	if (device->calls != NULL) {
		attach = idmap_get(device->calls, channel);
	}
	/* Once is enough, and the gateway may have gone away meanwhile. */
	if (attach == NULL || attach->answered || attach->gateway == NULL) {
		return;
	}
	attach->answered = true;
	latency_add(&device->hub->stats.attach,
	    loop_now(device->hub->config.loop) - attach->asked_at);
	(void)link_send(attach->gateway->link, FRAME_ATTACHED,
	    attach->gateway_channel, payload, len);
}
