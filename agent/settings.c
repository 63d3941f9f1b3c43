/* SPDX-License-Identifier: ISC */
#include "agent/settings.h"

#include "agent/policy.h"
#include "agent/program.h"
#include "agent/services.h"
#include "common/fault.h"
#include "common/startup.h"
#include "protocol/sessionrows.h"

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
	    .help = "join an account, once" },
	{ .name = "relay",
	    .kind = OPTIONS_LIST,
	    .value = "HOST:PORT",
	    .help = "go to this relay, instead of those of the join string" },
	{ .name = "host",
	    .kind = OPTIONS_STRING,
	    .value = "NAME",
	    .help = "refuse to be any other host than NAME" },
	{ .name = "service",
	    .kind = OPTIONS_SECTION,
	    .value = "NAME=ADDR:PORT",
	    .help = "give a target a name, and allow it",
	    .keys = service_keys,
	    .flag = "expose" },
	{ .name = "allow",
	    .kind = OPTIONS_LIST,
	    .value = "RULE",
	    .help = "let callers reach, for example, 10.0.0.0/8:22" },
	{ .name = "loopback",
	    .kind = OPTIONS_FLAG,
	    .help = "let callers reach every port of this machine's loopback",
	    .fallback = "yes" },
	{ .name = "on-message",
	    .kind = OPTIONS_LIST,
	    .value = "WORD",
	    .help = "hand messages to this program, a word each time" },
	{ .name = "streams",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "connections of one gateway at a time",
	    .fallback = "1024",
	    .least = 1,
	    .most = 65536 },
	{ .name = "open-rate",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "new connections a second of one gateway",
	    .fallback = "2000",
	    .least = 1,
	    .most = 1000000 },
	{ .name = "dials",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "targets that one gateway has dialled at a time",
	    .fallback = "64",
	    .least = 1,
	    .most = 4096 },
	SESSIONROWS("gateway"),
	{ .name = "sessions",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "gateways at a time",
	    .fallback = "4096",
	    .least = 1,
	    .most = 65536 },
	{ .name = "memory",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "receive this much ahead in all",
	    .fallback = "64MiB",
	    .least = 1048576 },
	{ .name = NULL },
};

const struct options_table settings_table = {
	.program = "inroad-agent",
	.synopsis = "",
	.about = "Makes this machine reachable by name for your gateways.\n",
	.rows = rows,
	.operands = OPTIONS_NO_OPERANDS,
};

/* Add service i of options; 0, or -1 and *fault. */
static int
add_service(const struct options *options, size_t i, struct policy *policy,
    struct services *services, struct fault *fault)
{
	const struct options *section = options_section(options, "service", i);
	const char *name = options_title(section);
	const char *to = options_string(section, "to");
	const struct service *service;
	const char *flaw = "has no target; write to = \"127.0.0.1:8080\"";

	if (to == NULL || services_set(services, name, to, &flaw) != 0) {
		return options_refuse(
		    section, NULL, 0, fault, "service \"%s\" %s", name, flaw);
	}
	service = services_find(services, name);
	if (policy_permit(policy, service->host, service->port, &flaw) != 0) {
		return options_refuse(section, NULL, 0, fault,
		    "the target \"%s\" of service \"%s\" %s", to, name, flaw);
	}
	return 0;
}

/* Fill policy and services; 0, or -1 and *fault. */
static int
fill(const struct options *options, struct policy *policy,
    struct services *services, struct fault *fault)
{
	/* Those of the command line come first and shall have the last word. */
	for (size_t i = options_count(options, "service"); i > 0; i--) {
		if (add_service(options, i - 1, policy, services, fault) != 0) {
			return -1;
		}
	}
	for (size_t i = 0; i < options_count(options, "allow"); i++) {
		const char *rule = options_item(options, "allow", i);
		const char *flaw = NULL;

		if (policy_allow(policy, rule, &flaw) != 0) {
			return options_refuse(options, "allow", i, fault,
			    "the rule \"%s\" %s", rule, flaw);
		}
	}
	policy_set_loopback(policy, options_flag(options, "loopback"));
	return 0;
}

/* Read the program for messages; NULL without one.  0, or -1 and *fault. */
static int
read_program(
    const struct options *options, char ***program, struct fault *fault)
{
	const char *words[PROGRAM_WORDS_MAX];
	size_t count = options_count(options, "on-message");

	*program = NULL;
	if (count == 0) {
		return 0;
	}
	if (count > PROGRAM_WORDS_MAX) {
		return options_refuse(options, "on-message", PROGRAM_WORDS_MAX,
		    fault, "on-message has more than %d words",
		    PROGRAM_WORDS_MAX);
	}
	for (size_t i = 0; i < count; i++) {
		words[i] = options_item(options, "on-message", i);
	}
	if (words[0][0] != '/') {
		return options_refuse(options, "on-message", 0, fault,
		    "on-message begins with the path of a program, and \"%s\" "
		    "does not begin with /",
		    words[0]);
	}
	*program = program_words(words, count);
	return *program != NULL
		   ? 0
		   : fault_set(fault, "There is not enough memory.");
}

int
settings_make(const struct options *options, struct policy **policy,
    struct services **services, char ***program, struct fault *fault)
{
	*program = NULL;
	*policy = policy_new();
	*services = services_new();
	if (*policy == NULL || *services == NULL) {
		fault_set(fault, "There is not enough memory.");
		goto fail;
	}
	if (fill(options, *policy, *services, fault) == 0 &&
	    read_program(options, program, fault) == 0) {
		return 0;
	}
fail:
	policy_free(*policy);
	services_free(*services);
	*policy = NULL;
	*services = NULL;
	return -1;
}
