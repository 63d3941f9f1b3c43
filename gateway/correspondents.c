/* SPDX-License-Identifier: ISC */
#include "gateway/correspondents.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>

#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/hosts.h"
#include "gateway/tether.h"
#include "protocol/resolvemsg.h"

struct correspondents {
	struct tether_space *space;
	double idle;
	struct list list; /* of struct correspondent */
};

/* A gateway that is called, or has a session. */
struct correspondent {
	struct list node;
	struct correspondents *all;
	struct tether *tether; /* NULL: it is over */
	char device[NAME_HOST_MAX + 1];
	uint8_t key[KEYS_LEN];
	struct list waits;
	struct ev_timer idle; /* since its last message */
};

struct correspondents_wait {
	struct list node; /* in correspondent->waits */
	peers_done *done;
	void *arg;
};

struct correspondents *
correspondents_new(struct tether_space *space, double idle)
{
	struct correspondents *all = mem_new(1, sizeof(*all));

	if (all != NULL) {
		all->space = space;
		all->idle = idle > 0. ? idle : CORRESPONDENTS_IDLE;
		list_init(&all->list);
	}
	return all;
}

/* --- one of them ----------------------------------------------------- */

/* The one teardown: its tether is closed or gone, and nobody waits. */
static void
drop(struct correspondent *one)
{
	ev_timer_stop(loop_ev(one->all->space->loop), &one->idle);
	list_remove(&one->node);
	mem_free(one);
}

/* Tell all who wait for one what came of it; they may ask anew meanwhile. */
static void
answer(struct correspondent *one, enum code code, const char *text)
{
	struct session *session =
	    one->tether != NULL ? tether_session(one->tether) : NULL;
	struct list *node = list_first(&one->waits);

	for (; node != NULL; node = list_first(&one->waits)) {
		struct correspondents_wait *wait =
		    list_entry(node, struct correspondents_wait, node);
		peers_done *done = wait->done;
		void *arg = wait->arg;

		list_remove(&wait->node);
		mem_free(wait);
		done(session, code, text, arg);
	}
}

static void
touch(struct correspondent *one)
{
	struct ev_loop *ev = loop_ev(one->all->space->loop);

	ev_timer_stop(ev, &one->idle);
	ev_timer_set(&one->idle, one->all->idle, 0.);
	ev_timer_start(ev, &one->idle);
}

/* End the session of one, which is forgotten before anybody is told. */
static void
end(struct correspondent *one, enum code code, const char *text)
{
	struct tether *tether = one->tether;

	one->tether = NULL;
	list_remove(&one->node);
	tether_close(tether, code);
	answer(one, code, text);
	drop(one);
}

static void
on_idle(struct ev_loop *ev, struct ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	end(timer->data, CODE_OK, "");
}

static void
on_live(void *arg)
{
	struct correspondent *one = arg;

	touch(one);
	answer(one, CODE_OK, "");
}

/* It has no grace time: this is the end, which is told by on_down(). */
static void
on_lost(void *arg, enum code code, const char *text)
{
	(void)arg;
	(void)code;
	(void)text;
}

static void
on_pong(void *arg)
{
	(void)arg;
}

static void
on_down(void *arg, enum code code, const char *text)
{
	struct correspondent *one = arg;

	one->tether = NULL;
	end(one, code, text);
}

static const struct tether_ops tether_callbacks = {
	.live = on_live,
	.lost = on_lost,
	.pong = on_pong,
	.down = on_down,
};

