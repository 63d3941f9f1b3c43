/* SPDX-License-Identifier: ISC */
#include "tests/support/linkpair.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/blob.h"
#include "common/loop.h"
#include "common/mem.h"
#include "tests/support/await.h"
#include "tests/support/cable.h"
#include "tests/support/netpair.h"

static void
tell(struct linkpair_side *side, enum linkpair_event event)
{
	if (side->hook != NULL) {
		side->hook(side, event);
	}
}

/* --- owners of links ------------------------------------------------- */

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[32], void *arg)
{
	struct linkpair_side *side = arg;
	struct linkmsg_result result = { .code = CODE_OK, .spread = 7 };

	side->logins++;
	side->login = *login;
	memcpy(side->key, key, KEYS_LEN);
	tell(side, LINKPAIR_LOGIN);
	if (!side->silent && side->link != NULL) {
		(void)snprintf(
		    result.user, sizeof(result.user), "%s", login->user);
		(void)snprintf(
		    result.name, sizeof(result.name), "%s", login->device);
		link_admit(link, &result);
	}
	if (link_is_up(link)) {
		side->ups++;
		tell(side, LINKPAIR_UP);
	}
}

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct linkpair_side *side = arg;

	(void)link;
	side->ups++;
	side->result = *result;
	tell(side, LINKPAIR_UP);
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct linkpair_side *side = arg;

	(void)link;
	side->frames++;
	side->type = type;
	side->channel = channel;
	side->len = len;
	memcpy(side->payload, payload, len);
	tell(side, LINKPAIR_FRAME);
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct linkpair_side *side = arg;

	(void)link;
	side->link = NULL;
	side->downs++;
	side->code = code;
	(void)snprintf(side->text, sizeof(side->text), "%s", text);
	side->retry_after = retry_after;
	tell(side, LINKPAIR_DOWN);
}

static void
on_room(struct link *link, void *arg)
{
	(void)link;
	tell(arg, LINKPAIR_ROOM);
}

static const struct link_ops side_ops = {
	.login = on_login,
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
	.room = on_room,
};

/* --- pairs ----------------------------------------------------------- */

