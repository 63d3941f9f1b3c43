/* SPDX-License-Identifier: ISC */
/*
 * resume: the tokens by which a session goes on over a new channel
 *(PROTOCOL.md, "Resumption").
 *
 * Who opened the session, the caller, asks; the acceptor answers.  Each tells
 * the other where it stands, sealed under a key of its direction that seals
 * nothing else:
 *
 *	request    session id 16 | counter u64 | seal( expects u64 | next u64 )
 *	answer     counter u64 | seal( expects u64 | next u64 )
 *
 * The counter is the number of the box.  So that no number is used twice, the
 * caller counts before every attempt, repeats included, and the acceptor seals
 * one answer for each counter that it takes.  It takes only counters above all
 * that it took before: a recorded request is worth nothing, and a request that
 * was overtaken by a later one cannot undo it.
 *
 * The module knows nothing of what the points mean.  Whoever states one must
 * have stopped reading all older channels of the session first.
 *
 * struct resume is a value of one side, kept inside the owner's session and
 * wiped with resume_wipe().  It seals, so it must not be copied and used in two
 * places.  A side is a caller or an acceptor by the functions it uses.
 */
#ifndef INROAD_PROTOCOL_RESUME_H
#define INROAD_PROTOCOL_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/seal.h"
#include "protocol/sessionhello.h"

/* The box of either token: two numbers. */
#define RESUME_BOX_LEN (SEAL_OVERHEAD + 16)
#define RESUME_REQUEST_LEN (SESSIONHELLO_ID_LEN + 8 + RESUME_BOX_LEN)
#define RESUME_ANSWER_LEN (8 + RESUME_BOX_LEN)

/* Where a side stands, in numbers of records. */
struct resume_point {
	uint64_t expects; /* it opened all below this one */
	uint64_t next;    /* it seals this one next */
};

/* Fields belong to this module. */
struct resume {
	uint8_t id[SESSIONHELLO_ID_LEN];
	uint64_t counter; /* last asked with, or highest taken; 0: none */
	bool asked;       /* caller: its answer is not heard yet */
	bool taken;       /* acceptor: its answer is not sealed yet */
	struct seal tx;
	struct seal rx;
};

/*
 * Start resume for one side of the session id with the keys resume_tx and
 * resume_rx that sessionhello_keys() gave to it; they are copied and the
 * caller wipes them.
 */
void resume_init(struct resume *resume, const uint8_t id[SESSIONHELLO_ID_LEN],
    const struct seal *tx, const struct seal *rx);

/*
 * Caller: write a request that states point to out, under a new counter; the
 * answer to an older request is not heard any more.  Returns 0, or -1 when the
 * counters are used up and the session cannot be resumed again.
 */
int resume_ask(struct resume *resume, const struct resume_point *point,
    uint8_t out[RESUME_REQUEST_LEN]);

/*
 * Acceptor: write to id which session the len bytes of a request are about.
 * Returns 0, or -1 when that is not its length.  Nothing is proved by it.
 */
int resume_id(const uint8_t *body, size_t len, uint8_t id[SESSIONHELLO_ID_LEN]);

/*
 * Acceptor: take the request in the len bytes at body and write what it states
 * to *point.  Returns 0, or -1 when it is not a genuine request for this
 * session with a counter above all taken before; then nothing changes.
 */
int resume_take(struct resume *resume, const uint8_t *body, size_t len,
    struct resume_point *point);

/*
 * Acceptor: write the answer to the request taken last, which states point, to
 * out.  Returns 0, or -1 when none was taken since the last answer.
 */
int resume_answer(struct resume *resume, const struct resume_point *point,
    uint8_t out[RESUME_ANSWER_LEN]);

/*
 * Caller: open the answer in the len bytes at body and write what it states to
 * *point.  Returns 0, or -1 when it is not the genuine answer to the latest
 * request, or was heard before; then nothing changes.
 */
int resume_hear(struct resume *resume, const uint8_t *body, size_t len,
    struct resume_point *point);

/* Wipe resume. */
void resume_wipe(struct resume *resume);

#endif
