/* SPDX-License-Identifier: ISC */
#include "gateway/peers.h"

#include <stdio.h>
#include <string.h>

#include "common/loop.h"
#include "common/mem.h"
#include "gateway/hosts.h"
#include "gateway/peers_impl.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"

/* Between two calls of a host that is on its way back, in seconds. */
#define CALL_PAUSE 0.5

/* How long an answer to a ping may take, in seconds. */
#define PING_TIME 5.0

static void on_down(void *arg, enum code code, const char *text);

/* --- the end of a peer ----------------------------------------------- */

void
peers_drop_if_idle(struct peer *peer)
{
	if (peer->tether == NULL && list_empty(&peer->retired) &&
	    list_empty(&peer->waits) && list_linked(&peer->all)) {
		ev_timer_stop(loop_ev(peer->peers->config.loop), &peer->again);
		list_remove(&peer->all);
		loop_reap(peer->peers->config.loop, peer, mem_free);
	}
}

/* Close the sessions of peer; who waits is told code and text. */
static void
close_peer(struct peer *peer, enum code code, const char *text)
{
	tether_close(peer->tether, code);
	peer->tether = NULL;
	peersaged_close(peer, code);
	peerswait_answer(peer, PEERSWAIT_EVERYBODY, NULL, code, text);
	peers_drop_if_idle(peer);
}

/* --- the session of a peer ------------------------------------------- */

/* Ping for those who wait for it, now that there is a session. */
static void
ping(struct peer *peer)
{
	struct loop *loop = peer->peers->config.loop;
	struct list *node = list_first(&peer->waits);
	bool asked = false;

	for (; node != NULL; node = list_after(&peer->waits, node)) {
		struct peers_wait *wait =
		    list_entry(node, struct peers_wait, all);

		if (wait->for_pong && !wait->pinged) {
			wait->pinged = true;
			ev_timer_stop(loop_ev(loop), &wait->timer);
			ev_timer_set(&wait->timer, PING_TIME, 0.);
			ev_timer_start(loop_ev(loop), &wait->timer);
			asked = true;
		}
	}
	if (asked) {
		session_ping(tether_session(peer->tether), loop_now(loop));
	}
}

static void
on_live(void *arg)
{
	struct peer *peer = arg;
	struct peers *peers = peer->peers;

	/* What the relay names by now may be another key. */
	if (hosts_pin_proved(peers->config.hosts, peer->host, peer->replica,
		tether_key(peer->tether))) {
		peers->config.pinned(peers->config.arg);
	}
	ping(peer);
	peerswait_answer(
	    peer, PEERSWAIT_SESSION, tether_session(peer->tether), CODE_OK, "");
}

static void
on_lost(void *arg, enum code code, const char *text)
{
	if (code == CODE_QUOTA) {
		peerswait_answer(arg, PEERSWAIT_EVERYBODY, NULL, code, text);
	}
}

static void
on_pong(void *arg)
{
	struct peer *peer = arg;

	peerswait_answer(
	    peer, PEERSWAIT_PONG, tether_session(peer->tether), CODE_OK, "");
}

static const struct tether_ops peer_ops = {
	.live = on_live,
	.lost = on_lost,
	.pong = on_pong,
	.down = on_down,
};

/* Call the host of peer if nothing is in the way; else why, in words. */
static enum code
call(struct peer *peer, char text[LIMITS_TEXT_LEN])
{
	struct peers *peers = peer->peers;
	enum code code =
	    peers_why_replica(peers, peer->host, peer->replica, text);

	if (peers->closed) {
		code = CODE_GOING_DOWN;
		(void)snprintf(
		    text, LIMITS_TEXT_LEN, "%s", codes_summary(code));
	}
	if (code == CODE_OK) {
		peer->tether = tether_new(&peers->space,
		    hosts_find_replica(
			peers->config.hosts, peer->host, peer->replica),
		    &peer_ops, peer, &code);
		if (peer->tether == NULL) {
			(void)snprintf(
			    text, LIMITS_TEXT_LEN, "%s", codes_summary(code));
		}
	}
	return code;
}

/* Something changed: call whom somebody waits for, or say that it is no use. */
static void
advance(struct peer *peer)
{
	char text[LIMITS_TEXT_LEN];
	enum code code;

	if (peer->tether != NULL || list_empty(&peer->waits)) {
		return;
	}
	code = call(peer, text);
	if (code == CODE_OK) {
		return;
	}
	if (!peerspick_hand_on(peer) &&
	    !peerstold_is_passing(peer->peers, code)) {
		peerswait_answer(peer, PEERSWAIT_EVERYBODY, NULL, code, text);
	}
	peers_drop_if_idle(peer);
}

/*
 * There is no session any more: who waits for one gets a new one.  A call that
 * failed is made again when something changes, if it may help.
 */
