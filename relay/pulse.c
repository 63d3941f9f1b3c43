/* SPDX-License-Identifier: ISC */
#include "relay/pulse.h"

#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/mem.h"
#include "protocol/limits.h"
#include "relay/account.h"
#include "relay/device.h"
#include "relay/directory.h"
#include "relay/figures.h"
#include "relay/series.h"
#include "relay/switch.h"

struct pulse {
	struct pulse_config config;
	struct series *series;
	ev_timer timer;
	uint64_t due;    /* when it should beat next */
	uint64_t lag_ns; /* the longest iteration before this beat */
};

/*
 * Return how many bytes of memory the process has, by the second number of
 * proc(5)'s statm, or 0 when that is not to be had.
 */
static uint64_t
read_memory(void)
{
	char text[128];
	char *rest;
	ssize_t len;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return 0;
	}
	len = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (len <= 0) {
		return 0;
	}
	text[len] = '\0';
	(void)strtoull(text, &rest, 10);
	return strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
read_hub(const struct device_hub *hub, struct figures *out)
{
	struct device_hub_stats stats;

	device_hub_get_stats(hub, &stats);
	out->gateways = stats.gateways;
	out->agents = stats.agents;
	out->guests = stats.guests;
	out->logins = stats.logins;
	out->displaced = stats.displaced;
	out->attaches = stats.attaches;
	out->attach = stats.attach;
	memcpy(out->refused[FIGURES_LOGIN], stats.refused_logins,
	    sizeof(stats.refused_logins));
	memcpy(out->refused[FIGURES_ATTACH], stats.refused_attaches,
	    sizeof(stats.refused_attaches));
}

static void
read_board(const struct switch_board *board, struct figures *out)
{
	struct switch_stats stats;

	switch_get_stats(board, &stats);
	out->channels = stats.circuits;
	out->queued = stats.queued;
	out->promised = stats.promised;
	out->shed = stats.shed;
	out->bytes[FIGURES_UP] = stats.copied[SWITCH_GATEWAY];
	out->bytes[FIGURES_DOWN] = stats.copied[SWITCH_AGENT];
}

void
pulse_read(const struct pulse *pulse, struct figures *out)
{
	const struct pulse_config *config = &pulse->config;

	*out = (struct figures){
		.at_ns = loop_now(config->loop),
		.now = (uint64_t)time(NULL),
		.accounts = account_book_accounts(config->book),
		.devices = account_book_devices(config->book),
		.hosts = directory_count(config->directory),
		.budget = config->budget,
		.memory = read_memory(),
		.lag_ns = pulse->lag_ns,
		.turns = *loop_turns(config->loop),
	};
	/* The clock of the wall may have been set back. */
	if (out->now > config->started) {
		out->uptime = out->now - config->started;
	}
	read_hub(config->hub, out);
	read_board(config->board, out);
}

const struct series *
pulse_series(const struct pulse *pulse)
{
	return pulse->series;
}

static void
on_beat(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct pulse *pulse = timer->data;
	const uint64_t now = loop_now(pulse->config.loop);
	struct figures figures;

	(void)ev;
	(void)revents;
	pulse->lag_ns = loop_take_longest(pulse->config.loop);
	/* A little early counts as in time. */
	do {
		pulse->due += LIMITS_SEC;
	} while (pulse->due + LIMITS_SEC / 2 <= now);
	pulse_read(pulse, &figures);
	series_feed(pulse->series, &figures);
}

struct pulse *
pulse_new(const struct pulse_config *config)
{
	struct pulse *pulse = mem_new(1, sizeof(*pulse));
	struct figures first;
	uint64_t now;

	if (pulse == NULL) {
		return NULL;
	}
	pulse->config = *config;
	pulse_read(pulse, &first);
	pulse->series = series_new(&first);
	if (pulse->series == NULL) {
		mem_free(pulse);
		return NULL;
	}
	now = first.at_ns;
	pulse->due = (now / LIMITS_SEC + 1) * LIMITS_SEC + LIMITS_SEC / 2;
	ev_timer_init(&pulse->timer, on_beat,
	    (double)(pulse->due - now) / (double)LIMITS_SEC, 1.);
	pulse->timer.data = pulse;
	ev_timer_start(loop_ev(config->loop), &pulse->timer);
	return pulse;
}

void
pulse_free(struct pulse *pulse)
{
	if (pulse != NULL) {
		ev_timer_stop(loop_ev(pulse->config.loop), &pulse->timer);
		series_free(pulse->series);
		mem_free(pulse);
	}
}
