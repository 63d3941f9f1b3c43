/* SPDX-License-Identifier: ISC */
#include "protocol/uplink.h"

#include <ev.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/backoff.h"
#include "common/dial.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/version.h"
#include "protocol/membership.h"

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

enum uplink_state {
	UPLINK_IDLE,
	UPLINK_DIALLING, /* resolving included */
	UPLINK_GREETING,
	UPLINK_UP,
	UPLINK_WAITING,
	UPLINK_STOPPED,
};

struct uplink {
	struct loop *loop;
	struct resolver *resolver;
	struct uplink_config config;
	enum uplink_state state;
	size_t relay; /* which of the membership's addresses */
	size_t tried; /* how many of them failed in a row */
	struct dial *dial;
	struct link *link;
	struct backoff backoff;
	ev_timer timer;
	uint64_t since;
	uint64_t retry_at;
	uint32_t spread; /* seconds, as the relay last said */
	enum code code;
	char text[LIMITS_TEXT_LEN];
	uint64_t replaced_at; /* by another link of this device; 0: never */
	char replaced_text[LIMITS_TEXT_LEN];
};

static void try_next(struct uplink *uplink);

static const char *
state_name(enum uplink_state state)
{
	static const char *const names[] = {
		[UPLINK_IDLE] = "idle",
		[UPLINK_DIALLING] = "dialling",
		[UPLINK_GREETING] = "greeting",
		[UPLINK_UP] = "up",
		[UPLINK_WAITING] = "waiting",
		[UPLINK_STOPPED] = "stopped",
	};

	return names[state];
}

/* The one gate between states. */
static void
move(struct uplink *uplink, enum uplink_state state)
{
	bool was_up = uplink->state == UPLINK_UP;

	log_write(LOG_LEVEL_DEBUG, "uplink", 0, "%s -> %s",
	    state_name(uplink->state), state_name(state));
	uplink->state = state;
	if (was_up != (state == UPLINK_UP) || uplink->since == 0) {
		uplink->since = loop_now(uplink->loop);
	}
}

static const char *
address(const struct uplink *uplink)
{
	return uplink->config.membership->relay[uplink->relay];
}

/* A random number below n, 0 when n is 0. */
static uint64_t
random_below(uint64_t n)
{
	uint64_t random;

	randombytes_buf(&random, sizeof(random));
	return n > 0 ? random % n : 0;
}

/* --- waiting ----------------------------------------------------------------
 */

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

/* Shorten wait for those who wait; a crowd still does not return in step. */
static uint64_t
hurry(uint64_t wait)
{
	wait /= URGENT_FRACTION;
	return wait <= LIMITS_URGENT_WAIT
		   ? wait
		   : LIMITS_URGENT_WAIT / 2 +
			 random_below(LIMITS_URGENT_WAIT / 2);
}

/* How long to wait after an attempt or a link that ended in code. */
static uint64_t
pause_after(
    struct uplink *uplink, enum code code, uint32_t retry_after, bool was_up)
{
	uint32_t asked = retry_after < PAUSE_MAX ? retry_after : PAUSE_MAX;
	uint64_t random;
	uint64_t wait;

	if (code == CODE_REPLACED) {
		return LIMITS_REPLACED_WAIT +
		       random_below(LIMITS_REPLACED_WAIT);
	}
	if (is_stubborn(uplink, code)) {
		return STUBBORN_WAIT + random_below(STUBBORN_WAIT / 2);
	}
	randombytes_buf(&random, sizeof(random));
	wait = backoff_next(&uplink->backoff, random);
	if (was_up) {
		/* Everybody lost the relay at once: come back spread out. */
		uint32_t spread = asked > 0 ? asked : uplink->spread;

		wait += random_below(spread * LIMITS_SEC);
	} else {
		wait += asked * LIMITS_SEC;
	}
	return is_urgent(uplink) ? hurry(wait) : wait;
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int revents)
{
	(void)ev;
	(void)revents;
	try_next(timer->data);
}

static void
wait_for(struct uplink *uplink, uint64_t ns)
{
	uplink->retry_at = loop_now(uplink->loop) + ns;
	ev_timer_stop(loop_ev(uplink->loop), &uplink->timer);
	ev_timer_set(&uplink->timer, (double)ns / (double)LIMITS_SEC, 0.);
	ev_timer_start(loop_ev(uplink->loop), &uplink->timer);
}

