/* SPDX-License-Identifier: ISC */
/* Requests for the gateway's own pages. */
#include "common/buf.h"
#include "common/io.h"
#include "gateway/client_impl.h"
#include "gateway/errorpage.h"
#include "gateway/site.h"
#include "gateway/siteanswer.h"

bool
clientsite_is_asked(const struct client *client)
{
	struct addr local;

	return client->pool->site != NULL &&
	       io_local(client->io, &local) == 0 &&
	       site_is_asked(client->head, &local);
}

bool
clientsite_has_port(const struct client *client, uint16_t port)
{
	struct addr local;

	return io_local(client->io, &local) == 0 && addr_port(&local) == port;
}

static void
refuse(struct client *client, unsigned status, const char *why)
{
	struct errorpage page;

	errorpage_init_status(&page, status, why);
	page.allow = status == 405 ? "GET, HEAD" : NULL;
	clienthttp_answer(client, &page);
}

/* Write the answer in out, which is taken over, and end. */
static void
answer(struct client *client, struct buf *out)
{
	buf_free(client->out);
	client->out = out;
	client_finish(client);
	if (client->state == CLIENT_CLOSING && buf_len(client->out) > 0) {
		client->has_page = true;
		client->pool->pages++;
	}
}

void
clientsite_serve(struct client *client)
{
	struct client_pool *pool = client->pool;
	struct site_request request;
	struct addr local;
	struct buf *out;
	const char *why;
	unsigned status;

	if (io_local(client->io, &local) != 0) {
		client_end(client, true);
		return;
	}
	status = site_parse(client->head, &local, &request, &why);
	if (status != 200) {
		refuse(client, status, why);
		return;
	}
	out = buf_new(SITEANSWER_HEAD_MAX + SITEANSWER_BODY_MAX);
	if (pool->pages >= CLIENT_PAGES_MAX || out == NULL ||
	    pool->site(&request, out, pool->arg) != 0) {
		buf_free(out);
		clienthttp_refuse(client, CODE_OVERLOADED, 0, NULL);
		return;
	}
	answer(client, out);
}
