/* SPDX-License-Identifier: ISC */
#include "gateway/tether.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/call.h"
#include "gateway/tether_impl.h"
#include "protocol/carrier.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"

/* How long a first attach may take: three round trips of a slow mobile link. */
#define CALL_TIME (10 * LIMITS_SEC)

/* How long the attaches of one gap may take, the last one again and again. */
static const uint64_t attach_times[] = {
	5 * LIMITS_SEC,
	10 * LIMITS_SEC,
	20 * LIMITS_SEC,
};

/* Pauses between them.  Short, as somebody waits, but a relay is not pestered.
 */
#define RETRY_BASE (250 * LIMITS_MSEC)
#define RETRY_CAP (5 * LIMITS_SEC)

static void attempt(struct tether *tether);

/* --- timers and states ------------------------------------------------ */

void
tether_set_timer(struct tether *tether, ev_timer *timer, uint64_t ns)
{
	struct ev_loop *ev = loop_ev(tether->space->loop);

	ev_timer_stop(ev, timer);
	ev_timer_set(timer, (double)ns / (double)LIMITS_SEC, 0.);
	ev_timer_start(ev, timer);
}

void
tether_enter(struct tether *tether, enum tether_state state)
{
	ev_timer_stop(loop_ev(tether->space->loop), &tether->timer);
	sessionhello_free(tether->hello);
	tether->hello = NULL;
	tether->state = state;
}

void
tether_note(struct tether *tether, enum code code, const char *text)
{
	tether->code = code;
	(void)snprintf(tether->text, sizeof(tether->text), "%s",
	    text[0] != '\0' ? text : codes_summary(code));
}

void
tether_abandon(struct tether *tether, enum code code)
{
	struct channel *channel = tether->channel;

	tether->channel = NULL;
	if (channel != NULL) {
		channel_detach(channel, code, codes_summary(code));
	}
}

/* The one teardown. */
static void
bury(struct tether *tether, enum code code)
{
	struct carrier *carrier = tether->carrier;

	tether_enter(tether, TETHER_GONE);
	ev_timer_stop(loop_ev(tether->space->loop), &tether->end);
	tether_abandon(tether, code);
	tether->carrier = NULL;
	carrier_close(carrier, code);
	loop_reap(tether->space->loop, tether, mem_free);
}

void
tether_fail(struct tether *tether, enum code code, const char *text)
{
	if (tether->state == TETHER_GONE) {
		return;
	}
	log_write(LOG_LEVEL_INFO, "session", 0, "%s: ended: %s: %s",
	    tether->host.name, codes_slug(code), text);
	bury(tether, code);
	tether->ops->down(tether->arg, code, text);
}

uint16_t
tether_grace(const struct tether *tether)
{
	return tether->host.is_gateway ? 0 : tether->space->grace;
}

/* --- between attempts ------------------------------------------------- */

/* Return true when the relay says that the host is not there. */
static bool
is_host_away(const struct tether *tether)
{
	const struct host *host = hosts_find_replica(
	    tether->space->hosts, tether->host.name, tether->host.replica);

	return host == NULL || !host->online;
}

/*
 * Wait for the next attempt.  Without a link, or when the host is not there,
 * that is when either comes back; the timer is for what nobody tells.
 */
void
tether_pause(struct tether *tether)
{
	uint64_t random;

	tether_enter(tether, TETHER_WAITING);
	randombytes_buf(&random, sizeof(random));
	if (endpoint_link(tether->space->endpoint) == NULL ||
	    (tether->code == CODE_HOST_OFFLINE && is_host_away(tether))) {
		return;
	}
	tether_set_timer(
	    tether, &tether->timer, backoff_next(&tether->backoff, random));
}

bool
tether_fits(const struct tether *tether, const struct host *host)
{
	return host != NULL && host->share == tether->host.share &&
	       strcmp(host->owner, tether->host.owner) == 0;
}

/* Return true when the host is none that we may reach any more. */
static bool
is_over(const struct tether *tether)
{
	const struct host *host =
	    hosts_find(tether->space->hosts, tether->host.name);

	if (tether->host.share == 0) {
		return host == NULL;
	}
	return !tether_fits(tether, host) || host->withdrawn ||
	       (host->expiry != 0 && host->expiry <= (uint64_t)time(NULL));
}

