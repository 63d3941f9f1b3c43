/* SPDX-License-Identifier: ISC */
/* What requests are answered with. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/jsonout.h"
#include "common/webfile.h"
#include "relay/api_impl.h"
#include "relay/figures.h"
#include "relay/pulse.h"
#include "relay/relaymetrics.h"
#include "relay/www.h"

/* Longest answer that is one object of ours: an error. */
#define OBJECT_MAX 4096

/* Seconds in which what a commit or a reader holds up has moved on. */
#define RETRY_AFTER "5"

/* Room for the text of a hash in quotes. */
#define ETAG_LEN (2 * crypto_generichash_BYTES_MIN + 3)

static int
add_headers(struct MHD_Response *response, const char *const (*fields)[2])
{
	for (; (*fields)[0] != NULL; fields++) {
		if (MHD_add_response_header(
			response, (*fields)[0], (*fields)[1]) != MHD_YES) {
			return -1;
		}
	}
	return 0;
}

/* Let response, with fields, be the answer of call; it may be NULL. */
static void
answer(struct api_call *call, unsigned status, struct MHD_Response *response,
    const char *const (*fields)[2])
{
	static const char *const always[][2] = {
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Referrer-Policy", "no-referrer" },
		{ "X-Content-Type-Options", "nosniff" },
		{ NULL, NULL },
	};

	if (response != NULL && (add_headers(response, always) != 0 ||
				    add_headers(response, fields) != 0)) {
		MHD_destroy_response(response);
		response = NULL;
	}
	if (response != NULL && status == MHD_HTTP_SERVICE_UNAVAILABLE) {
		(void)MHD_add_response_header(
		    response, "Retry-After", RETRY_AFTER);
	}
	call->status = status;
	call->response = response;
	call->state = API_CALL_DONE;
}

static void
free_buf(void *buf)
{
	buf_free(buf);
}

/* What every document has. */
static const char *const json_fields[][2] = {
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy",
	    "default-src 'none'; frame-ancestors 'none'" },
	{ "Content-Type", "application/json" },
	{ NULL, NULL },
};

/* Return a response of text, which is taken over and may be NULL, or NULL. */
static struct MHD_Response *
make_response(struct buf *text)
{
	struct MHD_Response *response = NULL;
	size_t len = 0;
	const uint8_t *bytes = text != NULL ? buf_peek(text, &len) : NULL;

	if (bytes != NULL) {
		/* It only reads what it is given. */
		response =
		    MHD_create_response_from_buffer_with_free_callback_cls(
			len, (void *)(uintptr_t)bytes, free_buf, text);
	}
	if (response == NULL) {
		buf_free(text);
	}
	return response;
}

/* Let text, which is taken over, be the answer; NULL: memory is short. */
static void
answer_json(struct api_call *call, unsigned status, struct buf *text)
{
	answer(call, status, make_response(text), json_fields);
}

void
apianswer_openapi(struct api_call *call)
{
	static const char path[] = "/api.json";
	const struct webfile *file =
	    webfile_find(&www_relay, path, sizeof(path) - 1);

	answer(call, MHD_HTTP_OK,
	    MHD_create_response_from_buffer(file->len,
		(void *)(uintptr_t)file->data, MHD_RESPMEM_PERSISTENT),
	    json_fields);
}

/* Answer with the document of json, which is freed; it may be NULL. */
static void
answer_document(struct api_call *call, unsigned status, struct jsonout *json)
{
	struct buf *text = buf_new(OBJECT_MAX);
	size_t len = 0;
	const char *document = json != NULL ? jsonout_text(json, &len) : NULL;

	if (text != NULL &&
	    (document == NULL || buf_append(text, document, len) != 0)) {
		buf_free(text);
		text = NULL;
	}
	jsonout_free(json);
	answer_json(call, status, text);
}

void
apianswer_error(
    struct api_call *call, unsigned status, const char *slug, const char *text)
{
	struct jsonout *json = jsonout_new(OBJECT_MAX);

	jsonout_object(json, NULL);
	jsonout_string(json, "error", slug);
	jsonout_string(json, "text", text);
	jsonout_end(json);
	answer_document(call, status, json);
}

