/* SPDX-License-Identifier: ISC */
#include "gateway/peers.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/call.h"
#include "gateway/hosts.h"
#include "protocol/carrier.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"
#include "protocol/seal.h"
#include "protocol/sessionhello.h"

/* How long an attach may take: three round trips of a slow mobile link. */
#define ATTACH_TIME 10.0

/* How long an answer to a ping may take. */
#define PING_TIME 5.0

enum peer_state {
	PEER_ATTACHING,
	PEER_LIVE,
	PEER_GONE,
};

/* A host that was asked for. */
struct peer {
	struct peers *peers;
	char host[NAME_HOST_MAX + 1];
	enum peer_state state;
	uint32_t channel_id;
	struct channel *channel; /* while attaching */
	struct sessionhello *hello;
	struct carrier *carrier; /* while live */
	ev_timer timer;
	struct list waits;
	struct list all; /* in peers->all */
};

struct peers_wait {
	struct peer *peer;
	peers_done *done;
	void *arg;
	bool for_pong;
	struct list all; /* in peer->waits */
};

struct peers {
	struct peers_config config;
	struct session_budget budget;
	uint32_t next_channel;
	struct list all;
};

void
peers_configure(struct peers *peers, const struct peers_config *config)
{
	peers->config = *config;
	peers->budget.max = config->receive_budget;
}

struct peers *
peers_new(const struct peers_config *config)
{
	struct peers *peers = mem_new(1, sizeof(*peers));

	if (peers != NULL) {
		peers_configure(peers, config);
		peers->next_channel = 1;
		list_init(&peers->all);
	}
	return peers;
}

/* --- who waits ------------------------------------------------------- */

void
peers_cancel(struct peers_wait *wait)
{
	if (wait != NULL) {
		list_remove(&wait->all);
		mem_free(wait);
	}
}

static struct peers_wait *
wait_new(struct peer *peer, bool for_pong, peers_done *done, void *arg)
{
	struct peers_wait *wait = mem_new(1, sizeof(*wait));

	if (wait != NULL) {
		wait->peer = peer;
		wait->done = done;
		wait->arg = arg;
		wait->for_pong = for_pong;
		list_init(&wait->all);
		list_push_back(&peer->waits, &wait->all);
	}
	return wait;
}

/*
 * Answer everybody who waits, or, with pongs false, only those who wait for
 * the session itself.
 */
static void
answer(struct peer *peer, struct session *session, enum code code,
    const char *text, bool pongs)
{
	struct list now;
	struct list *node = list_first(&peer->waits);
	struct list *next;

	list_init(&now);
	for (; node != NULL; node = next) {
		next = list_after(&peer->waits, node);
		if (pongs ||
		    !list_entry(node, struct peers_wait, all)->for_pong) {
			list_remove(node);
			list_push_back(&now, node);
		}
	}
	for (node = list_first(&now); node != NULL; node = list_first(&now)) {
		struct peers_wait *wait =
		    list_entry(node, struct peers_wait, all);
		peers_done *done = wait->done;
		void *arg = wait->arg;

		peers_cancel(wait);
		done(session, code, text, arg);
	}
}

/* --- the end of a peer ----------------------------------------------- */

static void
destroy(void *object)
{
	mem_free(object);
}

/* The one teardown; who waits is told code and text. */
static void
end(struct peer *peer, enum code code, const char *text)
{
	struct loop *loop = peer->peers->config.loop;

	if (peer->state == PEER_GONE) {
		return;
	}
	peer->state = PEER_GONE;
	ev_timer_stop(loop_ev(loop), &peer->timer);
	channel_free(peer->channel);
	peer->channel = NULL;
	sessionhello_free(peer->hello);
	peer->hello = NULL;
	carrier_close(peer->carrier, code);
	peer->carrier = NULL;
	list_remove(&peer->all);
	answer(peer, NULL, code, text, true);
	loop_reap(loop, peer, destroy);
}