bool
tether_is_hopeless(const struct tether *tether, enum code code)
{
	return codes_is_lasting(code) ||
	       ((code == CODE_HOST_UNKNOWN || code == CODE_DENIED) &&
		   hosts_is_complete(tether->space->hosts) && is_over(tether));
}

void
tether_postpone(struct tether *tether, enum code code, const char *text)
{
	tether_note(tether, code, text);
	log_write(LOG_LEVEL_DEBUG, "session", 0, "%s: not yet: %s: %s",
	    tether->host.name, codes_slug(code), tether->text);
	if (tether_is_hopeless(tether, code)) {
		tether_fail(tether, code, tether->text);
		return;
	}
	if (code == CODE_SESSION_LOST && tether->state == TETHER_RETURNING) {
		/* Only the host itself can say so. */
		tether->ask = true;
	}
	tether_pause(tether);
	if (code == CODE_QUOTA) {
		/* Who asks anew need not wait for that to change. */
		tether->ops->lost(tether->arg, code, tether->text);
	}
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct tether *tether = timer->data;
	char text[LIMITS_TEXT_LEN];

	(void)ev;
	(void)revents;
	(void)snprintf(
	    text, sizeof(text), "\"%s\" does not answer.", tether->host.name);
	switch (tether->state) {
	case TETHER_CALLING:
		tether_fail(tether, CODE_HOST_OFFLINE, text);
		break;
	case TETHER_RETURNING:
	case TETHER_ASKING:
		tether_abandon(tether, CODE_CANCELLED);
		tether_postpone(tether, CODE_SERVICE_TIMEOUT, text);
		break;
	case TETHER_WAITING:
		attempt(tether);
		break;
	case TETHER_LIVE:
	case TETHER_GONE:
		break;
	}
}

/* The grace time is over. */
static void
on_end(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct tether *tether = timer->data;

	(void)ev;
	(void)revents;
	tether_fail(tether, tether->code, tether->text);
}

/* --- attaching -------------------------------------------------------- */

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct tether *tether = arg;

	tether->channel = NULL;
	if (tether->state != TETHER_CALLING) {
		tether_postpone(
		    tether, code == CODE_OK ? CODE_LINK_LOST : code, text);
		return;
	}
	tether_fail(tether, code == CODE_OK ? CODE_HOST_OFFLINE : code,
	    text[0] != '\0' ? text : codes_summary(code));
}

static const struct channel_ops attaching_ops = {
	.detached = on_detached,
};

/* Send ATTACH with payload; CODE_OK, or why not. */
static enum code
send_attach(struct tether *tether, const uint8_t *payload, size_t len)
{
	struct link *link = endpoint_link(tether->space->endpoint);
	struct channel *channel;

	if (link == NULL || len == 0) {
		return link == NULL ? CODE_LINK_LOST : CODE_OVERLOADED;
	}
	if (tether->space->next_channel >= LIMITS_CHANNEL_CALLED) {
		link_goaway(link, CODE_LIMIT,
		    "the connection has used all its channel numbers");
		return CODE_LINK_LOST;
	}
	tether->channel_id = tether->space->next_channel++;
	channel =
	    channel_new(link, tether->channel_id, NULL, &attaching_ops, tether);
	if (channel == NULL) {
		return CODE_OVERLOADED;
	}
	if (link_send(link, FRAME_ATTACH, tether->channel_id, payload, len) !=
	    0) {
		channel_free(channel);
		return CODE_LINK_LOST;
	}
	tether->channel = channel;
	return CODE_OK;
}

/* Find out how the host is called; false when its share is not there any more.
 */
static bool
address(const struct tether *tether, struct call_to *to)
{
	to->host = &tether->host;
	to->share = hosts_share(tether->space->hosts, &tether->host);
	return to->share != NULL || tether->host.share == 0;
}