void
apianswer_token(struct api_call *call)
{
	const struct api_peer *peer = call->peer;
	struct jsonout *json = jsonout_new(OBJECT_MAX);
	char token[APIGUARD_TOKEN_LEN];

	apiguard_make_token(peer->api->key, peer->user, token);
	jsonout_object(json, NULL);
	jsonout_string(json, "user", peer->user);
	jsonout_string(json, "level", account_level_name(call->level));
	jsonout_string(json, "token", token);
	jsonout_end(json);
	answer_document(call, MHD_HTTP_OK, json);
}

void
apianswer_method(struct api_call *call, const char *path)
{
	char allow[64];

	apiroutes_allow(path, allow, sizeof(allow));
	apianswer_error(call, MHD_HTTP_METHOD_NOT_ALLOWED, "bad-method",
	    "There is such a path, but not for this method.");
	if (call->response != NULL) {
		(void)MHD_add_response_header(call->response, "Allow", allow);
	}
}

/* --- lists ------------------------------------------------------------- */

static bool
is_list(const struct api_call *call)
{
	return call->route.row->kind == APIROUTES_LIST ||
	       call->route.row->kind == APIROUTES_COMMAND;
}

/* Add text to the answer that is written. */
static void
write_text(struct api_call *call, const char *text, size_t len)
{
	if (call->answer == NULL) {
		call->answer = buf_new(API_ANSWER_MAX);
	}
	if (call->answer == NULL || buf_append(call->answer, text, len) != 0) {
		call->broken = true;
	}
}

static void
begin_list(struct api_call *call)
{
	static const char begin[] = "{\"items\":[";

	write_text(call, begin, sizeof(begin) - 1);
}

void
apianswer_item(struct api_call *call, struct jsonout *json)
{
	size_t len = 0;
	const char *text = json != NULL ? jsonout_text(json, &len) : NULL;

	if (text == NULL) {
		call->broken = true;
	} else if (is_list(call) || call->items == 0) {
		if (call->items > 0) {
			write_text(call, ",", 1);
		} else if (is_list(call)) {
			begin_list(call);
		}
		write_text(call, text, len);
	}
	call->items++;
	jsonout_free(json);
}

static void
end_list(struct api_call *call)
{
	char end[ADMIN_CURSOR_LEN + 40];
	const char *quote = call->next[0] != '\0' ? "\"" : "";

	if (call->items == 0) {
		begin_list(call);
	}
	/* A cursor has nothing that would have to be escaped. */
	(void)snprintf(end, sizeof(end), "],\"next\":%s%s%s%s}", quote,
	    call->next[0] != '\0' ? call->next : "null", quote,
	    call->route.row->kind == APIROUTES_COMMAND ? ",\"exit\":0" : "");
	write_text(call, end, strlen(end));
}

void
apianswer_items(struct api_call *call)
{
	struct buf *text;

	if (is_list(call)) {
		end_list(call);
	} else if (call->items == 0 &&
		   call->route.row->kind == APIROUTES_ITEM) {
		apianswer_error(call, MHD_HTTP_NOT_FOUND, "not-found",
		    "There is no such thing.");
		return;
	} else if (call->items == 0) {
		write_text(call, "{}", 2);
	}
	if (call->broken || call->answer == NULL) {
		apianswer_error(call, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "overloaded", "The relay is short of memory.");
		return;
	}
	if (!api_hold(call, buf_len(call->answer))) {
		apianswer_error(call, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "overloaded", "Too many answers wait to be read.");
		return;
	}
	text = call->answer;
	call->answer = NULL;
	answer_json(call, MHD_HTTP_OK, text);
}

/* Return the status of a command that ended so. */
static unsigned
status_of(enum admin_result result, const char *slug)
{
	static const struct {
		enum code code;
		unsigned status;
	} codes[] = {
		{ CODE_NAME_INVALID, MHD_HTTP_BAD_REQUEST },
		{ CODE_LIMIT, MHD_HTTP_TOO_MANY_REQUESTS },
		{ CODE_QUOTA, MHD_HTTP_TOO_MANY_REQUESTS },
		{ CODE_OVERLOADED, MHD_HTTP_SERVICE_UNAVAILABLE },
		{ CODE_INTERNAL, MHD_HTTP_INTERNAL_SERVER_ERROR },
	};

	switch (result) {
	case ADMIN_OK:
		return MHD_HTTP_OK;
	case ADMIN_USAGE:
		return MHD_HTTP_BAD_REQUEST;
	case ADMIN_DENIED:
		return MHD_HTTP_FORBIDDEN;
	case ADMIN_ABSENT:
		return MHD_HTTP_NOT_FOUND;
	case ADMIN_FAILED:
		break;
	}
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes_slug(codes[i].code), slug) == 0) {
			return codes[i].status;
		}
	}
	return MHD_HTTP_CONFLICT;
}

