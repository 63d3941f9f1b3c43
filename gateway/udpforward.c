/* SPDX-License-Identifier: ISC */
#include "gateway/udpforward.h"

#include <errno.h>
#include <ev.h>
#include <string.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/udpsock.h"
#include "gateway/client.h"
#include "gateway/courier.h"
#include "gateway/gate.h"
#include "protocol/limits.h"

/* Seconds between two looks at who is quiet. */
#define LOOK_TIME 15.0

struct udpforward {
	struct client_pool *pool;
	struct udpsock *sock;
	struct addr address; /* of sock */
	struct proxy_target target;
	struct list clients; /* of struct sender, last heard of first */
	size_t count;
	struct ev_timer look;
};

/* An address that sends. */
struct sender {
	struct list node;
	struct udpforward *forward;
	struct addr addr;
	struct courier *courier;
	uint64_t used; /* when something passed last */
};

/* --- clients ------------------------------------------------------------- */

static void
drop(struct sender *sender)
{
	courier_free(sender->courier);
	list_remove(&sender->node);
	sender->forward->count--;
	loop_reap(sender->forward->pool->loop, sender, mem_free);
}

static void
drop_all(struct udpforward *forward)
{
	struct list *node = list_first(&forward->clients);

	for (; node != NULL; node = list_first(&forward->clients)) {
		drop(list_entry(node, struct sender, node));
	}
}

static void
on_reply(
    void *arg, const struct proxy_target *from, const uint8_t *data, size_t len)
{
	struct sender *sender = arg;
	struct client_pool *pool = sender->forward->pool;

	(void)from;
	sender->used = loop_now(pool->loop);
	client_pool_count_bytes(pool, 0, len);
	(void)udpsock_send(sender->forward->sock, &sender->addr, data, len);
}

static void
on_failed(
    void *arg, const struct proxy_target *to, enum code code, const char *text)
{
	struct sender *sender = arg;

	client_pool_log_failure(
	    sender->forward->pool, DIALECT_FORWARD, to, code, text);
}

static const struct courier_ops courier_ops = {
	.reply = on_reply,
	.failed = on_failed,
};

static struct sender *
find(const struct udpforward *forward, const struct addr *addr)
{
	struct list *node = list_first(&forward->clients);

	for (; node != NULL; node = list_after(&forward->clients, node)) {
		struct sender *sender = list_entry(node, struct sender, node);

		if (addr_equal(&sender->addr, addr)) {
			return sender;
		}
	}
	return NULL;
}

/* Return a new client at addr, whom pass let in; or NULL. */
static struct sender *
add(struct udpforward *forward, const struct addr *addr,
    const struct gate_pass *pass)
{
	struct client_pool *pool = forward->pool;
	struct list *last = list_last(&forward->clients);
	struct sender *sender = mem_new(1, sizeof(*sender));

	if (sender == NULL) {
		return NULL;
	}
	sender->forward = forward;
	sender->addr = *addr;
	sender->courier =
	    courier_new(pool->loop, pass->outside ? pool->outside : pool->space,
		&pool->datagrams, &courier_ops, sender);
	if (sender->courier == NULL) {
		mem_free(sender);
		return NULL;
	}
	if (forward->count >= UDPFORWARD_CLIENTS_MAX && last != NULL) {
		drop(list_entry(last, struct sender, node));
	}
	list_push_front(&forward->clients, &sender->node);
	forward->count++;
	if (!ev_is_active(&forward->look)) {
		ev_timer_again(loop_ev(pool->loop), &forward->look);
	}
	return sender;
}

/* Return the client at addr, a new one if need be and it may come in. */
static struct sender *
get(struct udpforward *forward, const struct addr *addr)
{
	struct sender *sender = find(forward, addr);
	struct gate_pass pass;
	char text[GATE_TEXT_LEN];

	if (sender != NULL) {
		list_remove(&sender->node);
		list_push_front(&forward->clients, &sender->node);
		return sender;
	}
	pass =
	    gate_judge_datagram(forward->pool->gate, addr, &forward->address);
	if (pass.verdict == GATE_OPEN) {
		return add(forward, addr, &pass);
	}
	log_write(LOG_LEVEL_INFO, "forward", 0, "a datagram was dropped: %s",
	    gate_explain(&pass, text));
	return NULL;
}

static void
on_datagram(void *arg, const struct addr *from, const uint8_t *data, size_t len)
{
	struct udpforward *forward = arg;
	struct client_pool *pool = forward->pool;
	struct sender *sender = get(forward, from);

	if (sender == NULL) {
		pool->datagrams.strays++;
		return;
	}
	if (data == NULL) {
		pool->datagrams.lost++;
		return;
	}
	sender->used = loop_now(pool->loop);
	client_pool_count_bytes(pool, len, 0);
	courier_send(sender->courier, &forward->target, data, len);
}

static const struct udpsock_ops socket_ops = { .datagram = on_datagram };

void
udpforward_look(struct udpforward *forward, uint64_t now_ns)
{
	struct list *node = list_first(&forward->clients);
	struct list *next;

	for (; node != NULL; node = next) {
		struct sender *sender = list_entry(node, struct sender, node);
		uint64_t quiet = now_ns - sender->used;

		next = list_after(&forward->clients, node);
		if ((double)quiet / (double)LIMITS_SEC >= UDPFORWARD_IDLE) {
			drop(sender);
		}
	}
	if (forward->count == 0) {
		ev_timer_stop(loop_ev(forward->pool->loop), &forward->look);
	}
}

static void
on_look(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct udpforward *forward = watcher->data;

	(void)ev;
	(void)events;
	udpforward_look(forward, loop_now(forward->pool->loop));
}

/* --- life ---------------------------------------------------------------- */

struct udpforward *
udpforward_new(struct client_pool *pool, const struct addr *listen,
    const struct proxy_target *target, struct fault *fault)
{
	struct udpforward *forward = mem_new(1, sizeof(*forward));
	char text[ADDR_TEXT_LEN];

	if (forward == NULL) {
		(void)fault_set(fault, "out of memory");
		return NULL;
	}
	forward->pool = pool;
	forward->target = *target;
	list_init(&forward->clients);
	ev_timer_init(&forward->look, on_look, 0., LOOK_TIME);
	forward->look.data = forward;
	forward->sock = udpsock_new(pool->loop, listen, &socket_ops, forward);
	if (forward->sock == NULL ||
	    udpsock_address(forward->sock, &forward->address) != 0) {
		(void)fault_set(fault, "cannot listen on udp:%s: %s",
		    addr_format(listen, text), strerror(errno));
		udpsock_close(forward->sock);
		mem_free(forward);
		return NULL;
	}
	return forward;
}

void
udpforward_set_target(
    struct udpforward *forward, const struct proxy_target *target)
{
	forward->target = *target;
}

void
udpforward_address(const struct udpforward *forward, struct addr *out)
{
	*out = forward->address;
}

size_t
udpforward_count(const struct udpforward *forward)
{
	return forward->count;
}

void
udpforward_free(struct udpforward *forward)
{
	if (forward == NULL) {
		return;
	}
	drop_all(forward);
	ev_timer_stop(loop_ev(forward->pool->loop), &forward->look);
	udpsock_close(forward->sock);
	loop_reap(forward->pool->loop, forward, mem_free);
}
