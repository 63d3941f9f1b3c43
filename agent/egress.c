/* SPDX-License-Identifier: ISC */
#include "agent/egress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/answer.h"
#include "agent/egress_impl.h"
#include "agent/grant.h"
#include "agent/policy.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/dial.h"
#include "common/io.h"
#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/resolver.h"
#include "protocol/bridge.h"
#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/name.h"
#include "protocol/stream.h"

/*
 * Addresses of one name that are tried.  Happy eyeballs needs a few of each
 * family; more only make a caller's slot last longer.
 */
#define ADDRESSES_MAX 8

struct egress *
egress_new(struct loop *loop, struct resolver *resolver)
{
	struct egress *egress = mem_new(1, sizeof(*egress));

	if (egress == NULL) {
		return NULL;
	}
	egress->loop = loop;
	egress->resolver = resolver;
	egress->space.loop = loop;
	egress->space.resolver = resolver;
	egress->dials_max = LIMITS_DIALS_MAX;
	list_init(&egress->flows);
	return egress;
}

void
egress_set_dials(struct egress *egress, uint32_t count)
{
	egress->dials_max = count;
}

void
egress_set_host(struct egress *egress, const char *host)
{
	(void)snprintf(egress->host, sizeof(egress->host), "%s", host);
}

void
egress_configure(
    struct egress *egress, struct policy *policy, struct services *services)
{
	policy_free(egress->policy);
	services_free(egress->services);
	egress->policy = policy;
	egress->services = services;
	egress->space.policy = policy;
	egress->space.services = services;
	egress->space.version++;
}

const struct services *
egress_services(const struct egress *egress)
{
	return egress->services;
}

void
egress_on_idle(struct egress *egress, void (*idle)(void *arg), void *arg)
{
	egress->idle = idle;
	egress->idle_arg = arg;
}

size_t
egress_count(const struct egress *egress)
{
	return egress->count;
}

void
egress_get_stats(const struct egress *egress, struct egress_stats *out)
{
	*out = egress->stats;
	out->waiting = egress->count - egress->stats.open;
	out->datagrams = egress->space.stats;
}

/* --- the life of a flow -------------------------------------------------- */

/* It is some other flow's turn. */
static void
leave_turn(struct flow *flow)
{
	list_remove(&flow->line);
	if (flow->under_way) {
		flow->under_way = false;
		flow->caller->under_way--;
		loop_defer(flow->egress->loop, &flow->caller->turn);
	}
}

void
egress_drop(struct flow *flow)
{
	struct egress *egress = flow->egress;

	resolver_cancel(flow->lookup);
	dial_cancel(flow->dial);
	leave_turn(flow);
	if (flow->caller != NULL) {
		flow->caller->count--;
	}
	list_remove(&flow->node);
	egress->count--;
	mem_free(flow);
	if (egress->count == 0 && egress->idle != NULL) {
		egress->idle(egress->idle_arg);
	}
}

/* Answer the OPEN of stream, which is let go of, with what opened says. */
static void
refuse(struct egress *egress, struct stream *stream,
    const struct stream_opened *opened)
{
	log_write(LOG_LEVEL_INFO, "stream", stream_number(stream),
	    "not opened: reason=%s %s", codes_slug(opened->code), opened->text);
	egress->stats.failed++;
	stream_answer(stream, opened);
}

void
egress_fail(struct flow *flow, const struct stream_opened *opened)
{
	refuse(flow->egress, flow->stream, opened);
	egress_drop(flow);
}

void
egress_fail_memory(struct flow *flow)
{
	struct stream_opened opened;

	answer_memory(&opened, flow->egress->host);
	egress_fail(flow, &opened);
}

void
egress_fail_share(struct flow *flow)
{
	struct stream_opened opened;
	char target[PLACE_TEXT_LEN];

	answer_share(
	    &opened, flow->egress->host, place_format(&flow->place, target));
	egress_fail(flow, &opened);
}

void
egress_fail_denied(struct flow *flow, const struct addr *addr)
{
	struct stream_opened opened;
	char target[PLACE_TEXT_LEN];
	char text[ADDR_TEXT_LEN];
	const char *to = place_format(&flow->place, target);

	/* A rule for the name would not help there; the address would. */
	if (addr != NULL && policy_must_name(addr)) {
		to = addr_format(addr, text);
	}
	answer_denied(&opened, flow->egress->host, to);
	egress_fail(flow, &opened);
}