/* An attempt failed, or the link is lost: tell, and try again some time. */
static void
fail(struct uplink *uplink, enum code code, const char *text,
    uint32_t retry_after)
{
	bool was_up = uplink->state == UPLINK_UP;
	const struct membership *membership = uplink->config.membership;
	uint64_t wait;

	uplink->link = NULL;
	uplink->code = code;
	(void)snprintf(uplink->text, sizeof(uplink->text), "%s", text);
	if (code == CODE_REPLACED) {
		uplink->replaced_at = loop_now(uplink->loop);
		memcpy(uplink->replaced_text, uplink->text,
		    sizeof(uplink->replaced_text));
	}
	if (was_up && loop_now(uplink->loop) - uplink->since >=
			  (is_urgent(uplink) ? GOOD_AGE_URGENT : GOOD_AGE)) {
		backoff_reset(&uplink->backoff);
	}
	move(uplink, UPLINK_WAITING);
	uplink->tried++;
	if (!was_up && !is_stubborn(uplink, code) &&
	    uplink->tried < membership->relays) {
		/* Another relay may be there: at once. */
		wait = 0;
	} else {
		uplink->tried = 0;
		wait = pause_after(uplink, code, retry_after, was_up);
	}
	uplink->relay =
	    was_up ? uplink->relay : (uplink->relay + 1) % membership->relays;
	wait_for(uplink, wait);
	uplink->config.ops->down(code, uplink->text, wait, uplink->config.arg);
}

/* --- greeting -------------------------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct uplink *uplink = arg;

	uplink->tried = 0;
	uplink->spread = result->spread;
	uplink->code = CODE_OK;
	uplink->text[0] = '\0';
	move(uplink, UPLINK_UP);
	uplink->config.ops->up(link, result, uplink->config.arg);
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct uplink *uplink = arg;

	uplink->config.ops->frame(
	    link, type, channel, payload, len, uplink->config.arg);
}

static void
on_down(struct link *link, enum code code, const char *text,
    uint32_t retry_after, void *arg)
{
	(void)link;
	fail(arg, code == CODE_OK ? CODE_LINK_LOST : code, text, retry_after);
}

static const struct link_ops link_callbacks = {
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};

/* What is said in message 3. */
static void
fill_login(const struct uplink *uplink, struct linkhello_login *login)
{
	const struct membership *membership = uplink->config.membership;
	struct keys_account account = { .epoch = membership->epoch };

	memset(login, 0, sizeof(*login));
	(void)snprintf(
	    login->user, sizeof(login->user), "%s", membership->user);
	(void)snprintf(
	    login->device, sizeof(login->device), "%s", membership->name);
	(void)snprintf(login->software, sizeof(login->software), "inroad/%s",
	    version_string());
	login->has_token = membership->has_token;
	memcpy(login->token, membership->token, sizeof(login->token));
	if (membership->key_kind == MEMBERSHIP_KEY_ACCOUNT) {
		memcpy(account.key, membership->key, sizeof(account.key));
		login->has_key_id = true;
		login->key_epoch = membership->epoch;
		keys_account_id(&account, login->key_id);
		mem_wipe(&account, sizeof(account));
	}
	memcpy(login->boot, uplink->config.boot_id, sizeof(login->boot));
}

static void
greet(struct uplink *uplink, int fd)
{
	const struct membership *membership = uplink->config.membership;
	struct linkhello_login login;
	const struct link_endpoint_config config = {
		.role = membership->role,
		.relay_key = membership->relay_public,
		.public_key = uplink->config.public_key,
		.secret_key = uplink->config.secret_key,
		.login = &login,
	};

	fill_login(uplink, &login);
	move(uplink, UPLINK_GREETING);
	uplink->link =
	    link_connect(uplink->loop, fd, &config, &link_callbacks, uplink);
	mem_wipe(&login, sizeof(login));
	if (uplink->link == NULL) {
		(void)close(fd);
		fail(
		    uplink, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), 0);
	}
}

/* --- dialling -------------------------------------------------------- */

/* The words of a person for how a dial failed. */
static const char *
words_of(const struct dial_result *result)
{
	switch (result->status) {
	case DIAL_OK:
		break;
	case DIAL_NO_NAME:
		return "there is no such name";
	case DIAL_DNS_FAILED:
	case DIAL_DNS_TIMEOUT:
		return "its name cannot be resolved now";
	case DIAL_REFUSED:
		return "nothing listens there";
	case DIAL_TIMEOUT:
		return "timed out";
	case DIAL_NET_UNREACHABLE:
	case DIAL_HOST_UNREACHABLE:
		return "no route; is this machine online?";
	case DIAL_DENIED:
	case DIAL_FAILED:
		return strerror(result->err);
	}
	return "failed";
}

