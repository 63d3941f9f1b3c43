/* SPDX-License-Identifier: ISC */
#include "agent/callers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "agent/callers_impl.h"
#include "agent/egress.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/limits.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/stream.h"

/* Put the usual limits where config has none. */
static void
complete(struct callers_config *config)
{
	if (config->open_rate == 0) {
		config->open_rate = LIMITS_OPEN_RATE;
		config->open_burst = LIMITS_OPEN_BURST;
	}
	if (config->sessions_max == 0) {
		config->sessions_max = LIMITS_SESSIONS_MAX;
	}
	if (config->confirm_time <= 0.) {
		config->confirm_time =
		    (double)LIMITS_HANDSHAKE_TIME / (double)LIMITS_SEC;
	}
}

struct callers *
callers_new(struct loop *loop, const struct callers_config *config)
{
	struct callers *callers = mem_new(1, sizeof(*callers));

	if (callers != NULL) {
		callers->loop = loop;
		callers->config = *config;
		complete(&callers->config);
		list_init(&callers->list);
		list_init(&callers->lost);
	}
	return callers;
}

/* --- callers ------------------------------------------------------------- */

struct caller *
callers_find(struct callers *callers, const uint8_t key[KEYS_LEN])
{
	for (struct list *node = list_first(&callers->list); node != NULL;
	     node = list_after(&callers->list, node)) {
		struct caller *caller = list_entry(node, struct caller, node);

		if (sodium_memcmp(caller->key, key, KEYS_LEN) == 0) {
			return caller;
		}
	}
	return NULL;
}

struct caller *
callers_add(struct callers *callers, const struct attach_accepted *accepted)
{
	struct caller *caller = mem_new(1, sizeof(*caller));

	if (caller == NULL) {
		return NULL;
	}
	caller->egress = egress_caller_new(callers->config.egress);
	if (caller->egress == NULL) {
		mem_free(caller);
		return NULL;
	}
	caller->callers = callers;
	caller->id = ++callers->last_id;
	memcpy(caller->user, accepted->user, sizeof(caller->user));
	memcpy(caller->device, accepted->device, sizeof(caller->device));
	memcpy(caller->key, accepted->key, sizeof(caller->key));
	ratelimit_init(&caller->opens, callers->config.open_rate,
	    callers->config.open_burst, loop_now(callers->loop));
	list_init(&caller->calls);
	list_push_back(&callers->list, &caller->node);
	return caller;
}

void
callers_drop_idle(struct caller *caller)
{
	if (list_empty(&caller->calls)) {
		list_remove(&caller->node);
		egress_caller_free(caller->egress);
		mem_free(caller);
	}
}

/* --- sessions ------------------------------------------------------------ */

static void
set_timer(struct call *call, double seconds)
{
	struct ev_loop *ev = loop_ev(call->caller->callers->loop);

	ev_timer_stop(ev, &call->timer);
	ev_timer_set(&call->timer, seconds, 0.);
	ev_timer_start(ev, &call->timer);
}

/* Take call out of those that are lost, if it is. */
static void
unlose(struct call *call)
{
	if (call->lost_at != 0) {
		call->lost_at = 0;
		list_remove(&call->lost);
		call->caller->callers->lost_count--;
	}
}

/* Free a call whose carrier is gone, and its caller with the last one. */
static void
forget_call(struct call *call)
{
	struct caller *caller = call->caller;

	ev_timer_stop(loop_ev(caller->callers->loop), &call->timer);
	unlose(call);
	if (!call->confirmed) {
		caller->callers->pending--;
	}
	caller->callers->sessions--;
	list_remove(&call->node);
	mem_free(call);
	callers_drop_idle(caller);
}

void
callers_close_call(struct call *call, enum code code)
{
	struct carrier *carrier = call->carrier;

	call->carrier = NULL;
	carrier_close(carrier, code);
	forget_call(call);
}

/* The time to confirm is over, or the grace time. */
static void
on_timer(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct call *call = watcher->data;

	(void)ev;
	(void)events;
	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session dropped: %s device=%s",
	    call->confirmed ? "its gateway did not come back in time"
			    : "not confirmed in time",
	    call->caller->device);
	callers_close_call(call, CODE_SESSION_LOST);
}

