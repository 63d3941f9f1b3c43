/* SPDX-License-Identifier: ISC */
#include "agent/agentmain.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "agent/policy.h"
#include "agent/program.h"
#include "agent/services.h"
#include "agent/settings.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/startup.h"
#include "common/version.h"
#include "protocol/limits.h"
#include "protocol/relaylist.h"

/* The command line, which counts at each reload as well. */
struct words {
	int argc;
	char **argv;
};

static void
print_version(void)
{
	version_print("inroad-agent", LIMITS_PROTOCOL_VERSION, NULL, 0);
}

/* Read command line and file anew; as in struct agent_config. */
static int
load(struct policy **policy, struct services **services, char ***program,
    struct fault *fault, void *arg)
{
	const struct words *words = arg;
	struct options *options = startup_read_again(
	    &settings_table, words->argc, words->argv, fault);
	int result = -1;

	if (options != NULL) {
		result =
		    settings_make(options, policy, services, program, fault);
	}
	if (result == 0) {
		startup_set_log(options);
	}
	options_free(options);
	return result;
}

/* Judge what options say and forget it, but for relays; an exit code. */
static int
check(const struct options *options, struct relaylist *relays)
{
	struct policy *policy;
	struct services *services;
	char **program;
	struct fault fault;

	if (relaylist_read(relays, options, &fault) != 0 ||
	    settings_make(options, &policy, &services, &program, &fault) != 0) {
		(void)fprintf(stderr, "inroad-agent: %s\n", fault.text);
		return EX_CONFIG;
	}
	policy_free(policy);
	services_free(services);
	program_words_free(program);
	return EX_OK;
}

static int
serve(const struct agent_config *config)
{
	int status = EX_OSERR;
	struct loop *loop = loop_new();
	struct agent *agent = NULL;

	if (loop != NULL) {
		agent = agent_new(loop, config, &status);
	}
	if (agent != NULL) {
		status = agent_serve(agent);
	}
	if (status == EX_OK) {
		loop_run(loop);
	}
	agent_free(agent);
	loop_free(loop);
	return status;
}

int
agentmain_run(int argc, char **argv)
{
	struct words words = { .argc = argc, .argv = argv };
	struct agent_config config = { .load = load, .load_arg = &words };
	struct options *options;
	struct relaylist relays;
	int status;

	if (startup_options(&settings_table, print_version, argc, argv,
		&options, &status) != STARTUP_GO) {
		return status;
	}
	config.relays = &relays;
	config.state = options_string(options, "state");
	config.join = options_take(options, "join");
	config.host = options_string(options, "host");
	config.streams_max = (uint32_t)options_number(options, "streams");
	config.open_rate = (uint32_t)options_number(options, "open-rate");
	config.dials_max = (uint32_t)options_number(options, "dials");
	config.window_max = options_number(options, "window");
	config.retain_max = options_number(options, "retain");
	config.retain_budget = options_number(options, "retain-memory");
	config.grace = (uint16_t)options_number(options, "grace");
	config.sessions_max = (uint32_t)options_number(options, "sessions");
	config.receive_budget = options_number(options, "memory");
	status = check(options, &relays);
	if (status == EX_OK && !options_flag(options, "check")) {
		status = serve(&config);
	}
	if (config.join != NULL) {
		mem_free_wiped(config.join, strlen(config.join));
	}
	options_free(options);
	return status;
}
