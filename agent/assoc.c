/* SPDX-License-Identifier: ISC */
#include "agent/assoc.h"

#include <ev.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/grant.h"
#include "agent/place.h"
#include "agent/policy.h"
#include "common/addr.h"
#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/pending.h"
#include "common/resolver.h"
#include "common/udpsock.h"
#include "protocol/association.h"
#include "protocol/dgram.h"
#include "protocol/limits.h"
#include "protocol/rights.h"
#include "protocol/stream.h"

/* How long an address counts that a name had, and that it leads nowhere. */
#define PEER_GOOD_TIME (60 * LIMITS_SEC)
#define PEER_BAD_TIME (5 * LIMITS_SEC)

/* Look-ups of one association at a time. */
#define LOOKUPS_MAX 8

enum peer_state {
	PEER_BAD,    /* not allowed, or no such name */
	PEER_LOOKUP, /* its name is being resolved */
	PEER_GOOD,
};

/* Where datagrams go, in the caller's words and by its address. */
struct peer {
	struct list node; /* in assoc->peers, last used first */
	struct assoc *assoc;
	struct dgram_address said;
	enum peer_state state;
	unsigned version; /* of the space, when it was judged */
	uint64_t until;   /* it is judged anew */
	struct resolver_lookup *lookup;
	struct addr addrs[2]; /* the first is sent to; the other if it fails */
	size_t count;
	struct pending held;
};

struct assoc {
	struct assoc_space *space;
	struct stream *stream;
	struct stream_target target;
	char rights[RIGHTS_LEN]; /* of its caller */
	void (*ended)(void *arg);
	void *arg;
	struct list peers;
	size_t peer_count;
	size_t lookups;
	struct udpsock *inet; /* NULL until it is needed */
	struct udpsock *inet6;
	uint64_t used; /* when something passed last */
	struct ev_timer idle;
};

/* --- peers --------------------------------------------------------------- */

static void
cancel_lookup(struct peer *peer)
{
	if (peer->lookup != NULL) {
		resolver_cancel(peer->lookup);
		peer->lookup = NULL;
		peer->assoc->lookups--;
	}
}

static void
lose_held(struct peer *peer)
{
	peer->assoc->space->stats.lost +=
	    pending_flush(&peer->held, 0, NULL, NULL);
}

static void
drop_peer(struct peer *peer)
{
	cancel_lookup(peer);
	lose_held(peer);
	list_remove(&peer->node);
	peer->assoc->peer_count--;
	mem_free(peer);
}

/* Return the peer that the caller called said, or NULL. */
static struct peer *
find_said(struct assoc *assoc, const struct dgram_address *said)
{
	struct list *node = list_first(&assoc->peers);

	for (; node != NULL; node = list_after(&assoc->peers, node)) {
		struct peer *peer = list_entry(node, struct peer, node);

		if (dgram_address_equal(&peer->said, said)) {
			return peer;
		}
	}
	return NULL;
}

/* Return the peer last used that is sent to at addr, or NULL. */
static struct peer *
find_addr(struct assoc *assoc, const struct addr *addr)
{
	struct list *node = list_first(&assoc->peers);

	for (; node != NULL; node = list_after(&assoc->peers, node)) {
		struct peer *peer = list_entry(node, struct peer, node);

		if (peer->count > 0 && addr_equal(&peer->addrs[0], addr)) {
			return peer;
		}
	}
	return NULL;
}

/* Return the peer that the caller calls said, as the one last used; or NULL. */
static struct peer *
get_peer(struct assoc *assoc, const struct dgram_address *said)
{
	struct peer *peer = find_said(assoc, said);
	struct list *last = list_last(&assoc->peers);

	if (peer != NULL) {
		list_remove(&peer->node);
		list_push_front(&assoc->peers, &peer->node);
		return peer;
	}
	if (assoc->peer_count >= ASSOC_PEERS_MAX && last != NULL) {
		drop_peer(list_entry(last, struct peer, node));
	}
	peer = mem_new(1, sizeof(*peer));
	if (peer != NULL) {
		peer->assoc = assoc;
		peer->said = *said;
		pending_init(&peer->held);
		list_push_front(&assoc->peers, &peer->node);
		assoc->peer_count++;
	}
	return peer;
}

/* --- sending ------------------------------------------------------------- */

static void on_reply(
    void *arg, const struct addr *from, const uint8_t *data, size_t len);
static void on_unreachable(void *arg, const struct addr *to, int error);

static const struct udpsock_ops socket_ops = {
	.datagram = on_reply,
	.unreachable = on_unreachable,
};

