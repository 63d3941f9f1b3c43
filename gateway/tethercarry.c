/* SPDX-License-Identifier: ISC */
/* What the carrier and the host say; declared in tether.h. */
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "gateway/tether_impl.h"
#include "protocol/carrier.h"
#include "protocol/link.h"
#include "protocol/seal.h"

/* --- what the carrier says -------------------------------------------- */

static void
on_pong(void *arg, uint64_t rtt_ns)
{
	struct tether *tether = arg;

	(void)rtt_ns;
	tether->ops->pong(tether->arg);
}

static void
on_lost(void *arg, enum code code, const char *text)
{
	struct tether *tether = arg;

	tether_note(tether, code, text);
	if (tether_is_hopeless(tether, code)) {
		tether_fail(tether, code, tether->text);
		return;
	}
	log_write(LOG_LEVEL_INFO, "session", 0, "%s: lost: %s: %s",
	    tether->host.name, codes_slug(code), tether->text);
	tether->lost_at = loop_now(tether->space->loop);
	tether->attempts = 0;
	tether->ask = false;
	tether_set_timer(tether, &tether->end, tether->grace * LIMITS_SEC);
	backoff_reset(&tether->backoff);
	tether_pause(tether);
	tether->ops->lost(tether->arg, code, tether->text);
}

static void
on_carrier_down(void *arg, enum code code, const char *text)
{
	struct tether *tether = arg;

	tether->carrier = NULL;
	tether_fail(tether, code, text);
}

/* --- messages --------------------------------------------------------- */

static void
on_text(void *arg, uint32_t number, const char *text, size_t len)
{
	struct tether *tether = arg;
	struct tether_space *space = tether->space;
	struct session *session = carrier_session(tether->carrier);

	if (!ratelimit_take(&tether->texts, 1, loop_now(space->loop))) {
		session_answer_text(
		    session, number, CODE_LIMIT, "too many messages a second");
	} else if (space->post != NULL) {
		space->post->text(
		    &tether->host, session, number, text, len, space->post_arg);
	} else {
		session_answer_text(session, number, CODE_DENIED, "");
	}
}

static void
on_receipt(void *arg, uint32_t number, enum code code, const char *text)
{
	struct tether *tether = arg;
	struct tether_space *space = tether->space;

	if (space->post != NULL) {
		space->post->receipt(carrier_session(tether->carrier), number,
		    code, text, space->post_arg);
	}
}

static void
on_over(void *arg, const struct session *session)
{
	struct tether_space *space = ((struct tether *)arg)->space;

	if (space->post != NULL) {
		space->post->over(session, space->post_arg);
	}
}

static const struct carrier_ops carrier_ops = {
	.text = on_text,
	.receipt = on_receipt,
	.over = on_over,
	.pong = on_pong,
	.lost = on_lost,
	.down = on_carrier_down,
};

/* --- the answer to an attach ------------------------------------------ */

/* Make the session of the handshake that is done; 0 or -1. */
static int
start_carrier(struct tether *tether, const struct sessionhello_reply *reply)
{
	struct tether_space *space = tether->space;
	struct resume resume;
	struct seal seals[4];
	const struct session_config config = {
		.role = SESSION_OPENER,
		.tx = &seals[0],
		.rx = &seals[1],
		.retain_max = space->retain_max,
		.retain = &space->retain,
		.window_max = space->window_max,
		.streams_max = space->streams_max,
		.receive = &space->receive,
	};

	tether->grace = tether_grace(tether);
	if (reply->grace < tether->grace) {
		tether->grace = reply->grace;
	}
	memcpy(tether->id, reply->id, sizeof(tether->id));
	if (sessionhello_keys(tether->hello, &seals[0], &seals[1], &seals[2],
		&seals[3]) == 0) {
		resume_init(&resume, tether->id, &seals[2], &seals[3]);
		tether->carrier = carrier_new(space->loop, tether->channel,
		    &config, tether->grace > 0 ? &resume : NULL, &carrier_ops,
		    tether);
	}
	resume_wipe(&resume);
	mem_wipe(seals, sizeof(seals));
	return tether->carrier != NULL ? 0 : -1;
}

