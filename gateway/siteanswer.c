/* SPDX-License-Identifier: ISC */
#include "gateway/siteanswer.h"

#include "gateway/site.h"
#include "gateway/textout.h"

int
siteanswer_write(const struct site_request *request, const char *type,
    const void *body, size_t len, struct buf *out)
{
	struct textout text;

	textout_begin(&text, out);
	textout_format(&text,
	    "HTTP/1.1 200 OK\r\n"
	    "Proxy-Status: inroad\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %zu\r\n"
	    /* A browser may ask again whether its PAC file is still right. */
	    "Cache-Control: %s\r\n",
	    type, len, request->page == SITE_PAC ? "no-cache" : "no-store");
	textout_format(&text,
	    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
	    "style-src 'self'; img-src 'self'; connect-src 'self'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	    "Cross-Origin-Opener-Policy: same-origin\r\n"
	    "Cross-Origin-Resource-Policy: same-origin\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n"
	    "\r\n");
	if (!request->head) {
		textout_bytes(&text, body, len);
	}
	return textout_end(&text);
}
