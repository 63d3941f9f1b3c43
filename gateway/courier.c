/* SPDX-License-Identifier: ISC */
#include "gateway/courier.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/pending.h"
#include "common/udpsock.h"
#include "gateway/proxytarget.h"
#include "gateway/reach.h"
#include "protocol/association.h"
#include "protocol/dgram.h"
#include "protocol/limits.h"
#include "protocol/stream.h"

/* How long a way counts that was found, and that there is none. */
#define PEER_GOOD_TIME (60 * LIMITS_SEC)
#define PEER_BAD_TIME (5 * LIMITS_SEC)

/* Ways of one courier that are looked for at a time. */
#define REACHES_MAX 16

enum peer_state {
	PEER_NEW,      /* nobody has looked for the way */
	PEER_REACHING, /* somebody does */
	PEER_HOST,     /* it is .address at .host */
	PEER_DIRECT,   /* it is .addrs[0] */
	PEER_BAD,      /* there is no way */
};

/* A place that the client sends to. */
struct peer {
	struct list node; /* in courier->peers, last used first */
	struct courier *courier;
	struct proxy_target said;
	enum peer_state state;
	uint64_t until; /* the way is looked for anew */
	struct reach *reach;
	struct host *host;
	struct dgram_address address;
	struct addr addrs[2]; /* the other one if the first fails */
	size_t count;
	struct pending held;
};

/* An association with a host. */
struct host {
	struct list node; /* in courier->hosts */
	struct courier *courier;
	char name[NAME_HOST_MAX + 1];
	struct stream *stream;
};

struct courier {
	struct loop *loop;
	const struct reach_space *space;
	struct courier_stats *stats;
	const struct courier_ops *ops;
	void *arg;
	struct list peers;
	size_t peer_count;
	struct list hosts;
	size_t host_count;
	size_t reaching;
	struct udpsock *inet; /* NULL until it is needed */
	struct udpsock *inet6;
	bool freed; /* memory goes at the end of the iteration */
};

/* --- peers --------------------------------------------------------------- */

static void
lose_held(struct peer *peer)
{
	peer->courier->stats->lost += pending_flush(&peer->held, 0, NULL, NULL);
}

static void
drop_peer(struct peer *peer)
{
	if (peer->state == PEER_REACHING) {
		reach_cancel(peer->reach);
		peer->courier->reaching--;
	}
	lose_held(peer);
	list_remove(&peer->node);
	peer->courier->peer_count--;
	loop_reap(peer->courier->loop, peer, mem_free);
}

