/* SPDX-License-Identifier: ISC */
#include "gateway/metrics.h"

#include <string.h>

#include "common/promout.h"
#include "common/version.h"
#include "gateway/outcomes.h"
#include "gateway/overview.h"

#define NAME(name) "inroad_gateway_" name

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* Write a family of one sample without labels. */
static void
put_gauge(struct promout *out, const char *name, const char *help, double value)
{
	promout_family(out, name, PROMOUT_GAUGE, help);
	promout_double(out, NULL, value);
}

/* --- the gateway ----------------------------------------------------- */

static void
put_process(struct promout *out, const struct overview *overview)
{
	promout_family(out, NAME("build_info"), PROMOUT_GAUGE,
	    "Always 1; which version this is.");
	promout_uint(out, PROMOUT_LABELS("version", version_string()), 1);
	put_gauge(out, NAME("uptime_seconds"), "Since the start.",
	    seconds(overview->uptime_ns));
}

static void
put_link(struct promout *out, const struct overview *overview)
{
	const struct uplink_status *link = &overview->link;

	put_gauge(out, NAME("link_up"), "1 while the link to the relay is up.",
	    link->up ? 1 : 0);
	put_gauge(out, NAME("link_state_seconds"),
	    "How long the link has been up or down.",
	    seconds(overview->link_for_ns));
	if (link->up && link->rtt_ns > 0) {
		put_gauge(out, NAME("link_rtt_seconds"),
		    "Round trip to the relay.", seconds(link->rtt_ns));
	}
	if (!link->up) {
		promout_family(out, NAME("link_down_reason"), PROMOUT_GAUGE,
		    "Always 1; why the link is down.");
		promout_uint(
		    out, PROMOUT_LABELS("reason", codes_slug(link->code)), 1);
	}
}

static void
put_clients(struct promout *out, const struct overview *overview)
{
	put_gauge(
	    out, NAME("clients"), "Local connections.", overview->clients);
	put_gauge(out, NAME("clients_max"), "Local connections allowed.",
	    overview->clients_max);
	promout_family(out, NAME("open"), PROMOUT_GAUGE,
	    "Local connections that lead to a host, by how they asked.");
	for (unsigned i = 0; i < DIALECTS; i++) {
		promout_uint(out,
		    PROMOUT_LABELS("dialect", dialect_name((enum dialect)i)),
		    overview->open[i]);
	}
}

static void
put_outcome(enum dialect dialect, enum code code, uint64_t count, void *arg)
{
	promout_uint(arg,
	    PROMOUT_LABELS(
		"dialect", dialect_name(dialect), "code", codes_slug(code)),
	    count);
}

static void
put_requests(struct promout *out, const struct overview *overview)
{
	promout_family(out, NAME("requests_total"), PROMOUT_COUNTER,
	    "Requests that are over, by how they asked and what came of it.");
	outcomes_each(overview->outcomes, put_outcome, out);
	promout_family(out, NAME("failures_total"), PROMOUT_COUNTER,
	    "Requests that failed.");
	promout_uint(out, NULL, outcomes_failed(overview->outcomes));
	promout_family(out, NAME("bytes_total"), PROMOUT_COUNTER,
	    "Bytes between local connections and hosts.");
	promout_uint(
	    out, PROMOUT_LABELS("direction", "sent"), overview->total.sent);
	promout_uint(out, PROMOUT_LABELS("direction", "received"),
	    overview->total.received);
}

static void
put_datagrams(struct promout *out, const struct overview *overview)
{
	const struct courier_stats *stats = &overview->datagrams;

	promout_family(out, NAME("datagrams_total"), PROMOUT_COUNTER,
	    "Datagrams of local programs and of those they sent to.");
	promout_uint(out, PROMOUT_LABELS("what", "sent"), stats->sent);
	promout_uint(out, PROMOUT_LABELS("what", "received"), stats->received);
	promout_uint(out, PROMOUT_LABELS("what", "lost"), stats->lost);
	promout_uint(out, PROMOUT_LABELS("what", "stray"), stats->strays);
}

