/* SPDX-License-Identifier: ISC */
/*
 * texts: the messages of one session, both ways (PROTOCOL.md section 7.4).
 *
 * A text is UTF-8 of 1 to LIMITS_MESSAGE_MAX bytes without NUL.  It goes as one
 * or more parts, each the payload of a TEXT record, one text behind the other,
 * and is answered by one RECEIPT that says what became of it.  Texts of a
 * direction are numbered from 1; at most LIMITS_MESSAGES_OPEN of them wait for
 * a receipt, which bounds what either side keeps:
 *
 *	sender     the texts that wait to be sent; of one that is sent, a number
 *	receiver   one text that is being put together, charged to a budget, and
 *	           a receipt for each that is whole
 *
 * Both sides are in this object.  It does no I/O and knows no session: bytes
 * come in and go out.
 */
#ifndef INROAD_PROTOCOL_TEXTS_H
#define INROAD_PROTOCOL_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"

struct session_budget;
struct texts;

/* In front of the bytes of a part. */
#define TEXTS_HEAD_LEN 8

/* Room for the payload of any RECEIPT. */
#define TEXTS_RECEIPT_MAX (4 + 2 + 1 + LIMITS_TEXT_LEN - 1)

/* What became of a text. */
struct texts_receipt {
	uint32_t number;
	enum code code; /* CODE_OK: it was taken */
	char text[LIMITS_TEXT_LEN];
};

/* What a part brought. */
enum texts_result {
	TEXTS_BAD,  /* the peer broke the protocol */
	TEXTS_MORE, /* there is more to come, or a receipt was queued */
	TEXTS_WHOLE /* a text is whole: texts_whole() */
};

/*
 * Return an object without texts that charges what it puts together to budget
 * (outlives it; NULL: none), or NULL.
 */
struct texts *texts_new(struct session_budget *budget);

/* Free texts with all that was not sent; NULL is allowed. */
void texts_free(struct texts *texts);

/* --- sending -------------------------------------------------------------- */

/*
 * Queue the len bytes at text.  Returns their number, or 0 when they are none,
 * too many or not UTF-8, too many texts are open, or memory is short.
 */
uint32_t texts_send(struct texts *texts, const char *text, size_t len);

/*
 * Nobody waits for that text any more.  Returns true when it was never begun,
 * and is not sent; false when it goes on its way, or went.
 */
bool texts_forget(struct texts *texts, uint32_t number);

/* Return the length of the payload of the next part, 0 when there is none. */
size_t texts_part_len(const struct texts *texts);

/* Write that part to out and count it as sent. */
void texts_take_part(struct texts *texts, uint8_t *out);

/* Take a RECEIPT apart; 0, or -1 when it answers no text that was sent. */
int texts_receive_receipt(struct texts *texts, struct texts_receipt *out,
    const uint8_t *payload, size_t len);

/* --- receiving ------------------------------------------------------------ */

/* Take a part. */
enum texts_result texts_receive(
    struct texts *texts, const uint8_t *payload, size_t len);

/*
 * Return the text that became whole, its length in *len and its number in
 * *number; it lives until the next call of texts_receive() or texts_drop().
 */
const char *texts_whole(
    const struct texts *texts, size_t *len, uint32_t *number);

/* Let go of the text that became whole. */
void texts_drop(struct texts *texts);

/* Say what became of a text that was whole; once, others are ignored. */
void texts_answer(
    struct texts *texts, uint32_t number, enum code code, const char *text);

/*
 * Write the payload of the next RECEIPT to out; returns its length, 0 when none
 * is owed.
 */
size_t texts_receipt(const struct texts *texts, uint8_t out[TEXTS_RECEIPT_MAX]);

/* That one is on its way. */
void texts_receipt_sent(struct texts *texts);

#endif
