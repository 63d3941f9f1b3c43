/* SPDX-License-Identifier: ISC */
#include "protocol/scout.h"

#include <ev.h>
#include <sodium.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/uplink.h"

/* Doublings of SCOUT_TIME until SCOUT_TIME_MAX is reached, and no more. */
#define LEVEL_MAX 16

struct scout {
	struct loop *loop;
	struct resolver *resolver;
	struct uplink_config config;
	uint64_t time;
	scout_found *found;
	void *arg;
	struct uplink *uplink; /* while one is under way */
	ev_timer timer;        /* until the next one */
	uint64_t incarnation;  /* of the relay that serves */
	unsigned failures;     /* in a row */
	unsigned relapses;     /* links that did not last, in a row */
	bool running;
	bool seen; /* it logged in the last time */
};

/* --- times ------------------------------------------------------------ */

/* Return the range that the next time is chosen from, over scout->time. */
static uint64_t
range(const struct scout *scout)
{
	unsigned level = scout->failures + scout->relapses;
	uint64_t most = SCOUT_TIME_MAX;

	if (level > LEVEL_MAX || scout->time > most >> level) {
		return most;
	}
	return scout->time << level;
}

static void
wait(struct scout *scout)
{
	unsigned level = scout->failures + scout->relapses;
	uint64_t over = level > 0 ? range(scout) : scout->time / 4;
	uint64_t random;

	randombytes_buf(&random, sizeof(random));
	ev_timer_stop(loop_ev(scout->loop), &scout->timer);
	ev_timer_set(&scout->timer,
	    (double)(scout->time + random % (over + 1)) / (double)LIMITS_SEC,
	    0.);
	ev_timer_start(loop_ev(scout->loop), &scout->timer);
}

/* --- an attempt ------------------------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct scout *scout = arg;
	struct uplink *uplink = scout->uplink;

	(void)link;
	scout->uplink = NULL;
	scout->failures = 0;
	if (!scout->seen && result->incarnation != scout->incarnation) {
		scout->seen = true;
		uplink_free(uplink);
		wait(scout);
		return;
	}
	scout->running = false;
	scout->seen = false;
	scout->found(uplink, result, scout->arg);
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	(void)link;
	(void)type;
	(void)channel;
	(void)payload;
	(void)len;
	(void)arg;
}

static void
on_down(enum code code, const char *text, uint64_t retry_ns, void *arg)
{
	struct scout *scout = arg;

	(void)retry_ns;
	log_write(LOG_LEVEL_DEBUG, "relay", 0,
	    "the preferred one is not back: %s: %s", codes_slug(code), text);
	uplink_free(scout->uplink);
	scout->uplink = NULL;
	scout->seen = false;
	if (scout->failures < LEVEL_MAX) {
		scout->failures++;
	}
	wait(scout);
}

static const struct uplink_ops scouting_ops = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct scout *scout = timer->data;

	(void)ev;
	(void)revents;
	scout->uplink =
	    uplink_new(scout->loop, scout->resolver, &scout->config);
	if (scout->uplink == NULL) {
		wait(scout);
		return;
	}
	uplink_start(scout->uplink);
}

/* --- life ------------------------------------------------------------- */

struct scout *
scout_new(struct loop *loop, struct resolver *resolver,
    const struct uplink_config *config, uint64_t time, scout_found *found,
    void *arg)
{
	struct scout *scout = mem_new(1, sizeof(*scout));

	if (scout == NULL) {
		return NULL;
	}
	scout->loop = loop;
	scout->resolver = resolver;
	scout->config = *config;
	scout->config.relay = 0;
	scout->config.pinned = true;
	scout->config.ops = &scouting_ops;
	scout->config.arg = scout;
	scout->time = time != 0 ? time : SCOUT_TIME;
	scout->found = found;
	scout->arg = arg;
	ev_init(&scout->timer, on_timer);
	scout->timer.data = scout;
	return scout;
}

void
scout_start(struct scout *scout, uint64_t incarnation)
{
	scout->incarnation = incarnation;
	if (!scout->running) {
		scout->running = true;
		wait(scout);
	}
}

bool
scout_is_trying(const struct scout *scout)
{
	return scout->uplink != NULL;
}

void
scout_stop(struct scout *scout)
{
	scout->running = false;
	scout->seen = false;
	scout->failures = 0;
	ev_timer_stop(loop_ev(scout->loop), &scout->timer);
	uplink_free(scout->uplink);
	scout->uplink = NULL;
}

void
scout_note_loss(struct scout *scout, uint64_t age)
{
	if (age >= SCOUT_YOUNG) {
		scout->relapses = 0;
	} else if (scout->relapses < LEVEL_MAX) {
		scout->relapses++;
	}
}

void
scout_free(struct scout *scout)
{
	if (scout != NULL) {
		scout_stop(scout);
		mem_free(scout);
	}
}
