/* SPDX-License-Identifier: ISC */
#include "gateway/client.h"

#include <unistd.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/resolver.h"
#include "gateway/client_impl.h"
#include "gateway/detect.h"
#include "gateway/errorpage.h"
#include "gateway/exchange.h"
#include "protocol/bridge.h"
#include "protocol/conduit.h"

/* --- the pool -------------------------------------------------------- */

void
client_pool_init(struct client_pool *pool, struct loop *loop,
    const struct reach_space *space, uint32_t max)
{
	*pool = (struct client_pool){
		.loop = loop,
		.space = space,
		.outside = space,
		.max = max,
	};
	list_init(&pool->clients);
}

void
client_pool_close_idle(struct client_pool *pool)
{
	struct list *node = list_first(&pool->clients);
	struct list *next;

	for (; node != NULL; node = next) {
		struct client *client = list_entry(node, struct client, all);

		next = list_after(&pool->clients, node);
		/* Of datagrams nobody knows which is the last. */
		if (client->state < CLIENT_CHECKING ||
		    client->state == CLIENT_ASSOCIATED) {
			client_end(client, false);
		}
	}
}

void
client_pool_close(struct client_pool *pool)
{
	struct list *node = list_first(&pool->clients);

	for (; node != NULL; node = list_first(&pool->clients)) {
		client_end(list_entry(node, struct client, all), true);
	}
}

bool
client_is_refused(const struct client *client)
{
	return client->pass.verdict != GATE_OPEN;
}

const struct reach_space *
client_space(const struct client *client)
{
	return client->pass.outside ? client->pool->outside
				    : client->pool->space;
}

/* --- the end --------------------------------------------------------- */

static void
destroy(void *object)
{
	struct client *client = object;

	buf_free(client->in);
	buf_free(client->out);
	mem_free(client->head);
	mem_free(client);
}

/* The one teardown. */
void
client_end(struct client *client, bool reset)
{
	struct conduit *conduit = client->conduit;

	if (client->state == CLIENT_GONE) {
		return;
	}
	client->state = CLIENT_GONE;
	client_settle(client, CODE_CANCELLED);
	auth_cancel(client->check);
	client->check = NULL;
	reach_cancel(client->reach);
	client->reach = NULL;
	resolver_cancel(client->lookup);
	client->lookup = NULL;
	client->conduit = NULL;
	if (conduit != NULL) {
		conduit_reset(conduit, CODE_CANCELLED, 0);
	}
	exchange_free(client->exchange);
	client->exchange = NULL;
	bridge_abort(client->bridge, CODE_CANCELLED);
	client->bridge = NULL;
	clientudp_free(client->udp);
	client->udp = NULL;
	if (reset) {
		io_reset(client->io);
	} else {
		io_close(client->io);
	}
	client->io = NULL;
	list_remove(&client->all);
	client->pool->count--;
	client->pool->refused -= client_is_refused(client);
	client->pool->outsiders -= client->pass.outside;
	client->pool->pages -= client->has_page;
	loop_reap(client->pool->loop, client, destroy);
	if (client->pool->ended != NULL) {
		client->pool->ended(client->pool->arg);
	}
}

/* --- reading and writing --------------------------------------------- */

void
client_move(struct client *client, enum client_state state)
{
	static const double times[] = {
		[CLIENT_FIRST] = CLIENT_FIRST_TIME,
		[CLIENT_SOCKS5_GREETING] = CLIENT_REQUEST_TIME,
		[CLIENT_SOCKS5_PASSWORD] = CLIENT_REQUEST_TIME,
		[CLIENT_SOCKS5_REQUEST] = CLIENT_REQUEST_TIME,
		[CLIENT_SOCKS4] = CLIENT_REQUEST_TIME,
		[CLIENT_HTTP] = CLIENT_REQUEST_TIME,
		[CLIENT_CLOSING] = CLIENT_CLOSING_TIME,
		[CLIENT_GONE] = 0,
	};

	client->state = state;
	io_set_timeout(client->io,
	    client_is_refused(client) ? CLIENT_REFUSED_TIME : times[state]);
}

bool
client_flush(struct client *client)
{
	ssize_t left = io_drain(client->io, client->out);

	if (left == IO_FAIL) {
		client_end(client, true);
		return false;
	}
	return true;
}

/* Say what is wanted by what is left to do. */
static void
want(struct client *client)
{
	bool reading = client->state <= CLIENT_REACHING &&
		       client->state != CLIENT_CHECKING &&
		       client_can_read_ahead(client);

	io_want(client->io,
	    reading || client->state == CLIENT_CLOSING ||
		client->state == CLIENT_ASSOCIATED,
	    buf_len(client->out) > 0);
}

void
client_finish(struct client *client)
{
	if (client->state == CLIENT_GONE || !client_flush(client)) {
		return;
	}
	client_move(client, CLIENT_CLOSING);
	if (buf_len(client->out) == 0) {
		/*
		 * Closing with unread bytes would reset the connection and
		 * might take the reply with it: shut down, and read on until
		 * the client has seen it.
		 */
		(void)io_shutdown(client->io);
	}
	want(client);
}

/* Decide by the first byte who speaks. */
static bool
detect(struct client *client)
{
	size_t len;
	const uint8_t *data = buf_peek(client->in, &len);

	if (len == 0) {
		return false;
	}
	switch (detect_first(data[0])) {
	case DETECT_SOCKS5:
		client_move(client, CLIENT_SOCKS5_GREETING);
		return true;
	case DETECT_SOCKS4:
		client_move(client, CLIENT_SOCKS4);
		return true;
	case DETECT_HTTP:
		client_move(client, CLIENT_HTTP);
		return true;
	case DETECT_NONE:
		break;
	}
	log_write(LOG_LEVEL_INFO, "client", client->id,
	    "refused: speaks neither SOCKS nor HTTP");
	client_end(client, false);
	return false;
}

