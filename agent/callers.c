/* SPDX-License-Identifier: ISC */
#include "agent/callers.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <ev.h>
#include <sodium.h>

#include "agent/attach.h"
#include "agent/egress.h"
#include "common/list.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/ratelimit.h"
#include "protocol/carrier.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/stream.h"

struct callers {
	struct loop *loop;
	struct callers_config config;
	struct list list; /* of struct caller */
	size_t pending;   /* sessions, in all */
	uint64_t last_id;
	bool finishing;
};

/* One device. */
struct caller {
	struct list node;
	struct callers *callers;
	uint64_t id; /* for logs */
	char user[NAME_USER_MAX + 1];
	char device[NAME_HOST_MAX + 1];
	uint8_t key[KEYS_LEN];
	struct egress_caller *egress;
	struct ratelimit opens;
	struct list calls; /* oldest first */
};

/* One session of a caller. */
struct call {
	struct list node;
	struct caller *caller;
	struct carrier *carrier;
	uint8_t boot[SESSIONHELLO_BOOT_LEN];
	uint8_t id[SESSIONHELLO_ID_LEN];
	bool confirmed;
	struct ev_timer deadline; /* until it is confirmed */
};

/* Put the usual limits where config has none. */
static void
complete(struct callers_config *config)
{
	if (config->open_rate == 0) {
		config->open_rate = LIMITS_OPEN_RATE;
		config->open_burst = LIMITS_OPEN_BURST;
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
	}
	return callers;
}

/* --- callers ------------------------------------------------------------- */

/* Return the caller with key, or NULL. */
static struct caller *
find_caller(struct callers *callers, const uint8_t key[KEYS_LEN])
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

/* Return a new caller as accepted says, or NULL. */
static struct caller *
add_caller(struct callers *callers, const struct attach_accepted *accepted)
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

/* Free caller if it has no session any more. */
static void
drop_idle_caller(struct caller *caller)
{
	if (list_empty(&caller->calls)) {
		list_remove(&caller->node);
		egress_caller_free(caller->egress);
		mem_free(caller);
	}
}

/* --- sessions ------------------------------------------------------------ */

/* Free a call whose carrier is gone, and its caller with the last one. */
static void
forget_call(struct call *call)
{
	struct caller *caller = call->caller;

	ev_timer_stop(loop_ev(caller->callers->loop), &call->deadline);
	if (!call->confirmed) {
		caller->callers->pending--;
	}
	list_remove(&call->node);
	mem_free(call);
	drop_idle_caller(caller);
}

/* End the session of call with code. */
static void
close_call(struct call *call, enum code code)
{
	struct carrier *carrier = call->carrier;

	call->carrier = NULL;
	carrier_close(carrier, code);
	forget_call(call);
}

/* The time to confirm is over. */
static void
on_deadline(struct ev_loop *ev, struct ev_timer *watcher, int events)
{
	struct call *call = watcher->data;

	(void)ev;
	(void)events;
	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session dropped: not confirmed in time");
	close_call(call, CODE_SESSION_LOST);
}

/* Return true when the session a of a caller is from before the start of b. */
static bool
is_outlived(const struct call *a, const struct call *b)
{
	return a != b && a->confirmed &&
	       memcmp(a->boot, b->boot, sizeof(a->boot)) != 0;
}

/* The first record of the peer opened: the session is really the caller's. */
static void
on_confirmed(void *arg)
{
	struct call *call = arg;
	struct caller *caller = call->caller;
	struct list *node = list_first(&caller->calls);

	call->confirmed = true;
	caller->callers->pending--;
	ev_timer_stop(loop_ev(caller->callers->loop), &call->deadline);
	log_write(LOG_LEVEL_INFO, "caller", caller->id,
	    "session up: device=%s user=%s", caller->device, caller->user);
	while (node != NULL) {
		struct call *old = list_entry(node, struct call, node);

		node = list_after(&caller->calls, node);
		if (is_outlived(old, call)) {
			close_call(old, CODE_REPLACED);
		}
	}
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
	.down = on_down,
};

/* --- attaching ----------------------------------------------------------- */

/* Answer DETACH on a channel that never came to be. */
static void
refuse(struct link *link, uint32_t channel, enum code code, const char *text)
{
	struct linkmsg_detach detach = { .code = code, .by = LINKHELLO_AGENT };
	uint8_t payload[LIMITS_TEXT_LEN + 16];
	size_t len;

	(void)snprintf(detach.text, sizeof(detach.text), "%s", text);
	len = linkmsg_detach_encode(&detach, payload, sizeof(payload));
	if (len > 0) {
		(void)link_send(link, FRAME_DETACH, channel, payload, len);
	}
}

/* Drop the pending session of caller, if there is one, for a newer one. */
static void
drop_pending(struct caller *caller)
{
	for (struct list *node = list_first(&caller->calls); node != NULL;
	     node = list_after(&caller->calls, node)) {
		struct call *call = list_entry(node, struct call, node);

		if (!call->confirmed) {
			close_call(call, CODE_REPLACED);
			return;
		}
	}
}

