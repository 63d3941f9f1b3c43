/* SPDX-License-Identifier: ISC */
/*
 * The life of a request:
 *
 *	BODY -> WAITING -> RUNNING -> DONE
 *	  \________ refused ___________/
 *
 * libmicrohttpd calls when the head is there, for each piece of the body, and
 * once more.  A request that has to wait, for its turn or for the store, is
 * suspended; once it is done, it is resumed, and the last call takes what it is
 * answered with.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/mem.h"
#include "relay/api_impl.h"

/* --- suspending ------------------------------------------------------- */

static void
suspend(struct api_call *call)
{
	call->suspended = true;
	list_push_back(&call->peer->api->suspended, &call->all);
	MHD_suspend_connection(call->connection);
}

static void
resume(struct api_call *call)
{
	call->suspended = false;
	list_remove(&call->all);
	MHD_resume_connection(call->connection);
	api_run_soon(call->peer->api);
}

/* --- fields ----------------------------------------------------------- */

/* Where the fields of a request come from; NULL: from the query. */
struct source {
	struct api_call *call;
	json_t *body;
	char text[32]; /* of a number */
};

/* Return value as text, or NULL if it cannot be one. */
static const char *
as_text(struct source *source, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_string_value(value);
	case JSON_INTEGER:
		(void)snprintf(source->text, sizeof(source->text),
		    "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return source->text;
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "none";
	case JSON_REAL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return NULL;
}

static const char *
get_field(const char *name, void *arg)
{
	struct source *source = arg;
	const json_t *value;

	if (source->body == NULL) {
		return MHD_lookup_connection_value(
		    source->call->connection, MHD_GET_ARGUMENT_KIND, name);
	}
	value = json_object_get(source->body, name);
	return value != NULL ? as_text(source, value) : NULL;
}

static bool
field_at(size_t i, const char **name, const char **value, void *arg)
{
	struct source *source = arg;
	void *at = source->body != NULL ? json_object_iter(source->body) : NULL;

	for (; at != NULL && i > 0; i--) {
		at = json_object_iter_next(source->body, at);
	}
	if (at == NULL) {
		return false;
	}
	*name = json_object_iter_key(at);
	*value = as_text(source, json_object_iter_value(at));
	if (*value == NULL) {
		*value = "";
	}
	return true;
}

/* What the query of a request has to be. */
struct query {
	const struct apiroutes_row *row;
	const char *foreign; /* a field that the row does not take */
};

static enum MHD_Result
check_query(
    void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct query *query = arg;

	(void)kind;
	if (value == NULL || query->row == NULL ||
	    !apiroutes_takes(query->row, name)) {
		query->foreign = name;
	}
	return MHD_YES;
}

/* Return the name of a field that the row does not take, or NULL. */
static const char *
find_foreign(struct api_call *call, json_t *body)
{
	const struct apiroutes_row *row = call->route.row;
	struct query query = { .row = body == NULL ? row : NULL };
	const char *name;
	json_t *value;

	(void)MHD_get_connection_values(
	    call->connection, MHD_GET_ARGUMENT_KIND, check_query, &query);
	if (query.foreign != NULL || body == NULL) {
		return query.foreign;
	}
	json_object_foreach(body, name, value)
	{
		if (!apiroutes_takes(row, name) || json_is_object(value) ||
		    json_is_array(value) || json_is_real(value)) {
			return name;
		}
	}
	return NULL;
}

static void
refuse_field(struct api_call *call, const char *what, const char *name)
{
	char text[128];

	(void)snprintf(
	    text, sizeof(text), "The field \"%.40s\" %s.", name, what);
	apianswer_error(call, MHD_HTTP_BAD_REQUEST, "bad-request", text);
}

/* --- running ---------------------------------------------------------- */

static void
on_item(struct jsonout *json, void *arg)
{
	struct api_call *call = arg;

	(void)api_take_turn(call->peer->api, 1);
	apianswer_item(call, json);
}

static void
on_next(const char *cursor, void *arg)
{
	struct api_call *call = arg;

	(void)snprintf(call->next, sizeof(call->next), "%s", cursor);
}

static void
on_end(enum admin_result result, const char *slug, const char *text, void *arg)
{
	struct api_call *call = arg;

	call->admin = NULL;
	if (result == ADMIN_OK) {
		apianswer_items(call);
	} else {
		apianswer_failure(call, result, slug, text);
	}
	if (call->suspended) {
		resume(call);
	}
}

static const struct admin_sink sink = { on_item, on_next, on_end };

/* Do what words say. */
static void
run(struct api_call *call, const struct apiroutes_words *words)
{
	const struct api_peer *peer = call->peer;
	const struct admin_asker asker = {
		.user = peer->user,
		.level = call->level,
		.origin = peer->origin,
		.now = (uint64_t)time(NULL),
	};
	struct admin_request *admin;

	call->state = API_CALL_RUNNING;
	admin = admin_run(peer->api->config.world, &asker, words->word,
	    words->count, &sink, call);
	if (admin != NULL) {
		call->admin = admin;
	}
}

/* Return the object in the body, or NULL when it has none. */
static json_t *
read_body(struct api_call *call)
{
	size_t len = 0;
	const uint8_t *text =
	    call->body != NULL ? buf_peek(call->body, &len) : NULL;
	json_t *body;

	if (text == NULL) {
		return json_object();
	}
	body =
	    json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(body)) {
		json_decref(body);
		return NULL;
	}
	return body;
}

