/* SPDX-License-Identifier: ISC */
/*
 * rawlink: a peer of a link that says whatever a test wants.
 *
 * Speaks the handshake and seals frames, but checks nothing and obeys no rule.
 * All calls run the loop of the link at the other end while they wait.
 */
#ifndef INROAD_TESTS_SUPPORT_RAWLINK_H
#define INROAD_TESTS_SUPPORT_RAWLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/frame.h"
#include "protocol/limits.h"
#include "protocol/linkhello.h"
#include "protocol/seal.h"

struct loop;

struct rawlink {
	struct loop *loop;
	int fd; /* non-blocking; -1 when closed */
	struct seal tx;
	struct seal rx;
	bool ended; /* the link at the other end closed */
};

/* Start raw on fd, which it takes over. */
void rawlink_init(struct rawlink *raw, struct loop *loop, int fd);

/* Wipe and close. */
void rawlink_close(struct rawlink *raw);

/* Send the len bytes at data as they are; false when the socket is broken. */
bool rawlink_write(struct rawlink *raw, const uint8_t *data, size_t len);

/* Read exactly len bytes; false when the other end closed or is silent. */
bool rawlink_read(struct rawlink *raw, uint8_t *data, size_t len);

/* Wait for the other end to close; false when it does not. */
bool rawlink_await_end(struct rawlink *raw);

/* Go through the handshake as hello wants; hello stays the caller's. */
bool rawlink_greet(struct rawlink *raw, struct linkhello *hello);

/* Send a frame; a payload that is no CARRY is sealed. */
bool rawlink_send(struct rawlink *raw, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len);

/* Room for a sealed frame. */
#define RAWLINK_FRAME_MAX (LIMITS_FRAME_HEAD_LEN + LIMITS_FRAME_BODY_MAX)

/*
 * Seal such a frame to wire, of RAWLINK_FRAME_MAX bytes, for rawlink_write();
 * returns its length.  So several can be sent as one, in that order.
 */
size_t rawlink_seal(struct rawlink *raw, enum frame_type type, uint32_t channel,
    const uint8_t *payload, size_t len, uint8_t *wire);

/* Send a PING without running the loop; false when it does not fit. */
bool rawlink_ping(struct rawlink *raw, const uint8_t payload[8]);

/*
 * Read a frame sent by sender.  Its opened payload goes to payload, which
 * holds LIMITS_FRAME_BODY_MAX bytes, and its length to *len.
 */
bool rawlink_recv(struct rawlink *raw, enum frame_sender sender,
    struct frame_head *head, uint8_t *payload, size_t *len);

#endif
