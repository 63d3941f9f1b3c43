/* SPDX-License-Identifier: ISC */
#include "tests/scenario/hostile.h"

#include <stdio.h>
#include <string.h>

#include "common/blob.h"
#include "common/mem.h"
#include "protocol/linkmsg.h"
#include "tests/support/unit.h"

/* What a relay that holds nobody back gives. */
#define CREDIT (UINT64_C(1) << 40)

/* A record that waits. */
struct parcel {
	struct list node;
	struct blob *blob;
};

static enum hostile_side
other(enum hostile_side side)
{
	return side == HOSTILE_GATEWAY ? HOSTILE_AGENT : HOSTILE_GATEWAY;
}

/* --- records -------------------------------------------------------------- */

static void
drop_parcels(struct hostile_end *end, struct list *parcels)
{
	struct list *node = list_first(parcels);

	for (; node != NULL; node = list_first(parcels)) {
		struct parcel *parcel = list_entry(node, struct parcel, node);

		list_remove(node);
		end->route->relay->waiting -= blob_len(parcel->blob);
		blob_unref(parcel->blob);
		mem_free(parcel);
	}
}

/* Put a record into one of the lists of end. */
static void
put_parcel(struct hostile_end *end, struct list *parcels, const uint8_t *data,
    size_t len)
{
	struct parcel *parcel = mem_new(1, sizeof(*parcel));

	ck_assert_ptr_nonnull(parcel);
	parcel->blob = blob_new(len);
	ck_assert_ptr_nonnull(parcel->blob);
	memcpy(blob_data(parcel->blob), data, len);
	blob_set_len(parcel->blob, len);
	list_init(&parcel->node);
	list_push_back(parcels, &parcel->node);
	end->route->relay->waiting += len;
}

void
hostile_carry(struct hostile_route *route, enum hostile_side to,
    const uint8_t *data, size_t len)
{
	struct hostile_end *end = &route->ends[to];

	if (end->channel != NULL) {
		put_parcel(end, &end->parcels, data, len);
		channel_ready(end->channel);
	}
}

void
hostile_release(struct hostile_route *route, enum hostile_side to)
{
	struct hostile_end *end = &route->ends[to];
	struct list *node = list_first(&end->kept);

	for (; node != NULL; node = list_first(&end->kept)) {
		list_remove(node);
		list_push_back(&end->parcels, node);
	}
	if (end->channel != NULL) {
		channel_ready(end->channel);
	}
}

/* Ask the test about a frame. */
static enum hostile_verdict
judge(struct hostile *relay, struct hostile_frame *frame)
{
	frame->number = relay->counts[frame->to][frame->type]++;
	relay->events++;
	return relay->judge != NULL ? relay->judge(frame, relay->arg)
				    : HOSTILE_PASS;
}

/* --- channels ------------------------------------------------------------- */

void
hostile_detach(
    struct hostile_route *route, enum hostile_side to, enum code code)
{
	struct hostile_end *end = &route->ends[to];
	struct channel *channel = end->channel;

	end->channel = NULL;
	drop_parcels(end, &end->parcels);
	drop_parcels(end, &end->kept);
	if (channel != NULL) {
		channel_detach(channel, code, codes_summary(code));
	}
}

static struct blob *
on_pull(void *arg)
{
	struct hostile_end *end = arg;
	struct list *node = list_first(&end->parcels);
	struct parcel *parcel;
	struct blob *blob;

	if (node == NULL) {
		if (end->ending) {
			hostile_detach(end->route, end->side, end->code);
		}
		return NULL;
	}
	parcel = list_entry(node, struct parcel, node);
	list_remove(node);
	blob = parcel->blob;
	end->route->relay->waiting -= blob_len(blob);
	mem_free(parcel);
	return blob;
}

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	static uint8_t copy[LIMITS_FRAME_BODY_MAX];
	struct hostile_end *from = arg;
	struct hostile_route *route = from->route;
	struct hostile_end *to = &route->ends[other(from->side)];
	struct hostile_frame frame = {
		.type = FRAME_CARRY,
		.route = route,
		.to = to->side,
		.data = copy,
		.len = len,
	};
	enum hostile_verdict verdict;

	memcpy(copy, body, len);
	verdict = judge(route->relay, &frame);
	if (to->channel == NULL) {
		return;
	}
	if (verdict == HOSTILE_SWAP || verdict == HOSTILE_KEEP) {
		put_parcel(to, &to->kept, copy, frame.len);
		return;
	}
	if (verdict != HOSTILE_DROP) {
		hostile_carry(route, to->side, copy, frame.len);
	}
	if (verdict == HOSTILE_TWICE) {
		hostile_carry(route, to->side, copy, frame.len);
	}
	if (verdict == HOSTILE_PASS) {
		hostile_release(route, to->side);
	}
}