/* Decode one unit; true when there may be more. */
static bool
decode(struct client *client)
{
	switch (client->state) {
	case CLIENT_FIRST:
		return detect(client);
	case CLIENT_SOCKS5_GREETING:
		return clientsocks_greeting(client);
	case CLIENT_SOCKS5_PASSWORD:
		return clientsocks_password(client);
	case CLIENT_SOCKS5_REQUEST:
		return clientsocks_request(client);
	case CLIENT_SOCKS4:
		return clientsocks_v4(client);
	case CLIENT_HTTP:
		return clienthttp_request(client);
	case CLIENT_CHECKING:
	case CLIENT_REACHING:
	case CLIENT_ASSOCIATED:
	case CLIENT_EXCHANGE:
	case CLIENT_BRIDGED:
	case CLIENT_CLOSING:
	case CLIENT_GONE:
		break;
	}
	return false;
}

static void
on_readable(struct client *client)
{
	uint8_t rest[512];
	ssize_t n;

	/* An association lives as long as the connection, and hears nothing. */
	if (client->state == CLIENT_CLOSING ||
	    client->state == CLIENT_ASSOCIATED) {
		n = io_read(client->io, rest, sizeof(rest));
		if (n == 0 || n == IO_FAIL) {
			client_end(client, false);
		}
		return;
	}
	if (client->state == CLIENT_REACHING) {
		client_read_ahead(client);
		return;
	}
	n = io_fill(client->io, client->in);
	if (n == 0 || n == IO_FAIL) {
		client_end(client, n != 0);
		return;
	}
	while (decode(client)) {
	}
}

static void
on_timeout(struct client *client)
{
	if (client->state == CLIENT_REACHING) {
		client_look(client);
		return;
	}
	if (client->state == CLIENT_HTTP && buf_len(client->in) > 0) {
		clienthttp_time_out(client);
	} else {
		client_end(client, false);
	}
}

static void
on_io(struct io *io, enum io_event event, void *arg)
{
	struct client *client = arg;

	(void)io;
	switch (event) {
	case IO_READABLE:
		on_readable(client);
		break;
	case IO_WRITABLE:
		if (client_flush(client) && client->state == CLIENT_CLOSING &&
		    buf_len(client->out) == 0) {
			(void)io_shutdown(client->io);
		}
		break;
	case IO_TIMEOUT:
		on_timeout(client);
		break;
	}
	if (client->state < CLIENT_EXCHANGE ||
	    client->state == CLIENT_CLOSING) {
		want(client);
	}
}

void
client_take_back(struct client *client)
{
	io_set_owner(client->io, on_io, client);
}

void
client_go_on(struct client *client)
{
	while (decode(client)) {
	}
	if (client->state < CLIENT_EXCHANGE ||
	    client->state == CLIENT_CLOSING) {
		want(client);
	}
}

void
client_serve_next(struct client *client)
{
	mem_free(client->head);
	client->head = NULL;
	client_take_back(client);
	/* If it had ended its half, the socket says so again. */
	client->read_ended = false;
	client_move(client, CLIENT_HTTP);
	if (buf_len(client->in) == 0) {
		io_set_timeout(client->io, CLIENT_IDLE_TIME);
	}
	client_go_on(client);
}

/* --- the beginning --------------------------------------------------- */

static struct client *
client_new(struct client_pool *pool, int fd)
{
	struct client *client = mem_new(1, sizeof(*client));

	if (client == NULL) {
		return NULL;
	}
	client->pool = pool;
	client->in = buf_new(CLIENT_IN_MAX);
	client->out = buf_new(CLIENT_OUT_MAX);
	if (client->in != NULL && client->out != NULL) {
		client->io = io_new(pool->loop, fd, on_io, client);
	}
	if (client->io == NULL) {
		destroy(client);
		return NULL;
	}
	list_init(&client->all);
	list_push_back(&pool->clients, &client->all);
	pool->count++;
	return client;
}

/* Return true if there is room for one more whom the gate let pass so. */
static bool
has_room(const struct client_pool *pool, const struct gate_pass *pass)
{
	if (pool->count >= pool->max ||
	    (pass->verdict != GATE_OPEN &&
		pool->refused >= CLIENT_REFUSED_MAX)) {
		return false;
	}
	/* Whatever comes from other machines, there is room for this one. */
	return !pass->outside || pool->outsiders < (pool->max + 1) / 2;
}

void
client_start(
    struct client_pool *pool, int fd, const struct proxy_target *forward)
{
	struct gate_pass pass = gate_judge(pool->gate, fd);
	struct client *client = NULL;

	if (has_room(pool, &pass)) {
		client = client_new(pool, fd);
	}
	if (client == NULL) {
		(void)close(fd);
		return;
	}
	client->pass = pass;
	pool->refused += client_is_refused(client);
	pool->outsiders += client->pass.outside;
	client->id = pool->served + pool->count;
	io_set_keepalive(client->io, CLIENT_KEEPALIVE_IDLE,
	    CLIENT_KEEPALIVE_INTERVAL, CLIENT_KEEPALIVE_COUNT);
	if (forward != NULL) {
		client->target = *forward;
		client_tunnel(client, DIALECT_FORWARD);
	} else {
		client_move(client, CLIENT_FIRST);
	}
	if (client->state < CLIENT_EXCHANGE) {
		want(client);
	}
}
