/* SPDX-License-Identifier: ISC */
/*
 * loans: hosts of other accounts that this gateway accepted a share of.
 *
 * Each has a name here, its alias, which people and programs use; a session
 * binds what the share says, the owner and the host's name at the owner, and
 * never the alias.  Of one host there is one share: a newer one takes its
 * place.  They are kept as text, a line each
 *
 *	alias inroadshare1:…
 *
 * Pure; the file is the owner's business.
 */
#ifndef INROAD_GATEWAY_LOANS_H
#define INROAD_GATEWAY_LOANS_H

#include <stddef.h>

#include "gateway/hosts.h"
#include "protocol/sharestring.h"

struct loans;

/* Shares that one gateway keeps; a person accepts them one by one. */
#define LOANS_MAX 1024

/* Longest text of all. */
#define LOANS_TEXT_MAX                                                         \
	((size_t)LOANS_MAX * (NAME_HOST_MAX + 2 + SHARESTRING_MAX))

/* A share and its name; a value inside its loans. */
struct loan {
	char alias[NAME_HOST_MAX + 1];
	struct share share;
	struct host host; /* as hosts.c sees it */
};

/* Return an empty list, or NULL. */
struct loans *loans_new(void);

/* Wipe and free loans; NULL is allowed. */
void loans_free(struct loans *loans);

/* Return the loan by that name (lower case), or NULL. */
struct loan *loans_find(const struct loans *loans, const char *alias);

/* Return the loan of that host, or NULL. */
struct loan *loans_find_host(
    const struct loans *loans, const char *owner, const char *host);

/* Return loan number i, from 0 and by name, or NULL behind the last. */
struct loan *loans_at(const struct loans *loans, size_t i);

/*
 * Keep share as alias, in the place of the one by that name, if there is one.
 * Returns 0, or -1 when there are too many or memory is short.
 */
int loans_put(
    struct loans *loans, const char *alias, const struct share *share);

/* Forget loan, one of loans. */
void loans_drop(struct loans *loans, struct loan *loan);

/*
 * Write all as text to a string that the caller frees with mem_free_wiped();
 * its length, without a terminator, to *len.  NULL when memory is short.
 */
char *loans_format(const struct loans *loans, size_t *len);

/*
 * Take loans from text.  Returns 0, or the number of the first line that is not
 * right; lines before it count.
 */
unsigned loans_parse(struct loans *loans, const char *text);

#endif
