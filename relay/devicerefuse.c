/* SPDX-License-Identifier: ISC */
/* Logins that are refused: what the log says of them, and when they hear. */
#include <ev.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/addr.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "relay/device_impl.h"

/* A stranger who waits for his answer. */
struct devicerefuse {
	struct device *device;
	ev_timer timer;
};

static void
log_refusal(struct device *device, const struct account_outcome *outcome)
{
	struct device_hub *hub = device->hub;
	char from[ADDR_TEXT_LEN];
	char others[64] = "";
	uint64_t missed;

	if (!refusals_log(hub->refusals, loop_now(hub->config.loop), &missed)) {
		return;
	}
	if (missed > 0) {
		(void)snprintf(others, sizeof(others),
		    " (and %" PRIu64 " others since the last line)", missed);
	}
	log_write(LOG_LEVEL_INFO, "link", link_id(device->link),
	    "login from %s refused: %s: %s%s",
	    addr_format_ip(link_peer(device->link), from),
	    codes_slug(outcome->code), outcome->text, others);
}

static void
refuse_stranger(struct device *device)
{
	link_refuse(device->link, CODE_LOGIN_REFUSED,
	    codes_summary(CODE_LOGIN_REFUSED), 0);
}

static void
on_due(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct devicerefuse *refuse = timer->data;
	struct device *device = refuse->device;

	(void)loop;
	(void)events;
	devicerefuse_end(device);
	refuse_stranger(device);
}

/* Answer the stranger when his time has come, or never. */
static void
wait(struct device *device)
{
	struct loop *loop = device->hub->config.loop;
	uint64_t pause = refusals_wait(
	    device->hub->refusals, link_peer(device->link), device->login_at);
	uint64_t passed = loop_now(loop) - device->login_at;
	struct devicerefuse *refuse = NULL;

	if (pause != REFUSALS_NEVER) {
		refuse = mem_new(1, sizeof(*refuse));
	}
	if (refuse == NULL) {
		link_close(device->link, CODE_LIMIT,
		    "too many refused logins from its address");
		return;
	}
	pause = pause > passed ? pause - passed : 0;
	refuse->device = device;
	device->refuse = refuse;
	ev_timer_init(
	    &refuse->timer, on_due, (double)pause / (double)LIMITS_SEC, 0.);
	refuse->timer.data = refuse;
	ev_timer_start(loop_ev(loop), &refuse->timer);
}

void
devicerefuse_start(struct device *device, const struct account_outcome *outcome)
{
	device->hub->stats.refused++;
	device->hub->stats.refused_logins[codes_index(outcome->code)]++;
	log_refusal(device, outcome);
	/* Others have shown a key or a token that the answer is about. */
	if (outcome->code == CODE_LOGIN_REFUSED) {
		wait(device);
	} else {
		link_refuse(device->link, outcome->code, outcome->text,
		    outcome->retry_after);
	}
}

void
devicerefuse_end(struct device *device)
{
	struct devicerefuse *refuse = device->refuse;

	if (refuse != NULL) {
		device->refuse = NULL;
		ev_timer_stop(
		    loop_ev(device->hub->config.loop), &refuse->timer);
		mem_free(refuse);
	}
}
