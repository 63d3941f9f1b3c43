/* SPDX-License-Identifier: ISC */
#include "gateway/gatewaymain.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/startup.h"
#include "common/version.h"
#include "gateway/gateway.h"
#include "protocol/limits.h"

/* Largest window and retention: see protocol/limits.h and bridge.c. */
#define MOST ((uint64_t)64 << 20)

static const struct options_row forward_keys[] = {
	{ .name = "to",
	    .kind = OPTIONS_STRING,
	    .value = "NAME:PORT",
	    .help = "where its connections lead" },
	{ .name = NULL },
};

static const struct options_row rows[] = {
	STARTUP_ROWS,
	{ .name = "join",
	    .kind = OPTIONS_STRING,
	    .properties = OPTIONS_NO_FILE | OPTIONS_SECRET,
	    .value = "STRING|-|@FILE",
	    .help = "join an account, once" },
	{ .name = "listen",
	    .kind = OPTIONS_LIST,
	    .value = "ADDR:PORT",
	    .help = "serve SOCKS and HTTP here; default 127.0.0.1:1080" },
	{ .name = "forward",
	    .kind = OPTIONS_SECTION,
	    .properties = OPTIONS_REPEATS,
	    .value = "ADDR:PORT=NAME:PORT",
	    .help = "lead connections to ADDR:PORT to a host",
	    .keys = forward_keys,
	    .flag = "forward" },
	{ .name = "suffix",
	    .kind = OPTIONS_STRING,
	    .value = "DOMAIN",
	    .help = "names under DOMAIN are ours, too",
	    .fallback = "internal" },
	{ .name = "clients",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "local connections at a time",
	    .fallback = "16384",
	    .least = 1,
	    .most = 1000000 },
	{ .name = "streams",
	    .kind = OPTIONS_NUMBER,
	    .value = "N",
	    .help = "connections to one host at a time",
	    .fallback = "1024",
	    .least = 1,
	    .most = 65536 },
	{ .name = "window",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "receive this much of one connection ahead, at most",
	    .fallback = "8MiB",
	    .least = 16384,
	    .most = MOST },
	{ .name = "retain",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "send this much to one host unacknowledged, at most",
	    .fallback = "8MiB",
	    .least = 65536,
	    .most = MOST },
	{ .name = "memory",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "receive this much ahead in all",
	    .fallback = "64MiB",
	    .least = 1048576 },
	{ .name = NULL },
};

static const struct options_table table = {
	.program = "inroad-gateway",
	.synopsis = "",
	.about = "A local SOCKS and HTTP proxy to your hosts behind a relay.\n",
	.rows = rows,
	.operands = OPTIONS_NO_OPERANDS,
};

static void
print_version(void)
{
	version_print("inroad-gateway", LIMITS_PROTOCOL_VERSION, NULL, 0);
}

static int
serve(const struct gateway_config *config, bool only_check)
{
	struct loop *loop;
	struct gateway *gateway = NULL;
	int status = gateway_check(config);

	if (status != EX_OK || only_check) {
		return status;
	}
	status = EX_OSERR;
	loop = loop_new();
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

/* What the gateway listens on and where forwards lead. */
struct ports {
	const char *listens[GATEWAY_LISTENS_MAX];
	struct gateway_forward forwards[GATEWAY_LISTENS_MAX];
};

static void
take_ports(const struct options *options, struct ports *ports,
    struct gateway_config *config)
{
	size_t listens = options_count(options, "listen");
	size_t forwards = options_count(options, "forward");

	for (size_t i = 0; i < listens && i < GATEWAY_LISTENS_MAX; i++) {
		ports->listens[i] = options_item(options, "listen", i);
	}
	for (size_t i = 0; i < forwards && i < GATEWAY_LISTENS_MAX; i++) {
		const struct options *section =
		    options_section(options, "forward", i);

		ports->forwards[i].listen = options_title(section);
		ports->forwards[i].to = options_string(section, "to");
	}
	if (listens == 0) {
		ports->listens[0] = "127.0.0.1:1080";
		listens = 1;
	}
	config->listens = ports->listens;
	config->listen_count = listens;
	config->forwards = ports->forwards;
	config->forward_count = forwards;
}

int
gatewaymain_run(int argc, char **argv)
{
	struct gateway_config config;
	struct options *options;
	struct ports ports;
	int status;

	if (startup_options(&table, print_version, argc, argv, &options,
		&status) != STARTUP_GO) {
		return status;
	}
	gateway_defaults(&config);
	take_ports(options, &ports, &config);
	config.state = options_string(options, "state");
	config.join = options_take(options, "join");
	config.suffix = options_string(options, "suffix");
	config.clients_max = (uint32_t)options_number(options, "clients");
	config.streams_max = (uint32_t)options_number(options, "streams");
	config.window_max = options_number(options, "window");
	config.retain_max = options_number(options, "retain");
	config.receive_budget = options_number(options, "memory");
	status = serve(&config, options_flag(options, "check"));
	if (config.join != NULL) {
		mem_free_wiped(config.join, strlen(config.join));
	}
	options_free(options);
	return status;
}
