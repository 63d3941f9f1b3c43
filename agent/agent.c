/* SPDX-License-Identifier: ISC */
#include "agent/agent.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "agent/attach.h"
#include "agent/callers.h"
#include "agent/egress.h"
#include "agent/orders.h"
#include "agent/post.h"
#include "agent/revoked.h"
#include "agent/services.h"
#include "common/addr.h"
#include "common/control.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/agentorder.h"
#include "protocol/codes.h"
#include "protocol/endpoint.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/session.h"

/* The answer to the command services, at most. */
#define ANSWER_MAX ((size_t)1 << 20)

/* Of the objects that we answer; rises when a member changes its meaning. */
#define SCHEMA 1

/* New streams that come at once: so many seconds of them. */
#define OPEN_SECONDS (LIMITS_OPEN_BURST / LIMITS_OPEN_RATE)

struct agent {
	struct loop *loop;
	struct endpoint *endpoint;
	struct egress *egress;
	struct callers *callers;
	struct orders *orders;
	struct revoked *revoked;
	struct post *post;
	struct attach_self self;
	struct session_budget receive;
	struct session_budget retain;
	char must_be[NAME_HOST_MAX + 1]; /* empty: any name */
	int (*load)(struct policy **policy, struct services **services,
	    char ***program, struct fault *fault, void *arg);
	void *load_arg;
	/* Why the configuration is not in force; empty: it is. */
	struct fault pending;
};

/* --- the link ------------------------------------------------------------ */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct agent *agent = arg;

	(void)link;
	(void)result;
	agent->self.membership = endpoint_membership(agent->endpoint);
	egress_set_host(agent->egress, agent->self.membership->name);
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct agent *agent = arg;

	if (type == FRAME_ATTACH) {
		callers_attach(agent->callers, link, channel, payload, len);
	} else {
		link_close(link, CODE_PROTOCOL_ERROR, "unexpected frame");
	}
}

/* Refuse a name that the configuration does not want. */
static int
on_joining(struct membership *membership, void *arg)
{
	struct agent *agent = arg;

	if (agent->must_be[0] != '\0' &&
	    strcasecmp(agent->must_be, membership->name) != 0) {
		log_write(LOG_LEVEL_ERROR, "agent", 0,
		    "join string refused: it is for \"%s\", and host is \"%s\"",
		    membership->name, agent->must_be);
		return -1;
	}
	return 0;
}

/* The first login worked: say what to do next. */
static void
on_joined(const struct membership *membership, void *arg)
{
	struct agent *agent = arg;
	const struct services *services = egress_services(agent->egress);
	char target[2 * LIMITS_LABEL_LEN + 8];
	char text[LIMITS_NAME_LEN + 2 * LIMITS_LABEL_LEN];

	if (services_count(services) > 0) {
		(void)snprintf(target, sizeof(target), "%s.%s",
		    services_at(services, 0)->name, membership->name);
	} else {
		(void)snprintf(
		    target, sizeof(target), "%s:8080", membership->name);
	}
	(void)snprintf(text, sizeof(text),
	    "%s is online. Try: curl -x http://127.0.0.1:1080 http://%s/",
	    membership->name, target);
	if (isatty(STDOUT_FILENO)) {
		(void)printf("%s\n", text);
		(void)fflush(stdout);
	} else {
		log_write(LOG_LEVEL_INFO, "agent", 0, "%s", text);
	}
}

/* --- orders of the owner ------------------------------------------------- */

/* A share is over, now and after a restart. */
static void
end_share(struct agent *agent, const struct agentorder *order,
    struct agentorder_answer *answer)
{
	struct fault fault;

	switch (revoked_add(agent->revoked, order->share, order->expiry,
	    (uint64_t)time(NULL), &fault)) {
	case REVOKED_KEPT:
		break;
	case REVOKED_FULL:
		answer->code = CODE_OVERLOADED;
		(void)snprintf(answer->text, sizeof(answer->text),
		    "\"%s\" keeps %d ended shares, the limit.",
		    agent->self.membership->name, REVOKED_MAX);
		break;
	case REVOKED_FAILED:
		answer->code = CODE_INTERNAL;
		(void)snprintf(answer->text, sizeof(answer->text),
		    "\"%s\" cannot write it down.",
		    agent->self.membership->name);
		log_write(LOG_LEVEL_ERROR, "agent", 0,
		    "an ended share is not saved: %s", fault.text);
		break;
	}
	callers_end_share(agent->callers, order->share);
}

static void
on_order(
    const struct agentorder *order, struct agentorder_answer *answer, void *arg)
{
	struct agent *agent = arg;

	switch (order->verb) {
	case AGENTORDER_REVOKE:
		end_share(agent, order, answer);
		break;
	case AGENTORDER_UNKNOWN:
		break;
	}
}

/* --- configuration ------------------------------------------------------- */

