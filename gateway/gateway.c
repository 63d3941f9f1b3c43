/* SPDX-License-Identifier: ISC */
#include "gateway/gateway.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/inbox.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/meter.h"
#include "gateway/auth.h"
#include "gateway/correspondents.h"
#include "gateway/direct.h"
#include "gateway/failures.h"
#include "gateway/gate.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/lent.h"
#include "gateway/letterbox.h"
#include "gateway/loans.h"
#include "gateway/peers.h"
#include "gateway/ports.h"
#include "gateway/settings.h"
#include "gateway/viamark.h"
#include "gateway/virtuals.h"
#include "protocol/endpoint.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/outbox.h"
#include "protocol/target.h"

/* The file of pins, of some ten thousand hosts. */
#define PINS_NAME "known_hosts"
#define PINS_MAX ((size_t)4 << 20)

/* --- pins ------------------------------------------------------------ */

void
gateway_save_pins(struct gateway *gateway)
{
	char *text = hosts_format_pins(gateway->hosts);
	struct fault fault = { .text = "out of memory" };

	if (text == NULL || gatewayfile_save(gateway, PINS_NAME, text,
				strlen(text), &fault) != 0) {
		log_write(LOG_LEVEL_ERROR, "gateway", 0,
		    PINS_NAME " is not saved: %s", fault.text);
	}
	mem_free(text);
}

static unsigned
parse_pins(const char *text, void *arg)
{
	return hosts_parse_pins(arg, text);
}

/* Who listens hears of it; it is in no log, and not kept. */
static void
on_host_changed(const struct host *host, void *arg)
{
	struct gateway *gateway = arg;
	char text[LIMITS_TEXT_LEN];
	struct inbox_message message = {
		.level = linkmsg_severity_name(LINKMSG_NOTE),
		.at = (uint64_t)time(NULL),
		.text = text,
	};

	(void)snprintf(text, sizeof(text), "Host \"%s\" is %s.", host->name,
	    host->online ? "online" : "offline");
	message.len = strlen(text);
	(void)inbox_offer(endpoint_inbox(gateway->endpoint), &message);
}

static void
on_pinned(void *arg)
{
	gateway_save_pins(arg);
}

/* --- what the endpoint tells ----------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct gateway *gateway = arg;

	(void)link;
	hosts_set_relay(gateway->hosts,
	    endpoint_membership(gateway->endpoint)->relay_public);
	if (result->incarnation != gateway->incarnation) {
		/* Only the process that it began with knows a session. */
		peers_forsake(gateway->peers, TARGET_RELAY, CODE_SESSION_LOST);
		gateway->incarnation = result->incarnation;
	}
	hosts_set_user(gateway->hosts,
	    endpoint_membership(gateway->endpoint)->user, gateway->loans);
	peers_link_up(gateway->peers);
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct gateway *gateway = arg;

	if (type == FRAME_HOSTS) {
		if (hosts_apply(gateway->hosts, payload, len) != 0) {
			link_close(link, CODE_PROTOCOL_ERROR, "bad HOSTS");
		} else {
			peers_hosts_changed(gateway->peers);
			gatewayorders_go_on(gateway, false);
		}
	} else if (type == FRAME_ATTACHED) {
		if (!correspondents_attached(
			gateway->correspondents, channel, payload, len)) {
			peers_attached(gateway->peers, channel, payload, len);
		}
	} else if (type == FRAME_ATTACH) {
		letterbox_attach(
		    gateway->letterbox, link, channel, payload, len);
	} else if (type == FRAME_RESOLVED) {
		gatewaysend_resolved(gateway, payload, len);
	} else if (type == FRAME_INVITED) {
		gatewayinvite_answer(gateway, payload, len);
	} else if (type == FRAME_SHARED) {
		gatewayshare_answer(gateway, payload, len);
	} else {
		link_close(link, CODE_PROTOCOL_ERROR, "unexpected frame");
	}
}

