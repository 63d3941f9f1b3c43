/* SPDX-License-Identifier: ISC */
#include "gateway/nameserver.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/resolver.h"
#include "common/udpsock.h"
#include "gateway/client.h"
#include "gateway/dnsmessage.h"
#include "gateway/gate.h"
#include "gateway/virtuals.h"
#include "gateway/way.h"

struct nameserver {
	struct client_pool *pool;
	struct udpsock *sock;
	struct addr address; /* of sock */
	struct list lookups; /* of struct lookup */
	size_t count;
};

/* Somebody who asked, and what. */
struct asker {
	struct addr from;
	struct dnsmessage_question question;
};

/* A name that is looked up, and who waits for it. */
struct lookup {
	struct list node;
	struct nameserver *server;
	struct resolver_lookup *handle;
	struct asker askers[NAMESERVER_WAITERS_MAX];
	size_t count;
};

/* --- answers ------------------------------------------------------------- */

static void
send_answer(struct nameserver *server, const struct asker *asker,
    const uint8_t *answer, size_t len)
{
	if (len > 0) {
		(void)udpsock_send(server->sock, &asker->from, answer, len);
	}
}

static void
refuse(struct nameserver *server, const struct asker *asker,
    enum dnsmessage_code code)
{
	uint8_t answer[DNSMESSAGE_MAX];

	send_answer(server, asker, answer,
	    dnsmessage_refuse(&asker->question, code, answer, sizeof(answer)));
}

static void
tell_addresses(struct nameserver *server, const struct asker *asker,
    const struct addr *addrs, size_t count)
{
	uint8_t answer[DNSMESSAGE_MAX];

	send_answer(server, asker, answer,
	    dnsmessage_addresses(&asker->question, addrs, count, NAMESERVER_TTL,
		answer, sizeof(answer)));
}

static void
tell_name(
    struct nameserver *server, const struct asker *asker, const char *name)
{
	uint8_t answer[DNSMESSAGE_MAX];

	send_answer(server, asker, answer,
	    dnsmessage_pointer(&asker->question, name, NAMESERVER_TTL, answer,
		sizeof(answer)));
}

/* --- names that are looked up -------------------------------------------- */

static bool
asks_for_addresses(const struct asker *asker)
{
	return asker->question.type == DNSMESSAGE_A ||
	       asker->question.type == DNSMESSAGE_AAAA;
}

static void
forget(struct lookup *lookup)
{
	resolver_cancel(lookup->handle);
	list_remove(&lookup->node);
	lookup->server->count--;
	mem_free(lookup);
}

static void
on_addresses(enum resolver_status status, const struct addr *addrs,
    size_t count, void *arg)
{
	struct lookup *lookup = arg;

	lookup->handle = NULL;
	for (size_t i = 0; i < lookup->count; i++) {
		const struct asker *asker = &lookup->askers[i];

		if (status == RESOLVER_OK) {
			tell_addresses(lookup->server, asker, addrs, count);
		} else {
			refuse(lookup->server, asker,
			    status == RESOLVER_NO_NAME ? DNSMESSAGE_NO_NAME
						       : DNSMESSAGE_FAILED);
		}
	}
	forget(lookup);
}

/* Return the look-up of that name that is under way, or NULL. */
static struct lookup *
find(const struct nameserver *server, const char *name)
{
	struct list *node = list_first(&server->lookups);

	for (; node != NULL; node = list_after(&server->lookups, node)) {
		struct lookup *lookup = list_entry(node, struct lookup, node);

		if (strcasecmp(lookup->askers[0].question.name, name) == 0) {
			return lookup;
		}
	}
	return NULL;
}

/* Begin to look up what asker asks for; 0 or -1. */
static int
begin(struct nameserver *server, const struct reach_space *space,
    const struct asker *asker)
{
	struct lookup *lookup = NULL;

	if (server->count < NAMESERVER_LOOKUPS_MAX) {
		lookup = mem_new(1, sizeof(*lookup));
	}
	if (lookup == NULL) {
		return -1;
	}
	lookup->server = server;
	lookup->askers[lookup->count++] = *asker;
	lookup->handle = resolver_start(
	    space->resolver, asker->question.name, 0, on_addresses, lookup);
	if (lookup->handle == NULL) {
		mem_free(lookup);
		return -1;
	}
	list_push_back(&server->lookups, &lookup->node);
	server->count++;
	return 0;
}

static void
look_up(struct nameserver *server, const struct reach_space *space,
    const struct asker *asker)
{
	struct lookup *lookup = find(server, asker->question.name);

	if (!asks_for_addresses(asker)) {
		refuse(server, asker, DNSMESSAGE_REFUSED);
	} else if (lookup == NULL) {
		if (begin(server, space, asker) != 0) {
			refuse(server, asker, DNSMESSAGE_FAILED);
		}
	} else if (lookup->count < NAMESERVER_WAITERS_MAX) {
		lookup->askers[lookup->count++] = *asker;
	}
	/* More do not wait: they ask again. */
}

/* --- questions ----------------------------------------------------------- */

