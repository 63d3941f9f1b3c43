/* SPDX-License-Identifier: ISC */
/*
 * outlet: a conduit whose far end is a socket of this machine.
 *
 *   owner --pull--> what the socket does not take at once --> socket
 *   owner <--data-- while it has not consumed a window <----- socket
 *
 *   WAITING --outlet_open()--> OPEN --both halves end, or a reset--> over
 *        \--outlet_refuse()--------------------------------------> over
 *
 * To its owner it is what a stream is (protocol/conduit.h): half-close passes
 * both ways, a reset of the socket is a reset of the conduit, and a conduit
 * that is let go of before both halves ended resets the socket.  What the
 * socket sent before it broke is delivered first, also when it breaks in
 * writing: an answer that comes before the request is through is not lost.
 *
 * Whoever makes an outlet holds it until `gone` runs.  The owner holds its
 * conduit until it lets go of it.  No callback runs from within a call, but
 * for outlet_open(), outlet_refuse() and outlet_abort().
 */
#ifndef INROAD_GATEWAY_OUTLET_H
#define INROAD_GATEWAY_OUTLET_H

#include "protocol/codes.h"

struct conduit;
struct io;
struct loop;
struct outlet;
struct stream_opened;
struct stream_ops;

/*
 * What an owner may have been given and not consumed.  As much as a stream
 * begins with; between two sockets of one machine more gains nothing.
 */
#define OUTLET_WINDOW 262144

/* Nothing is left of an outlet; its memory goes after this call. */
typedef void outlet_gone(void *arg);

/*
 * Return an outlet that waits for its socket, for the owner that ops and
 * ops_arg are, or NULL when memory is short.  gone(arg) is told at the end.
 */
struct outlet *outlet_new(struct loop *loop, const struct stream_ops *ops,
    void *ops_arg, outlet_gone *gone, void *arg);

/* Return outlet as a conduit. */
struct conduit *outlet_conduit(struct outlet *outlet);

/* Take over io, which is connected, and tell the owner opened, CODE_OK. */
void outlet_open(
    struct outlet *outlet, struct io *io, const struct stream_opened *opened);

/* There will be no socket: tell the owner opened, which says why. */
void outlet_refuse(struct outlet *outlet, const struct stream_opened *opened);

/* End it: the owner, if there still is one, is told a reset with code. */
void outlet_abort(struct outlet *outlet, enum code code);

#endif
