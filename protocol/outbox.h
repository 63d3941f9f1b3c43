/* SPDX-License-Identifier: ISC */
/*
 * outbox: texts that this daemon sends for people, up to what became of them.
 *
 * Each is a request on the control socket, for one device or several.  What
 * became of it at each is one object of the answer:
 *
 *	{"schema":1,"to":"office","outcome":"delivered"}
 *	{"schema":1,"to":"lab","outcome":"refused","error":"text-refused",
 *	 "text":"…"}
 *
 * An outcome is "delivered", "refused" (the other side has it not, or does not
 * let us in), "offline" (there was no way to it) or "unknown" (it was sent, and
 * no receipt came).  The
 * request ends well when one device has it at least.
 */
#ifndef INROAD_PROTOCOL_OUTBOX_H
#define INROAD_PROTOCOL_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"

struct control_request;
struct loop;
struct outbox;
struct outbox_send;
struct session;

/* The text of a request: bytes that belong to the caller. */
struct outbox_text {
	char bytes[LIMITS_MESSAGE_MAX];
	size_t len;
};

/* Return an outbox without texts, or NULL. */
struct outbox *outbox_new(struct loop *loop);

/* Forget all texts; their requests are ended.  NULL is allowed. */
void outbox_free(struct outbox *outbox);

/*
 * Read word number i of request, a text in base64 (URL-safe, without padding).
 * Returns it, to be freed by mem_free(), or NULL: the request has been ended.
 */
struct outbox_text *outbox_read(struct control_request *request, size_t i);

/*
 * Take over request and wait for what becomes of its text, for that many
 * seconds at most.  abandon(arg), which may be NULL, runs if it ends before
 * outbox_close(): add nothing more.  Returns NULL when memory is short: the
 * request has been ended.
 */
struct outbox_send *outbox_begin(struct outbox *outbox,
    struct control_request *request, double seconds, void (*abandon)(void *arg),
    void *arg);

/* Send text to the device that is called to, in session. */
void outbox_add(struct outbox_send *send, const char *to,
    struct session *session, const struct outbox_text *text);

/* There is no way to the device that is called to. */
void outbox_miss(
    struct outbox_send *send, const char *to, enum code code, const char *text);

/* That was all; send is not used any more. */
void outbox_close(struct outbox_send *send);

/* A receipt came in session. */
void outbox_receipt(struct outbox *outbox, const struct session *session,
    uint32_t number, enum code code, const char *text);

/* Session is over. */
void outbox_over(struct outbox *outbox, const struct session *session);

#endif