/* {"words":["user","list"]} */
static void
run_command(struct api_call *call, const json_t *body)
{
	const json_t *list = json_object_get(body, "words");
	struct apiroutes_words words = { .count = 0 };
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		const char *word = json_string_value(json_array_get(list, i));

		if (word == NULL || apiroutes_add(&words, word) != 0) {
			count = 0;
		}
	}
	if (count == 0 || json_object_size(body) != 1) {
		apianswer_error(call, MHD_HTTP_BAD_REQUEST, "bad-request",
		    "A command is {\"words\":[\"user\",\"list\"]}.");
		return;
	}
	run(call, &words);
}

static void
run_row(struct api_call *call, json_t *body)
{
	struct source source = { .call = call, .body = body };
	const struct apiroutes_fields fields = { get_field, field_at, &source };
	struct apiroutes_words words;
	const char *foreign = find_foreign(call, body);

	if (foreign != NULL) {
		refuse_field(call, "does not belong here", foreign);
	} else if (apiroutes_fill(&call->route, &fields, &words) != 0) {
		refuse_field(call, "is missing, or no plain text", words.bad);
	} else {
		run(call, &words);
	}
}

/* The request is there, and has its turn. */
static void
start(struct api_call *call)
{
	const struct apiroutes_row *row = call->route.row;
	bool get = strcmp(row->method, "GET") == 0;
	json_t *body = get ? NULL : read_body(call);

	if (!get && body == NULL) {
		apianswer_error(call, MHD_HTTP_BAD_REQUEST, "bad-request",
		    "The body is not a JSON object.");
	} else if (row->kind == APIROUTES_TOKEN) {
		apianswer_token(call);
	} else if (row->kind == APIROUTES_OPENAPI) {
		apianswer_openapi(call);
	} else if (row->kind == APIROUTES_COMMAND) {
		run_command(call, body);
	} else {
		run_row(call, body);
	}
	json_decref(body);
}

void
apicall_turn(void *arg)
{
	struct api *api = arg;
	struct list *node = list_first(&api->waiting);

	for (; node != NULL && api_take_turn(api, API_TURN_REQUEST);
	     node = list_first(&api->waiting)) {
		struct api_call *call =
		    list_entry(node, struct api_call, waiting);

		list_remove(&call->waiting);
		start(call);
		if (call->state == API_CALL_DONE && call->suspended) {
			resume(call);
		}
	}
	if (node != NULL) {
		loop_defer(api->config.loop, &api->turn);
	}
}

