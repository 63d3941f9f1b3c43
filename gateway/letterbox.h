/* SPDX-License-Identifier: ISC */
/*
 * letterbox: where other gateways of the account hand in messages (PROTOCOL.md
 * section 7.4).
 *
 * A gateway that holds the account key is called by its device name, as if it
 * were a host: who proves the psk of that name has the key as well, so it is a
 * gateway of the account, whatever the relay says of it.  Such a session takes
 * texts, which go to whoever listens here, and nothing else: every stream is
 * refused.  It ends with its channel, as a message is sent in a moment.
 */
#ifndef INROAD_GATEWAY_LETTERBOX_H
#define INROAD_GATEWAY_LETTERBOX_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/sessionanswer.h"

struct endpoint;
struct letterbox;
struct link;
struct linkmsg_attach;
struct loop;
struct membership;

/* Who answers; what it points to outlives the call. */
struct letterbox_self {
	const struct membership *membership; /* NULL: it belongs nowhere */
	const uint8_t *public_key;           /* the device's, KEYS_LEN */
	const uint8_t *secret_key;           /* likewise */
};

/*
 * Judge attach, which begins a session or asks about one; a question is
 * answered by known.  Returns CODE_OK and fills *out, which the caller wipes;
 * or why not with a sentence for the other gateway's user in text, and *out
 * wiped.  Pure, but for the randomness of the handshake.
 */
enum code letterbox_judge(const struct letterbox_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, struct sessionanswer *out,
    char text[LIMITS_TEXT_LEN]);

/* Return a letterbox of endpoint, which outlives it, or NULL. */
struct letterbox *letterbox_new(struct loop *loop, struct endpoint *endpoint);

/* End all sessions and free; NULL is allowed. */
void letterbox_free(struct letterbox *letterbox);

/* Answer an ATTACH for the channel number channel that came over link. */
void letterbox_attach(struct letterbox *letterbox, struct link *link,
    uint32_t channel, const uint8_t *payload, size_t len);

/* Take no new sessions from now on. */
void letterbox_finish(struct letterbox *letterbox);

/* End all sessions with code. */
void letterbox_close(struct letterbox *letterbox, enum code code);

#endif
