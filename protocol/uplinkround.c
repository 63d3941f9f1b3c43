/* SPDX-License-Identifier: ISC */
/* Which relay is tried when (PROTOCOL.md section 4). */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "protocol/uplink_impl.h"

/*
 * After a refusal that time does not heal a person has to act; asking once a
 * minute notices that soon enough and costs the relay nothing.
 */
#define STUBBORN_WAIT (60 * LIMITS_SEC)

/* No relay can keep us away for longer, in seconds. */
#define PAUSE_MAX 3600

/*
 * A link that lived this long was a good one: the next attempt after it comes
 * at once.  One that is lost sooner counts as a failed attempt, or a relay that
 * lets in and drops would be asked as fast as it can answer.
 */
#define GOOD_AGE (20 * LIMITS_SEC)

/*
 * While sessions wait for a link that is good enough which let them move, and
 * pauses are a fraction of the usual ones: somebody looks at a still picture.
 */
#define GOOD_AGE_URGENT (500 * LIMITS_MSEC)
#define URGENT_FRACTION 4

/* Return how many relays a round has. */
static size_t
round_len(const struct uplink *uplink)
{
	return uplink->config.pinned ? 1 : uplink->config.relays->count;
}

/* Go on to the next relay of a round. */
static void
turn(struct uplink *uplink)
{
	if (!uplink->config.pinned) {
		uplink->relay =
		    (uplink->relay + 1) % uplink->config.relays->count;
	}
}

/* A random number below n, 0 when n is 0. */
static uint64_t
random_below(uint64_t n)
{
	uint64_t random;

	randombytes_buf(&random, sizeof(random));
	return n > 0 ? random % n : 0;
}

/* --- pauses ----------------------------------------------------------- */

/* Return true when somebody waits for us. */
static bool
is_urgent(const struct uplink *uplink)
{
	const struct uplink_ops *ops = uplink->config.ops;

	return ops->is_urgent != NULL && ops->is_urgent(uplink->config.arg);
}

/*
 * Return true for what does not change soon.  A relay that does not prove its
 * key is most likely another one now; but somebody who waits may be waiting for
 * the end of a hotel's portal.
 */
static bool
is_stubborn(const struct uplink *uplink, enum code code)
{
	return codes_is_lasting(code) || code == CODE_VERSION ||
	       (code == CODE_RELAY_KEY_CHANGED && !is_urgent(uplink));
}

/* Return the age from which on a link was a good one. */
static uint64_t
good_age(const struct uplink *uplink)
{
	if (uplink->config.good_age != 0) {
		return uplink->config.good_age;
	}
	return is_urgent(uplink) ? GOOD_AGE_URGENT : GOOD_AGE;
}

/* Return how long it is until some relay wants to be asked again. */
static uint64_t
pause_asked(const struct uplink *uplink)
{
	uint64_t now = loop_now(uplink->loop);
	uint64_t first = UINT64_MAX;

	if (uplink->config.pinned) {
		first = uplink->not_before[uplink->relay];
	}
	for (size_t i = 0; i < round_len(uplink) && first > now; i++) {
		if (uplink->not_before[i] < first && !uplink->config.pinned) {
			first = uplink->not_before[i];
		}
	}
	return first > now ? first - now : 0;
}

/*
 * Shorten wait for those who wait, whatever relays asked for; a crowd still
 * does not return in step.
 */
static uint64_t
hurry(struct uplink *uplink, uint64_t wait)
{
	if (!is_urgent(uplink)) {
		return wait;
	}
	memset(uplink->not_before, 0, sizeof(uplink->not_before));
	wait /= URGENT_FRACTION;
	return wait <= LIMITS_URGENT_WAIT
		   ? wait
		   : LIMITS_URGENT_WAIT / 2 +
			 random_below(LIMITS_URGENT_WAIT / 2);
}

/* How long to wait after a round that came to verdict. */
static uint64_t
pause_after_round(struct uplink *uplink)
{
	uint64_t random;

	if (is_stubborn(uplink, uplink->verdict)) {
		return STUBBORN_WAIT + random_below(STUBBORN_WAIT / 2);
	}
	randombytes_buf(&random, sizeof(random));
	return hurry(uplink,
	    pause_asked(uplink) + backoff_next(&uplink->backoff, random));
}

/* How long to wait after a link that was up ended with code. */
static uint64_t
pause_after_link(struct uplink *uplink, enum code code, uint32_t asked)
{
	/* Everybody lost the relay at once: come back spread out. */
	uint32_t spread = asked > 0 ? asked : uplink->spread;
	uint64_t random;

	if (code == CODE_REPLACED) {
		return LIMITS_REPLACED_WAIT +
		       random_below(LIMITS_REPLACED_WAIT);
	}
	if (is_stubborn(uplink, code)) {
		return STUBBORN_WAIT + random_below(STUBBORN_WAIT / 2);
	}
	randombytes_buf(&random, sizeof(random));
	return hurry(uplink, backoff_next(&uplink->backoff, random) +
				 random_below(spread * LIMITS_SEC));
}

