/* SPDX-License-Identifier: ISC */
/*
 * agent: the agent as a whole.
 *
 *	agent_new()    endpoint, egress, callers
 *	agent_serve()  the endpoint's: ready, uplink
 *	loop_run()     until SIGTERM and the streams are through
 *	agent_free()
 *
 * What a gateway asks for goes from the link to callers.h (who is it, and may
 * it), and from there stream by stream to egress.h (where to, and may it).
 */
#ifndef INROAD_AGENT_AGENT_H
#define INROAD_AGENT_AGENT_H

#include <stdint.h>

struct agent;
struct loop;
struct fault;
struct policy;
struct relaylist;
struct services;

/* How an agent is set up; strings need not outlive agent_new(). */
struct agent_config {
	const char *state;              /* NULL: the default */
	char *join;                     /* wiped once read; may be NULL */
	const struct relaylist *relays; /* as in struct endpoint_config */
	const char *host;               /* the name it must have; NULL: any */
	uint32_t streams_max;           /* of one caller */
	uint32_t open_rate;             /* new streams of one a second */
	uint32_t dials_max;             /* of one caller at a time */
	uint64_t retain_max;     /* unacknowledged bytes of one session */
	uint64_t retain_budget;  /* of all sessions together */
	uint16_t grace;          /* seconds that one outlives its link */
	uint32_t sessions_max;   /* of all gateways together */
	uint64_t window_max;     /* of one stream */
	uint64_t receive_budget; /* of all windows together */
	/*
	 * Make a policy, services and the words of the program for messages
	 * (program.h; NULL: none), which the agent takes over; at the start
	 * and at each SIGHUP.  Returns 0, or -1 and *fault.
	 */
	int (*load)(struct policy **policy, struct services **services,
	    char ***program, struct fault *fault, void *arg);
	void *load_arg;
};

/*
 * Open everything that needs no network.  Returns NULL and in *status an exit
 * code of sysexits(3) after logging why.
 */
struct agent *agent_new(
    struct loop *loop, const struct agent_config *config, int *status);

/* Serve; an exit code, after logging why if it is not 0. */
int agent_serve(struct agent *agent);

/* End everything and free; NULL is allowed. */
void agent_free(struct agent *agent);

#endif
