/* SPDX-License-Identifier: ISC */
/*
 * The command "why": the way to a target, step by step, and where it ends.
 *
 *	name      is it a host of ours?
 *	route     which route decides, of what is not
 *	lookup    where a name leads that goes directly
 *	link      is there a relay?
 *	presence  is the host online?
 *	share     by what right, of a host of another account
 *	session   does it answer?
 *	target    does it lead there, by its policy, and does somebody listen?
 *
 * The way is really gone, as a client would: a connection is opened, and closed
 * at once.  Each step is an object; the first that fails is the last.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
#include "protocol/rights.h"
#include "protocol/sharestring.h"
#include "protocol/target.h"
#include "protocol/uplink.h"

/* One step: a word, a sentence, and a remedy. */
#define OBJECT_MAX 4096

struct why {
	struct gateway *gateway;
	struct control_request *request;
	struct proxy_target target;
	bool to_relay; /* itself, of which no remedy for hosts is true */
	struct reach *reach;
	struct conduit *conduit;
};

static void
why_free(struct why *why)
{
	struct conduit *conduit = why->conduit;

	why->conduit = NULL;
	if (conduit != NULL) {
		conduit_release(conduit);
	}
	reach_cancel(why->reach);
	loop_reap(why->gateway->loop, why, mem_free);
}

static void
on_cancel(void *arg)
{
	why_free(arg);
}

/* --- telling --------------------------------------------------------- */

/* Send a step; fix is NULL for one that is passed. */
static void
send_step(struct why *why, const char *step, const char *text, const char *fix)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, "step", step);
	jsonout_string(json, "state", fix == NULL ? "ok" : "fail");
	jsonout_string(json, "text", text);
	if (fix != NULL && fix[0] != '\0') {
		jsonout_string(json, "fix", fix);
	}
	jsonout_end(json);
	control_send(why->request, json);
}

static void __attribute__((format(printf, 3, 4)))
passed(struct why *why, const char *step, const char *format, ...)
{
	char text[2 * LIMITS_TEXT_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_step(why, step, text, NULL);
}

/* What helps against code, where the sentence does not say it. */
static const char *
fix_of(enum code code)
{
	switch ((int)code) {
	case CODE_HOST_UNKNOWN:
		return "\"inroad hosts\" lists yours, \"inroad invite NAME\" "
		       "adds one";
	case CODE_HOST_OFFLINE:
		return "on it: \"inroad-agent --check\", and look at its log";
	case CODE_HOST_KEY_CHANGED:
		return "\"inroad accept-key HOST\", if it was installed anew";
	case CODE_SERVICE_REFUSED:
		return "start the service there, or ask for its port";
	case CODE_SERVICE_TIMEOUT:
	case CODE_NET_UNREACHABLE:
	case CODE_HOST_UNREACHABLE:
		return "look at the network and the firewall there";
	case CODE_DNS_FAILED:
		return "try the address in place of the name";
	case CODE_DIRECT_FAILED:
		return "if it is behind a host: --route PATTERN=via:HOST";
	case CODE_LOOP:
		return "ask for what is behind the gateway, not for itself";
	case CODE_RELAY_UNREACHABLE:
	case CODE_RELAY_DNS:
		return "\"inroad status\" shows the link";
	case CODE_NOT_JOINED:
		return "\"inroad join STRING\"";
	case CODE_TOO_MANY_STREAMS:
	case CODE_OVERLOADED:
		return "try again later";
	default:
		return "";
	}
}

enum control_exit
gateway_exit(enum code code, int error)
{
	enum code cause = codes_shown(code, error);

	switch ((int)cause) {
	case CODE_OK:
		return CONTROL_OK;
	case CODE_HOST_UNKNOWN:
		return CONTROL_NO_HOST;
	case CODE_HOST_OFFLINE:
	case CODE_RELAY_UNREACHABLE:
	case CODE_RELAY_DNS:
		return CONTROL_OFFLINE;
	case CODE_SERVICE_TIMEOUT:
		return CONTROL_TIMEOUT;
	case CODE_DENIED:
		return CONTROL_NOT_ALLOWED;
	default:
		return CONTROL_FAILED;
	}
}

/* The way ends at step. */
static void
fail(struct why *why, const char *step, enum code code, int error,
    const char *text)
{
	if (text[0] == '\0') {
		text = codes_summary(code);
	}
	send_step(why, step, text, why->to_relay ? "" : fix_of(code));
	control_end(
	    why->request, gateway_exit(code, error), codes_slug(code), text);
	why_free(why);
}

/* --- the target ------------------------------------------------------ */

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct why *why = arg;
	char text[PROXYTARGET_TEXT_LEN];
	struct addr addr;
	char at[ADDR_TEXT_LEN];

	if (opened->code != CODE_OK) {
		fail(why, "target", opened->code, opened->error, opened->text);
		return;
	}
	if (addr_from_bytes(&addr, opened->address, opened->address_len,
		opened->port) == 0) {
		passed(why, "target", "%s accepts connections, at %s",
		    proxytarget_format(&why->target, text),
		    addr_format(&addr, at));
	} else {
		passed(why, "target", "%s accepts connections",
		    proxytarget_format(&why->target, text));
	}
	control_end(why->request, CONTROL_OK, NULL, NULL);
	why_free(why);
}

