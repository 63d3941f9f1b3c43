/* SPDX-License-Identifier: ISC */
/* Commands on the gateway's control socket. */
#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/control.h"
#include "common/jsonout.h"
#include "common/mem.h"
#include "gateway/auth.h"
#include "gateway/direct.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/overview.h"
#include "gateway/peers.h"
#include "gateway/ports.h"
#include "protocol/endpoint.h"
#include "protocol/keys.h"
#include "protocol/target.h"

/* One object of an answer. */
#define OBJECT_MAX 4096

/* --- hosts ----------------------------------------------------------- */

/* What describing a host needs. */
struct describe {
	struct gateway *gateway;
	struct control_request *request;
	struct jsonout *json;
};

static void
describe_session(struct jsonout *json, const struct overview_host *host)
{
	jsonout_double(json, "rtt_ms", (double)host->rtt_ns / 1e6);
	jsonout_uint(json, "streams", host->session.streams);
	jsonout_uint(json, "streams_ever", host->session.streams_ever);
	jsonout_uint(json, "sent", host->session.sent);
	jsonout_uint(json, "received", host->session.received);
}

static void
describe_gap(struct jsonout *json, const struct overview_host *host)
{
	if (host->since_s > 0) {
		jsonout_uint(json, "waiting", host->waiting);
		jsonout_double(json, "since_s", host->since_s);
	}
	if (host->last_gap_s > 0) {
		jsonout_double(json, "last_gap_s", host->last_gap_s);
	}
}

static void
describe_host(const struct host *host, struct describe *d)
{
	struct overview_host view;
	char fingerprint[KEYS_FINGERPRINT_LEN];

	gatewayview_host(d->gateway, host, &view);
	jsonout_string(d->json, "host", view.name);
	jsonout_string(d->json, "owner", view.owner);
	jsonout_string(d->json, "state", view.state);
	jsonout_uint(d->json, "last_contact", view.last_contact);
	jsonout_bool(d->json, "key_changed", view.key_changed);
	keys_fingerprint(view.key, fingerprint);
	jsonout_string(d->json, "key", fingerprint);
	if (view.replicas > 1) {
		jsonout_uint(d->json, "replicas", view.replicas);
		jsonout_uint(d->json, "replicas_online", view.replicas_online);
		jsonout_uint(
		    d->json, "replicas_refused", view.replicas_refused);
	}
	if (view.has_session) {
		describe_session(d->json, &view);
	}
	describe_gap(d->json, &view);
}

static void
send_host(const struct host *host, void *arg)
{
	struct describe *d = arg;

	d->json = jsonout_new(OBJECT_MAX);
	jsonout_object(d->json, NULL);
	describe_host(host, d);
	jsonout_end(d->json);
	control_send(d->request, d->json);
}

static void
list_hosts(struct gateway *gateway, struct control_request *request)
{
	struct describe d = { .gateway = gateway, .request = request };
	char text[LIMITS_TEXT_LEN];
	enum code code;

	if (!hosts_is_complete(gateway->hosts)) {
		code = endpoint_no_link(gateway->endpoint, text);
		gateway_refuse(request, code, text);
		return;
	}
	hosts_each(gateway->hosts, send_host, &d);
	control_end(request, CONTROL_OK, NULL, NULL);
}

/* --- status ---------------------------------------------------------- */

void
gateway_refuse(
    struct control_request *request, enum code code, const char *text)
{
	control_end(request, CONTROL_FAILED, codes_slug(code),
	    text[0] != '\0' ? text : codes_summary(code));
}

static void
add_host(const struct host *host, void *arg)
{
	struct describe *d = arg;

	jsonout_object(d->json, NULL);
	describe_host(host, d);
	jsonout_end(d->json);
}

static void
add_port(const struct ports_info *info, void *arg)
{
	struct jsonout *json = arg;
	char text[PORTS_TEXT_LEN];
	char target[PROXYTARGET_TEXT_LEN];

	jsonout_object(json, NULL);
	jsonout_string(json, "address", ports_format(info, text));
	if (info->forward != NULL) {
		jsonout_string(
		    json, "to", proxytarget_format(info->forward, target));
	}
	jsonout_end(json);
}

static void
add_datagrams(struct jsonout *json, const struct client_pool *pool)
{
	const struct courier_stats *stats = &pool->datagrams;

	jsonout_object(json, "datagrams");
	jsonout_uint(json, "associations", pool->associations);
	jsonout_uint(json, "sent", stats->sent);
	jsonout_uint(json, "received", stats->received);
	jsonout_uint(json, "lost", stats->lost);
	jsonout_uint(json, "strays", stats->strays);
	jsonout_end(json);
}