/* End an attach that the other side takes for a good one: tell it. */
static void
give_up(struct peer *peer, enum code code, const char *text)
{
	if (peer->channel != NULL) {
		channel_detach(peer->channel, code, text);
		peer->channel = NULL;
	}
	end(peer, code, text);
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct peer *peer = timer->data;
	char text[LIMITS_TEXT_LEN];

	(void)ev;
	(void)revents;
	(void)snprintf(
	    text, sizeof(text), "\"%s\" does not answer.", peer->host);
	if (peer->state == PEER_LIVE) {
		answer(peer, NULL, CODE_SERVICE_TIMEOUT, text, true);
		return;
	}
	give_up(peer, CODE_HOST_OFFLINE, text);
}

/* --- attaching ------------------------------------------------------- */

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct peer *peer = arg;

	peer->channel = NULL;
	log_write(LOG_LEVEL_INFO, "session", 0, "%s: refused: %s: %s",
	    peer->host, codes_slug(code), text);
	end(peer, code == CODE_OK ? CODE_HOST_OFFLINE : code,
	    text[0] != '\0' ? text : codes_summary(code));
}

static const struct channel_ops attaching_ops = {
	.detached = on_detached,
};

/* Send ATTACH for peer; CODE_OK, or why not. */
static enum code
attach(struct peer *peer, struct link *link, const struct host *host)
{
	struct peers *peers = peer->peers;
	uint8_t payload[CALL_MAX];
	size_t len;

	peer->hello = call_begin(peers->config.endpoint, host, payload, &len);
	if (peer->hello == NULL) {
		return CODE_OVERLOADED;
	}
	peer->channel_id = peers->next_channel++;
	peer->channel =
	    channel_new(link, peer->channel_id, NULL, &attaching_ops, peer);
	if (peer->channel == NULL) {
		return CODE_OVERLOADED;
	}
	return link_send(link, FRAME_ATTACH, peer->channel_id, payload, len) ==
		       0
		   ? CODE_OK
		   : CODE_LINK_LOST;
}

/* --- a live session -------------------------------------------------- */

static void
on_pong(void *arg, uint64_t rtt_ns)
{
	struct peer *peer = arg;

	(void)rtt_ns;
	if (peer->state == PEER_LIVE) {
		ev_timer_stop(loop_ev(peer->peers->config.loop), &peer->timer);
		answer(peer, carrier_session(peer->carrier), CODE_OK, "", true);
	}
}

static void
on_carrier_down(void *arg, enum code code, const char *text)
{
	struct peer *peer = arg;

	peer->carrier = NULL;
	log_write(LOG_LEVEL_INFO, "session", 0, "%s: ended: %s: %s", peer->host,
	    codes_slug(code), text);
	end(peer, code, text);
}

static const struct carrier_ops live_ops = {
	.pong = on_pong,
	.down = on_carrier_down,
};

/* Message 2 is good: the session begins. */
static void
begin(struct peer *peer)
{
	struct peers *peers = peer->peers;
	struct seal seals[4];
	struct session_config config = {
		.role = SESSION_OPENER,
		.tx = &seals[0],
		.rx = &seals[1],
		.retain_max = peers->config.retain_max,
		.window_max = peers->config.window_max,
		.streams_max = peers->config.streams_max,
		.receive = &peers->budget,
	};

	if (sessionhello_keys(
		peer->hello, &seals[0], &seals[1], &seals[2], &seals[3]) == 0) {
		peer->carrier = carrier_new(peers->config.loop, peer->channel,
		    &config, NULL, &live_ops, peer);
	}
	mem_wipe(seals, sizeof(seals));
	if (peer->carrier == NULL) {
		give_up(peer, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED));
		return;
	}
	peer->channel = NULL;
	sessionhello_free(peer->hello);
	peer->hello = NULL;
	ev_timer_stop(loop_ev(peers->config.loop), &peer->timer);
	peer->state = PEER_LIVE;
	if (hosts_pin(peers->config.hosts, peer->host)) {
		peers->config.pinned(peers->config.arg);
	}
	log_write(LOG_LEVEL_INFO, "session", 0, "%s: begun", peer->host);
	if (!list_empty(&peer->waits)) {
		/* Some wait for the PONG of the session's first PING. */
		ev_timer_set(&peer->timer, PING_TIME, 0.);
		ev_timer_start(loop_ev(peers->config.loop), &peer->timer);
	}
	answer(peer, carrier_session(peer->carrier), CODE_OK, "", false);
}

