/* SPDX-License-Identifier: ISC */
/*
 * httpbody: where the body of an HTTP/1 message ends (RFC 9112 section 6).
 *
 * A body passes through undecoded; this only follows it, byte by byte, so that
 * what comes after it is told from it.  Chunk sizes, extensions and trailers
 * are checked as strictly as heads are (httphead), because whoever reads them
 * next must find the same end.  Pure, no allocation; pieces of any size.
 */
#ifndef INROAD_GATEWAY_HTTPBODY_H
#define INROAD_GATEWAY_HTTPBODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "gateway/httphead.h"

/* Bytes of all chunk extensions of a body; nobody is known to use them. */
#define HTTPBODY_EXTENSIONS_MAX 16384

/* Bytes of the trailer section, final empty line included. */
#define HTTPBODY_TRAILERS_MAX 8192

/* Room for every field name that a trailer must not have. */
#define HTTPBODY_NAME_LEN 24

enum httpbody_kind {
	HTTPBODY_NONE,    /* there is none */
	HTTPBODY_LENGTH,  /* as many bytes as Content-Length says */
	HTTPBODY_CHUNKED, /* until the last chunk and its trailers */
	HTTPBODY_CLOSE,   /* until the connection ends; never done before */
};

/* A value.  kind, done and reason are for everybody, the rest the module's. */
struct httpbody {
	enum httpbody_kind kind;
	bool done;          /* the body is complete */
	const char *reason; /* after WIRE_BAD: the words, static */

	unsigned step;
	uint64_t left; /* bytes of the body or of this chunk to come */
	size_t extensions;
	size_t trailers;
	uint8_t count; /* digits of a chunk size, bytes of a trailer's name */
	uint8_t name[HTTPBODY_NAME_LEN];
};

/* Let body follow the body of request, a parsed request head. */
void httpbody_init_request(
    struct httpbody *body, const struct httphead *request);

/*
 * Let body follow the body of response, a parsed response head, which answers
 * a request of that method.  A 1xx, 204 or 304, anything to HEAD and a 2xx to
 * CONNECT have none, whatever their fields say (RFC 9112 section 6.3).
 */
void httpbody_init_response(struct httpbody *body,
    const struct httphead *response, enum httphead_method method);

/*
 * Follow the len bytes at data.  Returns
 *   WIRE_OK         the body is complete; *used of the bytes belonged to it
 *   WIRE_NEED_MORE  all len bytes belong to it, and more will come
 *   WIRE_BAD        the framing is broken at byte *used; body->reason says how
 * A body that is complete from the start takes 0 bytes.  When the connection
 * ends, the body was whole if body->done or kind is HTTPBODY_CLOSE.
 */
enum wire_result httpbody_feed(
    struct httpbody *body, const uint8_t *data, size_t len, size_t *used);

#endif
