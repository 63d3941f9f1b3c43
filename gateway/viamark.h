/* SPDX-License-Identifier: ISC */
/*
 * viamark: marks requests that are sent on, and knows them when they come back.
 *
 * Every request gets an entry in its Via field (RFC 9110 section 7.6.3), whose
 * pseudonym is "inroad-", a random number, and that number under a key of this
 * process.  So a request that comes back by whatever way is one that came from
 * here, which nobody else can tell: to others no two marks have anything in
 * common, or every site of the web could recognise its visitors by them.
 */
#ifndef INROAD_GATEWAY_VIAMARK_H
#define INROAD_GATEWAY_VIAMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct viamark;

/* Room for a mark and its terminator. */
#define VIAMARK_LEN 40

/* Return a maker of marks with a key of its own, or NULL. */
struct viamark *viamark_new(void);

/* Free viamark; NULL is allowed. */
void viamark_free(struct viamark *viamark);

/* Write a new mark to out; returns out. */
char *viamark_make(const struct viamark *viamark, char out[VIAMARK_LEN]);

/* Return true when the len bytes at value, a Via field, have a mark of ours. */
bool viamark_is_in(
    const struct viamark *viamark, const uint8_t *value, size_t len);

#endif
