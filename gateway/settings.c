/* SPDX-License-Identifier: ISC */
#include "gateway/settings.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/mem.h"
#include "common/startup.h"
#include "common/users.h"
#include "gateway/proxytarget.h"
#include "gateway/routes.h"
#include "gateway/virtuals.h"
#include "protocol/sessionrows.h"

static const struct options_row forward_keys[] = {
	{ .name = "to",
	    .kind = OPTIONS_STRING,
	    .value = "NAME:PORT",
	    .help = "where its connections lead" },
	{ .name = NULL },
};

static const struct options_row route_keys[] = {
	{ .name = "way",
	    .kind = OPTIONS_STRING,
	    .value = "direct|refuse",
	    .help = "from this machine, or not at all",
	    .choices = "direct|refuse" },
	{ .name = "via",
	    .kind = OPTIONS_STRING,
	    .value = "HOST",
	    .help = "let that host go there, if its policy allows it" },
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
	{ .name = "return-after",
	    .kind = OPTIONS_DURATION,
	    .value = "TIME",
	    .help = "look for the first relay again after TIME at another",
	    .fallback = "60s",
	    .least = 1000000000,
	    .most = 900000000000 },
	{ .name = "listen",
	    .kind = OPTIONS_LIST,
	    .value = "ADDR:PORT",
	    .help = "serve SOCKS and HTTP here, or at unix:/PATH",
	    .fallback = "127.0.0.1:1080" },
	{ .name = "forward",
	    .kind = OPTIONS_SECTION,
	    .properties = OPTIONS_REPEATS,
	    .value = "[udp:]ADDR:PORT=NAME:PORT",
	    .help = "lead connections to ADDR:PORT to a host",
	    .keys = forward_keys,
	    .flag = "forward" },
	{ .name = "same-user",
	    .kind = OPTIONS_FLAG,
	    .help = "of this machine, let only our own user and root in",
	    .fallback = "yes" },
	{ .name = "allow-user",
	    .kind = OPTIONS_LIST,
	    .value = "USER",
	    .help = "let this user of this machine in, too" },
	{ .name = "auth",
	    .kind = OPTIONS_STRING,
	    .value = "FILE",
	    .help = "ask for a password of the users in FILE" },
	{ .name = "open",
	    .kind = OPTIONS_FLAG,
	    .help = "let other machines in without a password" },
	{ .name = "suffix",
	    .kind = OPTIONS_STRING,
	    .value = "DOMAIN",
	    .help = "names under DOMAIN are ours, too",
	    .fallback = "internal" },
	{ .name = "route",
	    .kind = OPTIONS_SECTION,
	    .properties = OPTIONS_REPEATS,
	    .value = "PATTERN=direct|refuse|via:HOST",
	    .help = "how to go to names or addresses that are not ours",
	    .keys = route_keys,
	    .flag = "route" },
	{ .name = "others",
	    .kind = OPTIONS_STRING,
	    .value = "direct|refuse",
	    .help = "how to go where no route says it",
	    .fallback = "direct",
	    .choices = "direct|refuse" },
	{ .name = "virtual",
	    .kind = OPTIONS_STRING,
	    .value = "RANGE|none",
	    .help = "addresses that stand for names of hosts",
	    .fallback = VIRTUALS_RANGE },
	{ .name = "dns",
	    .kind = OPTIONS_LIST,
	    .value = "ADDR:PORT",
	    .help = "answer DNS questions here with such addresses" },
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
	SESSIONROWS("host"),
	{ .name = "wait",
	    .kind = OPTIONS_NUMBER,
	    .value = "SECONDS",
	    .help = "let new connections wait for a host on its way back",
	    .fallback = "10",
	    .most = 300 },
	{ .name = "memory",
	    .kind = OPTIONS_SIZE,
	    .value = "SIZE",
	    .help = "receive this much ahead in all",
	    .fallback = "64MiB",
	    .least = 1048576 },
	{ .name = NULL },
};

const struct options_table settings_table = {
	.program = "inroad-gateway",
	.synopsis = "",
	.about = "A local SOCKS and HTTP proxy to your hosts behind a relay.\n",
	.rows = rows,
	.operands = OPTIONS_NO_OPERANDS,
};

/* Find the number of the user called name; 0, or -1 when there is none. */
static int
find_user(const char *name, uid_t *uid)
{
	const struct passwd *entry;
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	if (name[0] >= '0' && name[0] <= '9' && *end == '\0') {
		*uid = (uid_t)number;
		return number < UINT32_MAX ? 0 : -1;
	}
	entry = getpwnam(name);
	if (entry == NULL) {
		return -1;
	}
	*uid = entry->pw_uid;
	return 0;
}

/* Take who of this machine may come in. */
static int
set_gate(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	struct gate_rules *rules = &settings->gate;

	rules->every_user = !options_flag(options, "same-user");
	for (size_t i = 0; i < options_count(options, "allow-user"); i++) {
		const char *name = options_item(options, "allow-user", i);

		if (rules->user_count == GATE_USERS_MAX) {
			return options_refuse(options, "allow-user", i, fault,
			    "more than %d users", GATE_USERS_MAX);
		}
		if (find_user(name, &rules->users[rules->user_count]) != 0) {
			return options_refuse(options, "allow-user", i, fault,
			    "this machine has no user \"%s\"", name);
		}
		rules->user_count++;
	}
	return 0;
}