static void
on_down(enum code code, const char *text, void *arg)
{
	struct gateway *gateway = arg;

	peers_link_down(gateway->peers, code, text);
	gatewayinvite_down(gateway, text);
	gatewayshare_down(gateway, text);
	gatewaysend_down(gateway, code, text);
	if (endpoint_membership(gateway->endpoint) == NULL) {
		hosts_clear(gateway->hosts);
	}
}

/* The first gateway of an account makes its key; no relay ever sees it. */
static int
on_joining(struct membership *membership, void *arg)
{
	struct keys_account account;

	(void)arg;
	if (membership->key_kind != MEMBERSHIP_KEY_NONE) {
		return 0;
	}
	keys_account_generate(&account, 1);
	membership->key_kind = MEMBERSHIP_KEY_ACCOUNT;
	membership->epoch = account.epoch;
	memcpy(membership->key, account.key, sizeof(membership->key));
	mem_wipe(&account, sizeof(account));
	return 0;
}

/* Called for each client that ended, too: see client_pool.idle. */
static void
check_finished(void *arg)
{
	struct gateway *gateway = arg;

	if (gateway->finishing && gateway->pool.count == 0) {
		endpoint_finished(gateway->endpoint);
	}
}

static void
on_finish(void *arg)
{
	struct gateway *gateway = arg;

	gateway->finishing = true;
	letterbox_finish(gateway->letterbox);
	ports_close(gateway->ports);
	client_pool_close_idle(&gateway->pool);
	check_finished(gateway);
}

static void
on_stop(void *arg)
{
	struct gateway *gateway = arg;

	client_pool_close(&gateway->pool);
	letterbox_close(gateway->letterbox, CODE_GOING_DOWN);
	correspondents_close(gateway->correspondents, CODE_GOING_DOWN);
	peers_close(gateway->peers, CODE_GOING_DOWN);
}

/* --- ports ----------------------------------------------------------- */

static void
on_connection(int fd, const struct proxy_target *forward, void *arg)
{
	struct gateway *gateway = arg;

	client_start(&gateway->pool, fd, forward);
}

static bool
is_own(const struct addr *addr, void *arg)
{
	const struct gateway *gateway = arg;

	return ports_take(gateway->ports, addr);
}

/* Note the first port, which the ready line has. */
static void
note_first(const struct ports_info *info, void *arg)
{
	struct addr *first = arg;

	if (first->len == 0) {
		*first = info->addr;
	}
}

/* --- settings -------------------------------------------------------- */

static struct peers_config
peers_config_of(struct gateway *gateway, const struct settings *settings)
{
	return (struct peers_config){
		.loop = gateway->loop,
		.endpoint = gateway->endpoint,
		.hosts = gateway->hosts,
		.retain_max = settings->retain_max,
		.retain_budget = settings->retain_budget,
		.grace = settings->grace,
		.wait_time = (double)settings->wait_time,
		.window_max = settings->window_max,
		.streams_max = settings->streams_max,
		.receive_budget = settings->receive_budget,
		.pinned = on_pinned,
		.post = &gatewaysend_post,
		.arg = gateway,
	};
}

/* Let settings be in force, but for the ports, and those before them go. */
static void
apply(struct gateway *gateway, struct settings *settings)
{
	const struct peers_config peers = peers_config_of(gateway, settings);

	/* Before those of the old settings go. */
	auth_set_users(gateway->auth, settings->users);
	settings_free(gateway->settings);
	gateway->settings = settings;
	gateway->space.map.suffix = settings->suffix;
	gateway->space.map.routes = settings->routes;
	virtuals_set_range(gateway->virtuals,
	    settings->has_virtual ? &settings->virtual : NULL);
	gateway->outside = gateway->space;
	gateway->outside.map.outside = true;
	gateway->pool.max = settings->clients_max;
	gate_configure(gateway->gate, &settings->gate);
	peers_configure(gateway->peers, &peers);
}

