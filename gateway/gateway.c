/* SPDX-License-Identifier: ISC */
#include "gateway/gateway.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/listener.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "protocol/endpoint.h"
#include "protocol/limits.h"
#include "protocol/link.h"

/* Pins of some ten thousand hosts. */
#define PINS_MAX ((size_t)4 << 20)

void
gateway_defaults(struct gateway_config *config)
{
	*config = (struct gateway_config){
		.suffix = "internal",
		.clients_max = 16384,
		.streams_max = LIMITS_STREAMS_MAX,
		.retain_max = LIMITS_RETAIN_MAX,
		.window_max = LIMITS_WINDOW_MAX,
		.receive_budget = LIMITS_RECEIVE_BUDGET,
	};
}

/* --- pins ------------------------------------------------------------ */

static void
pins_path(const struct gateway *gateway, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/known_hosts",
	    endpoint_directory(gateway->endpoint));
}

void
gateway_save_pins(struct gateway *gateway)
{
	char *text = hosts_format_pins(gateway->hosts);
	struct fault fault = { .text = "out of memory" };
	char path[512];

	pins_path(gateway, path, sizeof(path));
	if (text == NULL ||
	    file_write(path, text, strlen(text), &fault) != FILE_OK) {
		log_write(LOG_LEVEL_ERROR, "gateway", 0,
		    "known_hosts is not saved: %s", fault.text);
	}
	mem_free(text);
}

static int
load_pins(struct gateway *gateway)
{
	struct file_content content;
	struct fault fault;
	char path[512];
	unsigned line;

	pins_path(gateway, path, sizeof(path));
	switch (file_read(path, FILE_SECRET, PINS_MAX, &content, &fault)) {
	case FILE_NONE:
		return EX_OK;
	case FILE_OK:
		break;
	case FILE_DENIED:
	case FILE_FAILED:
		log_write(LOG_LEVEL_ERROR, "gateway", 0, "%s", fault.text);
		return EX_NOPERM;
	}
	line = hosts_parse_pins(gateway->hosts, (const char *)content.data);
	file_content_free(&content);
	if (line != 0) {
		log_write(LOG_LEVEL_ERROR, "gateway", 0,
		    "%s: line %u is no pin: correct or remove it", path, line);
		return EX_CONFIG;
	}
	return EX_OK;
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
	(void)result;
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
		}
	} else if (type == FRAME_ATTACHED) {
		peers_attached(gateway->peers, channel, payload, len);
	} else if (type == FRAME_INVITED) {
		gatewayinvite_answer(gateway, payload, len);
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

static void
close_ports(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->port_count; i++) {
		listener_free(gateway->ports[i].listener);
		gateway->ports[i].listener = NULL;
	}
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
	close_ports(gateway);
	client_pool_close_idle(&gateway->pool);
	check_finished(gateway);
}

static void
on_stop(void *arg)
{
	struct gateway *gateway = arg;

	client_pool_close(&gateway->pool);
	peers_close(gateway->peers, CODE_GOING_DOWN);
}

static const struct endpoint_ops endpoint_callbacks = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
	.joining = on_joining,
	.finish = on_finish,
	.stop = on_stop,
	.command = gatewaycommand_handle,
	.status = gatewaycommand_status,
};

/* --- ports ----------------------------------------------------------- */

static int
complain(const char *what, const char *text)
{
	log_write(LOG_LEVEL_ERROR, "gateway", 0, "\"%s\": %s", text, what);
	return EX_CONFIG;
}

/* Judge where a port listens, and put its address to *out. */
static int
judge_listen(const char *listen, struct addr *out)
{
	if (addr_parse(out, listen) != 0) {
		return complain("no address to listen on; write ADDR:PORT, as "
				"127.0.0.1:1080 or [::1]:1080",
		    listen);
	}
	/*
	 * Whoever reaches this port reaches our hosts: without a password
	 * that must be nobody but this machine.
	 */
	if (!addr_is_loopback(out)) {
		return complain("listening for other machines would let them "
				"into your hosts; use a loopback address",
		    listen);
	}
	return EX_OK;
}

/* Judge where a forward leads, and put it to *out. */
static int
judge_target(const char *to, struct proxy_target *out)
{
	char host[LIMITS_NAME_LEN];
	uint16_t port;

	if (to == NULL || addr_split(to, host, sizeof(host), &port) != 0 ||
	    port == 0 ||
	    proxytarget_set_host(out, host, strlen(host), port) != 0) {
		return complain("a forward leads to NAME:PORT, as office:5432",
		    to != NULL ? to : "");
	}
	return EX_OK;
}