void
apianswer_failure(struct api_call *call, enum admin_result result,
    const char *slug, const char *text)
{
	struct jsonout *json;

	if (call->route.row->kind != APIROUTES_COMMAND) {
		apianswer_error(call, status_of(result, slug), slug, text);
		return;
	}
	json = jsonout_new(OBJECT_MAX);
	jsonout_object(json, NULL);
	jsonout_string(json, "error", slug);
	jsonout_string(json, "text", text);
	jsonout_int(json, "exit", admin_exit(result));
	jsonout_end(json);
	answer_document(call, status_of(result, slug), json);
}

/* --- metrics ----------------------------------------------------------- */

void
apianswer_metrics(struct api_call *call)
{
	static const char *const fields[][2] = {
		{ "Cache-Control", "no-store" },
		{ "Content-Security-Policy",
		    "default-src 'none'; frame-ancestors 'none'" },
		{ "Content-Type", RELAYMETRICS_TYPE },
		{ NULL, NULL },
	};
	struct buf *text;
	struct figures figures;

	if (call->level != STORE_ADMIN) {
		apianswer_error(call, MHD_HTTP_FORBIDDEN, "not-allowed",
		    "That needs the level admin.");
		return;
	}
	text = buf_new(RELAYMETRICS_MAX);
	pulse_read(call->peer->api->config.world->pulse, &figures);
	if (text == NULL || relaymetrics_write(&figures, text) != 0) {
		buf_free(text);
		text = NULL;
	}
	answer(call, MHD_HTTP_OK, make_response(text), fields);
}

/* --- files ------------------------------------------------------------- */

/* What a file has, in quotes. */
static void
make_etag(const struct webfile *file, char out[ETAG_LEN])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];

	(void)crypto_generichash(
	    hash, sizeof(hash), file->data, file->len, NULL, 0);
	out[0] = '"';
	(void)sodium_bin2hex(out + 1, ETAG_LEN - 2, hash, sizeof(hash));
	(void)memcpy(out + ETAG_LEN - 2, "\"", 2);
}

void
apianswer_file(struct api_call *call, const char *path)
{
	const char *known = MHD_lookup_connection_value(
	    call->connection, MHD_HEADER_KIND, "If-None-Match");
	const struct webfile *file;
	char etag[ETAG_LEN];
	const char *fields[][2] = {
		{ "Cache-Control", "no-cache" },
		{ "Content-Security-Policy",
		    "default-src 'none'; script-src 'self'; style-src 'self'; "
		    "img-src 'self'; connect-src 'self'; base-uri 'none'; "
		    "form-action 'none'; frame-ancestors 'none'" },
		{ "Content-Type", NULL },
		{ "ETag", NULL },
		{ NULL, NULL },
	};

	if (strcmp(path, "/") == 0) {
		path = WWW_INDEX;
	}
	file = webfile_find(&www_relay, path, strlen(path));
	if (file == NULL) {
		apianswer_error(call, MHD_HTTP_NOT_FOUND, "not-found",
		    "There is no such page.");
		return;
	}
	fields[2][1] = webfile_type(file);
	fields[3][1] = etag;
	make_etag(file, etag);
	if (known != NULL && strstr(known, etag) != NULL) {
		answer(call, MHD_HTTP_NOT_MODIFIED,
		    MHD_create_response_from_buffer(
			0, NULL, MHD_RESPMEM_PERSISTENT),
		    (const char *const(*)[2])fields);
		return;
	}
	answer(call, MHD_HTTP_OK,
	    MHD_create_response_from_buffer(file->len,
		(void *)(uintptr_t)file->data, MHD_RESPMEM_PERSISTENT),
	    (const char *const(*)[2])fields);
}
