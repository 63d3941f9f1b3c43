/* SPDX-License-Identifier: ISC */
/* HTTP, as far as a client's connection is concerned. */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "gateway/basic.h"
#include "gateway/client_impl.h"
#include "gateway/errorpage.h"
#include "gateway/exchange.h"
#include "gateway/httpforward.h"
#include "gateway/viamark.h"

/* Names under it are resolved to loopback by browsers themselves. */
static const char localhost[] = ".localhost";

void
clienthttp_answer(struct client *client, struct errorpage *page)
{
	page->html = client->wants_html;
	page->head = client->is_head;
	page->keep_alive = false;
	if (errorpage_write(page, client->out) != 0) {
		client_end(client, true);
		return;
	}
	client_finish(client);
}

void
clienthttp_refuse(
    struct client *client, enum code code, int error, const char *text)
{
	struct errorpage page;

	errorpage_init_errno(&page, code, error, text);
	/* An exchange has the socket and the head; both come back here. */
	client_take_back(client);
	clienthttp_answer(client, &page);
}

static bool
refuse_head(struct client *client)
{
	struct errorpage page;

	errorpage_init_bad(&page, client->head);
	client_log_refusal(client, DIALECT_HTTP, page.text);
	clienthttp_answer(client, &page);
	return false;
}

void
clienthttp_time_out(struct client *client)
{
	struct errorpage page;

	errorpage_init_status(
	    &page, 408, "The request did not arrive in time.");
	client_log_refusal(client, DIALECT_HTTP, page.text);
	clienthttp_answer(client, &page);
}

static void
on_reached(const struct reach_result *result, void *arg)
{
	struct client *client = arg;

	client->reach = NULL;
	if (result->code != CODE_OK) {
		client_log_failure(client, result->code, result->text);
		clienthttp_refuse(client, result->code, 0, result->text);
		return;
	}
	client_move(client, CLIENT_EXCHANGE);
	client->exchange = exchange_new(client, result);
	if (client->exchange == NULL) {
		client_log_failure(client, CODE_TOO_MANY_STREAMS, NULL);
		clienthttp_refuse(client, CODE_TOO_MANY_STREAMS, 0, NULL);
	}
}

/*
 * Is the request for a name under localhost?  A program that has us as its
 * proxy, and asks us for such a name with our own port, means the same.
 */
static bool
take_localhost(struct client *client)
{
	const struct httphead *head = client->head;
	char *name = client->target.name;
	size_t len = strlen(name);
	size_t end = sizeof(localhost) - 1;

	if (!head->has_target || head->form == HTTPHEAD_FORM_ASTERISK ||
	    len <= end || strcmp(name + len - end, localhost) != 0 ||
	    (head->form == HTTPHEAD_FORM_ABSOLUTE &&
		!clientsite_has_port(client, head->target.port))) {
		return false;
	}
	name[len - end] = '\0';
	/* The port is the gateway's own: the web's is meant. */
	client->target.port = 80;
	return true;
}

/* Whatever it asks for: who asks may not come in. */
static bool
refuse_stranger(struct client *client)
{
	char text[GATE_TEXT_LEN];

	client_begin_request(client, DIALECT_HTTP);
	client_log_failure(
	    client, CODE_DENIED, gate_explain(&client->pass, text));
	clienthttp_refuse(client, CODE_DENIED, 0, text);
	return false;
}

static bool
refuse_misdirected(struct client *client)
{
	struct errorpage page;
	char text[LIMITS_TEXT_LEN];
	char host[PROXYTARGET_TEXT_LEN] = "no name";

	if (client->head->has_target) {
		proxytarget_host(&client->target, host);
	}
	(void)snprintf(text, sizeof(text),
	    "This gateway is not \"%.80s\": its page is at its own address. "
	    "Hosts are at http://HOST.localhost with its port, or by any name "
	    "once it is set as a proxy.",
	    host);
	errorpage_init_status(&page, 421, text);
	clienthttp_answer(client, &page);
	return false;
}

/* --- the password -------------------------------------------------------- */

/* Ask for a name and a password, saying text. */
static void
ask_password(struct client *client, const char *text)
{
	struct errorpage page;

	errorpage_init(&page, CODE_DENIED, text);
	page.status = client->dialect == DIALECT_LOCALHOST ? 401 : 407;
	page.authenticate = true;
	clienthttp_answer(client, &page);
}

/*
 * A name under localhost leads to a host of ours and nowhere else: a page there
 * is a secure context to browsers, which no site of the web may get.
 */
static bool
is_elsewhere(struct client *client, struct way *way)
{
	struct way_map map = client_space(client)->map;

	map.routes = NULL;
	way_find(way, &map, &client->target);
	return way->kind == WAY_NONE;
}

/*
 * Serve a page of ours.  It tells what others of this gateway do, so who comes
 * from another machine has to have said a password.
 */
static void
serve_site(struct client *client)
{
	static const char why[] =
	    "The pages of the gateway are for its own machine.";

	if (client->pass.outside && !clientauth_is_due(client)) {
		client_begin_request(client, client->dialect);
		client_log_failure(client, CODE_DENIED, why);
		clienthttp_refuse(client, CODE_DENIED, 0, why);
		return;
	}
	clientsite_serve(client);
}

/* Answer a request that goes no further than to us. */
static void
refuse_last(struct client *client)
{
	struct errorpage page;

	errorpage_init_status(&page, 501,
	    "Max-Forwards lets this request come as far as the gateway, which "
	    "has no answer of its own.");
	client_log_refusal(client, client->dialect, page.text);
	clienthttp_answer(client, &page);
}