/* Message 2 is not by who has the key that was called. */
static void
refuse_reply(struct tether *tether)
{
	if (hosts_is_relay(&tether->host)) {
		tether_fail(tether, CODE_PROTOCOL_ERROR,
		    "The relay could not prove its key.");
	} else {
		tether_fail(tether, CODE_HOST_KEY_CHANGED,
		    tether->host.is_gateway
			? "The gateway could not prove its key."
			: "The host could not prove its key.");
	}
}

/* Message 2 came: the session begins, or the host says why not. */
static void
on_begun(struct tether *tether, const uint8_t *payload, size_t len)
{
	struct sessionhello_reply reply;
	enum code code;

	if (sessionhello_read_reply(tether->hello, payload, len, &reply) !=
	    SESSIONHELLO_OK) {
		refuse_reply(tether);
		return;
	}
	code = codes_from_number(reply.status);
	if (code == CODE_OK && start_carrier(tether, &reply) != 0) {
		code = CODE_OVERLOADED;
	}
	if (code != CODE_OK) {
		tether_fail(tether, code, codes_summary(code));
		return;
	}
	tether->channel = NULL;
	tether_enter(tether, TETHER_LIVE);
	tether->begun_at = loop_now(tether->space->loop);
	ratelimit_init(&tether->texts, LIMITS_MESSAGE_RATE,
	    LIMITS_MESSAGE_BURST, tether->begun_at);
	log_write(LOG_LEVEL_INFO, "session", 0, "%s: begun", tether->host.name);
	tether->ops->live(tether->arg);
}

static uint32_t
count_streams(const struct tether *tether)
{
	struct session_stats stats;

	session_get_stats(carrier_session(tether->carrier), &stats);
	return stats.streams;
}

/* The host answered a request: the session goes on. */
static void
on_returned(struct tether *tether, const uint8_t *payload, size_t len)
{
	struct channel *channel = tether->channel;

	if (carrier_hear(tether->carrier, channel, payload, len) != 0) {
		if (tether->state != TETHER_GONE) {
			tether_abandon(tether, CODE_PROTOCOL_ERROR);
			tether_postpone(tether, CODE_LINK_LOST,
			    "The answer was damaged on its way.");
		}
		return;
	}
	tether->channel = NULL;
	tether_enter(tether, TETHER_LIVE);
	ev_timer_stop(loop_ev(tether->space->loop), &tether->end);
	tether->last_gap = loop_now(tether->space->loop) - tether->lost_at;
	tether->lost_at = 0;
	log_write(LOG_LEVEL_INFO, "session", 0,
	    "%s: goes on after %.1f s, %u streams kept", tether->host.name,
	    (double)tether->last_gap / (double)LIMITS_SEC,
	    (unsigned)count_streams(tether));
	tether->ops->live(tether->arg);
}

/* The host said, sealed, whether it knows the session. */
static void
on_told(struct tether *tether, const uint8_t *payload, size_t len)
{
	struct sessionhello_reply reply;
	enum sessionhello_result result =
	    sessionhello_read_reply(tether->hello, payload, len, &reply);

	tether_abandon(tether, CODE_OK);
	if (result == SESSIONHELLO_OK && reply.status == CODE_SESSION_LOST &&
	    memcmp(reply.id, tether->id, sizeof(tether->id)) == 0) {
		tether_fail(tether, CODE_SESSION_LOST,
		    hosts_is_relay(&tether->host)
			? "The relay was started anew and knows nothing of it."
			: "The agent was started anew and knows nothing of "
			  "it.");
		return;
	}
	tether_postpone(tether, CODE_LINK_LOST, codes_summary(CODE_LINK_LOST));
}

bool
tether_attached(
    struct tether *tether, uint32_t channel, const uint8_t *payload, size_t len)
{
	if (tether->channel == NULL || tether->channel_id != channel) {
		return false;
	}
	switch (tether->state) {
	case TETHER_CALLING:
		on_begun(tether, payload, len);
		break;
	case TETHER_RETURNING:
		on_returned(tether, payload, len);
		break;
	case TETHER_ASKING:
		on_told(tether, payload, len);
		break;
	case TETHER_LIVE:
	case TETHER_WAITING:
	case TETHER_GONE:
		break;
	}
	return true;
}