/* Take policy and services from the configuration; 0, or -1 and why. */
static int
load(struct agent *agent)
{
	struct policy *policy;
	struct services *services;
	char **program;
	struct fault *pending = &agent->pending;

	if (agent->load(
		&policy, &services, &program, pending, agent->load_arg) != 0) {
		return -1;
	}
	pending->text[0] = '\0';
	egress_configure(agent->egress, policy, services);
	post_configure(agent->post, program);
	return 0;
}

static void
on_reload(void *arg)
{
	struct agent *agent = arg;

	if (load(agent) == 0) {
		log_write(LOG_LEVEL_INFO, "agent", 0, "configuration reloaded");
	} else {
		log_write(LOG_LEVEL_ERROR, "agent", 0,
		    "configuration not reloaded: the old one stays: %s",
		    agent->pending.text);
	}
}

/* --- the end ------------------------------------------------------------- */

/* The last stream ended. */
static void
on_idle(void *arg)
{
	struct agent *agent = arg;

	/* Nothing happens unless it is time to finish. */
	endpoint_finished(agent->endpoint);
}

static void
on_finish(void *arg)
{
	struct agent *agent = arg;

	callers_finish(agent->callers);
	if (egress_count(agent->egress) == 0) {
		endpoint_finished(agent->endpoint);
	}
}

static void
on_stop(void *arg)
{
	struct agent *agent = arg;

	callers_close(agent->callers, CODE_GOING_DOWN);
}

/* --- the control socket -------------------------------------------------- */

/* Add the services to an object. */
static void
add_services(const struct agent *agent, struct jsonout *json)
{
	const struct services *services = egress_services(agent->egress);
	char to[ADDR_HOST_LEN + 16];

	jsonout_array(json, "services");
	for (size_t i = 0; i < services_count(services); i++) {
		const struct service *service = services_at(services, i);

		(void)snprintf(to, sizeof(to),
		    strchr(service->host, ':') == NULL ? "%s:%u" : "[%s]:%u",
		    service->host, (unsigned)service->port);
		jsonout_object(json, NULL);
		jsonout_string(json, "name", service->name);
		jsonout_string(json, "to", to);
		jsonout_end(json);
	}
	jsonout_end(json);
}

static void
add_caller(const struct callers_info *info, void *arg)
{
	struct jsonout *json = arg;

	jsonout_object(json, NULL);
	jsonout_string(json, "user", info->user);
	jsonout_string(json, "device", info->device);
	jsonout_uint(json, "sessions", info->sessions);
	jsonout_uint(json, "streams", info->streams);
	jsonout_string(json, "state",
	    info->lost == info->sessions ? "reconnecting" : "online");
	if (info->last_gap_ns > 0) {
		jsonout_double(json, "last_gap_s",
		    (double)info->last_gap_ns / (double)LIMITS_SEC);
	}
	if (info->rtt_ns > 0) {
		jsonout_double(
		    json, "rtt_ms", (double)info->rtt_ns / (double)LIMITS_MSEC);
	}
	jsonout_uint(json, "sent", info->sent);
	jsonout_uint(json, "received", info->received);
	jsonout_end(json);
}

static void
add_datagrams(struct jsonout *json, const struct assoc_stats *stats)
{
	jsonout_object(json, "datagrams");
	jsonout_uint(json, "sent", stats->sent);
	jsonout_uint(json, "received", stats->received);
	jsonout_uint(json, "denied", stats->denied);
	jsonout_uint(json, "strays", stats->strays);
	jsonout_uint(json, "lost", stats->lost);
	jsonout_uint(json, "unreachable", stats->unreachable);
	jsonout_end(json);
}

static void
on_status(struct jsonout *json, void *arg)
{
	struct agent *agent = arg;
	struct egress_stats stats;

	egress_get_stats(agent->egress, &stats);
	jsonout_uint(json, "streams", stats.open);
	jsonout_uint(json, "waiting", stats.waiting);
	jsonout_uint(json, "streams_ever", stats.ever);
	jsonout_uint(json, "failures", stats.failed);
	add_datagrams(json, &stats.datagrams);
	jsonout_uint(json, "lost_sessions", callers_lost(agent->callers));
	jsonout_uint(json, "retained", agent->retain.used);
	add_services(agent, json);
	if (agent->pending.text[0] != '\0') {
		jsonout_string(json, "configuration", agent->pending.text);
	}
	jsonout_array(json, "callers");
	callers_each(agent->callers, add_caller, json);
	jsonout_end(json);
}

static bool
on_command(struct control_request *request, void *arg)
{
	struct agent *agent = arg;
	struct jsonout *json;

	if (strcmp(control_word(request, 0), "send") == 0) {
		post_send(agent->post, agent->callers, request);
		return true;
	}
	if (strcmp(control_word(request, 0), "services") != 0 ||
	    control_count(request) != 1) {
		return false;
	}
	json = jsonout_new(ANSWER_MAX);
	if (json != NULL) {
		jsonout_object(json, NULL);
		jsonout_uint(json, "schema", SCHEMA);
		add_services(agent, json);
		jsonout_end(json);
	}
	control_send(request, json);
	control_end(request, CONTROL_OK, NULL, NULL);
	return true;
}

