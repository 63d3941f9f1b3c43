/* SPDX-License-Identifier: ISC */
/*
 * association: a stream that carries datagrams (PROTOCOL.md section 8).
 *
 * stream_open() to a target with STREAM_UDP makes one; opened and reset are
 * those of every stream, and stream_ops.datagram hands over what comes.  There
 * are no halves: an association ends by RESET, when either side lets go of it.
 *
 * Nothing about a datagram is certain.  What is sent waits in a short queue
 * (dgramqueue.h) until the session may seal it, and is lost there when more
 * comes, when it waited too long and when the session has no way; what the
 * peer sends again after a resume is discarded.  The session counts both.
 */
#ifndef INROAD_PROTOCOL_ASSOCIATION_H
#define INROAD_PROTOCOL_ASSOCIATION_H

#include <stddef.h>
#include <stdint.h>

struct dgram_address;
struct stream;

/*
 * Send the len bytes at data: by the opener to address, as the acceptor shall
 * understand it, by the acceptor from it.  The opener may from the beginning
 * on, the acceptor once it has answered.  Longer than LIMITS_DGRAM_MAX is lost.
 */
void association_send(struct stream *stream,
    const struct dgram_address *address, const uint8_t *data, size_t len,
    uint64_t now_ns);

#endif
