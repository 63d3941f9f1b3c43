/* SPDX-License-Identifier: ISC */
/* Commands that take time: wait and ping. */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "common/control.h"
#include "common/jsonout.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "protocol/conduit.h"
#include "protocol/endpoint.h"
#include "protocol/link.h"
#include "protocol/uplink.h"

/* Seconds between two tries. */
#define RETRY 0.2

/* What a person waits for when no time is given, in seconds. */
#define WAIT_TIME 30.0

/*
 * A wait: for the link (no target), for a session to a host (port 0), or until
 * something accepts connections at a port of it.
 */
struct wait {
	struct gateway *gateway;
	struct control_request *request;
	bool has_target;
	bool has_port;
	struct proxy_target target;
	struct reach *reach;
	struct conduit *conduit;
	ev_timer timer;
	uint64_t deadline;
};

static void try(struct wait *wait);

/* Everything of wait is over. */
static void
wait_free(struct wait *wait)
{
	struct conduit *conduit = wait->conduit;

	wait->conduit = NULL;
	if (conduit != NULL) {
		conduit_release(conduit);
	}
	reach_cancel(wait->reach);
	ev_timer_stop(loop_ev(wait->gateway->loop), &wait->timer);
	loop_reap(wait->gateway->loop, wait, mem_free);
}

static void
on_cancel(void *arg)
{
	wait_free(arg);
}

static void
succeed(struct wait *wait)
{
	control_end(wait->request, CONTROL_OK, NULL, NULL);
	wait_free(wait);
}

static void
set_timer(struct wait *wait, double seconds)
{
	struct ev_loop *ev = loop_ev(wait->gateway->loop);

	ev_timer_stop(ev, &wait->timer);
	ev_timer_set(&wait->timer, seconds, 0.);
	ev_timer_start(ev, &wait->timer);
}

/* The time is over: say how the last try went. */
static void
give_up(struct wait *wait, enum code code, const char *text)
{
	char words[2 * LIMITS_TEXT_LEN];

	(void)snprintf(words, sizeof(words), "Not within the time. %s", text);
	control_end(wait->request, CONTROL_TIMEOUT, codes_slug(code), words);
	wait_free(wait);
}

/* Not yet: try again, or give up. */
static void
retry(struct wait *wait, enum code code, const char *text)
{
	if (loop_now(wait->gateway->loop) >= wait->deadline) {
		give_up(wait, code, text);
	} else {
		set_timer(wait, RETRY);
	}
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct wait *wait = arg;
	struct conduit *conduit = wait->conduit;

	wait->conduit = NULL;
	conduit_release(conduit);
	if (opened->code == CODE_OK) {
		succeed(wait);
	} else {
		retry(wait, opened->code, opened->text);
	}
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct wait *wait = arg;
	struct conduit *conduit = wait->conduit;

	(void)error;
	wait->conduit = NULL;
	conduit_release(conduit);
	retry(wait, code, codes_summary(code));
}

static const struct stream_ops opening_ops = {
	.opened = on_opened,
	.reset = on_reset,
};

static void
on_reached(const struct reach_result *result, void *arg)
{
	struct wait *wait = arg;

	wait->reach = NULL;
	if (result->code != CODE_OK) {
		retry(wait, result->code, result->text);
		return;
	}
	if (!wait->has_port) {
		succeed(wait);
		return;
	}
	wait->conduit = reach_open(result, false, &opening_ops, wait);
	if (wait->conduit == NULL) {
		retry(wait, CODE_TOO_MANY_STREAMS,
		    codes_summary(CODE_TOO_MANY_STREAMS));
	}
}

/* Seconds until the deadline. */
static double
remaining(const struct wait *wait)
{
	uint64_t now = loop_now(wait->gateway->loop);

	return now < wait->deadline ? (double)(wait->deadline - now) / 1e9 : 0.;
}

static void
try(struct wait *wait)
{
	struct gateway *gateway = wait->gateway;
	char text[LIMITS_TEXT_LEN];
	struct reach *reach;

	if (wait->has_target) {
		/* A try may wait for longer than we do. */
		set_timer(wait, remaining(wait));
		reach = reach_start(
		    &gateway->space, &wait->target, on_reached, wait);
		if (reach != NULL) {
			wait->reach = reach;
		}
	} else if (hosts_is_complete(gateway->hosts) &&
		   endpoint_link(gateway->endpoint) != NULL) {
		succeed(wait);
	} else {
		enum code code = endpoint_no_link(gateway->endpoint, text);

		retry(wait, code, text);
	}
}

