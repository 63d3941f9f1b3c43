/* SPDX-License-Identifier: ISC */
#include "gateway/site.h"

#include <stddef.h>
#include <string.h>

#include "gateway/httpchar.h"
#include "gateway/httphead.h"
#include "gateway/www.h"

/* --- whether --------------------------------------------------------- */

/* Return true for a host that nobody but us can have. */
static bool
is_ours(const struct proxy_target *host, const struct addr *local)
{
	struct addr addr;
	struct addr own;
	uint8_t a[16];
	uint8_t b[16];
	size_t len;

	if (proxytarget_addr(host, &addr) != 0) {
		return strcmp(host->name, "localhost") == 0 ||
		       strcmp(host->name, "gateway.localhost") == 0;
	}
	addr_unmap(local, &own);
	len = addr_to_bytes(&own, a);
	return addr_is_loopback(&addr) ||
	       (len > 0 && len == addr_to_bytes(&addr, b) &&
		   memcmp(a, b, len) == 0);
}

bool
site_is_asked(const struct httphead *request, const struct addr *local)
{
	if (!request->has_target || !is_ours(&request->target, local)) {
		return false;
	}
	/*
	 * A server is known by its Host, whatever port somebody forwards to
	 * it.  As a proxy we are asked for ports of others, too.
	 */
	return request->form == HTTPHEAD_FORM_ORIGIN ||
	       (request->form == HTTPHEAD_FORM_ABSOLUTE &&
		   request->target.port == addr_port(local));
}

/* --- who asks -------------------------------------------------------- */

/* Return true when request has a field id, and its value is not text. */
static bool
differs(const struct httphead *request, enum httphead_id id, const char *text)
{
	const struct httphead_field *field = httphead_find(request, id, NULL);

	return field != NULL && !httpchar_is(httphead_at(request, field->value),
				    field->value.len, text);
}

/* Return true when request says that it comes from a page of somebody else. */
static bool
is_foreign(const struct httphead *request)
{
	static const char scheme[] = "http://";
	const struct httphead_field *origin =
	    httphead_find(request, HTTPHEAD_ORIGIN, NULL);
	const uint8_t *value;
	size_t len = sizeof(scheme) - 1;

	if (differs(request, HTTPHEAD_SEC_FETCH_SITE, "same-origin") &&
	    differs(request, HTTPHEAD_SEC_FETCH_SITE, "none")) {
		return true;
	}
	if (origin == NULL) {
		return false;
	}
	value = httphead_at(request, origin->value);
	return origin->value.len < len || !httpchar_is(value, len, scheme) ||
	       !httpchar_same(value + len, origin->value.len - len,
		   httphead_at(request, request->authority),
		   request->authority.len);
}

/* Return true when a browser is to show the answer as a page of its own. */
static bool
is_navigation(const struct httphead *request)
{
	return httphead_find(request, HTTPHEAD_SEC_FETCH_MODE, NULL) != NULL &&
	       httphead_find(request, HTTPHEAD_SEC_FETCH_DEST, NULL) != NULL &&
	       !differs(request, HTTPHEAD_SEC_FETCH_MODE, "navigate") &&
	       !differs(request, HTTPHEAD_SEC_FETCH_DEST, "document");
}

/* --- for what -------------------------------------------------------- */

/* Paths that are no files. */
static const struct {
	const char *path;
	enum site_page page;
} pages[] = {
	{ "", SITE_HOME }, /* of the absolute form */
	{ "/", SITE_HOME },
	{ "/proxy.pac", SITE_PAC },
	{ "/metrics", SITE_METRICS },
	{ "/api/v1/status", SITE_STATUS },
	{ "/api/v1/failures", SITE_FAILURES },
	{ "/api/v1/throughput", SITE_THROUGHPUT },
};

/* Find the page at the path of len bytes; false when there is none. */
static bool
find_page(const uint8_t *path, size_t len, struct site_request *out)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strlen(pages[i].path) == len &&
		    memcmp(pages[i].path, path, len) == 0) {
			out->page = pages[i].page;
			return true;
		}
	}
	out->page = SITE_FILE;
	out->file = webfile_find(&www_gateway, path, len);
	return out->file != NULL && strcmp(out->file->path, WWW_HOME) != 0;
}

/* Return the number behind "from=" in query; 0 when it is anything else. */
static uint64_t
parse_from(const uint8_t *query, size_t len)
{
	static const char name[] = "from=";
	size_t at = sizeof(name) - 1;
	uint64_t number = 0;

	if (len < at || memcmp(query, name, at) != 0) {
		return 0;
	}
	/* More digits than seconds will ever have. */
	for (; at < len && httpchar_is_digit(query[at]) && len <= 20; at++) {
		number = number * 10 + (uint64_t)(query[at] - '0');
	}
	return at == len ? number : 0;
}

unsigned
site_parse(const struct httphead *request, const struct addr *local,
    struct site_request *out, const char **why)
{
	const uint8_t *path = httphead_at(request, request->path);
	const uint8_t *end = memchr(path, '?', request->path.len);
	size_t len = end == NULL ? request->path.len : (size_t)(end - path);

	*out = (struct site_request){
		.head = request->method == HTTPHEAD_METHOD_HEAD,
		.local = *local,
		.port = request->target.port,
	};
	if (request->method != HTTPHEAD_METHOD_GET && !out->head) {
		*why = "Pages of the gateway are only read: by GET and HEAD.";
		return 405;
	}
	if (!find_page(path, len, out)) {
		*why = "The gateway has no such page. It begins at \"/\".";
		return 404;
	}
	if (out->page == SITE_PAC && addr_family(local) == AF_UNIX) {
		*why = "A unix socket is nothing that a PAC file can name.";
		return 404;
	}
	if (is_foreign(request) &&
	    !(out->page == SITE_HOME && is_navigation(request))) {
		*why = "Pages of others may not read those of the gateway.";
		return 403;
	}
	if (end != NULL) {
		out->from = parse_from(end + 1, request->path.len - len - 1);
	}
	return 200;
}