/* Call that gateway; NULL and *why when that cannot be. */
static struct correspondent *
call(struct correspondents *all, const char *user,
    const struct resolvemsg_gateway *gateway, enum code *why)
{
	struct host host = { .is_gateway = true, .online = true };
	struct correspondent *one;

	*why = CODE_NAME_INVALID;
	if (name_check_host(gateway->device) != NAME_OK) {
		/* Its name is all digits: no host has such a one. */
		return NULL;
	}
	*why = CODE_OVERLOADED;
	one = mem_new(1, sizeof(*one));
	if (one == NULL) {
		return NULL;
	}
	(void)snprintf(host.owner, sizeof(host.owner), "%s", user);
	memcpy(host.name, gateway->device, sizeof(host.name));
	memcpy(host.key, gateway->key, sizeof(host.key));
	one->all = all;
	memcpy(one->device, gateway->device, sizeof(one->device));
	memcpy(one->key, gateway->key, sizeof(one->key));
	list_init(&one->waits);
	ev_init(&one->idle, on_idle);
	one->idle.data = one;
	one->tether =
	    tether_new(all->space, &host, &tether_callbacks, one, why);
	if (one->tether == NULL) {
		mem_free(one);
		return NULL;
	}
	list_push_back(&all->list, &one->node);
	return one;
}

/* Return the one with that name and key, which another device may have had. */
static struct correspondent *
find(struct correspondents *all, const struct resolvemsg_gateway *gateway)
{
	struct list *node = list_first(&all->list);

	for (; node != NULL; node = list_after(&all->list, node)) {
		struct correspondent *one =
		    list_entry(node, struct correspondent, node);

		if (strcmp(one->device, gateway->device) == 0 &&
		    memcmp(one->key, gateway->key, sizeof(one->key)) == 0) {
			return one;
		}
	}
	return NULL;
}

/* --- all of them ----------------------------------------------------- */

struct correspondents_wait *
correspondents_get(struct correspondents *all, const char *user,
    const struct resolvemsg_gateway *gateway, peers_done *done, void *arg)
{
	struct correspondent *one = find(all, gateway);
	struct correspondents_wait *wait;
	enum code why = CODE_OK;

	if (one == NULL) {
		one = call(all, user, gateway, &why);
	}
	if (one == NULL) {
		done(NULL, why, codes_summary(why), arg);
		return NULL;
	}
	if (tether_is_live(one->tether)) {
		touch(one);
		done(tether_session(one->tether), CODE_OK, "", arg);
		return NULL;
	}
	wait = mem_new(1, sizeof(*wait));
	if (wait == NULL) {
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	wait->done = done;
	wait->arg = arg;
	list_push_back(&one->waits, &wait->node);
	return wait;
}

void
correspondents_cancel(struct correspondents_wait *wait)
{
	if (wait != NULL) {
		list_remove(&wait->node);
		mem_free(wait);
	}
}

bool
correspondents_attached(struct correspondents *all, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&all->list);

	for (; node != NULL; node = list_after(&all->list, node)) {
		struct correspondent *one =
		    list_entry(node, struct correspondent, node);

		if (tether_attached(one->tether, channel, payload, len)) {
			return true;
		}
	}
	return false;
}

void
correspondents_used(struct correspondents *all, const struct session *session)
{
	struct list *node = list_first(&all->list);

	for (; node != NULL; node = list_after(&all->list, node)) {
		struct correspondent *one =
		    list_entry(node, struct correspondent, node);

		if (tether_is_live(one->tether) &&
		    tether_session(one->tether) == session) {
			touch(one);
			return;
		}
	}
}

void
correspondents_close(struct correspondents *all, enum code code)
{
	struct list *node = list_first(&all->list);

	for (; node != NULL; node = list_first(&all->list)) {
		end(list_entry(node, struct correspondent, node), code,
		    codes_summary(code));
	}
}

/* Forget who waits for one. */
static void
forget_waits(struct correspondent *one)
{
	struct list *node = list_first(&one->waits);

	for (; node != NULL; node = list_first(&one->waits)) {
		correspondents_cancel(
		    list_entry(node, struct correspondents_wait, node));
	}
}

void
correspondents_free(struct correspondents *all)
{
	struct list *node;

	if (all == NULL) {
		return;
	}
	for (node = list_first(&all->list); node != NULL;
	     node = list_first(&all->list)) {
		struct correspondent *one =
		    list_entry(node, struct correspondent, node);

		forget_waits(one);
		end(one, CODE_GOING_DOWN, "");
	}
	mem_free(all);
}
