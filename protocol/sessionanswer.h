/* SPDX-License-Identifier: ISC */
/*
 * sessionanswer: a host's answer to a gateway that wants a session, or asks
 * about one (PROTOCOL.md, "Session handshake").
 *
 * The answering side of sessionhello.h, from the ATTACH to the keys.  Whether
 * that gateway may call at all was judged before; here it proves that it has
 * the key that the relay names and, unless the host is the relay itself, the
 * psk of its caller fields.  No state is kept: what a stranger sends costs a
 * few Diffie-Hellmans, and what is accepted is still to be confirmed by the
 * first record (acceptor.h).
 *
 * It reads no clock and touches no socket.
 */
#ifndef INROAD_PROTOCOL_SESSIONANSWER_H
#define INROAD_PROTOCOL_SESSIONANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/name.h"
#include "protocol/resume.h"
#include "protocol/seal.h"
#include "protocol/sessionhello.h"

struct linkmsg_attach;

/* Who answers; what it points to outlives the call. */
struct sessionanswer_self {
	const uint8_t *public_key; /* KEYS_LEN */
	const uint8_t *secret_key; /* likewise */
	const uint8_t *psk;        /* of the caller; NULL for "relay" */
	/* What a new session is called: fresh random bytes. */
	uint8_t id[SESSIONHELLO_ID_LEN];
	uint16_t grace; /* seconds that a session outlives its link */
};

/* Who can tell which sessions there are. */
struct sessionanswer_known {
	/* Return true when the gateway with key has the session id. */
	bool (*has)(const uint8_t key[KEYS_LEN],
	    const uint8_t id[SESSIONHELLO_ID_LEN], void *arg);
	void *arg;
};

/* What was accepted; a value that holds secrets, see sessionanswer_wipe(). */
struct sessionanswer {
	struct keys_caller caller;      /* the account, and by what right */
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

enum sessionanswer_result {
	SESSIONANSWER_OK,
	SESSIONANSWER_BAD,       /* not from a caller who has the psk */
	SESSIONANSWER_OTHER_KEY, /* genuine, of another device than named */
	SESSIONANSWER_FAILED,    /* memory is short */
};

/*
 * Answer attach, which begins a session or asks about one, as self; a question
 * is answered by known.  Fills *out, which the caller wipes; it is wiped unless
 * the result is SESSIONANSWER_OK.
 */
enum sessionanswer_result sessionanswer_make(
    const struct sessionanswer_self *self,
    const struct sessionanswer_known *known,
    const struct linkmsg_attach *attach, struct sessionanswer *out);

/* Wipe answer. */
void sessionanswer_wipe(struct sessionanswer *answer);

#endif