/* Judge one port and, unless gateway is NULL, add it. */
static int
add_port(struct gateway *gateway, const char *listen,
    const struct gateway_forward *forward)
{
	struct gateway_port port = { .gateway = gateway };
	int status = judge_listen(listen, &port.addr);

	if (status == EX_OK && forward != NULL) {
		port.is_forward = true;
		status = judge_target(forward->to, &port.target);
	}
	if (status == EX_OK && gateway != NULL) {
		gateway->ports[gateway->port_count++] = port;
	}
	return status;
}

static int
add_ports(struct gateway *gateway, const struct gateway_config *config)
{
	int status = EX_OK;

	if (config->listen_count > GATEWAY_LISTENS_MAX ||
	    config->forward_count >
		GATEWAY_LISTENS_MAX - config->listen_count) {
		return complain("too many listeners and forwards", "listen");
	}
	for (size_t i = 0; i < config->listen_count && status == EX_OK; i++) {
		status = add_port(gateway, config->listens[i], NULL);
	}
	for (size_t i = 0; i < config->forward_count && status == EX_OK; i++) {
		status = add_port(
		    gateway, config->forwards[i].listen, &config->forwards[i]);
	}
	return status;
}

int
gateway_check(const struct gateway_config *config)
{
	return add_ports(NULL, config);
}

static void
on_connection(int fd, const struct addr *peer, void *arg)
{
	struct gateway_port *port = arg;

	(void)peer;
	client_start(
	    &port->gateway->pool, fd, port->is_forward ? &port->target : NULL);
}

static int
open_port(struct gateway *gateway, struct gateway_port *port)
{
	const struct listener_config config = { .addr = port->addr };
	struct fault fault;

	port->listener =
	    listener_new(gateway->loop, &config, on_connection, port, &fault);
	if (port->listener == NULL) {
		log_write(LOG_LEVEL_ERROR, "gateway", 0, "%s", fault.text);
		return EX_UNAVAILABLE;
	}
	return EX_OK;
}

/* --- life ------------------------------------------------------------ */

static int
prepare(struct gateway *gateway, const struct gateway_config *config)
{
	const struct peers_config peers = {
		.loop = gateway->loop,
		.endpoint = gateway->endpoint,
		.hosts = gateway->hosts,
		.retain_max = config->retain_max,
		.window_max = config->window_max,
		.streams_max = config->streams_max,
		.receive_budget = config->receive_budget,
		.pinned = on_pinned,
		.arg = gateway,
	};

	gateway->peers = peers_new(&peers);
	if (gateway->peers == NULL) {
		return EX_OSERR;
	}
	(void)snprintf(
	    gateway->suffix, sizeof(gateway->suffix), "%s", config->suffix);
	gateway->space = (struct reach_space){
		.endpoint = gateway->endpoint,
		.hosts = gateway->hosts,
		.peers = gateway->peers,
		.suffix = gateway->suffix,
	};
	client_pool_init(&gateway->pool, gateway->loop, &gateway->space,
	    config->clients_max);
	gateway->pool.ended = check_finished;
	gateway->pool.arg = gateway;
	return load_pins(gateway);
}

struct gateway *
gateway_new(struct loop *loop, const struct gateway_config *config, int *status)
{
	struct gateway *gateway = mem_new(1, sizeof(*gateway));
	const struct endpoint_config endpoint = {
		.role = LINKHELLO_GATEWAY,
		.state = config->state,
		.join = config->join,
		.ops = &endpoint_callbacks,
		.arg = gateway,
	};

	*status = EX_OSERR;
	if (gateway == NULL) {
		return NULL;
	}
	gateway->loop = loop;
	list_init(&gateway->asks);
	list_init(&gateway->pool.clients);
	gateway->hosts = hosts_new();
	if (gateway->hosts != NULL) {
		*status = add_ports(gateway, config);
	}
	if (*status == EX_OK) {
		gateway->endpoint = endpoint_new(loop, &endpoint, status);
	}
	if (gateway->endpoint != NULL) {
		*status = prepare(gateway, config);
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
	char text[ADDR_TEXT_LEN];
	struct addr addr;

	for (size_t i = 0; i < gateway->port_count; i++) {
		int status = open_port(gateway, &gateway->ports[i]);

		if (status != EX_OK) {
			return status;
		}
	}
	listener_addr(gateway->ports[0].listener, &addr);
	return endpoint_serve(gateway->endpoint, addr_format(&addr, text));
}

void
gateway_free(struct gateway *gateway)
{
	if (gateway == NULL) {
		return;
	}
	gateway->finishing = false;
	close_ports(gateway);
	client_pool_close(&gateway->pool);
	peers_free(gateway->peers);
	endpoint_free(gateway->endpoint);
	hosts_free(gateway->hosts);
	mem_free(gateway);
}