/* Whoever waits for a session that we keep should not wait long. */
static bool
is_urgent(void *arg)
{
	const struct agent *agent = arg;

	return callers_lost(agent->callers) > 0;
}

static const struct endpoint_ops endpoint_callbacks = {
	.is_urgent = is_urgent,
	.up = on_up,
	.frame = on_frame,
	.joining = on_joining,
	.joined = on_joined,
	.reload = on_reload,
	.finish = on_finish,
	.stop = on_stop,
	.command = on_command,
	.status = on_status,
};

/* --- life ---------------------------------------------------------------- */

/* Refuse a membership with a name that the configuration does not want. */
static int
check_name(const struct agent *agent)
{
	const struct membership *membership =
	    endpoint_membership(agent->endpoint);

	if (membership != NULL && agent->must_be[0] != '\0' &&
	    strcasecmp(agent->must_be, membership->name) != 0) {
		log_write(LOG_LEVEL_ERROR, "agent", 0,
		    "not started: this state belongs to \"%s\", and host is "
		    "\"%s\"",
		    membership->name, agent->must_be);
		return EX_CONFIG;
	}
	return EX_OK;
}

/* Make who takes orders, and what those said before; an exit code. */
static int
prepare_orders(struct agent *agent)
{
	struct fault fault;

	agent->revoked =
	    revoked_open(endpoint_directory(agent->endpoint), &fault);
	if (agent->revoked == NULL) {
		log_write(
		    LOG_LEVEL_ERROR, "agent", 0, "not started: %s", fault.text);
		return EX_CONFIG;
	}
	agent->self.revoked = agent->revoked;
	agent->orders = orders_new(agent->loop, on_order, agent);
	return agent->orders != NULL ? EX_OK : EX_OSERR;
}

/* Make what stands behind the endpoint; an exit code. */
static int
prepare(struct agent *agent, const struct agent_config *config)
{
	const struct callers_config callers = {
		.self = &agent->self,
		.receive = &agent->receive,
		.retain = &agent->retain,
		.sessions_max = config->sessions_max,
		.streams_max = config->streams_max,
		.open_rate = config->open_rate,
		.open_burst = OPEN_SECONDS * config->open_rate,
		.retain_max = config->retain_max,
		.window_max = config->window_max,
	};
	struct callers_config filled = callers;
	int status;

	agent->receive.max = config->receive_budget;
	agent->retain.max = config->retain_budget;
	agent->self.grace = config->grace;
	agent->self.public_key = endpoint_public_key(agent->endpoint);
	agent->self.secret_key = endpoint_secret_key(agent->endpoint);
	agent->egress =
	    egress_new(agent->loop, endpoint_resolver(agent->endpoint));
	if (agent->egress == NULL) {
		return EX_OSERR;
	}
	egress_set_dials(agent->egress, config->dials_max);
	egress_on_idle(agent->egress, on_idle, agent);
	status = prepare_orders(agent);
	if (status != EX_OK) {
		return status;
	}
	filled.egress = agent->egress;
	filled.orders = agent->orders;
	agent->post = post_new(agent->loop, agent->endpoint);
	if (agent->post == NULL) {
		return EX_OSERR;
	}
	filled.post = agent->post;
	agent->callers = callers_new(agent->loop, &filled);
	if (agent->callers == NULL) {
		return EX_OSERR;
	}
	if (load(agent) != 0) {
		log_write(
		    LOG_LEVEL_ERROR, "agent", 0, "%s", agent->pending.text);
		return EX_CONFIG;
	}
	return EX_OK;
}

struct agent *
agent_new(struct loop *loop, const struct agent_config *config, int *status)
{
	struct agent *agent = mem_new(1, sizeof(*agent));
	const struct endpoint_config endpoint = {
		.role = LINKHELLO_AGENT,
		.state = config->state,
		.join = config->join,
		.relays = config->relays,
		.ops = &endpoint_callbacks,
		.arg = agent,
	};

	*status = EX_OSERR;
	if (agent == NULL) {
		return NULL;
	}
	agent->loop = loop;
	agent->load = config->load;
	agent->load_arg = config->load_arg;
	if (config->host != NULL) {
		(void)snprintf(
		    agent->must_be, sizeof(agent->must_be), "%s", config->host);
	}
	agent->endpoint = endpoint_new(loop, &endpoint, status);
	if (agent->endpoint != NULL) {
		*status = check_name(agent);
	}
	if (*status == EX_OK) {
		*status = prepare(agent, config);
	}
	if (*status != EX_OK) {
		agent_free(agent);
		return NULL;
	}
	return agent;
}

int
agent_serve(struct agent *agent)
{
	return endpoint_serve(agent->endpoint, NULL);
}

void
agent_free(struct agent *agent)
{
	if (agent == NULL) {
		return;
	}
	callers_free(agent->callers);
	post_free(agent->post);
	orders_free(agent->orders);
	revoked_free(agent->revoked);
	egress_free(agent->egress);
	endpoint_free(agent->endpoint);
	mem_free(agent);
}
