/* SPDX-License-Identifier: ISC */
#include "protocol/acceptor.h"

#include <string.h>

#include <sodium.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/acceptor_impl.h"
#include "protocol/limits.h"
#include "protocol/session.h"

/* Put the usual limits where config has none. */
static void
complete(struct acceptor_config *config)
{
	if (config->sessions_max == 0) {
		config->sessions_max = LIMITS_SESSIONS_MAX;
	}
	if (config->caller_max == 0) {
		config->caller_max = LIMITS_CALLER_SESSIONS;
	}
	if (config->pending_max == 0) {
		config->pending_max = LIMITS_PENDING_SESSIONS;
	}
	if (config->confirm_time <= 0.) {
		config->confirm_time =
		    (double)LIMITS_HANDSHAKE_TIME / (double)LIMITS_SEC;
	}
}

struct acceptor *
acceptor_new(struct loop *loop, const struct acceptor_config *config)
{
	struct acceptor *acceptor = mem_new(1, sizeof(*acceptor));

	if (acceptor != NULL) {
		acceptor->loop = loop;
		acceptor->config = *config;
		complete(&acceptor->config);
		list_init(&acceptor->list);
		list_init(&acceptor->lost);
	}
	return acceptor;
}

/* --- callers ------------------------------------------------------------- */

struct caller *
acceptor_find(struct acceptor *acceptor, const uint8_t key[KEYS_LEN])
{
	for (struct list *node = list_first(&acceptor->list); node != NULL;
	     node = list_after(&acceptor->list, node)) {
		struct caller *caller = list_entry(node, struct caller, node);

		if (sodium_memcmp(caller->key, key, KEYS_LEN) == 0) {
			return caller;
		}
	}
	return NULL;
}

struct caller *
acceptor_add(struct acceptor *acceptor, const struct sessionanswer *answer)
{
	struct caller *caller = mem_new(1, sizeof(*caller));

	if (caller == NULL) {
		return NULL;
	}
	caller->kept =
	    acceptor->config.ops->enter(answer, acceptor->config.arg);
	if (caller->kept == NULL) {
		mem_free(caller);
		return NULL;
	}
	caller->acceptor = acceptor;
	caller->id = ++acceptor->last_id;
	memcpy(caller->user, answer->caller.user, sizeof(caller->user));
	memcpy(caller->device, answer->device, sizeof(caller->device));
	memcpy(caller->key, answer->key, sizeof(caller->key));
	list_init(&caller->calls);
	ratelimit_init(&caller->texts, LIMITS_MESSAGE_RATE,
	    LIMITS_MESSAGE_BURST, loop_now(acceptor->loop));
	list_push_back(&acceptor->list, &caller->node);
	return caller;
}

void
acceptor_drop_idle(struct caller *caller)
{
	if (list_empty(&caller->calls)) {
		list_remove(&caller->node);
		caller->acceptor->config.ops->leave(caller->kept);
		mem_free(caller);
	}
}

/* --- sessions ------------------------------------------------------------ */

static void
set_timer(struct call *call, double seconds)
{
	struct ev_loop *ev = loop_ev(call->caller->acceptor->loop);

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
		call->caller->acceptor->lost_count--;
	}
}

/* Free a call whose carrier is gone, and its caller with the last one. */
static void
forget_call(struct call *call)
{
	struct caller *caller = call->caller;

	ev_timer_stop(loop_ev(caller->acceptor->loop), &call->timer);
	ev_periodic_stop(loop_ev(caller->acceptor->loop), &call->expiry);
	unlose(call);
	if (!call->confirmed) {
		caller->acceptor->pending--;
	}
	caller->acceptor->sessions--;
	list_remove(&call->node);
	mem_free(call);
	acceptor_drop_idle(caller);
}

void
acceptor_close_call(struct call *call, enum code code)
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
	acceptor_close_call(call, CODE_SESSION_LOST);
}

/* What gave the right to call is over. */
static void
on_expired(struct ev_loop *ev, struct ev_periodic *watcher, int events)
{
	struct call *call = watcher->data;

	(void)ev;
	(void)events;
	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session over: its share has expired: device=%s user=%s",
	    call->caller->device, call->caller->user);
	acceptor_close_call(call, CODE_DENIED);
}

/* Return true when the session a of a caller is from before the start of b. */
static bool
is_outlived(const struct call *a, const struct call *b)
{
	return a != b && a->confirmed &&
	       sodium_memcmp(a->boot, b->boot, sizeof(a->boot)) != 0;
}

