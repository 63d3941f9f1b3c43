/* SPDX-License-Identifier: ISC */
#include "relay/toll.h"

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

struct toll {
	struct loop *loop;
	void (*moved)(void *arg, uint64_t n);
	void *arg;
	uint64_t rate; /* TOLL_OPEN: none */
	uint64_t burst;
	struct shaper shaper; /* with a rate */
	struct list gates;
	ev_timer timer; /* the next round, while somebody waits */
	uint64_t due;   /* when that is */
};

static struct toll_gate *
gate_of(struct shaper_flow *flow)
{
	return (struct toll_gate *)flow;
}

/* --- rounds ---------------------------------------------------------- */

/* Have a round when the next piece can be paid, wait from now. */
static void
schedule_round(struct toll *toll, uint64_t wait)
{
	const uint64_t now = loop_now(toll->loop);
	struct ev_loop *ev = loop_ev(toll->loop);

	if (wait > 0 && wait < ROUND_TIME) {
		wait = ROUND_TIME;
	}
	if (wait == SHAPER_NEVER ||
	    (ev_is_active(&toll->timer) && toll->due <= now + wait)) {
		return;
	}
	ev_timer_stop(ev, &toll->timer);
	ev_timer_set(&toll->timer, (double)wait / (double)LIMITS_SEC, 0.);
	ev_timer_start(ev, &toll->timer);
	toll->due = now + wait;
}

static void
on_round(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct toll *toll = timer->data;
	const uint64_t now = loop_now(toll->loop);
	struct shaper_flow *flow = shaper_next(&toll->shaper, now);

	(void)ev;
	(void)revents;
	for (int i = 1; flow != NULL; i++) {
		gate_of(flow)->ops->paid(gate_of(flow)->arg);
		flow =
		    i < ROUND_PIECES ? shaper_next(&toll->shaper, now) : NULL;
	}
	schedule_round(toll, shaper_wait(&toll->shaper, now));
}

/* --- life ------------------------------------------------------------ */

struct toll *
toll_new(struct loop *loop, void (*moved)(void *arg, uint64_t n), void *arg)
{
	struct toll *toll = mem_new(1, sizeof(*toll));

	if (toll != NULL) {
		toll->loop = loop;
		toll->moved = moved;
		toll->arg = arg;
		toll->rate = TOLL_OPEN;
		list_init(&toll->gates);
		ev_timer_init(&toll->timer, on_round, 0., 0.);
		toll->timer.data = toll;
	}
	return toll;
}

void
toll_free(struct toll *toll)
{
	if (toll != NULL) {
		ev_timer_stop(loop_ev(toll->loop), &toll->timer);
		mem_free(toll);
	}
}

/* The rate begins: from here on gates pay. */
static void
begin(struct toll *toll)
{
	struct list *node = list_first(&toll->gates);

	shaper_init(
	    &toll->shaper, toll->rate, toll->burst, loop_now(toll->loop));
	for (; node != NULL; node = list_after(&toll->gates, node)) {
		struct toll_gate *gate =
		    list_entry(node, struct toll_gate, all);

		shaper_join(
		    &toll->shaper, &gate->flow, gate->ops->promised(gate->arg));
	}
}

/* Have all owners look at what they may do now. */
static void
tell_all(struct toll *toll)
{
	struct list *node = list_first(&toll->gates);

	for (; node != NULL; node = list_after(&toll->gates, node)) {
		struct toll_gate *gate =
		    list_entry(node, struct toll_gate, all);

		gate->ops->paid(gate->arg);
	}
}

void
toll_set(struct toll *toll, uint64_t rate, uint64_t burst)
{
	const uint64_t before = toll->rate;

	if (rate == before && (burst == toll->burst || rate == TOLL_OPEN)) {
		return;
	}
	toll->rate = rate;
	toll->burst = burst;
	/* When the next piece is due is another time now. */
	ev_timer_stop(loop_ev(toll->loop), &toll->timer);
	if (rate != TOLL_OPEN && before != TOLL_OPEN) {
		shaper_set(&toll->shaper, rate, burst, loop_now(toll->loop));
		schedule_round(
		    toll, shaper_wait(&toll->shaper, loop_now(toll->loop)));
		return;
	}
	if (rate != TOLL_OPEN) {
		begin(toll);
	}
	tell_all(toll);
}

/* --- gates ----------------------------------------------------------- */

void
toll_enter(struct toll *toll, struct toll_gate *gate,
    const struct toll_ops *ops, void *arg)
{
	gate->toll = toll;
	gate->ops = ops;
	gate->arg = arg;
	list_init(&gate->all);
	if (toll == NULL) {
		return;
	}
	list_push_back(&toll->gates, &gate->all);
	if (toll->rate != TOLL_OPEN) {
		shaper_join(&toll->shaper, &gate->flow, 0);
	}
}

void
toll_leave(struct toll_gate *gate)
{
	if (gate->toll == NULL) {
		return;
	}
	if (gate->toll->rate != TOLL_OPEN) {
		shaper_leave(&gate->flow);
	}
	list_remove(&gate->all);
	gate->toll = NULL;
}

bool
toll_is_limited(const struct toll_gate *gate)
{
	return gate->toll != NULL && gate->toll->rate != TOLL_OPEN;
}

uint64_t
toll_reach(struct toll_gate *gate, uint64_t offset)
{
	struct toll *toll = gate->toll;

	if (!toll_is_limited(gate)) {
		return TOLL_PAID_ALL;
	}
	shaper_reach(&gate->flow, offset);
	schedule_round(toll, shaper_wait(&toll->shaper, loop_now(toll->loop)));
	return shaper_paid(&gate->flow);
}

uint64_t
toll_paid(const struct toll_gate *gate)
{
	return toll_is_limited(gate) ? shaper_paid(&gate->flow) : TOLL_PAID_ALL;
}

void
toll_count(struct toll_gate *gate, uint64_t n)
{
	if (gate->toll != NULL && gate->toll->moved != NULL) {
		gate->toll->moved(gate->toll->arg, n);
	}
}
