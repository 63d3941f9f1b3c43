/* SPDX-License-Identifier: ISC */
/*
 * call: what a gateway says to reach a host (PROTOCOL.md sections 5 and 7).
 *
 * Makes the payload of an ATTACH: with message 1 of the session handshake, for
 * which it derives the pre-shared key from the account key unless the host is
 * the relay itself, or with a request to go on with a session that there is.
 */
#ifndef INROAD_GATEWAY_CALL_H
#define INROAD_GATEWAY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/keys.h"
#include "protocol/resume.h"

struct endpoint;
struct host;
struct linkmsg_attach;
struct membership;
struct sessionhello;
struct share;

/* Room for the payload of an ATTACH. */
#define CALL_MAX 2048

/* Whom to call, and by what right; both outlive the call. */
struct call_to {
	const struct host *host;
	const struct share *share; /* NULL: it is the account's, or the relay */
};

/*
 * Derive the psk that attach, to a host or to a gateway, is about from the
 * account key of membership, which holds one; 0, or -1 when attach names
 * nobody.
 */
int call_psk(const struct membership *membership,
    const struct linkmsg_attach *attach, bool is_gateway,
    uint8_t psk[KEYS_LEN]);

/*
 * Begin a session with a host as the account of endpoint, which has joined and
 * holds the account key if the host is not the relay and no share is used; it
 * is to outlive its link by grace seconds.  With question, an id of
 * SESSIONHELLO_ID_LEN bytes, ask instead whether the host knows that session.
 * Writes the payload of ATTACH to payload and its length to *len.  Returns the
 * handshake, which waits for message 2 and is the caller's, or NULL when host
 * has no usable key or memory is short.
 */
struct sessionhello *call_begin(struct endpoint *endpoint,
    const struct call_to *to, uint16_t grace, const uint8_t *question,
    uint8_t payload[CALL_MAX], size_t *len);

/*
 * Go on with a session with host by request.  Returns the length of the payload
 * of ATTACH written to payload, or 0 when this device belongs nowhere any more.
 */
size_t call_again(struct endpoint *endpoint, const struct call_to *to,
    const uint8_t request[RESUME_REQUEST_LEN], uint8_t payload[CALL_MAX]);

#endif
