/* SPDX-License-Identifier: ISC */
/* What the uplinks tell, and what is said about it. */
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

	if (enrol_learn(endpoint->enrol, result, &fault) != 0 ||
	    enrol_confirm(endpoint->enrol, &fault) != 0) {
		log_write(LOG_LEVEL_ERROR, "state", 0,
		    "membership not saved: %s", fault.text);
		return;
	}
	if (endpoint->chosen.count == 0) {
		relaylist_merge(
		    &endpoint->relays, enrol_membership(endpoint->enrol));
	}
	if (first && endpoint->ops->joined != NULL) {
		endpoint->ops->joined(
		    enrol_membership(endpoint->enrol), endpoint->arg);
	}
}

void
endpointlink_come_up(struct endpoint_way *way, struct link *link,
    const struct linkmsg_result *result)
{
	struct endpoint *endpoint = way->endpoint;
	struct uplink_status status;

	uplink_get_status(way->uplink, &status);
	endpointlink_announce("linked relay=%s rtt_ms=%.1f\n", status.relay,
	    (double)status.rtt_ns / (double)LIMITS_MSEC);
	keep_membership(endpoint, result);
	endpointways_arrange(way, result->incarnation);
	if (endpoint->ops->up != NULL) {
		endpoint->ops->up(link, result, endpoint->arg);
	}
	endpointcontrol_joined(endpoint, CODE_OK, "");
}

static void
on_up(struct link *link, const struct linkmsg_result *result, void *arg)
{
	endpointlink_come_up(arg, link, result);
}

/* Tell what the relay wants a person to read. */
static void
tell_notice(struct endpoint *endpoint, const uint8_t *payload, size_t len)
{
	struct linkmsg_notice notice;

	if (linkmsg_notice_decode(&notice, payload, len) == 0) {
		log_write(notice.severity == LINKMSG_NOTE ? LOG_LEVEL_INFO
							  : LOG_LEVEL_WARN,
		    "relay", 0, "says: %s", notice.text);
		endpoint_notice(endpoint,
		    linkmsg_severity_name(notice.severity), notice.text);
	}
}

static void
on_frame(struct link *link, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, void *arg)
{
	const struct endpoint_way *way = arg;
	struct endpoint *endpoint = way->endpoint;

	if (type == FRAME_NOTICE) {
		tell_notice(endpoint, payload, len);
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

void
endpointlink_tell_down(struct endpoint *endpoint,
    const struct endpoint_way *way, enum code code, const char *text,
    uint64_t retry_ns)
{
	char escaped[LIMITS_TEXT_LEN * 2];

	if (code == CODE_GOING_DOWN && way != NULL && !endpoint->dropping &&
	    endpoint->phase == ENDPOINT_SERVING) {
		endpoint_notice(
		    endpoint, linkmsg_severity_name(LINKMSG_WARNING), text);
	}
	(void)escape_text(ESCAPE_TEXT, text, escaped, sizeof(escaped));
	endpointlink_announce(
	    "unlinked reason=%s retry_ms=%llu relay=%s text=\"%s\"\n",
	    codes_slug(code), (unsigned long long)(retry_ns / LIMITS_MSEC),
	    way == NULL ? "-"
			: endpoint->relays.address[uplink_relay(way->uplink)],
	    escaped);
	if (endpoint->ops->down != NULL && endpoint_link(endpoint) == NULL) {
		endpoint->ops->down(code, text, endpoint->arg);
	}
}

static void
on_down(enum code code, const char *text, uint64_t retry_ns, void *arg)
{
	struct endpoint_way *way = arg;
	struct endpoint *endpoint = way->endpoint;

	if (code == CODE_REPLACED && !endpoint->dropping &&
	    !endpointways_replaced_itself(way)) {
		log_write(LOG_LEVEL_WARN, "relay", 0, "replaced: %s", text);
	}
	endpointlink_tell_down(endpoint, way, code, text, retry_ns);
	if (endpoint->phase == ENDPOINT_STOPPING &&
	    endpoint_link(endpoint) == NULL) {
		loop_stop(endpoint->loop);
	}
	if (endpoint->phase == ENDPOINT_STOPPING || endpoint->dropping) {
		return;
	}
	endpointways_lost(way, code);
	give_up_joining(endpoint, code);
	endpointcontrol_joined(endpoint, code, text);
}

static bool
is_urgent(void *arg)
{
	const struct endpoint_way *way = arg;
	const struct endpoint *endpoint = way->endpoint;

	return endpoint->ops->is_urgent != NULL &&
	       endpoint->ops->is_urgent(endpoint->arg);
}

const struct uplink_ops endpointlink_ops = {
	.is_urgent = is_urgent,
	.up = on_up,
	.frame = on_frame,
	.down = on_down,
};
