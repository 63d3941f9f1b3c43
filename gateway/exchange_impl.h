/* SPDX-License-Identifier: ISC */
/*
 * exchange_impl: what exchange.c and exchangeup.c share and nobody else sees.
 */
#ifndef INROAD_GATEWAY_EXCHANGE_IMPL_H
#define INROAD_GATEWAY_EXCHANGE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"
#include "gateway/httpbody.h"
#include "gateway/httpforward.h"
#include "gateway/httphead.h"
#include "protocol/codes.h"

struct buf;
struct client;
struct conduit;

struct exchange {
	struct client *client;
	struct conduit *conduit; /* NULL once released */
	struct httpforward_exchange memory;
	struct httpbody request;
	struct httpbody response;
	struct httphead *answer_head; /* until the final one is parsed */
	struct buf *head;             /* of the request, still to be sent */
	struct buf *answer;           /* bytes of the response's head */
	struct buf *out;              /* to the client */
	uint64_t unconsumed;
	bool begun;    /* a final response head was written */
	bool tunnel;   /* protocols were switched */
	bool keep;     /* the connection goes on after this */
	bool complete; /* the response is */
	bool read_ended;
	bool waiting; /* for the client's socket to be readable */
	bool shut;
	bool cut; /* the conduit was reset: deliver what came, then reset */
	uint64_t linger_until;
	struct loop_task check;
};

/* End in failure: a page while that is still possible, else a reset. */
void exchange_fail(struct exchange *exchange, enum code code, const char *text);

/* Say which events of the client's socket are wanted. */
void exchangeup_want(struct exchange *exchange);

/* Wait for the client's socket to be readable, or do not. */
void exchangeup_wait(struct exchange *exchange, bool waiting);

/* Return true when the whole request was handed on. */
bool exchangeup_done(const struct exchange *exchange);

/* The pull of the exchange's conduit (protocol/stream.h). */
size_t exchangeup_pull(void *arg, uint8_t *out, size_t max, bool *fin);

#endif
