/* SPDX-License-Identifier: ISC */
/* Asking a client for a user name and a password. */
#include "common/addr.h"
#include "common/io.h"
#include "gateway/client_impl.h"

bool
clientauth_is_due(const struct client *client)
{
	/* Who may not come in at all is told so, whatever the password. */
	return auth_is_on(client->pool->auth) && !client_is_refused(client);
}

static void
on_verdict(enum auth_verdict verdict, void *arg)
{
	struct client *client = arg;
	bool later = client->check != NULL;

	client->check = NULL;
	client->then(client, verdict);
	if (later) {
		client_go_on(client);
	}
}

void
clientauth_judge(struct client *client, const struct auth_words *words,
    clientauth_then *then)
{
	struct auth_check *check;
	struct addr peer;

	client_move(client, CLIENT_CHECKING);
	client->then = then;
	if (io_peer(client->io, &peer) != 0) {
		client_end(client, true);
		return;
	}
	check =
	    auth_start(client->pool->auth, words, &peer, on_verdict, client);
	if (check != NULL) {
		client->check = check;
	}
}

const char *
clientauth_refuse(
    struct client *client, enum dialect dialect, enum auth_verdict verdict)
{
	const char *words = verdict == AUTH_WRONG
				? "wrong user name or password"
				: "too many wrong passwords; try again later";

	client_begin_request(client, dialect);
	client_log_failure(
	    client, verdict == AUTH_WRONG ? CODE_DENIED : CODE_LIMIT, words);
	return words;
}
