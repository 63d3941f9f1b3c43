/* SPDX-License-Identifier: ISC */
#include "relay/relaymain.h"

#include <jansson.h>
#include <microhttpd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/options_argv.h"
#include "common/options_help.h"
#include "common/startup.h"
#include "common/version.h"
#include "protocol/limits.h"
#include "protocol/membership.h"
#include "relay/levels.h"
#include "relay/relay.h"

static const struct options_row rows[] = {
	STARTUP_ROWS,
	{ .name = "listen",
	    .kind = OPTIONS_LIST,
	    .value = "ADDR:PORT",
	    .help = "serve devices here; default 0.0.0.0:7000" },
	{ .name = "public",
	    .kind = OPTIONS_LIST,
	    .value = "HOST:PORT",
	    .help = "where devices find this relay, for join strings" },
	{ .name = "memory",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "queue no more than this for all channels together",
	    .fallback = "256MiB",
	    .least = 16777216 },
	{ .name = "guests",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "connections that have not logged in, at most",
	    .fallback = "1024",
	    .least = 1,
	    .most = 1000000 },
	{ .name = "level",
	    .kind = OPTIONS_SECTION,
	    .help = "limits of the accounts of a level",
	    .keys = levels_keys },
	{ .name = "same-name",
	    .kind = OPTIONS_STRING,
	    .value = "refuse|replace",
	    .help = "what becomes of who enrols under a name that is taken",
	    .fallback = "refuse",
	    .choices = "refuse|replace" },
	{ .name = "return-rate",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "devices a second that come back after a loss",
	    .fallback = "500",
	    .least = 1,
	    .most = 1000000 },
	{ .name = NULL },
};

static const struct options_table table = {
	.program = "inroad-relay",
	.synopsis = "",
	.about = "Lets gateways and agents meet, and copies what it cannot "
		 "read.\nAlso: inroad-relay invite --user USER [--level "
		 "admin|user|guest] [--name NAME]\n[--ttl TIME] [--uses N] "
		 "[--public HOST:PORT] [--state DIR]\n",
	.rows = rows,
	.operands = OPTIONS_NO_OPERANDS,
};

static const struct options_row invite_rows[] = {
	{ .name = "user",
	    .kind = OPTIONS_STRING,
	    .value = "USER",
	    .help = "the account, made if there is none" },
	{ .name = "level",
	    .kind = OPTIONS_STRING,
	    .value = "LEVEL",
	    .help = "of a new account",
	    .fallback = "user",
	    .choices = "admin|user|guest" },
	{ .name = "name",
	    .kind = OPTIONS_STRING,
	    .value = "NAME",
	    .help = "of the gateway",
	    .fallback = "gateway" },
	{ .name = "ttl",
	    .kind = OPTIONS_STRING,
	    .value = "TIME",
	    .help = "how long the string is good",
	    .fallback = "1d" },
	{ .name = "uses",
	    .kind = OPTIONS_STRING,
	    .value = "N",
	    .help = "for how many gateways, each with a name of its own",
	    .fallback = "1" },
	{ .name = "public",
	    .kind = OPTIONS_LIST,
	    .value = "HOST:PORT",
	    .help = "where the relay is found, if it does not run now" },
	{ .name = "state",
	    .kind = OPTIONS_STRING,
	    .value = "DIR",
	    .help = "the relay's state directory" },
	{ .name = NULL },
};

static const struct options_table invite_table = {
	.program = "inroad-relay invite",
	.synopsis = "",
	.about = "Prints a join string for the first gateway of an account.\n",
	.rows = invite_rows,
	.operands = OPTIONS_NO_OPERANDS,
};

static void
print_version(void)
{
	const struct version_library more[] = {
		{ "sqlite", sqlite3_libversion() },
		{ "libmicrohttpd", MHD_get_version() },
		{ "jansson", jansson_version_str() },
	};

	version_print("inroad-relay", LIMITS_PROTOCOL_VERSION, more,
	    sizeof(more) / sizeof(more[0]));
}

/* Put the items of the list name to out, at most max; how many there are. */
static size_t
take_list(const struct options *options, const char *name, const char **out,
    size_t max)
{
	size_t count = options_count(options, name);

	for (size_t i = 0; i < count && i < max; i++) {
		out[i] = options_item(options, name, i);
	}
	return count;
}

/* --- invite ---------------------------------------------------------- */

