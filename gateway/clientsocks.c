/* SPDX-License-Identifier: ISC */
/* SOCKS, as far as a client's connection is concerned. */
#include "common/buf.h"
#include "common/mem.h"
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
	method = socks_method_choose(&greeting, clientauth_is_due(client));
	len = socks_method_encode(method, answer);
	if (method == SOCKS_METHOD_REFUSED) {
		client_log_refusal(client, DIALECT_SOCKS5,
		    clientauth_is_due(client)
			? "no password, which is asked for"
			: "no method of authentication that is known");
		finish_with(client, answer, len);
		return false;
	}
	if (!answer_with(client, answer, len)) {
		return false;
	}
	client_move(client, method == SOCKS_METHOD_PASSWORD
				? CLIENT_SOCKS5_PASSWORD
				: CLIENT_SOCKS5_REQUEST);
	return client_flush(client);
}

/* Tell what became of the password; a wrong one is the end (RFC 1929). */
static void
on_verdict(struct client *client, enum auth_verdict verdict)
{
	uint8_t answer[SOCKS_ANSWER_LEN];
	size_t len = socks_password_encode(verdict == AUTH_GOOD, answer);

	if (verdict != AUTH_GOOD) {
		(void)clientauth_refuse(client, DIALECT_SOCKS5, verdict);
		finish_with(client, answer, len);
	} else if (answer_with(client, answer, len)) {
		client_move(client, CLIENT_SOCKS5_REQUEST);
		(void)client_flush(client);
	}
}

bool
clientsocks_password(struct client *client)
{
	struct socks_password password;
	size_t len;
	size_t used;
	const uint8_t *data = buf_peek(client->in, &len);

	switch (socks_password_decode(data, len, &password, &used)) {
	case WIRE_NEED_MORE:
		return false;
	case WIRE_BAD:
		client_end(client, false);
		return false;
	case WIRE_OK:
		break;
	}
	buf_consume(client->in, used);
	if (clientauth_is_due(client)) {
		const struct auth_words words = {
			.user = password.user,
			.user_len = password.user_len,
			.password = password.password,
			.password_len = password.password_len,
		};

		clientauth_judge(client, &words, on_verdict);
	} else {
		on_verdict(client, AUTH_GOOD);
	}
	mem_wipe(&password, sizeof(password));
	return client->state == CLIENT_SOCKS5_REQUEST;
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
	switch (request.command) {
	case SOCKS_COMMAND_CONNECT:
		client_tunnel(client, DIALECT_SOCKS5);
		break;
	case SOCKS_COMMAND_BIND:
		return refuse(client, SOCKS_REP_COMMAND, "BIND is not served");
	case SOCKS_COMMAND_UDP_ASSOCIATE:
		clientudp_start(client, &request.target);
		break;
	case SOCKS_COMMAND_RESOLVE:
		clientresolve_name(client, DIALECT_SOCKS5);
		break;
	case SOCKS_COMMAND_RESOLVE_PTR:
		clientresolve_address(client, DIALECT_SOCKS5);
		break;
	}
	return false;
}

/* Answer a SOCKS4 request that is refused for itself. */
static bool
refuse_v4(struct client *client, const char *reason)
{
	uint8_t answer[SOCKS_V4_REPLY_LEN];
	size_t len = socks_v4_reply_encode(CODE_BAD_REQUEST, NULL, answer);

	client_log_refusal(client, DIALECT_SOCKS4, reason);
	finish_with(client, answer, len);
	return false;
}

bool
clientsocks_v4(struct client *client)
{
	struct socks_request request;
	size_t len;
	size_t used;
	const uint8_t *data = buf_peek(client->in, &len);

	switch (socks_v4_request_decode(data, len, &request, &used)) {
	case WIRE_NEED_MORE:
		return false;
	case WIRE_BAD:
		return refuse_v4(client, request.reason);
	case WIRE_OK:
		break;
	}
	buf_consume(client->in, used);
	if (clientauth_is_due(client)) {
		return refuse_v4(
		    client, "SOCKS4 has no password, which is asked for");
	}
	client->target = request.target;
	if (request.command == SOCKS_COMMAND_RESOLVE) {
		clientresolve_name(client, DIALECT_SOCKS4);
	} else if (request.command == SOCKS_COMMAND_CONNECT) {
		client_tunnel(client, DIALECT_SOCKS4);
	} else {
		return refuse_v4(client, "only CONNECT and RESOLVE are served");
	}
	return false;
}
