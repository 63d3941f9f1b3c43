/* SPDX-License-Identifier: ISC */
/* SOCKS, as far as a client's connection is concerned. */
#include "common/buf.h"
#include "gateway/client_impl.h"
#include "gateway/socks.h"

/*
 * Queue an answer; false when there is no memory for it and the client is gone:
 * it would wait for what never comes.
 */
static bool
answer_with(struct client *client, const uint8_t *answer, size_t len)
{
	if (buf_append(client->out, answer, len) != 0) {
		client_end(client, true);
		return false;
	}
	return true;
}

/* Answer, and end the connection. */
static void
finish_with(struct client *client, const uint8_t *answer, size_t len)
{
	if (answer_with(client, answer, len)) {
		client_finish(client);
	}
}

/* Answer a request that is refused for itself. */
static bool
refuse(struct client *client, uint8_t rep, const char *reason)
{
	uint8_t answer[SOCKS_REPLY_MAX];
	size_t len = socks_refusal_encode(rep, answer);

	client_log_refusal(client, DIALECT_SOCKS5, reason);
	finish_with(client, answer, len);
	return false;
}

bool
clientsocks_greeting(struct client *client)
{
	struct socks_greeting greeting;
	uint8_t answer[SOCKS_ANSWER_LEN];
	enum socks_method method;
	size_t len;
	size_t used;
	const uint8_t *data = buf_peek(client->in, &len);

	switch (socks_greeting_decode(data, len, &greeting, &used)) {
	case WIRE_NEED_MORE:
		return false;
	case WIRE_BAD:
		client_end(client, false);
		return false;
	case WIRE_OK:
		break;
	}
	buf_consume(client->in, used);
	method = socks_method_choose(&greeting, false);
	len = socks_method_encode(method, answer);
	if (method != SOCKS_METHOD_NONE) {
		finish_with(client, answer, len);
		return false;
	}
	if (!answer_with(client, answer, len)) {
		return false;
	}
	client_move(client, CLIENT_SOCKS5_REQUEST);
	return client_flush(client);
}

bool
clientsocks_request(struct client *client)
{
	struct socks_request request;
	size_t len;
	size_t used;
	const uint8_t *data = buf_peek(client->in, &len);

	switch (socks_request_decode(data, len, &request, &used)) {
	case WIRE_NEED_MORE:
		return false;
	case WIRE_BAD:
		return refuse(client, request.rep, request.reason);
	case WIRE_OK:
		break;
	}
	buf_consume(client->in, used);
	client->target = request.target;
	if (request.command != SOCKS_COMMAND_CONNECT) {
		return refuse(
		    client, SOCKS_REP_COMMAND, "only CONNECT is served");
	}
	client_tunnel(client, DIALECT_SOCKS5);
	return false;
}

bool
clientsocks_v4(struct client *client)
{
	struct socks_request request;
	uint8_t answer[SOCKS_V4_REPLY_LEN];
	size_t len;
	size_t used;
	const uint8_t *data = buf_peek(client->in, &len);

	switch (socks_v4_request_decode(data, len, &request, &used)) {
	case WIRE_NEED_MORE:
		return false;
	case WIRE_BAD:
		used = 0;
		request.command = SOCKS_COMMAND_BIND;
		break;
	case WIRE_OK:
		break;
	}
	buf_consume(client->in, used);
	if (request.command != SOCKS_COMMAND_CONNECT) {
		client_log_refusal(
		    client, DIALECT_SOCKS4, "only CONNECT is served");
		len = socks_v4_reply_encode(CODE_BAD_REQUEST, NULL, answer);
		finish_with(client, answer, len);
		return false;
	}
	client->target = request.target;
	client_tunnel(client, DIALECT_SOCKS4);
	return false;
}