/* The peer proved its keys: the session is really the caller's. */
static void
on_confirmed(void *arg)
{
	struct call *call = arg;
	struct caller *caller = call->caller;
	struct list *node = list_first(&caller->calls);

	call->confirmed = true;
	caller->acceptor->pending--;
	ev_timer_stop(loop_ev(caller->acceptor->loop), &call->timer);
	log_write(LOG_LEVEL_INFO, "caller", caller->id,
	    "session up: device=%s user=%s", caller->device, caller->user);
	while (node != NULL) {
		struct call *old = list_entry(node, struct call, node);

		node = list_after(&caller->calls, node);
		if (is_outlived(old, call)) {
			acceptor_close_call(old, CODE_REPLACED);
		}
	}
	if (!acceptorroom_make(call)) {
		acceptor_close_call(call, CODE_OVERLOADED);
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
	struct acceptor *acceptor = call->caller->acceptor;

	log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
	    "session lost: reason=%s device=%s %s", codes_slug(code),
	    call->caller->device, text);
	if (codes_is_lasting(code)) {
		acceptor_close_call(call, code);
		return;
	}
	call->lost_at = loop_now(acceptor->loop);
	list_push_back(&acceptor->lost, &call->lost);
	acceptor->lost_count++;
	if (call->confirmed) {
		set_timer(call, call->grace);
	}
}

