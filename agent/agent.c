/* SPDX-License-Identifier: ISC */
#include "agent/agent.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "agent/attach.h"
#include "agent/callers.h"
#include "agent/egress.h"
#include "agent/policy.h"
#include "agent/services.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "common/log.h"
#include "common/mem.h"
#include "protocol/endpoint.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/session.h"

struct agent {
	struct loop *loop;
	struct endpoint *endpoint;
	struct session_budget receive;
	struct attach_self self;
	struct egress *egress;   /* NULL before the first link */
	struct callers *callers; /* likewise */
	char host[NAME_HOST_MAX + 1];
	/* Judged rules until there is an egress to take them. */
	struct policy *policy;
	struct services *services;
	void (*reload)(void *arg);
	void *arg;
};

/* --- rules ---------------------------------------------------------------- */

static int
add_services(const struct agent_rules *rules, struct services *services,
    struct policy *policy, struct fault *fault)
{
	for (size_t i = 0; i < rules->service_count; i++) {
		const struct agent_service *service = &rules->services[i];
		const char *flaw = "leads nowhere";
		const struct service *added;

		if (service->to == NULL || services_set(services, service->name,
					       service->to, &flaw) != 0) {
			return fault_set(
			    fault, "service \"%s\" %s", service->name, flaw);
		}
		added = services_find(services, service->name);
		if (added == NULL || policy_permit(policy, added->host,
					 added->port, &flaw) != 0) {
			return fault_set(
			    fault, "service \"%s\" %s", service->name, flaw);
		}
	}
	return 0;
}

/* Make rules into a policy and services; 0, or -1 and *fault. */
static int
judge(const struct agent_rules *rules, struct policy **policy,
    struct services **services, struct fault *fault)
{
	const char *flaw;

	*policy = policy_new();
	*services = services_new();
	if (*policy == NULL || *services == NULL) {
		(void)fault_set(fault, "out of memory");
		goto fail;
	}
	policy_set_loopback(*policy, rules->loopback);
	for (size_t i = 0; i < rules->allow_count; i++) {
		if (policy_allow(*policy, rules->allows[i], &flaw) != 0) {
			(void)fault_set(
			    fault, "allow \"%s\" %s", rules->allows[i], flaw);
			goto fail;
		}
	}
	if (add_services(rules, *services, *policy, fault) == 0) {
		return 0;
	}
fail:
	policy_free(*policy);
	services_free(*services);
	*policy = NULL;
	*services = NULL;
	return -1;
}

int
agent_check(const struct agent_rules *rules, struct fault *fault)
{
	struct policy *policy;
	struct services *services;
	int result = judge(rules, &policy, &services, fault);

	policy_free(policy);
	services_free(services);
	return result;
}

int
agent_set_rules(
    struct agent *agent, const struct agent_rules *rules, struct fault *fault)
{
	struct policy *policy;
	struct services *services;

	if (judge(rules, &policy, &services, fault) != 0) {
		return -1;
	}
	if (agent->egress != NULL) {
		egress_configure(agent->egress, policy, services);
		return 0;
	}
	policy_free(agent->policy);
	services_free(agent->services);
	agent->policy = policy;
	agent->services = services;
	return 0;
}

/* --- what the endpoint tells ---------------------------------------------- */

/* With the first link it is known which host this is. */
static int
start(struct agent *agent)
{
	const struct callers_config config = {
		.self = &agent->self,
		.receive = &agent->receive,
	};
	struct callers_config own = config;

	agent->egress = egress_new(
	    agent->loop, endpoint_resolver(agent->endpoint), agent->host);
	if (agent->egress == NULL) {
		return -1;
	}
	egress_configure(agent->egress, agent->policy, agent->services);
	agent->policy = NULL;
	agent->services = NULL;
	own.egress = agent->egress;
	agent->callers = callers_new(agent->loop, &own);
	return agent->callers != NULL ? 0 : -1;
}

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct agent *agent = arg;

	(void)result;
	agent->self.membership = endpoint_membership(agent->endpoint);
	agent->self.public_key = endpoint_public_key(agent->endpoint);
	agent->self.secret_key = endpoint_secret_key(agent->endpoint);
	(void)snprintf(agent->host, sizeof(agent->host), "%s",
	    agent->self.membership->name);
	if (agent->callers == NULL && start(agent) != 0) {
		link_close(link, CODE_OVERLOADED, "out of memory");
	}
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct agent *agent = arg;

	if (type == FRAME_ATTACH && agent->callers != NULL) {
		callers_attach(agent->callers, link, channel, payload, len);
	} else if (type != FRAME_NOTICE) {
		link_close(link, CODE_PROTOCOL_ERROR, "unexpected frame");
	}
}

