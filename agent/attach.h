/* SPDX-License-Identifier: ISC */
/*
 * attach: the agent's answer to a gateway that wants a session (PROTOCOL.md,
 * "Session handshake").
 *
 * One function judges an ATTACH from beginning to end: is it
 * for this host, was it made with a key of this account, may this caller call,
 * is the device the one that the relay names.  It keeps no state, so nothing a
 * stranger sends can do more than cost a few Diffie-Hellmans; what it accepts
 * is still to be confirmed by the first record (callers.h).
 *
 * Pure, but for the randomness of the handshake.
 */
#ifndef INROAD_AGENT_ATTACH_H
#define INROAD_AGENT_ATTACH_H

#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/sessionanswer.h"

struct linkmsg_attach;
struct membership;
struct revoked;

/* Who answers; what it points to outlives the calls. */
struct attach_self {
	const struct membership *membership; /* with a host key */
	const uint8_t *public_key;           /* the device's, KEYS_LEN */
	const uint8_t *secret_key;           /* likewise */
	const struct revoked *revoked;       /* NULL: no share is */
	uint16_t grace; /* seconds that a session outlives its link */
};

/*
 * Judge attach, which begins a session or asks about one, at the time now, in
 * unix seconds; a question is answered by known.  Returns CODE_OK and fills
 * *out, which the caller wipes; or why not with a sentence for the user of the
 * gateway in text, and *out wiped.
 */
enum code attach_accept(const struct attach_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, uint64_t now,
    struct sessionanswer *out, char text[LIMITS_TEXT_LEN]);

#endif