static int
run_invite(const struct options *options)
{
	const char *publics[MEMBERSHIP_RELAYS_MAX];
	struct relay_invite invite = {
		.state = options_string(options, "state"),
		.user = options_string(options, "user"),
		.level = options_string(options, "level"),
		.name = options_string(options, "name"),
		.ttl = options_string(options, "ttl"),
		.uses = options_string(options, "uses"),
		.publics = publics,
	};

	invite.public_count =
	    take_list(options, "public", publics, MEMBERSHIP_RELAYS_MAX);
	if (invite.user == NULL ||
	    invite.public_count > MEMBERSHIP_RELAYS_MAX) {
		(void)fprintf(stderr,
		    "inroad-relay: invite needs --user USER, and at most %d "
		    "--public\n",
		    MEMBERSHIP_RELAYS_MAX);
		return EX_USAGE;
	}
	return relay_invite(&invite);
}

static int
parse_invite(int argc, char **argv)
{
	struct options *options = options_new(&invite_table);
	struct fault fault;
	int status = EX_OK;

	if (options == NULL) {
		return EX_OSERR;
	}
	switch (options_argv_parse(options, argc, argv, &fault)) {
	case OPTIONS_ARGV_OK:
		status = run_invite(options);
		break;
	case OPTIONS_ARGV_HELP:
		options_help_print(&invite_table, stdout);
		break;
	case OPTIONS_ARGV_VERSION:
		print_version();
		break;
	case OPTIONS_ARGV_BAD:
		(void)fprintf(stderr, "inroad-relay: %s\n", fault.text);
		status = EX_USAGE;
		break;
	}
	options_free(options);
	return status;
}

/* --- the daemon ------------------------------------------------------ */

static int
serve(const struct relay_config *config)
{
	struct loop *loop = loop_new();
	struct relay *relay = NULL;
	struct fault fault = { .text = "out of memory" };
	int status = EX_OSERR;

	if (loop != NULL) {
		relay = relay_new(loop, config, &status, &fault);
	}
	if (relay != NULL) {
		status = relay_serve(relay, &fault);
	}
	if (status == EX_OK) {
		loop_run(loop);
	} else {
		log_write(LOG_LEVEL_ERROR, "relay", 0, "%s", fault.text);
	}
	relay_free(relay);
	loop_free(loop);
	return status;
}

/* The command line, which counts at each reload as well. */
struct words {
	int argc;
	char **argv;
};

/* Read command line and file anew; as in struct relay_config. */
static int
reload(struct allowance levels[STORE_GUEST + 1], struct fault *fault, void *arg)
{
	const struct words *words = arg;
	struct options *options =
	    startup_read_again(&table, words->argc, words->argv, fault);
	int result = -1;

	if (options != NULL) {
		result = levels_read(options, levels, fault);
	}
	if (result == 0) {
		startup_set_log(options);
	}
	options_free(options);
	return result;
}

/* Fill the rest of *config, and say what is wrong with it; an exit code. */
static int
check(const struct options *options, struct relay_config *config)
{
	struct fault fault;

	config->state = options_string(options, "state");
	config->budget = options_number(options, "memory");
	config->guests_max = (uint32_t)options_number(options, "guests");
	config->return_rate = (uint32_t)options_number(options, "return-rate");
	config->replaces =
	    strcmp(options_string(options, "same-name"), "replace") == 0;
	if (levels_read(options, config->levels, &fault) != 0 ||
	    relay_check(config, &fault) != 0) {
		(void)fprintf(stderr, "inroad-relay: %s\n", fault.text);
		return EX_CONFIG;
	}
	return EX_OK;
}

int
relaymain_run(int argc, char **argv)
{
	static const char *const everywhere[] = { "0.0.0.0:7000" };
	const char *listens[RELAY_LISTENS_MAX];
	const char *publics[MEMBERSHIP_RELAYS_MAX];
	struct words words = { .argc = argc, .argv = argv };
	struct relay_config config;
	struct options *options;
	int status;

	if (argc > 1 && strcmp(argv[1], "invite") == 0) {
		return parse_invite(argc - 1, argv + 1);
	}
	if (startup_options(&table, print_version, argc, argv, &options,
		&status) != STARTUP_GO) {
		return status;
	}
	relay_defaults(&config);
	config.reload = reload;
	config.reload_arg = &words;
	config.listens = listens;
	config.listen_count =
	    take_list(options, "listen", listens, RELAY_LISTENS_MAX);
	if (config.listen_count == 0) {
		config.listens = everywhere;
		config.listen_count = 1;
	}
	config.publics = publics;
	config.public_count =
	    take_list(options, "public", publics, MEMBERSHIP_RELAYS_MAX);
	status = check(options, &config);
	if (status == EX_OK && !options_flag(options, "check")) {
		status = serve(&config);
	}
	options_free(options);
	return status;
}
