/* SPDX-License-Identifier: ISC */
/* What gateways ask for that waits for the store. */
#include <stdio.h>

#include "common/mem.h"
#include "relay/device_impl.h"

/* Questions under way of one gateway and kind: a person puts them singly. */
#define ASKS_MAX 8

struct deviceask {
	struct device *device;
	struct account_op *op;
	deviceask_reply *reply; /* by this, kinds are told apart */
	uint32_t request;
	struct list all; /* in device->asks */
};

static unsigned
count(const struct device *device, deviceask_reply *reply)
{
	struct list *node = list_first(&device->asks);
	unsigned n = 0;

	for (; node != NULL; node = list_after(&device->asks, node)) {
		if (list_entry(node, struct deviceask, all)->reply == reply) {
			n++;
		}
	}
	return n;
}

struct deviceask *
deviceask_new(struct device *device, uint32_t request, deviceask_reply *reply)
{
	struct deviceask *ask = NULL;

	if (count(device, reply) < ASKS_MAX) {
		ask = mem_new(1, sizeof(*ask));
	}
	if (ask == NULL) {
		return NULL;
	}
	ask->device = device;
	ask->reply = reply;
	ask->request = request;
	list_init(&ask->all);
	list_push_back(&device->asks, &ask->all);
	return ask;
}

static void
drop(struct deviceask *ask)
{
	list_remove(&ask->all);
	mem_free(ask);
}

void
deviceask_done(const struct account_outcome *outcome, void *arg)
{
	struct deviceask *ask = arg;

	ask->reply(ask->device, ask->request, outcome);
	drop(ask);
}

void
deviceask_wait(struct deviceask *ask, struct account_op *op)
{
	if (op != NULL) {
		ask->op = op;
	}
}

void
deviceask_refuse(struct device *device, uint32_t request,
    deviceask_reply *reply, enum code code, const char *text)
{
	struct account_outcome outcome = { .code = code };

	(void)snprintf(outcome.text, sizeof(outcome.text), "%s", text);
	reply(device, request, &outcome);
}

void
deviceask_end(struct device *device)
{
	struct list *node = list_first(&device->asks);

	for (; node != NULL; node = list_first(&device->asks)) {
		struct deviceask *ask = list_entry(node, struct deviceask, all);

		account_cancel(ask->op);
		drop(ask);
	}
}