/* Give the name an address that stands for it. */
static void
give(struct nameserver *server, const struct reach_space *space,
    const struct asker *asker, const char *name)
{
	struct proxy_target found;
	struct addr addr;

	if (asker->question.type != DNSMESSAGE_A) {
		/* There is the name, but nothing of that kind. */
		tell_addresses(server, asker, NULL, 0);
	} else if (space->virtuals != NULL &&
		   virtuals_give(space->virtuals, name, &found) == 0 &&
		   proxytarget_addr(&found, &addr) == 0) {
		tell_addresses(server, asker, &addr, 1);
	} else {
		refuse(server, asker, DNSMESSAGE_REFUSED);
	}
}

static void
answer_name(struct nameserver *server, const struct reach_space *space,
    const struct asker *asker, const struct proxy_target *name)
{
	struct way way;

	way_find(&way, &space->map, name);
	/*
	 * All that is no host's under our suffix ends here: whoever sends us
	 * the questions of that would be asked for it by our own resolver.
	 */
	if ((way.kind == WAY_LOOKUP || way.kind == WAY_NONE) &&
	    way_is_missing(&way, &space->map, name)) {
		refuse(server, asker, DNSMESSAGE_NO_NAME);
		return;
	}
	switch (way.kind) {
	case WAY_UNKNOWN:
	case WAY_HOST:
		give(server, space, asker, name->name);
		break;
	case WAY_LOOKUP:
		look_up(server, space, asker);
		break;
	case WAY_NONE:
	case WAY_DIRECT:
		refuse(server, asker,
		    way.code == CODE_HOST_UNKNOWN ? DNSMESSAGE_NO_NAME
						  : DNSMESSAGE_REFUSED);
		break;
	}
}

/* Answer which name addr, of the pool that stands for names, has. */
static void
answer_address(struct nameserver *server, const struct reach_space *space,
    const struct asker *asker, const struct addr *addr)
{
	struct proxy_target target;
	uint8_t bytes[16];
	size_t len = addr_to_bytes(addr, bytes);

	(void)proxytarget_set_address(&target, bytes, len, 0);
	switch (virtuals_translate(space->virtuals, &target)) {
	case VIRTUALS_NAME:
		tell_name(server, asker, target.name);
		break;
	case VIRTUALS_LOST:
		refuse(server, asker, DNSMESSAGE_NO_NAME);
		break;
	case VIRTUALS_OTHER:
		refuse(server, asker, DNSMESSAGE_REFUSED);
		break;
	}
}

static void
answer(struct nameserver *server, const struct reach_space *space,
    const struct asker *asker)
{
	const struct dnsmessage_question *question = &asker->question;
	struct proxy_target name;
	struct addr addr;

	if (question->type == DNSMESSAGE_PTR &&
	    dnsmessage_reverse(question->name, &addr) == 0) {
		answer_address(server, space, asker, &addr);
	} else if (proxytarget_set_host(
		       &name, question->name, strlen(question->name), 0) == 0 &&
		   name.kind == PROXY_TARGET_NAME) {
		answer_name(server, space, asker, &name);
	} else {
		refuse(server, asker, DNSMESSAGE_REFUSED);
	}
}

/* Return where names lead for who is at from, or NULL: it may not ask. */
static const struct reach_space *
admit(const struct nameserver *server, const struct addr *from)
{
	const struct client_pool *pool = server->pool;
	struct gate_pass pass =
	    gate_judge_datagram(pool->gate, from, &server->address);
	char text[GATE_TEXT_LEN];

	if (pass.verdict != GATE_OPEN) {
		log_write(LOG_LEVEL_INFO, "dns", 0,
		    "a question was dropped: %s", gate_explain(&pass, text));
		return NULL;
	}
	return pass.outside ? pool->outside : pool->space;
}

static void
on_datagram(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct nameserver *server = arg;
	const struct reach_space *space = admit(server, from);
	struct asker asker = { .from = *from };
	int code;

	if (space == NULL || data == NULL) {
		return;
	}
	code = dnsmessage_decode(&asker.question, data, len);
	if (code == DNSMESSAGE_GOOD) {
		answer(server, space, &asker);
	} else if (code > 0) {
		refuse(server, &asker, (enum dnsmessage_code)code);
	}
}

static const struct udpsock_ops socket_ops = { .datagram = on_datagram };

/* --- life ---------------------------------------------------------------- */

struct nameserver *
nameserver_new(
    struct client_pool *pool, const struct addr *listen, struct fault *fault)
{
	struct nameserver *server = mem_new(1, sizeof(*server));
	char text[ADDR_TEXT_LEN];

	if (server == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	server->pool = pool;
	list_init(&server->lookups);
	server->sock = udpsock_new(pool->loop, listen, &socket_ops, server);
	if (server->sock == NULL ||
	    udpsock_address(server->sock, &server->address) != 0) {
		(void)fault_set(fault, "cannot listen on dns:%s: %s",
		    addr_format(listen, text), strerror(errno));
		udpsock_close(server->sock);
		mem_free(server);
		return NULL;
	}
	return server;
}

void
nameserver_address(const struct nameserver *server, struct addr *out)
{
	*out = server->address;
}

void
nameserver_free(struct nameserver *server)
{
	struct list *node;

	if (server == NULL) {
		return;
	}
	for (node = list_first(&server->lookups); node != NULL;
	     node = list_first(&server->lookups)) {
		forget(list_entry(node, struct lookup, node));
	}
	udpsock_close(server->sock);
	loop_reap(server->pool->loop, server, mem_free);
}