/* Return true when the session a of a caller is from before the start of b. */
static bool
is_outlived(const struct call *a, const struct call *b)
{
	return a != b && a->confirmed &&
	       memcmp(a->boot, b->boot, sizeof(a->boot)) != 0;
}

/* The peer proved its keys: the session is really the caller's. */
static void
on_confirmed(void *arg)
{
	struct call *call = arg;
	struct caller *caller = call->caller;
	struct list *node = list_first(&caller->calls);

	call->confirmed = true;
	caller->callers->pending--;
	ev_timer_stop(loop_ev(caller->callers->loop), &call->timer);
	log_write(LOG_LEVEL_INFO, "caller", caller->id,
	    "session up: device=%s user=%s", caller->device, caller->user);
	while (node != NULL) {
		struct call *old = list_entry(node, struct call, node);

		node = list_after(&caller->calls, node);
		if (is_outlived(old, call)) {
			callers_close_call(old, CODE_REPLACED);
		}
	}
	if (!callersroom_make(call)) {
		callers_close_call(call, CODE_OVERLOADED);
	}
}

/*
 * The channel is gone.  One that is not confirmed keeps its deadline; a caller
 * who was shut out does not come back.
 */
static void
on_lost(void *arg, enum code code, const char *text)
{
	struct call *call = arg;
	struct callers *callers = call->caller->callers;

	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session lost: reason=%s device=%s %s", codes_slug(code),
	    call->caller->device, text);
	if (codes_is_lasting(code)) {
		callers_close_call(call, code);
		return;
	}
	call->lost_at = loop_now(callers->loop);
	list_push_back(&callers->lost, &call->lost);
	callers->lost_count++;
	if (call->confirmed) {
		set_timer(call, call->grace);
	}
}

void
callers_returned(struct call *call)
{
	uint64_t gap = 0;

	if (call->lost_at != 0) {
		gap = loop_now(call->caller->callers->loop) - call->lost_at;
		call->last_gap = gap;
		unlose(call);
	}
	ev_timer_stop(loop_ev(call->caller->callers->loop), &call->timer);
	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session goes on: device=%s gap_ms=%llu", call->caller->device,
	    (unsigned long long)(gap / LIMITS_MSEC));
}

/* The session ended by itself, with its carrier. */
static void
on_down(void *arg, enum code code, const char *text)
{
	struct call *call = arg;

	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session over: reason=%s device=%s %s", codes_slug(code),
	    call->caller->device, text);
	forget_call(call);
}

/* --- streams ------------------------------------------------------------- */

/* Answer stream that it is not opened. */
static void __attribute__((format(printf, 3, 4)))
refuse_stream(struct stream *stream, enum code code, const char *format, ...)
{
	struct stream_opened opened = { .code = code };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(opened.text, sizeof(opened.text), format, args);
	va_end(args);
	stream_answer(stream, &opened);
}

/* A stream wants to be opened. */
static void
on_open(void *arg, struct stream *stream, const struct stream_target *target)
{
	struct call *call = arg;
	struct caller *caller = call->caller;
	struct callers *callers = caller->callers;
	const char *host = callers->config.self->membership->name;

	if (callers->finishing) {
		refuse_stream(
		    stream, CODE_GOING_DOWN, "\"%s\" is shutting down.", host);
	} else if (egress_caller_count(caller->egress) >=
		   callers->config.streams_max) {
		refuse_stream(stream, CODE_TOO_MANY_STREAMS,
		    "%u connections open, the limit.",
		    (unsigned)callers->config.streams_max);
	} else if (!ratelimit_take(
		       &caller->opens, 1, loop_now(callers->loop))) {
		refuse_stream(stream, CODE_OVERLOADED,
		    "More than %u new connections a second to \"%s\".",
		    (unsigned)callers->config.open_rate, host);
	} else {
		egress_open(caller->egress, stream, target);
	}
}

static const struct carrier_ops carrier_ops = {
	.open = on_open,
	.confirmed = on_confirmed,
	.lost = on_lost,
	.down = on_down,
};

/* --- beginning ----------------------------------------------------------- */

