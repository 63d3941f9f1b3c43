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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/keys.h"
#include "protocol/limits.h"
#include "protocol/name.h"
#include "protocol/resume.h"
#include "protocol/seal.h"
#include "protocol/sessionhello.h"

struct linkmsg_attach;
struct membership;

/* Who answers; what it points to outlives the calls. */
struct attach_self {
	const struct membership *membership; /* with a host key */
	const uint8_t *public_key;           /* the device's, KEYS_LEN */
	const uint8_t *secret_key;           /* likewise */
	uint16_t grace; /* seconds that a session outlives its link */
};

/* Who can tell which sessions there are. */
struct attach_sessions {
	/* Return true when the gateway with key has the session id. */
	bool (*has)(const uint8_t key[KEYS_LEN],
	    const uint8_t id[SESSIONHELLO_ID_LEN], void *arg);
	void *arg;
};

/* What was accepted; a value that holds secrets, see attach_wipe(). */
struct attach_accepted {
	char user[NAME_USER_MAX + 1];   /* account that calls */
	char device[NAME_HOST_MAX + 1]; /* its device, as the relay says */
	uint8_t key[KEYS_LEN];          /* of that device, proved */
	uint8_t boot[SESSIONHELLO_BOOT_LEN];
	uint8_t id[SESSIONHELLO_ID_LEN];          /* of the session */
	uint8_t reply[SESSIONHELLO_MESSAGE2_MAX]; /* payload of ATTACHED */
	size_t reply_len;
	/* The reply is all there is to it: only a question was asked. */
	bool is_question;
	uint16_t grace; /* of both sides the smaller one */
	struct seal tx; /* for the records */
	struct seal rx;
	struct resume resume; /* for the attach tokens */
};

/*
 * Judge attach, which begins a session or asks about one, at the time now, in
 * unix seconds; a question is answered by sessions.  Returns CODE_OK and fills
 * *out, which the caller wipes; or why not with a sentence for the user of the
 * gateway in text, and *out wiped.
 */
enum code attach_accept(const struct attach_self *self,
    const struct attach_sessions *sessions, const struct linkmsg_attach *attach,
    uint64_t now, struct attach_accepted *out, char text[LIMITS_TEXT_LEN]);

/* Wipe accepted. */
void attach_wipe(struct attach_accepted *accepted);

#endif
