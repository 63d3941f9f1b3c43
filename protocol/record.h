/* SPDX-License-Identifier: ISC */
/*
 * record: the records of a session, from records.def (PROTOCOL.md section 7).
 *
 * A record on the wire is one box: tag, then header and payload, sealed
 * together.  Headers are read and written here; sealing is the session's.
 *
 * Pure functions over the caller's memory.
 */
#ifndef INROAD_PROTOCOL_RECORD_H
#define INROAD_PROTOCOL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/stream.h"

/* Record types; PROTOCOL.md section 7. */
enum record_type {
#define RECORD(code, name, senders, stream, min, max) RECORD_##name = (code),
#include "protocol/records.def"
#undef RECORD
};

/* Flags of a record. */
#define RECORD_FIN 1     /* DATA: this half-stream ends here */
#define RECORD_ACK_NOW 2 /* any: acknowledge at once */

/* Who sends a record. */
enum record_sender {
	RECORD_FROM_OPENER,
	RECORD_FROM_ACCEPTOR,
};

/* A decoded header. */
struct record_head {
	enum record_type type;
	uint8_t flags;
	uint32_t stream;
};

/* Return the name of type, "OPENED". */
const char *record_name(enum record_type type);

/* Write head to the LIMITS_RECORD_HEAD_LEN bytes at out. */
void record_head_encode(const struct record_head *head, uint8_t *out);

/*
 * Read the header in front of the len bytes at in (header and payload) and
 * check it against records.def as sent by sender.  Returns 0, or -1 when it
 * breaks the protocol.
 */
int record_head_decode(struct record_head *head, enum record_sender sender,
    const uint8_t *in, size_t len);

/* The payload of OPEN: a target and the first window of the opener. */
struct record_open {
	struct stream_target target;
	uint32_t window;
};

/* Write open to out; returns the bytes written, 0 when they do not fit. */
size_t record_open_encode(
    const struct record_open *open, uint8_t *out, size_t size);
/* Read an open; 0, or -1 when it is not right. */
int record_open_decode(
    struct record_open *out, const uint8_t *payload, size_t len);

/* The payload of OPENED: the outcome and the first window of the acceptor. */
struct record_opened {
	struct stream_opened opened;
	uint32_t window;
};

/* Write opened to out; returns the bytes written, 0 when they do not fit. */
size_t record_opened_encode(
    const struct record_opened *opened, uint8_t *out, size_t size);
/* Read an opened; 0, or -1 when it is not right. */
int record_opened_decode(
    struct record_opened *out, const uint8_t *payload, size_t len);

#endif
