/* SPDX-License-Identifier: ISC */
/*
 * sessiontext: what a session does with the messages that come; the rest of
 * them is in session.h and texts.h.
 */
#ifndef INROAD_PROTOCOL_SESSIONTEXT_H
#define INROAD_PROTOCOL_SESSIONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct session;

/* Act on the payload of TEXT; CODE_OK, or why the session is to end. */
enum code sessiontext_part(
    struct session *session, const uint8_t *payload, size_t len);

/* Act on the payload of RECEIPT; likewise. */
enum code sessiontext_receipt(
    struct session *session, const uint8_t *payload, size_t len);

#endif
