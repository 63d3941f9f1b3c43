/* SPDX-License-Identifier: ISC */
/* What administration asks and orders of the relay itself. */
#include <stdio.h>
#include <time.h>

#include "common/jsonout.h"
#include "common/latency.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/statedir.h"
#include "common/version.h"
#include "relay/account.h"
#include "relay/admin.h"
#include "relay/api.h"
#include "relay/backup.h"
#include "relay/console.h"
#include "relay/device.h"
#include "relay/directory.h"
#include "relay/pulse.h"
#include "relay/relay_impl.h"
#include "relay/switch.h"

/* No iteration of the loop is to take longer, in nanoseconds. */
#define SLOW_TURN 5000000

/* How long iterations of the loop took, so whether somebody had to wait. */
static void
put_turns(struct jsonout *json, const struct loop *loop)
{
	const struct latency *turns = loop_turns(loop);
	const uint64_t longest = loop_longest(loop);
	uint64_t slow = turns->count;

	for (size_t i = 0; i < LATENCY_BOUNDS && latency_bound(i) <= SLOW_TURN;
	     i++) {
		slow -= turns->counts[i];
	}
	jsonout_object(json, "turns");
	jsonout_uint(json, "count", turns->count);
	jsonout_uint(json, "over_5ms", slow);
	jsonout_double(json, "longest_ms", (double)longest / 1000000);
	jsonout_end(json);
}

static void
status(struct jsonout *json, void *arg)
{
	const struct relay *relay = arg;
	struct device_hub_stats devices;
	struct switch_stats circuits;
	struct console_stats console;

	console_get_stats(relay->console, &console);
	device_hub_get_stats(relay->hub, &devices);
	switch_get_stats(relay->board, &circuits);
	jsonout_int(json, "schema", 1);
	jsonout_string(json, "role", "relay");
	jsonout_string(json, "version", version_string());
	jsonout_uint(json, "uptime", (uint64_t)time(NULL) - relay->started);
	jsonout_string(json, "public", relay->publics[0]);
	jsonout_uint(json, "gateways", devices.gateways);
	jsonout_uint(json, "agents", devices.agents);
	jsonout_uint(json, "guests", devices.guests);
	jsonout_uint(json, "logins", devices.logins);
	jsonout_uint(json, "refused", devices.refused);
	jsonout_uint(json, "displaced", devices.displaced);
	jsonout_uint(json, "hosts", directory_count(relay->directory));
	jsonout_uint(json, "channels", circuits.circuits);
	jsonout_uint(json, "queued", circuits.queued);
	jsonout_uint(json, "promised", circuits.promised);
	jsonout_uint(json, "copied",
	    circuits.copied[SWITCH_GATEWAY] + circuits.copied[SWITCH_AGENT]);
	jsonout_uint(json, "shed", circuits.shed);
	jsonout_uint(json, "console_sessions", console.sessions);
	jsonout_uint(json, "console_streams", console.streams);
	put_turns(json, relay->loop);
	jsonout_bool(json, "draining", device_hub_is_draining(relay->hub));
}

/* --- the configuration in force ----------------------------------------- */

static void
write_texts(
    struct jsonout *json, const char *key, char *const *texts, size_t count)
{
	jsonout_array(json, key);
	for (size_t i = 0; i < count; i++) {
		jsonout_string(json, NULL, texts[i]);
	}
	jsonout_end(json);
}

/* The limits of a level that are set. */
static void
write_level(struct jsonout *json, enum store_level level,
    const struct allowance *limits)
{
	jsonout_object(json, account_level_name(level));
	for (int i = 0; i < ALLOWANCE_KEYS; i++) {
		enum allowance_key key = (enum allowance_key)i;

		if (limits->set[key]) {
			jsonout_uint(json, allowance_name(key),
			    allowance_get(limits, key));
		}
	}
	jsonout_end(json);
}

static void
write_config(struct jsonout *json, void *arg)
{
	const struct relay *relay = arg;

	jsonout_string(json, "state", statedir_path(relay->dir));
	write_texts(json, "listen", relay->listens, relay->config.listen_count);
	write_texts(json, "public", relay->publics, relay->public_count);
	jsonout_uint(json, "memory", relay->config.budget);
	jsonout_uint(json, "guests", relay->config.guests_max);
	jsonout_uint(json, "return_rate", relay->config.return_rate);
	jsonout_string(json, "log_level", log_level_name(log_get_level()));
	jsonout_object(json, "level");
	for (int level = STORE_ADMIN; level <= STORE_GUEST; level++) {
		write_level(json, (enum store_level)level,
		    &relay->config.levels[level]);
	}
	jsonout_end(json);
}

/* --- what it does -------------------------------------------------------- */

static void
reload(void *arg)
{
	relaylimits_reload(arg);
}

/* Into the state directory, under the time of day. */
static void
begin_backup(void *arg)
{
	struct relay *relay = arg;
	const time_t now = time(NULL);
	char path[BACKUP_PATH_LEN];
	char name[40];
	struct tm utc;

	(void)gmtime_r(&now, &utc);
	(void)strftime(name, sizeof(name), "backup-%Y%m%dT%H%M%SZ.db", &utc);
	(void)snprintf(
	    path, sizeof(path), "%s/%s", statedir_path(relay->dir), name);
	(void)backup_start(relay->backup, path);
}

static int
join(const char *name, const struct account_outcome *outcome, char *out,
    void *arg)
{
	return relay_join_string(arg, name, outcome, out);
}

static const struct admin_relay ops = {
	.status = status,
	.join = join,
	.config = write_config,
	.reload = reload,
	.backup = begin_backup,
};

/* --- beginning and end --------------------------------------------------- */

static struct pulse *
open_pulse(struct relay *relay)
{
	const struct pulse_config config = {
		.loop = relay->loop,
		.book = relay->book,
		.directory = relay->directory,
		.hub = relay->hub,
		.board = relay->board,
		.budget = relay->config.budget,
		.started = relay->started,
	};

	return pulse_new(&config);
}

int
relayadmin_start(struct relay *relay)
{
	const struct api_config with = {
		.loop = relay->loop,
		.world = &relay->world,
	};
	char path[STATEDIR_PATH_LEN];

	relay->pulse = open_pulse(relay);
	if (relay->pulse == NULL) {
		return -1;
	}
	relay->backup = backup_new(
	    relay->loop, statedir_file(relay->dir, "store.db", path));
	relay->world = (struct admin_world){
		.book = relay->book,
		.directory = relay->directory,
		.hub = relay->hub,
		.board = relay->board,
		.pulse = relay->pulse,
		.backup = relay->backup,
		.relay = &ops,
		.relay_arg = relay,
	};
	relay->api = api_new(&with);
	return relay->api != NULL && relay->backup != NULL ? 0 : -1;
}

int
relayadmin_listen(struct relay *relay, struct fault *fault)
{
	char path[STATEDIR_PATH_LEN];

	return api_listen(
	    relay->api, statedir_file(relay->dir, "api", path), fault);
}

void
relayadmin_stop(struct relay *relay)
{
	api_free(relay->api);
	relay->api = NULL;
	backup_free(relay->backup);
	relay->backup = NULL;
	/* What was ordered and is not committed yet has no effect any more. */
	relay->world.relay = NULL;
}