static void
on_reset(void *arg, enum code code, int error)
{
	fail(arg, "target", code, error, codes_summary(code));
}

static const struct stream_ops opening_ops = {
	.opened = on_opened,
	.reset = on_reset,
};

/* --- the steps before ------------------------------------------------ */

static void
tell_route(struct why *why, const struct way *way)
{
	const char *where = way->place[0] != '\0' ? way->place : "others";

	if (way->kind == WAY_HOST) {
		passed(why, "route", "route %zu, \"%s\" (%s): via %s",
		    way->rule, way->pattern, where, way->host);
	} else if (way->rule == 0) {
		passed(why, "route", "no route fits; others: direct");
	} else {
		passed(why, "route", "route %zu, \"%s\" (%s): direct",
		    way->rule, way->pattern, where);
	}
}

static void
tell_addresses(struct why *why, const struct way *way)
{
	char text[LIMITS_TEXT_LEN] = "";
	char one[ADDR_TEXT_LEN];
	size_t len = 0;

	for (size_t i = 0; i < way->addr_count; i++) {
		addr_format_ip(&way->addrs[i], one);
		if (len + strlen(one) + 3 > sizeof(text)) {
			break;
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    i > 0 ? ", " : "", one);
	}
	passed(why, "lookup", "the name leads to %s", text);
}

/* What decided that there is no way. */
static const char *
first_step(const struct way *way)
{
	if (way->kind == WAY_UNKNOWN) {
		return "link";
	}
	return way->routed ? "route" : "name";
}

/* The name, and the route if one decides; false when that was the end. */
static bool
tell_name(struct why *why, const struct reach_result *result)
{
	const struct way *way = &result->way;
	const struct host *host = hosts_find(why->gateway->hosts, way->host);
	char text[PROXYTARGET_TEXT_LEN];

	proxytarget_host(&why->target, text);
	if (way->routed) {
		passed(why, "name", "%s is none of your hosts", text);
	} else if (way->kind == WAY_HOST &&
		   strcmp(way->host, TARGET_RELAY) == 0) {
		passed(why, "name", "%s is the relay itself", text);
	} else if (way->kind == WAY_HOST) {
		passed(why, "name", "%s is %s%s\"%s\", %s", text,
		    way->target.name, way->target.name[0] != '\0' ? " at " : "",
		    way->host,
		    host != NULL && host->share != 0
			? "a host that is shared with you"
			: "a host of yours");
	}
	if (result->step == REACH_NAME || way->kind == WAY_UNKNOWN) {
		fail(why, first_step(way), result->code, 0, result->text);
		return false;
	}
	if (way->routed && way->kind != WAY_NONE) {
		tell_route(why, way);
	}
	if (result->step == REACH_LOOKUP) {
		fail(why, way->kind == WAY_LOOKUP ? "lookup" : "route",
		    result->code, 0, result->text);
		return false;
	}
	return true;
}

/* Whose host it is and what for; false when that was the end. */
static bool
tell_share(
    struct why *why, const struct host *host, const struct reach_result *result)
{
	const struct share *share = hosts_share(why->gateway->hosts, host);
	const time_t at = (time_t)host->expiry;
	char until[32] = "it is ended";
	struct tm tm;

