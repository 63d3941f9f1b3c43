/* SPDX-License-Identifier: ISC */
#include "agent/agentmain.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "agent/agent.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/startup.h"
#include "common/version.h"
#include "protocol/limits.h"

/* Most services and rules: what a person writes by hand, many times over. */
#define SERVICES_MAX 1024
#define ALLOWS_MAX 1024

static const struct options_row service_keys[] = {
	{ .name = "to",
	    .kind = OPTIONS_STRING,
	    .value = "ADDR:PORT",
	    .help = "where it is" },
	{ .name = NULL },
};

static const struct options_row rows[] = {
	STARTUP_ROWS,
	{ .name = "join",
	    .kind = OPTIONS_STRING,
	    .properties = OPTIONS_NO_FILE | OPTIONS_SECRET,
	    .value = "STRING|-|@FILE",
	    .help = "join an account as a host, once" },
	{ .name = "service",
	    .kind = OPTIONS_SECTION,
	    .value = "NAME=ADDR:PORT",
	    .help = "give a target a name, and let callers reach it",
	    .keys = service_keys,
	    .flag = "expose" },
	{ .name = "allow",
	    .kind = OPTIONS_LIST,
	    .value = "RULE",
	    .help = "let callers reach more: 10.0.0.0/8:22, printer:9100" },
	{ .name = "loopback",
	    .kind = OPTIONS_FLAG,
	    .help = "let callers reach all of this machine's loopback",
	    .fallback = "yes" },
	{ .name = NULL },
};

static const struct options_table table = {
	.program = "inroad-agent",
	.synopsis = "",
	.about = "Makes this machine reachable by name, through a relay.\n",
	.rows = rows,
	.operands = OPTIONS_NO_OPERANDS,
};

static void
print_version(void)
{
	version_print("inroad-agent", LIMITS_PROTOCOL_VERSION, NULL, 0);
}

/* What a start and every reload need. */
struct program {
	int argc;
	char **argv;
	struct agent *agent;
	struct agent_service services[SERVICES_MAX];
	const char *allows[ALLOWS_MAX];
};

/* Put the rules that options tell to *rules; 0, or -1 and *fault. */
static int
take_rules(struct program *program, const struct options *options,
    struct agent_rules *rules, struct fault *fault)
{
	size_t services = options_count(options, "service");
	size_t allows = options_count(options, "allow");

	if (services > SERVICES_MAX || allows > ALLOWS_MAX) {
		return fault_set(fault, "too many services or rules");
	}
	for (size_t i = 0; i < services; i++) {
		const struct options *section =
		    options_section(options, "service", i);

		program->services[i].name = options_title(section);
		program->services[i].to = options_string(section, "to");
	}
	for (size_t i = 0; i < allows; i++) {
		program->allows[i] = options_item(options, "allow", i);
	}
	*rules = (struct agent_rules){
		.services = program->services,
		.service_count = services,
		.allows = program->allows,
		.allow_count = allows,
		.loopback = options_flag(options, "loopback"),
	};
	return agent_check(rules, fault);
}

/* SIGHUP: what cannot be read leaves everything as it is. */
static void
on_reload(void *arg)
{
	struct program *program = arg;
	struct agent_rules rules;
	struct options *options;
	struct fault fault = { .text = "the configuration cannot be read" };
	int status;

	if (startup_options(&table, print_version, program->argc, program->argv,
		&options, &status) == STARTUP_GO &&
	    take_rules(program, options, &rules, &fault) == 0 &&
	    agent_set_rules(program->agent, &rules, &fault) == 0) {
		log_write(LOG_LEVEL_INFO, "agent", 0, "reloaded");
	} else {
		log_write(LOG_LEVEL_ERROR, "agent", 0,
		    "not reloaded, everything stays: %s", fault.text);
	}
	options_free(options);
}

static int
serve(struct program *program, const struct agent_config *config)
{
	struct loop *loop = loop_new();
	int status = EX_OSERR;

	if (loop != NULL) {
		program->agent = agent_new(loop, config, &status);
	}
	if (program->agent != NULL) {
		status = agent_serve(program->agent);
	}
	if (status == EX_OK) {
		loop_run(loop);
	}
	agent_free(program->agent);
	loop_free(loop);
	return status;
}

static int
run(struct program *program, struct options *options)
{
	struct agent_config config = {
		.state = options_string(options, "state"),
		.reload = on_reload,
		.arg = program,
	};
	struct fault fault;
	int status = EX_OK;

	if (take_rules(program, options, &config.rules, &fault) != 0) {
		(void)fprintf(stderr, "inroad-agent: %s\n", fault.text);
		return EX_CONFIG;
	}
	if (options_flag(options, "check")) {
		return EX_OK;
	}
	config.join = options_take(options, "join");
	status = serve(program, &config);
	if (config.join != NULL) {
		mem_free_wiped(config.join, strlen(config.join));
	}
	return status;
}

int
agentmain_run(int argc, char **argv)
{
	struct program *program;
	struct options *options;
	int status;

	if (startup_options(&table, print_version, argc, argv, &options,
		&status) != STARTUP_GO) {
		return status;
	}
	program = mem_new(1, sizeof(*program));
	status = EX_OSERR;
	if (program != NULL) {
		program->argc = argc;
		program->argv = argv;
		status = run(program, options);
	}
	mem_free(program);
	options_free(options);
	return status;
}
