/* SPDX-License-Identifier: ISC */
/*
 * sessionout: what a session sends next; the inside of session_pull().
 *
 * Order: ACK; REKEY when it is due; PONG, PING; then what streams owe, in the
 * order in which it came up; then messages and data, by turns.  ACK may always
 * be sent, the other control records a little beyond the limit of retained
 * bytes, data only below it: if control had to wait for data to be
 * acknowledged, two busy directions would wait for each other.
 */
#ifndef INROAD_PROTOCOL_SESSIONOUT_H
#define INROAD_PROTOCOL_SESSIONOUT_H

struct blob;
struct session;

/*
 * Seal and return the next record with one reference for the caller, or NULL
 * when nothing may be sent.
 */
struct blob *sessionout_next(struct session *session);

#endif