static struct peer *
find(const struct peers *peers, const char *host)
{
	struct list *node = list_first(&peers->all);

	for (; node != NULL; node = list_after(&peers->all, node)) {
		struct peer *peer = list_entry(node, struct peer, all);

		if (strcmp(peer->host, host) == 0) {
			return peer;
		}
	}
	return NULL;
}

void
peers_attached(
    struct peers *peers, uint32_t channel, const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&peers->all);
	struct sessionhello_reply reply;
	struct peer *peer = NULL;
	enum code code;

	for (; node != NULL; node = list_after(&peers->all, node)) {
		peer = list_entry(node, struct peer, all);
		if (peer->channel_id == channel) {
			break;
		}
	}
	if (node == NULL || peer->state != PEER_ATTACHING) {
		return;
	}
	if (sessionhello_read_reply(peer->hello, payload, len, &reply) !=
	    SESSIONHELLO_OK) {
		give_up(peer, CODE_HOST_KEY_CHANGED,
		    "The host could not prove its key.");
		return;
	}
	code = codes_from_number(reply.status);
	if (code != CODE_OK) {
		give_up(peer, code, codes_summary(code));
		return;
	}
	begin(peer);
}

/* --- asking ---------------------------------------------------------- */

/* Return a peer that attaches, or NULL after calling done. */
static struct peer *
peer_new(struct peers *peers, const struct host *host, struct link *link,
    peers_done *done, void *arg)
{
	struct peer *peer = mem_new(1, sizeof(*peer));
	enum code code;

	if (peer == NULL) {
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	peer->peers = peers;
	peer->state = PEER_ATTACHING;
	(void)snprintf(peer->host, sizeof(peer->host), "%s", host->name);
	ev_timer_init(&peer->timer, on_timer, ATTACH_TIME, 0.);
	peer->timer.data = peer;
	list_init(&peer->waits);
	list_init(&peer->all);
	list_push_back(&peers->all, &peer->all);
	code = attach(peer, link, host);
	if (code != CODE_OK) {
		end(peer, code, codes_summary(code));
		done(NULL, code, codes_summary(code), arg);
		return NULL;
	}
	ev_timer_start(loop_ev(peers->config.loop), &peer->timer);
	return peer;
}

/* Say since when host is offline, and what to do. */
static void
describe_offline(const struct host *host, char text[LIMITS_TEXT_LEN])
{
	time_t now = time(NULL);
	uint64_t gone = (uint64_t)now - host->last_contact;
	const char *unit = "s";

	if (host->last_contact == 0 || host->last_contact > (uint64_t)now) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "\"%s\" is offline and was never seen. On it, run "
		    "\"inroad-agent --check\" and look at its log.",
		    host->name);
		return;
	}
	if (gone >= 2 * 86400) {
		gone /= 86400;
		unit = "days";
	} else if (gone >= 2 * 3600) {
		gone /= 3600;
		unit = "h";
	} else if (gone >= 120) {
		gone /= 60;
		unit = "min";
	}
	(void)snprintf(text, LIMITS_TEXT_LEN,
	    "\"%s\" is offline, last seen %llu %s ago. On it, run "
	    "\"inroad-agent --check\" and look at its log.",
	    host->name, (unsigned long long)gone, unit);
}

/* Say why host cannot be attached to; CODE_OK when it can. */
static enum code
obstacle(const struct host *host, const struct membership *membership,
    char text[LIMITS_TEXT_LEN])
{
	if (membership->key_kind != MEMBERSHIP_KEY_ACCOUNT) {
		(void)snprintf(text, LIMITS_TEXT_LEN, "%s",
		    codes_summary(CODE_ACCOUNT_KEY));
		return CODE_ACCOUNT_KEY;
	}
	if (!host->online) {
		describe_offline(host, text);
		return CODE_HOST_OFFLINE;
	}
	if (hosts_key_changed(host)) {
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "\"%s\" has a new key (reinstalled?). \"inroad "
		    "accept-key %s\" if you expect it.",
		    host->name, host->name);
		return CODE_HOST_KEY_CHANGED;
	}
	return CODE_OK;
}

