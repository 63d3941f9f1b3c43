/* SPDX-License-Identifier: ISC */
#include "protocol/carrier.h"

#include <ev.h>
#include <sodium.h>

#include "common/loop.h"
#include "common/mem.h"
#include "protocol/credit.h"
#include "protocol/limits.h"
#include "protocol/link.h"

struct carrier {
	struct loop *loop;
	struct session *session;
	struct channel *channel;       /* NULL while it is lost */
	const struct carrier_ops *ops; /* NULL once closed */
	void *arg;
	struct resume resume;
	bool resumable;
	bool fresh;           /* nothing good came over channel yet */
	bool gives;           /* credit for what it takes, below */
	struct credit credit; /* of channel */
	unsigned failures;    /* channels in a row that were of no use */
	ev_timer timer;
	uint64_t timer_at; /* while it is active */
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
	resume_wipe(&carrier->resume);
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

/* Let go of the channel, if there is one. */
static void
let_go(struct carrier *carrier, enum code code, const char *text)
{
	struct channel *channel = carrier->channel;

	carrier->channel = NULL;
	if (channel != NULL) {
		channel_detach(channel, code, text);
	}
}

/* The session is about to end; its owner is not called from then on. */
static void
leave_owner(struct carrier *carrier)
{
	const struct carrier_ops *ops = carrier->ops;

	carrier->ops = NULL;
	if (ops->over != NULL) {
		ops->over(carrier->arg, carrier->session);
	}
}

/* End the session for a reason that the owner does not know yet. */
static void
fail(struct carrier *carrier, enum code code, const char *text)
{
	const struct carrier_ops *ops = carrier->ops;

	if (ops == NULL) {
		return;
	}
	leave_owner(carrier);
	session_fail(carrier->session, code);
	let_go(carrier, code, text);
	bury(carrier);
	if (ops->down != NULL) {
		ops->down(carrier->arg, code, text);
	}
}

/* End the session for a reason that neither the owner nor the peer knows. */
static void
accuse(struct carrier *carrier, enum code code, const char *text)
{
	const struct carrier_ops *ops = carrier->ops;
	void *arg = carrier->arg;

	if (ops == NULL) {
		return;
	}
	carrier_close(carrier, code);
	if (ops->down != NULL) {
		ops->down(arg, code, text);
	}
}

/* The channel is gone. */
static void
lose(struct carrier *carrier, enum code code, const char *text)
{
	if (carrier->ops == NULL) {
		return;
	}
	if (!carrier->resumable) {
		fail(carrier, code, text);
		return;
	}
	let_go(carrier, code, text);
	session_pause(carrier->session);
	ev_timer_stop(loop_ev(carrier->loop), &carrier->timer);
	if (carrier->ops->lost != NULL) {
		carrier->ops->lost(carrier->arg, code, text);
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
	    (ev_is_active(&carrier->timer) && carrier->timer_at <= deadline)) {
		return;
	}
	delay = deadline > now ? (double)(deadline - now) / 1e9 : 0.;
	carrier->timer_at = deadline;
	ev_timer_stop(loop_ev(carrier->loop), &carrier->timer);
	ev_timer_set(&carrier->timer, delay, 0.);
	ev_timer_start(loop_ev(carrier->loop), &carrier->timer);
}

/* All was said that can be said. */
static void
say_farewell(void *arg)
{
	struct carrier *carrier = arg;

	let_go(carrier, CODE_OK, "");
	bury(carrier);
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	struct carrier *carrier = timer->data;

	(void)ev;
	(void)revents;
	if (carrier->ops == NULL) {
		/* The channel does not take the last record. */
		say_farewell(carrier);
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
on_text(void *arg, uint32_t number, const char *text, size_t len)
{
	struct carrier *carrier = arg;

	if (carrier->ops != NULL && carrier->ops->text != NULL) {
		carrier->ops->text(carrier->arg, number, text, len);
	} else {
		session_answer_text(carrier->session, number, CODE_DENIED,
		    "nobody takes messages here");
	}
}

static void
on_receipt(void *arg, uint32_t number, enum code code, const char *text)
{
	struct carrier *carrier = arg;

	if (carrier->ops != NULL && carrier->ops->receipt != NULL) {
		carrier->ops->receipt(carrier->arg, number, code, text);
	}
}

static void
on_stalled(void *arg)
{
	lose(arg, CODE_LINK_LOST, "What was sent is not acknowledged.");
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
	.stalled = on_stalled,
	.pong = on_pong,
	.text = on_text,
	.receipt = on_receipt,
	.closed = on_closed,
};

/* --- what the channel says ------------------------------------------- */

static struct blob *
on_pull(void *arg)
{
	struct carrier *carrier = arg;
	struct blob *blob =
	    session_pull(carrier->session, loop_now(carrier->loop));

	if (carrier->buried) {
		return blob;
	}
	if (carrier->ops != NULL) {
		arm(carrier);
	} else if (!session_is_ready(carrier->session)) {
		/* That was the last record: detach behind it. */
		loop_defer(carrier->loop, &carrier->farewell);
	}
	return blob;
}

/* A record came that is not the next one: this channel is of no use. */
static void
damaged(struct carrier *carrier)
{
	if (carrier->fresh && ++carrier->failures >= LIMITS_RESUME_FAILURES) {
		/* The other direction may be sound. */
		accuse(carrier, CODE_PROTOCOL_ERROR,
		    "What arrives is not what was sent.");
		return;
	}
	lose(carrier, CODE_LINK_LOST, "A record was damaged on its way.");
}

/*
 * Take n wire bytes of credit for what came and give new for it, as the session
 * has it at once.  0, or -1 when it was more than the credit allowed.
 */
static int
take_credit(struct carrier *carrier, size_t n)
{
	struct channel *channel = carrier->channel;

	if (credit_received(&carrier->credit, n) != 0) {
		return -1;
	}
	credit_drained(&carrier->credit, n, true,
	    link_rtt(channel_link(channel)), loop_now(carrier->loop));
	if (credit_raise(&carrier->credit, UINT64_MAX)) {
		channel_credit(channel, credit_granted(&carrier->credit));
	}
	return 0;
}

static void
on_carry(void *arg, uint8_t *body, size_t len)
{
	struct carrier *carrier = arg;
	enum code code;

	if (carrier->ops == NULL) {
		return;
	}
	if (carrier->gives &&
	    take_credit(carrier, LIMITS_FRAME_HEAD_LEN + len) != 0) {
		accuse(carrier, CODE_PROTOCOL_ERROR,
		    "More was sent than the credit allowed.");
		return;
	}
	code = session_receive(
	    carrier->session, body, len, loop_now(carrier->loop));
	if (code == CODE_LINK_LOST) {
		damaged(carrier);
	} else if (code != CODE_OK) {
		accuse(carrier, code, codes_summary(code));
	} else {
		carrier->fresh = false;
		carrier->failures = 0;
		arm(carrier);
	}
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
	lose(carrier, code == CODE_OK ? CODE_SESSION_LOST : code, text);
}

static const struct channel_ops channel_callbacks = {
	.pull = on_pull,
	.carry = on_carry,
	.detached = on_detached,
};

/* --- life ------------------------------------------------------------ */

/* Carry the session over channel from now on. */
static void
take_over(struct carrier *carrier, struct channel *channel)
{
	carrier->channel = channel;
	carrier->fresh = true;
	/* What is promised is charged to nobody: nothing waits here. */
	(void)credit_init(&carrier->credit, NULL, LIMITS_CREDIT_START,
	    loop_now(carrier->loop));
	channel_set_owner(channel, &channel_callbacks, carrier);
	if (session_is_ready(carrier->session)) {
		channel_ready(channel);
	}
}

struct carrier *
carrier_new(struct loop *loop, struct channel *channel,
    const struct session_config *config, const struct resume *resume,
    const struct carrier_ops *ops, void *arg)
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
	carrier->ops = ops;
	carrier->arg = arg;
	carrier->resumable = resume != NULL;
	if (resume != NULL) {
		carrier->resume = *resume;
	}
	ev_init(&carrier->timer, on_timer);
	carrier->timer.data = carrier;
	loop_task_init(&carrier->farewell, say_farewell, carrier);
	take_over(carrier, channel);
	return carrier;
}

void
carrier_give_credit(struct carrier *carrier)
{
	carrier->gives = true;
}

struct session *
carrier_session(struct carrier *carrier)
{
	return carrier->session;
}

bool
carrier_is_lost(const struct carrier *carrier)
{
	return carrier->channel == NULL;
}

bool
carrier_has_id(const struct carrier *carrier, const uint8_t *id)
{
	return carrier->resumable &&
	       sodium_memcmp(carrier->resume.id, id, SESSIONHELLO_ID_LEN) == 0;
}

void
carrier_lose(struct carrier *carrier, enum code code, const char *text)
{
	if (carrier->channel != NULL) {
		lose(carrier, code, text);
	}
}

/* Stop reading and sending, and say where that left the session. */
static void
fence(struct carrier *carrier, struct resume_point *point)
{
	let_go(carrier, CODE_REPLACED, codes_summary(CODE_REPLACED));
	ev_timer_stop(loop_ev(carrier->loop), &carrier->timer);
	session_pause(carrier->session);
	session_point(carrier->session, point);
}

int
carrier_ask(struct carrier *carrier, uint8_t out[RESUME_REQUEST_LEN])
{
	struct resume_point point;

	if (carrier->ops == NULL || !carrier->resumable) {
		return -1;
	}
	fence(carrier, &point);
	return resume_ask(&carrier->resume, &point, out);
}

/* Go on over channel where the peer is at *point; 0, or -1 as is said. */
static int
go_on(struct carrier *carrier, struct channel *channel,
    const struct resume_point *point)
{
	uint64_t now = loop_now(carrier->loop);

	if (session_resume(carrier->session, point, now) != 0) {
		fail(carrier, CODE_PROTOCOL_ERROR,
		    "The other side is not where it was.");
		return -1;
	}
	if (carrier->ops == NULL) {
		/* `confirmed` closed it. */
		return -1;
	}
	take_over(carrier, channel);
	arm(carrier);
	return 0;
}

int
carrier_hear(struct carrier *carrier, struct channel *channel,
    const uint8_t *body, size_t len)
{
	struct resume_point point;

	if (carrier->ops == NULL || !carrier->resumable ||
	    resume_hear(&carrier->resume, body, len, &point) != 0) {
		return -1;
	}
	return go_on(carrier, channel, &point);
}

int
carrier_answer(struct carrier *carrier, struct channel *channel,
    const uint8_t *body, size_t len, uint8_t out[RESUME_ANSWER_LEN])
{
	struct resume_point peer;
	struct resume_point own;

	if (carrier->ops == NULL || !carrier->resumable ||
	    resume_take(&carrier->resume, body, len, &peer) != 0) {
		return -1;
	}
	fence(carrier, &own);
	if (resume_answer(&carrier->resume, &own, out) != 0) {
		return -1;
	}
	return go_on(carrier, channel, &peer);
}

void
carrier_close(struct carrier *carrier, enum code code)
{
	struct ev_loop *ev;

	if (carrier == NULL || carrier->ops == NULL) {
		return;
	}
	leave_owner(carrier);
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