/* Take who is asked for a password. */
static int
set_auth(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	const char *path = options_string(options, "auth");
	struct fault why;

	settings->open = options_flag(options, "open");
	if (path == NULL) {
		return 0;
	}
	settings->users = users_load(path, &why);
	if (settings->users == NULL) {
		return options_refuse(
		    options, "auth", 0, fault, "%s", why.text);
	}
	if (users_count(settings->users) == 0) {
		return options_refuse(options, "auth", 0, fault,
		    "%s has no users; \"inroad passwd %s NAME\" adds one", path,
		    path);
	}
	return 0;
}

/* Return what is wrong with a port at listen for other machines, or NULL. */
static const char *
open_flaw(const struct settings *settings, const struct ports_spec *spec)
{
	if (!ports_is_open(&spec->listen) || settings->open) {
		return NULL;
	}
	if (spec->is_udp && !spec->is_forward) {
		return "would tell other machines which hosts you have; use a "
		       "loopback address, or allow it with open = yes";
	}
	/* Whoever reaches a port reaches our hosts. */
	if (spec->is_forward) {
		return "would let other machines into your hosts without a "
		       "password, which a forward cannot ask for; use a "
		       "loopback address, or allow it with open = yes";
	}
	return settings->users != NULL
		   ? NULL
		   : "would let other machines into your hosts; use a "
		     "loopback address, or ask for a password with auth";
}

/* Return the mode of a unix socket: who may come in is for the gate. */
static unsigned
mode_of(const struct ports_spec *spec, const struct gate_rules *rules)
{
	if (addr_family(&spec->listen) != AF_UNIX) {
		return 0;
	}
	return rules->every_user || rules->user_count > 0 ? PORTS_MODE_ALL
							  : PORTS_MODE_OWN;
}

int
settings_make_port(const struct settings *settings, struct ports_spec *spec,
    const char *listen, const char *to, const char **flaw)
{
	struct ports_spec made;
	const char *wrong;

	if (ports_spec_make(&made, listen, to, flaw) != 0) {
		return -1;
	}
	wrong = made.is_udp && !made.is_forward
		    ? "is for UDP, which only a forward serves"
		    : open_flaw(settings, &made);
	if (wrong != NULL) {
		*flaw = wrong;
		return -1;
	}
	made.mode = mode_of(&made, &settings->gate);
	*spec = made;
	return 0;
}

/* Add the port spec; 0, or -1 and *flaw. */
static int
take_port(
    struct settings *settings, const struct ports_spec *spec, const char **flaw)
{
	if (settings->port_count == PORTS_MAX) {
		*flaw = "is one port too many";
		return -1;
	}
	for (size_t i = 0; i < settings->port_count; i++) {
		if (addr_port(&spec->listen) != 0 &&
		    spec->is_udp == settings->ports[i].is_udp &&
		    addr_equal(&spec->listen, &settings->ports[i].listen)) {
			*flaw = "is given a second time";
			return -1;
		}
	}
	settings->ports[settings->port_count++] = *spec;
	return 0;
}

/* Add the port at listen that leads to the text to; 0, or -1 and *flaw. */
static int
add_port(struct settings *settings, const char *listen, const char *to,
    const char **flaw)
{
	struct ports_spec spec;

	return settings_make_port(settings, &spec, listen, to, flaw) == 0
		   ? take_port(settings, &spec, flaw)
		   : -1;
}

static int
add_listens(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	for (size_t i = 0; i < options_count(options, "listen"); i++) {
		const char *listen = options_item(options, "listen", i);
		const char *flaw = NULL;

		if (add_port(settings, listen, NULL, &flaw) != 0) {
			return options_refuse(options, "listen", i, fault,
			    "\"%s\" %s", listen, flaw);
		}
	}
	return 0;
}

/* Add a port that answers about names; 0, or -1 and *flaw. */
static int
add_name_port(struct settings *settings, const char *listen, const char **flaw)
{
	struct ports_spec spec;

	if (ports_spec_make_names(&spec, listen, flaw) != 0) {
		return -1;
	}
	*flaw = open_flaw(settings, &spec);
	return *flaw == NULL ? take_port(settings, &spec, flaw) : -1;
}

static int
add_name_ports(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	for (size_t i = 0; i < options_count(options, "dns"); i++) {
		const char *listen = options_item(options, "dns", i);
		const char *flaw = NULL;

		if (add_name_port(settings, listen, &flaw) != 0) {
			return options_refuse(options, "dns", i, fault,
			    "\"%s\" %s", listen, flaw);
		}
	}
	return 0;
}

