/* SPDX-License-Identifier: ISC */
/* Those who wait for a session; declared in peers.h and peers_impl.h. */
#include <stdio.h>

#include "common/loop.h"
#include "common/mem.h"
#include "gateway/peers_impl.h"

void
peers_cancel(struct peers_wait *wait)
{
	if (wait != NULL) {
		ev_timer_stop(
		    loop_ev(wait->peer->peers->config.loop), &wait->timer);
		list_remove(&wait->all);
		peers_drop_if_idle(wait->peer);
		mem_free(wait);
	}
}

/* Tell one who waits how it went. */
static void
settle(struct peers_wait *wait, struct session *session, enum code code,
    const char *text)
{
	peers_done *done = wait->done;
	void *arg = wait->arg;

	peers_cancel(wait);
	done(session, code, text, arg);
}

static bool
is_among(const struct peers_wait *wait, enum peerswait_who who)
{
	return who == PEERSWAIT_EVERYBODY ||
	       (who == PEERSWAIT_PONG ? wait->pinged : !wait->for_pong);
}

void
peerswait_answer(struct peer *peer, enum peerswait_who who,
    struct session *session, enum code code, const char *text)
{
	struct list *node = list_first(&peer->waits);
	struct list now;

	list_init(&now);
	while (node != NULL) {
		struct list *next = list_after(&peer->waits, node);

		if (is_among(list_entry(node, struct peers_wait, all), who)) {
			list_remove(node);
			list_push_back(&now, node);
		}
		node = next;
	}
	for (node = list_first(&now); node != NULL; node = list_first(&now)) {
		settle(list_entry(node, struct peers_wait, all), session, code,
		    text);
	}
}

/* Nobody waits longer than this. */
static void
on_wait_over(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct peers_wait *wait = timer->data;
	struct peer *peer = wait->peer;
	char text[LIMITS_TEXT_LEN];
	enum code code = peers_why(peer->peers, peer->host, text);

	(void)ev;
	(void)revents;
	if (code == CODE_OK) {
		code = wait->pinged ? CODE_SERVICE_TIMEOUT : CODE_HOST_OFFLINE;
		(void)snprintf(
		    text, sizeof(text), "\"%s\" does not answer.", peer->host);
	}
	settle(wait, NULL, code, text);
	peers_drop_if_idle(peer);
}

struct peers_wait *
peerswait_new(struct peer *peer, bool for_pong, peers_done *done, void *arg)
{
	struct peers *peers = peer->peers;
	struct peers_wait *wait = mem_new(1, sizeof(*wait));

	if (wait != NULL) {
		wait->peer = peer;
		wait->done = done;
		wait->arg = arg;
		wait->for_pong = for_pong;
		list_init(&wait->all);
		list_push_back(&peer->waits, &wait->all);
		ev_timer_init(
		    &wait->timer, on_wait_over, peers->config.wait_time, 0.);
		wait->timer.data = wait;
		ev_timer_start(loop_ev(peers->config.loop), &wait->timer);
	}
	return wait;
}
