/* SPDX-License-Identifier: ISC */
/*
 * call: what a gateway says first to reach a host (PROTOCOL.md sections 5 and
 * 7).
 *
 * Derives the pre-shared key of the call from the account key and puts message
 * 1 of the session handshake into an ATTACH.
 */
#ifndef INROAD_GATEWAY_CALL_H
#define INROAD_GATEWAY_CALL_H

#include <stddef.h>
#include <stdint.h>

struct endpoint;
struct host;
struct sessionhello;

/* Room for the payload of an ATTACH. */
#define CALL_MAX 2048

/*
 * Begin a session with host as the account of endpoint, which has joined and
 * holds the account key.  Writes the payload of ATTACH to payload and its
 * length to *len.  Returns the handshake, which waits for message 2 and is the
 * caller's, or NULL when host has no usable key or memory is short.
 */
struct sessionhello *call_begin(struct endpoint *endpoint,
    const struct host *host, uint8_t payload[CALL_MAX], size_t *len);

#endif
