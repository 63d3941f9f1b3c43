/* SPDX-License-Identifier: ISC */
/* The handshake and the login of a link (PROTOCOL.md section 4). */
#include <stdio.h>
#include <string.h>

#include "common/io.h"
#include "common/mem.h"
#include "protocol/link_impl.h"

/*
 * What an endpoint says when nobody proved to hold the relay's key.  A relay
 * answers nothing to a greeting that is for another key, so silence and wrong
 * bytes mean the same.
 */
static const char unproven[] =
    "the relay did not prove the key that we joined with: its key has "
    "changed, or this is no inroad relay";

static void
destroy_hello(void *object)
{
	linkhello_free(object);
}

/* What was handed to the owner from within hello lives on in its callback. */
void
linkgreet_over(struct link *link)
{
	loop_reap(link->loop, link->hello, destroy_hello);
	link->hello = NULL;
}

/* A message was wrong.  A relay goes on as if more had to come. */
static void
reject(struct link *link)
{
	if (!link->is_relay) {
		link_close(link, CODE_RELAY_KEY_CHANGED, unproven);
		return;
	}
	linkgreet_over(link);
	link_move(link, LINK_DISCARDING);
}

/* Relay: message 3 is verified; a newer or older endpoint is told so. */
static void
login(struct link *link)
{
	struct linkhello *hello = link->hello;
	unsigned version = linkhello_version(hello);
	char text[LIMITS_TEXT_LEN];

	if (version != LIMITS_PROTOCOL_VERSION) {
		(void)snprintf(text, sizeof(text),
		    "this relay speaks version %d of the protocol and you "
		    "speak version %u; update the older one",
		    LIMITS_PROTOCOL_VERSION, version);
		link_refuse(link, CODE_VERSION, text, 0);
		return;
	}
	if (link->ops->login != NULL) {
		link->ops->login(link, linkhello_login(hello),
		    linkhello_remote_public(hello), link->arg);
	}
}

/* The handshake is through. */
static void
finish(struct link *link)
{
	if (linkhello_keys(link->hello, &link->tx, &link->rx) != 0) {
		reject(link);
		return;
	}
	link->tx_since = loop_now(link->loop);
	link_move(link, LINK_LOGIN);
	if (link->is_relay) {
		link->role = linkhello_role(link->hello);
		login(link);
	} else {
		linkgreet_over(link);
	}
}

/* Send the message that is due; 0, or -1 when the link is doomed. */
static int
send_message(struct link *link)
{
	uint8_t message[LINKHELLO_WRITE_MAX];
	size_t len = 0;

	if (linkhello_write(link->hello, message, sizeof(message), &len) != 0 ||
	    linkwrite_raw(link, message, len) != 0) {
		link_doom(link, CODE_INTERNAL, "the handshake failed");
		return -1;
	}
	return 0;
}

/* Send what is due until something has to come. */
static void
advance(struct link *link)
{
	while (linkhello_want(link->hello) == LINKHELLO_WRITE) {
		if (send_message(link) != 0) {
			return;
		}
	}
	if (linkhello_want(link->hello) == LINKHELLO_DONE) {
		finish(link);
	}
}

void
linkgreet_start(struct link *link)
{
	advance(link);
}

/*
 * Add n bytes at data to the message of which want are due.  Returns the whole
 * message, or NULL when it is not whole or memory is short.
 */
static const uint8_t *
gather(struct link *link, const uint8_t *data, size_t n, size_t want)
{
	if (link->rest_len == 0 && n == want) {
		return data;
	}
	if (link->rest == NULL) {
		link->rest = mem_new(want, 1);
	}
	if (link->rest == NULL) {
		link_close(link, CODE_INTERNAL, "out of memory");
		return NULL;
	}
	memcpy(link->rest + link->rest_len, data, n);
	link->rest_len += n;
	return link->rest_len == want ? link->rest : NULL;
}

void
linkgreet_read(struct link *link)
{
	size_t want = linkhello_expect(link->hello);
	uint8_t *scratch = loop_scratch(link->loop);
	const uint8_t *message;
	ssize_t n;
	int rc;

	n = io_read(link->io, scratch, want - link->rest_len);
	if (n == IO_AGAIN) {
		return;
	}
	if (n <= 0) {
		link_lost(link, n);
		return;
	}
	link->received += (uint64_t)n;
	message = gather(link, scratch, (size_t)n, want);
	if (message == NULL) {
		return;
	}
	rc = linkhello_read(link->hello, message, want);
	linkread_free(link);
	if (rc != 0) {
		reject(link);
	} else {
		advance(link);
	}
}

void
linkgreet_timeout(struct link *link)
{
	if (link->is_relay && link->state == LINK_LOGIN) {
		link_refuse(link, CODE_OVERLOADED,
		    "the relay is too busy to log you in", 5);
	} else if (link->is_relay) {
		link_close(
		    link, CODE_PROTOCOL_ERROR, "the handshake took too long");
	} else if (link->state == LINK_LOGIN || linktcp_is_undelivered(link)) {
		link_close(link, CODE_RELAY_UNREACHABLE,
		    "the relay did not answer in time");
	} else {
		link_close(link, CODE_RELAY_KEY_CHANGED, unproven);
	}
}

void
linkgreet_lost(struct link *link, ssize_t n)
{
	uint64_t age = loop_now(link->loop) - link->since;
	char text[LIMITS_TEXT_LEN] =
	    "the other side closed the connection during the handshake";

	/*
	 * Both sides have the same deadline, and which one comes first is
	 * chance: that a relay waited in vain for a good message 1 shows as
	 * its end of the connection just as well.
	 */
	if (!link->is_relay && link->state == LINK_GREETING && n == 0 &&
	    age >= link->times->handshake / 2) {
		link_close(link, CODE_RELAY_KEY_CHANGED, unproven);
		return;
	}
	if (n != 0) {
		(void)snprintf(text, sizeof(text),
		    "the connection broke during the handshake: %s",
		    strerror(io_errno(link->io)));
	}
	link_close(link, CODE_LINK_LOST, text);
}

void
linkgreet_result(struct link *link, const uint8_t *payload, size_t len)
{
	struct linkmsg_result result;

	if (linkmsg_result_decode(&result, payload, len) != 0) {
		link_violation(link, "the relay sent a wrong RESULT");
		return;
	}
	if (result.code != CODE_OK) {
		link_end(link, result.code, result.text, result.retry_after);
		return;
	}
	link_move(link, LINK_UP);
	link->spread = result.spread;
	if (link->ops->up != NULL) {
		link->ops->up(link, &result, link->arg);
	}
}
