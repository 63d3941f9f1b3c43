/* SPDX-License-Identifier: ISC */
/* Walks of all devices of a hub, in turns of the loop. */
#include "common/loop.h"
#include "relay/device_impl.h"

/* Links are numbered as they come: who is behind `last` came later. */
static void
on_turn(void *arg)
{
	struct devicewalk *walk = arg;
	struct device_hub *hub = walk->hub;

	for (unsigned i = 0; i < walk->turn && walk->cursor != NULL; i++) {
		struct device *device =
		    list_entry(walk->cursor, struct device, all);

		if (link_id(device->link) > walk->last) {
			walk->cursor = NULL;
			break;
		}
		walk->cursor = list_after(&hub->devices, walk->cursor);
		walk->visit(device, walk->arg);
	}
	if (walk->cursor != NULL) {
		loop_defer(hub->config.loop, &walk->task);
		return;
	}
	devicewalk_cancel(walk);
	if (walk->done != NULL) {
		walk->done(walk->arg);
	}
}

void
devicewalk_init(struct devicewalk *walk, struct device_hub *hub, unsigned turn,
    void (*visit)(struct device *device, void *arg), void (*done)(void *arg),
    void *arg)
{
	*walk = (struct devicewalk){
		.hub = hub,
		.turn = turn,
		.visit = visit,
		.done = done,
		.arg = arg,
	};
	list_init(&walk->all);
	loop_task_init(&walk->task, on_turn, walk);
}

void
devicewalk_start(struct devicewalk *walk)
{
	struct device_hub *hub = walk->hub;
	struct list *last = list_last(&hub->devices);

	devicewalk_cancel(walk);
	list_push_back(&hub->walks, &walk->all);
	walk->cursor = list_first(&hub->devices);
	walk->last = last == NULL
			 ? 0
			 : link_id(list_entry(last, struct device, all)->link);
	loop_defer(hub->config.loop, &walk->task);
}

bool
devicewalk_is_on(const struct devicewalk *walk)
{
	return list_linked(&walk->all);
}

void
devicewalk_cancel(struct devicewalk *walk)
{
	list_remove(&walk->all);
	loop_task_cancel(walk->hub->config.loop, &walk->task);
}

void
devicewalk_forget(struct device *device)
{
	struct device_hub *hub = device->hub;
	struct list *node = list_first(&hub->walks);

	for (; node != NULL; node = list_after(&hub->walks, node)) {
		struct devicewalk *walk =
		    list_entry(node, struct devicewalk, all);

		if (walk->cursor == &device->all) {
			walk->cursor = list_after(&hub->devices, walk->cursor);
		}
	}
}
