/* SPDX-License-Identifier: ISC */
#include "common/signals.h"

#include <ev.h>
#include <signal.h>
#include <stddef.h>

#include "common/loop.h"
#include "common/mem.h"

#define SIGNALS_COUNT 3

struct signals {
	struct loop *loop;
	signals_callback *callback;
	void *arg;
	struct ev_signal watchers[SIGNALS_COUNT];
};

static void
on_signal(struct ev_loop *ev, struct ev_signal *watcher, int events)
{
	struct signals *signals = watcher->data;

	(void)ev;
	(void)events;
	signals->callback(watcher->signum, signals->arg);
}

static void
watch(struct signals *signals, struct ev_signal *watcher, int signum)
{
	ev_signal_init(watcher, on_signal, signum);
	watcher->data = signals;
	ev_signal_start(loop_ev(signals->loop), watcher);
}

struct signals *
signals_new(struct loop *loop, signals_callback *callback, void *arg)
{
	static const int signums[SIGNALS_COUNT] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct signals *signals = mem_new(1, sizeof(*signals));

	if (signals == NULL) {
		return NULL;
	}
	signals->loop = loop;
	signals->callback = callback;
	signals->arg = arg;
	(void)sigaction(SIGPIPE, &ignore, NULL);
	for (size_t i = 0; i < SIGNALS_COUNT; i++) {
		watch(signals, &signals->watchers[i], signums[i]);
	}
	return signals;
}

void
signals_free(struct signals *signals)
{
	if (signals == NULL) {
		return;
	}
	for (size_t i = 0; i < SIGNALS_COUNT; i++) {
		ev_signal_stop(loop_ev(signals->loop), &signals->watchers[i]);
	}
	mem_free(signals);
}
