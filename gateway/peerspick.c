/* SPDX-License-Identifier: ISC */
/*
 * Which replica of a host; declared in peers_impl.h.
 *
 * New streams go where the fewest of this gateway's are.  The relay says who is
 * online and nothing else: it knows channels, not streams, and a word of its
 * about load would lead streams where it likes.  Of equal ones that have a
 * session comes first, then chance, so that many gateways with a stream each
 * spread as well.
 */
#include <sodium.h>
#include <string.h>

#include "common/loop.h"
#include "gateway/hosts.h"
#include "gateway/peers_impl.h"

struct peer *
peers_next(const struct peers *peers, const char *host, const struct peer *peer)
{
	struct list *node = peer == NULL ? list_first(&peers->all)
					 : list_after(&peers->all, &peer->all);

	for (; node != NULL; node = list_after(&peers->all, node)) {
		struct peer *next = list_entry(node, struct peer, all);

		if (strcmp(next->host, host) == 0) {
			return next;
		}
	}
	return NULL;
}

struct peer *
peers_find(const struct peers *peers, const char *host, uint8_t replica)
{
	struct peer *peer = peers_next(peers, host, NULL);

	while (peer != NULL && peer->replica != replica) {
		peer = peers_next(peers, host, peer);
	}
	return peer;
}

/* A replica that may serve, and how good it is. */
struct candidate {
	uint8_t replica;
	uint32_t load;
	bool is_live;
};

/* Return how many streams peer has, or will have in a moment. */
static uint32_t
load_of(const struct peer *peer)
{
	struct session *session = NULL;
	struct session_stats stats = { .streams = 0 };
	struct list *node = list_first(&peer->waits);
	uint32_t load = 0;

	if (peer->tether != NULL) {
		session = tether_session(peer->tether);
	}
	if (session != NULL) {
		session_get_stats(session, &stats);
	}
	for (; node != NULL; node = list_after(&peer->waits, node)) {
		load++;
	}
	return load + stats.streams;
}

/* Look at a replica; false when it cannot take a stream now. */
static bool
look(const struct peers *peers, const char *name, uint8_t replica,
    struct candidate *out)
{
	const struct host *host =
	    hosts_find_replica(peers->config.hosts, name, replica);
	const struct peer *peer = peers_find(peers, name, replica);

	if (host == NULL || host->replica != replica || !host->online ||
	    hosts_key_changed(host) ||
	    (peer != NULL && peer->tether != NULL &&
		tether_is_lost(peer->tether))) {
		return false;
	}
	*out = (struct candidate){ .replica = replica };
	if (peer != NULL) {
		out->load = load_of(peer);
		out->is_live =
		    peer->tether != NULL && tether_is_live(peer->tether);
	}
	return true;
}

/* Return <0 when a is the better one, 0 when they are equal. */
static int
compare(const struct candidate *a, const struct candidate *b)
{
	if (a->load != b->load) {
		return a->load < b->load ? -1 : 1;
	}
	return (int)b->is_live - (int)a->is_live;
}

/* Return the number of the replica that is worth waiting for. */
static uint8_t
expected(const struct peers *peers, const char *name)
{
	const struct host *host = hosts_find(peers->config.hosts, name);
	const struct peer *peer = peers_next(peers, name, NULL);

	while (peer != NULL && peer->tether == NULL) {
		peer = peers_next(peers, name, peer);
	}
	if (peer != NULL) {
		return peer->replica;
	}
	return host != NULL ? host->replica : 0;
}

bool
peerspick_choose(const struct peers *peers, const char *host, uint8_t *replica)
{
	struct candidate best = { .load = 0 };
	struct candidate one;
	uint32_t equals = 0;

	for (int i = 0; i <= LIMITS_REPLICAS_MAX; i++) {
		int order;

		if (!look(peers, host, (uint8_t)i, &one)) {
			continue;
		}
		order = equals == 0 ? -1 : compare(&one, &best);
		equals = order < 0 ? 1 : equals + (order == 0);
		if (order < 0 ||
		    (order == 0 && randombytes_uniform(equals) == 0)) {
			best = one;
		}
	}
	*replica = equals > 0 ? best.replica : expected(peers, host);
	return equals > 0;
}

/*
 * Hand those who wait for peer, and were not handed on too often, to `other`;
 * true when somebody was.
 */
static bool
move_waits(struct peer *peer, struct peer *other)
{
	struct list *node = list_first(&peer->waits);
	bool moved = false;

	while (node != NULL) {
		struct peers_wait *wait =
		    list_entry(node, struct peers_wait, all);

		node = list_after(&peer->waits, node);
		if (wait->pinged || wait->moves >= LIMITS_REPLICAS_MAX) {
			continue;
		}
		wait->moves++;
		wait->peer = other;
		list_remove(&wait->all);
		list_push_back(&other->waits, &wait->all);
		moved = true;
	}
	return moved;
}

void
peerspick_call(struct peer *peer, double seconds)
{
	struct ev_loop *ev = loop_ev(peer->peers->config.loop);

	ev_timer_stop(ev, &peer->again);
	ev_timer_set(&peer->again, seconds, 0.);
	ev_timer_start(ev, &peer->again);
}

bool
peerspick_hand_on(struct peer *peer)
{
	struct peer *other;
	uint8_t replica;

	if (peer->peers->closed ||
	    !peerspick_choose(peer->peers, peer->host, &replica) ||
	    replica == peer->replica) {
		return false;
	}
	other = peers_add(peer->peers, peer->host, replica);
	if (other == NULL || !move_waits(peer, other)) {
		return false;
	}
	peerspick_call(other, 0.);
	return list_empty(&peer->waits);
}