/* Start a session with the keys of accepted over channel; NULL on failure. */
static struct carrier *
start_carrier(struct callers *callers, struct channel *channel,
    const struct attach_accepted *accepted, struct call *call)
{
	const struct session_config config = {
		.role = SESSION_ACCEPTOR,
		.tx = &accepted->tx,
		.rx = &accepted->rx,
		.retain_max = callers->config.retain_max,
		.window_max = callers->config.window_max,
		.streams_max = callers->config.streams_max,
		.receive = callers->config.receive,
	};

	return carrier_new(
	    callers->loop, channel, &config, NULL, &carrier_ops, call);
}

/* Make a pending session of caller on the channel id of link; 0 or -1. */
static int
add_call(struct caller *caller, struct link *link, uint32_t id,
    const struct attach_accepted *accepted)
{
	struct callers *callers = caller->callers;
	struct call *call = mem_new(1, sizeof(*call));
	struct channel *channel = NULL;

	if (call == NULL) {
		return -1;
	}
	channel = channel_new(link, id, NULL, NULL, NULL);
	if (channel == NULL) {
		goto fail;
	}
	call->carrier = start_carrier(callers, channel, accepted, call);
	if (call->carrier == NULL) {
		goto fail;
	}
	call->caller = caller;
	memcpy(call->boot, accepted->boot, sizeof(call->boot));
	memcpy(call->id, accepted->id, sizeof(call->id));
	list_push_back(&caller->calls, &call->node);
	callers->pending++;
	ev_timer_init(
	    &call->deadline, on_deadline, callers->config.confirm_time, 0.);
	call->deadline.data = call;
	ev_timer_start(loop_ev(callers->loop), &call->deadline);
	return 0;
fail:
	channel_free(channel);
	mem_free(call);
	return -1;
}

/* Begin the session that accepted allows; CODE_OK or why not, in words. */
static enum code
begin(struct callers *callers, struct link *link, uint32_t channel,
    const struct attach_accepted *accepted, const char **text)
{
	struct caller *caller = find_caller(callers, accepted->key);

	if (caller != NULL) {
		drop_pending(caller);
		/* With its only session the caller is gone. */
		caller = find_caller(callers, accepted->key);
	}
	if (callers->pending >= LIMITS_PENDING_SESSIONS) {
		*text = "Too many sessions begin at the same time.";
		return CODE_OVERLOADED;
	}
	if (caller == NULL) {
		caller = add_caller(callers, accepted);
	}
	if (caller == NULL) {
		*text = "The host is out of memory.";
		return CODE_OVERLOADED;
	}
	if (add_call(caller, link, channel, accepted) != 0) {
		drop_idle_caller(caller);
		*text = "The host is out of memory.";
		return CODE_OVERLOADED;
	}
	return CODE_OK;
}

/* Return true when the gateway with key has the session id. */
static bool
has_session(const uint8_t key[KEYS_LEN], const uint8_t id[SESSIONHELLO_ID_LEN],
    void *arg)
{
	const struct caller *caller = find_caller(arg, key);
	struct list *node = caller != NULL ? list_first(&caller->calls) : NULL;

	for (; node != NULL; node = list_after(&caller->calls, node)) {
		const struct call *call = list_entry(node, struct call, node);

		if (sodium_memcmp(call->id, id, sizeof(call->id)) == 0) {
			return true;
		}
	}
	return false;
}

/* Answer an ATTACH with the reply that accepted has. */
static void
send_attached(
    struct link *link, uint32_t channel, const struct attach_accepted *accepted)
{
	(void)link_send(link, FRAME_ATTACHED, channel, accepted->reply,
	    accepted->reply_len);
	if (accepted->is_question) {
		/* The channel was for the answer only. */
		refuse(link, channel, CODE_OK, "");
	}
}

void
callers_attach(struct callers *callers, struct link *link, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	const struct attach_sessions sessions = { has_session, callers };
	struct attach_accepted accepted;
	char text[LIMITS_TEXT_LEN];
	const char *why = text;
	enum code code;

	if (callers->finishing) {
		refuse(link, channel, CODE_GOING_DOWN,
		    codes_summary(CODE_GOING_DOWN));
		return;
	}
	code = attach_accept(callers->config.self, &sessions, payload, len,
	    (uint64_t)time(NULL), &accepted, text);
	if (code == CODE_OK && !accepted.is_question) {
		code = begin(callers, link, channel, &accepted, &why);
	}
	if (code != CODE_OK) {
		log_write(LOG_LEVEL_INFO, "caller", 0,
		    "session refused: reason=%s %s", codes_slug(code), why);
		refuse(link, channel, code, why);
	} else {
		send_attached(link, channel, &accepted);
	}
	attach_wipe(&accepted);
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
			close_call(list_entry(call, struct call, node), code);
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