static bool
is_linked(const struct hostile_port *port)
{
	return port->link != NULL && link_is_up(port->link);
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct hostile_end *from = arg;
	struct hostile_route *route = from->route;
	struct hostile_end *to = &route->ends[other(from->side)];
	struct hostile_frame frame = {
		.type = FRAME_DETACH,
		.route = route,
		.to = to->side,
		.code = code,
	};

	(void)text;
	if (!is_linked(
		&route->relay->ports[from->side][route->peers[from->side]])) {
		frame.code = from->side == HOSTILE_AGENT ? CODE_HOST_OFFLINE
							 : CODE_LINK_LOST;
	}
	from->channel = NULL;
	drop_parcels(from, &from->parcels);
	drop_parcels(from, &from->kept);
	if (judge(route->relay, &frame) != HOSTILE_DROP &&
	    to->channel != NULL) {
		to->ending = true;
		to->code = frame.code;
		channel_ready(to->channel);
	}
}

static const struct channel_ops end_ops = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

static void
open_end(struct hostile_end *end, struct link *link, uint32_t number)
{
	const struct hostile *relay = end->route->relay;

	end->number = number;
	end->channel = channel_new(link, number, NULL, &end_ops, end);
	if (end->channel != NULL && !relay->no_credit) {
		channel_credit(end->channel, relay->credit);
	}
}

static struct hostile_route *
add_route(struct hostile *relay, int gateway, int agent)
{
	struct hostile_route *route = mem_new(1, sizeof(*route));

	ck_assert_ptr_nonnull(route);
	route->relay = relay;
	route->peers[HOSTILE_GATEWAY] = gateway;
	route->peers[HOSTILE_AGENT] = agent;
	for (int i = 0; i < HOSTILE_SIDES; i++) {
		route->ends[i].route = route;
		route->ends[i].side = (enum hostile_side)i;
		list_init(&route->ends[i].parcels);
		list_init(&route->ends[i].kept);
	}
	list_init(&route->node);
	list_push_back(&relay->routes, &route->node);
	return route;
}

struct hostile_route *
hostile_last(struct hostile *relay)
{
	struct hostile_route *last = NULL;

	for (struct list *node = list_first(&relay->routes); node != NULL;
	     node = list_after(&relay->routes, node)) {
		struct hostile_route *route =
		    list_entry(node, struct hostile_route, node);

		if (route->ends[HOSTILE_GATEWAY].channel != NULL &&
		    route->ends[HOSTILE_AGENT].channel != NULL) {
			last = route;
		}
	}
	return last;
}

void
hostile_say(struct hostile_route *route, enum hostile_side to,
    enum frame_type type, const uint8_t *payload, size_t len)
{
	struct link *link = route->relay->ports[to][route->peers[to]].link;

	if (link != NULL) {
		(void)link_send(
		    link, type, route->ends[to].number, payload, len);
	}
}

struct hostile_route *
hostile_attach(
    struct hostile *relay, int agent, const uint8_t *payload, size_t len)
{
	struct hostile_port *port = &relay->ports[HOSTILE_AGENT][agent];
	struct hostile_route *route = add_route(relay, 0, agent);

	open_end(&route->ends[HOSTILE_AGENT], port->link, port->next_channel++);
	hostile_say(route, HOSTILE_AGENT, FRAME_ATTACH, payload, len);
	return route;
}

/* --- frames --------------------------------------------------------------- */

static int
find_agent(const struct hostile *relay, const char *host)
{
	for (int i = 0; i < HOSTILE_MAX; i++) {
		const struct hostile_port *port =
		    &relay->ports[HOSTILE_AGENT][i];

		if (is_linked(port) && strcmp(port->name, host) == 0) {
			return i;
		}
	}
	return -1;
}

