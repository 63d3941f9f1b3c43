/* SPDX-License-Identifier: ISC */
/* The gateway's pages: each from the module that writes it. */
#include "common/buf.h"
#include "common/jsonout.h"
#include "common/loop.h"
#include "gateway/gateway_impl.h"
#include "gateway/homepage.h"
#include "gateway/metrics.h"
#include "gateway/overview.h"
#include "gateway/pac.h"
#include "gateway/site.h"
#include "gateway/siteanswer.h"
#include "gateway/sitejson.h"
#include "gateway/www.h"
#include "protocol/endpoint.h"

static int
answer_json(const struct site_request *request, const struct jsonout *json,
    struct buf *out)
{
	size_t len = 0;
	const char *text = json == NULL ? NULL : jsonout_text(json, &len);

	if (text == NULL) {
		return -1;
	}
	return siteanswer_write(
	    request, "application/json; charset=utf-8", text, len, out);
}

static int
answer_status(struct gateway *gateway, const struct site_request *request,
    struct buf *out)
{
	struct jsonout *json = jsonout_new(SITEANSWER_BODY_MAX);
	int result;

	if (json != NULL) {
		jsonout_object(json, NULL);
		endpoint_describe(gateway->endpoint, json);
		jsonout_end(json);
	}
	result = answer_json(request, json, out);
	jsonout_free(json);
	return result;
}

/* Answer with what the gateway counted and kept. */
static int
answer_counts(struct gateway *gateway, const struct site_request *request,
    struct buf *out)
{
	struct jsonout *json = jsonout_new(SITEANSWER_BODY_MAX);
	int result;

	if (json != NULL && request->page == SITE_FAILURES) {
		sitejson_failures(gateway->failures, json);
	} else if (json != NULL) {
		sitejson_throughput(gateway->meter, request->from,
		    loop_now(gateway->loop), json);
	}
	result = answer_json(request, json, out);
	jsonout_free(json);
	return result;
}

/* Write the page of request to body and its type to *type; 0 or -1. */
static int
write_view(const struct site_request *request, const struct overview *overview,
    struct buf *body, const char **type)
{
	switch (request->page) {
	case SITE_HOME:
		*type = HOMEPAGE_TYPE;
		return homepage_write(overview, request, body);
	case SITE_PAC:
		*type = PAC_TYPE;
		return pac_write(overview, &request->local, body);
	case SITE_METRICS:
		*type = METRICS_TYPE;
		return metrics_write(overview, body);
	case SITE_STATUS:
	case SITE_FAILURES:
	case SITE_THROUGHPUT:
	case SITE_FILE:
		break;
	}
	return -1;
}

/* Answer with a page that an overview makes. */
static int
answer_view(struct gateway *gateway, const struct site_request *request,
    struct buf *out)
{
	struct buf *body = buf_new(SITEANSWER_BODY_MAX);
	struct overview overview;
	const char *type;
	const uint8_t *bytes;
	size_t len = 0;
	int result = -1;

	if (gatewayview_make(gateway, &overview) == 0 && body != NULL &&
	    write_view(request, &overview, body, &type) == 0) {
		bytes = buf_peek(body, &len);
		result = siteanswer_write(request, type, bytes, len, out);
	}
	gatewayview_free(&overview);
	buf_free(body);
	return result;
}

int
gatewaysite_answer(
    const struct site_request *request, struct buf *out, void *arg)
{
	struct gateway *gateway = arg;

	switch (request->page) {
	case SITE_HOME:
	case SITE_PAC:
	case SITE_METRICS:
		return answer_view(gateway, request, out);
	case SITE_STATUS:
		return answer_status(gateway, request, out);
	case SITE_FAILURES:
	case SITE_THROUGHPUT:
		return answer_counts(gateway, request, out);
	case SITE_FILE:
		break;
	}
	return siteanswer_write(request, webfile_type(request->file),
	    request->file->data, request->file->len, out);
}
