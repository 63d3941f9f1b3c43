/* SPDX-License-Identifier: ISC */
#include "gateway/reach.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/mem.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "protocol/endpoint.h"
#include "protocol/target.h"
#include "protocol/uplink.h"

struct reach {
	struct peers_wait *wait;
	struct reach_result result;
	reach_done *done;
	void *arg;
	bool starting; /* reach_start() has not returned */
	bool over;
};

static bool
is_host(void *arg, const char *label)
{
	return hosts_find(arg, label) != NULL;
}

enum code
reach_no_link(struct endpoint *endpoint, char *text)
{
	struct uplink_status status;

	endpoint_get_status(endpoint, &status);
	if (status.code == CODE_OK) {
		status.code = CODE_RELAY_UNREACHABLE;
		(void)snprintf(text, LIMITS_TEXT_LEN,
		    "The connection to the relay %.100s is being made.",
		    status.relay);
		return status.code;
	}
	(void)snprintf(text, LIMITS_TEXT_LEN, "%s",
	    status.text[0] != '\0' ? status.text : codes_summary(status.code));
	return status.code;
}

static void
unknown(const struct reach_space *space, const char *name,
    struct reach_result *result)
{
	const char *nearest = hosts_nearest(space->hosts, name);

	result->code = CODE_HOST_UNKNOWN;
	if (nearest != NULL) {
		(void)snprintf(result->text, sizeof(result->text),
		    "No host \"%s\". Did you mean \"%s\"? \"inroad hosts\" "
		    "lists yours.",
		    name, nearest);
	} else {
		(void)snprintf(result->text, sizeof(result->text),
		    "No host \"%s\". \"inroad hosts\" lists yours.", name);
	}
}

/* Return true when asked is this machine itself. */
static bool
is_own_loopback(const struct proxy_target *asked)
{
	static const char localhost[] = "localhost";
	size_t len = strlen(asked->name);
	size_t end = sizeof(localhost) - 1;
	struct addr addr;

	if (proxytarget_addr(asked, &addr) == 0) {
		return addr_is_this_host(&addr);
	}
	return len >= end && strcmp(asked->name + len - end, localhost) == 0 &&
	       (len == end || asked->name[len - end - 1] == '.');
}

/* Decide whose asked is; CODE_OK in result when it is a host of ours. */
static void
decide(const struct reach_space *space, const struct proxy_target *asked,
    struct reach_result *result)
{
	const struct target_space names = {
		.suffix = space->suffix,
		.is_host = is_host,
		.arg = space->hosts,
	};
	char text[PROXYTARGET_TEXT_LEN];
	struct target target;

	proxytarget_host(asked, text);
	(void)target_from_name(
	    &target, &names, text, strlen(text), asked->port);
	if (target.kind == TARGET_OURS && space->outside &&
	    strcmp(target.host, TARGET_RELAY) == 0) {
		result->code = CODE_DENIED;
		(void)snprintf(result->text, sizeof(result->text),
		    "The relay is reached from the gateway's own machine "
		    "only.");
		return;
	}
	if (target.kind == TARGET_OURS) {
		result->target.protocol = STREAM_TCP;
		result->target.port = target.port;
		(void)snprintf(result->target.name, sizeof(result->target.name),
		    "%s", target.rest);
		(void)snprintf(
		    result->host, sizeof(result->host), "%s", target.host);
		return;
	}
	if (space->outside && is_own_loopback(asked)) {
		result->code = CODE_DENIED;
		(void)snprintf(result->text, sizeof(result->text),
		    "The gateway's own machine is not reached from others.");
		return;
	}
	if (!hosts_is_complete(space->hosts) &&
	    endpoint_link(space->endpoint) == NULL) {
		/* Whose the name is cannot be known yet. */
		result->code = reach_no_link(space->endpoint, result->text);
	} else if (target.kind == TARGET_UNKNOWN) {
		unknown(space, target.host, result);
	} else {
		result->code = CODE_DIRECT_FAILED;
		(void)snprintf(result->text, sizeof(result->text),
		    "%.180s is not one of your hosts, and this gateway goes "
		    "nowhere else.",
		    text);
	}
}

static void
on_session(struct session *session, enum code code, const char *text, void *arg)
{
	struct reach *reach = arg;

	reach->wait = NULL;
	reach->over = true;
	reach->result.session = session;
	reach->result.code = code;
	(void)snprintf(
	    reach->result.text, sizeof(reach->result.text), "%s", text);
	reach->done(&reach->result, reach->arg);
	if (!reach->starting) {
		mem_free(reach);
	}
}

struct reach *
reach_start(const struct reach_space *space, const struct proxy_target *target,
    reach_done *done, void *arg)
{
	struct reach_result refusal = { .code = CODE_OVERLOADED };
	struct reach *reach = mem_new(1, sizeof(*reach));

	if (reach == NULL) {
		done(&refusal, arg);
		return NULL;
	}
	reach->done = done;
	reach->arg = arg;
	decide(space, target, &reach->result);
	if (reach->result.code == CODE_OK &&
	    endpoint_link(space->endpoint) == NULL) {
		reach->result.code =
		    reach_no_link(space->endpoint, reach->result.text);
	}
	if (reach->result.code != CODE_OK) {
		done(&reach->result, arg);
		mem_free(reach);
		return NULL;
	}
	reach->starting = true;
	reach->wait =
	    peers_get(space->peers, reach->result.host, on_session, reach);
	reach->starting = false;
	if (reach->over) {
		mem_free(reach);
		return NULL;
	}
	return reach;
}

struct conduit *
reach_open(const struct reach_result *result, bool early,
    const struct stream_ops *ops, void *arg)
{
	struct stream *stream =
	    stream_open(result->session, &result->target, early, ops, arg);

	return stream != NULL ? stream_conduit(stream) : NULL;
}

void
reach_cancel(struct reach *reach)
{
	if (reach != NULL) {
		peers_cancel(reach->wait);
		mem_free(reach);
	}
}