/* A gateway wants a channel: number it anew, and name the device. */
static void
on_attach(struct hostile_port *port, uint32_t channel, const uint8_t *payload,
    size_t len)
{
	static uint8_t copy[LIMITS_FRAME_BODY_MAX];
	struct hostile *relay = port->relay;
	struct linkmsg_attach attach;
	struct hostile_frame frame = {
		.type = FRAME_ATTACH,
		.to = HOSTILE_AGENT,
		.data = copy,
	};
	struct hostile_port *agent;
	int number;

	ck_assert_int_eq(
	    linkmsg_attach_decode(&attach, false, payload, len), 0);
	number = find_agent(relay, attach.host);
	frame.route = add_route(relay, port->number, number < 0 ? 0 : number);
	open_end(&frame.route->ends[HOSTILE_GATEWAY], port->link, channel);
	if (number < 0) {
		hostile_detach(frame.route, HOSTILE_GATEWAY, CODE_HOST_OFFLINE);
		return;
	}
	agent = &relay->ports[HOSTILE_AGENT][number];
	open_end(&frame.route->ends[HOSTILE_AGENT], agent->link,
	    agent->next_channel++);
	attach.has_device = true;
	memcpy(attach.device, port->name, sizeof(attach.device));
	memcpy(attach.device_key, port->key, KEYS_LEN);
	frame.len = linkmsg_attach_encode(&attach, copy, sizeof(copy));
	ck_assert_uint_gt(frame.len, 0);
	if (judge(relay, &frame) != HOSTILE_DROP) {
		hostile_say(
		    frame.route, HOSTILE_AGENT, FRAME_ATTACH, copy, frame.len);
	}
}

static struct hostile_route *
find_route(struct hostile *relay, int agent, uint32_t channel)
{
	for (struct list *node = list_first(&relay->routes); node != NULL;
	     node = list_after(&relay->routes, node)) {
		struct hostile_route *route =
		    list_entry(node, struct hostile_route, node);
		const struct hostile_end *end = &route->ends[HOSTILE_AGENT];

		if (route->peers[HOSTILE_AGENT] == agent &&
		    end->number == channel && end->channel != NULL) {
			return route;
		}
	}
	return NULL;
}

static void
on_attached(struct hostile_port *port, uint32_t channel, const uint8_t *payload,
    size_t len)
{
	static uint8_t copy[LIMITS_FRAME_BODY_MAX];
	struct hostile_frame frame = {
		.type = FRAME_ATTACHED,
		.route = find_route(port->relay, port->number, channel),
		.to = HOSTILE_GATEWAY,
		.data = copy,
		.len = len,
	};

	if (frame.route == NULL) {
		return;
	}
	memcpy(copy, payload, len);
	if (judge(port->relay, &frame) != HOSTILE_DROP &&
	    frame.route->ends[HOSTILE_GATEWAY].channel != NULL) {
		hostile_say(frame.route, HOSTILE_GATEWAY, FRAME_ATTACHED, copy,
		    frame.len);
	}
}

/* --- links ---------------------------------------------------------------- */

/* Send the list of hosts to one gateway. */
static void
tell_hosts(struct hostile_port *port)
{
	uint8_t payload[1024] = { LINKMSG_HOSTS_FIRST | LINKMSG_HOSTS_LAST };
	struct hostile *relay = port->relay;
	size_t used = 1;

	for (int i = 0; i < HOSTILE_MAX && !relay->hides_hosts; i++) {
		const struct hostile_port *agent =
		    &relay->ports[HOSTILE_AGENT][i];
		struct linkmsg_host host = { .owner = "alice" };

		if (agent->name[0] == '\0') {
			continue;
		}
		memcpy(host.name, agent->name, sizeof(host.name));
		memcpy(host.key, agent->key, KEYS_LEN);
		host.key[0] ^= relay->lies_about_keys;
		host.state = is_linked(agent) && !relay->says_offline
				 ? LINKMSG_ONLINE
				 : LINKMSG_OFFLINE;
		used =
		    linkmsg_host_append(&host, payload, sizeof(payload), used);
	}
	(void)link_send(port->link, FRAME_HOSTS, 0, payload, used);
}

