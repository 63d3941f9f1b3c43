/* SPDX-License-Identifier: ISC */
#include "agent/callers.h"

#include <string.h>
#include <time.h>

#include "agent/attach.h"
#include "agent/egress.h"
#include "agent/orders.h"
#include "agent/post.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/ratelimit.h"
#include "protocol/acceptor.h"
#include "protocol/agentorder.h"
#include "protocol/limits.h"
#include "protocol/linkmsg.h"
#include "protocol/membership.h"
#include "protocol/session.h"
#include "protocol/stream.h"

struct callers {
	struct loop *loop;
	struct callers_config config;
	struct acceptor *acceptor;
};

/* What all sessions of one device share. */
struct caller {
	struct callers *callers;
	struct egress_caller *egress;
	struct ratelimit opens;
};

/* --- one device ---------------------------------------------------------- */

static void *
on_enter(const struct sessionanswer *answer, void *arg)
{
	struct callers *callers = arg;
	struct caller *caller = mem_new(1, sizeof(*caller));

	(void)answer;
	if (caller == NULL) {
		return NULL;
	}
	caller->egress = egress_caller_new(callers->config.egress);
	if (caller->egress == NULL) {
		mem_free(caller);
		return NULL;
	}
	caller->callers = callers;
	ratelimit_init(&caller->opens, callers->config.open_rate,
	    callers->config.open_burst, loop_now(callers->loop));
	return caller;
}

static void
on_leave(void *kept)
{
	struct caller *caller = kept;

	egress_caller_free(caller->egress);
	mem_free(caller);
}

/* The stream is not for a target but for the agent itself. */
static void
open_reserved(const struct callers *callers, const struct keys_caller *by,
    struct stream *stream, const struct stream_target *target)
{
	if (by->share != 0) {
		stream_refuse(stream, CODE_DENIED,
		    "Only \"%s\" gives orders to \"%s\".",
		    callers->config.self->membership->user,
		    callers->config.self->membership->name);
	} else if (callers->config.orders == NULL ||
		   target->protocol != STREAM_TCP ||
		   strcmp(target->name, AGENTORDER_TARGET) != 0) {
		stream_refuse(stream, CODE_VERSION,
		    "This agent does not know \"%s\"; update it.",
		    target->name);
	} else {
		orders_serve(callers->config.orders, stream);
	}
}

/* A stream wants to be opened. */
static void
on_open(void *kept, const struct keys_caller *by, struct stream *stream,
    const struct stream_target *target)
{
	struct caller *caller = kept;
	struct callers *callers = caller->callers;
	const char *host = callers->config.self->membership->name;

	if (acceptor_is_finishing(callers->acceptor)) {
		stream_refuse(
		    stream, CODE_GOING_DOWN, "\"%s\" is shutting down.", host);
	} else if (egress_caller_count(caller->egress) >=
		   callers->config.streams_max) {
		stream_refuse(stream, CODE_TOO_MANY_STREAMS,
		    "%u connections open, the limit.",
		    (unsigned)callers->config.streams_max);
	} else if (!ratelimit_take(
		       &caller->opens, 1, loop_now(callers->loop))) {
		stream_refuse(stream, CODE_OVERLOADED,
		    "More than %u new connections a second to \"%s\".",
		    (unsigned)callers->config.open_rate, host);
	} else if (target->name[0] == '@') {
		open_reserved(callers, by, stream, target);
	} else {
		egress_open(caller->egress, by->share != 0 ? by->rights : NULL,
		    stream, target);
	}
}

/* --- messages ------------------------------------------------------------ */

static void
on_text(void *kept, const struct keys_caller *by,
    const struct acceptor_letter *letter)
{
	struct caller *caller = kept;
	struct callers *callers = caller->callers;

	if (callers->config.post == NULL || by->share != 0) {
		session_answer_text(letter->session, letter->number,
		    CODE_DENIED, "it takes messages of its own account only");
	} else {
		post_text(callers->config.post, letter);
	}
}

static void
on_receipt(void *kept, const struct session *session, uint32_t number,
    enum code code, const char *text)
{
	struct caller *caller = kept;

	if (caller->callers->config.post != NULL) {
		post_receipt(
		    caller->callers->config.post, session, number, code, text);
	}
}