/* Send message 1, with a question about this session or without. */
static enum code
send_hello(struct tether *tether, const uint8_t *question)
{
	uint8_t payload[CALL_MAX];
	struct call_to to;
	size_t len;

	if (!address(tether, &to)) {
		return CODE_DENIED;
	}
	tether->hello = call_begin(tether->space->endpoint, &to,
	    tether_grace(tether), question, payload, &len);
	return tether->hello != NULL ? send_attach(tether, payload, len)
				     : CODE_OVERLOADED;
}

/* Send a request to go on. */
static enum code
send_request(struct tether *tether)
{
	uint8_t request[RESUME_REQUEST_LEN];
	uint8_t payload[CALL_MAX];
	struct call_to to;

	if (!address(tether, &to)) {
		return CODE_DENIED;
	}
	if (carrier_ask(tether->carrier, request) != 0) {
		return CODE_SESSION_LOST;
	}
	return send_attach(tether, payload,
	    call_again(tether->space->endpoint, &to, request, payload));
}

/* Try to go on. */
static void
attempt(struct tether *tether)
{
	size_t last = sizeof(attach_times) / sizeof(attach_times[0]) - 1;
	size_t n = tether->attempts < last ? tether->attempts : last;
	bool ask = tether->ask;
	enum code code;

	tether_enter(tether, ask ? TETHER_ASKING : TETHER_RETURNING);
	tether->ask = false;
	code = ask ? send_hello(tether, tether->id) : send_request(tether);
	if (code != CODE_OK) {
		tether_postpone(tether, code, codes_summary(code));
		return;
	}
	tether->attempts++;
	tether_set_timer(tether, &tether->timer, attach_times[n]);
}

void
tether_retry(struct tether *tether)
{
	if (tether->state == TETHER_WAITING &&
	    endpoint_link(tether->space->endpoint) != NULL &&
	    !(hosts_is_complete(tether->space->hosts) &&
		is_host_away(tether))) {
		backoff_reset(&tether->backoff);
		attempt(tether);
	}
}

/* --- life ------------------------------------------------------------- */

struct tether *
tether_new(struct tether_space *space, const struct host *host,
    const struct tether_ops *ops, void *arg, enum code *why)
{
	struct tether *tether = mem_new(1, sizeof(*tether));

	if (tether == NULL) {
		*why = CODE_OVERLOADED;
		return NULL;
	}
	tether->space = space;
	tether->ops = ops;
	tether->arg = arg;
	tether->host = *host;
	tether->state = TETHER_CALLING;
	backoff_init(&tether->backoff);
	backoff_set_range(&tether->backoff, RETRY_BASE, RETRY_CAP);
	ev_init(&tether->timer, on_timer);
	ev_init(&tether->end, on_end);
	tether->timer.data = tether;
	tether->end.data = tether;
	*why = send_hello(tether, NULL);
	if (*why != CODE_OK) {
		sessionhello_free(tether->hello);
		mem_free(tether);
		return NULL;
	}
	tether_set_timer(tether, &tether->timer, CALL_TIME);
	return tether;
}

void
tether_set_owner(struct tether *tether, const struct tether_ops *ops, void *arg)
{
	tether->ops = ops;
	tether->arg = arg;
}

void
tether_close(struct tether *tether, enum code code)
{
	if (tether != NULL && tether->state != TETHER_GONE) {
		bury(tether, code);
	}
}

const uint8_t *
tether_key(const struct tether *tether)
{
	return tether->host.key;
}

struct session *
tether_session(const struct tether *tether)
{
	return tether->carrier != NULL ? carrier_session(tether->carrier)
				       : NULL;
}

bool
tether_is_live(const struct tether *tether)
{
	return tether->state == TETHER_LIVE;
}

enum code
tether_refusal(const struct tether *tether, const char **text)
{
	if (!tether_is_lost(tether) ||
	    (tether->code != CODE_LIMIT && tether->code != CODE_QUOTA)) {
		return CODE_OK;
	}
	*text = tether->text;
	return tether->code;
}

bool
tether_is_lost(const struct tether *tether)
{
	return tether->lost_at != 0;
}

uint64_t
tether_begun_at(const struct tether *tether)
{
	return tether->begun_at;
}

uint64_t
tether_lost_at(const struct tether *tether)
{
	return tether->lost_at;
}

uint64_t
tether_last_gap(const struct tether *tether)
{
	return tether->last_gap;
}