static void
on_down(enum code code, const char *text, void *arg)
{
	struct agent *agent = arg;

	(void)text;
	if (agent->callers != NULL) {
		callers_close(agent->callers, code);
	}
}

static void
on_joined(const struct membership *membership, void *arg)
{
	struct agent *agent = arg;

	(void)agent;
	log_write(LOG_LEVEL_INFO, "agent", 0,
	    "%s is online. Try: curl -x http://127.0.0.1:1080 http://%s:8080/",
	    membership->name, membership->name);
}

static void
on_reload(void *arg)
{
	struct agent *agent = arg;

	if (agent->reload != NULL) {
		agent->reload(agent->arg);
	}
}

static void
on_idle(void *arg)
{
	struct agent *agent = arg;

	endpoint_finished(agent->endpoint);
}

static void
on_finish(void *arg)
{
	struct agent *agent = arg;

	if (agent->callers != NULL) {
		callers_finish(agent->callers);
	}
	if (agent->egress == NULL || egress_count(agent->egress) == 0) {
		endpoint_finished(agent->endpoint);
	} else {
		egress_on_idle(agent->egress, on_idle, agent);
	}
}

static void
on_stop(void *arg)
{
	struct agent *agent = arg;

	if (agent->callers != NULL) {
		callers_close(agent->callers, CODE_GOING_DOWN);
	}
}

/* --- status --------------------------------------------------------------- */

static void
add_caller(const struct callers_info *info, void *arg)
{
	struct jsonout *json = arg;

	jsonout_object(json, NULL);
	jsonout_string(json, "user", info->user);
	jsonout_string(json, "device", info->device);
	jsonout_uint(json, "sessions", info->sessions);
	jsonout_uint(json, "streams", info->streams);
	jsonout_double(json, "rtt_ms", (double)info->rtt_ns / 1e6);
	jsonout_uint(json, "sent", info->sent);
	jsonout_uint(json, "received", info->received);
	jsonout_end(json);
}

static void
add_services_to(struct jsonout *json, const struct services *services)
{
	jsonout_object(json, "services");
	for (size_t i = 0; services != NULL && i < services_count(services);
	     i++) {
		const struct service *service = services_at(services, i);
		char to[LIMITS_NAME_LEN + 8];

		(void)snprintf(to, sizeof(to), "%s:%u", service->host,
		    (unsigned)service->port);
		jsonout_string(json, service->name, to);
	}
	jsonout_end(json);
}

static void
on_status(struct jsonout *json, void *arg)
{
	struct agent *agent = arg;
	struct egress_stats stats = { 0 };

	if (agent->egress != NULL) {
		egress_get_stats(agent->egress, &stats);
	}
	jsonout_uint(json, "streams", stats.open);
	jsonout_uint(json, "waiting", stats.waiting);
	jsonout_uint(json, "streams_ever", stats.ever);
	jsonout_uint(json, "failures", stats.failed);
	add_services_to(json, agent->egress != NULL
				  ? egress_services(agent->egress)
				  : agent->services);
	jsonout_array(json, "callers");
	if (agent->callers != NULL) {
		callers_each(agent->callers, add_caller, json);
	}
	jsonout_end(json);
}

static const struct endpoint_ops endpoint_callbacks = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
	.joined = on_joined,
	.reload = on_reload,
	.finish = on_finish,
	.stop = on_stop,
	.status = on_status,
};

/* --- life ----------------------------------------------------------------- */

struct agent *
agent_new(struct loop *loop, const struct agent_config *config, int *status)
{
	struct agent *agent = mem_new(1, sizeof(*agent));
	const struct endpoint_config endpoint = {
		.role = LINKHELLO_AGENT,
		.state = config->state,
		.join = config->join,
		.ops = &endpoint_callbacks,
		.arg = agent,
	};
	struct fault fault;

	*status = EX_OSERR;
	if (agent == NULL) {
		return NULL;
	}
	agent->loop = loop;
	agent->receive.max = LIMITS_RECEIVE_BUDGET;
	agent->reload = config->reload;
	agent->arg = config->arg;
	*status = EX_CONFIG;
	if (agent_set_rules(agent, &config->rules, &fault) != 0) {
		log_write(LOG_LEVEL_ERROR, "agent", 0, "%s", fault.text);
	} else {
		agent->endpoint = endpoint_new(loop, &endpoint, status);
	}
	if (agent->endpoint == NULL) {
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
	if (agent != NULL) {
		callers_free(agent->callers);
		egress_free(agent->egress);
		endpoint_free(agent->endpoint);
		policy_free(agent->policy);
		services_free(agent->services);
		mem_free(agent);
	}
}
