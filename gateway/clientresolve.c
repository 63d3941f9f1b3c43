/* SPDX-License-Identifier: ISC */
/*
 * RESOLVE and RESOLVE_PTR, what Tor added to SOCKS: which address has a name,
 * and which name an address.
 *
 * Names that lead to a host get an address that stands for them (virtuals.h);
 * those that we would look up ourselves to go there are looked up.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/buf.h"
#include "common/resolver.h"
#include "gateway/client_impl.h"
#include "gateway/socks.h"
#include "gateway/virtuals.h"

/* Answer, and end the connection. */
static void
finish(struct client *client, enum code code, const struct proxy_target *found)
{
	uint8_t answer[SOCKS_REPLY_MAX];
	size_t len = client->dialect == DIALECT_SOCKS4
			 ? socks_v4_reply_encode(code, found, answer)
			 : socks_reply_encode(code, found, answer);

	if (buf_append(client->out, answer, len) != 0) {
		client_end(client, true);
	} else {
		client_finish(client);
	}
}

static void
fail(struct client *client, enum code code, const char *text)
{
	client_log_failure(client, code, text);
	finish(client, code, NULL);
}

static void
succeed(struct client *client, const struct proxy_target *found)
{
	client_settle(client, CODE_OK);
	finish(client, CODE_OK, found);
}

/* Give the name an address that stands for it. */
static void
give(struct client *client)
{
	struct virtuals *virtuals = client_space(client)->virtuals;
	struct proxy_target found;

	memset(&found, 0, sizeof(found));
	if (virtuals != NULL &&
	    virtuals_give(virtuals, client->target.name, &found) == 0) {
		succeed(client, &found);
	} else {
		fail(client, CODE_DNS_FAILED,
		    "This gateway gives out no addresses for names of hosts "
		    "(virtual = none); let it resolve them.");
	}
}

/* Those who resolve first want IPv4, most of them; SOCKS4 has nothing else. */
static const struct addr *
choose(const struct client *client, const struct addr *addrs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_family(&addrs[i]) == AF_INET) {
			return &addrs[i];
		}
	}
	return count > 0 && client->dialect != DIALECT_SOCKS4 ? &addrs[0]
							      : NULL;
}

static void
on_addresses(enum resolver_status status, const struct addr *addrs,
    size_t count, void *arg)
{
	struct client *client = arg;
	const struct addr *addr =
	    status == RESOLVER_OK ? choose(client, addrs, count) : NULL;
	struct proxy_target found;
	uint8_t bytes[16];
	size_t len;

	client->lookup = NULL;
	if (addr == NULL) {
		fail(client,
		    status == RESOLVER_NO_MEMORY ? CODE_OVERLOADED
						 : CODE_DNS_FAILED,
		    "The name cannot be resolved.");
		return;
	}
	memset(&found, 0, sizeof(found));
	len = addr_to_bytes(addr, bytes);
	(void)proxytarget_set_address(&found, bytes, len, 0);
	succeed(client, &found);
}

static void
look_up(struct client *client)
{
	client->lookup = resolver_start(client_space(client)->resolver,
	    client->target.name, 0, on_addresses, client);
	if (client->lookup == NULL) {
		fail(client, CODE_OVERLOADED, NULL);
	}
}

static void
begin(struct client *client, enum dialect dialect)
{
	client_begin_request(client, dialect);
	client_move(client, CLIENT_REACHING);
}

void
clientresolve_name(struct client *client, enum dialect dialect)
{
	struct way way;

	begin(client, dialect);
	if (client_is_refused(client)) {
		client_deny(client);
		return;
	}
	if (client->target.kind != PROXY_TARGET_NAME) {
		succeed(client, &client->target);
		return;
	}
	way_find(&way, &client_space(client)->map, &client->target);
	switch (way.kind) {
	case WAY_NONE:
		fail(client, way.code, way.text);
		break;
	case WAY_UNKNOWN:
	case WAY_HOST:
		give(client);
		break;
	case WAY_LOOKUP:
		look_up(client);
		break;
	case WAY_DIRECT:
		/* A name is looked up before it is that. */
		fail(client, CODE_INTERNAL, NULL);
		break;
	}
}

void
clientresolve_address(struct client *client, enum dialect dialect)
{
	struct proxy_target found = client->target;

	begin(client, dialect);
	if (client_is_refused(client)) {
		client_deny(client);
		return;
	}
	if (virtuals_translate(client_space(client)->virtuals, &found) ==
	    VIRTUALS_NAME) {
		succeed(client, &found);
	} else {
		fail(client, CODE_DNS_FAILED,
		    "Only addresses of this gateway's own have a name here.");
	}
}
