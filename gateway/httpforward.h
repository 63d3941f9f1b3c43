/* SPDX-License-Identifier: ISC */
/*
 * httpforward: heads as a proxy sends them on (RFC 9110 section 7.6).
 *
 * Towards the target one stream carries one request, so it is told to close:
 * a stream in a live session costs no round trip of its own, its first bytes
 * travel with its opening, and nobody has to guess whether an idle stream is
 * still good.  Towards the client the connection is kept whenever the end of
 * the response can be told without closing.
 *
 * Bodies pass as they are: framing fields are kept, and httphead has already
 * refused heads that would have them removed or read in two ways.  The client's
 * version is kept towards the target, so that nobody answers a client of
 * HTTP/1.0 in chunks.  Pure; output is queued whole or not at all.
 */
#ifndef INROAD_GATEWAY_HTTPFORWARD_H
#define INROAD_GATEWAY_HTTPFORWARD_H

#include <stdbool.h>

#include "common/buf.h"
#include "gateway/httpbody.h"
#include "gateway/httphead.h"

/* What of a request is needed until its response has passed.  A value. */
struct httpforward_exchange {
	enum httphead_method method;
	bool http10;     /* the client speaks HTTP/1.0 */
	bool keep_alive; /* the client would keep the connection */
	bool upgrade;    /* the client asked for another protocol */
};

/* What a response head is followed by. */
enum httpforward_next {
	HTTPFORWARD_FINAL,    /* its body, and that is all */
	HTTPFORWARD_INTERIM,  /* another response head */
	HTTPFORWARD_SWITCHED, /* bytes of the other protocol, both ways */
	HTTPFORWARD_WRONG, /* no answer to this request: CODE_PROTOCOL_ERROR */
};

/* Values for a request that is sent on.  Texts are caller's, may be NULL. */
struct httpforward_options {
	/* Host field; NULL: as the request says (the target's own). */
	const char *host;
	/* An Authorization field was for us and goes no further. */
	bool own_authorization;
	/* Our entry for the Via field, without version; NULL: none. */
	const char *via;
};

/* Make *exchange what has to be remembered of request. */
void httpforward_begin(
    struct httpforward_exchange *exchange, const struct httphead *request);

/*
 * Return true when request may go on: an OPTIONS or TRACE may not whose
 * Max-Forwards field is down to 0 (RFC 9110 section 7.6.2).
 */
bool httpforward_may_go_on(const struct httphead *request);

/*
 * Append the head that goes to the target for request, of absolute or origin
 * form and with a target.  options may be NULL.  Returns 0, or -1 when out has
 * no room or memory is short, or the request is of another form.
 */
int httpforward_request(const struct httphead *request,
    const struct httpforward_options *options, struct buf *out);

/* Return what comes after response, an answer in exchange. */
enum httpforward_next httpforward_next(
    const struct httpforward_exchange *exchange,
    const struct httphead *response);

/*
 * Return true when the client's connection can serve another request after a
 * response whose body is of that kind.
 */
bool httpforward_keeps_alive(
    const struct httpforward_exchange *exchange, enum httpbody_kind kind);

/*
 * Append the head that goes to the client for response, which is not
 * HTTPFORWARD_WRONG: of an interim one what it may see (nothing for HTTP/1.0),
 * a 101 without what else is for one hop, else with the Connection field that
 * httpforward_keeps_alive() asks for.  Returns 0, or -1 when out has no room or
 * memory is short.
 */
int httpforward_response(const struct httpforward_exchange *exchange,
    const struct httphead *response, enum httpbody_kind kind, struct buf *out);

#endif
