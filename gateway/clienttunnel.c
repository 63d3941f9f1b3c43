/* SPDX-License-Identifier: ISC */
/* A client that asked for a tunnel, or uses a forward. */
#include <stdio.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/log.h"
#include "gateway/client_impl.h"
#include "gateway/errorpage.h"
#include "gateway/socks.h"
#include "protocol/bridge.h"
#include "protocol/conduit.h"

/* Tell the client how it went, in its own words. */
static int
reply(struct client *client, const struct stream_opened *opened)
{
	struct proxy_target bound = { .port = opened->port };
	const struct proxy_target *told = NULL;
	uint8_t answer[SOCKS_REPLY_MAX];
	size_t len = 0;
	enum code code = codes_shown(opened->code, opened->error);

	if (opened->address_len > 0 &&
	    proxytarget_set_address(&bound, opened->address,
		opened->address_len, opened->port) == 0) {
		told = &bound;
	}
	switch (client->dialect) {
	case DIALECT_FORWARD:
		return opened->code == CODE_OK ? 0 : -1;
	case DIALECT_SOCKS5:
		len = socks_reply_encode(code, told, answer);
		break;
	case DIALECT_SOCKS4:
		len = socks_v4_reply_encode(code, told, answer);
		break;
	case DIALECT_CONNECT:
		if (opened->code == CODE_OK) {
			return errorpage_established(client->out);
		}
		clienthttp_refuse(
		    client, opened->code, opened->error, opened->text);
		return client->state == CLIENT_GONE ? -1 : 0;
	case DIALECT_HTTP:
	case DIALECT_LOCALHOST:
		/* No tunnels: an exchange answers. */
		return -1;
	}
	return buf_append(client->out, answer, len);
}

static void
fail(struct client *client, const struct stream_opened *opened)
{
	client_log_failure(client, opened->code, opened->text);
	if (reply(client, opened) != 0) {
		client_end(client, true);
		return;
	}
	if (client->state != CLIENT_CLOSING) {
		client_finish(client);
	}
}

static void
on_bridge_done(const struct bridge_outcome *outcome, void *arg)
{
	struct client *client = arg;

	log_write(LOG_LEVEL_DEBUG, "client", client->id,
	    "done: %s: %llu bytes up, %llu down", codes_slug(outcome->code),
	    (unsigned long long)outcome->sent,
	    (unsigned long long)outcome->received);
	client->bridge = NULL;
	client->io = NULL;
	client_end(client, false);
}

/* The conduit is open: hand everything to a bridge. */
static void
join(struct client *client, const struct stream_opened *opened)
{
	if (reply(client, opened) != 0 || !client_flush(client)) {
		client_end(client, true);
		return;
	}
	if (buf_len(client->out) > 0) {
		/* A reply of some hundred bytes that no socket takes. */
		client_end(client, true);
		return;
	}
	client_move(client, CLIENT_BRIDGED);
	client->bridge = bridge_new(client->pool->loop, client->io,
	    client->conduit, client->in, on_bridge_done, client);
	if (client->bridge == NULL) {
		client_end(client, true);
		return;
	}
	bridge_set_meter(client->bridge, client->pool->meter);
	client_settle(client, CODE_OK);
	client->conduit = NULL;
	client->in = NULL;
}

static void
on_opened(void *arg, const struct stream_opened *opened)
{
	struct client *client = arg;
	struct stream_opened words = *opened;

	if (opened->code == CODE_OK) {
		join(client, opened);
		return;
	}
	conduit_release(client->conduit);
	client->conduit = NULL;
	if (words.text[0] == '\0') {
		(void)snprintf(words.text, sizeof(words.text), "%s",
		    codes_summary(words.code));
	}
	fail(client, &words);
}

static void
on_reset(void *arg, enum code code, int error)
{
	struct client *client = arg;
	struct stream_opened opened = { .code = code, .error = error };

	conduit_release(client->conduit);
	client->conduit = NULL;
	(void)snprintf(
	    opened.text, sizeof(opened.text), "%s", codes_summary(code));
	fail(client, &opened);
}

static const struct stream_ops opening_ops = {
	.opened = on_opened,
	.reset = on_reset,
};

static void
on_reached(const struct reach_result *result, void *arg)
{
	struct client *client = arg;
	struct stream_opened opened = { .code = result->code };

	client->reach = NULL;
	if (result->code == CODE_OK) {
		client->conduit =
		    reach_open(result, false, &opening_ops, client);
		if (client->conduit != NULL) {
			return;
		}
		opened.code = CODE_TOO_MANY_STREAMS;
	}
	(void)snprintf(opened.text, sizeof(opened.text), "%s",
	    result->code != CODE_OK ? result->text
				    : codes_summary(opened.code));
	fail(client, &opened);
}

void
client_deny(struct client *client)
{
	struct stream_opened opened = { .code = CODE_DENIED };
	char text[GATE_TEXT_LEN];

	(void)snprintf(opened.text, sizeof(opened.text), "%s",
	    gate_explain(&client->pass, text));
	fail(client, &opened);
}

void
client_tunnel(struct client *client, enum dialect dialect)
{
	struct reach *reach;

	client_begin_request(client, dialect);
	client_move(client, CLIENT_REACHING);
	if (client_is_refused(client)) {
		client_deny(client);
		return;
	}
	reach = reach_start(
	    client_space(client), &client->target, on_reached, client);
	if (reach != NULL) {
		client->reach = reach;
	}
}