static void
on_down(void *arg, enum code code, const char *text)
{
	struct peer *peer = arg;
	bool began = tether_begun_at(peer->tether) != 0;
	char why[LIMITS_TEXT_LEN];

	peer->tether = NULL;
	if (peers_why_replica(peer->peers, peer->host, peer->replica, why) ==
	    CODE_HOST_KEY_CHANGED) {
		/* Whatever another host says is not about ours. */
		code = CODE_HOST_KEY_CHANGED;
		text = why;
	}
	if (began && !codes_is_lasting(code)) {
		peerswait_answer(peer, PEERSWAIT_PONG, NULL, code, text);
		advance(peer);
	} else if (!began && peerspick_hand_on(peer)) {
		/* Another one serves them. */
	} else if (began || !peerstold_is_passing(peer->peers, code)) {
		peerswait_answer(peer, PEERSWAIT_EVERYBODY, NULL, code, text);
	} else {
		peerspick_call(peer, CALL_PAUSE);
	}
	peers_drop_if_idle(peer);
}

/*
 * Nothing changed that would have made us call, or somebody came over from
 * another replica.
 */
static void
on_again(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct peer *peer = timer->data;

	(void)ev;
	(void)revents;
	if (peer->tether != NULL && tether_is_live(peer->tether)) {
		ping(peer);
		peerswait_answer(peer, PEERSWAIT_SESSION,
		    tether_session(peer->tether), CODE_OK, "");
	} else {
		advance(peer);
	}
}

/* --- asking ---------------------------------------------------------- */

/* Return the peer of a replica, which may be new, or NULL for want of memory.
 */
struct peer *
peers_add(struct peers *peers, const char *host, uint8_t replica)
{
	struct peer *peer = peers_find(peers, host, replica);

	if (peer != NULL) {
		return peer;
	}
	peer = mem_new(1, sizeof(*peer));
	if (peer != NULL) {
		peer->peers = peers;
		/* A walk that is under way has no business with it. */
		peer->round = peers->round;
		(void)snprintf(peer->host, sizeof(peer->host), "%s", host);
		peer->replica = replica;
		list_init(&peer->retired);
		list_init(&peer->waits);
		ev_init(&peer->again, on_again);
		peer->again.data = peer;
		list_init(&peer->all);
		list_push_back(&peers->all, &peer->all);
	}
	return peer;
}

/*
 * Let somebody wait for peer, whose session is not live.  Without a session a
 * call is tried at once; what is in the way and not passing is told.
 */
static struct peers_wait *
enqueue(struct peer *peer, bool for_pong, peers_done *done, void *arg)
{
	char text[LIMITS_TEXT_LEN];
	enum code code = CODE_OK;
	struct peers_wait *wait;

	if (peer->tether == NULL) {
		code = call(peer, text);
	} else if (peers_why(peer->peers, peer->host, text) == CODE_QUOTA) {
		code = CODE_QUOTA;
	}
	if (code != CODE_OK && !peerstold_is_passing(peer->peers, code)) {
		peers_drop_if_idle(peer);
		done(NULL, code, text, arg);
		return NULL;
	}
	wait = peerswait_new(peer, for_pong, done, arg);
	if (wait == NULL) {
		peers_drop_if_idle(peer);
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
	}
	return wait;
}

/*
 * Return the peer of that replica of a host, with a session that takes new
 * streams or none; NULL: no memory.
 */
static struct peer *
prepare_replica(struct peers *peers, const char *host, uint8_t replica)
{
	struct peer *peer = peers_add(peers, host, replica);

	if (peer != NULL && peer->tether != NULL &&
	    hosts_find(peers->config.hosts, host) != NULL &&
	    !tether_fits(peer->tether, hosts_find(peers->config.hosts, host))) {
		/* The name has come to mean another host. */
		tether_close(peer->tether, CODE_REPLACED);
		peer->tether = NULL;
		peersaged_close(peer, CODE_REPLACED);
	}
	if (peer != NULL && peer->tether != NULL) {
		peersaged_close_spent(peer);
		if (tether_is_live(peer->tether) && peersaged_is_due(peer)) {
			(void)peersaged_retire(peer);
		}
	}
	return peer;
}

/* As prepare_replica(), for the one that serves best. */
static struct peer *
prepare(struct peers *peers, const char *host)
{
	uint8_t replica;

	(void)peerspick_choose(peers, host, &replica);
	return prepare_replica(peers, host, replica);
}

