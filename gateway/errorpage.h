/* SPDX-License-Identifier: ISC */
/*
 * errorpage: the HTTP answers that the gateway gives itself.
 *
 * Status, slug, Proxy-Status (RFC 9209) and words come from the one catalogue
 * (protocol/codes), so that a page says what a log line says.  A browser gets a
 * small page, anybody else a line of text.  Nothing in an answer is stored, and
 * the page may load and run nothing.  Pure; output is queued whole or not at
 * all.
 */
#ifndef INROAD_GATEWAY_ERRORPAGE_H
#define INROAD_GATEWAY_ERRORPAGE_H

#include <stdbool.h>

#include "common/buf.h"
#include "gateway/httphead.h"
#include "protocol/codes.h"
#include "protocol/limits.h"

/*
 * An answer in the making: a value, set by one of the errorpage_init functions
 * and then changed at will.
 */
struct errorpage {
	enum code code;
	enum code cause; /* whose Proxy-Status it has: mostly code */
	unsigned status;
	char text[LIMITS_TEXT_LEN]; /* what to tell the user, UTF-8 */
	bool html;                  /* a page instead of a line */
	bool head;                  /* answers HEAD: no body */
	bool keep_alive;            /* the connection serves more; else close */
	bool authenticate;          /* with 401 and 407: ask for HTTP Basic */
	const char *allow;          /* with 405: methods; NULL: do not say */
	unsigned retry_after;       /* seconds until it may work; 0: unknown */
};

/*
 * Make *page the answer for code: a line of text that says text, or what the
 * catalogue says when text is NULL or empty, and closes the connection.
 */
void errorpage_init(struct errorpage *page, enum code code, const char *text);

/* As errorpage_init, with the errno behind code, 0 if none (codes_shown()). */
void errorpage_init_errno(
    struct errorpage *page, enum code code, int error, const char *text);

/*
 * As errorpage_init, with the status of a request that is wrong in itself: 408,
 * 414, 421 and so on.
 */
void errorpage_init_status(
    struct errorpage *page, unsigned status, const char *text);

/* As errorpage_init, for a request head that httphead found BAD. */
void errorpage_init_bad(struct errorpage *page, const struct httphead *request);

/* Let page fit request, whole: a page or text by Accept, no body for HEAD. */
void errorpage_fit(struct errorpage *page, const struct httphead *request);

/* Append the answer to out.  Returns 0, or -1 without room or memory. */
int errorpage_write(const struct errorpage *page, struct buf *out);

/* Append "200 Connection established", after which the tunnel begins; 0/-1. */
int errorpage_established(struct buf *out);

#endif
