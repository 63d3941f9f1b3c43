/* SPDX-License-Identifier: ISC */
/*
 * siteanswer: the HTTP answers that carry the gateway's own pages.
 *
 * Whatever the body is, no other origin may read, embed or frame it, the page
 * runs only what comes from here, nothing is taken for another type than it
 * has, and nothing is kept.  The connection ends with the answer: what stood
 * behind the request is not looked at.  Pure.
 */
#ifndef INROAD_GATEWAY_SITEANSWER_H
#define INROAD_GATEWAY_SITEANSWER_H

#include <stddef.h>

struct buf;
struct site_request;

/*
 * Longest body: a page, a PAC file or a status of some ten thousand hosts.
 */
#define SITEANSWER_BODY_MAX ((size_t)4 << 20)

/* Room for the head of an answer. */
#define SITEANSWER_HEAD_MAX 1024

/*
 * Append the answer to request, or only its head if that is all it asks for:
 * len bytes at body, of the media type type.  Returns 0, or -1 without room or
 * memory.
 */
int siteanswer_write(const struct site_request *request, const char *type,
    const void *body, size_t len, struct buf *out);

#endif