/* Return the peer of a host, new or old, or NULL after calling done. */
static struct peer *
ask(struct peers *peers, const char *name, peers_done *done, void *arg)
{
	struct endpoint *endpoint = peers->config.endpoint;
	struct link *link = endpoint_link(endpoint);
	const struct host *host = hosts_find(peers->config.hosts, name);
	struct peer *peer = find(peers, name);
	char text[LIMITS_TEXT_LEN];
	enum code code;

	if (peer != NULL) {
		return peer;
	}
	if (link == NULL) {
		done(NULL, CODE_RELAY_UNREACHABLE,
		    codes_summary(CODE_RELAY_UNREACHABLE), arg);
		return NULL;
	}
	if (host == NULL) {
		(void)snprintf(text, sizeof(text), "No host \"%s\".", name);
		done(NULL, CODE_HOST_UNKNOWN, text, arg);
		return NULL;
	}
	code = obstacle(host, endpoint_membership(endpoint), text);
	if (code != CODE_OK) {
		done(NULL, code, text, arg);
		return NULL;
	}
	return peer_new(peers, host, link, done, arg);
}

struct peers_wait *
peers_get(struct peers *peers, const char *host, peers_done *done, void *arg)
{
	struct peer *peer = ask(peers, host, done, arg);
	struct peers_wait *wait;

	if (peer == NULL) {
		return NULL;
	}
	if (peer->state == PEER_LIVE) {
		done(carrier_session(peer->carrier), CODE_OK, "", arg);
		return NULL;
	}
	wait = wait_new(peer, false, done, arg);
	if (wait == NULL) {
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
	}
	return wait;
}

struct peers_wait *
peers_ping(struct peers *peers, const char *host, peers_done *done, void *arg)
{
	struct peer *peer = ask(peers, host, done, arg);
	struct ev_loop *ev = loop_ev(peers->config.loop);
	struct peers_wait *wait;

	if (peer == NULL) {
		return NULL;
	}
	wait = wait_new(peer, true, done, arg);
	if (wait == NULL) {
		done(
		    NULL, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), arg);
		return NULL;
	}
	if (peer->state == PEER_LIVE) {
		session_ping(carrier_session(peer->carrier),
		    loop_now(peers->config.loop));
		ev_timer_stop(ev, &peer->timer);
		ev_timer_set(&peer->timer, PING_TIME, 0.);
		ev_timer_start(ev, &peer->timer);
	}
	/* A session that begins pings by itself. */
	return wait;
}

void
peers_link_up(struct peers *peers)
{
	peers->next_channel = 1;
}

void
peers_link_down(struct peers *peers, enum code code, const char *text)
{
	struct list *node = list_first(&peers->all);

	for (; node != NULL; node = list_first(&peers->all)) {
		end(list_entry(node, struct peer, all), code, text);
	}
}

void
peers_close(struct peers *peers, enum code code)
{
	peers_link_down(peers, code, codes_summary(code));
}

void
peers_free(struct peers *peers)
{
	if (peers != NULL) {
		peers_close(peers, CODE_GOING_DOWN);
		mem_free(peers);
	}
}

struct session *
peers_live(const struct peers *peers, const char *host)
{
	struct peer *peer = find(peers, host);

	return peer != NULL && peer->state == PEER_LIVE
		   ? carrier_session(peer->carrier)
		   : NULL;
}

uint32_t
peers_streams(const struct peers *peers)
{
	struct list *node = list_first(&peers->all);
	uint32_t total = 0;

	for (; node != NULL; node = list_after(&peers->all, node)) {
		struct peer *peer = list_entry(node, struct peer, all);
		struct session_stats stats;

		if (peer->state == PEER_LIVE) {
			session_get_stats(
			    carrier_session(peer->carrier), &stats);
			total += stats.streams;
		}
	}
	return total;
}
