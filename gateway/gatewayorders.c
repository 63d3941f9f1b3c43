/* SPDX-License-Identifier: ISC */
/*
 * Orders to agents: that a share has ended.
 *
 *	lent: ENDED --host online--> session --order--> answer --> forgotten
 *
 * They go one after the other.  What cannot be told now is told when the host
 * comes back, or after a while; the list is in the state directory, so that it
 * outlives the gateway.  Of a host with replicas each is told.
 */
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/lent.h"
#include "gateway/peers.h"
#include "protocol/agentorder.h"
#include "protocol/endpoint.h"
#include "protocol/stream.h"

#define FILE_NAME "shares"

/* Seconds that an agent gets for an answer, and until the next attempt. */
#define ANSWER_TIME 10.0
#define RETRY_TIME 30.0

/* The order under way; its owner is the gateway. */
struct gatewayorders {
	struct gateway *gateway;
	uint64_t share; /* that it is about; 0: none is */
	char host[NAME_HOST_MAX + 1];
	uint8_t replica;
	struct peers_wait *wait;
	struct stream *stream;
	uint8_t out[AGENTORDER_MAX];
	size_t out_len;
	size_t out_sent;
	uint8_t in[AGENTORDER_ANSWER_MAX];
	size_t in_len;
	ev_timer timer; /* for the answer, or until the next attempt */
	struct loop_task next;
};

/* --- the file ------------------------------------------------------------ */

void
gatewayorders_save(struct gateway *gateway)
{
	char *text = lent_format(gateway->lent);
	struct fault fault = { .text = "out of memory" };

	if (text == NULL || gatewayfile_save(gateway, FILE_NAME, text,
				strlen(text), &fault) != 0) {
		log_write(LOG_LEVEL_ERROR, "gateway", 0,
		    "the shares are not saved: %s", fault.text);
	}
	mem_free(text);
}

static unsigned
parse(const char *text, void *arg)
{
	return lent_parse(arg, text);
}

/* --- one order ----------------------------------------------------------- */

static void
set_timer(struct gatewayorders *orders, double seconds)
{
	struct ev_loop *ev = loop_ev(orders->gateway->loop);

	ev_timer_stop(ev, &orders->timer);
	ev_timer_set(&orders->timer, seconds, 0.);
	ev_timer_start(ev, &orders->timer);
}

/* Nothing is under way any more. */
static void
stop(struct gatewayorders *orders)
{
	struct stream *stream = orders->stream;

	ev_timer_stop(loop_ev(orders->gateway->loop), &orders->timer);
	peers_cancel(orders->wait);
	orders->wait = NULL;
	orders->stream = NULL;
	orders->share = 0;
	if (stream != NULL) {
		stream_release(stream);
	}
}

/* The agent cannot be told now: later. */
static void
give_up(struct gatewayorders *orders, const char *why)
{
	struct gateway *gateway = orders->gateway;
	char host[NAME_HOST_MAX + 1];

	memcpy(host, orders->host, sizeof(host));
	log_write(LOG_LEVEL_INFO, "share", 0,
	    "\"%s\" is not told yet that a share has ended: %s", host, why);
	stop(orders);
	set_timer(orders, RETRY_TIME);
	gatewayshare_told(gateway, host, true);
}

/* Return replica number n of the own host by that name, or NULL. */
static const struct host *
find_replica(const struct gateway *gateway, const char *name, uint8_t n)
{
	const struct host *host = hosts_find_replica(gateway->hosts, name, n);

	return host != NULL && host->replica == n && host->share == 0 ? host
								      : NULL;
}

/*
 * Return an ended share of which somebody can be told now, and that replica's
 * number in *replica, or NULL.
 */
static const struct lent_share *
find_due(const struct gateway *gateway, uint8_t *replica)
{
	const struct lent_share *share = lent_at(gateway->lent, 0);

	for (size_t i = 0; share != NULL; share = lent_at(gateway->lent, ++i)) {
		for (uint8_t n = 0; share->ended && n <= LIMITS_REPLICAS_MAX;
		     n++) {
			const struct host *host =
			    find_replica(gateway, share->host, n);

			if (host != NULL && host->online &&
			    (share->told >> n & 1) == 0) {
				*replica = n;
				return share;
			}
		}
	}
	return NULL;
}

/* Return true when every replica of the host of share was told. */
static bool
is_known(const struct gateway *gateway, const struct lent_share *share)
{
	for (uint8_t n = 0; n <= LIMITS_REPLICAS_MAX; n++) {
		if (find_replica(gateway, share->host, n) != NULL &&
		    (share->told >> n & 1) == 0) {
			return false;
		}
	}
	return true;
}

/* One was told; the share is forgotten with the last. */
static void
note_told(struct gatewayorders *orders)
{
	struct gateway *gateway = orders->gateway;
	const struct lent_share *one = lent_at(gateway->lent, 0);
	struct lent_share share;
	size_t i = 0;

	while (one != NULL && one->share != orders->share) {
		one = lent_at(gateway->lent, ++i);
	}
	if (one == NULL) {
		return;
	}
	share = *one;
	share.told |= UINT64_C(1) << orders->replica;
	if (is_known(gateway, &share)) {
		lent_drop(gateway->lent, share.share);
	} else {
		(void)lent_put(gateway->lent, &share);
	}
	gatewayorders_save(gateway);
}