	if (result->code == CODE_DENIED || share == NULL) {
		fail(why, "share", CODE_DENIED, 0, result->text);
		return false;
	}
	if (host->expiry != 0 && localtime_r(&at, &tm) != NULL) {
		(void)strftime(until, sizeof(until), "%Y-%m-%d %H:%M", &tm);
	}
	passed(why, "share", "shared by \"%s\" until %s: %s", host->owner,
	    until,
	    rights_are_all(share->caller.rights) ? "all that its policy allows"
						 : share->caller.rights);
	return true;
}

/* That host is online, and how many of its replicas are. */
static void
tell_presence(struct why *why, const struct host *host)
{
	struct hosts_count count;

	hosts_count_replicas(why->gateway->hosts, host->name, &count);
	if (count.listed <= 1) {
		passed(why, "presence", "\"%s\" is online", host->name);
	} else if (count.refused == 0) {
		passed(why, "presence", "\"%s\" is online, %u of %u replicas",
		    host->name, count.online, count.listed);
	} else {
		passed(why, "presence",
		    "\"%s\" is online, %u of %u replicas; %u of them have a "
		    "key that is not known here",
		    host->name, count.online, count.listed, count.refused);
	}
}

/* The relay, the host and its session; false when that was the end. */
static bool
tell_host(struct why *why, const struct reach_result *result)
{
	const struct host *host =
	    hosts_find(why->gateway->hosts, result->way.host);
	struct uplink_status status;
	char number[8] = "";
	uint8_t replica;
	uint64_t rtt;

	endpoint_get_status(why->gateway->endpoint, &status);
	if (result->step == REACH_LINK) {
		fail(why, "link", result->code, 0, result->text);
		return false;
	}
	passed(why, "link", "linked to the relay %s", status.relay);
	if (host != NULL && host->online && !hosts_is_relay(host)) {
		tell_presence(why, host);
	}
	if (host != NULL && host->share != 0 &&
	    !tell_share(why, host, result)) {
		return false;
	}
	if (result->code != CODE_OK) {
		fail(why,
		    result->code == CODE_HOST_OFFLINE ? "presence" : "session",
		    result->code, 0, result->text);
		return false;
	}
	rtt = session_rtt(result->session);
	replica = peers_replica(why->gateway->peers, result->session);
	if (replica != 0) {
		(void)snprintf(number, sizeof(number), "#%u", replica);
	}
	passed(why, "session", "\"%s%s\" answers, in %.1f ms", result->way.host,
	    number, (double)rtt / 1e6);
	return true;
}

static void
on_reached(const struct reach_result *result, void *arg)
{
	struct why *why = arg;

	why->reach = NULL;
	why->to_relay = result->way.kind == WAY_HOST &&
			strcmp(result->way.host, TARGET_RELAY) == 0;
	if (!tell_name(why, result)) {
		return;
	}
	if (result->way.kind == WAY_HOST && !tell_host(why, result)) {
		return;
	}
	if (result->way.kind == WAY_DIRECT &&
	    why->target.kind == PROXY_TARGET_NAME) {
		tell_addresses(why, &result->way);
	}
	why->conduit = reach_open(result, false, &opening_ops, why);
	if (why->conduit == NULL) {
		fail(why, "target", CODE_TOO_MANY_STREAMS, 0, "");
	}
}

/* --- the beginning --------------------------------------------------- */

/* Take "HOST:PORT" apart; 0 or -1. */
static int
set_target(struct proxy_target *target, const char *text)
{
	char host[LIMITS_NAME_LEN];
	uint16_t port = 0;

	if (addr_split(text, host, sizeof(host), &port) != 0 || port == 0) {
		return -1;
	}
	return proxytarget_set_host(target, host, strlen(host), port);
}

/* why HOST:PORT */
void
gatewaywhy_start(struct gateway *gateway, struct control_request *request)
{
	struct proxy_target target;
	struct reach *reach;
	struct why *why;

	if (set_target(&target, control_word(request, 1)) != 0) {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "why HOST:PORT");
		return;
	}
	why = mem_new(1, sizeof(*why));
	if (why == NULL) {
		gateway_refuse(request, CODE_OVERLOADED, "");
		return;
	}
	why->gateway = gateway;
	why->request = request;
	why->target = target;
	control_on_cancel(request, on_cancel, why);
	reach = reach_start(&gateway->space, &target, on_reached, why);
	if (reach != NULL) {
		why->reach = reach;
	}
}
