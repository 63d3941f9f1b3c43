/* SPDX-License-Identifier: ISC */
#include "relay/meter.h"

#include <ev.h>

#include "common/loop.h"
#include "common/mem.h"
#include "protocol/limits.h"

/*
 * Between two rounds of payments: what they bring grows with the rate, while
 * the loop is woken at most so often.
 */
#define ROUND_TIME (2 * LIMITS_MSEC)

/* Pieces of one round: half a millisecond of work, then others have a turn. */
#define ROUND_PIECES 256

struct meter {
	struct loop *loop;
	void (*moved)(void *arg, uint64_t n);
	void *arg;
	uint64_t rate; /* METER_OPEN: none */
	uint64_t burst;
	struct shaper shaper; /* with a rate */
	struct list gates;
	ev_timer timer; /* the next round, while somebody waits */
	uint64_t due;   /* when that is */
};

static struct meter_gate *
gate_of(struct shaper_flow *flow)
{
	return (struct meter_gate *)flow;
}

/* --- rounds ---------------------------------------------------------- */

/* Have a round when the next piece can be paid, wait from now. */
static void
schedule_round(struct meter *meter, uint64_t wait)
{
	const uint64_t now = loop_now(meter->loop);
	struct ev_loop *ev = loop_ev(meter->loop);

	if (wait > 0 && wait < ROUND_TIME) {
		wait = ROUND_TIME;
	}
	if (wait == SHAPER_NEVER ||
	    (ev_is_active(&meter->timer) && meter->due <= now + wait)) {
		return;
	}
	ev_timer_stop(ev, &meter->timer);
	ev_timer_set(&meter->timer, (double)wait / (double)LIMITS_SEC, 0.);
	ev_timer_start(ev, &meter->timer);
	meter->due = now + wait;
}

static void
on_round(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct meter *meter = timer->data;
	const uint64_t now = loop_now(meter->loop);
	struct shaper_flow *flow = shaper_next(&meter->shaper, now);

	(void)ev;
	(void)revents;
	for (int i = 1; flow != NULL; i++) {
		gate_of(flow)->ops->paid(gate_of(flow)->arg);
		flow =
		    i < ROUND_PIECES ? shaper_next(&meter->shaper, now) : NULL;
	}
	schedule_round(meter, shaper_wait(&meter->shaper, now));
}

/* --- life ------------------------------------------------------------ */

struct meter *
meter_new(struct loop *loop, void (*moved)(void *arg, uint64_t n), void *arg)
{
	struct meter *meter = mem_new(1, sizeof(*meter));

	if (meter != NULL) {
		meter->loop = loop;
		meter->moved = moved;
		meter->arg = arg;
		meter->rate = METER_OPEN;
		list_init(&meter->gates);
		ev_timer_init(&meter->timer, on_round, 0., 0.);
		meter->timer.data = meter;
	}
	return meter;
}

void
meter_free(struct meter *meter)
{
	if (meter != NULL) {
		ev_timer_stop(loop_ev(meter->loop), &meter->timer);
		mem_free(meter);
	}
}

/* The rate begins: from here on gates pay. */
static void
begin(struct meter *meter)
{
	struct list *node = list_first(&meter->gates);

	shaper_init(
	    &meter->shaper, meter->rate, meter->burst, loop_now(meter->loop));
	for (; node != NULL; node = list_after(&meter->gates, node)) {
		struct meter_gate *gate =
		    list_entry(node, struct meter_gate, all);

		shaper_join(&meter->shaper, &gate->flow,
		    gate->ops->promised(gate->arg));
	}
}

/* Have all owners look at what they may do now. */
static void
tell_all(struct meter *meter)
{
	struct list *node = list_first(&meter->gates);

	for (; node != NULL; node = list_after(&meter->gates, node)) {
		struct meter_gate *gate =
		    list_entry(node, struct meter_gate, all);

		gate->ops->paid(gate->arg);
	}
}

void
meter_set(struct meter *meter, uint64_t rate, uint64_t burst)
{
	const uint64_t before = meter->rate;

	if (rate == before && (burst == meter->burst || rate == METER_OPEN)) {
		return;
	}
	meter->rate = rate;
	meter->burst = burst;
	/* When the next piece is due is another time now. */
	ev_timer_stop(loop_ev(meter->loop), &meter->timer);
	if (rate != METER_OPEN && before != METER_OPEN) {
		shaper_set(&meter->shaper, rate, burst, loop_now(meter->loop));
		schedule_round(
		    meter, shaper_wait(&meter->shaper, loop_now(meter->loop)));
		return;
	}
	if (rate != METER_OPEN) {
		begin(meter);
	}
	tell_all(meter);
}

/* --- gates ----------------------------------------------------------- */

void
meter_enter(struct meter *meter, struct meter_gate *gate,
    const struct meter_ops *ops, void *arg)
{
	gate->meter = meter;
	gate->ops = ops;
	gate->arg = arg;
	list_init(&gate->all);
	if (meter == NULL) {
		return;
	}
	list_push_back(&meter->gates, &gate->all);
	if (meter->rate != METER_OPEN) {
		shaper_join(&meter->shaper, &gate->flow, 0);
	}
}

void
meter_leave(struct meter_gate *gate)
{
	if (gate->meter == NULL) {
		return;
	}
	if (gate->meter->rate != METER_OPEN) {
		shaper_leave(&gate->flow);
	}
	list_remove(&gate->all);
	gate->meter = NULL;
}

bool
meter_is_limited(const struct meter_gate *gate)
{
	return gate->meter != NULL && gate->meter->rate != METER_OPEN;
}

uint64_t
meter_reach(struct meter_gate *gate, uint64_t offset)
{
	struct meter *meter = gate->meter;

	if (!meter_is_limited(gate)) {
		return METER_PAID_ALL;
	}
	shaper_reach(&gate->flow, offset);
	schedule_round(
	    meter, shaper_wait(&meter->shaper, loop_now(meter->loop)));
	return shaper_paid(&gate->flow);
}

uint64_t
meter_paid(const struct meter_gate *gate)
{
	return meter_is_limited(gate) ? shaper_paid(&gate->flow)
				      : METER_PAID_ALL;
}

void
meter_count(struct meter_gate *gate, uint64_t n)
{
	if (gate->meter != NULL && gate->meter->moved != NULL) {
		gate->meter->moved(gate->meter->arg, n);
	}
}