/* The agent has answered. */
static void
finish(struct gatewayorders *orders, const struct agentorder_answer *answer)
{
	struct gateway *gateway = orders->gateway;
	char host[NAME_HOST_MAX + 1];
	uint8_t replica;

	if (answer->code != CODE_OK) {
		give_up(orders, answer->text);
		return;
	}
	memcpy(host, orders->host, sizeof(host));
	log_write(LOG_LEVEL_INFO, "share", 0,
	    "\"%s\" (%u) was told that a share has ended", host,
	    (unsigned)orders->replica);
	note_told(orders);
	stop(orders);
	/* Others may be offline: who waits does not wait for them. */
	gatewayshare_told(gateway, host, find_due(gateway, &replica) == NULL);
	loop_defer(gateway->loop, &orders->next);
}

/* --- the stream ---------------------------------------------------------- */

static size_t
on_pull(void *arg, uint8_t *out, size_t max, bool *fin)
{
	struct gatewayorders *orders = arg;
	size_t n = orders->out_len - orders->out_sent;

	n = n < max ? n : max;
	memcpy(out, orders->out + orders->out_sent, n);
	orders->out_sent += n;
	*fin = orders->out_sent == orders->out_len;
	return n;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	if (opened->code != CODE_OK) {
		give_up(arg, opened->text);
	}
}

static void
on_data(void *arg, const uint8_t *data, size_t len)
{
	struct gatewayorders *orders = arg;
	struct agentorder_answer answer;
	enum wire_result result = WIRE_BAD;
	size_t used = 0;

	if (len <= sizeof(orders->in) - orders->in_len) {
		memcpy(orders->in + orders->in_len, data, len);
		orders->in_len += len;
		result = agentorder_decode_answer(
		    &answer, orders->in, orders->in_len, &used);
	}
	if (result == WIRE_OK) {
		finish(orders, &answer);
	} else if (result == WIRE_BAD) {
		give_up(orders, "its answer is garbled");
	} else {
		stream_consumed(
		    orders->stream, len, loop_now(orders->gateway->loop));
	}
}

static void
on_fin(void *arg)
{
	give_up(arg, "it did not answer");
}

static void
on_reset(void *arg, enum code code, int error)
{
	(void)error;
	give_up(arg, codes_summary(code));
}

static const struct stream_ops stream_callbacks = {
	.pull = on_pull,
	.opened = on_opened,
	.data = on_data,
	.fin = on_fin,
	.reset = on_reset,
};

static void
on_session(struct session *session, enum code code, const char *text, void *arg)
{
	struct gatewayorders *orders = arg;
	struct stream_target target = { .protocol = STREAM_TCP };

	orders->wait = NULL;
	if (session == NULL) {
		(void)code;
		give_up(orders, text);
		return;
	}
	(void)snprintf(
	    target.name, sizeof(target.name), "%s", AGENTORDER_TARGET);
	orders->stream =
	    stream_open(session, &target, true, &stream_callbacks, orders);
	if (orders->stream == NULL) {
		give_up(orders, "no stream is to be had");
		return;
	}
	stream_ready(orders->stream);
}

/* --- what is next -------------------------------------------------------- */

static void
on_next(void *arg)
{
	struct gatewayorders *orders = arg;
	struct gateway *gateway = orders->gateway;
	const struct lent_share *due;
	struct agentorder order = { .verb = AGENTORDER_REVOKE };
	struct peers_wait *wait;
	uint8_t replica = 0;

	if (lent_expire(gateway->lent, (uint64_t)time(NULL))) {
		gatewayorders_save(gateway);
	}
	due = find_due(gateway, &replica);
	if (orders->share != 0 || gateway->finishing || due == NULL ||
	    endpoint_link(gateway->endpoint) == NULL) {
		return;
	}
	order.share = due->share;
	order.expiry = due->expiry;
	orders->share = due->share;
	orders->replica = replica;
	memcpy(orders->host, due->host, sizeof(orders->host));
	orders->out_len = agentorder_encode(&order, orders->out);
	orders->out_sent = 0;
	orders->in_len = 0;
	set_timer(orders, ANSWER_TIME);
	wait = peers_get_replica(
	    gateway->peers, orders->host, replica, on_session, orders);
	if (wait != NULL) {
		orders->wait = wait;
	}
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct gatewayorders *orders = timer->data;

	(void)ev;
	(void)revents;
	if (orders->share != 0) {
		give_up(orders, "it did not answer in time");
	} else {
		on_next(orders);
	}
}

void
gatewayorders_go_on(struct gateway *gateway, bool at_once)
{
	struct gatewayorders *orders = gateway->orders;

	if (orders->share != 0) {
		return;
	}
	if (at_once) {
		ev_timer_stop(loop_ev(gateway->loop), &orders->timer);
	}
	/* What failed a moment ago rests, whatever else changes. */
	if (!ev_is_active(&orders->timer)) {
		loop_defer(gateway->loop, &orders->next);
	}
}

/* --- life ---------------------------------------------------------------- */

int
gatewayorders_new(struct gateway *gateway)
{
	struct gatewayorders *orders = mem_new(1, sizeof(*orders));

	if (orders == NULL) {
		return EX_OSERR;
	}
	orders->gateway = gateway;
	ev_init(&orders->timer, on_timer);
	orders->timer.data = orders;
	loop_task_init(&orders->next, on_next, orders);
	gateway->orders = orders;
	return gatewayfile_load(
	    gateway, FILE_NAME, LENT_TEXT_MAX, parse, gateway->lent, "share");
}

void
gatewayorders_free(struct gateway *gateway)
{
	struct gatewayorders *orders = gateway->orders;

	if (orders != NULL) {
		stop(orders);
		loop_task_cancel(gateway->loop, &orders->next);
		gateway->orders = NULL;
		mem_free(orders);
	}
}
