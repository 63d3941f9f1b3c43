/* SPDX-License-Identifier: ISC */
#include "protocol/carrier.h"

#include <ev.h>

#include "common/loop.h"
#include "common/mem.h"
#include "protocol/link.h"

struct carrier {
	struct loop *loop;
	struct session *session;
	struct channel *channel;       /* NULL once it is gone */
	const struct carrier_ops *ops; /* NULL once closed */
	void *arg;
	ev_timer timer;
	struct loop_task farewell;
	bool buried;
};

/* How long the last record may wait for the link. */
#define FAREWELL_TIME 2.0

static void
destroy(void *object)
{
	struct carrier *carrier = object;

	session_free(carrier->session);
	mem_free(carrier);
}

/* The one teardown: nothing of carrier runs after this. */
static void
bury(struct carrier *carrier)
{
	carrier->ops = NULL;
	carrier->buried = true;
	ev_timer_stop(loop_ev(carrier->loop), &carrier->timer);
	loop_task_cancel(carrier->loop, &carrier->farewell);
	loop_reap(carrier->loop, carrier, destroy);
}

/* End the session for a reason that the owner does not know yet. */
static void
fail(struct carrier *carrier, enum code code, const char *text)
{
	const struct carrier_ops *ops = carrier->ops;

	if (ops == NULL) {
		return;
	}
	carrier->ops = NULL;
	session_fail(carrier->session, code);
	if (carrier->channel != NULL) {
		channel_detach(carrier->channel, code, text);
		carrier->channel = NULL;
	}
	bury(carrier);
	if (ops->down != NULL) {
		ops->down(carrier->arg, code, text);
	}
}

/* Let the timer follow the session's next deadline. */
static void
arm(struct carrier *carrier)
{
	uint64_t deadline = session_deadline(carrier->session);
	uint64_t now = loop_now(carrier->loop);
	double delay;

	if (carrier->ops == NULL || deadline == UINT64_MAX ||
	    ev_is_active(&carrier->timer)) {
		return;
	}
	delay = deadline > now ? (double)(deadline - now) / 1e9 : 0.;
	ev_timer_set(&carrier->timer, delay, 0.);
	ev_timer_start(loop_ev(carrier->loop), &carrier->timer);
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct carrier *carrier = timer->data;

	(void)ev;
	(void)revents;
	if (carrier->ops == NULL) {
		/* The link does not take the last record. */
		channel_free(carrier->channel);
		carrier->channel = NULL;
		bury(carrier);
		return;
	}
	session_tick(carrier->session, loop_now(carrier->loop));
	arm(carrier);
}

/* --- what the session says ------------------------------------------- */

static void
on_ready(void *arg)
{
	struct carrier *carrier = arg;

	if (carrier->channel != NULL) {
		channel_ready(carrier->channel);
	}
}

static void
on_open(void *arg, struct stream *stream, const struct stream_target *to)
{
	struct carrier *carrier = arg;

	carrier->ops->open(carrier->arg, stream, to);
}

static void
on_confirmed(void *arg)
{
	struct carrier *carrier = arg;

	if (carrier->ops != NULL && carrier->ops->confirmed != NULL) {
		carrier->ops->confirmed(carrier->arg);
	}
}

static void
on_pong(void *arg, uint64_t rtt_ns)
{
	struct carrier *carrier = arg;

	if (carrier->ops != NULL && carrier->ops->pong != NULL) {
		carrier->ops->pong(carrier->arg, rtt_ns);
	}
}

static void
on_closed(void *arg, enum code code)
{
	struct carrier *carrier = arg;

	fail(carrier, code, codes_summary(code));
}

static const struct session_ops session_callbacks = {
	.ready = on_ready,
	.open = on_open,
	.confirmed = on_confirmed,
	.pong = on_pong,
	.closed = on_closed,
};

/* --- what the channel says ------------------------------------------- */

static void
say_farewell(void *arg)
{
	struct carrier *carrier = arg;

	if (carrier->channel != NULL) {
		channel_detach(carrier->channel, CODE_OK, "");
		carrier->channel = NULL;
	}
	bury(carrier);
}

static struct blob *
on_pull(void *arg)
{
	struct carrier *carrier = arg;
	struct blob *blob =
	    session_pull(carrier->session, loop_now(carrier->loop));

	if (carrier->buried) {
		return blob;
	}
	if (carrier->ops == NULL) {
		/* That was the last record: detach behind it. */
		loop_defer(carrier->loop, &carrier->farewell);
	} else if (blob == NULL) {
		arm(carrier);
	}
	return blob;
}

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	struct carrier *carrier = arg;
	enum code code;

	if (carrier->ops == NULL) {
		return;
	}
	code = session_receive(
	    carrier->session, body, len, loop_now(carrier->loop));
	if (code != CODE_OK) {
		fail(carrier, code, codes_summary(code));
		return;
	}
	arm(carrier);
}

static void
on_detached(void *arg, enum code code, const char *text)
{
	struct carrier *carrier = arg;

	carrier->channel = NULL;
	if (carrier->ops == NULL) {
		bury(carrier);
		return;
	}
	fail(carrier, code == CODE_OK ? CODE_SESSION_LOST : code, text);
}

static const struct channel_ops channel_callbacks = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

/* --- life ------------------------------------------------------------ */

struct carrier *
carrier_new(struct loop *loop, struct channel *channel,
    const struct session_config *config, const struct carrier_ops *ops,
    void *arg)
{
	struct carrier *carrier = mem_new(1, sizeof(*carrier));
	struct session_config own = *config;

	if (carrier == NULL) {
		return NULL;
	}
	own.ops = &session_callbacks;
	own.arg = carrier;
	carrier->session = session_new(&own, loop_now(loop));
	if (carrier->session == NULL) {
		mem_free(carrier);
		return NULL;
	}
	carrier->loop = loop;
	carrier->channel = channel;
	carrier->ops = ops;
	carrier->arg = arg;
	ev_init(&carrier->timer, on_timer);
	carrier->timer.data = carrier;
	loop_task_init(&carrier->farewell, say_farewell, carrier);
	channel_set_owner(channel, &channel_callbacks, carrier);
	if (session_is_ready(carrier->session)) {
		channel_ready(channel);
	}
	return carrier;
}

struct session *
carrier_session(struct carrier *carrier)
{
	return carrier->session;
}

void
carrier_close(struct carrier *carrier, enum code code)
{
	struct ev_loop *ev;

	if (carrier == NULL || carrier->ops == NULL) {
		return;
	}
	carrier->ops = NULL;
	session_close(carrier->session, code, loop_now(carrier->loop));
	if (carrier->channel == NULL) {
		bury(carrier);
		return;
	}
	/* session_close() made the channel ready for its last record. */
	ev = loop_ev(carrier->loop);
	ev_timer_stop(ev, &carrier->timer);
	ev_timer_set(&carrier->timer, FAREWELL_TIME, 0.);
	ev_timer_start(ev, &carrier->timer);
}