void
gatewaycommand_status(struct jsonout *json, void *arg)
{
	struct gateway *gateway = arg;
	const struct membership *membership =
	    endpoint_membership(gateway->endpoint);
	const struct host *relay = hosts_find(gateway->hosts, TARGET_RELAY);
	struct describe d = { .gateway = gateway, .json = json };

	jsonout_array(json, "listening");
	ports_each(gateway->ports, add_port, json);
	jsonout_end(json);
	add_datagrams(json, &gateway->pool);
	jsonout_string(json, "suffix", gateway->space.map.suffix);
	jsonout_bool(json, "asks_password", auth_is_on(gateway->auth));
	jsonout_bool(json, "account_key",
	    membership != NULL &&
		membership->key_kind == MEMBERSHIP_KEY_ACCOUNT);
	if (gateway->pending.text[0] != '\0') {
		jsonout_string(json, "configuration", gateway->pending.text);
	}
	jsonout_uint(json, "clients", gateway->pool.count);
	jsonout_uint(json, "requests", gateway->pool.served);
	jsonout_uint(
	    json, "failures", outcomes_failed(&gateway->pool.outcomes));
	jsonout_uint(json, "direct", direct_count(gateway->direct));
	jsonout_uint(json, "streams", peers_streams(gateway->peers));
	jsonout_array(json, "hosts");
	hosts_each(gateway->hosts, add_host, &d);
	jsonout_end(json);
	if (relay != NULL) {
		/* No host of the account, but reached like one. */
		jsonout_object(json, "console");
		describe_host(relay, &d);
		jsonout_end(json);
	}
}

/* --- keys ------------------------------------------------------------ */

static void
accept_key(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_word(request, 1);
	const struct host *host = hosts_find(gateway->hosts, name);
	char text[LIMITS_TEXT_LEN];

	if (host == NULL) {
		(void)snprintf(text, sizeof(text),
		    "No host \"%.100s\". \"inroad hosts\" lists yours.", name);
		control_end(request, CONTROL_NO_HOST,
		    codes_slug(CODE_HOST_UNKNOWN), text);
		return;
	}
	if (hosts_pin(gateway->hosts, name)) {
		gateway_save_pins(gateway);
	}
	control_end(request, CONTROL_OK, NULL, NULL);
}

static void
export_key(struct gateway *gateway, struct control_request *request)
{
	const struct membership *membership =
	    endpoint_membership(gateway->endpoint);
	struct keys_account account = { 0 };
	char text[KEYS_RECOVERY_LEN];
	struct jsonout *json;

	if (strcmp(control_word(request, 1), "export") != 0) {
		control_end(
		    request, CONTROL_USAGE, "bad-request", "key export");
		return;
	}
	if (membership == NULL ||
	    membership->key_kind != MEMBERSHIP_KEY_ACCOUNT) {
		gateway_refuse(request, CODE_NOT_JOINED, "");
		return;
	}
	account.epoch = membership->epoch;
	memcpy(account.key, membership->key, sizeof(account.key));
	keys_recovery_encode(&account, text);
	mem_wipe(&account, sizeof(account));
	json = jsonout_new(OBJECT_MAX);
	jsonout_object(json, NULL);
	jsonout_string(json, "recovery", text);
	jsonout_uint(json, "epoch", membership->epoch);
	jsonout_end(json);
	control_send(request, json);
	mem_wipe(text, sizeof(text));
	control_end(request, CONTROL_OK, NULL, NULL);
}

/* What a command of this user says to our own port (auth.h). */
static void
give_ticket(struct gateway *gateway, struct control_request *request)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, "ticket", auth_ticket(gateway->auth));
	jsonout_end(json);
	control_send(request, json);
	control_end(request, CONTROL_OK, NULL, NULL);
}

bool
gatewaycommand_handle(struct control_request *request, void *arg)
{
	static const struct {
		const char *name;
		void (*serve)(
		    struct gateway *gateway, struct control_request *request);
	} rows[] = {
		{ "hosts", list_hosts },
		{ "invite", gatewayinvite_start },
		{ "forward", gatewayforward_handle },
		{ "share", gatewayshare_start },
		{ "unshare", gatewayshare_end },
		{ "shares", gatewayshare_list },
		{ "accept", gatewayaccept_start },
		{ "forget", gatewayaccept_remove },
		{ "accept-key", accept_key },
		{ "key", export_key },
		{ "ticket", give_ticket },
		{ "wait", gatewaywait_start },
		{ "send", gatewaysend_start },
		{ "why", gatewaywhy_start },
		{ "ping", gatewaywait_ping },
	};
	const char *command = control_word(request, 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(command, rows[i].name) == 0) {
			rows[i].serve(arg, request);
			return true;
		}
	}
	return false;
}