struct call *
callers_find_call(
    const struct caller *caller, const uint8_t id[SESSIONHELLO_ID_LEN])
{
	struct list *node = caller != NULL ? list_first(&caller->calls) : NULL;

	for (; node != NULL; node = list_after(&caller->calls, node)) {
		struct call *call = list_entry(node, struct call, node);

		if (sodium_memcmp(call->id, id, sizeof(call->id)) == 0) {
			return call;
		}
	}
	return NULL;
}

/* Start the session of call with the keys of accepted; NULL on failure. */
static struct carrier *
start_carrier(struct call *call, struct channel *channel,
    const struct attach_accepted *accepted)
{
	const struct callers *callers = call->caller->callers;
	const struct session_config config = {
		.role = SESSION_ACCEPTOR,
		.tx = &accepted->tx,
		.rx = &accepted->rx,
		.retain_max = callers->config.retain_max,
		.retain = callers->config.retain,
		.window_max = callers->config.window_max,
		.streams_max = callers->config.streams_max,
		.receive = callers->config.receive,
	};

	return carrier_new(callers->loop, channel, &config,
	    accepted->grace > 0 ? &accepted->resume : NULL, &carrier_ops, call);
}

int
callers_begin(struct caller *caller, struct channel *channel,
    const struct attach_accepted *accepted)
{
	struct callers *callers = caller->callers;
	struct call *call = mem_new(1, sizeof(*call));

	if (call == NULL) {
		return -1;
	}
	call->caller = caller;
	call->carrier = start_carrier(call, channel, accepted);
	if (call->carrier == NULL) {
		mem_free(call);
		return -1;
	}
	memcpy(call->boot, accepted->boot, sizeof(call->boot));
	memcpy(call->id, accepted->id, sizeof(call->id));
	call->grace = accepted->grace;
	list_init(&call->lost);
	list_push_back(&caller->calls, &call->node);
	callers->pending++;
	callers->sessions++;
	ev_init(&call->timer, on_timer);
	call->timer.data = call;
	set_timer(call, callers->config.confirm_time);
	return 0;
}

/* --- all of them --------------------------------------------------------- */

void
callers_finish(struct callers *callers)
{
	callers->finishing = true;
}

void
callers_close(struct callers *callers, enum code code)
{
	struct list *first = list_first(&callers->list);

	/* A caller goes with its last session. */
	while (first != NULL) {
		struct caller *caller = list_entry(first, struct caller, node);
		struct list *call = list_first(&caller->calls);

		if (call != NULL) {
			callers_close_call(
			    list_entry(call, struct call, node), code);
		}
		first = list_first(&callers->list);
	}
}

/* Fill *info with the sessions of caller; the number of confirmed ones. */
static size_t
describe(const struct caller *caller, struct callers_info *info)
{
	*info = (struct callers_info){
		.user = caller->user,
		.device = caller->device,
		.streams = egress_caller_count(caller->egress),
	};
	for (struct list *node = list_first(&caller->calls); node != NULL;
	     node = list_after(&caller->calls, node)) {
		struct call *call = list_entry(node, struct call, node);
		struct session *session = carrier_session(call->carrier);
		struct session_stats stats;

		if (call->confirmed) {
			session_get_stats(session, &stats);
			info->sessions++;
			info->lost += call->lost_at != 0;
			if (call->last_gap != 0) {
				info->last_gap_ns = call->last_gap;
			}
			info->rtt_ns = session_rtt(session);
			info->sent += stats.sent;
			info->received += stats.received;
		}
	}
	return info->sessions;
}

void
callers_each(const struct callers *callers,
    void (*each)(const struct callers_info *info, void *arg), void *arg)
{
	for (struct list *node = list_first(&callers->list); node != NULL;
	     node = list_after(&callers->list, node)) {
		struct callers_info info;

		if (describe(list_entry(node, struct caller, node), &info) >
		    0) {
			each(&info, arg);
		}
	}
}

void
callers_free(struct callers *callers)
{
	if (callers != NULL) {
		callers_close(callers, CODE_GOING_DOWN);
		mem_free(callers);
	}
}

size_t
callers_lost(const struct callers *callers)
{
	return callers->lost_count;
}