/* Return the socket of assoc for family, or NULL when there can be none. */
static struct udpsock *
socket_of(struct assoc *assoc, int family)
{
	struct udpsock **sock =
	    family == AF_INET6 ? &assoc->inet6 : &assoc->inet;

	if (*sock == NULL) {
		*sock = udpsock_new_any(
		    assoc->space->loop, family, &socket_ops, assoc);
	}
	return *sock;
}

static void
send_to(struct peer *peer, const uint8_t *data, size_t len)
{
	struct assoc_stats *stats = &peer->assoc->space->stats;
	const struct addr *to = &peer->addrs[0];
	struct udpsock *sock = socket_of(peer->assoc, addr_family(to));

	if (sock != NULL && udpsock_send(sock, to, data, len) == 0) {
		stats->sent++;
	} else {
		stats->lost++;
	}
}

static void
send_one(void *arg, const uint8_t *data, size_t len)
{
	send_to(arg, data, len);
}

static void
send_held(struct peer *peer)
{
	struct assoc_space *space = peer->assoc->space;

	space->stats.lost +=
	    pending_flush(&peer->held, loop_now(space->loop), send_one, peer);
}

/* --- judging ------------------------------------------------------------- */

/* Set *place to what the caller means by said. */
static void
locate(const struct assoc *assoc, const struct dgram_address *said,
    struct place *place)
{
	const struct services *services = assoc->space->services;
	size_t len = said->form == DGRAM_INET ? 4 : 16;

	switch (said->form) {
	case DGRAM_TARGET:
		place_find(
		    place, services, assoc->target.name, assoc->target.port);
		return;
	case DGRAM_NAME:
		place_find(place, services, said->name, said->port);
		return;
	case DGRAM_INET:
	case DGRAM_INET6:
		break;
	}
	memset(place, 0, sizeof(*place));
	place->port = said->port;
	place->count =
	    addr_from_bytes(&place->addrs[0], said->bytes, len, said->port) == 0
		? 1
		: 0;
}

/* Return the name in said, NULL if it is an address. */
static const char *
said_name(const struct assoc *assoc, const struct dgram_address *said)
{
	switch (said->form) {
	case DGRAM_TARGET:
		return assoc->target.name;
	case DGRAM_NAME:
		return said->name;
	case DGRAM_INET:
	case DGRAM_INET6:
		break;
	}
	return NULL;
}

/* The peer leads to those of the count addresses that the policy allows. */
static void
settle(struct peer *peer, const struct place *place, const struct addr *addrs,
    size_t count)
{
	const struct assoc_space *space = peer->assoc->space;
	uint64_t now = loop_now(space->loop);
	char text[PLACE_TEXT_LEN];

	peer->count = 0;
	for (size_t i = 0; i < count && peer->count < 2; i++) {
		struct addr *addr = &peer->addrs[peer->count];

		addr_unmap(&addrs[i], addr);
		if (place->port != 0 && space->policy != NULL &&
		    policy_allows(space->policy,
			place->named ? place->host : NULL, addr)) {
			peer->count++;
		}
	}
	peer->state = peer->count > 0 ? PEER_GOOD : PEER_BAD;
	peer->until = now + (peer->count > 0 ? PEER_GOOD_TIME : PEER_BAD_TIME);
	if (peer->state == PEER_BAD) {
		log_write(LOG_LEVEL_DEBUG, "stream",
		    stream_number(peer->assoc->stream),
		    "datagrams not sent: to=%s", place_format(place, text));
	}
}

static void
on_resolved(enum resolver_status status, const struct addr *addrs, size_t count,
    void *arg)
{
	struct peer *peer = arg;
	struct place place;

	peer->lookup = NULL;
	peer->assoc->lookups--;
	locate(peer->assoc, &peer->said, &place);
	settle(peer, &place, addrs, status == RESOLVER_OK ? count : 0);
	if (peer->state == PEER_GOOD) {
		send_held(peer);
	} else {
		lose_held(peer);
	}
}

/* Decide where peer leads, now or by a look-up. */
static void
judge(struct peer *peer)
{
	struct assoc *assoc = peer->assoc;
	const struct assoc_space *space = assoc->space;
	struct place place;

	locate(assoc, &peer->said, &place);
	peer->version = space->version;
	if (!grant_allows(assoc->rights, space->services,
		said_name(assoc, &peer->said), &place)) {
		settle(peer, &place, NULL, 0);
		return;
	}
	if (!place.named) {
		settle(peer, &place, place.addrs, place.count);
		return;
	}
	if (space->policy != NULL && place.port != 0 &&
	    assoc->lookups < LOOKUPS_MAX &&
	    policy_may_resolve(space->policy, place.host, place.port)) {
		peer->lookup = resolver_start(
		    space->resolver, place.host, place.port, on_resolved, peer);
	}
	if (peer->lookup == NULL) {
		settle(peer, &place, NULL, 0);
		return;
	}
	peer->state = PEER_LOOKUP;
	assoc->lookups++;
}

