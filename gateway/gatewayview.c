/* SPDX-License-Identifier: ISC */
/* What a gateway tells of itself, gathered from where it is known. */
#include <time.h>

#include "common/loop.h"
#include "common/mem.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/overview.h"
#include "gateway/peers.h"
#include "protocol/endpoint.h"

/* Rates are of so many seconds: what is seen changes, and does not flicker. */
#define RATE_SECONDS 3

void
gatewayview_host(const struct gateway *gateway, const struct host *host,
    struct overview_host *out)
{
	struct hosts_count count;
	struct peers_info info;
	bool known = peers_get_info(gateway->peers, host->name, &info);
	const char *state = host->online ? "online" : "offline";

	hosts_count_replicas(gateway->hosts, host->name, &count);
	if (host->withdrawn) {
		state = "withdrawn";
	} else if (host->expiry != 0 && host->expiry <= (uint64_t)time(NULL)) {
		state = "expired";
	}
	*out = (struct overview_host){
		.replicas = count.listed,
		.replicas_online = count.online,
		.replicas_refused = count.refused,
		.name = host->name,
		.owner = host->owner,
		.state = state,
		.key = host->key,
		.key_changed = hosts_key_changed(host),
		.last_contact = host->last_contact,
		.has_session = known,
	};
	if (!known) {
		return;
	}
	out->rtt_ns = info.rtt_ns;
	out->session = info.stats;
	out->last_gap_s = (double)info.last_gap_ns / (double)LIMITS_SEC;
	if (info.is_lost) {
		out->state = "reconnecting";
		out->waiting = info.waiting;
		out->since_s = (double)info.lost_for_ns / (double)LIMITS_SEC;
	}
}

static void
count_host(const struct host *host, void *arg)
{
	size_t *count = arg;

	(void)host;
	(*count)++;
}

/* Where the next host goes. */
struct filling {
	const struct gateway *gateway;
	struct overview_host *next;
};

static void
fill_host(const struct host *host, void *arg)
{
	struct filling *filling = arg;

	gatewayview_host(filling->gateway, host, filling->next);
	filling->next++;
}

/* Gather the hosts; 0, or -1 without memory. */
static int
gather_hosts(const struct gateway *gateway, struct overview *out)
{
	struct filling filling = { .gateway = gateway };

	hosts_each(gateway->hosts, count_host, &out->host_count);
	if (out->host_count == 0) {
		return 0;
	}
	filling.next = mem_new(out->host_count, sizeof(*filling.next));
	if (filling.next == NULL) {
		return -1;
	}
	out->hosts = filling.next;
	hosts_each(gateway->hosts, fill_host, &filling);
	return 0;
}

static void
gather_link(
    const struct gateway *gateway, uint64_t now_ns, struct overview *out)
{
	endpoint_get_status(gateway->endpoint, &out->link);
	if (out->link.since_ns != 0) {
		out->link_for_ns = now_ns - out->link.since_ns;
	}
	if (!out->link.up && out->link.retry_ns > now_ns) {
		out->retry_in_ns = out->link.retry_ns - now_ns;
	}
}

int
gatewayview_make(const struct gateway *gateway, struct overview *out)
{
	uint64_t now_ns = loop_now(gateway->loop);

	*out = (struct overview){
		.now = (uint64_t)time(NULL),
		.uptime_ns = now_ns - endpoint_started(gateway->endpoint),
		.hosts_known = hosts_is_complete(gateway->hosts),
		.suffix = gateway->space.map.suffix,
		.clients = gateway->pool.count,
		.clients_max = gateway->pool.max,
		.streams = peers_streams(gateway->peers),
		.requests = gateway->pool.served,
		.outcomes = &gateway->pool.outcomes,
		.failures = gateway->pool.failures,
		.inbox = endpoint_inbox(gateway->endpoint),
	};
	gather_link(gateway, now_ns, out);
	client_pool_open(&gateway->pool, out->open);
	meter_total(gateway->pool.meter, &out->total);
	out->datagrams = gateway->pool.datagrams;
	meter_rate(gateway->pool.meter, RATE_SECONDS, now_ns, &out->rate);
	return gather_hosts(gateway, out);
}

void
gatewayview_free(struct overview *overview)
{
	mem_free(overview->hosts);
}