/* --- the head --------------------------------------------------------- */

/* Find out whether the caller may still be here, and with which level. */
static bool
admit(struct api_call *call)
{
	const struct api_peer *peer = call->peer;
	const struct account_book *book = peer->api->config.world->book;
	const struct account_device *device;
	const struct store_account *account;

	if (peer->local) {
		call->level = STORE_ADMIN;
		return true;
	}
	device = account_device_by_id(book, peer->device);
	if (device == NULL || account_device_row(device)->revoked_at != 0) {
		apianswer_error(call, MHD_HTTP_FORBIDDEN,
		    codes_slug(CODE_REVOKED), codes_summary(CODE_REVOKED));
		return false;
	}
	account = account_row(account_device_account(device));
	if (account->disabled || strcmp(account->user, peer->user) != 0) {
		apianswer_error(call, MHD_HTTP_FORBIDDEN,
		    codes_slug(CODE_DISABLED), codes_summary(CODE_DISABLED));
		return false;
	}
	call->level = account->level;
	return true;
}

static const char *
header(const struct api_call *call, const char *name)
{
	return MHD_lookup_connection_value(
	    call->connection, MHD_HEADER_KIND, name);
}

/* Find out whether the request is meant. */
static bool
guard(struct api_call *call, const char *method)
{
	static const struct {
		unsigned status;
		const char *slug;
		const char *text;
	} refusals[] = {
		[APIGUARD_HOST] = { MHD_HTTP_MISDIRECTED_REQUEST, "bad-host",
		    "This is the relay, and not what Host names." },
		[APIGUARD_TYPE] = { MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "bad-type",
		    "What changes something is application/json." },
		[APIGUARD_ORIGIN] = { MHD_HTTP_FORBIDDEN, "bad-origin",
		    "That came from another page. A program sends the field "
		    "Inroad-Client." },
		[APIGUARD_TOKEN] = { MHD_HTTP_FORBIDDEN, "bad-token",
		    "The token of the page is not that of this relay; load "
		    "the page again." },
	};
	const struct apiguard_request request = {
		.changes =
		    strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0,
		.host = header(call, "Host"),
		.origin = header(call, "Origin"),
		.type = header(call, "Content-Type"),
		.token = header(call, "Inroad-Token"),
		.client = header(call, "Inroad-Client"),
	};
	char token[APIGUARD_TOKEN_LEN];
	enum apiguard_verdict verdict;

	apiguard_make_token(call->peer->api->key, call->peer->user, token);
	verdict = apiguard_judge(&request, token);
	if (verdict == APIGUARD_GOOD) {
		return true;
	}
	apianswer_error(call, refusals[verdict].status, refusals[verdict].slug,
	    refusals[verdict].text);
	return false;
}

/* Find out what is asked for. */
static void
route(struct api_call *call, const char *url, const char *method)
{
	static const char base[] = APIROUTES_BASE "/";
	const char *length = header(call, "Content-Length");

	if (strncmp(url, base, sizeof(base) - 1) != 0) {
		if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
			apianswer_error(call, MHD_HTTP_NOT_FOUND, "not-found",
			    "There is nothing to change at this path.");
		} else if (strcmp(url, "/metrics") == 0) {
			apianswer_metrics(call);
		} else {
			apianswer_file(call, url);
		}
		return;
	}
	url += sizeof(base) - 2;
	switch (apiroutes_find(method, url, &call->route)) {
	case APIROUTES_FOUND:
		break;
	case APIROUTES_NO_PATH:
		apianswer_error(call, MHD_HTTP_NOT_FOUND, "not-found",
		    "The API has no such path.");
		return;
	case APIROUTES_NO_METHOD:
		apianswer_method(call, url);
		return;
	}
	if (length != NULL && strtoull(length, NULL, 10) > API_BODY_MAX) {
		apianswer_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "too-large",
		    "No request is that long.");
	}
}

