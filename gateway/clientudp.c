/* SPDX-License-Identifier: ISC */
/*
 * UDP ASSOCIATE (RFC 1928 section 7): a socket for the datagrams of a client,
 * as long as its connection lives.
 *
 * The socket takes what comes from the address of the connection's other end
 * and from one port: the one that the client named, else that of the first
 * datagram.  On this machine its sender must moreover be let in by the gate,
 * or whoever sends first would get in by somebody else's connection.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/udpsock.h"
#include "gateway/client_impl.h"
#include "gateway/courier.h"
#include "gateway/socks.h"

struct clientudp {
	struct client *client;
	struct udpsock *sock;
	struct courier *courier;
	struct addr local; /* of sock */
	struct addr from;  /* the client's address; port 0: not known yet */
	bool proved;       /* a datagram came from there, and may */
};

/* --- datagrams ----------------------------------------------------------- */

/* Is from the client's?  The first one that is decides for all. */
static bool
is_clients(struct clientudp *udp, const struct addr *from)
{
	struct client *client = udp->client;
	struct addr expected = udp->from;
	struct gate_pass pass;
	char text[GATE_TEXT_LEN];

	if (addr_port(&expected) == 0) {
		addr_set_port(&expected, addr_port(from));
	}
	if (!addr_equal(&expected, from)) {
		return false;
	}
	if (udp->proved) {
		return true;
	}
	pass = gate_judge_datagram(client->pool->gate, from, &udp->local);
	if (pass.verdict != GATE_OPEN) {
		log_write(LOG_LEVEL_INFO, "client", client->id,
		    "a datagram was dropped: %s", gate_explain(&pass, text));
		return false;
	}
	udp->from = *from;
	udp->proved = true;
	return true;
}

static void
on_datagram(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct clientudp *udp = arg;
	struct client_pool *pool = udp->client->pool;
	struct proxy_target to;
	size_t used = 0;

	if (!is_clients(udp, from)) {
		pool->datagrams.strays++;
		return;
	}
	/* Fragments are dropped, which the RFC allows and everybody does. */
	if (data == NULL ||
	    socks_datagram_decode(data, len, &to, &used) != WIRE_OK) {
		pool->datagrams.lost++;
		return;
	}
	client_pool_count_bytes(pool, len - used, 0);
	courier_send(udp->courier, &to, data + used, len - used);
}

static const struct udpsock_ops socket_ops = { .datagram = on_datagram };

static void
on_reply(
    void *arg, const struct proxy_target *from, const uint8_t *data, size_t len)
{
	struct clientudp *udp = arg;
	uint8_t out[SOCKS_REPLY_MAX + UDPSOCK_MAX];
	size_t head = socks_datagram_encode(from, out);

	if (len > UDPSOCK_MAX) {
		return;
	}
	if (len > 0) {
		memcpy(out + head, data, len);
	}
	client_pool_count_bytes(udp->client->pool, 0, len);
	(void)udpsock_send(udp->sock, &udp->from, out, head + len);
}

/* SOCKS has no words for it: it goes to the log and the gateway's page. */
static void
on_failed(
    void *arg, const struct proxy_target *to, enum code code, const char *text)
{
	struct clientudp *udp = arg;

	udp->client->target = *to;
	client_log_failure(udp->client, code, text);
}

static const struct courier_ops courier_ops = {
	.reply = on_reply,
	.failed = on_failed,
};

/* --- life ---------------------------------------------------------------- */

void
clientudp_free(struct clientudp *udp)
{
	if (udp == NULL) {
		return;
	}
	udp->client->pool->associations--;
	courier_free(udp->courier);
	udpsock_close(udp->sock);
	loop_reap(udp->client->pool->loop, udp, mem_free);
}

/* Put the addresses of both ends of the client's connection to udp; 0 or -1. */
static int
set_ends(struct clientudp *udp, const struct proxy_target *named)
{
	int fd = io_fd(udp->client->io);

	udp->local.len = sizeof(udp->local.ss);
	udp->from.len = sizeof(udp->from.ss);
	if (getsockname(
		fd, (struct sockaddr *)&udp->local.ss, &udp->local.len) != 0 ||
	    getpeername(fd, (struct sockaddr *)&udp->from.ss, &udp->from.len) !=
		0 ||
	    addr_family(&udp->local) == AF_UNIX) {
		return -1;
	}
	addr_unmap(&udp->local, &udp->local);
	addr_unmap(&udp->from, &udp->from);
	addr_set_port(&udp->local, 0);
	addr_set_port(&udp->from, named->port);
	return 0;
}

/* Open the socket and what is behind it; 0 or -1. */
static int
open_both(struct clientudp *udp)
{
	struct client *client = udp->client;
	struct client_pool *pool = client->pool;

	udp->sock = udpsock_new(pool->loop, &udp->local, &socket_ops, udp);
	if (udp->sock == NULL || udpsock_address(udp->sock, &udp->local) != 0) {
		return -1;
	}
	udp->courier = courier_new(pool->loop, client_space(client),
	    &pool->datagrams, &courier_ops, udp);
	return udp->courier != NULL ? 0 : -1;
}

static struct clientudp *
new_udp(struct client *client, const struct proxy_target *named)
{
	struct clientudp *udp = NULL;

	if (client->pool->associations < CLIENT_ASSOCIATIONS_MAX) {
		udp = mem_new(1, sizeof(*udp));
	}
	if (udp == NULL) {
		return NULL;
	}
	udp->client = client;
	client->pool->associations++;
	if (set_ends(udp, named) != 0 || open_both(udp) != 0) {
		clientudp_free(udp);
		return NULL;
	}
	return udp;
}

/* Tell client where its datagrams are taken; 0 or -1. */
static int
reply(struct client *client, const struct addr *local)
{
	struct proxy_target bound;
	uint8_t bytes[16];
	uint8_t answer[SOCKS_REPLY_MAX];

	if (proxytarget_set_address(&bound, bytes, addr_to_bytes(local, bytes),
		addr_port(local)) != 0) {
		return -1;
	}
	return buf_append(
	    client->out, answer, socks_reply_encode(CODE_OK, &bound, answer));
}

void
clientudp_start(struct client *client, const struct proxy_target *named)
{
	uint8_t answer[SOCKS_REPLY_MAX];

	client_begin_request(client, DIALECT_SOCKS5);
	client_move(client, CLIENT_REACHING);
	if (client_is_refused(client)) {
		client_deny(client);
		return;
	}
	client->udp = new_udp(client, named);
	if (client->udp == NULL) {
		client_log_failure(client, CODE_OVERLOADED,
		    "There is no UDP for this client: it came in by a unix "
		    "socket, or there are too many associations.");
		if (buf_append(client->out, answer,
			socks_reply_encode(CODE_OVERLOADED, NULL, answer)) !=
		    0) {
			client_end(client, true);
		} else {
			client_finish(client);
		}
		return;
	}
	if (reply(client, &client->udp->local) != 0) {
		client_end(client, true);
		return;
	}
	client_settle(client, CODE_OK);
	client_move(client, CLIENT_ASSOCIATED);
	(void)client_flush(client);
}
