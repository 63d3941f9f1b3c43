/* SPDX-License-Identifier: ISC */
/*
 * httphead: heads of HTTP/1.0 and HTTP/1.1 messages (RFC 9112).
 *
 * Two programs that disagree where a message ends can be played against each
 * other, so this parser rejects and never repairs: whatever the RFCs let a
 * recipient tolerate is BAD here, with the words that say what was wrong.
 * The exceptions are harmless and few: one empty line before a request, a
 * status line without the space before an empty reason, bytes above 0x7f in a
 * path, and a missing Host where the target itself names the host.
 *
 * The parser goes line by line and remembers how far it came, so a head that
 * comes in pieces costs no more than a whole one.  Nothing is copied but the
 * target: fields are spans of the caller's bytes.  No allocation.
 *
 * Bodies are for httpbody, the rules of forwarding for httpforward.
 */
#ifndef INROAD_GATEWAY_HTTPHEAD_H
#define INROAD_GATEWAY_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "gateway/proxytarget.h"

/*
 * A whole head.  Servers in common use allow 8 to 64 KiB; cookies of a large
 * site come to 16.
 */
#define HTTPHEAD_MAX 32768

/* The first line, with its CRLF: a URL in it may be as long as browsers send.
 */
#define HTTPHEAD_LINE_MAX 16384

/* Fields of one head; a browser sends 15 to 30. */
#define HTTPHEAD_FIELDS_MAX 128

/*
 * Options in all Connection fields.  Each field is compared with each option:
 * this bounds the work of one head to 4,096 comparisons.
 */
#define HTTPHEAD_OPTIONS_MAX 32

/* Bytes of the head, by place: a span stays good when the bytes move. */
struct httphead_span {
	uint16_t at;
	uint16_t len;
};

/* Fields that somebody here looks at. */
enum httphead_id {
	HTTPHEAD_UNKNOWN,
	HTTPHEAD_ACCEPT,
	HTTPHEAD_AUTHORIZATION,
	HTTPHEAD_CONNECTION,
	HTTPHEAD_CONTENT_LENGTH,
	HTTPHEAD_EXPECT,
	HTTPHEAD_HOST,
	HTTPHEAD_KEEP_ALIVE,
	HTTPHEAD_MAX_FORWARDS,
	HTTPHEAD_ORIGIN,
	HTTPHEAD_PROXY_AUTHENTICATE,
	HTTPHEAD_PROXY_AUTHORIZATION,
	HTTPHEAD_PROXY_CONNECTION,
	HTTPHEAD_SEC_FETCH_DEST,
	HTTPHEAD_SEC_FETCH_MODE,
	HTTPHEAD_SEC_FETCH_SITE,
	HTTPHEAD_TE,
	HTTPHEAD_TRAILER,
	HTTPHEAD_TRANSFER_ENCODING,
	HTTPHEAD_UPGRADE,
	HTTPHEAD_VIA,
};

struct httphead_field {
	enum httphead_id id;
	struct httphead_span name;
	struct httphead_span value; /* without the blanks around it */
};

/* A place among the options of Connection fields; httphead_next_option()'s. */
struct httphead_cursor {
	const struct httphead_field *field;
	size_t at;
};

/* Methods that change how messages are read; case matters. */
enum httphead_method {
	HTTPHEAD_METHOD_OTHER,
	HTTPHEAD_METHOD_CONNECT,
	HTTPHEAD_METHOD_GET,
	HTTPHEAD_METHOD_HEAD,
	HTTPHEAD_METHOD_OPTIONS,
	HTTPHEAD_METHOD_TRACE,
};

/* The four forms of a request's target (RFC 9112 section 3.2). */
enum httphead_form {
	HTTPHEAD_FORM_ORIGIN,    /* /path?query */
	HTTPHEAD_FORM_ABSOLUTE,  /* http://host/path?query */
	HTTPHEAD_FORM_AUTHORITY, /* host:port, CONNECT only */
	HTTPHEAD_FORM_ASTERISK,  /* the star, OPTIONS only */
};

/*
 * A value on the stack or inside another, about 2 KiB.  Between httphead_init()
 * and WIRE_OK only error and reason mean something.
 */
struct httphead {
	/* The bytes last given to httphead_parse(); spans count from here. */
	const uint8_t *data;
	/* Bytes of the head, the empty line included. */
	size_t len;

	bool is_response;
	uint8_t minor; /* the version is 1.minor, 0 or 1 */

	/* Of a request. */
	enum httphead_method method;
	struct httphead_span method_text;
	enum httphead_form form;
	/* host[:port] as written: of the target, or else the Host field. */
	struct httphead_span authority;
	/* Path and query as written; may be empty in the absolute form. */
	struct httphead_span path;
	/* False only when neither target nor Host say: HTTP/1.0 to ourselves.
	 */
	bool has_target;
	struct proxy_target target; /* port 80 unless written */

	/* Of a response. */
	uint16_t status;
	struct httphead_span phrase;

	/* What the fields say. */
	bool has_length; /* a Content-Length field, */
	uint64_t length; /* and its value, below 2^63 */
	bool chunked;
	bool close;      /* Connection: close */
	bool keep_alive; /* Connection: keep-alive */
	bool upgrade; /* Connection: upgrade with an Upgrade field, 1.1 only */

	uint16_t field_count;
	struct httphead_field fields[HTTPHEAD_FIELDS_MAX];

	/*
	 * With WIRE_BAD: the status that says so (400, 414, 431 or 505; always
	 * 502 for a response) and the words, static, to stand after a colon.
	 */
	unsigned error;
	const char *reason;

	/* The rest is the parser's. */
	unsigned step;
	size_t line;
	size_t scanned;
};

/* Let head parse a request, or a response. */
void httphead_init(struct httphead *head, bool is_response);

/*
 * Go on with the len bytes at data: all since the head's first byte, those of
 * earlier calls unchanged, though they may have moved.  With WIRE_OK the head
 * is the first head->len bytes; what follows was not looked at.  After WIRE_OK
 * or WIRE_BAD the same answer comes again.
 */
enum wire_result httphead_parse(
    struct httphead *head, const uint8_t *data, size_t len);

/* Return the first byte of span. */
const uint8_t *httphead_at(
    const struct httphead *head, struct httphead_span span);

/* Return the first field with that id after the field after, or NULL; after
 * is NULL to begin. */
const struct httphead_field *httphead_find(const struct httphead *head,
    enum httphead_id id, const struct httphead_field *after);

/* Return what the len bytes at name are called as a field. */
enum httphead_id httphead_identify(const uint8_t *name, size_t len);

/*
 * Return the next option of all Connection fields and its length in *len, or
 * NULL at the end.  *cursor is all zeroes at first.
 */
const uint8_t *httphead_next_option(
    const struct httphead *head, struct httphead_cursor *cursor, size_t *len);

#endif
