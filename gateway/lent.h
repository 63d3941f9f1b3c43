/* SPDX-License-Identifier: ISC */
/*
 * lent: the shares that were made here, and those whose end an agent was not
 * told of yet.
 *
 *	LENT --unshared--> ENDED --the agent was told, or expiry--> (nothing)
 *
 * Secrets are not kept: what a share string says stands in it alone.  As text
 * there is a line for each,
 *
 *	lent|ended ID HOST USER EXPIRY CREATED TOLD [RIGHTS]
 *
 * with ID in hexadecimal and the agents that were told, by the numbers of their
 * replicas, as the bits of TOLD.  Pure; the file is the owner's business.
 */
#ifndef INROAD_GATEWAY_LENT_H
#define INROAD_GATEWAY_LENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/name.h"
#include "protocol/rights.h"

struct lent;

/* Shares of one gateway, ended ones too: as the relay takes of an account. */
#define LENT_MAX 2048

/* Longest line with its end, and text of all. */
#define LENT_LINE_MAX (NAME_HOST_MAX + NAME_USER_MAX + RIGHTS_LEN + 100)
#define LENT_TEXT_MAX ((size_t)LENT_MAX * LENT_LINE_MAX)

/* Room for the id of a share as text. */
#define LENT_ID_LEN 17

/* A share; a value inside its list. */
struct lent_share {
	uint64_t share; /* not 0 */
	char host[NAME_HOST_MAX + 1];
	char user[NAME_USER_MAX + 1]; /* may be empty once it has ended */
	uint64_t expiry;              /* unix seconds, 0: never */
	uint64_t created;
	char rights[RIGHTS_LEN];
	bool ended;    /* its agent is to be told, and each replica of it */
	uint64_t told; /* bit n: replica number n was */
};

/* Return an empty list, or NULL. */
struct lent *lent_new(void);

/* Free lent; NULL is allowed. */
void lent_free(struct lent *lent);

/* Return number i, from 0 and by age, or NULL behind the last. */
const struct lent_share *lent_at(const struct lent *lent, size_t i);

/* Keep share, in the place of one with that id; 0, or -1 if there are too
 * many. */
int lent_put(struct lent *lent, const struct lent_share *share);

/* Forget the share with that id, if there is one. */
void lent_drop(struct lent *lent, uint64_t share);

/* Forget what has expired at the time now; true when something has. */
bool lent_expire(struct lent *lent, uint64_t now);

/* Write id to out; returns out. */
const char *lent_format_id(uint64_t share, char out[LENT_ID_LEN]);

/* Read an id of 16 hexadecimal digits, not 0; 0 or -1. */
int lent_parse_id(const char *text, uint64_t *out);

/* Write all to a string that the caller frees with mem_free(), or NULL. */
char *lent_format(const struct lent *lent);

/*
 * Take shares from text.  Returns 0, or the number of the first line that is
 * not right; lines before it count.
 */
unsigned lent_parse(struct lent *lent, const char *text);

#endif
