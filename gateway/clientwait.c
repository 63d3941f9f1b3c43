/* SPDX-License-Identifier: ISC */
/* A client that waits for an answer: what it says, and whether it is there. */
#include "common/buf.h"
#include "common/io.h"
#include "gateway/client_impl.h"

bool
client_can_read_ahead(const struct client *client)
{
	return !client->read_ended && buf_room(client->in) > 0;
}

/*
 * Has the client gone, so that no answer will be taken?
 *
 * A reset says so, and reading or io_is_dead() sees it at once.  A FIN does
 * not: who sends one has no more to say, and may well listen.  Half-closing is
 * common in tunnels and legitimate in HTTP, so a FIN alone ends nothing.  But
 * the usual way to go, a tab that is closed or a process that ends, is a FIN as
 * well, and TCP tells it from half-closing only when it is written to: of a
 * long poll that would be hours later.  So the kernel is asked whether the
 * other socket is still somebody's, which it knows of this machine's.  Of other
 * machines' clients nobody knows before TCP's keep-alive does.
 *
 * What a client said into a tunnel before it left is delivered all the same:
 * some send and go.  A request is not: HTTP has no request without an answer.
 */
static bool
has_gone(const struct client *client)
{
	bool tunnel = client->state == CLIENT_REACHING &&
		      client->dialect != DIALECT_HTTP &&
		      client->dialect != DIALECT_LOCALHOST;
	bool spoke = tunnel && buf_len(client->in) > 0;

	return io_is_dead(client->io) ||
	       (!spoke && gate_has_left(client->pool->gate, io_fd(client->io)));
}

void
client_look(struct client *client)
{
	if (!client->read_ended) {
		return;
	}
	if (has_gone(client)) {
		client_end(client, true);
		return;
	}
	io_set_timeout(client->io, CLIENT_LOOK_TIME);
}

void
client_read_ahead(struct client *client)
{
	ssize_t n = io_fill(client->io, client->in);

	if (n == IO_FAIL) {
		client_end(client, true);
	} else if (n == 0) {
		client->read_ended = true;
		client_look(client);
	}
}