void
hostile_tell_hosts(struct hostile *relay)
{
	for (int i = 0; i < HOSTILE_MAX; i++) {
		struct hostile_port *port = &relay->ports[HOSTILE_GATEWAY][i];

		if (is_linked(port)) {
			tell_hosts(port);
		}
	}
}

static void
on_login(struct link *link, const struct linkhello_login *login,
    const uint8_t key[32], void *arg)
{
	struct linkmsg_result result = { .code = CODE_OK, .incarnation = 1 };
	struct hostile_port *port = arg;

	(void)key;
	port->relay->events++;
	(void)snprintf(result.user, sizeof(result.user), "%s", login->user);
	(void)snprintf(result.name, sizeof(result.name), "%s", login->device);
	link_admit(link, &result);
	if (port->link == NULL || !link_is_up(link)) {
		return;
	}
	if (port->side == HOSTILE_GATEWAY) {
		tell_hosts(port);
	} else {
		hostile_tell_hosts(port->relay);
	}
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct hostile_port *port = arg;

	(void)link;
	if (type == FRAME_ATTACH) {
		on_attach(port, channel, payload, len);
	} else if (type == FRAME_ATTACHED) {
		on_attached(port, channel, payload, len);
	}
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	struct hostile_port *port = arg;

	(void)code;
	(void)text;
	(void)retry_after;
	port->relay->events++;
	if (port->link == link) {
		port->link = NULL;
		if (port->side == HOSTILE_AGENT) {
			hostile_tell_hosts(port->relay);
		}
	}
}

static const struct link_ops port_ops = {
	.login = on_login,
	.frame = on_frame,
	.down = on_down,
};

int
hostile_accept(
    struct hostile *relay, enum hostile_side side, int number, int fd)
{
	struct hostile_port *port = &relay->ports[side][number];
	const struct link_relay_config config = {
		.public_key = relay->public_key,
		.secret_key = relay->secret_key,
	};
	struct link *old = port->link;

	/* Its channels are told while the port has no link. */
	port->link = NULL;
	link_close(old, CODE_REPLACED, codes_summary(CODE_REPLACED));
	port->next_channel = 1;
	port->link = link_accept(relay->loop, fd, &config, &port_ops, port);
	return port->link != NULL ? 0 : -1;
}

void
hostile_know(struct hostile *relay, enum hostile_side side, int number,
    const char *name, const uint8_t key[KEYS_LEN])
{
	struct hostile_port *port = &relay->ports[side][number];

	(void)snprintf(port->name, sizeof(port->name), "%s", name);
	memcpy(port->key, key, KEYS_LEN);
}

void
hostile_init(struct hostile *relay, struct loop *loop)
{
	memset(relay, 0, sizeof(*relay));
	relay->loop = loop;
	relay->credit = CREDIT;
	keys_generate(relay->secret_key, relay->public_key);
	list_init(&relay->routes);
	for (int side = 0; side < HOSTILE_SIDES; side++) {
		for (int i = 0; i < HOSTILE_MAX; i++) {
			relay->ports[side][i].relay = relay;
			relay->ports[side][i].side = (enum hostile_side)side;
			relay->ports[side][i].number = i;
		}
	}
}

void
hostile_end(struct hostile *relay)
{
	struct list *node;

	relay->judge = NULL;
	for (int i = 0; i < HOSTILE_SIDES * HOSTILE_MAX; i++) {
		struct hostile_port *port =
		    &relay->ports[i / HOSTILE_MAX][i % HOSTILE_MAX];
		struct link *link = port->link;

		port->link = NULL;
		link_close(link, CODE_CANCELLED, "the test is over");
	}
	for (node = list_first(&relay->routes); node != NULL;
	     node = list_first(&relay->routes)) {
		struct hostile_route *route =
		    list_entry(node, struct hostile_route, node);

		list_remove(node);
		for (int i = 0; i < HOSTILE_SIDES; i++) {
			drop_parcels(&route->ends[i], &route->ends[i].parcels);
			drop_parcels(&route->ends[i], &route->ends[i].kept);
		}
		mem_free(route);
	}
}