/* Do what the head of client asks for, which it may. */
static void
serve(struct client *client)
{
	struct reach *reach;
	struct way way;

	if (client->dialect == DIALECT_CONNECT) {
		buf_consume(client->in, client->head->len);
		client_tunnel(client, DIALECT_CONNECT);
		return;
	}
	if (clientsite_is_asked(client)) {
		serve_site(client);
		return;
	}
	if (!httpforward_may_go_on(client->head)) {
		refuse_last(client);
		return;
	}
	client_begin_request(client, client->dialect);
	client_move(client, CLIENT_REACHING);
	if (client->dialect == DIALECT_LOCALHOST &&
	    is_elsewhere(client, &way)) {
		client_log_failure(client, way.code, way.text);
		clienthttp_refuse(client, way.code, 0, way.text);
		return;
	}
	reach = reach_start(
	    client_space(client), &client->target, on_reached, client);
	if (reach != NULL) {
		client->reach = reach;
	}
}

static void
on_verdict(struct client *client, enum auth_verdict verdict)
{
	const char *words;

	if (verdict == AUTH_GOOD) {
		serve(client);
		return;
	}
	words = clientauth_refuse(client, client->dialect, verdict);
	if (verdict == AUTH_WRONG) {
		ask_password(client, "Wrong user name or password.");
	} else {
		clienthttp_refuse(client, CODE_LIMIT, 0, words);
	}
}

/* Look for a password in the head of client, or ask for one. */
static void
check_password(struct client *client)
{
	const struct httphead_field *field = httphead_find(client->head,
	    client->dialect == DIALECT_LOCALHOST ? HTTPHEAD_AUTHORIZATION
						 : HTTPHEAD_PROXY_AUTHORIZATION,
	    NULL);
	struct auth_words words;
	struct basic basic;

	/* Not counted as a failure: most clients wait until they are asked. */
	if (field == NULL ||
	    basic_decode(httphead_at(client->head, field->value),
		field->value.len, &basic) != 0) {
		ask_password(client,
		    "This gateway asks for a user name and a password.");
		return;
	}
	words = (struct auth_words){
		.user = basic.text,
		.user_len = basic.user_len,
		.password = basic.password,
		.password_len = basic.password_len,
	};
	clientauth_judge(client, &words, on_verdict);
	mem_wipe(&basic, sizeof(basic));
}

/* --- requests ------------------------------------------------------------ */

/* Return the dialect of a head that somebody may act on. */
static enum dialect
dialect_of(const struct httphead *head)
{
	switch (head->form) {
	case HTTPHEAD_FORM_AUTHORITY:
		return DIALECT_CONNECT;
	case HTTPHEAD_FORM_ORIGIN:
		return DIALECT_LOCALHOST;
	case HTTPHEAD_FORM_ABSOLUTE:
	case HTTPHEAD_FORM_ASTERISK:
		break;
	}
	return DIALECT_HTTP;
}

/* Has the request come from this gateway before? */
static bool
is_loop(const struct client *client)
{
	const struct viamark *viamark = client->pool->viamark;
	const struct httphead *head = client->head;
	const struct httphead_field *field = NULL;

	if (viamark == NULL) {
		return false;
	}
	do {
		field = httphead_find(head, HTTPHEAD_VIA, field);
		if (field != NULL &&
		    viamark_is_in(viamark, httphead_at(head, field->value),
			field->value.len)) {
			return true;
		}
	} while (field != NULL);
	return false;
}

static bool
refuse_loop(struct client *client)
{
	client_begin_request(client, client->dialect);
	client_log_failure(client, CODE_LOOP, NULL);
	clienthttp_refuse(client, CODE_LOOP, 0, NULL);
	return false;
}

/* Act on a whole request head. */
static bool
act(struct client *client)
{
	struct httphead *head = client->head;
	struct errorpage page;

	/* Which page fits is known now; the head does not stay. */
	errorpage_init(&page, CODE_INTERNAL, NULL);
	errorpage_fit(&page, head);
	client->wants_html = page.html;
	client->is_head = page.head;
	client->target = head->target;
	client->dialect = dialect_of(head);
	if (client->dialect != DIALECT_CONNECT && client_is_refused(client)) {
		return refuse_stranger(client);
	}
	if (is_loop(client)) {
		return refuse_loop(client);
	}
	if (client->dialect != DIALECT_CONNECT &&
	    !clientsite_is_asked(client) && !take_localhost(client) &&
	    head->form != HTTPHEAD_FORM_ABSOLUTE) {
		return refuse_misdirected(client);
	}
	if (clientauth_is_due(client)) {
		check_password(client);
	} else {
		serve(client);
	}
	return false;
}

bool
clienthttp_request(struct client *client)
{
	size_t len;
	const uint8_t *data = buf_peek(client->in, &len);

	if (len == 0) {
		return false;
	}
	if (client->head == NULL) {
		client->head = mem_new(1, sizeof(*client->head));
		if (client->head == NULL) {
			client_end(client, true);
			return false;
		}
		httphead_init(client->head, false);
		/* Of the request before. */
		client->wants_html = false;
		client->is_head = false;
		/* The time between two requests is over. */
		client_move(client, CLIENT_HTTP);
	}
	switch (httphead_parse(client->head, data, len)) {
	case WIRE_NEED_MORE:
		return false;
	case WIRE_BAD:
		return refuse_head(client);
	case WIRE_OK:
		break;
	}
	return act(client);
}