/* Let the configuration that was read be in force, and note what is not. */
static void
take_over(struct gateway *gateway, struct settings *settings)
{
	bool moved = strcmp(settings->state, gateway->settings->state) != 0;
	size_t failed;

	if (moved) {
		/* What is in force is what the next one is compared with. */
		(void)snprintf(settings->state, sizeof(settings->state), "%s",
		    gateway->settings->state);
	}
	apply(gateway, settings);
	failed = ports_configure(
	    gateway->ports, settings->ports, settings->port_count);
	gateway->pending.text[0] = '\0';
	if (failed > 0) {
		(void)fault_set(&gateway->pending,
		    "not every port can be had; the log says which");
	} else if (moved) {
		(void)fault_set(&gateway->pending,
		    "another state directory needs a restart");
	}
	log_write(LOG_LEVEL_INFO, "gateway", 0, "configuration reloaded%s%s",
	    gateway->pending.text[0] != '\0' ? ", but " : "",
	    gateway->pending.text);
}

static void
on_reload(void *arg)
{
	struct gateway *gateway = arg;
	struct settings *settings;
	struct fault fault;

	if (gateway->finishing) {
		return;
	}
	settings = gateway->load(&fault, gateway->load_arg);
	if (settings != NULL) {
		take_over(gateway, settings);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "gateway", 0,
	    "configuration not reloaded: the old one stays: %s", fault.text);
	gateway->pending = fault;
}

static bool
is_urgent(void *arg)
{
	const struct gateway *gateway = arg;

	return peers_want_link(gateway->peers);
}

static const struct endpoint_ops endpoint_callbacks = {
	.is_urgent = is_urgent,
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
	.joining = on_joining,
	.reload = on_reload,
	.finish = on_finish,
	.stop = on_stop,
	.command = gatewaycommand_handle,
	.status = gatewaycommand_status,
};

/* --- life ------------------------------------------------------------ */

/* Read what the state directory has of hosts and shares; an exit code. */
static int
load_state(struct gateway *gateway)
{
	const struct membership *membership =
	    endpoint_membership(gateway->endpoint);
	int status = gatewayfile_load(
	    gateway, PINS_NAME, PINS_MAX, parse_pins, gateway->hosts, "pin");

	if (status == EX_OK) {
		status = gatewayaccept_load(gateway);
	}
	if (status == EX_OK) {
		status = gatewayorders_new(gateway);
	}
	if (membership != NULL) {
		hosts_set_user(
		    gateway->hosts, membership->user, gateway->loans);
	}
	return status;
}

/* Make what stands behind the endpoint; an exit code. */
static int
prepare(struct gateway *gateway)
{
	struct peers_config peers;
	struct fault fault;
	struct settings *settings = gateway->load(&fault, gateway->load_arg);

	if (settings == NULL) {
		log_write(LOG_LEVEL_ERROR, "gateway", 0, "%s", fault.text);
		return EX_CONFIG;
	}
	peers = peers_config_of(gateway, settings);
	gateway->peers = peers_new(&peers);
	if (gateway->peers != NULL) {
		gateway->correspondents =
		    correspondents_new(peers_space(gateway->peers), 0.);
	}
	gateway->letterbox = letterbox_new(gateway->loop, gateway->endpoint);
	gateway->ports = ports_new(gateway->loop, on_connection, gateway);
	if (gateway->ports != NULL) {
		ports_set_pool(gateway->ports, &gateway->pool);
	}
	gateway->gate = gate_new(&settings->gate);
	gateway->auth = auth_new(gateway->loop);
	gateway->direct = direct_new(gateway->loop);
	gateway->viamark = viamark_new();
	gateway->virtuals = virtuals_new();
	if (gateway->peers == NULL || gateway->correspondents == NULL ||
	    gateway->letterbox == NULL || gateway->ports == NULL ||
	    gateway->gate == NULL || gateway->auth == NULL ||
	    gateway->direct == NULL || gateway->viamark == NULL ||
	    gateway->virtuals == NULL) {
		settings_free(settings);
		return EX_OSERR;
	}
	gateway->pool.gate = gateway->gate;
	gateway->pool.auth = gateway->auth;
	gateway->pool.viamark = gateway->viamark;
	gateway->pool.outside = &gateway->outside;
	gateway->space.endpoint = gateway->endpoint;
	gateway->space.map.hosts = gateway->hosts;
	gateway->space.map.is_own = is_own;
	gateway->space.map.arg = gateway;
	gateway->space.virtuals = gateway->virtuals;
	gateway->space.direct = gateway->direct;
	gateway->space.resolver = endpoint_resolver(gateway->endpoint);
	gateway->space.peers = gateway->peers;
	apply(gateway, settings);
	return load_state(gateway);
}