/* Give the session of peer, which may be NULL, or wait for it. */
static struct peers_wait *
get(struct peer *peer, peers_done *done, void *arg)
{
	if (peer == NULL) {
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	if (peer->tether != NULL && tether_is_live(peer->tether)) {
		done(tether_session(peer->tether), CODE_OK, "", arg);
		return NULL;
	}
	return enqueue(peer, false, done, arg);
}

struct peers_wait *
peers_get(struct peers *peers, const char *host, peers_done *done, void *arg)
{
	return get(prepare(peers, host), done, arg);
}

struct peers_wait *
peers_get_replica(struct peers *peers, const char *host, uint8_t replica,
    peers_done *done, void *arg)
{
	struct peers_wait *wait =
	    get(prepare_replica(peers, host, replica), done, arg);

	if (wait != NULL) {
		/* No other one will do. */
		wait->moves = LIMITS_REPLICAS_MAX;
	}
	return wait;
}

struct peers_wait *
peers_ping(struct peers *peers, const char *host, peers_done *done, void *arg)
{
	struct peer *peer = prepare(peers, host);
	struct peers_wait *wait;

	if (peer == NULL) {
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	wait = enqueue(peer, true, done, arg);
	if (wait != NULL && peer->tether != NULL &&
	    tether_is_live(peer->tether)) {
		ping(peer);
	}
	return wait;
}

/* --- what the gateway hears ------------------------------------------ */

void
peers_attached(
    struct peers *peers, uint32_t channel, const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&peers->all);

	for (; node != NULL; node = list_after(&peers->all, node)) {
		struct peer *peer = list_entry(node, struct peer, all);

		if ((peer->tether != NULL &&
			tether_attached(peer->tether, channel, payload, len)) ||
		    peersaged_attached(peer, channel, payload, len)) {
			return;
		}
	}
}

/*
 * Return the next peer of a walk through all, which may be changed meanwhile;
 * NULL when it came by all of them.
 */
static struct peer *
walk(struct peers *peers)
{
	struct list *node = list_first(&peers->all);
	struct peer *peer =
	    node != NULL ? list_entry(node, struct peer, all) : NULL;

	if (peer == NULL || peer->round == peers->round) {
		return NULL;
	}
	peer->round = peers->round;
	list_remove(node);
	list_push_back(&peers->all, node);
	return peer;
}

/* Let every session try again, and call whom somebody waits for. */
static void
retry_all(struct peers *peers)
{
	struct peer *peer;

	peers->round++;
	while ((peer = walk(peers)) != NULL) {
		peersaged_retry(peer);
		if (peer->tether == NULL) {
			advance(peer);
			continue;
		}
		tether_retry(peer->tether);
		if (peer->tether != NULL && tether_is_lost(peer->tether)) {
			(void)peerspick_hand_on(peer);
		}
	}
}

static void
close_all(struct peers *peers, enum code code, const char *text)
{
	struct peer *peer;

	peers->round++;
	while ((peer = walk(peers)) != NULL) {
		close_peer(peer, code, text);
	}
}

static void
restoring(struct peers *peers)
{
	peers->restoring_until =
	    loop_now(peers->config.loop) +
	    (uint64_t)(peers->config.wait_time * (double)LIMITS_SEC);
}

void
peers_forsake(struct peers *peers, const char *host, enum code code)
{
	struct peer *peer = peers_find(peers, host, 0);

	if (peer != NULL) {
		tether_close(peer->tether, code);
		peer->tether = NULL;
		peersaged_close(peer, code);
		peerswait_answer(
		    peer, PEERSWAIT_PONG, NULL, code, codes_summary(code));
		peers_drop_if_idle(peer);
	}
}

struct tether_space *
peers_space(struct peers *peers)
{
	return &peers->space;
}

void
peers_link_up(struct peers *peers)
{
	peers->linked = true;
	peers->space.next_channel = 1;
	restoring(peers);
	retry_all(peers);
}

void
peers_link_down(struct peers *peers, enum code code, const char *text)
{
	if (codes_is_lasting(code)) {
		close_all(peers, code, text);
	} else if (peers->linked) {
		restoring(peers);
	}
	peers->linked = false;
}

void
peers_hosts_changed(struct peers *peers)
{
	retry_all(peers);
}

/* --- life ------------------------------------------------------------ */

void
peers_configure(struct peers *peers, const struct peers_config *config)
{
	peers->config = *config;
	peers->space.loop = config->loop;
	peers->space.endpoint = config->endpoint;
	peers->space.hosts = config->hosts;
	peers->space.grace = config->grace;
	peers->space.streams_max = config->streams_max;
	peers->space.retain_max = config->retain_max;
	peers->space.window_max = config->window_max;
	peers->space.post = config->post;
	peers->space.post_arg = config->arg;
	peers->space.receive.max = config->receive_budget;
	peers->space.retain.max = config->retain_budget;
}

struct peers *
peers_new(const struct peers_config *config)
{
	struct peers *peers = mem_new(1, sizeof(*peers));

	if (peers != NULL) {
		peers_configure(peers, config);
		list_init(&peers->all);
	}
	return peers;
}

void
peers_close(struct peers *peers, enum code code)
{
	peers->closed = true;
	close_all(peers, code, codes_summary(code));
}

/* Forget all who wait. */
static void
forget_waits(struct peers *peers)
{
	struct peer *peer;

	peers->round++;
	while ((peer = walk(peers)) != NULL) {
		struct list *node = list_first(&peer->waits);

		for (; node != NULL; node = list_first(&peer->waits)) {
			peers_cancel(list_entry(node, struct peers_wait, all));
		}
	}
}

void
peers_free(struct peers *peers)
{
	if (peers != NULL) {
		forget_waits(peers);
		peers_close(peers, CODE_GOING_DOWN);
		mem_free(peers);
	}
}