void
acceptor_returned(struct call *call)
{
	uint64_t gap = 0;

	if (call->lost_at != 0) {
		gap = loop_now(call->caller->acceptor->loop) - call->lost_at;
		call->last_gap = gap;
		unlose(call);
	}
	ev_timer_stop(loop_ev(call->caller->acceptor->loop), &call->timer);
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

static void
on_open(void *arg, struct stream *stream, const struct stream_target *target)
{
	struct call *call = arg;
	struct caller *caller = call->caller;

	caller->acceptor->config.ops->open(
	    caller->kept, &call->by, stream, target);
}

static const struct carrier_ops carrier_ops = {
	.open = on_open,
	.confirmed = on_confirmed,
	.lost = on_lost,
	.text = acceptortext_came,
	.receipt = acceptortext_answered,
	.over = acceptortext_over,
	.down = on_down,
};

/* --- beginning ----------------------------------------------------------- */

struct call *
acceptor_find_call(
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

/* Start the session of call with the keys of answer; NULL on failure. */
static struct carrier *
start_carrier(struct call *call, struct channel *channel,
    const struct sessionanswer *answer)
{
	const struct acceptor *acceptor = call->caller->acceptor;
	const struct session_config config = {
		.role = SESSION_ACCEPTOR,
		.tx = &answer->tx,
		.rx = &answer->rx,
		.retain_max = acceptor->config.retain_max,
		.retain = acceptor->config.retain,
		.window_max = acceptor->config.window_max,
		.streams_max = acceptor->config.streams_max,
		.receive = acceptor->config.receive,
	};

	return carrier_new(acceptor->loop, channel, &config,
	    answer->grace > 0 ? &answer->resume : NULL, &carrier_ops, call);
}

int
acceptor_begin(struct caller *caller, struct channel *channel,
    const struct sessionanswer *answer)
{
	struct acceptor *acceptor = caller->acceptor;
	struct call *call = mem_new(1, sizeof(*call));

	if (call == NULL) {
		return -1;
	}
	call->caller = caller;
	call->carrier = start_carrier(call, channel, answer);
	if (call->carrier == NULL) {
		mem_free(call);
		return -1;
	}
	if (acceptor->config.is_relay) {
		carrier_give_credit(call->carrier);
	}
	call->by = answer->caller;
	memcpy(call->boot, answer->boot, sizeof(call->boot));
	memcpy(call->id, answer->id, sizeof(call->id));
	call->grace = answer->grace;
	list_init(&call->lost);
	list_push_back(&caller->calls, &call->node);
	acceptor->pending++;
	acceptor->sessions++;
	ev_init(&call->timer, on_timer);
	call->timer.data = call;
	set_timer(call, acceptor->config.confirm_time);
	ev_periodic_init(
	    &call->expiry, on_expired, (double)call->by.expiry, 0., NULL);
	call->expiry.data = call;
	if (call->by.expiry != 0) {
		ev_periodic_start(loop_ev(acceptor->loop), &call->expiry);
	}
	return 0;
}

/* --- all of them --------------------------------------------------------- */

void
acceptor_finish(struct acceptor *acceptor)
{
	acceptor->finishing = true;
}

void
acceptor_close(struct acceptor *acceptor, enum code code)
{
	struct list *first = list_first(&acceptor->list);

	/* A caller goes with its last session. */
	while (first != NULL) {
		struct caller *caller = list_entry(first, struct caller, node);
		struct list *call = list_first(&caller->calls);

		if (call != NULL) {
			acceptor_close_call(
			    list_entry(call, struct call, node), code);
		}
		first = list_first(&acceptor->list);
	}
}

void *
acceptor_kept(struct acceptor *acceptor, const uint8_t key[KEYS_LEN])
{
	struct caller *caller = acceptor_find(acceptor, key);

	return caller != NULL ? caller->kept : NULL;
}

/* Return a session of the device with key, or NULL. */
static struct call *
first_call(struct acceptor *acceptor, const uint8_t key[KEYS_LEN])
{
	struct caller *caller = acceptor_find(acceptor, key);
	struct list *node = caller != NULL ? list_first(&caller->calls) : NULL;

	return node != NULL ? list_entry(node, struct call, node) : NULL;
}

void
acceptor_expel(
    struct acceptor *acceptor, const uint8_t key[KEYS_LEN], enum code code)
{
	struct call *call = first_call(acceptor, key);

	for (; call != NULL; call = first_call(acceptor, key)) {
		acceptor_close_call(call, code);
	}
}

/* Return a session that uses that share, or NULL. */
static struct call *
find_shared(const struct acceptor *acceptor, uint64_t share)
{
	struct list *at = list_first(&acceptor->list);

	for (; at != NULL; at = list_after(&acceptor->list, at)) {
		struct caller *caller = list_entry(at, struct caller, node);
		struct list *node = list_first(&caller->calls);

		for (; node != NULL; node = list_after(&caller->calls, node)) {
			struct call *call = list_entry(node, struct call, node);

			if (call->by.share == share) {
				return call;
			}
		}
	}
	return NULL;
}

void
acceptor_end_share(struct acceptor *acceptor, uint64_t share, enum code code)
{
	struct call *call = find_shared(acceptor, share);

	for (; call != NULL; call = find_shared(acceptor, share)) {
		log_write(LOG_LEVEL_INFO, "caller", call->caller->id,
		    "session over: its share was ended: device=%s user=%s",
		    call->caller->device, call->caller->user);
		acceptor_close_call(call, code);
	}
}

/* Fill *info with the sessions of caller; the number of confirmed ones. */
static size_t
describe(const struct caller *caller, struct acceptor_info *info)
{
	*info = (struct acceptor_info){
		.user = caller->user,
		.device = caller->device,
		.kept = caller->kept,
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
			info->streams += stats.streams;
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
acceptor_each(const struct acceptor *acceptor,
    void (*each)(const struct acceptor_info *info, void *arg), void *arg)
{
	for (struct list *node = list_first(&acceptor->list); node != NULL;
	     node = list_after(&acceptor->list, node)) {
		struct acceptor_info info;

		if (describe(list_entry(node, struct caller, node), &info) >
		    0) {
			each(&info, arg);
		}
	}
}

void
acceptor_free(struct acceptor *acceptor)
{
	if (acceptor != NULL) {
		acceptor_close(acceptor, CODE_GOING_DOWN);
		mem_free(acceptor);
	}
}

/* Return the newest session of caller that can be used, or NULL. */
static struct session *
usable(const struct caller *caller)
{
	struct list *node = list_first(&caller->calls);
	struct session *found = NULL;

	for (; node != NULL; node = list_after(&caller->calls, node)) {
		struct call *call = list_entry(node, struct call, node);

		if (call->confirmed && call->lost_at == 0) {
			found = carrier_session(call->carrier);
		}
	}
	return found;
}

void
acceptor_each_session(const struct acceptor *acceptor,
    void (*each)(const char *user, const char *device, struct session *session,
	void *arg),
    void *arg)
{
	struct list *node = list_first(&acceptor->list);

	for (; node != NULL; node = list_after(&acceptor->list, node)) {
		struct caller *caller = list_entry(node, struct caller, node);
		struct session *session = usable(caller);

		if (session != NULL) {
			each(caller->user, caller->device, session, arg);
		}
	}
}

size_t
acceptor_lost(const struct acceptor *acceptor)
{
	return acceptor->lost_count;
}

size_t
acceptor_sessions(const struct acceptor *acceptor)
{
	return acceptor->sessions;
}

bool
acceptor_is_finishing(const struct acceptor *acceptor)
{
	return acceptor->finishing;
}
