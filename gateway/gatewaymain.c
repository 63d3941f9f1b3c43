/* SPDX-License-Identifier: ISC */
#include "gateway/gatewaymain.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/fault.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/startup.h"
#include "common/version.h"
#include "gateway/gateway.h"
#include "gateway/settings.h"
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
	version_print("inroad-gateway", LIMITS_PROTOCOL_VERSION, NULL, 0);
}

/* Read command line and file anew; as in struct gateway_config. */
static struct settings *
load(struct fault *fault, void *arg)
{
	const struct words *words = arg;
	struct options *options = startup_read_again(
	    &settings_table, words->argc, words->argv, fault);
	struct settings *settings = NULL;

	if (options != NULL) {
		settings = settings_make(options, fault);
	}
	if (settings != NULL) {
		startup_set_log(options);
	}
	options_free(options);
	return settings;
}

/* Judge what options say and forget it, but for relays; an exit code. */
static int
check(const struct options *options, struct relaylist *relays)
{
	struct fault fault;
	struct settings *settings = NULL;

	if (relaylist_read(relays, options, &fault) == 0) {
		settings = settings_make(options, &fault);
	}
	if (settings == NULL) {
		(void)fprintf(stderr, "inroad-gateway: %s\n", fault.text);
		return EX_CONFIG;
	}
	settings_free(settings);
	return EX_OK;
}

static int
serve(const struct gateway_config *config)
{
	int status = EX_OSERR;
	struct loop *loop = loop_new();
	struct gateway *gateway = NULL;

	if (loop != NULL) {
		gateway = gateway_new(loop, config, &status);
	}
	if (gateway != NULL) {
		status = gateway_serve(gateway);
	}
	if (status == EX_OK) {
		loop_run(loop);
	}
	gateway_free(gateway);
	loop_free(loop);
	return status;
}

int
gatewaymain_run(int argc, char **argv)
{
	struct words words = { .argc = argc, .argv = argv };
	struct gateway_config config = { .load = load, .load_arg = &words };
	struct options *options;
	struct relaylist relays;
	int status;

	if (startup_options(&settings_table, print_version, argc, argv,
		&options, &status) != STARTUP_GO) {
		return status;
	}
	config.relays = &relays;
	config.return_after = options_number(options, "return-after");
	config.state = options_string(options, "state");
	config.join = options_take(options, "join");
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