struct gateway *
gateway_new(struct loop *loop, const struct gateway_config *config, int *status)
{
	struct gateway *gateway = mem_new(1, sizeof(*gateway));
	const struct endpoint_config endpoint = {
		.role = LINKHELLO_GATEWAY,
		.state = config->state,
		.join = config->join,
		.relays = config->relays,
		.return_after = config->return_after,
		.ops = &endpoint_callbacks,
		.arg = gateway,
	};

	*status = EX_OSERR;
	if (gateway == NULL) {
		return NULL;
	}
	gateway->loop = loop;
	gateway->load = config->load;
	gateway->load_arg = config->load_arg;
	list_init(&gateway->asks);
	list_init(&gateway->shares);
	list_init(&gateway->mailings);
	client_pool_init(&gateway->pool, loop, &gateway->space, 0);
	gateway->pool.ended = check_finished;
	gateway->pool.site = gatewaysite_answer;
	gateway->pool.arg = gateway;
	gateway->pool.failures = gateway->failures = failures_new();
	gateway->pool.meter = gateway->meter = meter_new();
	gateway->outbox = outbox_new(loop);
	gateway->hosts = hosts_new();
	gateway->loans = loans_new();
	gateway->lent = lent_new();
	if (gateway->outbox != NULL && gateway->hosts != NULL &&
	    gateway->loans != NULL && gateway->lent != NULL &&
	    gateway->failures != NULL && gateway->meter != NULL) {
		gateway->endpoint = endpoint_new(loop, &endpoint, status);
	}
	if (gateway->endpoint != NULL) {
		hosts_on_change(gateway->hosts, on_host_changed, gateway);
		*status = prepare(gateway);
	}
	if (*status != EX_OK) {
		gateway_free(gateway);
		return NULL;
	}
	return gateway;
}

int
gateway_serve(struct gateway *gateway)
{
	struct addr first = { .len = 0 };
	char text[ADDR_TEXT_LEN];

	if (ports_configure(gateway->ports, gateway->settings->ports,
		gateway->settings->port_count) > 0) {
		return EX_UNAVAILABLE;
	}
	ports_each(gateway->ports, note_first, &first);
	return endpoint_serve(gateway->endpoint, addr_format(&first, text));
}

void
gateway_free(struct gateway *gateway)
{
	if (gateway == NULL) {
		return;
	}
	gateway->finishing = false;
	ports_free(gateway->ports);
	client_pool_close(&gateway->pool);
	outbox_free(gateway->outbox);
	gateway->outbox = NULL;
	gatewayorders_free(gateway);
	letterbox_free(gateway->letterbox);
	correspondents_free(gateway->correspondents);
	peers_free(gateway->peers);
	direct_free(gateway->direct);
	endpoint_free(gateway->endpoint);
	hosts_free(gateway->hosts);
	loans_free(gateway->loans);
	lent_free(gateway->lent);
	gate_free(gateway->gate);
	auth_free(gateway->auth);
	viamark_free(gateway->viamark);
	virtuals_free(gateway->virtuals);
	failures_free(gateway->failures);
	meter_free(gateway->meter);
	settings_free(gateway->settings);
	mem_free(gateway);
}