/* --- the stream ---------------------------------------------------------- */

static void
on_datagram(void *arg, const struct dgram_address *address, const uint8_t *data,
    size_t len)
{
	struct assoc *assoc = arg;
	struct peer *peer = get_peer(assoc, address);
	uint64_t now = loop_now(assoc->space->loop);

	assoc->used = now;
	if (peer == NULL) {
		assoc->space->stats.lost++;
		return;
	}
	if (peer->state != PEER_LOOKUP &&
	    (now >= peer->until || peer->version != assoc->space->version)) {
		judge(peer);
	}
	switch (peer->state) {
	case PEER_BAD:
		assoc->space->stats.denied++;
		break;
	case PEER_LOOKUP:
		if (pending_put(&peer->held, data, len, now) != 0) {
			assoc->space->stats.lost++;
		}
		break;
	case PEER_GOOD:
		send_to(peer, data, len);
		break;
	}
}

/* Something came from the network. */
static void
on_reply(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct assoc *assoc = arg;
	struct peer *peer = find_addr(assoc, from);

	if (peer == NULL) {
		assoc->space->stats.strays++;
		return;
	}
	if (data == NULL) {
		assoc->space->stats.lost++;
		return;
	}
	assoc->used = loop_now(assoc->space->loop);
	assoc->space->stats.received++;
	association_send(assoc->stream, &peer->said, data, len, assoc->used);
}

/* Nobody is there: if the name has another address, that one is next. */
static void
on_unreachable(void *arg, const struct addr *to, int error)
{
	struct assoc *assoc = arg;
	struct peer *peer = find_addr(assoc, to);

	(void)error;
	assoc->space->stats.unreachable++;
	if (peer != NULL && peer->count > 1) {
		peer->addrs[0] = peer->addrs[1];
		peer->count = 1;
	}
}

/* --- life ---------------------------------------------------------------- */

/* Stop everything but the stream; memory goes at the end of the iteration. */
static void
tear_down(struct assoc *assoc)
{
	struct list *node = list_first(&assoc->peers);

	while (node != NULL) {
		drop_peer(list_entry(node, struct peer, node));
		node = list_first(&assoc->peers);
	}
	udpsock_close(assoc->inet);
	udpsock_close(assoc->inet6);
	ev_timer_stop(loop_ev(assoc->space->loop), &assoc->idle);
	loop_reap(assoc->space->loop, assoc, mem_free);
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct assoc *assoc = arg;

	(void)code;
	(void)error;
	stream_release(assoc->stream);
	tear_down(assoc);
	assoc->ended(assoc->arg);
}

static const struct stream_ops stream_ops = {
	.datagram = on_datagram,
	.reset = on_reset,
};

static double
idle_time(const struct assoc *assoc)
{
	return assoc->space->idle > 0. ? assoc->space->idle : ASSOC_IDLE;
}

static void
on_idle(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct assoc *assoc = watcher->data;
	uint64_t quiet = loop_now(assoc->space->loop) - assoc->used;
	double left = idle_time(assoc) - (double)quiet / (double)LIMITS_SEC;

	(void)events;
	if (left > 0.) {
		ev_timer_set(watcher, left, 0.);
		ev_timer_start(ev, watcher);
		return;
	}
	assoc_close(assoc, CODE_CANCELLED);
	assoc->ended(assoc->arg);
}

struct assoc *
assoc_new(struct assoc_space *space, const char *rights, struct stream *stream,
    const struct stream_target *target, void (*ended)(void *arg), void *arg)
{
	struct assoc *assoc = mem_new(1, sizeof(*assoc));

	if (assoc == NULL) {
		return NULL;
	}
	assoc->space = space;
	assoc->stream = stream;
	assoc->target = *target;
	(void)snprintf(assoc->rights, sizeof(assoc->rights), "%s",
	    rights != NULL ? rights : "");
	assoc->ended = ended;
	assoc->arg = arg;
	assoc->used = loop_now(space->loop);
	list_init(&assoc->peers);
	ev_timer_init(&assoc->idle, on_idle, idle_time(assoc), 0.);
	assoc->idle.data = assoc;
	ev_timer_start(loop_ev(space->loop), &assoc->idle);
	stream_set_owner(stream, &stream_ops, assoc);
	return assoc;
}

void
assoc_close(struct assoc *assoc, enum code code)
{
	if (assoc != NULL) {
		stream_reset(assoc->stream, code, 0);
		tear_down(assoc);
	}
}