/* --- bridging ------------------------------------------------------------ */

/* The bridge is over, and with it stream and socket. */
static void
on_bridge_done(const struct bridge_outcome *outcome, void *arg)
{
	struct flow *flow = arg;

	flow->bridge = NULL;
	flow->egress->stats.open--;
	log_write(LOG_LEVEL_DEBUG, "stream", flow->number,
	    "closed: reason=%s sent=%" PRIu64 " received=%" PRIu64,
	    codes_slug(outcome->code), outcome->sent, outcome->received);
	egress_drop(flow);
}

/* Join the connected socket io to flow's stream and answer its OPEN. */
static void
join(struct flow *flow, struct io *io, const struct addr *addr)
{
	struct egress *egress = flow->egress;
	struct stream *stream = flow->stream;
	struct stream_opened opened = { .code = CODE_OK };

	flow->bridge = bridge_new(egress->loop, io, stream_conduit(stream),
	    NULL, on_bridge_done, flow);
	if (flow->bridge == NULL) {
		io_reset(io);
		egress_fail_memory(flow);
		return;
	}
	flow->stream = NULL;
	egress->stats.open++;
	egress->stats.ever++;
	opened.address_len = (uint8_t)addr_to_bytes(addr, opened.address);
	opened.port = addr_port(addr);
	leave_turn(flow);
	/* Early data goes to the socket now; what that does may end flow. */
	stream_answer(stream, &opened);
}

/* The target is connected, or will not be. */
static void
on_dialled(const struct dial_result *result, void *arg)
{
	struct flow *flow = arg;
	struct stream_opened opened;
	char target[PLACE_TEXT_LEN];
	struct io *io;

	flow->dial = NULL;
	if (result->status != DIAL_OK) {
		answer_dial(&opened, flow->egress->host,
		    place_format(&flow->place, target),
		    flow->place.named ? flow->place.host : NULL, result);
		egress_fail(flow, &opened);
		return;
	}
	io = io_new(flow->egress->loop, result->fd, NULL, NULL);
	if (io == NULL) {
		(void)close(result->fd);
		egress_fail_memory(flow);
		return;
	}
	join(flow, io, &result->addr);
}

/* --- the way there ------------------------------------------------------- */

/*
 * Dial those of the count addresses at addrs that the policy allows.  They
 * are dialled unmapped, as they are judged: a NAT64 address would lead to an
 * IPv4 address behind somebody else's translator, which a rule for our own
 * network does not mean.
 */
static void
dial_allowed(struct flow *flow, const struct addr *addrs, size_t count)
{
	static const struct dial_options options = {
		.timeout = (double)LIMITS_DIAL_TIME / (double)LIMITS_SEC,
	};
	const struct egress *egress = flow->egress;
	struct addr allowed[ADDRESSES_MAX];
	size_t kept = 0;

	for (size_t i = 0; i < count && kept < ADDRESSES_MAX; i++) {
		addr_unmap(&addrs[i], &allowed[kept]);
		if (egress->policy != NULL &&
		    policy_allows(egress->policy,
			flow->place.named ? flow->place.host : NULL,
			&allowed[kept])) {
			kept++;
		}
	}
	if (kept == 0) {
		egress_fail_denied(
		    flow, flow->place.named && count > 0 ? addrs : NULL);
		return;
	}
	flow->dial =
	    dial_start(egress->loop, allowed, kept, &options, on_dialled, flow);
	if (flow->dial == NULL) {
		egress_fail_memory(flow);
	}
}

/* The name is resolved, or cannot be. */
static void
on_resolved(enum resolver_status status, const struct addr *addrs, size_t count,
    void *arg)
{
	struct flow *flow = arg;
	struct stream_opened opened;

	flow->lookup = NULL;
	if (status == RESOLVER_NO_MEMORY) {
		egress_fail_memory(flow);
	} else if (status != RESOLVER_OK || count == 0) {
		answer_dns(&opened, flow->egress->host, flow->place.host);
		egress_fail(flow, &opened);
	} else {
		dial_allowed(flow, addrs, count);
	}
}

/* Set off: it is flow's turn. */
static void
start(struct flow *flow)
{
	struct egress *egress = flow->egress;
	const struct place *place = &flow->place;

	if (!place->named) {
		dial_allowed(flow, place->addrs, place->count);
		return;
	}
	if (egress->policy == NULL ||
	    !policy_may_resolve(egress->policy, place->host, place->port)) {
		egress_fail_denied(flow, NULL);
		return;
	}
	flow->lookup = resolver_start(
	    egress->resolver, place->host, place->port, on_resolved, flow);
	if (flow->lookup == NULL) {
		egress_fail_memory(flow);
	}
}