/* Make two connected sockets, through a cable if wanted; 0 or -1. */
static int
make_sockets(struct linkpair *pair, bool cable, int fds[2])
{
	int other[2];

	if (netpair_connect(AF_INET, fds) != 0) {
		return -1;
	}
	if (!cable) {
		return 0;
	}
	if (netpair_connect(AF_INET, other) != 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	/* The endpoint has fds[0], the relay the far end of the cable. */
	pair->cable = cable_new(pair->loop, fds[1], other[0]);
	fds[1] = other[1];
	if (pair->cable == NULL) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	return 0;
}

static struct link *
open_relay(struct linkpair *pair, const struct linkpair_config *config, int fd)
{
	struct link_relay_config relay = {
		.public_key = pair->relay_public,
		.secret_key = pair->relay_secret,
		.times = config->times,
	};

	return link_accept(pair->loop, fd, &relay, &side_ops, &pair->relay);
}

static struct link *
open_endpoint(
    struct linkpair *pair, const struct linkpair_config *config, int fd)
{
	struct linkhello_login login = {
		.user = "alice",
		.device = "office",
		.software = "test",
		.boot = { 1, 2, 3 },
	};
	struct link_endpoint_config endpoint = {
		.role = config->agent ? LINKHELLO_AGENT : LINKHELLO_GATEWAY,
		.relay_key = config->wrong_key ? pair->device_public
					       : pair->relay_public,
		.public_key = pair->device_public,
		.secret_key = pair->device_secret,
		.login = &login,
		.times = config->times,
	};

	return link_connect(
	    pair->loop, fd, &endpoint, &side_ops, &pair->endpoint);
}

static void
close_unless(bool taken, int fd)
{
	if (!taken) {
		(void)close(fd);
	}
}

int
linkpair_open(struct linkpair *pair, const struct linkpair_config *config)
{
	bool made = true;
	int fds[2];

	memset(pair, 0, sizeof(*pair));
	keys_generate(pair->relay_secret, pair->relay_public);
	keys_generate(pair->device_secret, pair->device_public);
	pair->relay.silent = config->silent;
	pair->shares_loop = config->loop != NULL;
	pair->loop = pair->shares_loop ? config->loop : loop_new();
	if (pair->loop == NULL || make_sockets(pair, config->cable, fds) != 0) {
		return -1;
	}
	if (config->no_endpoint) {
		pair->fd = fds[0];
	} else {
		pair->endpoint.link = open_endpoint(pair, config, fds[0]);
		made = made && pair->endpoint.link != NULL;
		close_unless(pair->endpoint.link != NULL, fds[0]);
	}
	if (config->no_relay) {
		pair->fd = fds[1];
	} else {
		pair->relay.link = open_relay(pair, config, fds[1]);
		made = made && pair->relay.link != NULL;
		close_unless(pair->relay.link != NULL, fds[1]);
	}
	return made ? 0 : -1;
}

void
linkpair_close(struct linkpair *pair)
{
	pair->relay.hook = NULL;
	pair->endpoint.hook = NULL;
	link_close(pair->relay.link, CODE_CANCELLED, "the test is over");
	link_close(pair->endpoint.link, CODE_CANCELLED, "the test is over");
	cable_free(pair->cable);
	if (!pair->shares_loop) {
		loop_free(pair->loop);
	}
}

static bool
is_settled(void *arg)
{
	struct linkpair *pair = arg;

	return (pair->relay.ups > 0 && pair->endpoint.ups > 0) ||
	       pair->relay.downs > 0 || pair->endpoint.downs > 0;
}

bool
linkpair_await_up(struct linkpair *pair)
{
	return await(pair->loop, is_settled, pair) && pair->relay.ups > 0 &&
	       pair->endpoint.ups > 0;
}

static bool
is_down(void *arg)
{
	struct linkpair *pair = arg;

	return pair->relay.link == NULL && pair->endpoint.link == NULL;
}

bool
linkpair_await_down(struct linkpair *pair)
{
	return await(pair->loop, is_down, pair);
}

bool
linkpair_await(struct linkpair *pair, bool (*done)(void *arg), void *arg)
{
	return await(pair->loop, done, arg);
}

/* --- owners of channels ---------------------------------------------- */

/* Return the next word of a pattern. */
static uint8_t
next_byte(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1;
	return (uint8_t)(*seed >> 56);
}

static struct blob *
on_pull(void *arg)
{
	struct linkpair_peer *peer = arg;
	struct blob *blob;

	tell(peer->side, LINKPAIR_PULL);
	if (peer->to_send == 0) {
		return NULL;
	}
	blob = blob_new(peer->body_len);
	if (blob == NULL) {
		peer->starved = true;
		return NULL;
	}
	/* A few bytes tell as much as all of them, and cost less. */
	memset(blob_data(blob), 0, peer->body_len);
	for (size_t i = 0; i < peer->body_len; i += 61) {
		blob_data(blob)[i] = next_byte(&peer->tx_seed);
	}
	blob_set_len(blob, peer->body_len);
	peer->to_send--;
	peer->pulled++;
	peer->sent += LIMITS_FRAME_HEAD_LEN + peer->body_len;
	return blob;
}

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	struct linkpair_peer *peer = arg;

	for (size_t i = 0; i < len; i++) {
		uint8_t expected = i % 61 == 0 ? next_byte(&peer->rx_seed) : 0;

		peer->good = peer->good && body[i] == expected;
	}
	/* Bodies may be changed in place. */
	memset(body, 0xee, len);
	peer->arrived++;
	peer->received += LIMITS_FRAME_HEAD_LEN + len;
	tell(peer->side, LINKPAIR_CARRY);
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct linkpair_peer *peer = arg;

	peer->detached++;
	peer->channel = NULL;
	peer->code = code;
	(void)snprintf(peer->text, sizeof(peer->text), "%s", text);
	tell(peer->side, LINKPAIR_DETACHED);
}

static const struct channel_ops peer_ops = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

int
linkpair_channel(struct linkpair_peer *peer, struct linkpair_side *side,
    uint32_t id, struct schedule_group *group)
{
	memset(peer, 0, sizeof(*peer));
	peer->side = side;
	peer->tx_seed = id;
	peer->rx_seed = id;
	peer->good = true;
	peer->channel = channel_new(side->link, id, group, &peer_ops, peer);
	return peer->channel != NULL ? 0 : -1;
}

void
linkpair_send(struct linkpair_peer *peer, uint64_t n, size_t len)
{
	peer->to_send = n;
	peer->body_len = len;
	channel_ready(peer->channel);
}

struct arrival {
	const struct linkpair_peer *peer;
	uint64_t n;
};

static bool
has_arrived(void *arg)
{
	struct arrival *arrival = arg;

	return arrival->peer->arrived >= arrival->n ||
	       arrival->peer->side->link == NULL;
}

bool
linkpair_await_arrived(
    struct linkpair *pair, const struct linkpair_peer *peer, uint64_t n)
{
	struct arrival arrival = { .peer = peer, .n = n };

	return await(pair->loop, has_arrived, &arrival) && peer->arrived >= n;
}