static void
on_over(void *kept, const struct session *session)
{
	struct caller *caller = kept;

	if (caller->callers->config.post != NULL) {
		post_over(caller->callers->config.post, session);
	}
}

static enum code
on_judge(const struct linkmsg_attach *attach,
    const struct sessionanswer_known *known, struct sessionanswer *out,
    char text[LIMITS_TEXT_LEN], void *arg)
{
	const struct callers *callers = arg;

	return attach_accept(callers->config.self, known, attach,
	    (uint64_t)time(NULL), out, text);
}

static const struct acceptor_ops acceptor_callbacks = {
	.judge = on_judge,
	.enter = on_enter,
	.leave = on_leave,
	.open = on_open,
	.text = on_text,
	.receipt = on_receipt,
	.over = on_over,
};

/* --- all of them --------------------------------------------------------- */

struct callers *
callers_new(struct loop *loop, const struct callers_config *config)
{
	struct callers *callers = mem_new(1, sizeof(*callers));
	const struct acceptor_config acceptor = {
		.ops = &acceptor_callbacks,
		.arg = callers,
		.receive = config->receive,
		.streams_max = config->streams_max,
		.retain_max = config->retain_max,
		.retain = config->retain,
		.sessions_max = config->sessions_max,
		.window_max = config->window_max,
		.confirm_time = config->confirm_time,
	};

	if (callers == NULL) {
		return NULL;
	}
	callers->loop = loop;
	callers->config = *config;
	if (config->open_rate == 0) {
		callers->config.open_rate = LIMITS_OPEN_RATE;
		callers->config.open_burst = LIMITS_OPEN_BURST;
	}
	callers->acceptor = acceptor_new(loop, &acceptor);
	if (callers->acceptor == NULL) {
		mem_free(callers);
		return NULL;
	}
	return callers;
}

void
callers_attach(struct callers *callers, struct link *link, uint32_t channel,
    const uint8_t *payload, size_t len)
{
	acceptor_take(callers->acceptor, link, channel, payload, len);
}

void
callers_finish(struct callers *callers)
{
	acceptor_finish(callers->acceptor);
}

void
callers_close(struct callers *callers, enum code code)
{
	acceptor_close(callers->acceptor, code);
}

void
callers_end_share(struct callers *callers, uint64_t share)
{
	acceptor_end_share(callers->acceptor, share, CODE_DENIED);
}

/* Whom to tell of each caller. */
struct visit {
	void (*each)(const struct callers_info *info, void *arg);
	void *arg;
};

static void
on_each(const struct acceptor_info *seen, void *arg)
{
	const struct visit *visit = arg;
	const struct caller *caller = seen->kept;
	const struct callers_info info = {
		.user = seen->user,
		.device = seen->device,
		.sessions = seen->sessions,
		.lost = seen->lost,
		/* Those too that outlive their session for a moment. */
		.streams = egress_caller_count(caller->egress),
		.rtt_ns = seen->rtt_ns,
		.sent = seen->sent,
		.received = seen->received,
		.last_gap_ns = seen->last_gap_ns,
	};

	visit->each(&info, visit->arg);
}

void
callers_each(const struct callers *callers,
    void (*each)(const struct callers_info *info, void *arg), void *arg)
{
	struct visit visit = { each, arg };

	acceptor_each(callers->acceptor, on_each, &visit);
}

/* What callers_each_session() goes on to. */
struct walk {
	const char *owner;
	void (*each)(const char *user, const char *device,
	    struct session *session, void *arg);
	void *arg;
};

static void
on_session(
    const char *user, const char *device, struct session *session, void *arg)
{
	const struct walk *walk = arg;

	if (strcmp(user, walk->owner) == 0) {
		walk->each(user, device, session, walk->arg);
	}
}

void
callers_each_session(const struct callers *callers,
    void (*each)(const char *user, const char *device, struct session *session,
	void *arg),
    void *arg)
{
	struct walk walk = { .each = each, .arg = arg };

	if (callers->config.self->membership != NULL) {
		walk.owner = callers->config.self->membership->user;
		acceptor_each_session(callers->acceptor, on_session, &walk);
	}
}

size_t
callers_lost(const struct callers *callers)
{
	return acceptor_lost(callers->acceptor);
}

void
callers_free(struct callers *callers)
{
	if (callers != NULL) {
		acceptor_free(callers->acceptor);
		mem_free(callers);
	}
}
