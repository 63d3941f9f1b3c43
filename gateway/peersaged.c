/* SPDX-License-Identifier: ISC */
/* Sessions that are too old for new streams; declared in peers_impl.h. */
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/peers_impl.h"

bool
peersaged_is_due(const struct peer *peer)
{
	const struct peers *peers = peer->peers;
	double limit = peers->config.session_age > 0
			   ? peers->config.session_age
			   : (double)LIMITS_SESSION_AGE / (double)LIMITS_SEC;

	return (double)(loop_now(peers->config.loop) -
			tether_begun_at(peer->tether)) /
		   (double)LIMITS_SEC >=
	       limit;
}

static void
on_retired_live(void *arg)
{
	(void)arg;
}

static void
on_retired_lost(void *arg, enum code code, const char *text)
{
	(void)arg;
	(void)code;
	(void)text;
}

static void
on_retired_down(void *arg, enum code code, const char *text)
{
	struct retired *retired = arg;
	struct peer *peer = retired->peer;

	(void)code;
	(void)text;
	list_remove(&retired->all);
	mem_free(retired);
	peers_drop_if_idle(peer);
}

static const struct tether_ops retired_ops = {
	.live = on_retired_live,
	.lost = on_retired_lost,
	.pong = on_retired_live,
	.down = on_retired_down,
};

int
peersaged_retire(struct peer *peer)
{
	struct retired *retired = mem_new(1, sizeof(*retired));

	if (retired == NULL) {
		return -1;
	}
	retired->peer = peer;
	retired->tether = peer->tether;
	list_init(&retired->all);
	list_push_back(&peer->retired, &retired->all);
	tether_set_owner(retired->tether, &retired_ops, retired);
	peer->tether = NULL;
	return 0;
}

void
peersaged_close_spent(struct peer *peer)
{
	struct list *node = list_first(&peer->retired);

	while (node != NULL) {
		struct retired *retired = list_entry(node, struct retired, all);
		struct session_stats stats;

		node = list_after(&peer->retired, node);
		session_get_stats(tether_session(retired->tether), &stats);
		if (stats.streams == 0) {
			tether_close(retired->tether, CODE_OK);
			list_remove(&retired->all);
			mem_free(retired);
		}
	}
}

void
peersaged_close(struct peer *peer, enum code code)
{
	struct list *node = list_first(&peer->retired);

	for (; node != NULL; node = list_first(&peer->retired)) {
		struct retired *retired = list_entry(node, struct retired, all);

		tether_close(retired->tether, code);
		list_remove(node);
		mem_free(retired);
	}
}

bool
peersaged_attached(
    struct peer *peer, uint32_t channel, const uint8_t *payload, size_t len)
{
	struct list *node = list_first(&peer->retired);

	for (; node != NULL; node = list_after(&peer->retired, node)) {
		struct retired *retired = list_entry(node, struct retired, all);

		if (tether_attached(retired->tether, channel, payload, len)) {
			return true;
		}
	}
	return false;
}

void
peersaged_retry(struct peer *peer)
{
	struct list *node = list_first(&peer->retired);

	while (node != NULL) {
		struct retired *retired = list_entry(node, struct retired, all);

		/* What goes on with retired ones takes away nobody else. */
		node = list_after(&peer->retired, node);
		tether_retry(retired->tether);
	}
}
