/* SPDX-License-Identifier: ISC */
#include "gateway/reach.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/resolver.h"
#include "gateway/direct.h"
#include "gateway/peers.h"
#include "gateway/virtuals.h"
#include "protocol/endpoint.h"

struct reach {
	const struct reach_space *space;
	struct peers_wait *wait;
	struct resolver_lookup *lookup;
	struct reach_result result;
	reach_done *done;
	void *arg;
	bool starting; /* reach_start() has not returned */
	bool over;
};

/* Tell the result, which is complete. */
static void
finish(struct reach *reach)
{
	reach->over = true;
	reach->done(&reach->result, reach->arg);
	if (!reach->starting) {
		mem_free(reach);
	}
}

/* --- to a host ------------------------------------------------------- */

static void
on_session(struct session *session, enum code code, const char *text, void *arg)
{
	struct reach *reach = arg;

	reach->wait = NULL;
	reach->result.session = session;
	reach->result.code = code;
	if (code == CODE_OK) {
		reach->result.step = REACH_READY;
	} else if (endpoint_link(reach->space->endpoint) == NULL) {
		reach->result.step = REACH_LINK;
	}
	(void)snprintf(
	    reach->result.text, sizeof(reach->result.text), "%s", text);
	finish(reach);
}

static void
fail_link(struct reach *reach)
{
	reach->result.step = REACH_LINK;
	reach->result.code =
	    endpoint_no_link(reach->space->endpoint, reach->result.text);
	finish(reach);
}

static void
ask_host(struct reach *reach)
{
	bool starting = reach->starting;
	struct peers_wait *wait;

	reach->result.step = REACH_SESSION;
	/* It may be over within. */
	reach->starting = true;
	wait = peers_get(
	    reach->space->peers, reach->result.way.host, on_session, reach);
	reach->starting = starting;
	if (!reach->over) {
		reach->wait = wait;
	} else if (!starting) {
		mem_free(reach);
	}
}

/* --- directly -------------------------------------------------------- */

static void follow(struct reach *reach);

/* There is no way. */
static void
refuse(struct reach *reach)
{
	struct reach_result *result = &reach->result;

	result->code = result->way.code;
	(void)snprintf(
	    result->text, sizeof(result->text), "%s", result->way.text);
	finish(reach);
}

static void
fail_lookup(struct reach *reach, enum resolver_status status)
{
	static const char *const reasons[] = {
		[RESOLVER_OK] = "no such name",
		[RESOLVER_NO_NAME] = "no such name",
		[RESOLVER_TIMEOUT] = "no name server answered",
		[RESOLVER_FAILED] = "the name servers cannot tell",
		[RESOLVER_NO_MEMORY] = "out of memory",
	};
	struct reach_result *result = &reach->result;
	char host[PROXYTARGET_TEXT_LEN];

	if ((status == RESOLVER_OK || status == RESOLVER_NO_NAME) &&
	    way_is_missing(&result->way, &reach->space->map, &result->asked)) {
		refuse(reach);
		return;
	}
	result->code =
	    status == RESOLVER_NO_MEMORY ? CODE_OVERLOADED : CODE_DIRECT_FAILED;
	(void)snprintf(result->text, sizeof(result->text),
	    "%.120s is not one of your hosts, and going there directly failed "
	    "(%s).",
	    proxytarget_host(&result->asked, host), reasons[status]);
	finish(reach);
}

static void
on_addresses(enum resolver_status status, const struct addr *addrs,
    size_t count, void *arg)
{
	struct reach *reach = arg;

	reach->lookup = NULL;
	if (status != RESOLVER_OK || count == 0) {
		fail_lookup(reach, status);
		return;
	}
	way_resume(&reach->result.way, &reach->space->map, &reach->result.asked,
	    addrs, count);
	follow(reach);
}

static void
look_up(struct reach *reach)
{
	const struct proxy_target *asked = &reach->result.asked;

	reach->result.step = REACH_LOOKUP;
	reach->lookup = resolver_start(reach->space->resolver, asked->name,
	    asked->port, on_addresses, reach);
	if (reach->lookup == NULL) {
		fail_lookup(reach, RESOLVER_NO_MEMORY);
	}
}

/* Go where the way leads next. */
static void
follow(struct reach *reach)
{
	struct reach_result *result = &reach->result;

	switch (result->way.kind) {
	case WAY_NONE:
		refuse(reach);
		break;
	case WAY_UNKNOWN:
		fail_link(reach);
		break;
	case WAY_HOST:
		ask_host(reach);
		break;
	case WAY_LOOKUP:
		look_up(reach);
		break;
	case WAY_DIRECT:
		result->step = REACH_READY;
		finish(reach);
		break;
	}
}

/* Decide what was really asked for, and follow it. */
static void
begin(struct reach *reach)
{
	struct reach_result *result = &reach->result;
	char text[PROXYTARGET_TEXT_LEN];

	if (virtuals_translate(reach->space->virtuals, &result->asked) ==
	    VIRTUALS_LOST) {
		result->code = CODE_HOST_UNKNOWN;
		(void)snprintf(result->text, sizeof(result->text),
		    "%s stands for no name here, or for none any more; look "
		    "the name up again.",
		    proxytarget_host(&result->asked, text));
		finish(reach);
		return;
	}
	way_find(&result->way, &reach->space->map, &result->asked);
	follow(reach);
}

/* --- life ------------------------------------------------------------ */

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
	reach->space = space;
	reach->done = done;
	reach->arg = arg;
	reach->result.direct = space->direct;
	reach->result.asked = *target;
	reach->starting = true;
	begin(reach);
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
	char name[PROXYTARGET_TEXT_LEN];
	struct stream *stream;

	if (result->session == NULL) {
		return direct_open(result->direct,
		    proxytarget_format(&result->asked, name), result->way.addrs,
		    result->way.addr_count, ops, arg);
	}
	stream =
	    stream_open(result->session, &result->way.target, early, ops, arg);
	return stream != NULL ? stream_conduit(stream) : NULL;
}

enum code
reach_why(const struct reach *reach, char text[LIMITS_TEXT_LEN])
{
	return reach->wait != NULL ? peers_why(reach->space->peers,
					 reach->result.way.host, text)
				   : CODE_OK;
}

void
reach_cancel(struct reach *reach)
{
	if (reach != NULL) {
		peers_cancel(reach->wait);
		resolver_cancel(reach->lookup);
		mem_free(reach);
	}
}
