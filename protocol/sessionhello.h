/* SPDX-License-Identifier: ISC */
/*
 * sessionhello: the session handshake, in steps (PROTOCOL.md, "Session
 * handshake").
 *
 * A gateway is the initiator; an agent, or a relay as the host "relay", the
 * responder.  Its two messages travel inside ATTACH and ATTACHED:
 *
 *	1 gateway    Noise message 1 with boot id, grace time, question
 *	2 host       Noise message 2 with session id, grace time, status
 *
 * The pattern follows from the name of the host and from nothing else: the
 * host "relay" is Noise IK, without a psk; every other one is Noise IKpsk1 and
 * a missing psk is an error.
 *
 * A gateway that was told that its session is lost may ask instead of beginning
 * one: does the host know the session of that id?  Only the holder of the
 * host's key can answer, in the status of message 2.  A question yields no
 * session and no keys, whatever the answer.
 *
 * Message 1 may be a replay.  A responder must let it have no effect, above
 * all end no other session, until the first record under the new keys opens.
 */
#ifndef INROAD_PROTOCOL_SESSIONHELLO_H
#define INROAD_PROTOCOL_SESSIONHELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"

struct seal;
struct sessionhello;

#define SESSIONHELLO_BOOT_LEN 16
#define SESSIONHELLO_ID_LEN 16
#define SESSIONHELLO_SOFTWARE_MAX 63
/* The size of message 1, and the bounds of message 2. */
#define SESSIONHELLO_MESSAGE1_LEN                                              \
	(96 + SESSIONHELLO_BOOT_LEN + 4 + SESSIONHELLO_ID_LEN)
#define SESSIONHELLO_MESSAGE2_MIN (48 + SESSIONHELLO_ID_LEN + 5)
#define SESSIONHELLO_MESSAGE2_MAX                                              \
	(SESSIONHELLO_MESSAGE2_MIN + SESSIONHELLO_SOFTWARE_MAX)

/* What came of a message. */
enum sessionhello_result {
	SESSIONHELLO_OK,
	SESSIONHELLO_BAD,       /* not from a peer that has the keys */
	SESSIONHELLO_OTHER_KEY, /* genuine, of another device than named */
};

/* What the initiator says. */
struct sessionhello_request {
	uint8_t boot[SESSIONHELLO_BOOT_LEN]; /* fresh at each start */
	uint16_t grace; /* seconds to keep a session without a link */
	/* The session asked about; zeros: none, begin one. */
	uint8_t question[SESSIONHELLO_ID_LEN];
};

/*
 * What the responder says.  In answer to a question id repeats it and status is
 * 0 for a session that the responder knows, CODE_SESSION_LOST for one that it
 * does not know.
 */
struct sessionhello_reply {
	uint8_t id[SESSIONHELLO_ID_LEN]; /* of the session; random */
	uint16_t grace;                  /* seconds; the smaller one counts */
	uint16_t status;                 /* 0, or the code of a refusal */
	char software[SESSIONHELLO_SOFTWARE_MAX + 1];
};

/* What a handshake starts from; everything is copied. */
struct sessionhello_config {
	const struct keys_session *session; /* what both ends must mean */
	const uint8_t *psk; /* KEYS_LEN, of keys_psk(); NULL for "relay" */
	const uint8_t *static_secret; /* own key pair, KEYS_LEN each */
	const uint8_t *static_public;
	/*
	 * The peer's key, KEYS_LEN.  Initiator: the pinned key of the host.
	 * Responder: the device key that the relay named.
	 */
	const uint8_t *remote_public;
	const uint8_t *ephemeral_secret; /* NULL but in tests */
};

/*
 * Return the gateway's side of a handshake that will say request, or NULL when
 * a name in config is not valid, something is missing, there is a psk for the
 * host "relay" or none for another, or there is no memory.
 */
struct sessionhello *sessionhello_new_initiator(
    const struct sessionhello_config *config,
    const struct sessionhello_request *request);

/* Return the host's side of a handshake, or NULL as above. */
struct sessionhello *sessionhello_new_responder(
    const struct sessionhello_config *config);

/*
 * Initiator: write message 1, SESSIONHELLO_MESSAGE1_LEN bytes, to out.
 * Returns 0, or -1 when it is not the time for it, or the host's key is of low
 * order; hello is of no more use then.
 */
int sessionhello_write_request(
    struct sessionhello *hello, uint8_t out[SESSIONHELLO_MESSAGE1_LEN]);

/*
 * Responder: read message 1, the len bytes at in, and what it says to
 * *request.  Anything but SESSIONHELLO_OK leaves *request zeroed and hello of
 * no more use.
 */
enum sessionhello_result sessionhello_read_request(struct sessionhello *hello,
    const uint8_t *in, size_t len, struct sessionhello_request *request);

/*
 * Return true when this handshake asks about a session and begins none.  A
 * responder knows once it has read message 1.
 */
bool sessionhello_is_question(const struct sessionhello *hello);

/*
 * Responder: write message 2, which says reply, to out and its length to *len.
 * Returns 0, or -1 as above.
 */
int sessionhello_write_reply(struct sessionhello *hello,
    const struct sessionhello_reply *reply,
    uint8_t out[SESSIONHELLO_MESSAGE2_MAX], size_t *len);

/*
 * Initiator: read message 2, the len bytes at in, and what it says to *reply.
 * Anything but SESSIONHELLO_OK leaves *reply zeroed and hello of no more use.
 */
enum sessionhello_result sessionhello_read_reply(struct sessionhello *hello,
    const uint8_t *in, size_t len, struct sessionhello_reply *reply);

/*
 * After message 2 with status 0, unless this is a question: start tx and rx for
 * the records, and resume_tx and resume_rx for the attach tokens, that this
 * side seals and opens.  Returns 0, or -1 at any other time; works once.
 */
int sessionhello_keys(struct sessionhello *hello, struct seal *tx,
    struct seal *rx, struct seal *resume_tx, struct seal *resume_rx);

/* Wipe and free hello; NULL is allowed. */
void sessionhello_free(struct sessionhello *hello);

#endif
