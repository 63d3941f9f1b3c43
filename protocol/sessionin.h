/* SPDX-License-Identifier: ISC */
/*
 * sessionin: what a session does with a record; the inside of
 * session_receive().
 */
#ifndef INROAD_PROTOCOL_SESSIONIN_H
#define INROAD_PROTOCOL_SESSIONIN_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"

struct session;

/*
 * Act on the opened record of len bytes (header and payload) at data.  Returns
 * CODE_OK, or why the peer broke the protocol.
 */
enum code sessionin_record(
    struct session *session, const uint8_t *data, size_t len);

#endif