/* The time is over while a try is under way: say what is in its way. */
static void
interrupt(struct wait *wait)
{
	char text[LIMITS_TEXT_LEN];
	enum code code =
	    wait->reach != NULL ? reach_why(wait->reach, text) : CODE_OK;

	if (code == CODE_OK) {
		code = CODE_SERVICE_TIMEOUT;
		(void)snprintf(text, sizeof(text), "There is no answer yet.");
	}
	give_up(wait, code, text);
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct wait *wait = timer->data;

	(void)ev;
	(void)revents;
	if (wait->reach != NULL || wait->conduit != NULL) {
		interrupt(wait);
	} else {
		try(wait);
	}
}

/* Take "HOST" or "HOST:PORT" apart; 0 or -1. */
static int
set_target(struct wait *wait, const char *text)
{
	char host[LIMITS_NAME_LEN];
	uint16_t port = 0;

	wait->has_target = true;
	wait->has_port = strchr(text, ':') != NULL;
	if (!wait->has_port) {
		return proxytarget_set_host(
		    &wait->target, text, strlen(text), 0);
	}
	if (addr_split(text, host, sizeof(host), &port) != 0 || port == 0) {
		return -1;
	}
	return proxytarget_set_host(&wait->target, host, strlen(host), port);
}

/* wait SECONDS [HOST[:PORT]] */
void
gatewaywait_start(struct gateway *gateway, struct control_request *request)
{
	const char *target = control_word(request, 2);
	double seconds = strtod(control_word(request, 1), NULL);
	struct wait *wait = mem_new(1, sizeof(*wait));

	if (wait == NULL || !(seconds >= 0 && seconds < 1e6)) {
		mem_free(wait);
		control_end(request, CONTROL_USAGE, "bad-request",
		    "wait SECONDS [HOST[:PORT]]");
		return;
	}
	wait->gateway = gateway;
	wait->request = request;
	wait->deadline = loop_now(gateway->loop) +
			 (uint64_t)((seconds > 0 ? seconds : WAIT_TIME) * 1e9);
	ev_init(&wait->timer, on_timer);
	wait->timer.data = wait;
	if (target[0] != '\0' && set_target(wait, target) != 0) {
		mem_free(wait);
		control_end(request, CONTROL_USAGE, "bad-request",
		    "A target is HOST or HOST:PORT.");
		return;
	}
	control_on_cancel(request, on_cancel, wait);
	try(wait);
}

/* --- ping
 * ---------------------------------------------------------------------------
 */

/* A ping under way. */
struct ping {
	struct gateway *gateway;
	struct control_request *request;
	struct peers_wait *wait;
	uint64_t sent;
	char host[NAME_HOST_MAX + 1];
	bool starting;
	bool over;
};

static void
on_ping_cancel(void *arg)
{
	struct ping *ping = arg;

	peers_cancel(ping->wait);
	mem_free(ping);
}

static void
send_times(struct ping *ping, const struct session *session)
{
	struct link *link = endpoint_link(ping->gateway->endpoint);
	uint64_t total_ns = session_rtt(session);
	uint64_t relay_ns = link != NULL ? link_rtt(link) : 0;
	double total = (double)total_ns / 1e6;
	double relay = (double)relay_ns / 1e6;
	struct jsonout *json = jsonout_new(1024);

	jsonout_object(json, NULL);
	jsonout_string(json, "host", ping->host);
	jsonout_double(json, "rtt_ms", total);
	jsonout_double(json, "relay_ms", relay);
	jsonout_double(json, "agent_ms", total > relay ? total - relay : 0);
	jsonout_end(json);
	control_send(ping->request, json);
}

static void
on_pong(struct session *session, enum code code, const char *text, void *arg)
{
	struct ping *ping = arg;

	ping->wait = NULL;
	ping->over = true;
	if (code == CODE_OK) {
		send_times(ping, session);
		control_end(ping->request, CONTROL_OK, NULL, NULL);
	} else {
		control_end(ping->request, gateway_exit(code, 0),
		    codes_slug(code), text);
	}
	if (!ping->starting) {
		mem_free(ping);
	}
}

/* ping HOST */
void
gatewaywait_ping(struct gateway *gateway, struct control_request *request)
{
	struct ping *ping = mem_new(1, sizeof(*ping));

	if (ping == NULL) {
		gateway_refuse(request, CODE_OVERLOADED, "");
		return;
	}
	ping->gateway = gateway;
	ping->request = request;
	(void)name_fold(
	    control_word(request, 1), ping->host, sizeof(ping->host));
	control_on_cancel(request, on_ping_cancel, ping);
	ping->starting = true;
	ping->wait = peers_ping(gateway->peers, ping->host, on_pong, ping);
	ping->starting = false;
	if (ping->over) {
		mem_free(ping);
	}
}