static bool
same_target(const struct proxy_target *a, const struct proxy_target *b)
{
	return a->kind == b->kind && a->port == b->port &&
	       strcmp(a->name, b->name) == 0 &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static struct peer *
find_said(struct courier *courier, const struct proxy_target *said)
{
	struct list *node = list_first(&courier->peers);

	for (; node != NULL; node = list_after(&courier->peers, node)) {
		struct peer *peer = list_entry(node, struct peer, node);

		if (same_target(&peer->said, said)) {
			return peer;
		}
	}
	return NULL;
}

/* Return the peer that is address at host, or NULL. */
static struct peer *
find_at_host(const struct host *host, const struct dgram_address *address)
{
	const struct list *peers = &host->courier->peers;
	struct list *node = list_first(peers);

	for (; node != NULL; node = list_after(peers, node)) {
		struct peer *peer = list_entry(node, struct peer, node);

		if (peer->host == host &&
		    dgram_address_equal(&peer->address, address)) {
			return peer;
		}
	}
	return NULL;
}

/* Return the peer that is addr, directly, or NULL. */
static struct peer *
find_direct(struct courier *courier, const struct addr *addr)
{
	struct list *node = list_first(&courier->peers);

	for (; node != NULL; node = list_after(&courier->peers, node)) {
		struct peer *peer = list_entry(node, struct peer, node);

		if (peer->count > 0 && addr_equal(&peer->addrs[0], addr)) {
			return peer;
		}
	}
	return NULL;
}

/* Return the peer that the client calls said, as the one last used; or NULL. */
static struct peer *
get_peer(struct courier *courier, const struct proxy_target *said)
{
	struct peer *peer = find_said(courier, said);
	struct list *last = list_last(&courier->peers);

	if (peer != NULL) {
		list_remove(&peer->node);
		list_push_front(&courier->peers, &peer->node);
		return peer;
	}
	if (courier->peer_count >= COURIER_PEERS_MAX && last != NULL) {
		drop_peer(list_entry(last, struct peer, node));
	}
	peer = mem_new(1, sizeof(*peer));
	if (peer != NULL) {
		peer->courier = courier;
		peer->said = *said;
		pending_init(&peer->held);
		list_push_front(&courier->peers, &peer->node);
		courier->peer_count++;
	}
	return peer;
}

/* There is no way to peer for now. */
static void
fail_peer(struct peer *peer, enum code code, const char *text)
{
	struct courier *courier = peer->courier;

	peer->host = NULL;
	peer->count = 0;
	peer->state = PEER_BAD;
	peer->until = loop_now(courier->loop) + PEER_BAD_TIME;
	lose_held(peer);
	courier->ops->failed(courier->arg, &peer->said, code, text);
}

/* --- hosts --------------------------------------------------------------- */

static void
on_datagram(void *arg, const struct dgram_address *address, const uint8_t *data,
    size_t len)
{
	struct host *host = arg;
	struct courier *courier = host->courier;
	struct peer *peer = find_at_host(host, address);

	if (peer == NULL) {
		courier->stats->strays++;
		return;
	}
	courier->stats->received++;
	courier->ops->reply(courier->arg, &peer->said, data, len);
}

/* Let go of host, whose stream is over or reset. */
static void
drop_host(struct host *host)
{
	stream_release(host->stream);
	list_remove(&host->node);
	host->courier->host_count--;
	loop_reap(host->courier->loop, host, mem_free);
}

/*
 * The association with host is over.  With a code its targets fail; without,
 * as when the host was restarted, the next datagram opens another one.
 */
static void
lose_host(struct host *host, enum code code, const char *text)
{
	struct courier *courier = host->courier;
	struct list *node = list_first(&courier->peers);
	struct list *next;

	drop_host(host);
	for (; node != NULL && !courier->freed; node = next) {
		struct peer *peer = list_entry(node, struct peer, node);

		next = list_after(&courier->peers, node);
		if (peer->host != host) {
			continue;
		}
		peer->host = NULL;
		if (peer->state != PEER_HOST) {
			continue;
		}
		peer->state = PEER_NEW;
		if (code != CODE_OK) {
			fail_peer(peer, code, text);
		}
	}
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	if (opened->code != CODE_OK) {
		lose_host(arg, opened->code,
		    opened->text[0] != '\0' ? opened->text
					    : codes_summary(opened->code));
	}
}

static void
on_reset(void *arg, enum code code, int error)
{
	(void)code;
	(void)error;
	lose_host(arg, CODE_OK, "");
}

static const struct stream_ops host_ops = {
	.opened = on_opened,
	.datagram = on_datagram,
	.reset = on_reset,
};

/* Return the association with the host called name, or NULL. */
static struct host *
get_host(struct courier *courier, const char *name, struct session *session)
{
	static const struct stream_target any = { .protocol = STREAM_UDP };
	struct list *node = list_first(&courier->hosts);
	struct host *host;

	for (; node != NULL; node = list_after(&courier->hosts, node)) {
		host = list_entry(node, struct host, node);
		if (strcmp(host->name, name) == 0) {
			return host;
		}
	}
	if (courier->host_count >= COURIER_HOSTS_MAX) {
		return NULL;
	}
	host = mem_new(1, sizeof(*host));
	if (host == NULL) {
		return NULL;
	}
	host->courier = courier;
	(void)snprintf(host->name, sizeof(host->name), "%s", name);
	host->stream = stream_open(session, &any, false, &host_ops, host);
	if (host->stream == NULL) {
		mem_free(host);
		return NULL;
	}
	list_push_back(&courier->hosts, &host->node);
	courier->host_count++;
	return host;
}

/* --- our own sockets ----------------------------------------------------- */

static void
on_reply(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct courier *courier = arg;
	struct peer *peer = find_direct(courier, from);

	if (peer == NULL || data == NULL) {
		courier->stats->strays++;
		return;
	}
	courier->stats->received++;
	courier->ops->reply(courier->arg, &peer->said, data, len);
}

static void
on_unreachable(void *arg, const struct addr *to, int error)
{
	struct courier *courier = arg;
	struct peer *peer = find_direct(courier, to);

	(void)error;
	if (peer != NULL && peer->count > 1) {
		peer->addrs[0] = peer->addrs[1];
		peer->count = 1;
	}
}

static const struct udpsock_ops socket_ops = {
	.datagram = on_reply,
	.unreachable = on_unreachable,
};

/* Return the socket for family, or NULL when there can be none. */
static struct udpsock *
socket_of(struct courier *courier, int family)
{
	struct udpsock **sock =
	    family == AF_INET6 ? &courier->inet6 : &courier->inet;

	if (*sock == NULL) {
		*sock = udpsock_new_any(
		    courier->loop, family, &socket_ops, courier);
	}
	return *sock;
}

/* --- sending ------------------------------------------------------------- */

static void
send_direct(struct peer *peer, const uint8_t *data, size_t len)
{
	struct courier_stats *stats = peer->courier->stats;
	const struct addr *to = &peer->addrs[0];
	struct udpsock *sock = socket_of(peer->courier, addr_family(to));

	if (sock != NULL && udpsock_send(sock, to, data, len) == 0) {
		stats->sent++;
	} else {
		stats->lost++;
	}
}

/* Send to peer, whose way is known. */
static void
send_one(void *arg, const uint8_t *data, size_t len)
{
	struct peer *peer = arg;
	struct courier *courier = peer->courier;

	if (peer->state == PEER_HOST) {
		courier->stats->sent++;
		association_send(peer->host->stream, &peer->address, data, len,
		    loop_now(courier->loop));
	} else if (peer->state == PEER_DIRECT) {
		send_direct(peer, data, len);
	} else {
		courier->stats->lost++;
	}
}

/* --- the way ------------------------------------------------------------- */

/* Write target, as the host shall understand it, in the shortest form. */
static void
set_address(struct dgram_address *out, const struct stream_target *target)
{
	struct addr addr;

	memset(out, 0, sizeof(*out));
	out->port = target->port;
	if (addr_from_ip(&addr, target->name, target->port) == 0) {
		out->form = addr_to_bytes(&addr, out->bytes) == 4 ? DGRAM_INET
								  : DGRAM_INET6;
		return;
	}
	out->form = DGRAM_NAME;
	(void)snprintf(out->name, sizeof(out->name), "%s", target->name);
}

/* Set the way of peer to what was found; 0, or -1 when there is no room. */
static int
set_way(struct peer *peer, const struct reach_result *result)
{
	struct courier *courier = peer->courier;
	const struct way *way = &result->way;

	peer->host = NULL;
	peer->count = 0;
	if (result->session != NULL) {
		peer->host = get_host(courier, way->host, result->session);
		set_address(&peer->address, &way->target);
		peer->state = PEER_HOST;
		return peer->host != NULL ? 0 : -1;
	}
	while (peer->count < 2 && peer->count < way->addr_count) {
		peer->addrs[peer->count] = way->addrs[peer->count];
		peer->count++;
	}
	peer->state = PEER_DIRECT;
	return peer->count > 0 ? 0 : -1;
}

static void
on_reached(const struct reach_result *result, void *arg)
{
	struct peer *peer = arg;
	struct courier *courier = peer->courier;
	uint64_t now = loop_now(courier->loop);

	peer->reach = NULL;
	courier->reaching--;
	if (result->code != CODE_OK) {
		fail_peer(peer, result->code, result->text);
	} else if (set_way(peer, result) != 0) {
		fail_peer(peer, CODE_TOO_MANY_STREAMS,
		    codes_summary(CODE_TOO_MANY_STREAMS));
	} else {
		peer->until = now + PEER_GOOD_TIME;
		courier->stats->lost +=
		    pending_flush(&peer->held, now, send_one, peer);
	}
}

/* Look for the way to peer, which may be found within. */
static void
look(struct peer *peer)
{
	struct courier *courier = peer->courier;
	struct reach *reach;

	if (courier->reaching >= REACHES_MAX) {
		return;
	}
	courier->reaching++;
	peer->state = PEER_REACHING;
	reach = reach_start(courier->space, &peer->said, on_reached, peer);
	if (reach != NULL) {
		peer->reach = reach;
	}
}

/* --- life ---------------------------------------------------------------- */

struct courier *
courier_new(struct loop *loop, const struct reach_space *space,
    struct courier_stats *stats, const struct courier_ops *ops, void *arg)
{
	struct courier *courier = mem_new(1, sizeof(*courier));

	if (courier != NULL) {
		courier->loop = loop;
		courier->space = space;
		courier->stats = stats;
		courier->ops = ops;
		courier->arg = arg;
		list_init(&courier->peers);
		list_init(&courier->hosts);
	}
	return courier;
}

void
courier_free(struct courier *courier)
{
	struct list *node;

	if (courier == NULL) {
		return;
	}
	courier->freed = true;
	for (node = list_first(&courier->peers); node != NULL;
	     node = list_first(&courier->peers)) {
		drop_peer(list_entry(node, struct peer, node));
	}
	for (node = list_first(&courier->hosts); node != NULL;
	     node = list_first(&courier->hosts)) {
		drop_host(list_entry(node, struct host, node));
	}
	udpsock_close(courier->inet);
	udpsock_close(courier->inet6);
	loop_reap(courier->loop, courier, mem_free);
}

void
courier_send(struct courier *courier, const struct proxy_target *to,
    const uint8_t *data, size_t len)
{
	struct peer *peer = get_peer(courier, to);
	uint64_t now = loop_now(courier->loop);

	if (peer == NULL) {
		courier->stats->lost++;
		return;
	}
	if (peer->state == PEER_NEW ||
	    (peer->state != PEER_REACHING && now >= peer->until)) {
		look(peer);
	}
	if (courier->freed) {
		return;
	}
	if (peer->state != PEER_REACHING) {
		send_one(peer, data, len);
	} else if (pending_put(&peer->held, data, len, now) != 0) {
		courier->stats->lost++;
	}
}