/* Let as many flows of the caller arg set off as may be under way. */
static void
pump(void *arg)
{
	struct egress_caller *caller = arg;

	while (caller->under_way < caller->egress->dials_max &&
	       !list_empty(&caller->line)) {
		struct flow *flow =
		    list_entry(list_first(&caller->line), struct flow, line);

		list_remove(&flow->line);
		flow->under_way = true;
		caller->under_way++;
		start(flow);
	}
}

/* --- streams ------------------------------------------------------------- */

/* The stream was reset before it was connected. */
static void
on_reset(void *arg, enum code code, int error)
{
	struct flow *flow = arg;

	(void)code;
	(void)error;
	stream_release(flow->stream);
	egress_drop(flow);
}

static const struct stream_ops waiting_ops = {
	.reset = on_reset,
};

/* --- streams that come -------------------------------------------------- */

void
egress_open(struct egress_caller *caller, const char *rights,
    struct stream *stream, const struct stream_target *target)
{
	struct egress *egress = caller->egress;
	struct flow *flow = mem_new(1, sizeof(*flow));
	struct stream_opened opened;

	if (flow == NULL) {
		answer_memory(&opened, egress->host);
		refuse(egress, stream, &opened);
		return;
	}
	flow->egress = egress;
	flow->caller = caller;
	flow->stream = stream;
	flow->number = stream_number(stream);
	place_find(&flow->place, egress->services, target->name, target->port);
	list_init(&flow->line);
	list_push_back(&egress->flows, &flow->node);
	egress->count++;
	caller->count++;
	stream_set_owner(stream, &waiting_ops, flow);
	if (target->protocol == STREAM_UDP) {
		egressudp_open(flow, rights, target);
		return;
	}
	if (flow->place.port == 0) {
		answer_bad(&opened, "A port is missing.");
		egress_fail(flow, &opened);
		return;
	}
	if (!grant_allows(
		rights, egress->services, target->name, &flow->place)) {
		egress_fail_share(flow);
		return;
	}
	list_push_back(&caller->line, &flow->line);
	pump(caller);
}

/* --- callers ------------------------------------------------------------- */

struct egress_caller *
egress_caller_new(struct egress *egress)
{
	struct egress_caller *caller = mem_new(1, sizeof(*caller));

	if (caller != NULL) {
		caller->egress = egress;
		list_init(&caller->line);
		loop_task_init(&caller->turn, pump, caller);
	}
	return caller;
}

/* End what flow is doing, whatever that is. */
static void
cancel(struct flow *flow)
{
	bridge_abort(flow->bridge, CODE_GOING_DOWN);
	if (flow->bridge != NULL) {
		flow->bridge = NULL;
		flow->egress->stats.open--;
	}
	if (flow->assoc != NULL) {
		assoc_close(flow->assoc, CODE_GOING_DOWN);
		flow->assoc = NULL;
		flow->egress->stats.open--;
		flow->caller->associations--;
	}
	if (flow->stream != NULL) {
		stream_reset(flow->stream, CODE_GOING_DOWN, 0);
	}
	egress_drop(flow);
}

void
egress_caller_free(struct egress_caller *caller)
{
	struct list *flows;
	struct list *node;

	if (caller == NULL) {
		return;
	}
	flows = &caller->egress->flows;
	node = list_first(flows);
	while (node != NULL) {
		struct flow *flow = list_entry(node, struct flow, node);

		node = list_after(flows, node);
		if (flow->caller != caller) {
			continue;
		}
		if (flow->bridge == NULL) {
			cancel(flow);
		} else {
			flow->caller = NULL;
		}
	}
	loop_task_cancel(caller->egress->loop, &caller->turn);
	mem_free(caller);
}

size_t
egress_caller_count(const struct egress_caller *caller)
{
	return caller->count;
}

void
egress_free(struct egress *egress)
{
	struct list *node;

	if (egress == NULL) {
		return;
	}
	egress->idle = NULL;
	node = list_first(&egress->flows);
	while (node != NULL) {
		struct flow *flow = list_entry(node, struct flow, node);

		node = list_after(&egress->flows, node);
		cancel(flow);
	}
	policy_free(egress->policy);
	services_free(egress->services);
	mem_free(egress);
}
