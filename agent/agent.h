/* SPDX-License-Identifier: ISC */
/*
 * agent: the agent as a whole.
 *
 *	agent_new()    endpoint; policy and services judged
 *	agent_serve()  ready, uplink; callers and egress with the first link
 *	loop_run()     until SIGTERM and the streams are through
 *	agent_free()
 */
#ifndef INROAD_AGENT_AGENT_H
#define INROAD_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>

struct agent;
struct fault;
struct loop;

/* A name for a target. */
struct agent_service {
	const char *name;
	const char *to; /* "ADDR:PORT" or "NAME:PORT" */
};

/* What callers may reach; strings need not outlive the calls. */
struct agent_rules {
	const struct agent_service *services;
	size_t service_count;
	const char *const *allows; /* as in policy.h */
	size_t allow_count;
	bool loopback; /* all of the own loopback is allowed */
};

/* How an agent is set up; strings need not outlive agent_new(). */
struct agent_config {
	const char *state; /* NULL: the default */
	char *join;        /* wiped once read; may be NULL */
	struct agent_rules rules;
	void (*reload)(void *arg); /* SIGHUP: call agent_set_rules() */
	void *arg;
};

/* Judge rules; 0, or -1 and *fault. */
int agent_check(const struct agent_rules *rules, struct fault *fault);

/*
 * Open everything that needs no network.  Returns NULL and in *status an exit
 * code of sysexits(3) after logging why.
 */
struct agent *agent_new(
    struct loop *loop, const struct agent_config *config, int *status);

/* Serve; an exit code, after logging why if it is not 0. */
int agent_serve(struct agent *agent);

/*
 * Go by rules from now on; what is connected stays.  Returns 0, or -1 and
 * *fault with everything as it was.
 */
int agent_set_rules(
    struct agent *agent, const struct agent_rules *rules, struct fault *fault);

/* End everything and free; NULL is allowed. */
void agent_free(struct agent *agent);

#endif
