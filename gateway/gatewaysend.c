/* SPDX-License-Identifier: ISC */
/* Messages: the command "send", and what comes from hosts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/mem.h"
#include "gateway/gateway_impl.h"
#include "gateway/hosts.h"
#include "gateway/peers.h"
#include "gateway/tether.h"
#include "protocol/endpoint.h"
#include "protocol/membership.h"
#include "protocol/outbox.h"
#include "protocol/session.h"

/* Longest that somebody waits for a receipt, in seconds. */
#define WAIT_MAX 3600.

/* A text that waits for the session of its host. */
struct waiting {
	struct outbox_send *send;
	struct outbox_text *text;
	struct peers_wait *wait;
	char host[LIMITS_NAME_LEN];
};

static void
forget(struct waiting *waiting)
{
	peers_cancel(waiting->wait);
	mem_free(waiting->text);
	mem_free(waiting);
}

/* The request ended before there was a session. */
static void
on_abandon(void *arg)
{
	forget(arg);
}

static void
on_session(struct session *session, enum code code, const char *text, void *arg)
{
	struct waiting *waiting = arg;
	struct outbox_send *send = waiting->send;

	waiting->wait = NULL;
	if (session != NULL) {
		outbox_add(send, waiting->host, session, waiting->text);
	} else {
		outbox_miss(send, waiting->host, code, text);
	}
	forget(waiting);
	outbox_close(send);
}

/* Send text, which is taken over, to a host; the request is taken over, too. */
static void
send_to(struct gateway *gateway, struct control_request *request,
    struct outbox_text *text, double seconds)
{
	struct waiting *waiting = mem_new(1, sizeof(*waiting));
	struct peers_wait *wait;

	if (waiting == NULL) {
		mem_free(text);
		control_end(request, CONTROL_FAILED,
		    codes_slug(CODE_OVERLOADED),
		    codes_summary(CODE_OVERLOADED));
		return;
	}
	waiting->text = text;
	(void)snprintf(waiting->host, sizeof(waiting->host), "%s",
	    control_word(request, 1));
	waiting->send = outbox_begin(
	    gateway->outbox, request, seconds, on_abandon, waiting);
	if (waiting->send == NULL) {
		forget(waiting);
		return;
	}
	wait = peers_get(gateway->peers, waiting->host, on_session, waiting);
	if (wait != NULL) {
		waiting->wait = wait;
	}
}

/* send HOST TEXT SECONDS */
void
gatewaysend_start(struct gateway *gateway, struct control_request *request)
{
	double seconds = strtod(control_word(request, 3), NULL);
	struct outbox_text *text;

	if (control_count(request) != 4 || !(seconds > 0.) ||
	    seconds > WAIT_MAX) {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST), "send HOST TEXT SECONDS");
		return;
	}
	text = outbox_read(request, 2);
	if (text != NULL) {
		send_to(gateway, request, text, seconds);
	}
}

/* --- what comes ------------------------------------------------------ */

static void
on_text(const struct host *host, struct session *session, uint32_t number,
    const char *text, size_t len, void *arg)
{
	struct gateway *gateway = arg;
	const struct endpoint_text message = {
		.user = host->owner,
		.device = host->name,
		.text = text,
		.len = len,
	};
	enum code code = endpoint_take_text(gateway->endpoint, &message, false);

	session_answer_text(session, number, code,
	    code == CODE_TEXT_REFUSED ? "nobody listens there" : "");
}

static void
on_receipt(const struct session *session, uint32_t number, enum code code,
    const char *text, void *arg)
{
	struct gateway *gateway = arg;

	outbox_receipt(gateway->outbox, session, number, code, text);
}

static void
on_over(const struct session *session, void *arg)
{
	struct gateway *gateway = arg;

	/* The outbox goes before the sessions, for whom it waits. */
	if (gateway->outbox != NULL) {
		outbox_over(gateway->outbox, session);
	}
}

const struct tether_post gatewaysend_post = {
	.text = on_text,
	.receipt = on_receipt,
	.over = on_over,
};