static enum MHD_Result
send_answer(struct api_call *call)
{
	enum MHD_Result result;

	if (call->response == NULL) {
		return MHD_NO;
	}
	result =
	    MHD_queue_response(call->connection, call->status, call->response);
	MHD_destroy_response(call->response);
	call->response = NULL;
	return result;
}

static bool
has_body(const struct api_call *call)
{
	const char *length = header(call, "Content-Length");

	return header(call, "Transfer-Encoding") != NULL ||
	       (length != NULL && strcmp(length, "0") != 0);
}

/* The head of a request is there. */
static enum MHD_Result
begin(struct api *api, struct MHD_Connection *connection, const char *url,
    const char *method, void **out)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct api_call *call = mem_new(1, sizeof(*call));

	if (call == NULL || info == NULL || info->socket_context == NULL ||
	    api->closing) {
		mem_free(call);
		return MHD_NO;
	}
	*out = call;
	call->peer = info->socket_context;
	call->connection = connection;
	list_init(&call->waiting);
	list_init(&call->all);
	if (admit(call) && guard(call, method)) {
		route(call, url, method);
	}
	/* An answer that comes before the body ends the connection after it. */
	return call->state == API_CALL_DONE && has_body(call)
		   ? send_answer(call)
		   : MHD_YES;
}

/* --- the rest --------------------------------------------------------- */

/* Take a piece of the body. */
static enum MHD_Result
take_body(struct api_call *call, const char *data, size_t *len)
{
	if (call->body == NULL) {
		call->body = buf_new(API_BODY_MAX);
	}
	/* Chunks that come to too much; a length would have told before. */
	if (call->body == NULL || buf_append(call->body, data, *len) != 0) {
		return MHD_NO;
	}
	*len = 0;
	return MHD_YES;
}

/* The whole request is there: now, or when there is time. */
static void
proceed(struct api_call *call)
{
	struct api *api = call->peer->api;

	if (list_empty(&api->waiting) && api_take_turn(api, API_TURN_REQUEST)) {
		start(call);
	} else {
		call->state = API_CALL_WAITING;
		list_push_back(&api->waiting, &call->waiting);
		loop_defer(api->config.loop, &api->turn);
	}
	if (call->state != API_CALL_DONE) {
		suspend(call);
	}
}

enum MHD_Result
/* NOLINTNEXTLINE(readability-function-size): the library's */
apicall_handle(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **out)
{
	struct api_call *call = *out;

	(void)version;
	if (call == NULL) {
		return begin(arg, connection, url, method, out);
	}
	if (*len > 0) {
		return take_body(call, data, len);
	}
	if (call->state == API_CALL_BODY) {
		proceed(call);
	}
	return call->state == API_CALL_DONE ? send_answer(call) : MHD_YES;
}

void
apicall_completed(void *arg, struct MHD_Connection *connection, void **out,
    enum MHD_RequestTerminationCode why)
{
	struct api_call *call = *out;

	(void)arg;
	(void)connection;
	(void)why;
	*out = NULL;
	if (call == NULL) {
		return;
	}
	admin_cancel(call->admin);
	list_remove(&call->waiting);
	list_remove(&call->all);
	call->peer->held -= call->held;
	call->peer->api->held -= call->held;
	if (call->response != NULL) {
		MHD_destroy_response(call->response);
	}
	buf_free(call->body);
	buf_free(call->answer);
	mem_free(call);
}

void
apicall_end_all(struct api *api)
{
	struct list *node;

	api->closing = true;
	for (node = list_first(&api->suspended); node != NULL;
	     node = list_first(&api->suspended)) {
		struct api_call *call = list_entry(node, struct api_call, all);

		admin_cancel(call->admin);
		call->admin = NULL;
		list_remove(&call->waiting);
		call->state = API_CALL_DONE;
		resume(call);
	}
}