static int
add_forwards(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	for (size_t i = 0; i < options_count(options, "forward"); i++) {
		const struct options *section =
		    options_section(options, "forward", i);
		const char *listen = options_title(section);
		const char *to = options_string(section, "to");
		const char *flaw = NULL;

		if (add_port(settings, listen, to != NULL ? to : "", &flaw) !=
		    0) {
			return options_refuse(
			    section, NULL, 0, fault, "\"%s\" %s", listen, flaw);
		}
	}
	return 0;
}

static int
set_suffix(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	const char *suffix = options_string(options, "suffix");
	struct proxy_target name;

	if (proxytarget_set_host(&name, suffix, strlen(suffix), 0) != 0 ||
	    name.kind != PROXY_TARGET_NAME) {
		return options_refuse(options, "suffix", 0, fault,
		    "\"%s\" is no domain; write it as \"internal\"", suffix);
	}
	(void)snprintf(
	    settings->suffix, sizeof(settings->suffix), "%s", name.name);
	return 0;
}

/* Add the rule that section says; 0, or -1 and *flaw. */
static int
add_rule(
    struct routes *routes, const struct options *section, const char **flaw)
{
	const char *pattern = options_title(section);
	const char *way = options_string(section, "way");
	const char *via = options_string(section, "via");

	if ((way == NULL) == (via == NULL)) {
		*flaw = "needs a way: direct, refuse or via a host";
		return -1;
	}
	if (via != NULL) {
		return routes_add(routes, pattern, ROUTES_VIA, via, flaw);
	}
	return routes_add(routes, pattern,
	    strcmp(way, "refuse") == 0 ? ROUTES_REFUSE : ROUTES_DIRECT, NULL,
	    flaw);
}

/* The same, and where it was said. */
static int
add_route(
    struct routes *routes, const struct options *section, const char **flaw)
{
	char place[LIMITS_NAME_LEN];

	if (add_rule(routes, section, flaw) != 0) {
		return -1;
	}
	*flaw = "does not fit into memory";
	return routes_set_place(
	    routes, options_place(section, place, sizeof(place)));
}

/* Those of the command line come first. */
static int
set_routes(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	const char *others = options_string(options, "others");

	settings->routes = routes_new();
	if (settings->routes == NULL) {
		return fault_set(fault, "There is not enough memory.");
	}
	if (strcmp(others, "refuse") == 0) {
		routes_set_others(settings->routes, ROUTES_REFUSE);
	}
	for (size_t i = 0; i < options_count(options, "route"); i++) {
		const struct options *section =
		    options_section(options, "route", i);
		const char *flaw = NULL;

		if (add_route(settings->routes, section, &flaw) != 0) {
			return options_refuse(section, NULL, 0, fault,
			    "\"%s\" %s", options_title(section), flaw);
		}
	}
	return 0;
}

/* Take the range of addresses that stand for names. */
static int
set_virtual(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	const char *range = options_string(options, "virtual");
	const char *flaw = "is no range of addresses, as " VIRTUALS_RANGE;

	if (strcmp(range, "none") == 0) {
		return 0;
	}
	if (addr_prefix_parse(&settings->virtual, range) == 0) {
		flaw = virtuals_flaw(&settings->virtual);
	}
	if (flaw != NULL) {
		return options_refuse(
		    options, "virtual", 0, fault, "\"%s\" %s", range, flaw);
	}
	settings->has_virtual = true;
	return 0;
}

/* Fill *settings; 0, or -1 and *fault. */
static int
fill(const struct options *options, struct settings *settings,
    struct fault *fault)
{
	if (options_string(options, "state") != NULL) {
		(void)snprintf(settings->state, sizeof(settings->state), "%s",
		    options_string(options, "state"));
	}
	settings->clients_max = (uint32_t)options_number(options, "clients");
	settings->streams_max = (uint32_t)options_number(options, "streams");
	settings->window_max = options_number(options, "window");
	settings->retain_max = options_number(options, "retain");
	settings->retain_budget = options_number(options, "retain-memory");
	settings->grace = (uint16_t)options_number(options, "grace");
	settings->wait_time = options_number(options, "wait");
	settings->receive_budget = options_number(options, "memory");
	if (set_suffix(options, settings, fault) != 0 ||
	    set_gate(options, settings, fault) != 0 ||
	    set_auth(options, settings, fault) != 0 ||
	    set_routes(options, settings, fault) != 0 ||
	    set_virtual(options, settings, fault) != 0 ||
	    add_listens(options, settings, fault) != 0) {
		return -1;
	}
	return add_name_ports(options, settings, fault) == 0
		   ? add_forwards(options, settings, fault)
		   : -1;
}

struct settings *
settings_make(const struct options *options, struct fault *fault)
{
	struct settings *settings = mem_new(1, sizeof(*settings));

	if (settings == NULL) {
		(void)fault_set(fault, "There is not enough memory.");
		return NULL;
	}
	if (fill(options, settings, fault) != 0) {
		settings_free(settings);
		return NULL;
	}
	return settings;
}

void
settings_free(struct settings *settings)
{
	if (settings != NULL) {
		users_free(settings->users);
		routes_free(settings->routes);
		mem_free(settings);
	}
}
