/* SPDX-License-Identifier: ISC */
/* The uplink of an endpoint, and what is said about it. */
#include <stdarg.h>
#include <stdio.h>

#include "common/escape.h"
#include "common/fault.h"
#include "common/log.h"
#include "protocol/endpoint_impl.h"
#include "protocol/enrol.h"
#include "protocol/limits.h"
#include "protocol/link.h"
#include "protocol/membership.h"
#include "protocol/uplink.h"

void
endpointlink_announce(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)fflush(stdout);
}

/* A login worked: keep what brought us here. */
static void
keep_membership(struct endpoint *endpoint, const struct linkmsg_result *result)
{
	bool first = enrol_is_joining(endpoint->enrol);
	struct fault fault;

	if (enrol_add_relays(endpoint->enrol, result, &fault) != 0 ||
	    enrol_confirm(endpoint->enrol, &fault) != 0) {
		log_write(LOG_LEVEL_ERROR, "state", 0,
		    "membership not saved: %s", fault.text);
		return;
	}
	if (first && endpoint->ops->joined != NULL) {
		endpoint->ops->joined(
		    enrol_membership(endpoint->enrol), endpoint->arg);
	}
}

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	struct endpoint *endpoint = arg;
	struct uplink_status status;

	uplink_get_status(endpoint->uplink, &status);
	endpointlink_announce("linked relay=%s rtt_ms=%.1f\n", status.relay,
	    (double)status.rtt_ns / (double)LIMITS_MSEC);
	keep_membership(endpoint, result);
	if (endpoint->ops->up != NULL) {
		endpoint->ops->up(link, result, endpoint->arg);
	}
	endpointcontrol_joined(endpoint, CODE_OK, "");
}

/* Log what the relay wants a person to read. */
static void
log_notice(const uint8_t *payload, size_t len)
{
	struct linkmsg_notice notice;

	if (linkmsg_notice_decode(&notice, payload, len) == 0) {
		log_write(notice.severity == LINKMSG_NOTE ? LOG_LEVEL_INFO
							  : LOG_LEVEL_WARN,
		    "relay", 0, "says: %s", notice.text);
	}
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	struct endpoint *endpoint = arg;

	if (type == FRAME_NOTICE) {
		log_notice(payload, len);
	} else if (endpoint->ops->frame != NULL) {
		endpoint->ops->frame(
		    link, type, channel, payload, len, endpoint->arg);
	}
}

/* A join string that is refused for good makes way for what worked before. */
static void
give_up_joining(struct endpoint *endpoint, enum code code)
{
	if (!enrol_is_joining(endpoint->enrol) ||
	    !(codes_is_lasting(code) || code == CODE_RELAY_KEY_CHANGED)) {
		return;
	}
	if (enrol_revert(endpoint->enrol)) {
		log_write(LOG_LEVEL_WARN, "state", 0,
		    "join string dropped: the membership before it is used");
		loop_defer(endpoint->loop, &endpoint->relink);
	}
}

/* Print that there is no link, and tell the daemon. */
static void
tell_down(struct endpoint *endpoint, enum code code, const char *text,
    uint64_t retry_ns)
{
	char escaped[LIMITS_TEXT_LEN * 2];

	(void)escape_text(ESCAPE_TEXT, text, escaped, sizeof(escaped));
	endpointlink_announce("unlinked reason=%s retry_ms=%llu text=\"%s\"\n",
	    codes_slug(code), (unsigned long long)(retry_ns / LIMITS_MSEC),
	    escaped);
	if (endpoint->ops->down != NULL) {
		endpoint->ops->down(code, text, endpoint->arg);
	}
}

static void
on_down(enum code code, const char *text, uint64_t retry_ns, void *arg)
{
	struct endpoint *endpoint = arg;

	if (code == CODE_REPLACED && !endpoint->dropping) {
		log_write(LOG_LEVEL_WARN, "relay", 0, "replaced: %s", text);
	}
	tell_down(endpoint, code, text, retry_ns);
	if (endpoint->phase == ENDPOINT_STOPPING) {
		loop_stop(endpoint->loop);
	}
	if (endpoint->phase == ENDPOINT_STOPPING || endpoint->dropping) {
		return;
	}
	give_up_joining(endpoint, code);
	endpointcontrol_joined(endpoint, code, text);
}

static bool
is_urgent(void *arg)
{
	const struct endpoint *endpoint = arg;

	return endpoint->ops->is_urgent != NULL &&
	       endpoint->ops->is_urgent(endpoint->arg);
}

static const struct uplink_ops uplink_ops = {
	.is_urgent = is_urgent,
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};

void
endpointlink_drop(struct endpoint *endpoint, enum code code)
{
	const char *text = codes_summary(code);
	struct link *link = endpoint_link(endpoint);

	endpoint->dropping = true;
	if (link != NULL) {
		link_close(link, code, text);
	} else if (code == CODE_NOT_JOINED) {
		tell_down(endpoint, code, text, 0);
	}
	endpoint->dropping = false;
	uplink_free(endpoint->uplink);
	endpoint->uplink = NULL;
}

void
endpointlink_renew(void *arg)
{
	struct endpoint *endpoint = arg;
	const struct uplink_config config = {
		.membership = enrol_membership(endpoint->enrol),
		.public_key = enrol_public_key(endpoint->enrol),
		.secret_key = enrol_secret_key(endpoint->enrol),
		.boot_id = endpoint->boot,
		.ops = &uplink_ops,
		.arg = endpoint,
	};

	if (endpoint->phase != ENDPOINT_SERVING) {
		return;
	}
	if (config.membership == NULL) {
		endpointlink_drop(endpoint, CODE_NOT_JOINED);
		return;
	}
	endpointlink_drop(endpoint, CODE_REPLACED);
	endpoint->uplink =
	    uplink_new(endpoint->loop, endpoint->resolver, &config);
	if (endpoint->uplink == NULL) {
		log_write(LOG_LEVEL_ERROR, "state", 0, "out of memory");
		loop_stop(endpoint->loop);
		return;
	}
	uplink_start(endpoint->uplink);
}