void
uplinkround_on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	uplink_try(timer->data);
}

static void
wait_for(struct uplink *uplink, uint64_t ns)
{
	uplink->retry_at = loop_now(uplink->loop) + ns;
	ev_timer_stop(loop_ev(uplink->loop), &uplink->timer);
	ev_timer_set(&uplink->timer, (double)ns / (double)LIMITS_SEC, 0.);
	ev_timer_start(loop_ev(uplink->loop), &uplink->timer);
}

void
uplinkround_begin(struct uplink *uplink, uint64_t wait)
{
	uplink->tried = 0;
	uplink->verdict = CODE_OK;
	uplink_move(uplink, UPLINK_WAITING);
	wait_for(uplink, wait);
}

/* Note for people why there is no link. */
static void
note(struct uplink *uplink, enum code code, const char *text)
{
	uplink->code = code;
	if (text != uplink->text) {
		(void)snprintf(uplink->text, sizeof(uplink->text), "%s", text);
	}
	if (code == CODE_REPLACED) {
		uplink->replaced_at = loop_now(uplink->loop);
		memcpy(uplink->replaced_text, uplink->text,
		    sizeof(uplink->replaced_text));
	}
}

/* The link that was up is lost: tell, and begin a round. */
static void
lose(struct uplink *uplink, enum code code, const char *text, uint32_t asked)
{
	uint64_t wait;

	note(uplink, code, text);
	if (loop_now(uplink->loop) - uplink->since >= good_age(uplink)) {
		backoff_reset(&uplink->backoff);
	} else if (code != CODE_REPLACED) {
		turn(uplink);
	}
	wait = pause_after_link(uplink, code, asked);
	uplinkround_begin(uplink, wait);
	uplink->config.ops->down(code, uplink->text, wait, uplink->config.arg);
}

/*
 * All relays of the round failed: tell the most telling reason, and wait.  The
 * next round begins with the preferred relay.
 */
static void
end_round(struct uplink *uplink)
{
	uint64_t wait = pause_after_round(uplink);
	enum code code = uplink->verdict;

	note(uplink, code, uplink->words);
	uplinkround_begin(uplink, wait);
	if (!uplink->config.pinned && uplink->config.relays->count > 1) {
		uplink->relay = 0;
	}
	uplink->config.ops->down(code, uplink->text, wait, uplink->config.arg);
}

/* The relay failed: it is the next one's turn, unless that was the last. */
static void
miss(struct uplink *uplink, enum code code, const char *text, uint32_t asked)
{
	uplink->not_before[uplink->relay] =
	    loop_now(uplink->loop) + asked * LIMITS_SEC;
	if (uplink->verdict == CODE_OK ||
	    (is_stubborn(uplink, code) &&
		!is_stubborn(uplink, uplink->verdict))) {
		uplink->verdict = code;
		(void)snprintf(
		    uplink->words, sizeof(uplink->words), "%s", text);
	}
	uplink->tried++;
	if (uplink->tried >= round_len(uplink)) {
		end_round(uplink);
		return;
	}
	log_write(LOG_LEVEL_INFO, "relay", 0, "%s: %s: %s; trying the next one",
	    uplink_address(uplink), codes_slug(code), text);
	note(uplink, code, text);
	turn(uplink);
	uplink_move(uplink, UPLINK_WAITING);
	wait_for(uplink, 0);
}

void
uplinkround_fail(struct uplink *uplink, enum code code, const char *text,
    uint32_t retry_after)
{
	uint32_t asked = retry_after < PAUSE_MAX ? retry_after : PAUSE_MAX;

	uplink->link = NULL;
	if (uplink->state == UPLINK_UP) {
		lose(uplink, code, text, asked);
	} else {
		miss(uplink, code, text, asked);
	}
}

bool
uplinkround_pass_over(struct uplink *uplink)
{
	/* A timer may come a little early. */
	uint64_t soon = loop_now(uplink->loop) + 100 * LIMITS_MSEC;

	while (uplink->not_before[uplink->relay] > soon) {
		uplink->tried++;
		if (uplink->tried >= round_len(uplink)) {
			break;
		}
		turn(uplink);
	}
	if (uplink->tried >= round_len(uplink) && uplink->verdict != CODE_OK) {
		end_round(uplink);
		return false;
	}
	return true;
}

void
uplink_hurry(struct uplink *uplink)
{
	uint64_t wait = random_below(LIMITS_URGENT_WAIT / URGENT_FRACTION);

	if (uplink->state != UPLINK_WAITING ||
	    is_stubborn(uplink, uplink->code) ||
	    uplink->code == CODE_REPLACED) {
		return;
	}
	if (uplink->retry_at > loop_now(uplink->loop) + wait) {
		memset(uplink->not_before, 0, sizeof(uplink->not_before));
		wait_for(uplink, wait);
	}
}
