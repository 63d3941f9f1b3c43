/* SPDX-License-Identifier: ISC */
#include "relay/relaymetrics.h"

#include "common/promout.h"
#include "common/version.h"
#include "relay/figures.h"

#define NAME(name) "inroad_relay_" name

static double
seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void
put_gauge(
    struct promout *out, const char *name, const char *help, uint64_t value)
{
	promout_family(out, name, PROMOUT_GAUGE, help);
	promout_uint(out, NULL, value);
}

static void
put_counter(
    struct promout *out, const char *name, const char *help, uint64_t value)
{
	promout_family(out, name, PROMOUT_COUNTER, help);
	promout_uint(out, NULL, value);
}

static void
put_process(struct promout *out, const struct figures *figures)
{
	promout_family(out, NAME("build_info"), PROMOUT_GAUGE,
	    "Always 1; which version this is.");
	promout_uint(out, PROMOUT_LABELS("version", version_string()), 1);
	put_gauge(
	    out, NAME("uptime_seconds"), "Since the start.", figures->uptime);
	promout_family(out, NAME("loop_lag_seconds"), PROMOUT_GAUGE,
	    "The longest iteration of the loop within the last second.");
	promout_double(out, NULL, seconds(figures->lag_ns));
	if (figures->memory > 0) {
		put_gauge(out, NAME("resident_memory_bytes"),
		    "Memory that the process has.", figures->memory);
	}
}

static void
put_accounts(struct promout *out, const struct figures *figures)
{
	put_gauge(out, NAME("accounts"), "Accounts that there are.",
	    figures->accounts);
	put_gauge(out, NAME("devices"), "Devices that are enrolled.",
	    figures->devices);
	put_gauge(out, NAME("hosts"), "Of these, agents: hosts to reach.",
	    figures->hosts);
	promout_family(out, NAME("links"), PROMOUT_GAUGE,
	    "Connections, by who they are of; a guest has not logged in.");
	promout_uint(out, PROMOUT_LABELS("role", "gateway"), figures->gateways);
	promout_uint(out, PROMOUT_LABELS("role", "agent"), figures->agents);
	promout_uint(out, PROMOUT_LABELS("role", "guest"), figures->guests);
	put_counter(out, NAME("logins_total"), "Devices that were let in.",
	    figures->logins);
	put_counter(out, NAME("guests_displaced_total"),
	    "Guests that gave way to others.", figures->displaced);
}

static void
put_traffic(struct promout *out, const struct figures *figures)
{
	put_gauge(out, NAME("channels"), "Channels between gateways and hosts.",
	    figures->channels);
	promout_family(out, NAME("bytes_total"), PROMOUT_COUNTER,
	    "Bytes handed on: up to hosts, down to gateways.");
	promout_uint(
	    out, PROMOUT_LABELS("direction", "up"), figures->bytes[FIGURES_UP]);
	promout_uint(out, PROMOUT_LABELS("direction", "down"),
	    figures->bytes[FIGURES_DOWN]);
	put_gauge(out, NAME("queued_bytes"), "Bytes that wait for a link.",
	    figures->queued);
	put_gauge(out, NAME("promised_bytes"),
	    "Bytes that senders may send at once.", figures->promised);
	put_gauge(out, NAME("budget_bytes"),
	    "Bytes that may wait; above 3/4 of it no channel opens.",
	    figures->budget);
	put_counter(out, NAME("channels_shed_total"),
	    "Channels that were ended for want of memory.", figures->shed);
}

/*
 * The classes of the latency that Prometheus gets: 1, 2.5 and 5 of each
 * decade, up to the 20 s after which a gateway gives up.
 */
static const struct {
	size_t i; /* of its latency_bound() */
	double bound;
} classes[] = {
	{ 0, 0.0001 },
	{ 4, 0.00025 },
	{ 7, 0.0005 },
	{ 10, 0.001 },
	{ 14, 0.0025 },
	{ 17, 0.005 },
	{ 20, 0.01 },
	{ 24, 0.025 },
	{ 27, 0.05 },
	{ 30, 0.1 },
	{ 34, 0.25 },
	{ 37, 0.5 },
	{ 40, 1 },
	{ 44, 2.5 },
	{ 47, 5 },
	{ 50, 10 },
	{ 53, 20 },
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

/* Write the samples of a family that has begun. */
static void
put_latency(struct promout *out, const struct latency *latency)
{
	double bounds[CLASSES];
	uint64_t counts[CLASSES + 1] = { 0 };
	size_t class = 0;

	for (size_t i = 0; i < CLASSES; i++) {
		bounds[i] = classes[i].bound;
	}
	for (size_t i = 0; i <= LATENCY_BOUNDS; i++) {
		while (class < CLASSES && i > classes[class].i) {
			class ++;
		}
		counts[class] += latency->counts[i];
	}
	promout_histogram(out, &(struct promout_histogram){ bounds, counts,
				   CLASSES, seconds(latency->sum_ns) });
}

static void
put_refused(struct promout *out, const struct figures *figures)
{
	static const char *const names[FIGURES_REFUSALS] = {
		[FIGURES_LOGIN] = "login",
		[FIGURES_ATTACH] = "attach",
	};

	promout_family(out, NAME("refused_total"), PROMOUT_COUNTER,
	    "Logins and attaches that were refused, by their code.");
	for (int what = 0; what < FIGURES_REFUSALS; what++) {
		for (unsigned i = 0; i < CODES_COUNT; i++) {
			if (figures->refused[what][i] > 0) {
				promout_uint(out,
				    PROMOUT_LABELS("what", names[what], "code",
					codes_slug(codes_at(i))),
				    figures->refused[what][i]);
			}
		}
	}
}

int
relaymetrics_write(const struct figures *figures, struct buf *out)
{
	struct promout metrics;

	promout_begin(&metrics, out);
	put_process(&metrics, figures);
	put_accounts(&metrics, figures);
	put_traffic(&metrics, figures);
	put_counter(&metrics, NAME("attaches_total"),
	    "Channels that gateways asked for.", figures->attaches);
	promout_family(&metrics, NAME("attach_seconds"), PROMOUT_HISTOGRAM,
	    "How long hosts took to answer an attach.");
	put_latency(&metrics, &figures->attach);
	promout_family(&metrics, NAME("loop_turn_seconds"), PROMOUT_HISTOGRAM,
	    "How long iterations of the loop took, in which others wait.");
	put_latency(&metrics, &figures->turns);
	put_refused(&metrics, figures);
	return promout_end(&metrics);
}