static void
on_dialled(const struct dial_result *result, void *arg)
{
	struct uplink *uplink = arg;
	enum code code = CODE_RELAY_UNREACHABLE;
	char text[LIMITS_TEXT_LEN];

	uplink->dial = NULL;
	if (result->status == DIAL_OK) {
		greet(uplink, result->fd);
		return;
	}
	if (result->status == DIAL_NO_NAME ||
	    result->status == DIAL_DNS_FAILED ||
	    result->status == DIAL_DNS_TIMEOUT) {
		code = CODE_RELAY_DNS;
	}
	(void)snprintf(text, sizeof(text), "Cannot reach %.160s (%s).",
	    address(uplink), words_of(result));
	fail(uplink, code, text, 0);
}

static void
try_next(struct uplink *uplink)
{
	char host[ADDR_HOST_LEN];
	uint16_t port;

	ev_timer_stop(loop_ev(uplink->loop), &uplink->timer);
	if (uplink->relay >= uplink->config.membership->relays) {
		uplink->relay = 0;
	}
	move(uplink, UPLINK_DIALLING);
	if (addr_split(address(uplink), host, sizeof(host), &port) == 0) {
		uplink->dial = dial_name(
		    uplink->resolver, host, port, NULL, on_dialled, uplink);
	}
	if (uplink->dial == NULL) {
		fail(
		    uplink, CODE_OVERLOADED, codes_summary(CODE_OVERLOADED), 0);
	}
}

/* --- life ------------------------------------------------------------ */

struct uplink *
uplink_new(struct loop *loop, struct resolver *resolver,
    const struct uplink_config *config)
{
	struct uplink *uplink = mem_new(1, sizeof(*uplink));

	if (uplink == NULL) {
		return NULL;
	}
	uplink->loop = loop;
	uplink->resolver = resolver;
	uplink->config = *config;
	backoff_init(&uplink->backoff);
	ev_init(&uplink->timer, on_timer);
	uplink->timer.data = uplink;
	return uplink;
}

/* Let go of whatever is under way, without a word to the owner. */
static void
drop(struct uplink *uplink, enum code code, const char *text)
{
	struct link *link = uplink->link;

	ev_timer_stop(loop_ev(uplink->loop), &uplink->timer);
	dial_cancel(uplink->dial);
	uplink->dial = NULL;
	uplink->link = NULL;
	if (link != NULL) {
		static const struct link_ops silence;

		/* Its channels are told; we need not be. */
		link_set_owner(link, &silence, NULL);
		if (link_is_up(link)) {
			link_goaway(link, code, text);
		} else {
			link_close(link, code, text);
		}
	}
}

static void
destroy(void *object)
{
	mem_free(object);
}

void
uplink_free(struct uplink *uplink)
{
	if (uplink != NULL) {
		drop(uplink, CODE_GOING_DOWN, "going down");
		loop_reap(uplink->loop, uplink, destroy);
	}
}

void
uplink_start(struct uplink *uplink)
{
	if (uplink->state == UPLINK_IDLE || uplink->state == UPLINK_WAITING ||
	    uplink->state == UPLINK_STOPPED) {
		uplink->tried = 0;
		try_next(uplink);
	}
}

void
uplink_stop(struct uplink *uplink, enum code code, const char *text)
{
	drop(uplink, code, text);
	uplink->code = code;
	(void)snprintf(uplink->text, sizeof(uplink->text), "%s", text);
	move(uplink, UPLINK_STOPPED);
}

struct link *
uplink_link(struct uplink *uplink)
{
	return uplink->state == UPLINK_UP ? uplink->link : NULL;
}

void
uplink_get_status(struct uplink *uplink, struct uplink_status *out)
{
	memset(out, 0, sizeof(*out));
	out->up = uplink->state == UPLINK_UP;
	(void)snprintf(out->relay, sizeof(out->relay), "%s", address(uplink));
	out->since_ns = uplink->since;
	out->code = uplink->code;
	(void)snprintf(out->text, sizeof(out->text), "%s", uplink->text);
	out->replaced_ns = uplink->replaced_at;
	memcpy(out->replaced_text, uplink->replaced_text,
	    sizeof(out->replaced_text));
	if (uplink->state == UPLINK_WAITING) {
		out->retry_ns = uplink->retry_at;
	}
	if (out->up) {
		out->rtt_ns = link_rtt(uplink->link);
	}
}
