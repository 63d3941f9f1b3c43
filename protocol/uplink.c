/* SPDX-License-Identifier: ISC */
#include "protocol/uplink.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/dial.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/version.h"
#include "protocol/uplink_impl.h"

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

void
uplink_move(struct uplink *uplink, enum uplink_state state)
{
	bool was_up = uplink->state == UPLINK_UP;

	log_write(LOG_LEVEL_DEBUG, "uplink", 0, "%s -> %s",
	    state_name(uplink->state), state_name(state));
	uplink->state = state;
	if (was_up != (state == UPLINK_UP) || uplink->since == 0) {
		uplink->since = loop_now(uplink->loop);
	}
}

const char *
uplink_address(const struct uplink *uplink)
{
	return uplink->config.relays->address[uplink->relay];
}

/* --- greeting -------------------------------------------------------- */

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct uplink *uplink = arg;

	uplink->tried = 0;
	uplink->verdict = CODE_OK;
	uplink->spread = result->spread;
	uplink->code = CODE_OK;
	uplink->text[0] = '\0';
	uplink_move(uplink, UPLINK_UP);
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
	uplinkround_fail(
	    arg, code == CODE_OK ? CODE_LINK_LOST : code, text, retry_after);
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
	uplink_move(uplink, UPLINK_GREETING);
	uplink->link =
	    link_connect(uplink->loop, fd, &config, &link_callbacks, uplink);
	mem_wipe(&login, sizeof(login));
	if (uplink->link == NULL) {
		(void)close(fd);
		uplinkround_fail(
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
	    uplink_address(uplink), words_of(result));
	uplinkround_fail(uplink, code, text, 0);
}

void
uplink_try(struct uplink *uplink)
{
	char host[ADDR_HOST_LEN];
	uint16_t port;

	ev_timer_stop(loop_ev(uplink->loop), &uplink->timer);
	if (!uplinkround_pass_over(uplink)) {
		return;
	}
	uplink_move(uplink, UPLINK_DIALLING);
	if (addr_split(uplink_address(uplink), host, sizeof(host), &port) ==
	    0) {
		uplink->dial = dial_name(
		    uplink->resolver, host, port, NULL, on_dialled, uplink);
	}
	if (uplink->dial == NULL) {
		uplinkround_fail(
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
	uplink->relay = config->relay;
	backoff_init(&uplink->backoff);
	ev_init(&uplink->timer, uplinkround_on_timer);
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

void
uplink_free(struct uplink *uplink)
{
	if (uplink != NULL) {
		drop(uplink, CODE_GOING_DOWN, "going down");
		loop_reap(uplink->loop, uplink, mem_free);
	}
}

void
uplink_start(struct uplink *uplink)
{
	if (uplink->state == UPLINK_IDLE || uplink->state == UPLINK_WAITING ||
	    uplink->state == UPLINK_STOPPED) {
		memset(uplink->not_before, 0, sizeof(uplink->not_before));
		if (!uplink->config.pinned) {
			uplink->relay = uplink->config.relay;
		}
		uplink->tried = 0;
		uplink->verdict = CODE_OK;
		uplink_try(uplink);
	}
}

void
uplink_stop(struct uplink *uplink, enum code code, const char *text)
{
	drop(uplink, code, text);
	uplink->code = code;
	(void)snprintf(uplink->text, sizeof(uplink->text), "%s", text);
	uplink_move(uplink, UPLINK_STOPPED);
}

void
uplink_park(struct uplink *uplink, uint64_t ns, const char *text)
{
	drop(uplink, CODE_GOING_DOWN, text);
	uplink->code = CODE_OK;
	(void)snprintf(uplink->text, sizeof(uplink->text), "%s", text);
	/* It was ourselves who did it. */
	uplink->replaced_at = 0;
	uplinkround_begin(uplink, ns);
}

void
uplink_pin(struct uplink *uplink, bool pinned)
{
	uplink->config.pinned = pinned;
}

void
uplink_set_owner(struct uplink *uplink, const struct uplink_ops *ops, void *arg)
{
	uplink->config.ops = ops;
	uplink->config.arg = arg;
}

size_t
uplink_relay(const struct uplink *uplink)
{
	return uplink->relay;
}

bool
uplink_is_trying(const struct uplink *uplink)
{
	return uplink->state == UPLINK_DIALLING ||
	       uplink->state == UPLINK_GREETING;
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
	(void)snprintf(
	    out->relay, sizeof(out->relay), "%s", uplink_address(uplink));
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