/* --- hosts ----------------------------------------------------------- */

/* Return true when a host before the i-th is in the same state. */
static bool
is_repeated(const struct overview *overview, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(overview->hosts[k].state,
			overview->hosts[i].state) == 0) {
			return true;
		}
	}
	return false;
}

static uint64_t
count_in(const struct overview *overview, const char *state)
{
	uint64_t count = 0;

	for (size_t i = 0; i < overview->host_count; i++) {
		count += strcmp(overview->hosts[i].state, state) == 0;
	}
	return count;
}

/* Write how many hosts are in each state: in these two, and what else is. */
static void
put_states(struct promout *out, const struct overview *overview)
{
	static const char *const usual[] = { "online", "offline" };

	promout_family(out, NAME("hosts"), PROMOUT_GAUGE,
	    "Hosts of the account, by their state.");
	for (size_t i = 0; i < 2; i++) {
		promout_uint(out, PROMOUT_LABELS("state", usual[i]),
		    count_in(overview, usual[i]));
	}
	for (size_t i = 0; i < overview->host_count; i++) {
		const char *state = overview->hosts[i].state;

		if (strcmp(state, usual[0]) != 0 &&
		    strcmp(state, usual[1]) != 0 && !is_repeated(overview, i)) {
			promout_uint(out, PROMOUT_LABELS("state", state),
			    count_in(overview, state));
		}
	}
}

/* A number of a host: false when it has none now. */
typedef bool host_value(const struct overview_host *host, double *value);

static bool
is_up(const struct overview_host *host, double *value)
{
	*value = strcmp(host->state, "online") == 0;
	return true;
}

static bool
rtt_of(const struct overview_host *host, double *value)
{
	*value = seconds(host->rtt_ns);
	return host->rtt_ns > 0;
}

static bool
streams_of(const struct overview_host *host, double *value)
{
	*value = host->session.streams;
	return true;
}

static bool
waiting_of(const struct overview_host *host, double *value)
{
	*value = host->waiting;
	return true;
}

static bool
gap_of(const struct overview_host *host, double *value)
{
	*value = host->last_gap_s;
	return host->last_gap_s > 0;
}

static bool
retained_of(const struct overview_host *host, double *value)
{
	*value = (double)host->session.retained;
	return true;
}

static const struct {
	const char *name;
	const char *help;
	host_value *value;
} host_families[] = {
	{ NAME("host_up"), "1 for a host that is online.", is_up },
	{ NAME("host_rtt_seconds"), "Round trip to a host, its smallest.",
	    rtt_of },
	{ NAME("host_streams"), "Streams that are open to a host.",
	    streams_of },
	{ NAME("host_waiting_streams"),
	    "Of these, streams that wait for a link.", waiting_of },
	{ NAME("host_last_gap_seconds"), "How long a session last had no link.",
	    gap_of },
	{ NAME("host_retained_bytes"),
	    "Bytes that a host has not acknowledged yet.", retained_of },
};

static void
put_hosts(struct promout *out, const struct overview *overview)
{
	double value;

	for (size_t f = 0; f < sizeof(host_families) / sizeof(host_families[0]);
	     f++) {
		promout_family(out, host_families[f].name, PROMOUT_GAUGE,
		    host_families[f].help);
		for (size_t i = 0; i < overview->host_count; i++) {
			const struct overview_host *host = &overview->hosts[i];

			if (host_families[f].value(host, &value)) {
				promout_double(out,
				    PROMOUT_LABELS("host", host->name), value);
			}
		}
	}
}

int
metrics_write(const struct overview *overview, struct buf *out)
{
	struct promout metrics;

	promout_begin(&metrics, out);
	put_process(&metrics, overview);
	put_link(&metrics, overview);
	put_clients(&metrics, overview);
	put_gauge(&metrics, NAME("streams"),
	    "Streams that are open to all hosts.", overview->streams);
	put_requests(&metrics, overview);
	put_datagrams(&metrics, overview);
	put_states(&metrics, overview);
	put_hosts(&metrics, overview);
	return promout_end(&metrics);
}
